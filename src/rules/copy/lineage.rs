//! Where a passage comes from: the earlier text of the same visit that it was copied from, and what was changed between.

use std::sync::Arc;

use super::super::Subject;
use super::super::places::Places;
use super::align::{Edit, Run, copied_share, counterpart, edits, runs_among};
use crate::reading::letters::{SHINGLE, Shingles, shingle_hash};
use crate::reading::text::Span;
use crate::reading::{DocumentReading, Passage};

/// Earlier passages that are looked at, the nearest first: nobody copies from further back than the last month of notes.
const MOST_EARLIER: usize = 40;

/// Every how many letters a shingle is tried before two passages are compared letter by letter.
const STEP: usize = 4;

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
    pub runs: Vec<Run>,
    /// Share of the later passage that was taken over.
    pub share: f64,
}

impl Lineage<'_> {
    /// Where words of the later passage stand in the earlier one, where they were copied in one piece.
    pub fn source_of(&self, span: Span) -> Option<Span> {
        let range = self.later.passage.letters().range(span)?;
        counterpart(&self.runs, range).map(|range| self.earlier.passage.letters().span(range))
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
    let mut placed: Vec<Placed<'s>> = Vec::new();
    for document in &subject.reading.documents {
        // Without a day nothing can be said to be out of date.
        if document.time.is_none() {
            continue;
        }
        let long_enough = |passage: &&Arc<Passage>| passage.letters().chars.len() >= min_chars;
        placed.extend(places.passages_of(document).filter(long_enough).map(|passage| Placed { document, passage }));
    }
    let day = |placed: &Placed<'_>| placed.document.time.map(|time| time.earliest());
    placed.sort_by_key(|placed| (day(placed), placed.document.index));
    let mut found = Vec::new();
    let asked = |later: &Placed<'_>| subject.is_wanted(later.document) && holds(later.passage);
    for (index, later) in placed.iter().enumerate().filter(|(_, later)| asked(later)) {
        let letters = later.passage.letters();
        let tried: Vec<u64> = letters.chars.windows(SHINGLE).step_by(STEP).map(shingle_hash).collect();
        // A copy in pieces has fewer whole shingles than letters in common.
        let least = threshold / 4.0 * tried.len() as f64;
        let may_be = |shingles: &Shingles| tried.iter().filter(|shingle| shingles.contains(**shingle)).count() as f64 >= least;
        let earlier = placed[..index].iter().rev().filter(|earlier| earlier.document.index != later.document.index).take(MOST_EARLIER);
        let mut best: Option<Lineage<'s>> = None;
        for candidate in earlier.filter(|earlier| may_be(earlier.passage.shingles())) {
            let runs = runs_among(&candidate.passage.letters().chars, candidate.passage.shingles(), &letters.chars);
            let share = copied_share(&runs, letters.chars.len());
            // Of equal ones the nearest: a copy of a copy has its parent.
            if share >= threshold && best.as_ref().is_none_or(|best| share > best.share + 1e-9) {
                best = Some(Lineage { later: *later, earlier: *candidate, runs, share });
            }
        }
        found.extend(best);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::super::{Knowledge, Phase};
    use super::*;
    use crate::data::DataFolder;
    use crate::record::{Document, DocumentKind, Instant, Visit};

    #[test]
    fn a_note_is_traced_to_the_nearest_of_equal_sources_with_what_was_changed() {
        let knowledge = Knowledge::load(&DataFolder::embedded()).unwrap_or_else(|problems| panic!("{problems:?}"));
        let texts = [
            "患者精神可,诉咳嗽较前减轻,痰少,双肺呼吸音粗,右下肺可闻及少许湿啰音,继续抗感染治疗。",
            "患者精神可,诉咳嗽较前减轻,痰少,双肺呼吸音粗,右下肺可闻及少许湿啰音,继续抗感染治疗。",
            "今日行支气管镜检查,过程顺利,术后安返病房,嘱禁食水两小时,观察有无咯血及呼吸困难。",
            "患者精神可,诉咳嗽较前减轻,痰少,双肺呼吸音粗,左下肺可闻及少许湿啰音,继续抗感染治疗。",
        ];
        let note = |(day, text): (usize, &&str)| Document {
            id: format!("d{day}"),
            kind: Some(DocumentKind::DailyCourse),
            event_at: Some(Instant::minute(jiff::civil::date(2026, 3, 3 + day as i8).at(9, 0, 0, 0))),
            text: Some((*text).to_owned()),
            ..Document::default()
        };
        let mut documents: Vec<Document> = texts.iter().enumerate().map(note).collect();
        // The order in which the documents were sent says nothing.
        documents.reverse();
        let visit = Visit { visit_id: "V".to_owned(), documents, ..Visit::default() };
        let reading = knowledge.reader.read(&visit);
        let at = jiff::civil::date(2026, 3, 9).at(0, 0, 0, 0);
        let subject = Subject::of(&visit, &reading, &knowledge, at, Phase::Terminal);
        let places = Places::parse(&["日常病程"], knowledge.documents()).expect("a group");
        let found = lineages(&subject, &places, 0.6, 20, |_| true);
        let pair = |lineage: &Lineage<'_>| [lineage.earlier, lineage.later].map(|placed| visit.documents[placed.document.index].id.clone());
        let pairs: Vec<_> = found.iter().map(pair).collect();
        assert_eq!(pairs, [["d0", "d1"], ["d1", "d3"]]);
        assert!(found[0].edits().is_empty() && (found[0].share - 1.0).abs() < 1e-9);
        let edit = &found[1].edits()[0];
        assert_eq!(found[1].earlier.passage.letters().chars[edit.earlier.clone()], ['右']);
        assert_eq!(found[1].later.passage.letters().chars[edit.later.clone()], ['左']);
    }
}
