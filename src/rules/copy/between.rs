//! Copies between visits: from another patient, and from an earlier stay of the same one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::pattern::trimmed;
use super::super::{DataEvidence, Evidence, Hit, Role, Subject};
use super::align::{counterpart, runs};
use super::index::{CopyIndex, LEAST_CHARS, Match, Stay, Topic, likeness};
use super::traces::traces;
use super::{Prepared, Stale, percent};
use crate::reading::letters::{Letters, bare};
use crate::reading::text::Span;
use crate::reading::{Assertion, CalendarDate, DocumentReading, Passage, Reference, TimeUnit, TimeValue};
use crate::record::{Instant, time};

/// Copies that are named as evidence; how many there are is said in words.
const MOST_NAMED: usize = 5;
/// A quotation of another record shows what it is about, not the whole record.
const MOST_QUOTED: usize = 40;
/// Below equality it is for people to decide.
const SUSPECTED: f32 = 0.75;
/// Days by which a date in words known to be copied is no slip any more.
const DAYS_SLIPPED: f64 = 7.0;
/// Days between two stays after which an illness does not begin with the same days again.
const DAYS_APART: i64 = 15;

/// Another patient's record: what it says and when it was is not for those who treat this one.
fn of_another(found: &Match<'_>, topic: Topic) -> DataEvidence {
    let label = format!("另一患者(住院号{}){} {}", found.stay.masked_id(), found.title, topic.chinese());
    DataEvidence { path: String::new(), label }
}

/// The patient's own earlier record, with its beginning.
fn of_same(found: &Match<'_>, topic: Topic) -> DataEvidence {
    let stay = found.stay;
    let quote: String = found.text.chars().take(MOST_QUOTED).collect();
    let admitted = stay.admitted.map_or(String::new(), |at| format!(",{}入院", at.date()));
    DataEvidence {
        path: String::new(),
        label: format!("上次住院(住院号{}{admitted}){} {}「{quote}…」", stay.visit_id, found.title, topic.chinese()),
    }
}

impl Prepared {
    /// The passages of `within` that the index knows a topic for.
    fn topical<'s>(&self, subject: &Subject<'s>) -> Vec<(&'s DocumentReading, &'s Arc<Passage>, Topic)> {
        let passages =
            self.within.documents(subject).flat_map(|document| self.within.passages_of(document).map(move |passage| (document, passage)));
        let long = |passage: &Passage| bare(passage.text.as_str()).count() >= self.spec.min_chars;
        passages
            .filter(|(_, passage)| long(passage))
            .filter_map(|(document, passage)| Topic::of(document.kind, passage).map(|topic| (document, passage, topic)))
            .collect()
    }

    /// The same words for another patient: of the same department and disease, or with traces of that patient left in them.
    pub(super) fn patients(&self, subject: &Subject<'_>, history: &CopyIndex) -> Result<Vec<Hit>, String> {
        let own = Stay::of(subject.visit, subject.reading);
        if own.patient_id.is_none() {
            return Err("未提供患者编号".to_owned());
        }
        if own.admitted.is_none() {
            return Err("未提供入院时间".to_owned());
        }
        let mut hits = Vec::new();
        for (_, passage, topic) in self.topical(subject) {
            let text = passage.text.as_str();
            if self.spec.stale.is_empty() {
                hits.extend(self.shared(history, &own, passage, topic));
                continue;
            }
            let traces = traces(subject, passage, &self.spec.stale);
            if traces.is_empty() {
                continue;
            }
            let matches = history.similar(topic, text, self.spec.threshold, |stay| stay.is_earlier_of_another(&own));
            for found in &matches {
                let fitting: Vec<_> = traces.iter().filter(|trace| trace.fits(found.stay)).collect();
                if fitting.is_empty() {
                    continue;
                }
                let piece = |trace: &&super::traces::Trace| Evidence { passage: trace.passage.clone(), span: trace.span, role: Role::This };
                let mut data: Vec<DataEvidence> = fitting.iter().map(|trace| trace.own.clone()).collect();
                data.push(of_another(found, topic));
                let stated: Vec<_> = fitting.iter().map(|trace| trace.stated.clone()).collect();
                hits.push(Hit {
                    evidence: fitting.iter().map(piece).collect(),
                    data,
                    slots: vec![("similarity", percent(found.share)), ("stated", stated.join("、"))],
                    ..Hit::default()
                });
                break;
            }
        }
        Ok(hits)
    }

    /// What is left of the passage without the department's common sentences, when it stands word for word in other patients' records.
    fn shared(&self, history: &CopyIndex, own: &Stay, passage: &Arc<Passage>, topic: Topic) -> Option<Hit> {
        let department = own.department.as_deref()?;
        let text = passage.text.as_str();
        let words = history.own_words(department, text);
        let letters = Letters::of(&words).chars.len();
        if letters < self.spec.min_chars.max(LEAST_CHARS) {
            return None;
        }
        let matches = history.similar(topic, text, self.spec.threshold, |stay| stay.is_earlier_of_another(own) && stay.is_same_kind(own));
        let mut patients: BTreeMap<&str, (f64, &Match<'_>)> = BTreeMap::new();
        for found in &matches {
            let share = likeness(&words, &history.own_words(department, found.text));
            let Some(patient) = found.stay.patient_id.as_deref().filter(|_| share >= self.spec.threshold) else { continue };
            patients.entry(patient).or_insert((share, found));
        }
        let best = patients.values().map(|(share, _)| *share).fold(0.0, f64::max);
        if patients.len() < self.spec.at_least.max(1) {
            return None;
        }
        let mut named: Vec<&(f64, &Match<'_>)> = patients.values().collect();
        named.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.stay.visit_id.cmp(&b.1.stay.visit_id)));
        let data = named.iter().take(MOST_NAMED).map(|(_, found)| of_another(found, topic));
        Some(Hit {
            evidence: vec![Evidence { passage: passage.clone(), span: trimmed(passage), role: Role::This }],
            data: data.collect(),
            slots: vec![("similarity", percent(best)), ("stated", patients.len().to_string())],
            confidence: (best < 1.0).then_some(SUSPECTED),
            ..Hit::default()
        })
    }

    /// Words of the patient's own earlier stay that this one has outdated.
    pub(super) fn stays(&self, subject: &Subject<'_>, history: &CopyIndex) -> Result<Vec<Hit>, String> {
        let own = Stay::of(subject.visit, subject.reading);
        if own.patient_id.is_none() {
            return Err("未提供患者编号".to_owned());
        }
        let admitted = own.admitted.ok_or("未提供入院时间")?;
        let mut hits = Vec::new();
        for (document, passage, topic) in self.topical(subject) {
            let matches = history.similar(topic, passage.text.as_str(), self.spec.threshold, |stay| stay.is_earlier_of_same(&own));
            let Some(found) = matches.first() else { continue };
            let Some(before) = found.stay.admitted else { continue };
            let letters = Letters::of(passage.text.as_str());
            let runs = runs(&Letters::of(found.text).chars, &letters.chars);
            let copied = |span: Span| letters.range(span).and_then(|range| counterpart(&runs, range)).is_some();
            let mut spans: BTreeSet<(Span, String)> = BTreeSet::new();
            for kind in &self.spec.stale {
                match kind {
                    Stale::Date => spans.extend(outdated_dates(passage, admitted, DAYS_SLIPPED)),
                    Stale::DayCount => spans.extend(unchanged_counts(passage, topic, before, admitted)),
                    Stale::Value => spans.extend(outdated_vitals(subject, document, passage, admitted)),
                    _ => {}
                }
            }
            for (span, computed) in spans.into_iter().filter(|(span, _)| copied(*span)) {
                hits.push(Hit {
                    evidence: vec![Evidence { passage: passage.clone(), span, role: Role::This }],
                    data: vec![of_same(found, topic)],
                    slots: vec![
                        ("similarity", percent(found.share)),
                        ("stated", passage.text.quote(span).to_owned()),
                        ("computed", computed),
                    ],
                    ..Hit::default()
                });
            }
        }
        Ok(hits)
    }
}

/// `3天前(2024-11-02)` in a stay of 2026: a date beside a short time before this admission, off by more than `slip` days.
pub(super) fn outdated_dates(passage: &Passage, admitted: Instant, slip: f64) -> Vec<(Span, String)> {
    /// Bytes between the two.
    const BESIDE: u32 = 4;
    /// Days around the date in which a second one shows that an earlier illness is being told.
    const TOLD: i64 = 30;
    let full = |value: TimeValue| match value {
        TimeValue::Date(CalendarDate { year: Some(year), month: Some(month), day: Some(day), .. }) => {
            jiff::civil::Date::new(year, month as i8, day as i8).ok()
        }
        _ => None,
    };
    let mut found = Vec::new();
    for (index, pair) in passage.times.windows(2).enumerate() {
        let (ago, date) = match (pair[0].value, pair[1].value) {
            (TimeValue::Ago { length, .. }, date) | (date, TimeValue::Ago { length, .. }) => (length, full(date)),
            _ => continue,
        };
        let Some(date) = date.filter(|_| pair[1].span.start.saturating_sub(pair[0].span.end) <= BESIDE) else { continue };
        let text = passage.text.as_str();
        let between = &text[pair[0].span.end as usize..(pair[1].span.start as usize).max(pair[0].span.end as usize)];
        // 2天前(2025-12-01行肠癌术后), 末次化疗2025-12-20,1周前发热: the date is of an event of its own.
        let goes_on = matches!(pair[1].value, TimeValue::Date(_))
            && between.contains('(')
            && !text[pair[1].span.end as usize..].trim_start().starts_with(')');
        let comes_before = matches!(pair[0].value, TimeValue::Date(_)) && between.contains([',', '。', ';']);
        if goes_on || comes_before {
            continue;
        }
        let others = passage.times.iter().enumerate().filter(|(other, _)| *other != index && *other != index + 1);
        let told = others.filter_map(|(_, time)| full(time.value)).any(|other| time::days_between(other, date).abs() <= TOLD);
        let days = time::days_between(date, admitted.date()) as f64;
        let most = ago.max_minutes / 1440.0;
        if !told && !ago.vague && most <= 60.0 && days > most + slip {
            let span = pair[0].span.cover(pair[1].span);
            found.push((span, format!("{}入院时已过{days}天", admitted.date())));
        }
    }
    found
}

/// The same onset days before admission, or the same number of a course of chemotherapy, as in a stay long before.
fn unchanged_counts(passage: &Passage, topic: Topic, before: Instant, admitted: Instant) -> Vec<(Span, String)> {
    let apart = time::days_between(before.date(), admitted.date());
    if topic != Topic::History || apart < DAYS_APART {
        return Vec::new();
    }
    let text = passage.text.as_str();
    let computed = || format!("与{}入院时所写相同", before.date());
    let opening = passage.sentences.first().copied().unwrap_or(Span::new(0, 0));
    let mut found = Vec::new();
    for expression in &passage.times {
        let TimeValue::Ago { length, reference } = expression.value else { continue };
        let short =
            matches!(length.unit, TimeUnit::Minute | TimeUnit::Hour | TimeUnit::Day) && length.max_minutes <= (DAYS_APART * 1440) as f64;
        let of_onset = matches!(reference, Reference::Unstated | Reference::Admission | Reference::Onset);
        if short && of_onset && !length.vague && opening.contains(expression.span) {
            found.push((expression.span, computed()));
        }
    }
    for (at, word) in text.match_indices("化疗").chain(text.match_indices("周期")) {
        let start = text[..at].rfind('第').filter(|start| at - start <= 18);
        let Some(start) = start else { continue };
        let number = &text[start + '第'.len_utf8()..at];
        let is_number =
            number.trim_end_matches(['次', '程', '个']).chars().all(|character| "一二三四五六七八九十0123456789".contains(character));
        // 已行第2次化疗 is the past; 拟行第3次化疗 is what this stay is for.
        let ahead =
            ["拟行", "拟", "为行", "行", "要求"].iter().any(|word| text[..start].ends_with(word)) && !text[..start].ends_with("已行");
        if is_number && !number.is_empty() && ahead {
            found.push((Span::new(start, at + word.len()), computed()));
        }
    }
    found
}

/// Temperature or pulse of the admission examination that the chart of this admission contradicts.
fn outdated_vitals(subject: &Subject<'_>, document: &DocumentReading, passage: &Passage, admitted: Instant) -> Vec<(Span, String)> {
    /// Hours from admission in which the chart is of the examination.
    const HOURS: i64 = 12;
    if document.kind == crate::record::DocumentKind::WardRound {
        return Vec::new();
    }
    let lexicon = subject.knowledge.lexicon();
    let chart = subject.visit.vitals.as_deref().unwrap_or(&[]);
    let mut found = Vec::new();
    for mention in passage.mentions.iter().filter(|mention| mention.assertion == Assertion::Present && mention.time.is_none()) {
        let Some(measure) = mention.measure.and_then(|index| passage.measures.get(index as usize)) else { continue };
        let name = lexicon.concept(mention.concept).name.as_ref();
        let far = match name {
            "体温" => 1.0,
            "脉搏" | "心率" => 25.0,
            _ => continue,
        };
        let first: Vec<f64> = chart
            .iter()
            .filter(|row| {
                row.at.is_some_and(|at| {
                    at.has_time() && (0..=HOURS * 60).contains(&time::minutes_between(admitted.earliest(), at.earliest()))
                })
            })
            .filter_map(|row| if name == "体温" { row.temperature } else { row.pulse })
            .collect();
        if !first.is_empty() && first.iter().all(|value| (value - measure.value).abs() >= far) {
            found.push((mention.span.cover(measure.span), format!("本次入院体温单{name}为{}", first[0])));
        }
    }
    found
}
