//! The visit that is measured, at one, four and sixteen times its text.

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
