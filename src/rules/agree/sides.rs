//! The side of an act, as a summary tells it, against the record of the day on which it was done.

use super::super::{Hit, Role, Subject};
use super::{Prepared, piece};
use crate::reading::{Assertion, Experiencer, Mention, Passage, TimeValue};
use crate::record::Side;

impl Prepared {
    /// `08-05拔除左颈内静脉导管`: the records of that day name the same part on the other side only.
    pub(super) fn dated_side(&self, subject: &Subject<'_>) -> Vec<Hit> {
        let mut hits = Vec::new();
        for passage in self.places.passages(subject) {
            for mention in passage.mentions.iter().filter(|mention| is_told(mention)) {
                let Some(side) = mention.side.filter(|side| *side != Side::Both) else { continue };
                let Some((month, day)) = day_before(passage, mention) else { continue };
                let of_that_day = self
                    .against
                    .documents(subject)
                    .filter(|document| document.time.is_some_and(|at| (at.date().month(), at.date().day()) == (month as i8, day as i8)));
                let recorded: Vec<_> = of_that_day
                    .flat_map(|document| self.against.passages_of(document))
                    .flat_map(|other| other.mentions.iter().map(move |said| (other, said)))
                    .filter(|(_, said)| said.concept == mention.concept && is_told(said) && said.side.is_some())
                    .collect();
                let other_only = |(_, said): &(_, &Mention)| said.side.is_some_and(|said| said != side && said != Side::Both);
                if let Some((other, said)) = recorded.first().filter(|_| recorded.iter().all(other_only)) {
                    hits.push(Hit {
                        evidence: vec![piece(passage, mention.span, Role::This), piece(other, said.span, Role::Against)],
                        slots: vec![("stated", side.chinese().to_owned())],
                        ..Hit::default()
                    });
                }
            }
        }
        hits
    }
}

fn is_told(mention: &Mention) -> bool {
    mention.experiencer == Experiencer::Patient && matches!(mention.assertion, Assertion::Present | Assertion::Past) && !mention.quoted
}

/// Month and day of the date that the sentence names last before the mention.
fn day_before(passage: &Passage, mention: &Mention) -> Option<(u8, u8)> {
    let sentence = passage.sentence_of(mention.span);
    let mut before = passage.times.iter().filter(|time| time.span.start >= sentence.start && time.span.end <= mention.span.start);
    match before.next_back()?.value {
        TimeValue::Date(date) => Some((date.month?, date.day?)),
        _ => None,
    }
}
