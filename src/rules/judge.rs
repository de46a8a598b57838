//! `judge`: a statement that the language model verifies on a passage that rules chose.
//!
//! ```toml
//! [check]
//! kind      = "judge"
//! statement = "查房意见是套话,换到别的病人身上同样成立"     # what is true of a passage with the defect
//! within    = ["上级医师查房记录"]
//! unit      = "document"                # section (default) | sentence | document
//! candidate = { words = ["查房"] }       # only these are judged; without it all are
//! against   = ["入院记录/现病史"]         # text that is read with it, for statements about two texts
//! ```
//! The rule's own cases teach its head: at least a dozen hits and a dozen passes in varied wording. A case proves here that its passage reaches
//! the model; whether the model judges it rightly is measured when the head is fitted.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::finder::{Find, Finder, first_in};
use super::places::Places;
use super::{Check, Evidence, Knowledge, Outcome, Role, SpecError, Subject};
use crate::reading::text::Span;
use crate::reading::{DocumentReading, Passage};
use crate::record::DocumentKind;

/// Why a rule was skipped where no model took part.
pub const NEEDS_MODEL: &str = "需要语言模型";

/// Fewer cases of a kind than this teach nothing.
pub const LEAST_CASES: usize = 12;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judge {
    pub statement: String,
    pub within: Vec<String>,
    #[serde(default)]
    pub unit: Unit,
    #[serde(default)]
    pub candidate: Find,
    /// A unit that holds this is right without asking the model.
    #[serde(default)]
    pub unless: Find,
    /// Units with fewer characters are passed over.
    #[serde(default)]
    pub at_least_chars: usize,
    #[serde(default)]
    pub against: Vec<String>,
    /// Of what the model flags at least this share must be right on cases that it has not seen; a head below it stays silent.
    #[serde(default = "nine_of_ten")]
    pub precision: f64,
}

fn nine_of_ten() -> f64 {
    0.9
}

/// How much text is judged at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    #[default]
    Section,
    Sentence,
    Document,
}

/// Text for the model to judge.
#[derive(Debug, Clone)]
pub struct Candidate {
    pub text: String,
    /// What it is read with; empty unless the rule says `against`.
    pub against: String,
    /// Where both stand.
    pub evidence: Vec<Evidence>,
}

struct Prepared {
    spec: Judge,
    places: Places,
    against: Option<Places>,
    candidate: Finder,
    unless: Finder,
}

impl Judge {
    pub fn prepare(&self, knowledge: &Knowledge) -> Result<Box<dyn Check>, SpecError> {
        if self.statement.trim().is_empty() {
            return Err(SpecError::new("statement", "say what is true of a passage with the defect"));
        }
        if !(0.5..1.0).contains(&self.precision) {
            return Err(SpecError::new("precision", "precision lies between 0.5 and 1"));
        }
        let places = |word: &str, names: &[String]| Places::parse(names, knowledge.documents()).map_err(|text| SpecError::new(word, text));
        Ok(Box::new(Prepared {
            places: places("within", &self.within)?,
            against: if self.against.is_empty() { None } else { Some(places("against", &self.against)?) },
            candidate: self.candidate.prepare(knowledge)?,
            unless: self.unless.prepare(knowledge)?,
            spec: self.clone(),
        }))
    }
}

impl Check for Prepared {
    fn quotes(&self, kind: DocumentKind) -> bool {
        self.places.names_kind(kind)
    }

    fn run(&self, subject: &Subject<'_>) -> Outcome {
        let candidates = self.candidates(subject);
        if candidates.is_empty() { Outcome::Ran(Vec::new()) } else { Outcome::Asks(candidates) }
    }
}

/// One unit: its text, and where it stands.
struct Piece {
    text: String,
    evidence: Vec<Evidence>,
}

impl Prepared {
    fn candidates(&self, subject: &Subject<'_>) -> Vec<Candidate> {
        let against = match &self.against {
            None => Piece { text: String::new(), evidence: Vec::new() },
            Some(places) => {
                let passages: Vec<&Arc<Passage>> = places.passages(subject).collect();
                if passages.is_empty() {
                    return Vec::new();
                }
                whole(&passages, Role::Against)
            }
        };
        let pieces = self.places.documents(subject).flat_map(|document| self.units(document));
        let candidate = |piece: Piece| Candidate {
            text: piece.text,
            against: against.text.clone(),
            evidence: piece.evidence.into_iter().chain(against.evidence.iter().cloned()).collect(),
        };
        pieces.map(candidate).collect()
    }

    /// The units of one document that are left to the model.
    fn units(&self, document: &DocumentReading) -> Vec<Piece> {
        let passages = self.places.passages_of(document);
        match self.spec.unit {
            Unit::Document => {
                let passages: Vec<&Arc<Passage>> = passages.collect();
                let wanted = self.spec.candidate.is_empty() || passages.iter().any(|passage| self.candidate.matches(passage));
                let right = !self.spec.unless.is_empty() && passages.iter().any(|passage| self.unless.matches(passage));
                let whole = (wanted && !right).then(|| whole(&passages, Role::This));
                whole.filter(|piece| self.is_long_enough(&piece.text)).into_iter().collect()
            }
            Unit::Section => passages
                .filter(|passage| self.spec.candidate.is_empty() || self.candidate.matches(passage))
                .filter(|passage| self.spec.unless.is_empty() || !self.unless.matches(passage))
                .map(|passage| whole(&[passage], Role::This))
                .filter(|piece| self.is_long_enough(&piece.text))
                .collect(),
            Unit::Sentence => passages.flat_map(|passage| self.sentences(passage)).collect(),
        }
    }

    fn sentences(&self, passage: &Arc<Passage>) -> Vec<Piece> {
        let (candidates, excuses) = (self.candidate.find(passage), self.unless.find(passage));
        let wanted = |sentence: &&Span| {
            (self.spec.candidate.is_empty() || first_in(&candidates, **sentence).is_some()) && first_in(&excuses, **sentence).is_none()
        };
        let sentences = passage.sentences.iter().filter(wanted);
        let piece = |sentence: &Span| Piece {
            text: passage.text.slice(*sentence).to_owned(),
            evidence: vec![Evidence { passage: Arc::clone(passage), span: *sentence, role: Role::This }],
        };
        sentences.map(piece).filter(|piece| self.is_long_enough(&piece.text)).collect()
    }

    fn is_long_enough(&self, text: &str) -> bool {
        text.chars().filter(|character| !character.is_whitespace()).nth(self.spec.at_least_chars.saturating_sub(1)).is_some()
    }
}

/// Whole passages under each other; quoted without the white space around them.
fn whole(passages: &[&Arc<Passage>], role: Role) -> Piece {
    let texts: Vec<&str> = passages.iter().map(|passage| passage.text.as_str()).collect();
    let evidence = passages.iter().filter_map(|passage| {
        let text = passage.text.as_str();
        let start = text.len() - text.trim_start().len();
        let end = start + text.trim().len();
        (start < end).then(|| Evidence { passage: Arc::clone(passage), span: Span::new(start, end), role })
    });
    Piece { text: texts.join("\n"), evidence: evidence.collect() }
}
