//! Batches as the quality office meets them: every visit once, whatever is killed, the same as `bingli score`, and what another sheet or
//! rulebook changes.

use std::io::Read;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::common::{Database, Server, bingli, databases, send, send_with, sqlite};
use super::operations::copy;
use super::releases::file_of;

fn visit() -> String {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/visits/defect.json")).expect("the visit");
    serde_json::from_str::<Value>(&text).expect("JSON").to_string()
}

/// NDJSON of so many visits, no two alike.
fn many(count: usize) -> String {
    let visit = visit();
    let one = |number| visit.replace("CLI-2", &format!("B{number:05}")).replace("咳嗽减轻", &format!("咳嗽减轻{number}"));
    (0..count).map(|number| one(number) + "\n").collect()
}

fn json_of(mut response: ureq::http::Response<ureq::Body>) -> Value {
    let status = response.status();
    let mut text = String::new();
    response.body_mut().as_reader().read_to_string(&mut text).expect("a body");
    assert!(status.is_success(), "{status}: {text}");
    serde_json::from_str(&text).expect("JSON")
}

fn ndjson() -> std::collections::BTreeMap<String, String> {
    [("content-type".to_owned(), "application/x-ndjson".to_owned())].into()
}

fn post(server: &Server, query: &str, lines: &str) -> Value {
    json_of(send_with("POST", &format!("{}/v1/batches{query}", server.address), None, Some(lines), &ndjson()).expect("it answers"))
}

fn look(server: &Server, id: &Value) -> Value {
    json_of(send("GET", &format!("{}/v1/batches/{}", server.address, id.as_str().expect("an id")), None, None).expect("it answers"))
}

fn results(server: &Server, id: &Value, query: &str) -> Vec<String> {
    let url = format!("{}/v1/batches/{}/results{query}", server.address, id.as_str().expect("an id"));
    let mut response = send("GET", &url, None, None).expect("it answers");
    let mut text = String::new();
    response.body_mut().as_reader().read_to_string(&mut text).expect("a body");
    assert!(response.status().is_success(), "{text}");
    text.lines().map(str::to_owned).collect()
}

/// Waits for the end; a minute is far more than it takes.
fn finish(server: &Server, id: &Value) -> Value {
    let until = Instant::now() + Duration::from_secs(120);
    loop {
        let batch = look(server, id);
        if batch["state"] == "done" {
            return batch;
        }
        assert!(Instant::now() < until, "{batch}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn without_line(text: &str) -> Value {
    let mut value: Value = serde_json::from_str(text).expect("JSON");
    value.as_object_mut().expect("an object").shift_remove("line");
    value
}

#[test]
fn a_batch_says_line_by_line_what_score_says() {
    for (name, database) in databases() {
        let server = Server::start(&database, &["--tick", "0"]);
        let lines = format!("{}\n{{\"visit_id\": \"V1\"\n\n{}", visit(), many(70));
        let batch = post(&server, "", &lines);
        assert_eq!(batch["total"], 72, "{name}");
        let done = finish(&server, &batch["id"]);
        assert_eq!((&done["visits"], &done["errors"]), (&json!(71), &json!(1)), "{name}: {done}");
        let got = results(&server, &batch["id"], "");
        let numbers: Vec<u64> =
            got.iter().map(|line| serde_json::from_str::<Value>(line).expect("JSON")["line"].as_u64().expect("a number")).collect();
        assert_eq!(numbers, [1, 2].into_iter().chain(4..=73).collect::<Vec<u64>>(), "{name}");
        let file = std::env::temp_dir().join(format!("bingli-batch-{}-{name}.ndjson", std::process::id()));
        std::fs::write(&file, &lines).expect("a file");
        let scored = bingli(&["--no-model", "score", file.to_str().expect("a path")]).output().expect("it runs");
        std::fs::remove_file(&file).expect("it was there");
        let wanted: Vec<Value> = String::from_utf8(scored.stdout).expect("UTF-8").lines().map(without_line).collect();
        assert_eq!(got.iter().map(|line| without_line(line)).collect::<Vec<_>>(), wanted, "{name}");
    }
}

#[test]
fn packed_bodies_and_other_encodings_are_taken() {
    use std::io::Write;
    let database = sqlite();
    let server = Server::start(&database, &["--tick", "0"]);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let text = visit();
    let (chinese, _, _) = encoding_rs::GB18030.encode(&text);
    packed.write_all(&chinese).expect("memory");
    packed.write_all(b"\n\xff\xfe\xff\n").expect("memory");
    let request = ureq::http::Request::builder()
        .method("POST")
        .uri(format!("{}/v1/batches", server.address))
        .header("content-type", "application/x-ndjson")
        .header("content-encoding", "gzip")
        .body(packed.finish().expect("memory"))
        .expect("a request");
    let batch = json_of(super::common::agent().run(request).expect("it answers"));
    let done = finish(&server, &batch["id"]);
    assert_eq!((&done["visits"], &done["errors"]), (&json!(1), &json!(1)), "{done}");
    let plain = post(&server, "", &visit());
    finish(&server, &plain["id"]);
    assert_eq!(results(&server, &batch["id"], "")[0], results(&server, &plain["id"], "")[0]);
}

#[test]
fn stored_visits_are_scored_as_they_were_judged() {
    for (name, database) in databases() {
        let server = Server::start(&database, &["--tick", "0"]);
        for line in many(3).lines() {
            let id = serde_json::from_str::<Value>(line).expect("JSON")["visit_id"].as_str().expect("an id").to_owned();
            json_of(send("PUT", &format!("{}/v1/visits/{id}", server.address), None, Some(line)).expect("it answers"));
        }
        let url = format!("{}/v1/batches", server.address);
        let batch = json_of(send("POST", &url, None, Some("{\"state\":\"running\"}")).expect("it answers"));
        assert_eq!(finish(&server, &batch["id"])["visits"], 3, "{name}");
        for line in results(&server, &batch["id"], "") {
            let line: Value = serde_json::from_str(&line).expect("JSON");
            let id = line["visit_id"].as_str().expect("an id");
            let report = json_of(send("GET", &format!("{}/v1/visits/{id}/report", server.address), None, None).expect("it answers"));
            assert_eq!((&line["total"], &line["grade"]), (&report["score"]["total"], &report["score"]["grade"]), "{name}");
            let stable: Vec<&Value> =
                report["findings"].as_array().expect("findings").iter().filter(|finding| finding["status"] == "stable").collect();
            assert_eq!(line["findings"].as_array().expect("findings").len(), stable.len(), "{name}");
        }
        let none = json_of(send("POST", &url, None, Some("{\"discharged_to\":\"2020-01-01\"}")).expect("it answers"));
        assert_eq!(none["total"], 0, "{name}");
    }
}

/// A rulebook without one of the rules that the visit breaks: the visit changes by that finding.
#[test]
fn what_another_rulebook_changes_is_named() {
    let database = sqlite();
    let folder = tempfile::tempdir().expect("a folder");
    let report: Value = {
        let output = bingli(&["--no-model", "check", "tests/visits/defect.json", "--format", "json"]).output().expect("it runs");
        serde_json::from_slice(&output.stdout).expect("JSON")
    };
    let findings = report["findings"].as_array().or_else(|| report[0]["findings"].as_array()).expect("findings");
    let dropped = findings.iter().find(|finding| finding["points"].as_f64() > Some(0.0)).expect("a finding that costs points");
    let rule = dropped["rule"].as_str().expect("a rule");
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("rules"), folder.path());
    std::fs::remove_file(file_of(folder.path(), rule)).expect("it is there");
    let server = Server::start(&database, &["--tick", "0", "--no-model", "--rulebook", &format!("shorter={}", folder.path().display())]);
    let batch = post(&server, "?rulebook=shorter&against_rulebook=current", &many(5));
    let done = finish(&server, &batch["id"]);
    let moved: u64 = done["moves"].as_object().expect("moves").values().map(|count| count.as_u64().expect("a count")).sum();
    let changed = results(&server, &batch["id"], "?changed=score");
    assert_eq!((changed.len(), results(&server, &batch["id"], "?changed=grade").len() as u64), (5, moved));
    for line in &changed {
        let line: Value = serde_json::from_str(line).expect("JSON");
        let gone = line["against"]["gone"].as_array().expect("findings");
        assert!(gone.iter().any(|finding| finding["rule"] == rule) && line["against"]["new"] == json!([]), "{line}");
    }
    // The same rulebook on both sides changes nothing, and what was not compared has no differences to ask for.
    let same = post(&server, "?against_rulebook=current", &many(2));
    finish(&server, &same["id"]);
    assert_eq!(results(&server, &same["id"], "?changed=findings").len(), 0);
    let plain = post(&server, "", &many(1));
    let url = format!("{}/v1/batches/{}/results?changed=grade", server.address, plain["id"].as_str().expect("an id"));
    assert_eq!(send("GET", &url, None, None).expect("it answers").status(), 422);
}

#[test]
fn a_batch_is_paused_resumed_cancelled_and_forgotten() {
    for (name, database) in databases() {
        let server = Server::start(&database, &["--tick", "0", "--cores", "1"]);
        let step = |id: &Value, step: &str| {
            let url = format!("{}/v1/batches/{}/{step}", server.address, id.as_str().expect("an id"));
            send("POST", &url, None, None).expect("it answers")
        };
        let batch = post(&server, "", &many(400));
        let id = &batch["id"];
        assert_eq!(json_of(step(id, "pause"))["state"], "paused", "{name}");
        assert_eq!(step(id, "pause").status(), 409, "{name}");
        // What was on the bench is finished; then nothing moves.
        std::thread::sleep(Duration::from_millis(1500));
        let paused = look(&server, id)["visits"].as_u64().expect("a count");
        std::thread::sleep(Duration::from_millis(1500));
        assert_eq!(look(&server, id)["visits"], paused, "{name}");
        assert!(paused < 400, "{name}");
        assert_eq!(json_of(step(id, "resume"))["state"], "running", "{name}");
        assert_eq!(finish(&server, id)["visits"], 400, "{name}");
        assert_eq!(step(id, "cancel").status(), 409, "{name}");
        let other = post(&server, "", &many(400));
        assert_eq!(json_of(step(&other["id"], "cancel"))["state"], "cancelled", "{name}");
        let left = results(&server, &other["id"], "").len();
        assert!(left < 400, "{name}: {left}");
        let url = format!("{}/v1/batches/{}", server.address, id.as_str().expect("an id"));
        assert_eq!(send("DELETE", &url, None, None).expect("it answers").status(), 204, "{name}");
        assert_eq!(send("GET", &url, None, None).expect("it answers").status(), 404, "{name}");
    }
}

/// Nodes that die at any moment: every visit is in the result once.
#[test]
fn killed_workers_lose_and_double_nothing() {
    const VISITS: usize = 1200;
    for (name, database) in databases() {
        let lines = many(VISITS);
        let mut first = Some(Server::start(&database, &["--tick", "0"]));
        let batch = post(first.as_ref().expect("a server"), "", &lines);
        for round in 0..10 {
            std::thread::sleep(Duration::from_millis(60 + 17 * round));
            first.take().expect("a server").kill();
            first = Some(Server::start(&database, &["--tick", "0"]));
        }
        // On PostgreSQL what the dead ones held is taken when their time is over.
        let server = first.expect("a server");
        let done = finish(&server, &batch["id"]);
        assert_eq!((&done["visits"], &done["errors"]), (&json!(VISITS), &json!(0)), "{name}");
        let ids: Vec<String> = results(&server, &batch["id"], "")
            .iter()
            .map(|line| serde_json::from_str::<Value>(line).expect("JSON")["visit_id"].as_str().expect("an id").to_owned())
            .collect();
        let wanted: Vec<String> = (0..VISITS).map(|number| format!("B{number:05}")).collect();
        assert_eq!(ids, wanted, "{name}");
        assert_eq!(texts_left(&database), 0, "{name}: text of visits stays in the batch");
    }
}

fn texts_left(database: &Database) -> i64 {
    use sqlx::Row;
    tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
        sqlx::any::install_default_drivers();
        let pool = sqlx::AnyPool::connect(&database.url).await.expect("the database opens");
        let count = "SELECT COUNT(*) AS count FROM batch_chunks WHERE items <> ''";
        sqlx::query(count).fetch_one(&pool).await.expect("it answers").try_get("count").expect("a count")
    })
}
