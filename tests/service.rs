//! The service as an EMR meets it: scenarios as data, on SQLite and, where `BINGLI_TEST_POSTGRES` names a server, on PostgreSQL.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;
use serde_json::Value;

mod common;
use common::{Database, Server, bingli, call, databases, send, send_with, sqlite};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    #[serde(default)]
    tokens: Vec<Token>,
    #[serde(default)]
    accounts: Vec<Account>,
    /// More arguments of `serve`.
    #[serde(default)]
    serve: Vec<String>,
    step: Vec<Step>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    name: String,
    role: String,
    #[serde(default)]
    department: String,
    #[serde(default)]
    person: String,
    #[serde(default)]
    revoked: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Account {
    name: String,
    password: String,
    role: String,
    #[serde(default)]
    department: String,
    #[serde(default)]
    person: String,
    #[serde(default)]
    disabled: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    name: String,
    /// `METHOD /path`
    request: String,
    #[serde(default)]
    body: Option<String>,
    /// Fields of a form that is the body.
    #[serde(default)]
    form: BTreeMap<String, String>,
    /// A file that is the body, with words replaced.
    #[serde(default)]
    file: Option<PathBuf>,
    #[serde(default)]
    replace: BTreeMap<String, String>,
    /// Whose token is shown.
    #[serde(default)]
    r#as: Option<String>,
    #[serde(default)]
    token: Option<String>,
    /// Keeps and sends the cookie of a browser by that name.
    #[serde(default)]
    browser: Option<String>,
    /// Sends the `csrf` that the browser was told last.
    #[serde(default)]
    csrf: bool,
    /// More headers that are sent.
    #[serde(default)]
    send: BTreeMap<String, String>,
    status: u16,
    /// Names for words of the answer, by JSON pointer: later addresses and bodies say `{name}`.
    #[serde(default)]
    keep: BTreeMap<String, String>,
    #[serde(default)]
    header: BTreeMap<String, String>,
    /// JSON pointer → value; "null" is null.
    #[serde(default)]
    json: BTreeMap<String, toml::Value>,
    #[serde(default)]
    contains: Vec<String>,
    #[serde(default)]
    lacks: Vec<String>,
}

fn percent_encoded(path: &str) -> String {
    path.chars()
        .map(|character| {
            if character.is_ascii() {
                character.to_string()
            } else {
                percent_encoding::utf8_percent_encode(&character.to_string(), percent_encoding::NON_ALPHANUMERIC).to_string()
            }
        })
        .collect()
}

#[derive(Default)]
struct Browser {
    cookie: String,
    csrf: String,
}

impl Browser {
    fn learn(&mut self, headers: &ureq::http::HeaderMap, answer: &Value) {
        if let Some(cookie) = headers.get("set-cookie").and_then(|value| value.to_str().ok()) {
            self.cookie = if cookie.contains("Max-Age=0") { String::new() } else { cookie.split(';').next().unwrap_or("").to_owned() };
        }
        if let Some(csrf) = answer["csrf"].as_str() {
            self.csrf = csrf.to_owned();
        }
    }
}

fn make_account(database: &Database, account: &Account) {
    use std::io::Write;
    let place = ["--department", &account.department, "--person", &account.person, "--database", &database.url];
    let mut made = bingli(&["account", "create", &account.name, "--role", &account.role]);
    let mut child = made.args(place).stdin(Stdio::piped()).spawn().expect("it starts");
    writeln!(child.stdin.take().expect("stdin is piped"), "{}", account.password).expect("it reads");
    assert!(child.wait().expect("it ends").success());
    if account.disabled {
        assert!(bingli(&["account", "disable", &account.name, "--database", &database.url]).status().expect("it runs").success());
    }
}

fn play(path: &Path) {
    let scenario: Scenario =
        toml::from_str(&std::fs::read_to_string(path).expect("a scenario")).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    for (name, database) in databases() {
        let mut tokens = BTreeMap::new();
        for token in &scenario.tokens {
            let made = bingli(&[
                "token",
                "create",
                &token.name,
                "--role",
                &token.role,
                "--department",
                &token.department,
                "--person",
                &token.person,
                "--database",
                &database.url,
            ]);
            let output = { made }.output().expect("it runs");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            tokens.insert(token.name.clone(), String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned());
            if token.revoked {
                assert!(bingli(&["token", "revoke", &token.name, "--database", &database.url]).status().expect("it runs").success());
            }
        }
        for account in &scenario.accounts {
            make_account(&database, account);
        }
        let mut browsers: BTreeMap<&str, Browser> = BTreeMap::new();
        let mut kept: BTreeMap<&str, String> = BTreeMap::new();
        let mut arguments: Vec<&str> = scenario.serve.iter().map(String::as_str).collect();
        if !scenario.tokens.is_empty() || !scenario.accounts.is_empty() {
            arguments.push("--tokens");
        }
        // Scenarios of other days have no clock that goes on by itself.
        if !arguments.contains(&"--tick") {
            arguments.extend(["--tick", "0"]);
        }
        let server = Server::start(&database, &arguments);
        for step in &scenario.step {
            let place = format!("{} on {name}: {}", path.file_name().expect("a name").to_string_lossy(), step.name);
            let (method, address) = step.request.split_once(' ').expect("METHOD /path");
            let from_file = step.file.as_ref().map(|file| {
                let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).expect("the file is there");
                step.replace.iter().fold(text, |text, (from, to)| {
                    assert!(text.contains(from), "{place}: nothing to replace");
                    text.replace(from, to)
                })
            });
            let form = (!step.form.is_empty()).then(|| {
                let encode = |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
                let fields: Vec<String> = step.form.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
                fields.join("&")
            });
            let with_kept = |text: &str| kept.iter().fold(text.to_owned(), |text, (name, word)| text.replace(&format!("{{{name}}}"), word));
            let body = step.body.as_deref().map(with_kept).or(from_file).or(form);
            let token = step.r#as.as_ref().map(|name| tokens[name].as_str()).or(step.token.as_deref());
            let url = format!("{}{}", server.address, percent_encoded(&with_kept(address)));
            let mut headers = step.send.clone();
            if let Some(browser) = &step.browser {
                let browser = browsers.entry(browser).or_default();
                if !browser.cookie.is_empty() {
                    headers.insert("cookie".to_owned(), browser.cookie.clone());
                }
                if step.csrf {
                    headers.insert("x-csrf-token".to_owned(), browser.csrf.clone());
                }
            }
            let mut response = send_with(method, &url, token, body.as_deref(), &headers).unwrap_or_else(|error| panic!("{place}: {error}"));
            let status = response.status().as_u16();
            let headers = response.headers().clone();
            let mut bytes = Vec::new();
            response.body_mut().as_reader().read_to_end(&mut bytes).expect("a body");
            let text = String::from_utf8_lossy(&bytes);
            assert_eq!(status, step.status, "{place}: {}", text.chars().take(400).collect::<String>());
            for (header, wanted) in &step.header {
                assert_eq!(headers.get(header).and_then(|value| value.to_str().ok()), Some(wanted.as_str()), "{place}: {header}");
            }
            let value: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
            if let Some(browser) = step.browser.as_deref().and_then(|name| browsers.get_mut(name)) {
                browser.learn(&headers, &value);
            }
            for (name, pointer) in &step.keep {
                let word = value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{place}: nothing at {pointer}"));
                kept.insert(name, word.to_owned());
            }
            for (pointer, wanted) in &step.json {
                let wanted = match wanted.as_str() {
                    Some("null") => Value::Null,
                    _ => serde_json::to_value(wanted).expect("a value"),
                };
                assert_eq!(value.pointer(pointer), Some(&wanted), "{place}: {pointer} in {}", text.chars().take(400).collect::<String>());
            }
            for word in &step.contains {
                assert!(text.contains(word.as_str()), "{place}: `{word}` is missing in {}", text.chars().take(400).collect::<String>());
            }
            for word in &step.lacks {
                assert!(!text.contains(word.as_str()), "{place}: `{word}` should not be there");
            }
        }
        drop(server);
        let verified = bingli(&["audit", "verify", "--database", &database.url]).output().expect("it runs");
        assert!(verified.status.success(), "{name}: {}", String::from_utf8_lossy(&verified.stderr));
    }
}

#[test]
fn scenarios_hold_on_every_database() {
    let mut scenarios: Vec<PathBuf> = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios"))
        .expect("scenarios")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    scenarios.sort();
    if let Ok(only) = std::env::var("BINGLI_TEST_SCENARIO") {
        return scenarios.iter().filter(|path| path.ends_with(format!("{only}.toml"))).for_each(|path| play(path));
    }
    assert!(scenarios.len() >= 3);
    scenarios.iter().for_each(|path| play(path));
}

#[test]
fn the_service_shows_itself_to_other_machines_only_with_tokens() {
    let database = sqlite();
    let output = bingli(&["serve", "--listen", "0.0.0.0:0", "--database", &database.url]).output().expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--tokens"));
}

/// What was acknowledged is there after any kill, whole, and the audit trail holds.
#[test]
fn a_killed_service_loses_nothing_that_it_acknowledged() {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/visits/defect.json")).expect("the visit");
    for (name, database) in databases() {
        let mut acknowledged: BTreeMap<String, i64> = BTreeMap::new();
        let mut sent = 0;
        for round in 0..5 {
            let server = Server::start(&database, &[]);
            let killer_at = std::time::Instant::now() + std::time::Duration::from_millis(150 + 90 * round);
            for number in 0.. {
                if std::time::Instant::now() > killer_at && number >= 2 {
                    break;
                }
                sent += 1;
                let id = format!("K{}", sent % 7);
                let body = text.replace("CLI-2", &id).replace("咳嗽", &format!("咳嗽{round}{number}次"));
                let url = format!("{}/v1/visits/{id}", server.address);
                if let Ok(mut response) = send("PUT", &url, None, Some(&body)) {
                    assert!(response.status().is_success(), "{name}: {}", response.status());
                    let answer: Value = response.body_mut().read_json().expect("JSON");
                    acknowledged.insert(id, answer["version"].as_i64().expect("a version"));
                }
            }
            // A last one is on its way when the process dies.
            let url = format!("{}/v1/visits/K0", server.address);
            let body = text.replace("CLI-2", "K0").replace("咳嗽", &format!("咳嗽又{round}次"));
            let flight = std::thread::spawn(move || send("PUT", &url, None, Some(&body)).is_ok());
            std::thread::sleep(std::time::Duration::from_millis(3 * round));
            server.kill();
            let _ = flight.join();
        }
        let server = Server::start(&database, &[]);
        assert!(acknowledged.len() >= 5, "{name}: {acknowledged:?}");
        for (id, version) in &acknowledged {
            let mut listed = send("GET", &format!("{}/v1/findings?visit={id}&state=open", server.address), None, None).expect("it answers");
            let findings: Value = listed.body_mut().read_json().expect("JSON");
            let mut report = send("GET", &format!("{}/v1/visits/{id}/report", server.address), None, None).expect("it answers");
            let report: Value = report.body_mut().read_json().expect("JSON");
            let open = findings["items"].as_array().expect("items").len();
            assert_eq!(open, report["findings"].as_array().expect("findings").len(), "{name}: {id} is half written");
            let mut page = send("GET", &format!("{}/v1/visits?limit=1000", server.address), None, None).expect("it answers");
            let page: Value = page.body_mut().read_json().expect("JSON");
            let stored = page["items"].as_array().expect("items").iter().find(|visit| visit["visit_id"] == *id).expect("it is there");
            assert!(stored["version"].as_i64().expect("a version") >= *version, "{name}: {id} went back");
        }
        drop(server);
        let verified = bingli(&["audit", "verify", "--database", &database.url]).output().expect("it runs");
        assert!(verified.status.success(), "{name}: {}", String::from_utf8_lossy(&verified.stderr));
    }
}

/// Writers of one visit queue up: every version gets a number of its own, and what is open is what the last one has.
#[test]
fn writers_of_one_visit_do_not_mix() {
    const WRITERS: usize = 6;
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/visits/defect.json")).expect("the visit");
    for (name, database) in databases() {
        // Two nodes on one database are one service.
        let nodes = [Server::start(&database, &[]), Server::start(&database, &[])];
        let mut versions: Vec<i64> = std::thread::scope(|scope| {
            let writers: Vec<_> = (0..WRITERS)
                .map(|writer| {
                    let (url, text) = (format!("{}/v1/visits/CLI-2", nodes[writer % 2].address), &text);
                    scope.spawn(move || -> Vec<i64> {
                        let put = |number: usize| {
                            // Every other one has the defect of the wrong sex no more.
                            let changed = text.replace("咳嗽减轻", &format!("咳嗽减轻{writer}{number}"));
                            let body = if number.is_multiple_of(2) {
                                changed.replace("子宫附件区未触及包块，子宫肌瘤随访", "前列腺不大")
                            } else {
                                changed
                            };
                            let mut response = send("PUT", &url, None, Some(&body)).expect("it answers");
                            assert!(response.status().is_success(), "{}", response.status());
                            response.body_mut().read_json::<Value>().expect("JSON")["version"].as_i64().expect("a version")
                        };
                        (0..8).map(put).collect()
                    })
                })
                .collect();
            writers.into_iter().flat_map(|writer| writer.join().expect("no panic")).collect()
        });
        versions.sort_unstable();
        assert_eq!(versions, (1..=WRITERS as i64 * 8).collect::<Vec<_>>(), "{name}");
        let get = |path: &str| {
            send("GET", &format!("{}{path}", nodes[0].address), None, None)
                .expect("it answers")
                .body_mut()
                .read_json::<Value>()
                .expect("JSON")
        };
        let ids = |list: &Value, pointer: &str| -> std::collections::BTreeSet<String> {
            list.as_array()
                .expect("a list")
                .iter()
                .map(|item| item.pointer(pointer).and_then(Value::as_str).expect("an id").to_owned())
                .collect()
        };
        let open = get("/v1/findings?visit=CLI-2&state=open&limit=1000");
        let report = get("/v1/visits/CLI-2/report");
        assert_eq!(ids(&open["items"], "/finding/id"), ids(&report["findings"], "/id"), "{name}");
    }
}

#[test]
fn a_line_of_the_audit_trail_that_was_changed_is_found() {
    for (name, database) in databases() {
        for who in ["a", "b", "c"] {
            let made = bingli(&["token", "create", who, "--role", "reviewer", "--database", &database.url]).output().expect("it runs");
            assert!(made.status.success());
        }
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            sqlx::any::install_default_drivers();
            let pool = sqlx::AnyPool::connect(&database.url).await.expect("the database opens");
            sqlx::query("UPDATE audit SET target = 'x' WHERE seq = 2").execute(&pool).await.expect("it can be changed");
        });
        let verified = bingli(&["audit", "verify", "--database", &database.url]).output().expect("it runs");
        assert_eq!(verified.status.code(), Some(2), "{name}");
        assert!(String::from_utf8_lossy(&verified.stderr).contains("line 2"), "{name}");
    }
}

#[path = "service/security.rs"]
mod security;

#[path = "service/operations.rs"]
mod operations;

#[path = "service/coverage.rs"]
mod coverage;

#[path = "service/reviews.rs"]
mod reviews;

#[path = "service/contention.rs"]
mod contention;

#[path = "service/batches.rs"]
mod batches;

#[path = "service/filters.rs"]
mod filters;

#[path = "service/settings.rs"]
mod settings;

#[path = "service/releases.rs"]
mod releases;

#[path = "service/verdicts.rs"]
mod verdicts;

#[path = "service/streams.rs"]
mod streams;
