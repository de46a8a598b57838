//! TLS and webhooks, each against a real counterpart.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};

use super::*;

fn with_stdin(arguments: &[&str], line: &str) -> std::process::Output {
    let mut child = bingli(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    writeln!(child.stdin.take().expect("stdin is piped"), "{line}").expect("it reads");
    child.wait_with_output().expect("it ends")
}

#[test]
fn connections_are_encrypted_and_plain_ones_end() {
    let database = sqlite();
    let made = with_stdin(&["account", "create", "zhang", "--role", "reviewer", "--database", &database.url], "a password of length");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let arguments = ["--tokens", "--tick", "0", "--tls-cert", "tests/tls/server.pem", "--tls-key", "tests/tls/server.key"];
    let server = Server::start(&database, &arguments);
    assert!(server.address.starts_with("https://"), "{}", server.address);
    let host = server.address.trim_start_matches("https://");
    // Neither plain HTTP nor a connection that says nothing keeps others waiting.
    let _silent = TcpStream::connect(host).expect("it listens");
    assert!(send("GET", &format!("http://{host}/healthz"), None, None).is_err());
    let authority = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls/ca.pem")).expect("the authority");
    let roots = vec![ureq::tls::Certificate::from_pem(&authority).expect("a certificate").to_owned()];
    let tls = ureq::tls::TlsConfig::builder().root_certs(ureq::tls::RootCerts::Specific(Arc::new(roots))).build();
    let client: ureq::Agent = ureq::Agent::config_builder().tls_config(tls).http_status_as_error(false).build().into();
    let answer = client.post(format!("{}/v1/login", server.address)).header("content-type", "application/json");
    let answer = answer.send(r#"{"name": "zhang", "password": "a password of length"}"#).expect("it answers");
    assert_eq!(answer.status(), 200);
    let cookie = answer.headers()["set-cookie"].to_str().expect("text");
    assert!(cookie.ends_with("; HttpOnly; SameSite=Strict; Path=/; Max-Age=43200; Secure"), "{cookie}");
    let stranger: ureq::Agent = ureq::Agent::config_builder().build().into();
    assert!(stranger.get(format!("{}/healthz", server.address)).call().is_err(), "nobody else vouches for the certificate");
}

#[test]
fn a_certificate_that_is_none_is_named() {
    let database = sqlite();
    let files = ["--tls-cert", "tests/tls/server.key", "--tls-key", "tests/tls/server.key"];
    let output = bingli(&["serve", "--listen", "127.0.0.1:0", "--database", &database.url]).args(files).output().expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("server.key"), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A request as a receiver got it: head in lower case, and body.
#[derive(Clone)]
struct Got {
    head: String,
    body: String,
    accepted: bool,
}

impl Got {
    fn header(&self, name: &str) -> &str {
        let line = self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.unwrap_or_else(|| panic!("no {name} in {}", self.head))
    }
}

/// Answers with each status in turn, then with 200.
fn receiver(statuses: &'static [u16]) -> (String, Arc<Mutex<Vec<Got>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let got = Arc::new(Mutex::new(Vec::new()));
    let heard = got.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut reader = BufReader::new(stream.try_clone().expect("a handle"));
            let mut head = String::new();
            while reader.read_line(&mut head).expect("a head") > 2 {}
            let head: String = head
                .lines()
                .map(|line| {
                    line.split_once(": ").map_or(line.to_owned(), |(name, value)| format!("{}: {value}", name.to_lowercase())) + "\n"
                })
                .collect();
            let length: usize =
                head.lines().find_map(|line| line.strip_prefix("content-length: ")).and_then(|length| length.parse().ok()).unwrap_or(0);
            let mut body = vec![0; length];
            reader.read_exact(&mut body).expect("a body");
            let mut heard = heard.lock().expect("no panic");
            let status = statuses.get(heard.len()).copied().unwrap_or(200);
            heard.push(Got { head, body: String::from_utf8(body).expect("UTF-8"), accepted: status == 200 });
            let answer = r#"{"errcode":0,"errmsg":"ok"}"#;
            let _ = write!(stream, "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{answer}", answer.len());
        }
    });
    (address, got)
}

fn put(server: &Server, id: &str) {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/visits/defect.json")).expect("the visit");
    let answer = send("PUT", &format!("{}/v1/visits/{id}", server.address), None, Some(&text.replace("CLI-2", id))).expect("it answers");
    assert_eq!(answer.status(), 201);
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < end, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn listed(database: &Database) -> String {
    String::from_utf8(bingli(&["webhook", "list", "--database", &database.url]).output().expect("it runs").stdout).expect("UTF-8")
}

/// Two nodes, a receiver that fails twice: every message arrives once, in order, signed.
#[test]
fn messages_reach_another_system_once_and_in_order() {
    for (name, database) in databases() {
        let (address, got) = receiver(&[500, 200, 404]);
        let nodes = [Server::start(&database, &["--tick", "0.1"]), Server::start(&database, &["--tick", "0.1"])];
        put(&nodes[0], "BEFORE");
        let added = with_stdin(&["webhook", "add", "his", &format!("{address}/in"), "--database", &database.url], "shared secret");
        assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
        for number in 0..4 {
            put(&nodes[number % 2], &format!("W{number}"));
        }
        until("all are delivered", || listed(&database).trim_end().ends_with("待投递 0"));
        let mut all = send("GET", &format!("{}/v1/messages", nodes[1].address), None, None).expect("it answers");
        let all: Value = all.body_mut().read_json().expect("JSON");
        let all = all["items"].as_array().expect("items");
        let wanted: Vec<i64> = all
            .iter()
            .filter(|message| message["visit_id"] != "BEFORE")
            .map(|message| message["seq"].as_i64().expect("a number"))
            .collect();
        let got = got.lock().expect("no panic");
        let taken: Vec<Value> = got.iter().filter(|got| got.accepted).map(|got| serde_json::from_str(&got.body).expect("JSON")).collect();
        assert!(wanted.len() > 8, "{name}: {wanted:?}");
        assert_eq!(taken.iter().map(|message| message["seq"].as_i64().expect("a number")).collect::<Vec<_>>(), wanted, "{name}");
        assert_eq!(got.len(), wanted.len() + 2, "{name}: each refused one comes once more");
        for message in got.iter() {
            let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"shared secret").expect("a key");
            mac.update(format!("{}.{}", message.header("x-bingli-timestamp"), message.body).as_bytes());
            let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(message.header("x-bingli-signature"), format!("sha256={hex}"), "{name}");
        }
    }
}

#[test]
fn a_robot_is_told_without_a_word_of_the_record() {
    let database = sqlite();
    let (address, got) = receiver(&[]);
    let add = ["webhook", "add", "group", &format!("{address}/send?key=k"), "--format", "wecom", "--topics", "finding.new"];
    let added = bingli(&add).args(["--database", &database.url]).output().expect("it runs");
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    assert!(!listed(&database).contains("key"), "a robot's key is not shown");
    let server = Server::start(&database, &["--tick", "0.1"]);
    put(&server, "R1");
    until("the robot is told", || listed(&database).trim_end().ends_with("待投递 0"));
    let got = got.lock().expect("no panic");
    assert_eq!(got.len(), 1);
    assert!(got[0].head.starts_with("POST /send?key=k"), "{}", got[0].head);
    let told: Value = serde_json::from_str(&got[0].body).expect("JSON");
    let text = told["markdown"]["content"].as_str().expect("text");
    assert!(text.contains("呼吸内科 R1:新缺陷"), "{text}");
    for word in ["子宫", "咳嗽", "性别"] {
        assert!(!text.contains(word), "{text}");
    }
}

/// Lines that come while the trail is read are no break in it.
#[test]
fn the_trail_is_whole_while_it_grows() {
    for (name, database) in databases() {
        let server = Server::start(&database, &["--tick", "0"]);
        put(&server, "G1");
        let get = |path: &str| {
            let mut answer = send("GET", &format!("{}{path}", server.address), None, None).expect("it answers");
            answer.body_mut().read_json::<Value>().expect("JSON")
        };
        std::thread::scope(|scope| {
            let readers: Vec<_> = (0..2).map(|_| scope.spawn(|| (0..60).for_each(|_| drop(get("/v1/visits/G1"))))).collect();
            while readers.iter().any(|reader| !reader.is_finished()) {
                assert_eq!(get("/v1/audit/verification")["whole"], true, "{name}");
            }
        });
        assert!(get("/v1/audit/verification")["lines"].as_i64().expect("a number") > 120, "{name}");
    }
}

/// Guesses are counted before they are checked, on every node.
#[test]
fn many_guesses_at_once_are_no_way_round() {
    for (name, database) in databases() {
        let made = with_stdin(&["account", "create", "zhang", "--role", "reviewer", "--database", &database.url], "a password of length");
        assert!(made.status.success(), "{name}");
        let nodes = [Server::start(&database, &["--tokens", "--tick", "0"]), Server::start(&database, &["--tokens", "--tick", "0"])];
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let guesses: Vec<_> = (0..16)
                .map(|number| {
                    let url = format!("{}/v1/login", nodes[number % 2].address);
                    let body = format!(r#"{{"name": "zhang", "password": "guess {number}"}}"#);
                    scope.spawn(move || send("POST", &url, None, Some(&body)).expect("it answers").status().as_u16())
                })
                .collect();
            guesses.into_iter().map(|guess| guess.join().expect("no panic")).collect()
        });
        let count = |status: u16| statuses.iter().filter(|seen| **seen == status).count();
        assert_eq!((count(401), count(429)), (5, 11), "{name}: {statuses:?}");
        // A new password by the operator lets the person in again, and the old one no more.
        let changed = with_stdin(&["account", "password", "zhang", "--database", &database.url], "another one of length");
        assert!(changed.status.success(), "{name}");
        let login = |password: &str| {
            let body = format!(r#"{{"name": "zhang", "password": "{password}"}}"#);
            send("POST", &format!("{}/v1/login", nodes[0].address), None, Some(&body)).expect("it answers")
        };
        assert_eq!(login("a password of length").status(), 401, "{name}");
        let answer = login("another one of length");
        assert_eq!(answer.status(), 200, "{name}");
        let cookie = answer.headers()["set-cookie"].to_str().expect("text").split(';').next().expect("a cookie").to_owned();
        let read = || {
            let headers = BTreeMap::from([("cookie".to_owned(), cookie.clone())]);
            send_with("GET", &format!("{}/v1/visits", nodes[1].address), None, None, &headers).expect("it answers").status().as_u16()
        };
        assert_eq!(read(), 200, "{name}: another node knows the session");
        let disabled = bingli(&["account", "disable", "zhang", "--database", &database.url]).status().expect("it runs");
        assert!(disabled.success() && read() == 401, "{name}: it ends with the account");
    }
}

#[test]
fn the_demo_lets_each_role_log_in() {
    let mut demo = bingli(&["demo", "--accounts", "--no-model", "--port", "0"]);
    let mut child = demo.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
    let (mut names, mut password, mut address) = (Vec::new(), String::new(), String::new());
    for line in BufReader::new(child.stdout.take().expect("stdout is piped")).lines() {
        let line = line.expect("UTF-8");
        if let Some(account) = line.strip_prefix("账号 ") {
            names.push(account.split(' ').next().unwrap_or("").to_owned());
        } else if let Some(text) = line.strip_prefix("密码 ") {
            text.clone_into(&mut password);
        } else if let Some(text) = line.strip_prefix("示例病区 http") {
            address = format!("http{}", text.split(' ').next().unwrap_or("").trim_end_matches('/'));
            break;
        }
    }
    let server = Server { child, address };
    assert_eq!(names, ["physician", "department_qc", "reviewer", "expert", "records_office", "administrator"]);
    assert_eq!(send("GET", &format!("{}/v1/visits", server.address), None, None).expect("it answers").status(), 401);
    for name in names {
        let body = format!(r#"{{"name": "{name}", "password": "{password}"}}"#);
        assert_eq!(send("POST", &format!("{}/v1/login", server.address), None, Some(&body)).expect("it answers").status(), 200, "{name}");
    }
}
