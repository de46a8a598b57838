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

use serde::{Deserialize, Serialize};

use super::finder::{Find, Finder, first_in};
use super::places::Places;
use super::{Check, Knowledge, Outcome, SpecError, Subject};
use crate::reading::text::Span;
use crate::reading::{DocumentReading, Passage};
use crate::record::DocumentKind;

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub text: String,
    /// What it is read with; empty unless the rule says `against`.
    pub against: String,
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
        if self.candidates(subject).is_empty() { Outcome::Ran(Vec::new()) } else { Outcome::Skipped("需要语言模型".to_owned()) }
    }

    fn candidates(&self, subject: &Subject<'_>) -> Vec<Candidate> {
        let against = match &self.against {
            None => String::new(),
            Some(places) => {
                let texts: Vec<&str> = places.passages(subject).map(|passage| passage.text.as_str()).collect();
                if texts.is_empty() {
                    return Vec::new();
                }
                texts.join("\n")
            }
        };
        let units = self.places.documents(subject).flat_map(|document| self.units(document));
        units.map(|text| Candidate { text, against: against.clone() }).collect()
    }
}

impl Prepared {
    /// The units of one document that are left to the model.
    fn units(&self, document: &DocumentReading) -> Vec<String> {
        let passages = self.places.passages_of(document);
        match self.spec.unit {
            Unit::Document => {
                let passages: Vec<_> = passages.collect();
                let whole: Vec<&str> = passages.iter().map(|passage| passage.text.as_str()).collect();
                let wanted = self.spec.candidate.is_empty() || passages.iter().any(|passage| self.candidate.matches(passage));
                let right = !self.spec.unless.is_empty() && passages.iter().any(|passage| self.unless.matches(passage));
                let whole = whole.join("\n");
                if wanted && !right && self.is_long_enough(&whole) { vec![whole] } else { Vec::new() }
            }
            Unit::Section => passages
                .filter(|passage| self.spec.candidate.is_empty() || self.candidate.matches(passage))
                .filter(|passage| self.spec.unless.is_empty() || !self.unless.matches(passage))
                .map(|passage| passage.text.as_str().to_owned())
                .filter(|text| self.is_long_enough(text))
                .collect(),
            Unit::Sentence => passages.flat_map(|passage| self.sentences(passage)).collect(),
        }
    }

    fn sentences(&self, passage: &Passage) -> Vec<String> {
        let (candidates, excuses) = (self.candidate.find(passage), self.unless.find(passage));
        let wanted = |sentence: &&Span| {
            (self.spec.candidate.is_empty() || first_in(&candidates, **sentence).is_some()) && first_in(&excuses, **sentence).is_none()
        };
        let sentences = passage.sentences.iter().filter(wanted);
        sentences.map(|sentence| passage.text.slice(*sentence).to_owned()).filter(|text| self.is_long_enough(text)).collect()
    }

    fn is_long_enough(&self, text: &str) -> bool {
        let length = text.chars().filter(|character| !character.is_whitespace()).count();
        length > 0 && length >= self.spec.at_least_chars
    }
}
