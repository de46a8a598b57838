//! The side of an act, as a summary tells it, against the record of the day on which it was done.

use super::super::{Hit, Role, Subject, around};
use super::text::bare_sides;
use super::{Prepared, piece};
use crate::reading::{Assertion, DocumentReading, Experiencer, Mention, Passage, TimeValue};
use crate::record::{DocumentKind, Side};

impl Prepared {
    /// `08-05拔除左颈内静脉导管`: the records of that day name the same part on the other side only.
    pub(super) fn dated_side(&self, subject: &Subject<'_>) -> Vec<Hit> {
        let mut hits = Vec::new();
        for passage in self.places.passages(subject) {
            for mention in passage.mentions.iter().filter(|mention| is_told(mention) && !is_finding(passage, mention)) {
                let Some(side) = mention.side.filter(|side| *side != Side::Both) else { continue };
                let Some((month, day)) = day_before(passage, mention) else { continue };
                let of_that_day = self
                    .against
                    .documents(subject)
                    .filter(|document| document.time.is_some_and(|at| (at.date().month(), at.date().day()) == (month as i8, day as i8)));
                let recorded: Vec<_> = of_that_day
                    .flat_map(|document| self.against.passages_of(document))
                    .filter(|other| !is_removal(passage, mention) || REMOVED.iter().any(|word| other.text.as_str().contains(word)))
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

/// Operations on either side, one after the other: their papers name one side each, and rightly so.
pub(in crate::rules) fn operates_on_both_sides(subject: &Subject<'_>) -> bool {
    let of_name = |name: &str| {
        let sides = bare_sides(name);
        let only = |letter: &str| !sides.is_empty() && sides.iter().all(|(_, side)| *side == letter);
        if only("左") { Some(Side::Left) } else { only("右").then_some(Side::Right) }
    };
    let rows = subject.visit.operations.iter().flatten();
    let of_rows = rows.filter_map(|row| row.side.or_else(|| row.name.as_deref().and_then(of_name)));
    let records = subject.reading.documents.iter().filter(|document| document.kind == DocumentKind::OperationRecord);
    // The title of a record, or the line that names its operation.
    let of_record = |document: &DocumentReading| {
        let named = document.passages.iter().filter(|passage| passage.section.as_ref() == "手术名称");
        of_name(&document.title).or_else(|| named.filter_map(|passage| of_name(passage.text.as_str())).next())
    };
    let of_records: Vec<Side> = records.filter_map(of_record).collect();
    let of_rows: Vec<Side> = of_rows.collect();
    let both = |sides: &[Side]| sides.contains(&Side::Left) && sides.contains(&Side::Right);
    both(&of_rows) || both(&of_records)
}

fn is_told(mention: &Mention) -> bool {
    mention.experiencer == Experiencer::Patient && matches!(mention.assertion, Assertion::Present | Assertion::Past) && !mention.quoted
}

const STOPS: [char; 4] = [',', '。', ';', '\n'];

/// 超声示左股静脉血栓, 诉左膝疼痛, 因左股动脉闭塞行造影: what was found or why, not what was done.
fn is_finding(passage: &Passage, mention: &Mention) -> bool {
    let at = mention.span.start as usize;
    let said = &passage.text.as_str()[around::start_of(passage.text.as_str(), at, &STOPS)..at];
    let since_act = said.rsplit('行').next().unwrap_or(said);
    ["示", "诉", "回报", "因"].iter().any(|word| since_act.contains(word))
}

const REMOVED: [&str; 3] = ["拔", "取出", "取除"];

/// 拔除左颈内静脉导管: only a record of a removal can be of the same act.
fn is_removal(passage: &Passage, mention: &Mention) -> bool {
    let said = around::stretch(passage.text.as_str(), mention.span, &STOPS);
    REMOVED.iter().any(|word| said.contains(word))
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
