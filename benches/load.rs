//! Load on a real server from another process: checks of the section being written, 50 a second, at one and four times the text of a visit.
//!
//! `cargo bench --bench load`; `-- --test` sends only a few. Figures are printed, never asserted: they are this machine's.

use std::time::{Duration, Instant};

use serde_json::json;

mod common;
use common::{Server, grown, text_length};

const PER_SECOND: u32 = 50;

fn main() {
    let requests = if std::env::args().any(|argument| argument == "--test") { 10 } else { 1500 };
    let folder = tempfile::tempdir().expect("a folder");
    let database = format!("sqlite:{}?mode=rwc", folder.path().join("load.db").display());
    let server = Server::start(&database, &[]);
    let address = &server.address;
    let agent = ureq::Agent::config_builder().build().new_agent();
    for times in [1, 4] {
        let mut visit = grown(times);
        visit.visit_id = format!("L{times}");
        let note = visit.documents.iter().rev().find(|document| document.sections.is_some()).expect("a note").clone();
        let section = note.sections.iter().flatten().last().expect("a section").clone();
        let body = serde_json::to_string(&visit).expect("JSON");
        agent.put(&format!("{address}/v1/visits/{}", visit.visit_id)).send(&body).expect("it is kept");
        let mut taken: Vec<Duration> = Vec::new();
        let began = Instant::now();
        for number in 0..requests {
            // Every keystroke makes another text.
            let text = format!("{}患者今日咳嗽减轻{number}次。", section.text);
            let body =
                json!({ "visit_id": visit.visit_id, "focus": { "document": note.id, "section": section.name, "text": text } }).to_string();
            let planned = began + Duration::from_secs(1) / PER_SECOND * number;
            let wait = planned.saturating_duration_since(Instant::now());
            std::thread::sleep(wait);
            // A request that an answer before it held up has waited since it was due.
            let sent = if wait.is_zero() { planned } else { Instant::now() };
            let mut response = agent.post(&format!("{address}/v1/check")).send(&body).expect("it answers");
            response.body_mut().read_to_string().expect("a body");
            taken.push(sent.elapsed());
        }
        taken.sort_unstable();
        let at = |share: f64| taken[((taken.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
        println!(
            "focus, {} KB of text, {PER_SECOND}/s, {requests} requests: median {:.2} ms, p95 {:.2} ms, p99 {:.2} ms",
            text_length(&visit.documents) / 1024,
            at(0.5),
            at(0.95),
            at(0.99)
        );
    }
}
