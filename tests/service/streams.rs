//! `GET /v1/stream`: whatever node an event was sent to, the streams of all tell of it, each to those who may see it, and go on where they broke off.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Database, Server, bingli, databases, send};

fn token(database: &Database, name: &str, role: &str, department: &str) -> String {
    let output = bingli(&["token", "create", name, "--role", role, "--department", department, "--database", &database.url]).output();
    String::from_utf8(output.expect("it runs").stdout).expect("UTF-8").trim().to_owned()
}

/// One message of a stream.
#[derive(Debug, PartialEq)]
struct Told {
    id: i64,
    topic: String,
    visit: String,
}

struct Stream(BufReader<TcpStream>);

impl Stream {
    fn open(server: &Server, token: &str, after: Option<i64>) -> Self {
        let host = server.address.trim_start_matches("http://");
        let mut connection = TcpStream::connect(host).expect("it listens");
        connection.set_read_timeout(Some(Duration::from_secs(30))).expect("a time limit");
        let resumed = after.map_or(String::new(), |after| format!("last-event-id: {after}\r\n"));
        write!(connection, "GET /v1/stream HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n{resumed}\r\n").expect("it reads");
        let mut stream = Self(BufReader::new(connection));
        assert!(stream.line().contains("200"), "the stream is refused");
        // The first event says where it stands.
        while !stream.line().starts_with("id:") {}
        stream
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        assert!(self.0.read_line(&mut line).expect("a line in time") > 0, "the stream ended");
        line.trim().to_owned()
    }

    fn next(&mut self) -> Told {
        let (mut id, mut topic) = (0, String::new());
        loop {
            let line = self.line();
            match line.split_once(':').map(|(name, value)| (name, value.trim())) {
                Some(("id", value)) => id = value.parse().expect("a number"),
                Some(("event", value)) => topic = value.to_owned(),
                Some(("data", value)) => {
                    let body: Value = serde_json::from_str(value).expect("JSON");
                    return Told { id, topic, visit: body["visit_id"].as_str().unwrap_or("").to_owned() };
                }
                _ => {}
            }
        }
    }
}

fn put(server: &Server, token: &str, id: &str, department: &str) {
    let text = include_str!("../visits/defect.json").replace("CLI-2", id).replace("呼吸内科", department);
    let answer = send("PUT", &format!("{}/v1/visits/{id}", server.address), Some(token), Some(&text)).expect("it answers");
    assert_eq!(answer.status(), 201);
}

#[test]
fn what_happens_is_on_the_streams_of_every_node() {
    for (name, database) in databases() {
        let his = token(&database, "his", "emr", "");
        let (lungs, nerves) = (token(&database, "li", "physician", "呼吸内科"), token(&database, "wu", "physician", "神经内科"));
        let nodes = [0, 1].map(|_| Server::start(&database, &["--clock", "2026-03-12T12:00", "--tick", "0", "--no-model", "--tokens"]));
        let mut of_lungs = [Stream::open(&nodes[0], &lungs, None), Stream::open(&nodes[1], &lungs, None)];
        let mut of_nerves = Stream::open(&nodes[1], &nerves, None);
        put(&nodes[0], &his, "S1", "呼吸内科");
        put(&nodes[1], &his, "S2", "神经内科");
        let first = of_lungs[0].next();
        assert_eq!(first.visit, "S1", "{name}");
        assert_eq!(of_lungs[1].next(), first, "{name}: two nodes tell the same");
        let second = of_lungs[0].next();
        assert!(second.visit == "S1" && second.id > first.id, "{name}: {second:?}");
        // The other department hears of its own visit alone, however late that came.
        assert_eq!(of_nerves.next().visit, "S2", "{name}");
        drop(of_lungs);
        let mut resumed = Stream::open(&nodes[1], &lungs, Some(first.id));
        assert_eq!(resumed.next(), second, "{name}: nothing is lost while nobody listens");
    }
}

#[test]
fn a_rule_that_is_dismissed_again_and_again_falls_silent_until_somebody_restores_it() {
    for (name, database) in databases() {
        let server = Server::start(&database, &["--clock", "2026-03-12T12:00", "--tick", "0", "--no-model"]);
        let call = |method: &str, path: &str, body: &Value| {
            let body = (method != "GET").then(|| body.to_string());
            let mut answer = send(method, &format!("{}{path}", server.address), None, body.as_deref()).expect("it answers");
            (answer.status().as_u16(), answer.body_mut().read_json::<Value>().unwrap_or_default())
        };
        assert_eq!(call("PUT", "/v1/visits/CLI-2", &serde_json::from_str(include_str!("../visits/defect.json")).expect("JSON")).0, 201);
        let writing = json!({ "visit_id": "CLI-2", "focus": { "document": "d2", "text": "患者咳嗽减轻。子宫附件区未触及包块。" } });
        let inline = || call("POST", "/v1/check", &writing).1["findings"].as_array().expect("findings").len();
        assert_eq!(inline(), 1, "{name}");
        let decide = |number: usize| {
            let body = json!({ "rule": "sex-organ", "reason": "规则不适用本科" });
            assert_eq!(call("POST", &format!("/v1/visits/CLI-2/findings/unsaved-{number}/dismiss"), &body).0, 204, "{name}");
        };
        let voice = || {
            let (_, acceptance) = call("GET", "/v1/rules/acceptance", &Value::Null);
            let items = acceptance["items"].as_array().expect("items").clone();
            items.into_iter().find(|item| item["rule"] == "sex-organ").expect("it was judged")
        };
        (0..49).for_each(decide);
        assert_eq!((voice()["demoted"].clone(), inline()), (Value::Null, 1), "{name}: 49 decisions are too few");
        decide(49);
        assert!(voice()["demoted"].as_str().is_some_and(|why| !why.is_empty()), "{name}: {}", voice());
        assert_eq!(inline(), 0, "{name}");
        let (_, told) = call("GET", "/v1/messages?after=0&topics=rule.demoted", &Value::Null);
        assert_eq!(told["items"].as_array().map(Vec::len), Some(1), "{name}: its owner is told once");
        assert_eq!(call("POST", "/v1/rules/sex-organ/restore", &Value::Null).0, 204, "{name}");
        assert_eq!(inline(), 1, "{name}");
        assert_eq!(call("POST", "/v1/rules/sex-organ/restore", &Value::Null).0, 404, "{name}");
    }
}
