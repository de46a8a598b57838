//! What a note says of temperature and pulse, against the rows of the chart around its time.

use std::sync::Arc;

use super::super::{DataEvidence, Hit, Subject};
use super::{Prepared, hit};
use crate::reading::text::Span;
use crate::reading::{Assertion, Experiencer, Passage};
use crate::record::time;

/// Hours around a note in which every row must contradict 体温正常, and those around a value.
const HOURS_OF_WORDS: i64 = 4;
const HOURS_OF_VALUES: i64 = 2;

/// From this temperature on nobody calls it normal.
const FEVER: f64 = 38.0;

/// Words of the sentence by which it speaks of another moment than the note's.
const OTHER_MOMENT: [&str; 25] = [
    "现",
    "目前",
    "退",
    "降",
    "后",
    "复测",
    "复查",
    "昨",
    "夜",
    "最高",
    "峰",
    "曾",
    "波动",
    "入院时",
    "前",
    "此时",
    "刻下",
    "查房时",
    "今晨",
    "晨起",
    "午",
    "近",
    "当时",
    "时测",
    "已",
];

/// One value of the chart.
struct Row {
    at: jiff::civil::DateTime,
    value: f64,
    evidence: DataEvidence,
}

impl Prepared {
    pub(super) fn chart(&self, subject: &Subject<'_>) -> Result<Vec<Hit>, String> {
        let chart = subject.visit.vitals.as_deref().ok_or("未提供体温单")?;
        type Value = fn(&crate::record::Vitals) -> Option<f64>;
        let rows = |name: &str, unit: &str, value: Value| -> Vec<Row> {
            let timed = chart.iter().enumerate().filter_map(|(index, row)| Some((index, row.at.filter(|at| at.has_time())?, value(row)?)));
            let row = |(index, at, value): (usize, crate::record::Instant, f64)| Row {
                at: at.earliest(),
                value,
                evidence: DataEvidence { path: format!("/vitals/{index}"), label: format!("体温单 {at} {name}{value}{unit}") },
            };
            timed.map(row).collect()
        };
        let temperatures = rows("体温", "℃", |row| row.temperature);
        let pulses = rows("脉搏", "次/分", |row| row.pulse);
        let mut hits = Vec::new();
        for document in self.places.documents(subject) {
            let Some(at) = document.time.filter(|at| at.has_time()).map(|at| at.earliest()) else { continue };
            let near = |rows: &'_ [Row], hours: i64| -> Vec<usize> {
                (0..rows.len()).filter(|index| time::minutes_between(rows[*index].at, at).abs() <= hours * 60).collect()
            };
            let fevered = near(&temperatures, HOURS_OF_WORDS);
            // A fever that came after the note was written contradicts nothing.
            let fever = fevered.iter().all(|index| temperatures[*index].value >= FEVER)
                && fevered.iter().any(|index| temperatures[*index].at <= at);
            let told = self.places.passages_of(document).any(|passage| tells_of_fever(subject, passage));
            for passage in self.places.passages_of(document) {
                if fever
                    && !told
                    && let Some(span) = said_normal(subject, passage)
                {
                    let mut found = hit(passage, span, Vec::new());
                    found.data.extend(fevered.iter().map(|index| temperatures[*index].evidence.clone()));
                    hits.push(found);
                    continue;
                }
                for (concepts, rows, far) in [(["体温"].as_slice(), &temperatures, 1.5), (["脉搏", "心率"].as_slice(), &pulses, 40.0)]
                {
                    let around = near(rows, HOURS_OF_VALUES);
                    let Some((span, value)) = stated(subject, passage, concepts) else { continue };
                    if !around.is_empty() && around.iter().all(|index| (rows[*index].value - value).abs() >= far) {
                        let mut found = hit(passage, span, Vec::new());
                        found.data.extend(around.iter().map(|index| rows[*index].evidence.clone()));
                        hits.push(found);
                    }
                }
            }
        }
        Ok(hits)
    }
}

/// No word of the sentence so far speaks of another moment.
pub(in crate::rules) fn speaks_of_now(passage: &Passage, span: Span) -> bool {
    let clause = passage.clauses.iter().find(|clause| clause.contains(span)).copied().unwrap_or(span);
    let sentence = passage.sentence_of(span);
    let before = &passage.text.as_str()[sentence.start as usize..clause.end as usize];
    !OTHER_MOMENT.iter().any(|word| before.contains(word))
}

/// 体温正常 or a denied fever, said of now.
fn said_normal(subject: &Subject<'_>, passage: &Arc<Passage>) -> Option<Span> {
    const NORMAL: [&str; 5] = ["体温正常", "体温不高", "体温平稳", "体温在正常范围", "体温无异常"];
    let text = passage.text.as_str();
    let words = NORMAL.iter().find_map(|word| text.find(word).map(|at| Span::new(at, at + word.len())));
    let fever = subject.knowledge.lexicon().id("发热");
    let denied = || {
        let absent = |mention: &&crate::reading::Mention| {
            Some(mention.concept) == fever && mention.assertion == Assertion::Absent && mention.experiencer == Experiencer::Patient
        };
        passage
            .mentions
            .iter()
            .find(absent)
            .map(|mention| passage.clauses.iter().find(|clause| clause.contains(mention.span)).copied().unwrap_or(mention.span))
    };
    words.or_else(denied).filter(|span| speaks_of_now(passage, *span))
}

/// A fever is told somewhere in the note, in words or as a value.
fn tells_of_fever(subject: &Subject<'_>, passage: &Passage) -> bool {
    let fever = subject.knowledge.lexicon().id("发热");
    let in_words = passage.mentions.iter().any(|mention| Some(mention.concept) == fever && mention.assertion != Assertion::Absent);
    in_words || passage.measures.iter().any(|measure| measure.unit.as_ref() == "℃" && measure.value >= 37.5)
}

/// The only value that the passage gives one of the concepts, where it speaks of now.
fn stated(subject: &Subject<'_>, passage: &Passage, concepts: &[&str]) -> Option<(Span, f64)> {
    let ids: Vec<_> = concepts.iter().filter_map(|name| subject.knowledge.lexicon().id(name)).collect();
    let mut values = passage.mentions.iter().filter(|mention| ids.contains(&mention.concept)).filter_map(|mention| {
        let measure = passage.measures.get(mention.measure? as usize)?;
        Some((mention, measure))
    });
    let (mention, measure) = values.next()?;
    let span = mention.span.cover(measure.span);
    let plain = mention.assertion == Assertion::Present && mention.time.is_none() && !mention.quoted && measure.second.is_none();
    // Several different values are a course of the day, and the first may be of any hour.
    let only = values.all(|(_, other)| (other.value - measure.value).abs() < 0.05);
    (plain && only && speaks_of_now(passage, span)).then_some((span, measure.value))
}
