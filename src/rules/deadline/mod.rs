//! `deadline`: a trigger and a document that must be done within a limit, before it, or again and again. The same rule feeds findings and reminders.
//!
//! ```toml
//! [check]
//! kind      = "deadline"
//! task      = "首次病程记录"
//! trigger   = "admission"
//! documents = ["首次病程记录"]
//! within    = "8h"                 # after the trigger; `0h` with `before = true`: done before it
//! ```
//! A document counts as completed when it was last signed, else created (never by the time typed in it, unless nothing else is known). A date without
//! a time is late only if even its midnight is late. An unsigned draft and an empty template are not done.

mod downtime;
mod periodic;
mod triggers;

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use super::duty::{Duty, DutyState};
use super::events::{self, Event, EventFilter, EventKind};
use super::places::Places;
use super::{Check, DataEvidence, Hit, Knowledge, Outcome, Phase, Searched, SpecError, Subject, facts};
use crate::reading::{DocumentReading, Passage};
use crate::record::{Disposition, DocumentKind, Title, Urgency, Visit, time};
use crate::rules::events::{is_written, written_at};
pub use periodic::Every;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deadline {
    /// What must be done, for messages and reminders.
    pub task: String,
    pub trigger: EventKind,
    #[serde(default, rename = "where")]
    pub filter: EventFilter,
    /// Kinds of document that satisfy it.
    #[serde(default)]
    pub documents: Vec<String>,
    /// `8h`, `48h`, `7d`, `10min`, or `2 working days`.
    #[serde(default)]
    pub within: Option<String>,
    /// Must be completed before the trigger rather than within a time after it.
    #[serde(default)]
    pub before: bool,
    /// With `before`: how long before it at the earliest, e.g. `24h` for the surgeon's pre-operative round.
    #[serde(default)]
    pub earliest: Option<String>,
    /// Completed before the trigger is a state of its own (早于触发事件) and a hit.
    #[serde(default)]
    pub not_before_trigger: bool,
    /// An event that fulfils the duty in place of a document: the consultant's arrival, the front page's completion.
    #[serde(default)]
    pub event: Option<EventKind>,
    /// One document may answer several triggers (one consent for a series of transfusions).
    #[serde(default)]
    pub shared: bool,
    /// Lowest title of someone who wrote, signed or is named in the document's heading.
    #[serde(default)]
    pub title: Option<Title>,
    /// The trigger's own person (the surgeon) must have written or signed the document, or be named in it.
    #[serde(default)]
    pub by_owner: bool,
    /// Words of which the document's text must hold one, e.g. 输血 for the evaluation in a course note.
    #[serde(default)]
    pub mentions: Vec<String>,
    /// A document of the kind that is missing altogether is another rule's finding.
    #[serde(default)]
    pub only_late: bool,
    /// Notes that must come again and again; then `within` is not used.
    #[serde(default)]
    pub every: Option<Every>,
}

/// How long before its trigger a document may be finished and still answer it.
const EARLY_MINUTES: i64 = 24 * 60;

/// Who was seen first is registered after: so long before the admission its first note is not too early.
const UNREGISTERED_MINUTES: i64 = 30;

/// A length of time in a rule file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Limit {
    Minutes(i64),
    WorkingDays(u32),
}

struct Prepared {
    spec: Deadline,
    places: Places,
    limit: Limit,
    earliest: Option<i64>,
}

impl Deadline {
    pub fn prepare(&self, knowledge: &Knowledge) -> Result<Box<dyn Check>, SpecError> {
        let places = Places::parse(&self.documents, knowledge.documents()).map_err(|text| SpecError::new("documents", text))?;
        if let Some(every) = &self.every {
            return periodic::prepare(self.clone(), every.clone(), places);
        }
        if self.documents.is_empty() == self.event.is_none() {
            return Err(SpecError::new("trigger", "a deadline needs either `documents` or an `event` that fulfils it"));
        }
        let limit = match &self.within {
            Some(written) => parse_limit(written)
                .ok_or_else(|| SpecError::new(written, format!("`{written}` is no limit: expected 8h, 7d, 10min or 2 working days")))?,
            None if self.before => Limit::Minutes(0),
            None => return Err(SpecError::new("[check]", "a deadline needs `within`, `before = true` or `every`")),
        };
        let earliest = match &self.earliest {
            Some(written) => match parse_limit(written) {
                Some(Limit::Minutes(minutes)) => Some(minutes),
                _ => return Err(SpecError::new(written, format!("`{written}` is no length of time"))),
            },
            None => None,
        };
        Ok(Box::new(Prepared { spec: self.clone(), places, limit, earliest }))
    }
}

fn parse_limit(written: &str) -> Option<Limit> {
    if let Some(days) = written.strip_suffix("working days") {
        return days.trim().parse().ok().map(Limit::WorkingDays);
    }
    let minutes = |suffix: &str, factor: i64| {
        written.strip_suffix(suffix).and_then(|number| number.trim().parse::<i64>().ok()).map(|number| Limit::Minutes(number * factor))
    };
    minutes("min", 1).or_else(|| minutes("h", 60)).or_else(|| minutes("d", 1_440))
}

impl Prepared {
    fn derive(&self, subject: &Subject<'_>) -> Result<Vec<(Event, Duty)>, String> {
        let triggers = events::events(subject, self.spec.trigger, &self.spec.filter)?;
        let triggers = triggers::that_ask(subject.visit, self.spec.trigger, self.spec.by_owner, triggers);
        let fulfilling = match self.spec.event {
            Some(kind) => Some(events::events(subject, kind, &self.spec.filter)?),
            None => None,
        };
        // Of an excerpt only what is there can be judged: a document that was not sent is not missing.
        let is_excerpt = fulfilling.is_none() && !events::is_whole_record(subject);
        let mut is_undated = false;
        let mut taken: Vec<usize> = Vec::new();
        let mut duties = Vec::new();
        for (index, trigger) in triggers.iter().enumerate() {
            let previous = index.checked_sub(1).map(|before| triggers[before].at.earliest());
            let next = triggers.get(index + 1).map(|next| next.at.earliest());
            let done = match &fulfilling {
                Some(events) => events
                    .iter()
                    .find(|event| event.anchor == trigger.anchor || triggers.len() == 1)
                    .map(|event| Done { at: event.at, document: None })
                    .or_else(|| self.opinion(subject, trigger)),
                None => approved(subject, trigger, self.spec.trigger, self.spec.before)
                    .or_else(|| self.document_for(subject, trigger, (previous, next), &mut taken)),
            };
            if done.is_none() && is_excerpt {
                continue;
            }
            // Nor is one that is there and does not say when it was written, unless it had to be signed before the trigger and all others tell it.
            let undated = (done.is_none() && fulfilling.is_none()).then(|| self.undated(subject, trigger, &taken)).flatten();
            if undated.is_some() && !(self.spec.before && is_time_usual(subject)) {
                is_undated = true;
                continue;
            }
            let mut duty = self.duty(subject, trigger, done);
            if duty.done.is_none() && self.is_needless(subject, trigger, duty.due) {
                continue;
            }
            if undated.is_some() && matches!(duty.state, DutyState::Overdue | DutyState::DueSoon | DutyState::Pending) {
                (duty.state, duty.document) = (DutyState::Overdue, undated);
            }
            duties.push((trigger.clone(), duty));
        }
        if duties.is_empty() && is_excerpt && !triggers.is_empty() {
            return Err("只提供了部分文书".to_owned());
        }
        if duties.is_empty() && is_undated {
            return Err("文书未提供时间".to_owned());
        }
        Ok(duties)
    }

    fn duty(&self, subject: &Subject<'_>, trigger: &Event, done: Option<Done>) -> Duty {
        let begin = trigger.at.latest();
        let due = match (self.spec.before, self.limit) {
            (true, Limit::Minutes(minutes)) => time::plus_minutes(trigger.at.latest(), -minutes),
            (true, Limit::WorkingDays(_)) => trigger.at.latest(),
            (false, Limit::Minutes(minutes)) => time::plus_minutes(trigger.at.latest(), minutes),
            (false, Limit::WorkingDays(days)) => subject.knowledge.calendar.end_of_working_day(trigger.at.latest(), days),
        };
        // What had to be done before its trigger was not held up by what came to a stop later.
        let natural = due;
        let due = if self.spec.before { due } else { downtime::extended(subject.visit, begin, due) };
        let state = match &done {
            Some(done) if done.at.earliest() > due => DutyState::Late,
            Some(done) if self.is_too_early(trigger, done) => DutyState::TooEarly,
            Some(_) => DutyState::InTime,
            None if subject.at > due => DutyState::Overdue,
            None if is_due_soon(begin, due, subject.at) => DutyState::DueSoon,
            None => DutyState::Pending,
        };
        Duty {
            task: self.spec.task.clone(),
            trigger: if due == natural {
                trigger.label.clone()
            } else {
                format!("{}(系统停机,时限顺延{})", trigger.label, length_of(natural, due))
            },
            anchor: trigger.anchor.clone(),
            begin,
            due,
            done: done.as_ref().map(|done| done.at.earliest()),
            document: done.and_then(|done| done.document),
            state,
        }
    }

    fn is_too_early(&self, trigger: &Event, done: &Done) -> bool {
        let slack = if self.spec.trigger == EventKind::Admission { UNREGISTERED_MINUTES } else { 0 };
        self.spec.not_before_trigger && done.at.latest() < time::plus_minutes(trigger.at.earliest(), -slack)
    }

    /// Who left before the limit ran out is seen by nobody any more, and who died on the table has no course after it.
    fn is_needless(&self, subject: &Subject<'_>, trigger: &Event, due: DateTime) -> bool {
        let Some(left) = facts::discharged_at(subject.visit) else { return false };
        let must_be_there = self.spec.by_owner && !self.spec.before || self.spec.event == Some(EventKind::ConsultArrival);
        let died = subject.visit.discharge.as_ref().is_some_and(|discharge| discharge.disposition == Some(Disposition::Died));
        let is_course = self.spec.trigger == EventKind::OperationEnd && self.places.names_kind(DocumentKind::PostopCourse);
        must_be_there && left < due || died && is_course && left <= trigger.at.latest()
    }

    /// The opinion of the department that was asked, where nobody noted when a routine consultant came.
    fn opinion(&self, subject: &Subject<'_>, trigger: &Event) -> Option<Done> {
        let is_routine = self.spec.event == Some(EventKind::ConsultArrival) && self.spec.filter.urgency == Some(Urgency::Routine);
        let index = trigger.index_in("consults").filter(|_| is_routine)?;
        let consult = subject.visit.consults.as_ref()?.get(index).filter(|consult| consult.arrived_at.is_none())?;
        let department = consult.department.as_deref().filter(|name| !name.is_empty())?;
        let names = |document: &&DocumentReading| {
            document.title.contains(department) || document.passages.iter().any(|passage| passage.text.as_str().contains(department))
        };
        let opinions = subject.reading.documents.iter().filter(|document| document.kind == DocumentKind::ConsultOpinion).filter(names);
        let written = opinions.filter(|document| is_written(facts::document(subject.visit, document)));
        let dated = written.filter_map(|document| Some(Done { at: document.time?, document: Some(document.index) }));
        dated.filter(|done| done.at.latest() >= trigger.at.earliest()).min_by_key(|done| done.at.earliest())
    }

    /// The documents that may answer a trigger: those of the kinds, and to an operation the consent that bears its name.
    fn documents<'s>(&self, subject: &Subject<'s>, trigger: &Event) -> Vec<&'s DocumentReading> {
        let takes_consent = self.spec.trigger == EventKind::OperationStart && self.places.names_kind(DocumentKind::ConsentOperation);
        let is_own = |document: &&DocumentReading| {
            takes_consent && document.kind == DocumentKind::ConsentSpecial && triggers::names_operation(subject, &document.title, trigger)
        };
        let own = subject.reading.documents.iter().filter(is_own);
        self.places.documents(subject).chain(own).collect()
    }

    /// A document that would answer the trigger and tells no time at all.
    fn undated(&self, subject: &Subject<'_>, trigger: &Event, taken: &[usize]) -> Option<usize> {
        let is_undated = |document: &&DocumentReading| {
            let record = facts::document(subject.visit, document);
            !taken.contains(&document.index)
                && is_written(record)
                && written_at(subject.visit, record).is_none()
                && self.fits(subject, document, trigger)
        };
        self.documents(subject, trigger).into_iter().find(is_undated).map(|document| document.index)
    }

    /// The document that answers a trigger: the first completed one whose own time is not before it (or, for `before`, the last one before it),
    /// and not beyond the next trigger of the same kind.
    fn document_for(
        &self,
        subject: &Subject<'_>,
        trigger: &Event,
        (previous, next): (Option<DateTime>, Option<DateTime>),
        taken: &mut Vec<usize>,
    ) -> Option<Done> {
        let mut candidates: Vec<(usize, Done)> = self
            .documents(subject, trigger)
            .into_iter()
            .filter(|document| !taken.contains(&document.index) && self.fits(subject, document, trigger))
            .filter_map(|document| {
                let record = facts::document(subject.visit, document);
                let at = written_at(subject.visit, record).filter(|_| is_written(record))?;
                Some((document.index, Done { at, document: Some(document.index) }))
            })
            .collect();
        candidates.sort_by_key(|(_, done)| done.at.earliest());
        let own_time = |index: usize| subject.reading.documents[index].time.map(|time| time.latest());
        let chosen = if self.spec.before {
            let not_too_early =
                |done: &Done| self.earliest.is_none_or(|minutes| done.at.latest() >= time::plus_minutes(trigger.at.earliest(), -minutes));
            let in_time = candidates.iter().rev().find(|(_, done)| done.at.earliest() <= trigger.at.latest() && not_too_early(done));
            // Otherwise the first one after the trigger is the late one; a round long before or after is none at all.
            in_time
                .or_else(|| {
                    candidates.iter().find(|(index, _)| {
                        self.earliest.is_none() && own_time(*index).is_some_and(|own| next.is_none_or(|next| own < next))
                    })
                })
                .copied()
        } else {
            // Its own time may be a little before the trigger (a discharge record), but not before the trigger before.
            let lower = previous.unwrap_or_else(|| time::plus_minutes(trigger.at.earliest(), -EARLY_MINUTES));
            let belongs = |index: usize| own_time(index).is_none_or(|own| own >= lower && next.is_none_or(|next| own < next));
            let fitting = candidates.iter().find(|(index, done)| belongs(*index) && done.at.latest() >= trigger.at.earliest());
            // What was done shortly before the trigger is done (a discharge record is written before the patient leaves); with
            // `not_before_trigger` it is a state of its own.
            let shortly_before = |done: &Done| time::minutes_between(done.at.latest(), trigger.at.earliest()) <= EARLY_MINUTES;
            let early = || {
                let before = |done: &Done| done.at.latest() < trigger.at.earliest();
                candidates.iter().rev().find(|(_, done)| before(done) && (self.spec.not_before_trigger || shortly_before(done)))
            };
            fitting.or_else(early).copied()
        };
        let (index, done) = chosen?;
        if next.is_some() && !self.spec.shared && !is_for_course(&subject.reading.documents[index]) {
            taken.push(index);
        }
        Some(done)
    }

    /// Title, owner and wording that the document must have.
    fn fits(&self, subject: &Subject<'_>, document: &DocumentReading, trigger: &Event) -> bool {
        if let Some(title) = self.spec.title
            && !events::titles(subject, document).iter().any(|actual| *actual >= title)
        {
            return false;
        }
        if self.spec.by_owner && !trigger.people.is_empty() {
            let record = facts::document(subject.visit, document);
            // Being named in a note as the one who will operate is not having seen the patient; a discussion is held with the surgeon.
            let discussed = matches!(document.kind, DocumentKind::PreopDiscussion | DocumentKind::PreopSummary);
            let takes_part = |person: &String| {
                let names = names_of(subject.visit, person);
                facts::signers(record).contains(&person.as_str())
                    || names.iter().any(|name| document.title.contains(name.as_str()))
                    || document
                        .passages
                        .iter()
                        .any(|passage| sees(passage, &names) || discussed && passage.text.as_str().contains(&names[0]))
            };
            if !trigger.people.iter().any(takes_part) {
                return false;
            }
        }
        if self.spec.mentions.is_empty() {
            return true;
        }
        let said = |word: &String| {
            document.title.contains(word.as_str()) || document.passages.iter().any(|passage| passage.text.as_str().contains(word.as_str()))
        };
        self.spec.mentions.iter().any(said)
    }
}

/// The hospital sends the times of its documents: all but this one tell it, and so do other forms that are signed by hand.
fn is_time_usual(subject: &Subject<'_>) -> bool {
    let documents = &subject.reading.documents;
    let is_dated = |document: &&DocumentReading| written_at(subject.visit, facts::document(subject.visit, document)).is_some();
    let dated = documents.iter().filter(is_dated).count();
    let by_hand =
        |document: &DocumentReading| ["同意", "告知", "委托", "通知", "核查", "清点"].iter().any(|word| document.title.contains(word));
    dated + 1 >= documents.len() && documents.iter().filter(is_dated).any(by_hand)
}

/// One consent to a whole course of the same treatment (疗程6次) goes for each time.
fn is_for_course(document: &DocumentReading) -> bool {
    document.title.contains("同意") && document.passages.iter().any(|passage| passage.text.as_str().contains("疗程"))
}

/// What a surgeon is called: by name, and by family name and title where only one of the staff has it (王主任).
fn names_of(visit: &Visit, person: &str) -> Vec<String> {
    let mut names = vec![facts::name_of(visit, person).to_owned()];
    let family = |name: &Option<String>| name.as_deref().and_then(|name| name.chars().next());
    let staff = visit.staff.as_deref().unwrap_or(&[]);
    if let Some(own) = facts::staff(visit, person).and_then(|own| family(&own.name))
        && staff.iter().filter(|other| family(&other.name) == Some(own)).count() == 1
    {
        names.extend(["主任", "教授", "主治"].map(|title| format!("{own}{title}")));
    }
    names
}

/// A sentence in which the surgeon sees the patient: 王某某主任医师查房, 王主任查看患者, 主刀医师床旁访视.
fn sees(passage: &Passage, names: &[String]) -> bool {
    const SEEN: [&str; 13] = ["查房", "查看", "看过", "看望", "访视", "察看", "探视", "床旁", "床边", "看病人", "看患者", "巡视", "换药"];
    let is_named = |sentence: &&str| sentence.contains("主刀") || names.iter().any(|name| sentence.contains(name.as_str()));
    let sentences = passage.sentences.iter().map(|sentence| passage.text.slice(*sentence));
    sentences.filter(is_named).any(|sentence| SEEN.iter().any(|word| sentence.contains(word)))
}

/// The hospital's approval of emergency treatment (紧急医疗措施审批单), of the day before an operation, an anaesthesia or a transfusion:
/// it stands for what could not be done before it, where the patient can't consent and no relative is there.
fn approved(subject: &Subject<'_>, trigger: &Event, kind: EventKind, before: bool) -> Option<Done> {
    if !before || !matches!(kind, EventKind::OperationStart | EventKind::AnesthesiaStart | EventKind::TransfusionStart) {
        return None;
    }
    let is_urgent = |text: &str| text.contains("紧急") || text.contains("抢救");
    let is_told =
        |text: &str| is_urgent(text) && text.contains("批准") && ["授权", "总值班", "医务"].iter().any(|word| text.contains(word));
    subject.reading.documents.iter().find_map(|document| {
        // Approved by word of mouth at the form's own time, and signed soon after.
        let at = document.time.filter(|_| is_written(facts::document(subject.visit, document)))?;
        let ahead = time::minutes_between(at.earliest(), trigger.at.latest());
        let by_form = document.title.contains("审批") && is_urgent(&document.title) && (0..=EARLY_MINUTES).contains(&ahead);
        if by_form {
            return Some(Done { at, document: Some(document.index) });
        }
        // Or a note tells of it afterwards.
        let by_note = ahead.abs() <= EARLY_MINUTES && document.passages.iter().any(|passage| is_told(passage.text.as_str()));
        by_note.then_some(Done { at: trigger.at, document: Some(document.index) })
    })
}

#[derive(Debug, Clone, Copy)]
struct Done {
    at: crate::record::Instant,
    document: Option<usize>,
}

/// The last fifth of the window has begun.
fn is_due_soon(begin: DateTime, due: DateTime, at: DateTime) -> bool {
    let window = time::minutes_between(begin, due);
    at >= begin && window > 0 && time::minutes_between(begin, at) * 5 >= window * 4
}

impl Check for Prepared {
    fn quotes(&self, _kind: DocumentKind) -> bool {
        false
    }

    fn run(&self, subject: &Subject<'_>) -> Outcome {
        let duties = match self.derive(subject) {
            Ok(duties) => duties,
            Err(why) => return Outcome::Skipped(why),
        };
        let defective = |duty: &Duty| match duty.state {
            DutyState::Late | DutyState::TooEarly => true,
            DutyState::Overdue => !self.spec.only_late && subject.phase != Phase::Inline,
            _ => false,
        };
        let hits = duties.iter().filter(|(_, duty)| defective(duty)).map(|(trigger, duty)| self.hit(subject, trigger, duty));
        Outcome::Ran(hits.collect())
    }

    fn duties(&self, subject: &Subject<'_>) -> Vec<Duty> {
        self.derive(subject).map(|duties| duties.into_iter().map(|(_, duty)| duty).collect()).unwrap_or_default()
    }
}

impl Prepared {
    fn hit(&self, subject: &Subject<'_>, trigger: &Event, duty: &Duty) -> Hit {
        let mut data = vec![trigger.evidence()];
        let mut searched: Vec<Searched> = Vec::new();
        let status = match (duty.document, duty.done) {
            (document, Some(done)) => {
                let shown = crate::record::Instant::minute(done);
                let what = document.map_or_else(|| self.spec.task.clone(), |index| subject.reading.documents[index].title.clone());
                if let Some(index) = document {
                    data.push(DataEvidence { path: format!("/documents/{index}"), label: format!("{what} 完成于 {shown}") });
                } else if let Some(kind) = self.spec.event {
                    data.push(DataEvidence { path: trigger.pointer.clone(), label: format!("{} {shown}", kind.chinese()) });
                }
                match duty.state {
                    DutyState::TooEarly => format!("完成于{shown},早于{}", trigger.label),
                    _ => format!("完成于{shown},超过时限{}", length_of(duty.due, done)),
                }
            }
            (Some(index), None) => {
                let what = &subject.reading.documents[index].title;
                data.push(DataEvidence { path: format!("/documents/{index}"), label: what.clone() });
                format!("{what}未注明时间")
            }
            (None, None) => {
                searched = subject.reading.documents.iter().map(|document| Searched { document: document.index, section: None }).collect();
                "未见".to_owned()
            }
        };
        Hit {
            data,
            searched,
            slots: vec![
                ("task", duty.task.clone()),
                ("trigger", duty.trigger.clone()),
                ("due", crate::record::Instant::minute(duty.due).to_string()),
                ("status", status),
                ("state", duty.state.chinese().to_owned()),
            ],
            anchor: duty.anchor.clone(),
            ..Hit::default()
        }
    }
}

/// `2小时15分`, `3天4小时`: how far past the limit.
pub(super) fn length_of(due: DateTime, done: DateTime) -> String {
    let minutes = time::minutes_between(due, done).abs();
    match minutes {
        0..60 => format!("{minutes}分钟"),
        60..1_440 => format!("{}小时{}分", minutes / 60, minutes % 60),
        _ => format!("{}天{}小时", minutes / 1_440, minutes % 1_440 / 60),
    }
}
