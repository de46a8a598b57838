//! The rulebook: one rule a TOML file, compiled once into a [`Rulebook`], run in isolation and in parallel over a [`Subject`].
//!
//! One module a rule kind, each with its own typed schema. A rule reads the visit and its reading, never the clock, never the network,
//! and returns [`Hit`]s; turning hits into findings with fingerprints, groups and points is the report's work.

pub mod applies;
pub mod calendar;
pub mod card;
pub mod case;
pub mod catalogue;
pub mod copy;
pub mod duty;
pub mod events;
pub mod facts;
pub mod finder;
pub mod given;
pub mod judge;
pub mod knowledge;
pub mod lint;
pub mod lists;
mod literals;
pub mod places;
pub mod rulebook;
pub mod run;
pub mod switch;
pub mod tables;

mod agree;
mod around;
mod conflict;
mod cut_short;
mod deadline;
pub mod expression;
mod pattern;
mod range;
mod required;
mod response;
mod sequence;
mod support;
pub mod suspect;

use std::sync::Arc;

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

pub use crate::problem::Problem;
use crate::reading::{DocumentReading, Passage, Reading, Span};
use crate::record::{DocumentKind, Visit};
pub use applies::Applies;
pub use copy::index::CopyIndex;
pub use duty::{Duty, DutyState};
pub use knowledge::Knowledge;
pub use rulebook::Rulebook;

/// What rules look at: one visit, its reading, and the moment it is judged for.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    pub visit: &'a Visit,
    pub reading: &'a Reading,
    pub knowledge: &'a Knowledge,
    pub at: DateTime,
    pub phase: Phase,
    /// Earlier visits of the house; rules that compare with them are skipped where there are none.
    pub history: Option<&'a CopyIndex>,
    /// The document that somebody writes in: what is wrong in others need not be looked for.
    pub focus: Option<usize>,
}

impl<'a> Subject<'a> {
    /// A visit as a whole, without earlier ones.
    pub fn of(visit: &'a Visit, reading: &'a Reading, knowledge: &'a Knowledge, at: DateTime, phase: Phase) -> Self {
        Self { visit, reading, knowledge, at, phase, history: None, focus: None }
    }

    /// Whether what is wrong in that document is asked for.
    pub fn is_wanted(&self, document: &DocumentReading) -> bool {
        self.focus.is_none_or(|focus| focus == document.index)
    }
}

/// When a check happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// While a physician writes: only what is certain about the text at hand.
    Inline,
    /// The patient is in hospital: what is not yet due is no defect.
    Running,
    /// After discharge: everything is due.
    Terminal,
}

/// S1 严重 · S2 重要 · S3 一般 · S4 提示.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Severity {
    S1,
    S2,
    S3,
    S4,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Counted, never scored, never shown inline.
    Preview,
    Stable,
    /// Kept for its history; never run.
    Retired,
    /// A local rule that ships switched off; a hospital turns it on in its configuration.
    Off,
}

impl Status {
    /// Whether such a rule judges at all.
    pub fn is_on(self) -> bool {
        matches!(self, Status::Stable | Status::Preview)
    }
}

/// One rule as its file says it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Names the defect, kebab-case, never changes; also the file's name.
    pub id: String,
    pub title: String,
    /// Code of the catalogue (`C-A01`), of the time limits (`T01`), or of a form defect (`F-…`).
    pub defect: String,
    /// Other codes of the catalogue that mean the same defect (T50 and C-N12).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    pub severity: Severity,
    /// Keys of the standards with article (`BW2010-22(8)`), or `safety`, or `local`.
    pub basis: Vec<String>,
    pub status: Status,
    pub since: String,
    #[serde(default = "all_phases")]
    pub phases: Vec<Phase>,
    pub why: String,
    pub fix: String,
    /// Text with slots: `{a.title}`, `{a.section}`, `{a.quote}` for the first piece of evidence, `b` for the second, and the kind's own slots.
    pub message: String,
    /// How sure a hit is, 0 to 1; a kind may lower it for a single hit.
    #[serde(default = "certain")]
    pub confidence: f32,
    /// Which visits the rule holds for.
    #[serde(default)]
    pub applies: Applies,
    pub check: CheckSpec,
    #[serde(default, rename = "case")]
    pub cases: Vec<case::Case>,
}

fn all_phases() -> Vec<Phase> {
    vec![Phase::Inline, Phase::Running, Phase::Terminal]
}

fn certain() -> f32 {
    0.95
}

/// Pieces of evidence and slots of one defect that a rule found.
#[derive(Debug, Clone, Default)]
pub struct Hit {
    pub evidence: Vec<Evidence>,
    /// Structured evidence by JSON pointer.
    pub data: Vec<DataEvidence>,
    /// For an absence: where it was looked for.
    pub searched: Vec<Searched>,
    /// Values for the message's own slots, e.g. `computed`.
    pub slots: Vec<(&'static str, String)>,
    /// Overrides the rule's confidence.
    pub confidence: Option<f32>,
    /// What makes this hit itself when it has no evidence text, e.g. the id of the operation that lacks a record.
    pub anchor: String,
}

/// A quotation, in bytes of the passage's clean text.
#[derive(Debug, Clone)]
pub struct Evidence {
    pub passage: Arc<Passage>,
    pub span: Span,
    pub role: Role,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The text that is probably wrong.
    This,
    /// What it conflicts with.
    Against,
    /// What makes the rule apply.
    Context,
}

#[derive(Debug, Clone)]
pub struct DataEvidence {
    /// JSON pointer into the visit, e.g. `/labs/3`.
    pub path: String,
    /// For people: `血钾 6.8 mmol/L (2026-03-02 08:10)`.
    pub label: String,
}

/// A place that was searched in vain: a document, or a section of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Searched {
    pub document: usize,
    pub section: Option<String>,
}

/// What came of running one rule on one visit.
#[derive(Debug, Clone)]
pub enum Outcome {
    Ran(Vec<Hit>),
    /// The rule could not be judged, and that is no defect: `no structured labs`.
    Skipped(String),
    /// Rules go no further: the language model must say of each passage whether the rule's statement holds, or which
    /// characters look wrong. Only `judge` and `suspect` ask.
    Asks(Vec<judge::Candidate>),
}

/// A prepared rule of some kind. Preparing has validated the specification, so `run` meets only the visit.
pub trait Check: Send + Sync {
    fn run(&self, subject: &Subject<'_>) -> Outcome;

    /// The obligations that the rule puts on this visit; only `deadline` has any.
    fn duties(&self, _subject: &Subject<'_>) -> Vec<Duty> {
        Vec::new()
    }

    /// Whether words of such a document can be what the rule finds; a rule that never quotes them is left out while they are written.
    fn quotes(&self, _kind: DocumentKind) -> bool {
        true
    }
}

/// The `[check]` table: what kind of rule it is, and that kind's own schema.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CheckSpec {
    Required(required::Required),
    Deadline(deadline::Deadline),
    Sequence(sequence::Sequence),
    Pattern(pattern::Pattern),
    Conflict(conflict::Conflict),
    Agree(agree::Agree),
    Support(support::Support),
    Response(response::Response),
    Copy(copy::Copy),
    Range(range::Range),
    Judge(judge::Judge),
    Suspect(suspect::Suspect),
    Expression(expression::Expression),
}

impl CheckSpec {
    /// Validates and compiles; the error says what is wrong in the words of the rule file.
    pub fn prepare(&self, knowledge: &Knowledge) -> Result<Box<dyn Check>, SpecError> {
        match self {
            CheckSpec::Required(spec) => spec.prepare(knowledge),
            CheckSpec::Deadline(spec) => spec.prepare(knowledge),
            CheckSpec::Sequence(spec) => spec.prepare(knowledge),
            CheckSpec::Pattern(spec) => spec.prepare(knowledge),
            CheckSpec::Conflict(spec) => spec.prepare(knowledge),
            CheckSpec::Agree(spec) => spec.prepare(knowledge),
            CheckSpec::Support(spec) => spec.prepare(knowledge),
            CheckSpec::Response(spec) => spec.prepare(knowledge),
            CheckSpec::Copy(spec) => spec.prepare(knowledge),
            CheckSpec::Range(spec) => spec.prepare(knowledge),
            CheckSpec::Judge(spec) => spec.prepare(knowledge),
            CheckSpec::Suspect(spec) => spec.prepare(knowledge),
            CheckSpec::Expression(spec) => spec.prepare(knowledge),
        }
    }

    /// Whether the language model decides.
    pub fn asks_the_model(&self) -> bool {
        matches!(self, CheckSpec::Judge(_) | CheckSpec::Suspect(_))
    }

    /// The kind's name as it is written in a rule file.
    pub fn kind(&self) -> &'static str {
        match self {
            CheckSpec::Required(_) => "required",
            CheckSpec::Deadline(_) => "deadline",
            CheckSpec::Sequence(_) => "sequence",
            CheckSpec::Pattern(_) => "pattern",
            CheckSpec::Conflict(_) => "conflict",
            CheckSpec::Agree(_) => "agree",
            CheckSpec::Support(_) => "support",
            CheckSpec::Response(_) => "response",
            CheckSpec::Copy(_) => "copy",
            CheckSpec::Range(_) => "range",
            CheckSpec::Judge(_) => "judge",
            CheckSpec::Suspect(_) => "suspect",
            CheckSpec::Expression(_) => "expression",
        }
    }
}

/// A mistake in a `[check]` table: the word to look for in the file, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecError {
    pub word: String,
    pub text: String,
}

impl SpecError {
    pub fn new(word: impl Into<String>, text: impl Into<String>) -> Self {
        Self { word: word.into(), text: text.into() }
    }
}
