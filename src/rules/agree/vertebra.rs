//! The broken vertebra that a note names against the one of the reports.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use regex::Regex;

use super::super::{Hit, Role, Subject, around};
use super::{Prepared, piece};
use crate::reading::Passage;
use crate::reading::text::Span;

static FRACTURE: LazyLock<Regex> = LazyLock::new(|| pattern("(压缩|爆裂)(性|粉碎)?(骨折|改变)"));
/// 腰1, T12, L2椎体.
static LEVEL: LazyLock<Regex> = LazyLock::new(|| pattern("(颈|胸|腰|C|T|L)椎?([1-9][0-9]?)"));
/// What is told of another time, or is no finding.
static OTHER: LazyLock<Regex> = LazyLock::new(|| pattern("既往|年前|曾|史|未见|无|排除|除外|术后|[0-9][-~至][颈胸腰CTL0-9]"));

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern of our own")
}

/// Levels of the fractures of one passage, with the place of the first.
type Broken<'s> = (&'s Arc<Passage>, Span, BTreeSet<String>);

impl Prepared {
    /// One level of `within` that no other document or report names, where the reports of `against` name one, and only one, other.
    pub(super) fn vertebra(&self, subject: &Subject<'_>) -> Vec<Hit> {
        let reported: Vec<Broken<'_>> = self.against.passages(subject).flat_map(fractures).collect();
        let levels: BTreeSet<&String> = reported.iter().flat_map(|(_, _, levels)| levels).collect();
        let (Some(first), 1) = (reported.first(), levels.len()) else { return Vec::new() };
        let all = || subject.reading.documents.iter().flat_map(|document| &document.passages).chain(&subject.reading.data);
        let mut hits = Vec::new();
        for passage in self.places.passages(subject) {
            let own = fractures(passage);
            let [(_, span, told)] = own.as_slice() else { continue };
            let (Some(level), 1) = (told.iter().next(), told.len()) else { continue };
            let elsewhere = all().any(|other| !Arc::ptr_eq(other, passage) && names(other.text.as_str()).contains(level));
            if !levels.contains(level) && !elsewhere {
                hits.push(Hit {
                    evidence: vec![piece(passage, *span, Role::This), piece(first.0, first.1, Role::Against)],
                    ..Hit::default()
                });
            }
        }
        hits
    }
}

fn fractures(passage: &Arc<Passage>) -> Vec<Broken<'_>> {
    const FAR: usize = 24;
    let text = passage.text.as_str();
    let found = FRACTURE.find_iter(text).filter_map(|fracture| {
        let start = around::start_of(text, fracture.start(), &[',', '。', ';', ':', '\n', '+']);
        let clause = &text[start..fracture.start()];
        let near = around::last(clause, FAR);
        let first = LEVEL.find(near)?;
        let told = names(near);
        let sentence = passage.text.slice(passage.sentence_of(Span::new(fracture.start(), fracture.end())));
        let own = !OTHER.is_match(clause) && !sentence.contains("既往") && !text[fracture.end()..].starts_with("术后");
        own.then(|| (passage, Span::new(fracture.start() - near.len() + first.start(), fracture.end()), told))
    });
    found.collect()
}

/// Every level that the text names, in one spelling.
fn names(text: &str) -> BTreeSet<String> {
    let found = LEVEL.captures_iter(text).filter_map(|level| {
        let region = match level.get(1)?.as_str() {
            "颈" | "C" => 'C',
            "胸" | "T" => 'T',
            _ => 'L',
        };
        Some(format!("{region}{}", level.get(2)?.as_str()))
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_in_one_spelling() {
        assert_eq!(names("胸12、L1椎体压缩骨折"), BTreeSet::from(["T12".to_owned(), "L1".to_owned()]));
        assert!(names("CT示骨折").is_empty());
    }
}
