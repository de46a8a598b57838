//! Diagnoses that appear in a list without a word about them anywhere else.

use super::super::{Hit, Role, Subject, lists};
use super::{Prepared, piece};
use crate::reading::{Assertion, ConceptId};

/// Diagnoses that the course speaks of by a value: 血钾3.0mmol/L is 低钾血症.
const BY_VALUE: [&str; 8] = ["血症", "贫血", "紊乱", "异常", "减少", "增多", "中毒", "损害"];

impl Prepared {
    /// Only diagnoses that the lexicon knows count: of others nobody can say whether a note means them by another name.
    pub(super) fn new_diagnosis(&self, subject: &Subject<'_>) -> Vec<Hit> {
        let lexicon = subject.knowledge.lexicon();
        let elsewhere: Vec<_> = self.against.passages(subject).collect();
        if elsewhere.is_empty() {
            return Vec::new();
        }
        let mut said: Vec<ConceptId> = elsewhere.iter().flat_map(|other| &other.mentions).map(|mention| mention.concept).collect();
        said.sort_unstable();
        said.dedup();
        // One is the other, or a kind of it (肺炎 and 支气管肺炎).
        let related =
            |a: ConceptId, b: ConceptId| a == b || lexicon.is_a(a, &lexicon.concept(b).name) || lexicon.is_a(b, &lexicon.concept(a).name);
        let mut hits = Vec::new();
        for passage in self.places.passages(subject) {
            for (span, item) in lists::items(passage) {
                let named: Vec<ConceptId> = passage
                    .mentions
                    .iter()
                    .filter(|mention| span.contains(mention.span) && mention.assertion == Assertion::Present)
                    .map(|mention| mention.concept)
                    .filter(|id| lexicon.is_a(*id, "疾病"))
                    .collect();
                let spoken_of = || {
                    named.iter().any(|id| said.binary_search(id).is_ok())
                        || named.iter().any(|id| said.iter().any(|other| related(*id, *other)))
                        || elsewhere.iter().any(|other| other.text.as_str().contains(item))
                };
                let by_value = BY_VALUE.iter().any(|word| item.contains(word));
                if !named.is_empty() && !by_value && !spoken_of() {
                    hits.push(Hit {
                        evidence: vec![piece(passage, span, Role::This)],
                        searched: self.against.searched(subject),
                        slots: vec![("stated", item.to_owned())],
                        ..Hit::default()
                    });
                }
            }
        }
        hits
    }
}
