//! Real-time monitoring under duress: events in any order, sent again until they are acknowledged, while nodes die. Nothing is lost, nothing doubled.
//! `BINGLI_VISITS` (default 60) and `BINGLI_KILLS` (default 4) make it as long as one likes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, RwLock};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

mod common;
use common::{Database, Server, bingli, postgres, send, sqlite};

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// The clock of every node starts here.
const START: &str = "2026-03-02T09:00";

/// What happens to one visit, with its last word: a man's note that speaks of a woman's organs.
fn events(visit: usize) -> Vec<Value> {
    let event = |id: &str, kind: &str, at: &str, body: Value| json!({ "event_id": id, "kind": kind, "at": at, "body": body });
    vec![
        event(
            "1",
            "admission",
            "2026-03-02T01:30",
            json!({ "patient": { "sex": "male", "name": format!("钱某{visit}") },
                "admission": { "admitted_at": "2026-03-02T01:30", "department": "呼吸内科" } }),
        ),
        event("2", "staff", "2026-03-02T01:30", json!({ "id": "D01", "name": "李某", "title": "resident" })),
        event(
            "3",
            "document",
            "2026-03-02T03:00",
            json!({ "id": "d1", "kind": "admission_note", "title": "入院记录", "author": "D01", "event_at": "2026-03-02T03:00",
                "sections": [{ "name": "主诉", "text": format!("咳嗽{}天", visit % 9 + 1) }] }),
        ),
        event(
            "4",
            "document",
            "2026-03-02T05:00",
            json!({ "id": "d2", "kind": "daily_course", "title": "日常病程记录", "author": "D01",
            "event_at": "2026-03-02T05:00", "text": "患者咳嗽减轻。前列腺不大。" }),
        ),
        event("5", "document", "2026-03-02T06:00", json!({ "id": "d2", "text": "患者咳嗽减轻。子宫附件区未触及包块。" })),
    ]
}

/// An order of its own for every visit.
fn shuffled(visit: usize) -> Vec<Value> {
    let mut events = events(visit);
    let mut seed = visit as u64 * 2 + 1;
    for last in (1..events.len()).rev() {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        events.swap(last, (seed >> 33) as usize % (last + 1));
    }
    events
}

/// Sends every event to some node until one acknowledges it, and counts the visits in `next` as they come. Returns how many events were
/// acknowledged as new.
fn deliver(addresses: &RwLock<Vec<String>>, visits: usize, next: &AtomicUsize) -> usize {
    let accepted = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for worker in 0..4 {
            let accepted = &accepted;
            scope.spawn(move || {
                loop {
                    let visit = next.fetch_add(1, Ordering::Relaxed);
                    if visit >= visits {
                        break;
                    }
                    for event in shuffled(visit) {
                        let began = Instant::now();
                        for attempt in 0.. {
                            assert!(began.elapsed() < Duration::from_secs(120), "visit {visit} is not taken");
                            let address = {
                                let all = addresses.read().expect("no panic");
                                all[(visit + worker + attempt) % all.len()].clone()
                            };
                            let answer = send("POST", &format!("{address}/v1/visits/M{visit}/events"), None, Some(&event.to_string()));
                            match answer {
                                Ok(mut response) if response.status().is_success() => {
                                    let body: Value = response.body_mut().read_json().unwrap_or_default();
                                    accepted.fetch_add(body["accepted"].as_u64().unwrap_or(0) as usize, Ordering::Relaxed);
                                    break;
                                }
                                Ok(response) => assert!([429, 503].contains(&response.status().as_u16()), "{}", response.status()),
                                Err(_) => {}
                            }
                            std::thread::sleep(Duration::from_millis(30));
                        }
                    }
                }
            });
        }
    });
    accepted.into_inner()
}

fn all(address: &str, path: &str) -> Vec<Value> {
    let mut items = Vec::new();
    let mut after = String::new();
    loop {
        let mark = if path.contains('?') { '&' } else { '?' };
        let cursor = if after.is_empty() {
            String::new()
        } else {
            format!("&after={}", percent_encoding::utf8_percent_encode(&after, percent_encoding::NON_ALPHANUMERIC))
        };
        let mut response = send("GET", &format!("{address}{path}{mark}limit=1000{cursor}"), None, None).expect("it answers");
        let page: Value = response.body_mut().read_json().expect("JSON");
        items.extend(page["items"].as_array().expect("items").iter().cloned());
        match page["next"].as_str() {
            Some(next) => after = next.to_owned(),
            None => return items,
        }
    }
}

fn messages(address: &str, topics: &str) -> Vec<Value> {
    let mut items = Vec::new();
    let mut after = 0;
    loop {
        let mut response = send("GET", &format!("{address}/v1/messages?after={after}&topics={topics}"), None, None).expect("it answers");
        let page: Value = response.body_mut().read_json().expect("JSON");
        items.extend(page["items"].as_array().expect("items").iter().cloned());
        after = page["next"].as_i64().expect("a number");
        if page["more"] != true {
            return items;
        }
    }
}

/// Every visit stands as its last event says, once in everything that follows from it.
fn verify(name: &str, database: &Database, address: &str, visits: usize) {
    let patience = Duration::from_secs(60 + visits as u64 / 20);
    // Whatever a dead node left is done by the next round of the clock.
    let began = Instant::now();
    loop {
        let open = all(address, "/v1/findings?defect=C-A02&state=open");
        let ids: BTreeSet<&str> = open.iter().map(|item| item["visit_id"].as_str().expect("an id")).collect();
        if ids.len() == visits {
            assert_eq!(open.len(), visits, "{name}: a finding twice");
            break;
        }
        assert!(began.elapsed() < patience, "{name}: only {} of {visits} visits are judged", ids.len());
        std::thread::sleep(Duration::from_millis(300));
    }
    let ledger = all(address, "/v1/ledger");
    let entries: BTreeSet<&str> = ledger.iter().map(|line| line["visit_id"].as_str().expect("an id")).collect();
    assert_eq!((ledger.len(), entries.len()), (visits, visits), "{name}: the ledger has each finding once");
    assert!(ledger.iter().all(|line| line["state"] == "notified"), "{name}");
    let duties = all(address, "/v1/duties?state=open");
    let mut first_course: Vec<&str> =
        duties.iter().filter(|duty| duty["rule"] == "first-course-8h").map(|duty| duty["visit_id"].as_str().expect("an id")).collect();
    first_course.sort_unstable();
    first_course.dedup();
    assert_eq!(first_course.len(), visits, "{name}: each visit has its duty");
    for visit in [0, visits / 2, visits - 1] {
        let mut stored = send("GET", &format!("{address}/v1/visits/M{visit}"), None, None).expect("it answers");
        let stored: Value = stored.body_mut().read_json().expect("JSON");
        assert_eq!(stored["documents"].as_array().map(Vec::len), Some(2), "{name}");
        assert_eq!(
            stored.pointer("/documents/1/text").or(stored.pointer("/documents/0/text")),
            Some(&json!("患者咳嗽减轻。子宫附件区未触及包块。"))
        );
    }
    // Half the window of the first course note is over when the clock starts: one reminder each, whoever sent it.
    let began = Instant::now();
    loop {
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        for message in messages(address, "reminder,digest") {
            let items = match message["body"]["items"].as_array() {
                Some(items) => items.clone(),
                None => vec![json!({ "visit_id": message["visit_id"], "rule": message["body"]["rule"] })],
            };
            for item in items.iter().filter(|item| item["rule"] == "first-course-8h") {
                *times.entry(format!("{} {}", item["visit_id"], message["recipient"])).or_default() += 1;
            }
        }
        let doubled: Vec<_> = times.iter().filter(|(_, count)| **count > 1).collect();
        assert!(doubled.is_empty(), "{name}: reminded twice: {doubled:?}");
        if times.len() >= visits {
            break;
        }
        assert!(began.elapsed() < patience, "{name}: only {} of {visits} reminders", times.len());
        std::thread::sleep(Duration::from_millis(300));
    }
    let verified = bingli(&["audit", "verify", "--database", &database.url]).output().expect("it runs");
    assert!(verified.status.success(), "{name}: {}", String::from_utf8_lossy(&verified.stderr));
}

/// Kills nodes one after another while events come in, spread over the whole of them, and starts each again.
fn under_fire(name: &str, database: &Database, nodes: usize) {
    let (visits, kills) = (number("BINGLI_VISITS", 60), number("BINGLI_KILLS", 4));
    let start = || Server::start(database, &["--clock", START, "--tick", "0.2", "--no-model"]);
    let servers: Mutex<Vec<Server>> = Mutex::new((0..nodes).map(|_| start()).collect());
    let addresses = RwLock::new(servers.lock().expect("no panic").iter().map(|server| server.address.clone()).collect::<Vec<_>>());
    let next = AtomicUsize::new(0);
    let began = Instant::now();
    let accepted = std::thread::scope(|scope| {
        scope.spawn(|| {
            for kill in 0..kills {
                while next.load(Ordering::Relaxed) < visits * (kill + 1) / (kills + 1) {
                    std::thread::sleep(Duration::from_millis(5));
                }
                std::thread::sleep(Duration::from_millis(kill as u64 * 37 % 101));
                let node = kill % nodes;
                let mut all = servers.lock().expect("no panic");
                all.remove(node).kill();
                let fresh = start();
                addresses.write().expect("no panic")[node] = fresh.address.clone();
                all.insert(node, fresh);
            }
        });
        deliver(&addresses, visits, &next)
    });
    let taken = began.elapsed().as_secs_f64();
    println!("{name}: {visits} visits, {kills} kills, {} events in {taken:.0} s, {:.0} a second", visits * 5, visits as f64 * 5.0 / taken);
    // An event that was kept when its node died is a duplicate when it is sent again: fewer may be acknowledged as new, never more.
    assert!(accepted <= visits * 5, "{name}: {accepted} events were taken as new");
    let address = addresses.read().expect("no panic")[0].clone();
    verify(name, database, &address, visits);
}

#[test]
fn a_node_that_is_killed_again_and_again_loses_and_doubles_nothing() {
    under_fire("sqlite", &sqlite(), 1);
}

#[test]
fn three_nodes_on_one_database_are_one_service() {
    let Some(database) = postgres() else {
        println!("left out: BINGLI_TEST_POSTGRES names no server");
        return;
    };
    under_fire("postgres", &database, 3);
}
