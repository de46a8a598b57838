//! `sequence`: one thing must not come after (or before) another: discussion before incision, consent before the act, orders stopped before discharge.
//!
//! ```toml
//! [check]
//! kind   = "sequence"
//! first  = { documents = ["术前讨论记录"], time = "printed" }
//! second = { event = "operation_start" }
//! slack  = "5min"
//! ```
//! A hit is a pair in which `first` is surely after `second`. Bare dates are only out of order when the days are.

use serde::{Deserialize, Serialize};

use super::events::{self, EventFilter, EventKind};
use super::places::Places;
use super::{Check, DataEvidence, Hit, Knowledge, Outcome, SpecError, Subject, facts};
use crate::reading::ConceptId;
use crate::record::{Document, DocumentKind, Instant, time};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sequence {
    pub first: Step,
    pub second: Step,
    /// Minutes of disorder that clocks may show.
    #[serde(default)]
    pub slack_minutes: i64,
    /// Each `first` is compared with the `second` of the same operation, rescue or order only.
    #[serde(default)]
    pub same: bool,
    /// Each `first`, a document, is compared with those of `second` that are what it names (胸腔穿刺), and only where no other `first` that names it
    /// is in order.
    #[serde(default)]
    pub same_concept: bool,
    /// Every `second` that stands before `first` is a hit of its own (records dated before admission).
    #[serde(default)]
    pub each: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    #[serde(default)]
    pub event: Option<EventKind>,
    #[serde(default, rename = "where")]
    pub filter: EventFilter,
    #[serde(default)]
    pub documents: Vec<String>,
    #[serde(default)]
    pub time: Stamp,
    /// Words by which a document's title or opening says that it is of another time: 出院后随访, 急诊留观.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unless: Vec<String>,
}

/// Which of a document's times is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stamp {
    /// The time it speaks of, as printed.
    #[default]
    Printed,
    /// Creation on the server.
    Created,
    /// The last signature.
    Signed,
    /// The first signature of anyone.
    FirstSigned,
}

impl Stamp {
    fn of(self, document: &Document) -> Option<Instant> {
        let signatures = || document.signatures.iter().flatten().filter_map(|signature| signature.at);
        match self {
            Stamp::Printed => document.event_at,
            Stamp::Created => document.created_at,
            Stamp::Signed => document.signed_at.or_else(|| signatures().max_by_key(|at| at.earliest())),
            Stamp::FirstSigned => signatures().min_by_key(|at| at.earliest()).or(document.signed_at),
        }
    }

    fn chinese(self) -> &'static str {
        match self {
            Stamp::Printed => "记录时间",
            Stamp::Created => "创建时间",
            Stamp::Signed | Stamp::FirstSigned => "签署时间",
        }
    }
}

struct Prepared {
    spec: Sequence,
    first: Places,
    second: Places,
}

struct Moment {
    at: Instant,
    label: String,
    path: String,
    anchor: String,
    /// Of a document.
    kind: Option<DocumentKind>,
    /// Concepts that a document's title or text names, or an event's label.
    named: Vec<ConceptId>,
}

impl Sequence {
    pub fn prepare(&self, knowledge: &Knowledge) -> Result<Box<dyn Check>, SpecError> {
        let places = |step: &Step, name: &str| {
            if step.event.is_some() != step.documents.is_empty() {
                return Err(SpecError::new(name, format!("`{name}` needs either an `event` or `documents`")));
            }
            Places::parse(&step.documents, knowledge.documents()).map_err(|text| SpecError::new(name, text))
        };
        Ok(Box::new(Prepared { spec: self.clone(), first: places(&self.first, "first")?, second: places(&self.second, "second")? }))
    }
}

fn moments(subject: &Subject<'_>, step: &Step, places: &Places) -> Result<Vec<Moment>, String> {
    let lexicon = subject.knowledge.lexicon();
    if let Some(kind) = step.event {
        let events = events::events(subject, kind, &step.filter)?;
        return Ok(events
            .into_iter()
            .filter(|event| !event.label.contains("出院带药") && !is_stopped_by_system(subject, kind, event.at))
            .map(|event| {
                let named = lexicon.find(&event.label).map(|(_, id)| id).collect();
                Moment { at: event.at, label: event.label, path: event.pointer, anchor: event.anchor, kind: None, named }
            })
            .collect());
    }
    /// Letters of a document's opening.
    const OPENING: usize = 12;
    let stamped = places.documents(subject).filter(|document| !document.opens_with_one(&step.unless, OPENING)).filter_map(|document| {
        let record = facts::document(subject.visit, document);
        let at = step.time.of(record)?;
        Some(Moment {
            at,
            label: format!("{}({}) {at}", document.title, step.time.chinese()),
            path: format!("/documents/{}", document.index),
            anchor: record.id.clone(),
            kind: Some(document.kind),
            named: lexicon
                .find(&document.title)
                .map(|(_, id)| id)
                .chain(document.passages.iter().flat_map(|passage| passage.mentions.iter().map(|mention| mention.concept)))
                .collect(),
        })
    });
    Ok(stamped.collect())
}

/// 23:59 or 24:00 of the day of discharge: nobody stopped the order, the day ran out.
fn is_stopped_by_system(subject: &Subject<'_>, kind: EventKind, at: Instant) -> bool {
    let of_day = |left: jiff::civil::DateTime| time::minutes_between(left.date().at(0, 0, 0, 0), at.earliest());
    kind == EventKind::OrderStop && facts::discharged_at(subject.visit).is_some_and(|left| (1439..=1440).contains(&of_day(left)))
}

impl Check for Prepared {
    fn quotes(&self, _kind: DocumentKind) -> bool {
        false
    }

    fn run(&self, subject: &Subject<'_>) -> Outcome {
        let (first, second) = match (moments(subject, &self.spec.first, &self.first), moments(subject, &self.spec.second, &self.second)) {
            (Ok(first), Ok(second)) => (first, second),
            (Err(why), _) | (_, Err(why)) => return Outcome::Skipped(why),
        };
        let mut hits = Vec::new();
        if self.spec.each {
            let disordered =
                |early: &Moment, late: &Moment| time::minutes_between(late.at.latest(), early.at.earliest()) > self.spec.slack_minutes;
            let pairs = second.iter().filter_map(|late| first.iter().find(|early| disordered(early, late)).map(|early| (late, early)));
            hits.extend(pairs.map(|(late, early)| pair(late, early)));
            return Outcome::Ran(hits);
        }
        for early in &first {
            // Several operations: a document belongs to the latest one it could precede, so only what is after all of them is out of order.
            let shares = |late: &Moment| late.named.iter().any(|id| early.named.contains(id));
            let partners: Vec<&Moment> = second
                .iter()
                .filter(|late| (!self.spec.same || late.anchor == early.anchor) && (!self.spec.same_concept || shares(late)))
                .collect();
            let after =
                |first: &Moment, late: &Moment| time::minutes_between(late.at.latest(), first.at.earliest()) > self.spec.slack_minutes;
            let disordered = |late: &Moment| after(early, late);
            // Another consent to the same thing was given in time.
            let covered = |late: &Moment| {
                self.spec.same_concept
                    && first.iter().any(|other| !after(other, late) && other.named.iter().any(|id| late.named.contains(id)))
            };
            if partners.iter().any(|late| covered(late)) {
                continue;
            }
            // One more discussion or handing-over than there were operations or takeovers: its own was refused, or is yet to come.
            let is_extra = || {
                let repeats =
                    matches!(early.kind, Some(DocumentKind::PreopDiscussion | DocumentKind::PreopSummary | DocumentKind::Handover));
                let in_order =
                    |late: &Moment| first.iter().filter(|other| other.kind == early.kind && !after(other, late)).count() >= partners.len();
                repeats && partners.last().is_some_and(|late| in_order(late))
            };
            if is_extra() || self.is_of_other(subject, early, &second) {
                continue;
            }
            let Some(late) = partners.last().filter(|_| partners.iter().all(|late| disordered(late))) else { continue };
            hits.push(pair(early, late));
        }
        Outcome::Ran(hits)
    }
}

impl Prepared {
    /// A document of an operation that the filter leaves out: the emergency one of the day after the elective one.
    fn is_of_other(&self, subject: &Subject<'_>, early: &Moment, second: &[Moment]) -> bool {
        const DAY_MINUTES: i64 = 24 * 60;
        let Some(kind @ EventKind::OperationStart) = self.spec.second.event else { return false };
        let operations = events::events(subject, kind, &EventFilter::default()).unwrap_or_default();
        let is_other = |anchor: &str| second.iter().all(|known| known.anchor != anchor);
        let follows = |at: Instant| (0..=DAY_MINUTES).contains(&time::minutes_between(early.at.earliest(), at.latest()));
        early.kind.is_some() && operations.iter().any(|operation| is_other(&operation.anchor) && follows(operation.at))
    }
}

/// The hit of a moment that stands on the wrong side of another; in the message the first slot is the one out of place.
fn pair(wrong: &Moment, other: &Moment) -> Hit {
    let evidence = |moment: &Moment| DataEvidence { path: moment.path.clone(), label: moment.label.clone() };
    Hit {
        data: vec![evidence(wrong), evidence(other)],
        slots: vec![
            ("first", wrong.label.clone()),
            ("second", other.label.clone()),
            ("distance", super::deadline::length_of(other.at.latest(), wrong.at.earliest())),
        ],
        anchor: wrong.anchor.clone(),
        ..Hit::default()
    }
}
