//! A real service as a process, on a database of its own.
#![allow(dead_code, reason = "each test file uses a part")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

/// A database of its own, dropped with its file.
pub struct Database {
    pub url: String,
    pub file: Option<PathBuf>,
}

impl Drop for Database {
    fn drop(&mut self) {
        for ending in ["", "-wal", "-shm"] {
            if let Some(file) = &self.file {
                let _ = std::fs::remove_file(format!("{}{ending}", file.display()));
            }
        }
    }
}

static NUMBER: AtomicU32 = AtomicU32::new(0);

pub fn sqlite() -> Database {
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let file = std::env::temp_dir().join(format!("bingli-service-{}-{number}.db", std::process::id()));
    Database { url: format!("sqlite:{}?mode=rwc", file.display()), file: Some(file) }
}

pub fn postgres() -> Option<Database> {
    let server = std::env::var("BINGLI_TEST_POSTGRES").ok()?;
    let name = format!("bingli_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        sqlx::any::install_default_drivers();
        let pool = sqlx::AnyPool::connect(&format!("{server}/postgres")).await.expect("the server answers");
        let create = format!("CREATE DATABASE {name}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(create)).execute(&pool).await.expect("a database can be made");
    });
    Some(Database { url: format!("{server}/{name}"), file: None })
}

pub fn databases() -> Vec<(&'static str, Database)> {
    let mut all = vec![("sqlite", sqlite())];
    match postgres() {
        Some(database) => all.push(("postgres", database)),
        None => println!("PostgreSQL is left out: BINGLI_TEST_POSTGRES names no server"),
    }
    all
}

pub fn bingli(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bingli"));
    command.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

pub struct Server {
    pub child: Child,
    pub address: String,
}

impl Server {
    pub fn start(database: &Database, arguments: &[&str]) -> Self {
        let mut command = bingli(&["serve", "--listen", "127.0.0.1:0", "--database", &database.url]);
        let mut child = command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("stdout is piped")).read_line(&mut line).expect("it prints its address");
        let address = line.trim().strip_prefix("bingli ").expect("an address").trim_end_matches('/').to_owned();
        Self { child, address }
    }

    pub fn kill(mut self) {
        self.child.kill().expect("it was alive");
        self.child.wait().expect("it ends");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into()
}

pub type Answer = Result<ureq::http::Response<ureq::Body>, ureq::Error>;

pub fn send(method: &str, url: &str, token: Option<&str>, body: Option<&str>) -> Answer {
    send_with(method, url, token, body, &BTreeMap::new())
}

pub fn send_with(method: &str, url: &str, token: Option<&str>, body: Option<&str>, headers: &BTreeMap<String, String>) -> Answer {
    let mut request = ureq::http::Request::builder().method(method).uri(url);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    for (name, value) in headers {
        request = request.header(name, value);
    }
    if body.is_some() && !headers.contains_key("content-type") {
        request = request.header("content-type", "application/json");
    }
    match body {
        Some(body) => agent().run(request.body(body.to_owned()).expect("a request")),
        None => agent().run(request.body(()).expect("a request")),
    }
}

/// Sends `METHOD /path`, and reads JSON.
pub fn call(server: &Server, request: &str, who: &str, body: Option<&str>) -> (u16, Value) {
    let (method, path) = request.split_once(' ').expect("METHOD /path");
    let mut response = send(method, &format!("{}{path}", server.address), Some(who), body).expect("it answers");
    let status = response.status().as_u16();
    (status, response.body_mut().read_json().unwrap_or(Value::Null))
}
