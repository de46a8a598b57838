//! `pattern`: wording that must not occur, or must occur, in a place.
//!
//! ```toml
//! [check]
//! kind   = "pattern"
//! within = ["入院记录/主诉"]
//! must   = "occur"                     # or "not_occur" (default)
//! find   = { regex = ['\d+\s*(天|周|月|年)'] }
//! unless = { words = ["体检发现"] }     # in the same sentence; with unless_in = "passage" or "document": anywhere in the passage or document
//! given  = { within = ["出院记录"], find = { words = ["病理"] }, absent = true }     # or a list of such; see [`Given`]
//! ```

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::finder::{Find, Finder, first_in};
use super::given::{Condition, Given, one_or_more};
use super::places::Places;
use super::{Check, Evidence, Hit, Knowledge, Outcome, Role, SpecError, Subject};
use crate::reading::Passage;
use crate::reading::documents::DocumentTable;
use crate::reading::letters::bare;
use crate::reading::text::Span;
use crate::record::DocumentKind;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pattern {
    pub within: Vec<String>,
    #[serde(default)]
    pub must: Must,
    #[serde(default)]
    pub find: Find,
    /// What makes a match harmless, or the absence excusable.
    #[serde(default)]
    pub unless: Find,
    #[serde(default)]
    pub unless_in: Reach,
    /// What must also be so for the rule to speak.
    #[serde(default, deserialize_with = "one_or_more")]
    pub given: Vec<Given>,
    /// A passage with more characters than this (letters, digits and Chinese characters; no punctuation) is a match.
    #[serde(default)]
    pub longer_than: Option<usize>,
    /// Passages with fewer characters are passed over.
    #[serde(default)]
    pub at_least_chars: usize,
    /// The document's title counts as text of it.
    #[serde(default)]
    pub titled: bool,
    /// A match is harmless that is the patient's own name, or a name that the passage elsewhere calls a relative or whom the patient empowered
    /// (女儿陈某, 受托人:陈某).
    #[serde(default)]
    pub unless_patient: bool,
    /// How many matches of one passage become hits.
    #[serde(default = "three")]
    pub most: usize,
}

fn three() -> usize {
    3
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Must {
    #[default]
    NotOccur,
    /// Some passage of each document must hold it; a document without such a passage is passed over.
    Occur,
    /// Some passage of the visit must hold it.
    OccurInVisit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    #[default]
    Sentence,
    Passage,
    /// Its document, whichever sections that has.
    Document,
    /// Any place of the rule.
    Anywhere,
}

struct Prepared {
    spec: Pattern,
    places: Places,
    find: Finder,
    unless: Finder,
    given: Vec<Condition>,
}

impl Pattern {
    pub fn prepare(&self, knowledge: &Knowledge) -> Result<Box<dyn Check>, SpecError> {
        if self.find.is_empty() && self.longer_than.is_none() {
            return Err(SpecError::new("[check]", "a pattern needs `find` or `longer_than`"));
        }
        let places = |within: &[String]| Places::parse(within, knowledge.documents()).map_err(|text| SpecError::new("within", text));
        Ok(Box::new(Prepared {
            places: places(&self.within)?,
            find: self.find.prepare(knowledge)?,
            unless: self.unless.prepare(knowledge)?,
            given: self.given.iter().map(|given| given.prepare(knowledge)).collect::<Result<_, _>>()?,
            spec: self.clone(),
        }))
    }
}

impl Check for Prepared {
    fn quotes(&self, kind: DocumentKind) -> bool {
        self.places.names_kind(kind)
    }

    fn run(&self, subject: &Subject<'_>) -> Outcome {
        let mut hits = match self.spec.must {
            Must::NotOccur => self.forbidden(subject),
            Must::Occur => self.demanded(subject),
            Must::OccurInVisit => self.demanded_in_visit(subject),
        };
        // What must also be so is looked for in the whole visit: only where there is something to say.
        if hits.is_empty() || self.is_excused_anywhere(subject) {
            return Outcome::Ran(Vec::new());
        }
        let Some(context) = self.given.iter().map(|given| given.shown(subject)).collect::<Option<Vec<_>>>() else {
            return Outcome::Ran(Vec::new());
        };
        for hit in &mut hits {
            hit.evidence.extend(context.iter().filter_map(|shown| shown.evidence.clone()));
            hit.data.extend(context.iter().filter_map(|shown| shown.data.clone()));
        }
        Outcome::Ran(hits)
    }
}

/// Whether an excuse stands in the sentence of the span.
fn excused(passage: &Passage, excuses: &[Span], span: Span) -> bool {
    let after = passage.sentences.partition_point(|sentence| sentence.end <= span.start);
    let sentence = passage.sentences.get(after).copied().filter(|sentence| sentence.overlaps(span)).unwrap_or(span);
    first_in(excuses, sentence.cover(span)).is_some()
}

impl Prepared {
    fn is_excused_anywhere(&self, subject: &Subject<'_>) -> bool {
        self.spec.unless_in == Reach::Anywhere
            && !self.spec.unless.is_empty()
            && self.places.passages(subject).any(|passage| self.unless.matches(passage))
    }

    fn is_excused_in_document(&self, subject: &Subject<'_>, passage: &Passage) -> bool {
        match subject.reading.document_of(passage) {
            Some(document) => document.passages.iter().any(|other| self.unless.matches(other)),
            None => self.unless.matches(passage),
        }
    }

    fn forbidden(&self, subject: &Subject<'_>) -> Vec<Hit> {
        let mut hits = Vec::new();
        let counts_letters = self.spec.at_least_chars > 0 || self.spec.longer_than.is_some();
        for passage in self.places.written(subject) {
            let length = if counts_letters { bare(passage.text.as_str()).count() } else { 0 };
            if length < self.spec.at_least_chars || (self.spec.unless_in == Reach::Passage && self.unless.matches(passage)) {
                continue;
            }
            let evidence = |span: Span| Evidence { passage: passage.clone(), span, role: Role::This };
            if self.spec.longer_than.is_some_and(|most| length > most) && (self.spec.find.is_empty() || self.find.matches(passage)) {
                let slots = vec![("length", length.to_string())];
                hits.push(Hit { evidence: vec![evidence(trimmed(passage))], slots, ..Hit::default() });
                continue;
            }
            if self.spec.longer_than.is_some() {
                continue;
            }
            let found = self.find.find(passage);
            if self.spec.unless_in == Reach::Document && !found.is_empty() && self.is_excused_in_document(subject, passage) {
                continue;
            }
            let excuses = if found.is_empty() || self.spec.unless_in != Reach::Sentence { Vec::new() } else { self.unless.find(passage) };
            let matches = found
                .into_iter()
                .filter(|span| !excused(passage, &excuses, *span) && !self.is_patient(subject, passage, *span))
                .take(self.spec.most);
            hits.extend(matches.map(|span| Hit { evidence: vec![evidence(span)], ..Hit::default() }));
        }
        hits
    }

    /// One hit for the visit when no passage of any place holds it.
    fn demanded_in_visit(&self, subject: &Subject<'_>) -> Vec<Hit> {
        let held = |passage: &Passage| self.find.matches(passage) || (!self.spec.unless.is_empty() && self.unless.matches(passage));
        if self.places.passages(subject).any(|passage| held(passage)) {
            return Vec::new();
        }
        let searched = self.places.searched(subject);
        if searched.is_empty() { Vec::new() } else { vec![Hit { searched, anchor: "visit".to_owned(), ..Hit::default() }] }
    }

    fn is_patient(&self, subject: &Subject<'_>, passage: &Passage, span: Span) -> bool {
        let said = passage.text.slice(span);
        let own = || subject.visit.patient.name.as_deref().is_none_or(|name| said.contains(name));
        // The other papers may say who she is: the admission record names the informant, an earlier consent the same signer.
        let anywhere =
            || subject.reading.documents.iter().flat_map(|document| &document.passages).any(|other| is_relative(other.text.as_str(), said));
        self.spec.unless_patient && (own() || is_relative(passage.text.as_str(), said) || anywhere())
    }

    fn demanded(&self, subject: &Subject<'_>) -> Vec<Hit> {
        let mut hits = Vec::new();
        for document in self.places.documents(subject).filter(|document| subject.is_wanted(document)) {
            let passages: Vec<_> = self.places.passages_of(document).collect();
            let in_title = self.spec.titled && self.find.matches(&subject.knowledge.reader.read_text(None, "", &document.title));
            let table = subject.knowledge.documents();
            let held = |finder: &Finder| one_holds(finder, passages.iter().copied(), table);
            let long_enough = |passage: &Passage| bare(passage.text.as_str()).nth(self.spec.at_least_chars.saturating_sub(1)).is_some();
            let Some(first) = passages.iter().copied().find(|passage| long_enough(passage)) else { continue };
            if in_title || held(&self.find) || !self.spec.unless.is_empty() && held(&self.unless) {
                continue;
            }
            // The place that should have said it is shown as it stands.
            let evidence = Evidence { passage: first.clone(), span: trimmed(first), role: Role::This };
            let searched = self.places.searched(subject).into_iter().filter(|place| place.document == document.index).collect();
            hits.push(Hit { evidence: vec![evidence], searched, ..Hit::default() });
        }
        hits
    }
}

/// Whether one of the passages says it, in its text or in a heading that the table does not know: nobody can look below that by its name. Headings
/// are looked at last, since most texts say it themselves.
pub fn one_holds<'p>(finder: &Finder, passages: impl Iterator<Item = &'p Arc<Passage>> + Clone, table: &DocumentTable) -> bool {
    passages.clone().any(|passage| finder.matches(passage))
        || passages.filter_map(|passage| headed(passage, table)).any(|text| finder.matches_text(&text))
}

/// The text with the unknown headings over it and in it as `诊断结果:`; `None` where there is none.
fn headed(passage: &Passage, table: &DocumentTable) -> Option<String> {
    let text = passage.text.as_str();
    // 出院时间 says when, and nothing of how the patient was 出院时.
    let unknown = |section: &str| table.unknown_heading(section).filter(|heading| !heading.ends_with("时间") && !heading.ends_with("日期"));
    let over = unknown(&passage.section).or_else(|| unknown(passage.within.as_deref()?));
    if over.is_none() && !text.contains('】') {
        return None;
    }
    let over = over.map_or(String::new(), |heading| heading + ":");
    Some(over + &text.replace('【', "\n").replace('】', ":"))
}

/// The passage without surrounding white space; its first sentences where it is long.
pub fn trimmed(passage: &Passage) -> Span {
    const MOST: u32 = 240;
    let (Some(first), Some(last)) = (passage.sentences.first(), passage.sentences.last()) else {
        return Span::new(0, passage.text.as_str().len());
    };
    let end = passage.sentences.iter().rev().find(|sentence| sentence.end - first.start <= MOST).unwrap_or(first).end;
    Span { start: first.start, end: end.min(last.end) }
}

/// The text calls somebody of this name a relative or whom the patient empowered.
pub(super) fn is_relative(text: &str, name: &str) -> bool {
    const BEFORE: [&str; 16] = [
        "女儿",
        "儿子",
        "丈夫",
        "妻子",
        "父亲",
        "母亲",
        "之子",
        "之女",
        "之妻",
        "之夫",
        "配偶",
        "受托人",
        "代理人",
        "监护人",
        "之父",
        "之母",
    ];
    let name = name.trim();
    !name.is_empty()
        && text.match_indices(name).any(|(at, _)| {
            let before = text[..at].trim_end_matches([':', ' ', '(']);
            BEFORE.iter().any(|word| before.ends_with(word))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::DataFolder;
    use crate::reading::Reader;

    #[test]
    fn only_headings_that_the_table_does_not_know_are_read_with_the_text() {
        let reader = Reader::new(&DataFolder::embedded()).unwrap_or_else(|problems| panic!("{problems:?}"));
        let read = |section: &str, text: &str| headed(&reader.read_text(None, section, text), reader.documents());
        assert_eq!(read("【诊断结果】", "胆囊结石").as_deref(), Some("诊断结果:胆囊结石"));
        assert_eq!(read("现病史", "腹痛。【病情】平稳").as_deref(), Some("腹痛。\n病情:平稳"));
        assert_eq!(read("鉴别诊断", "肺结核"), None);
        assert_eq!(read("出院时间", "2026-03-09"), None);
        assert_eq!(read("", "肺结核"), None);
    }
}
