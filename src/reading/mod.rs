//! What the text says. Each [`Passage`] (a section of a document, or a text field of the structured data) is read once:
//! sentences and clauses, mentions of lexicon concepts with assertion, experiencer, side, site, value and time, and every
//! time expression and measurement.
//!
//! Reading is a pure function of the text, so a passage can be cached by its content. It knows no rule, no report and no clock:
//! expressions such as 昨日 stay relative until a rule resolves them against the document's own time.

pub mod ages;
pub mod cache;
pub mod context;
pub mod documents;
pub mod letters;
pub mod lexicon;
pub mod measures;
pub mod mentions;
#[cfg(test)]
mod mentions_tests;
pub mod reader;
pub mod scopes;
pub mod sections;
pub mod sentences;
pub mod sites;
pub mod text;
pub mod times;
pub mod units;
pub mod values;
pub mod vocabulary;

use std::sync::{Arc, OnceLock};

use crate::record::{DocumentKind, Instant, Side};
use documents::SectionSet;
use letters::{Letters, Shingles};
pub use reader::Reader;
pub use text::{CleanText, Span};
use vocabulary::Seen;

/// Everything that was read in one visit.
#[derive(Debug, Clone)]
pub struct Reading {
    /// One entry a document, in the order of the visit.
    pub documents: Vec<DocumentReading>,
    /// Text fields of the structured data (imaging findings, pathology, diagnoses, orders, operations …).
    pub data: Vec<Arc<Passage>>,
}

impl Reading {
    /// The document that a passage stands in; `None` for structured data.
    pub fn document_of(&self, passage: &Passage) -> Option<&DocumentReading> {
        let document = passage.document()?;
        self.documents.iter().find(|reading| reading.index == document)
    }
}

/// One document and its sections in order.
#[derive(Debug, Clone)]
pub struct DocumentReading {
    /// Index into `visit.documents`.
    pub index: usize,
    pub kind: DocumentKind,
    /// What people call it: the title as printed, else the kind's name.
    pub title: String,
    /// The time that the text speaks of: printed time, else creation, else signature.
    pub time: Option<Instant>,
    pub passages: Vec<Arc<Passage>>,
    /// How many notes with a date of their own it holds, where it is the course of a stay in one piece: such notes are neither missing nor late for
    /// anybody to see. Else 0.
    pub entries: usize,
    /// The section of each passage and the one that it stands in, by number, so that a search by section need not touch the passages.
    sections: Vec<[u8; 2]>,
    /// All of these: most rules pass most documents over.
    held: SectionSet,
}

impl DocumentReading {
    /// The passages whose section, or the section that they stand in, is one of these.
    pub fn passages_in(&self, wanted: SectionSet) -> impl Iterator<Item = &Arc<Passage>> {
        let many = if self.held.overlaps(wanted) { self.passages.len() } else { 0 };
        let passages = self.sections[..many].iter().zip(&self.passages);
        passages.filter(move |(sections, _)| sections.iter().any(|section| wanted.contains(*section))).map(|(_, passage)| passage)
    }

    /// The text that it begins with; empty where it has none.
    pub fn first_text(&self) -> &str {
        self.passages.first().map_or("", |passage| passage.text.as_str())
    }

    /// Whether the title or the first `letters` of the text hold one of the words.
    pub fn opens_with_one(&self, words: &[impl AsRef<str>], letters: usize) -> bool {
        let text = self.first_text();
        let opening = text.char_indices().nth(letters).map_or(text, |(end, _)| &text[..end]);
        words.iter().map(AsRef::as_ref).any(|word| self.title.contains(word) || opening.contains(word))
    }
}

/// A stretch of text that is read as one.
#[derive(Debug, Clone)]
pub struct Passage {
    pub origin: Origin,
    /// Canonical section name (主诉, 现病史 …) from `rules/documents.toml`; the printed heading where the table has none; empty for text before any heading.
    pub section: Arc<str>,
    /// The section that this one stands in: 拟诊讨论 for a 鉴别诊断 written inside it.
    pub within: Option<Arc<str>>,
    pub text: CleanText,
    pub sentences: Vec<Span>,
    pub clauses: Vec<Span>,
    pub mentions: Vec<Mention>,
    pub times: Vec<TimeExpression>,
    pub measures: Vec<Measure>,
    /// Which words of a [`vocabulary::Vocabulary`] occur, once somebody asked.
    pub(crate) seen: OnceLock<Seen>,
    letters: OnceLock<Letters>,
    shingles: OnceLock<Shingles>,
}

impl Passage {
    /// Index into `visit.documents`; `None` for structured data.
    pub fn document(&self) -> Option<usize> {
        match self.origin {
            Origin::Document { document, .. } => Some(document),
            Origin::Data { .. } => None,
        }
    }

    /// The letters of the text, for whoever compares texts; made when first asked for.
    pub fn letters(&self) -> &Letters {
        self.letters.get_or_init(|| Letters::of(self.text.as_str()))
    }

    /// The shingles of these letters.
    pub fn shingles(&self) -> &Shingles {
        self.shingles.get_or_init(|| Shingles::of(&self.letters().chars))
    }

    /// The sentence that the span stands in; the span itself where it stands in none or in two.
    pub fn sentence_of(&self, span: Span) -> Span {
        holder(&self.sentences, span)
    }

    /// The clause that the span stands in; the span itself where it stands in none or in two.
    pub fn clause_of(&self, span: Span) -> Span {
        holder(&self.clauses, span)
    }
}

/// The one of the parts, in their order, that holds the span; else the span.
fn holder(parts: &[Span], span: Span) -> Span {
    let after = parts.partition_point(|part| part.start <= span.start);
    let part = after.checked_sub(1).and_then(|index| parts.get(index)).copied();
    part.filter(|part| part.contains(span)).unwrap_or(span)
}

/// Where a passage's text stands in the visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// `section` is the index in `documents[document].sections`, or `None` for the flat `text`;
    /// `base` is the byte offset of the passage in that original text.
    Document { document: usize, section: Option<usize>, base: usize },
    /// A string in the structured data, by JSON pointer, e.g. `/exams/0/impression`.
    Data { source: DataSource, pointer: String },
}

/// Which list of the structured data a passage comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DataSource {
    Diagnoses,
    Orders,
    Labs,
    Cultures,
    Exams,
    Pathology,
    Operations,
    FrontPage,
    Patient,
}

/// A lexicon concept said in the text.
#[derive(Debug, Clone, PartialEq)]
pub struct Mention {
    pub span: Span,
    pub concept: ConceptId,
    pub assertion: Assertion,
    pub experiencer: Experiencer,
    pub side: Option<Side>,
    /// The body part it is said of: the nearest one in the clause, else the concept's own site.
    pub site: Option<ConceptId>,
    /// Index into `Passage::measures`: the value that belongs to it (体温38.5℃ → 38.5 ℃).
    pub measure: Option<u32>,
    /// Index into `Passage::times`: the time that governs it.
    pub time: Option<u32>,
    /// Inside quotation marks: another institution's words, or the patient's.
    pub quoted: bool,
}

/// Index of a concept in the lexicon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConceptId(pub u32);

/// Whether the text says that it is so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Assertion {
    Present,
    Absent,
    Uncertain,
    Conditional,
    Planned,
    Past,
}

/// Whose body it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Experiencer {
    Patient,
    /// A relative, a donor, the newborn …: the `person` concept, where one is named.
    Other(Option<ConceptId>),
}

/// A date, a duration or a relative day, as an interval.
#[derive(Debug, Clone, PartialEq)]
pub struct TimeExpression {
    pub span: Span,
    pub value: TimeValue,
}

/// What a time expression means. Nothing here is resolved against a clock.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TimeValue {
    /// 2026年3月2日, 2026-03-02 14:30, 3月2日 (no year), 2019年 (whole year).
    Date(CalendarDate),
    /// 3天, 10余年, 3+月, 半小时, 数日: a length of time.
    Duration(Length),
    /// 3天前, 入院前1周, 2小时前: that long before the reference.
    Ago { length: Length, reference: Reference },
    /// 今日 (0), 昨日 (-1), 次日 (+1): days from the document's day.
    RelativeDay { days: i32 },
    /// 术后第3天, 入院第2天, 术后3天, 化疗第1天.
    DayOf { reference: Reference, day: i32 },
    /// 14:30, 下午3点: a time of day alone.
    Clock { hour: u8, minute: u8 },
}

/// A date in the text, as far as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CalendarDate {
    pub year: Option<i16>,
    pub month: Option<u8>,
    pub day: Option<u8>,
    pub hour: Option<u8>,
    pub minute: Option<u8>,
}

/// A length of time between `min` and `max` minutes: 3天 is 2.5 to 3.5 days wide, 3+年 is 3 to 4 years; the table of widths stands in [`times`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Length {
    pub min_minutes: f64,
    pub max_minutes: f64,
    pub unit: TimeUnit,
    /// 数日, 多年: no number was given.
    pub vague: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TimeUnit {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

/// The event that a relative time counts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reference {
    /// Nothing named: the moment of the text, or of admission in a history.
    Unstated,
    Admission,
    Operation,
    Discharge,
    Delivery,
    Treatment,
    Onset,
}

/// A number with a unit, or a pair such as a blood pressure or a 3×2cm size.
#[derive(Debug, Clone, PartialEq)]
pub struct Measure {
    pub span: Span,
    pub value: f64,
    /// Second number: diastolic pressure, second dimension, upper end of a range.
    pub second: Option<f64>,
    /// Third dimension of a size.
    pub third: Option<f64>,
    pub relation: Relation,
    /// As written after normalisation, e.g. `mmol/L`; empty where there is none.
    pub unit: Arc<str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    About,
    /// `value` to `second`.
    Range,
}
