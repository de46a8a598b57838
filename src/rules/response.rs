//! `response`: something that happened must be answered in the record in time: a critical value, an order, a change of condition, a transfusion.
//!
//! ```toml
//! [check]
//! kind    = "response"
//! trigger = "critical_value_reported"
//! within  = ["病程类"]
//! hours   = 24                              # counted from the trigger; the trigger's own day always counts
//! answer  = { words = ["危急值"] }           # or the item itself, with item = true
//! item    = true
//! ```

use std::cell::LazyCell;

use serde::{Deserialize, Serialize};

use super::events::{self, Event, EventFilter, EventKind};
use super::finder::{Find, Finder};
use super::places::Places;
use super::{Check, Evidence, Hit, Knowledge, Outcome, Role, Searched, SpecError, Subject, around, facts};
use crate::reading::lexicon::ConceptSet;
use crate::reading::text::Span;
use crate::reading::{ConceptId, DocumentReading, Mention, Passage};
use crate::record::{DocumentKind, time};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Response {
    pub trigger: EventKind,
    #[serde(default, rename = "where")]
    pub filter: EventFilter,
    pub within: Vec<String>,
    pub hours: i64,
    /// Notes so many hours before the trigger count as well: an indication is written before the drug.
    #[serde(default)]
    pub hours_before: i64,
    #[serde(default)]
    pub answer: Find,
    /// An answer that lies inside one of these is none: 无体位性低血压, 升压药备用.
    #[serde(default)]
    pub not_in: Find,
    /// The thing itself (the item of a critical value, the ordered drug or one of `same_class`) counts as an answer.
    #[serde(default)]
    pub item: bool,
    /// Classes: a note that names anything of the trigger's class answers it.
    #[serde(default)]
    pub same_class: Vec<String>,
    /// An answer whose sentence names only another region of the body (头颅CT for the report of the abdomen) is none.
    #[serde(default)]
    pub same_region: bool,
    /// Having found the note that speaks of the item, it must also hold this (the handling); otherwise that note is the hit.
    #[serde(default)]
    pub then: Find,
    /// Only notes after the trigger count, not those of its day before it.
    #[serde(default)]
    pub after: bool,
    /// One hit for all triggers of the visit.
    #[serde(default)]
    pub once: bool,
    /// What a title or text says instead of the trigger's own name, however late.
    #[serde(default)]
    pub told: Vec<Told>,
}

/// 置入双腔导管 tells of an ordered 右颈内静脉置管术.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Told {
    /// Concepts or classes that the trigger's label names.
    pub of: Vec<String>,
    pub find: Find,
}

struct Prepared {
    spec: Response,
    places: Places,
    answer: Finder,
    not_in: Finder,
    then: Finder,
    told: Vec<(ConceptSet, Finder)>,
}

impl Response {
    pub fn prepare(&self, knowledge: &Knowledge) -> Result<Box<dyn Check>, SpecError> {
        if self.answer.is_empty() && !self.item && self.same_class.is_empty() {
            return Err(SpecError::new("[check]", "say what counts as an answer: `answer`, `item` or `same_class`"));
        }
        knowledge.lexicon().set(&self.same_class).map_err(|text| SpecError::new("same_class", text))?;
        let places = Places::parse(&self.within, knowledge.documents()).map_err(|text| SpecError::new("within", text))?;
        let told = |told: &Told| {
            let of = knowledge.lexicon().set(&told.of).map_err(|text| SpecError::new("told", text))?;
            Ok((of, told.find.prepare(knowledge)?))
        };
        let told = self.told.iter().map(told).collect::<Result<_, SpecError>>()?;
        let (answer, then) = (self.answer.prepare(knowledge)?, self.then.prepare(knowledge)?);
        let not_in = self.not_in.prepare(knowledge)?;
        Ok(Box::new(Prepared { spec: self.clone(), places, answer, not_in, then, told }))
    }
}

impl Check for Prepared {
    fn quotes(&self, kind: DocumentKind) -> bool {
        self.places.names_kind(kind)
    }

    fn run(&self, subject: &Subject<'_>) -> Outcome {
        let triggers = match events::events(subject, self.spec.trigger, &self.spec.filter) {
            Ok(triggers) => triggers,
            Err(why) => return Outcome::Skipped(why),
        };
        if triggers.is_empty() {
            return Outcome::Ran(Vec::new());
        }
        if !events::is_whole_record(subject) {
            return Outcome::Skipped("只提供了部分文书".to_owned());
        }
        let mut hits = Vec::new();
        for trigger in &triggers {
            let due = time::plus_minutes(trigger.at.latest(), self.spec.hours * 60);
            if due > subject.at {
                continue;
            }
            if let Some(hit) = self.answered(subject, trigger) {
                hits.push(hit);
                if self.spec.once {
                    break;
                }
            }
        }
        Outcome::Ran(hits)
    }
}

impl Prepared {
    /// `None` where the trigger was answered as it should be.
    fn answered(&self, subject: &Subject<'_>, trigger: &Event) -> Option<Hit> {
        let first = time::plus_minutes(trigger.at.earliest(), -self.spec.hours_before * 60);
        let earliest = if self.spec.after { trigger.at.earliest() } else { first.min(trigger.at.date().at(0, 0, 0, 0)) };
        let last = time::plus_minutes(trigger.at.latest(), self.spec.hours * 60);
        let in_window = |document: &&DocumentReading| {
            document.time.is_some_and(|at| at.latest() >= earliest && (at.earliest() <= last || at.date() == trigger.at.date()))
        };
        if self.is_told(subject, trigger, earliest) {
            return None;
        }
        let value = reported_value(subject, trigger);
        let named = LazyCell::new(|| named(subject, trigger));
        let tells_value = |document: &&DocumentReading| {
            self.may_tell_value(document, trigger)
                && value.is_some_and(|value| self.places.passages_of(document).any(|passage| tells(passage, &named, value)))
        };
        let item = self.items(subject, trigger);
        let mut searched = Vec::new();
        let mut half: Option<Evidence> = None;
        for document in self.places.documents(subject).filter(|document| in_window(document) || tells_value(document)) {
            searched.push(Searched { document: document.index, section: None });
            for passage in self.places.passages_of(document) {
                let Some(span) = self.answers(subject, document, passage, trigger, &item) else { continue };
                if self.spec.then.is_empty() || document.passages.iter().any(|passage| self.then.matches(passage)) {
                    return None;
                }
                let sentence = passage.sentence_of(span);
                half.get_or_insert(Evidence { passage: passage.clone(), span: sentence, role: Role::This });
            }
        }
        // With `then`, a trigger that no note speaks of is another rule's finding.
        if !self.spec.then.is_empty() && half.is_none() {
            return None;
        }
        Some(Hit {
            evidence: half.into_iter().collect(),
            data: vec![trigger.evidence()],
            searched,
            slots: vec![("trigger", trigger.label.clone())],
            anchor: trigger.anchor.clone(),
            ..Hit::default()
        })
    }

    /// A document of that time or later tells of the trigger in other words, in its title or text.
    fn is_told(&self, subject: &Subject<'_>, trigger: &Event, earliest: jiff::civil::DateTime) -> bool {
        if self.told.is_empty() {
            return false;
        }
        let named = named(subject, trigger);
        let finders = || self.told.iter().filter(|(of, _)| named.iter().any(|id| of.contains(*id))).map(|(_, finder)| finder);
        let not_before = |document: &&DocumentReading| document.time.is_none_or(|at| at.latest() >= earliest);
        self.places.documents(subject).filter(not_before).any(|document| {
            finders().any(|finder| {
                finder.matches_text(&document.title) || self.places.passages_of(document).any(|passage| finder.matches(passage))
            })
        })
    }

    /// Out of the window: a result's value may still be told later, a critical value's in a note that was begun shortly before its report.
    fn may_tell_value(&self, document: &DocumentReading, trigger: &Event) -> bool {
        const BEGUN_MINUTES: i64 = 60;
        let Some(at) = document.time else { return false };
        match self.spec.trigger {
            EventKind::Result => at.earliest() > trigger.at.latest(),
            EventKind::CriticalValueReported => {
                let minutes = time::minutes_between(at.earliest(), trigger.at.earliest());
                self.spec.after && at.has_time() && (0..=BEGUN_MINUTES).contains(&minutes)
            }
            _ => false,
        }
    }

    /// Concepts of the trigger itself.
    fn items(&self, subject: &Subject<'_>, trigger: &Event) -> Vec<ConceptId> {
        if !self.spec.item {
            return Vec::new();
        }
        named(subject, trigger)
    }

    fn answers(
        &self,
        subject: &Subject<'_>,
        document: &DocumentReading,
        passage: &Passage,
        trigger: &Event,
        items: &[ConceptId],
    ) -> Option<Span> {
        let lexicon = subject.knowledge.lexicon();
        let not_in = if self.spec.not_in.is_empty() { Vec::new() } else { self.not_in.find(passage) };
        let is_outside = |span: &Span| !not_in.iter().any(|found| found.contains(*span));
        let is_fresh = |span: &Span| self.spec.trigger != EventKind::Result || !self.is_stale(subject, document, passage, *span, trigger);
        let is_item = |mention: &&Mention| items.contains(&mention.concept) && !is_of_before(subject, passage, mention, trigger);
        let by_item = || passage.mentions.iter().find(is_item).map(|mention| mention.span);
        let by_class = || {
            passage
                .mentions
                .iter()
                .filter(|mention| self.spec.same_class.iter().any(|class| lexicon.is_a(mention.concept, class)))
                .map(|mention| mention.span)
                .find(is_outside)
        };
        // Only what stands before CT names its region: 骨盆CT finds the 髋臼 next door.
        let is_of_trigger = |span: &Span| {
            let ahead = Span { end: span.start, ..passage.sentence_of(*span) };
            !self.spec.same_region || !is_of_other_region(&trigger.label, passage.text.slice(ahead))
        };
        let is_critical = self.spec.trigger == EventKind::CriticalValueReported && self.spec.then.is_empty();
        let by_name = || if is_critical { other_name(passage.text.as_str(), &trigger.label) } else { None };
        let is_answer = |span: &Span| is_of_trigger(span) && is_outside(span) && is_fresh(span);
        self.answer.find(passage).into_iter().find(is_answer).or_else(by_item).or_else(by_name).or_else(by_class)
    }
}

impl Prepared {
    /// What the span tells is not of this result: a value within the limits that an older report gave, or that stands in a note signed before it.
    fn is_stale(&self, subject: &Subject<'_>, document: &DocumentReading, passage: &Passage, span: Span, trigger: &Event) -> bool {
        const CHANGES: [&str; 6] = ["升", "降", "复查", "→", "波动", "由"];
        let clause = around::stretch(passage.text.as_str(), span, &['。', ';', ',', '\n']);
        if CHANGES.iter().any(|word| clause.contains(word)) {
            return false;
        }
        let record = facts::document(subject.visit, document);
        let signed = record.signatures.iter().flatten().filter_map(|signature| signature.at).chain(record.signed_at);
        let is_finished = signed.max_by_key(|at| at.latest()).is_some_and(|at| at.has_time() && at.latest() < trigger.at.earliest());
        let items = named(subject, trigger);
        let mention = passage.mentions.iter().find(|mention| mention.span.overlaps(span) && items.contains(&mention.concept));
        let is_old = |mention: &Mention| is_finished || is_of_before(subject, passage, mention, trigger);
        is_finished && says_normal(passage, span) || mention.is_some_and(|mention| self.is_ordinary(passage, mention) && is_old(mention))
    }

    /// The value beside the mention is not beyond the limits of the rule.
    fn is_ordinary(&self, passage: &Passage, mention: &Mention) -> bool {
        let Some(measure) = mention.measure.and_then(|index| passage.measures.get(index as usize)) else { return false };
        let filter = &self.spec.filter;
        let beyond = filter.above.is_some_and(|most| measure.value > most) || filter.below.is_some_and(|least| measure.value < least);
        !beyond && (measure.unit.is_empty() || filter.unit.iter().any(|unit| **unit == *measure.unit))
    }
}

/// 肝肾功能正常, 血钾正常: right behind the words or within them.
fn says_normal(passage: &Passage, span: Span) -> bool {
    const NEAR: usize = 6;
    let text = passage.text.as_str();
    let behind: String =
        text[span.end as usize..].chars().take(NEAR).take_while(|letter| !matches!(letter, '。' | ';' | ',' | '\n')).collect();
    let said = format!("{}{behind}", passage.text.slice(span));
    said.contains("正常") && !["不正常", "恢复正常", "已正常"].iter().any(|word| said.contains(word))
}

/// The mention gives the value of a report from before the trigger, and no later report has it: 血钾4.1 of the admission answers no critical 6.6.
fn is_of_before(subject: &Subject<'_>, passage: &Passage, mention: &Mention, trigger: &Event) -> bool {
    let Some(measure) = mention.measure.and_then(|index| passage.measures.get(index as usize)) else { return false };
    // The critical value itself: its report in the laboratory's list is a minute or two older than the call.
    if reported_value(subject, trigger).is_some_and(|value| (value - measure.value).abs() < 0.05) {
        return false;
    }
    let lexicon = subject.knowledge.lexicon();
    let reports: Vec<_> = subject
        .visit
        .labs
        .iter()
        .flatten()
        .filter(|lab| lexicon.find(lab.item.as_deref().unwrap_or("")).any(|(_, id)| id == mention.concept))
        .filter_map(|lab| Some((lab.reported_at?, lab.value.as_deref()?.trim().parse::<f64>().ok()?)))
        .filter(|(_, value)| (value - measure.value).abs() < 0.05)
        .collect();
    let is_earlier = |at: &crate::record::Instant| at.latest() < trigger.at.earliest();
    !reports.is_empty() && reports.iter().all(|(at, _)| is_earlier(at))
}

/// The number that the trigger reports.
fn reported_value(subject: &Subject<'_>, trigger: &Event) -> Option<f64> {
    let written = match (trigger.index_in("labs"), trigger.index_in("critical_values")) {
        (Some(index), _) => subject.visit.labs.as_ref()?.get(index)?.value.as_deref()?,
        (_, Some(index)) => subject.visit.critical_values.as_ref()?.get(index)?.value.as_deref()?,
        _ => return None,
    };
    let written = written.trim();
    let end = written.find(|character: char| !character.is_ascii_digit() && character != '.').unwrap_or(written.len());
    written[..end].parse().ok()
}

/// The concepts that the trigger's label names.
fn named(subject: &Subject<'_>, trigger: &Event) -> Vec<ConceptId> {
    subject.knowledge.lexicon().find(&trigger.label).map(|(_, id)| id).collect()
}

/// The passage gives one of the items this very value.
fn tells(passage: &Passage, items: &[ConceptId], value: f64) -> bool {
    passage.mentions.iter().filter(|mention| items.contains(&mention.concept)).any(|mention| {
        let measure = mention.measure.and_then(|index| passage.measures.get(index as usize));
        measure.is_some_and(|measure| (measure.value - value).abs() < 0.05)
    })
}

/// What the text calls the trigger's item: names of one thing that are no single concept of the lexicon.
fn other_name(text: &str, label: &str) -> Option<Span> {
    const NAMES: [&[&str]; 6] = [
        &["中性粒细胞", "ANC", "粒缺", "粒细胞缺乏", "粒细胞减少"],
        &["葡萄糖", "血糖"],
        &["总钙", "血钙", "低钙", "高钙"],
        &["BNP", "脑钠肽", "钠尿肽"],
        &["脑脊液", "CSF"],
        &["血培养", "需氧瓶", "厌氧瓶", "菌血症", "革兰阴性", "革兰阳性"],
    ];
    // 葡萄糖 in a note is the drug.
    const NOT_IN_NOTES: &str = "葡萄糖";
    let names = NAMES.iter().filter(|names| names.iter().any(|name| label.contains(name)));
    let found = names.flat_map(|names| names.iter()).filter(|name| **name != NOT_IN_NOTES);
    found.filter_map(|name| text.find(name).map(|at| Span::new(at, at + name.len()))).next()
}

/// The text names regions of the body, and none of those that the label names.
pub(super) fn is_of_other_region(label: &str, text: &str) -> bool {
    const REGIONS: [&[&str]; 7] = [
        &["头", "颅", "脑", "垂体", "鞍"],
        &["胸", "肺", "纵隔", "气管", "肋"],
        &["腹", "肝", "胆", "胰", "脾", "胃", "肠", "肾", "阑尾", "输尿管"],
        &["盆", "子宫", "膀胱", "前列腺", "卵巢", "附件"],
        &["颈", "甲状腺", "喉", "鼻", "耳", "眼", "颌", "窦"],
        &["乳腺", "乳房"],
        &["椎", "腰", "髋", "膝", "肩", "关节", "股骨", "胫", "足", "腕"],
    ];
    let named = |words: &[&str], text: &str| words.iter().any(|word| text.contains(word));
    let own = || REGIONS.iter().filter(|words| named(words, label));
    own().next().is_some() && !own().any(|words| named(words, text)) && REGIONS.iter().any(|words| named(words, text))
}

#[cfg(test)]
mod tests {
    use super::is_of_other_region;

    #[test]
    fn regions_of_reports_and_notes() {
        assert!(is_of_other_region("检查报告(上腹部CT) 2026-03-05", "头颅CT未见出血"));
        assert!(!is_of_other_region("检查报告(上腹部CT) 2026-03-05", "CT示肝右叶占位"));
        assert!(!is_of_other_region("检查报告(上腹部CT) 2026-03-05", "CT已回,考虑良性"));
        assert!(!is_of_other_region("检查报告(胸腹部CT) 2026-03-05", "胸部CT见结节"));
    }
}
