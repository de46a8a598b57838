//! Batches on real servers, as many processes as a row says: visits a second from the upload's end to the last result, and the memory at its peak.
//!
//! `cargo bench --bench batch`; `-- --test` scores only a few. On SQLite, and with several processes on the PostgreSQL that
//! `BINGLI_TEST_POSTGRES` names, where it does. Figures are printed, never asserted: they are this machine's.

use std::time::{Duration, Instant};

use serde_json::Value;

mod common;
use common::Server;

/// The sample ward's visits over and over, under other ids.
fn lines(count: usize) -> String {
    let mut paths: Vec<_> = std::fs::read_dir("corpora/train").expect("the corpus").map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "json") && !path.to_string_lossy().ends_with(".gold.json"));
    paths.sort();
    let read = |path| serde_json::from_str::<Value>(&std::fs::read_to_string(path).expect("a visit")).expect("JSON");
    let visits: Vec<Value> = paths.iter().map(read).collect();
    let mut text = String::new();
    for (number, visit) in visits.iter().cycle().take(count).enumerate() {
        let mut visit = visit.clone();
        visit["visit_id"] = format!("B{number:06}").into();
        text.push_str(&visit.to_string());
        text.push('\n');
    }
    text
}

/// Visits a second, and megabytes at the peak of the largest process.
fn run(database: &str, processes: usize, cores: usize, lines: &str) -> (f64, u64) {
    let servers: Vec<Server> = (0..processes).map(|_| Server::start(database, &["--no-model", "--cores", &cores.to_string()])).collect();
    let agent = ureq::Agent::config_builder().build().new_agent();
    let url = format!("{}/v1/batches", servers[0].address);
    let mut answer = agent.post(&url).header("content-type", "application/x-ndjson").send(lines).expect("it is taken");
    let batch: Value = answer.body_mut().read_json().expect("JSON");
    let began = Instant::now();
    let url = format!("{url}/{}", batch["id"].as_str().expect("an id"));
    let taken = loop {
        let state: Value = agent.get(&url).call().expect("it answers").body_mut().read_json().expect("JSON");
        if state["state"] == "done" {
            break began.elapsed();
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    agent.delete(&url).call().expect("it is forgotten");
    let peak = servers.iter().filter_map(Server::peak).max().unwrap_or(0);
    (lines.lines().count() as f64 / taken.as_secs_f64(), peak)
}

/// A database of its own on a server.
fn new_database(server: &str) -> String {
    let name = format!("bingli_bench_{}", std::process::id());
    tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
        sqlx::any::install_default_drivers();
        let pool = sqlx::AnyPool::connect(&format!("{server}/postgres")).await.expect("the server answers");
        let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
        sqlx::raw_sql(create).execute(&pool).await.expect("a database can be made");
    });
    format!("{server}/{name}")
}

fn main() {
    let counts = if std::env::args().any(|argument| argument == "--test") { [20, 40] } else { [5_000, 20_000] };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let folder = tempfile::tempdir().expect("a folder");
    for count in counts {
        let database = format!("sqlite:{}?mode=rwc", folder.path().join(format!("{count}.db")).display());
        let text = lines(count);
        let (speed, peak) = run(&database, 1, cores, &text);
        let size = text.len() / count / 1024;
        println!("SQLite, {count} visits of {size} KB, 1 process, {cores} cores: {speed:.0} visits/s, at most {peak} MB");
    }
    let Ok(server) = std::env::var("BINGLI_TEST_POSTGRES") else {
        return println!("PostgreSQL is left out: BINGLI_TEST_POSTGRES names no server");
    };
    let database = new_database(&server);
    let mut alone = 0.0;
    for (count, processes) in [(counts[0], 1), (counts[0], 2), (counts[1], 2)] {
        let (speed, peak) = run(&database, processes, 1, &lines(count));
        alone = if processes == 1 { speed } else { alone };
        let ratio = speed / alone;
        println!("PostgreSQL, {count} visits, {processes} processes of 1 core: {speed:.0} visits/s ({ratio:.2} ×), at most {peak} MB");
    }
}
