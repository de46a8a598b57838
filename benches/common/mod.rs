//! The visit that is measured, at one, four and sixteen times its text, and a real server in a process of its own.
#![allow(dead_code, reason = "each bench uses a part")]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use bingli::record::{Document, DocumentKind, Instant, Visit, json, time::default_zone};
use jiff::Span;

const VISIT: &str = include_str!("../../corpora/train/gastroenterology-clean.json");

/// The visit with about `times` the text: its daily notes and ward rounds again and again, each time under new ids and later dates.
pub fn grown(times: usize) -> Visit {
    let (mut visit, _) = json::read(VISIT.as_bytes(), &default_zone()).expect("the corpus is right");
    let notes: Vec<Document> = visit
        .documents
        .iter()
        .filter(|document| matches!(document.kind, Some(DocumentKind::DailyCourse | DocumentKind::WardRound)))
        .cloned()
        .collect();
    let wanted = text_length(&visit.documents) * times;
    let mut copy = 0;
    while text_length(&visit.documents) < wanted {
        copy += 1;
        for note in &notes {
            let later = |at: Option<Instant>| {
                let at = at?;
                let moved = at.earliest().checked_add(Span::new().days(9 * copy)).ok()?;
                Some(Instant::new(moved, at.precision()))
            };
            let mut note = note.clone();
            note.id = format!("{}-{copy}", note.id);
            (note.event_at, note.created_at, note.signed_at) = (later(note.event_at), later(note.created_at), later(note.signed_at));
            visit.documents.push(note);
            if text_length(&visit.documents) >= wanted {
                break;
            }
        }
    }
    visit
}

pub fn text_length(documents: &[Document]) -> usize {
    let of = |document: &Document| {
        let sections: usize = document.sections.iter().flatten().map(|section| section.text.len()).sum();
        sections + document.text.as_ref().map_or(0, String::len)
    };
    documents.iter().map(of).sum()
}

pub struct Server {
    child: Child,
    pub address: String,
}

impl Server {
    /// Without a clock that goes on by itself.
    pub fn start(database: &str, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_bingli"))
            .args(["serve", "--listen", "127.0.0.1:0", "--tick", "0", "--database", database])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("stdout is piped")).read_line(&mut line).expect("it prints its address");
        let address = line.trim().trim_start_matches("bingli ").trim_end_matches('/').to_owned();
        Self { child, address }
    }

    /// The most memory that the process ever held, in MB, where the system tells it.
    pub fn peak(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.trim().trim_end_matches(" kB").parse::<u64>().ok().map(|kilobytes| kilobytes >> 10)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
