//! `suspect`: characters that look wrong, each with what was likely meant; the language model's counts of characters say so.
//!
//! ```toml
//! [check]
//! kind     = "suspect"
//! within   = ["*"]
//! at_least = 3.0        # how sure, as log-odds on text full of typos; notes of inpatients want more than what patients type
//! ```
//! A case proves here that its text reaches the model.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::judge::Candidate;
use super::places::Places;
use super::{Check, Evidence, Knowledge, Outcome, Role, SpecError, Subject};
use crate::reading::text::Span;
use crate::record::DocumentKind;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suspect {
    pub within: Vec<String>,
    pub at_least: f32,
}

struct Prepared {
    places: Places,
}

impl Suspect {
    pub fn prepare(&self, knowledge: &Knowledge) -> Result<Box<dyn Check>, SpecError> {
        if !self.at_least.is_finite() {
            return Err(SpecError::new("at_least", "log-odds are a number"));
        }
        let places = Places::parse(&self.within, knowledge.documents()).map_err(|text| SpecError::new("within", text))?;
        Ok(Box::new(Prepared { places }))
    }
}

impl Check for Prepared {
    fn quotes(&self, kind: DocumentKind) -> bool {
        self.places.names_kind(kind)
    }

    fn run(&self, subject: &Subject<'_>) -> Outcome {
        let candidate = |passage: &Arc<crate::reading::Passage>| {
            let text = passage.text.as_str();
            let span = Span::new(0, text.len());
            let evidence = vec![Evidence { passage: Arc::clone(passage), span, role: Role::This }];
            Candidate { text: text.to_owned(), against: String::new(), evidence }
        };
        let candidates: Vec<Candidate> = self.places.passages(subject).map(candidate).collect();
        if candidates.is_empty() { Outcome::Ran(Vec::new()) } else { Outcome::Asks(candidates) }
    }
}
