//! Where a passage comes from: the earlier text of the same visit that it was copied from, and what was changed between.

use std::sync::Arc;

use super::super::Subject;
use super::super::places::Places;
use super::align::{Edit, Letters, Run, copied_share, counterpart, edits, runs};
use crate::reading::text::Span;
use crate::reading::{DocumentReading, Passage};

/// Earlier passages that are looked at, the nearest first: nobody copies from further back than the last month of notes.
const MOST_EARLIER: usize = 40;

/// A passage and the document that it stands in.
#[derive(Clone, Copy)]
pub struct Placed<'s> {
    pub document: &'s DocumentReading,
    pub passage: &'s Arc<Passage>,
}

/// A passage and the one that it was copied from.
pub struct Lineage<'s> {
    pub later: Placed<'s>,
    pub earlier: Placed<'s>,
    pub later_letters: Letters,
    pub earlier_letters: Letters,
    pub runs: Vec<Run>,
    /// Share of the later passage that was taken over.
    pub share: f64,
}

impl Lineage<'_> {
    /// Where words of the later passage stand in the earlier one, where they were copied in one piece.
    pub fn source_of(&self, span: Span) -> Option<Span> {
        let range = self.later_letters.range(span)?;
        counterpart(&self.runs, range).map(|range| self.earlier_letters.span(range))
    }

    /// What was changed inside the copy.
    pub fn edits(&self) -> Vec<Edit> {
        edits(&self.runs)
    }
}

/// The lineage of every passage of the places that `holds` something worth asking after, where it took over at least `threshold` of its letters.
pub fn lineages<'s>(
    subject: &Subject<'s>,
    places: &Places,
    threshold: f64,
    min_chars: usize,
    holds: impl Fn(&Passage) -> bool,
) -> Vec<Lineage<'s>> {
    let mut placed: Vec<(Placed<'s>, Letters)> = Vec::new();
    for document in &subject.reading.documents {
        // Without a day nothing can be said to be out of date.
        if document.time.is_none() {
            continue;
        }
        for passage in places.passages_of(document) {
            let letters = Letters::of(passage.text.as_str());
            if letters.chars.len() >= min_chars {
                placed.push((Placed { document, passage }, letters));
            }
        }
    }
    let day = |placed: &Placed<'_>| placed.document.time.map(|time| time.earliest());
    placed.sort_by_key(|(placed, _)| (day(placed), placed.document.index));
    let mut found = Vec::new();
    for (index, (later, letters)) in placed.iter().enumerate().filter(|(_, (later, _))| holds(later.passage)) {
        let earlier = placed[..index].iter().rev().filter(|(earlier, _)| earlier.document.index != later.document.index).take(MOST_EARLIER);
        let mut best: Option<Lineage<'s>> = None;
        for (candidate, earlier_letters) in earlier {
            let runs = runs(&earlier_letters.chars, &letters.chars);
            let share = copied_share(&runs, letters.chars.len());
            // Of equal ones the nearest: a copy of a copy has its parent.
            if share >= threshold && best.as_ref().is_none_or(|best| share > best.share + 1e-9) {
                best = Some(Lineage {
                    later: *later,
                    earlier: *candidate,
                    later_letters: letters.clone(),
                    earlier_letters: earlier_letters.clone(),
                    runs,
                    share,
                });
            }
        }
        found.extend(best);
    }
    found
}
