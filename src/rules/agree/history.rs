//! Agreement inside the admission record: onset by complaint and by history, template findings against known deficits, differentials against sex.

use std::sync::Arc;

use super::super::{Hit, Role, Subject};
use super::{Prepared, piece};
use crate::reading::text::Span;
use crate::reading::{Assertion, Length, Passage, TimeValue};
use crate::record::Sex;

/// How far two onsets may differ: people count to the visit, to admission, or in round numbers.
const ROUNDING: f64 = 1.6;

impl Prepared {
    /// No length of the complaint fits any length of the history's beginning.
    pub(super) fn onset(&self, subject: &Subject<'_>) -> Vec<Hit> {
        let mut hits = Vec::new();
        for complaint in self.places.passages(subject) {
            let stated = lengths(complaint, complaint.text.as_str().len() as u32);
            // A vague length fits anything.
            if stated.is_empty() || stated.iter().any(|(length, _)| length.vague) {
                continue;
            }
            for history in self.against.passages(subject) {
                let Some(first) = history.sentences.first() else { continue };
                let opening = history.sentences.get(1).map_or(first.end, |second| second.end);
                let dated = history.times.iter().any(|time| {
                    time.span.start < opening
                        && matches!(time.value, TimeValue::Date(_) | TimeValue::RelativeDay { .. } | TimeValue::Clock { .. })
                });
                let told = lengths(history, opening);
                if dated || told.is_empty() || told.iter().any(|(length, _)| length.vague) {
                    continue;
                }
                let fits = |a: &Length, b: &Length| a.min_minutes <= b.max_minutes * ROUNDING && b.min_minutes <= a.max_minutes * ROUNDING;
                if !stated.iter().any(|(length, _)| told.iter().any(|(other, _)| fits(length, other))) {
                    hits.push(Hit {
                        evidence: vec![piece(complaint, stated[0].1, Role::This), piece(history, told[0].1, Role::Against)],
                        ..Hit::default()
                    });
                }
            }
        }
        hits
    }

    /// 四肢活动自如 although a limb is broken or paralysed.
    pub(super) fn limb_template(&self, subject: &Subject<'_>) -> Vec<Hit> {
        const NORMAL: [&str; 8] =
            ["四肢活动自如", "四肢无畸形", "四肢活动正常", "四肢肌力正常", "四肢肌力5级", "四肢肌力Ⅴ级", "脊柱四肢无畸形", "肢体活动自如"];
        const OTHER: [&str; 6] = ["余", "其余", "健侧", "患肢", "除", "外"];
        let lexicon = subject.knowledge.lexicon();
        let deficit = self.against.passages(subject).find_map(|passage| {
            let counts = |mention: &&crate::reading::Mention| {
                let limb_fracture = lexicon.is_a(mention.concept, "骨折")
                    && lexicon.concept(mention.concept).site.is_some_and(|site| lexicon.is_a(site, "四肢"));
                let paralysis = lexicon.is_a(mention.concept, "偏瘫") || lexicon.is_a(mention.concept, "截瘫");
                // The sentence last: it may be as long as the text.
                let old = || {
                    let sentence = passage.text.slice(passage.sentence_of(mention.span));
                    ["陈旧", "术后", "既往", "病史"].iter().any(|word| sentence.contains(word))
                };
                (limb_fracture || paralysis) && mention.assertion == Assertion::Present && !old()
            };
            passage.mentions.iter().find(counts).map(|mention| (passage, mention.span))
        });
        let Some((source, deficit)) = deficit else { return Vec::new() };
        let mut hits = Vec::new();
        for passage in self.places.passages(subject) {
            let text = passage.text.as_str();
            let found = NORMAL.iter().filter_map(|word| text.find(word).map(|at| Span::new(at, at + word.len()))).next();
            let Some(span) = found else { continue };
            let clause = passage.clauses.iter().find(|clause| clause.contains(span)).copied().unwrap_or(span);
            if !OTHER.iter().any(|word| passage.text.slice(clause).contains(word)) {
                hits.push(Hit {
                    evidence: vec![piece(passage, span, Role::This), piece(source, deficit, Role::Against)],
                    ..Hit::default()
                });
            }
        }
        hits
    }

    pub(super) fn sex_in_differential(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let sex = match subject.visit.patient.sex {
            Some(sex @ (Sex::Male | Sex::Female)) => sex,
            _ => return Err("未提供患者性别".to_owned()),
        };
        let lexicon = subject.knowledge.lexicon();
        let mut hits = Vec::new();
        for passage in self.places.passages(subject) {
            let wrong = passage.mentions.iter().find(|mention| {
                lexicon.is_a(mention.concept, "疾病") && lexicon.concept(mention.concept).sex.is_some_and(|wanted| wanted != sex)
            });
            if let Some(mention) = wrong {
                hits.push(Hit {
                    evidence: vec![piece(passage, mention.span, Role::This)],
                    slots: vec![("sex", sex.chinese().to_owned())],
                    ..Hit::default()
                });
            }
        }
        Ok(hits)
    }
}

/// Lengths of time (3天, 3天前) up to `end`.
fn lengths(passage: &Arc<Passage>, end: u32) -> Vec<(Length, Span)> {
    let of = |time: &crate::reading::TimeExpression| match time.value {
        TimeValue::Duration(length) | TimeValue::Ago { length, .. } => Some((length, time.span)),
        _ => None,
    };
    passage.times.iter().filter(|time| time.span.start < end).filter_map(of).collect()
}
