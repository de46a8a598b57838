//! Critical values (危急值): the loop detected → reported → received → told → handled → recorded → re-tested of each, held against the hospital's
//! limits of `rules/critical.toml`, and figures over many. Pure: the moment is an argument.

use std::collections::BTreeMap;

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use crate::data::DataFolder;
use crate::interval::Proportion;
use crate::problem::Problem;
use crate::reading::lexicon::Lexicon;
use crate::record::{CriticalValue, Document, DocumentKind, Instant, LabFlag, Precision, Visit, time};
use crate::report::DutyEntry;
use crate::rules::{DutyState, Severity};

const FILE: &str = "critical.toml";

/// What the duties of this loop are told by, where others have the id of a rule.
pub const RULE: &str = "critical-value";

/// A step of the loop, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The result of the laboratory that it is about.
    Detected,
    Reported,
    Received,
    /// 告知医师
    Told,
    Handled,
    /// The first note after the report that speaks of it.
    Recorded,
    /// The first sample of the item after the report.
    Retested,
}

impl Step {
    pub const ALL: [Step; 7] = [Step::Detected, Step::Reported, Step::Received, Step::Told, Step::Handled, Step::Recorded, Step::Retested];
}

impl Step {
    /// The code of the time limits, and what is to be done.
    fn duty(self) -> (&'static str, &'static str) {
        match self {
            Step::Detected | Step::Reported => ("T36", "危急值报告"),
            Step::Received => ("T37", "危急值接收"),
            Step::Told => ("T37", "危急值告知医师"),
            Step::Handled => ("T38", "危急值处置"),
            Step::Recorded => ("T39", "危急值病程记录"),
            Step::Retested => ("T39", "危急值复查"),
        }
    }
}

/// The hospital's limits.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    #[serde(default, rename = "limit")]
    limits: Vec<Limit>,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Limit {
    step: Step,
    after: Step,
    minutes: i64,
}

impl Limits {
    pub fn load(folder: &DataFolder) -> Result<Self, Problem> {
        let Some(file) = &folder.file_or_shipped(FILE) else { return Ok(Self::default()) };
        let read: Self = toml::from_str(&file.text).map_err(|error| Problem::toml(file, &error))?;
        match read.limits.iter().find(|limit| limit.minutes <= 0 || limit.after >= limit.step) {
            Some(_) => Err(Problem::at_text(file, "[[limit]]", "a limit is at least a minute after an earlier step")),
            None => Ok(read),
        }
    }
}

/// How a step stands against its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    InTime,
    Late,
    Pending,
    Overdue,
    /// A later step is known and this one is not: the hospital did not send it.
    NotGiven,
    /// Without a limit, or what it counts from is not known.
    Unlimited,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepEntry {
    pub step: Step,
    pub at: Option<DateTime>,
    /// Since what the limit counts from; without a limit since the report.
    pub minutes: Option<i64>,
    /// What the limit counts from.
    #[serde(skip)]
    pub from: Option<DateTime>,
    pub due: Option<DateTime>,
    pub standing: Standing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Open,
    /// A step is overdue.
    Overdue,
    /// Handled and recorded.
    Closed,
}

/// One critical value with its loop.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Loop {
    pub visit_id: String,
    pub department: String,
    pub id: String,
    pub item: String,
    pub value: String,
    pub state: State,
    pub steps: Vec<StepEntry>,
}

impl Loop {
    pub fn at(&self, step: Step) -> Option<DateTime> {
        self.steps.iter().find(|entry| entry.step == step).and_then(|entry| entry.at)
    }

    /// `2026-03`, of the report; empty where it is not known.
    pub fn month(&self) -> String {
        self.at(Step::Reported).map_or_else(String::new, |at| format!("{:04}-{:02}", at.year(), at.month()))
    }
}

/// A moment to the minute; of a bare day no minutes can be counted.
fn moment(instant: Option<Instant>) -> Option<DateTime> {
    instant.filter(|instant| instant.has_time()).map(Instant::earliest)
}

fn is_note(document: &Document) -> bool {
    use DocumentKind::{CriticalValueRecord, DailyCourse, FirstCourse, RescueRecord, WardRound};
    matches!(document.kind, Some(DailyCourse | FirstCourse | CriticalValueRecord | RescueRecord | WardRound))
        || (document.kind.is_none() && document.title.as_ref().is_some_and(|title| title.contains("病程") || title.contains("危急值")))
}

/// The loops of a visit at a moment.
pub fn loops(visit: &Visit, department: &str, limits: &Limits, lexicon: &Lexicon, now: DateTime) -> Vec<Loop> {
    let values = visit.critical_values.iter().flatten().enumerate();
    values.map(|(index, value)| one(visit, department, index, value, limits, lexicon, now)).collect()
}

fn one(visit: &Visit, department: &str, index: usize, value: &CriticalValue, limits: &Limits, lexicon: &Lexicon, now: DateTime) -> Loop {
    let item = value.item.clone().unwrap_or_default();
    let concepts: Vec<_> = lexicon.find(&item).map(|(_, id)| id).collect();
    let names = |text: &str| (!item.is_empty() && text.contains(&item)) || lexicon.find(text).any(|(_, id)| concepts.contains(&id));
    let reported = moment(value.reported_at);
    let after = |at: DateTime| reported.is_some_and(|reported| at >= reported);
    let labs = || visit.labs.iter().flatten().filter(|lab| lab.item.as_deref().is_some_and(names));
    let is_critical = |flag: Option<LabFlag>| matches!(flag, Some(LabFlag::CriticalLow | LabFlag::CriticalHigh));
    let critical = labs().filter(|lab| is_critical(lab.flag)).filter_map(|lab| moment(lab.reported_at));
    let speaks = |document: &&Document| {
        let sections = document.sections.iter().flatten().map(|section| section.text.as_str());
        is_note(document) && sections.chain(document.text.as_deref()).any(|text| text.contains("危急值") || names(text))
    };
    let notes = visit.documents.iter().filter(|document| document.draft != Some(true)).filter(speaks);
    let times = [
        critical.filter(|at| reported.is_some_and(|reported| *at <= reported)).max(),
        reported,
        moment(value.received_at),
        moment(value.doctor_told_at),
        moment(value.handled_at),
        notes.filter_map(|document| moment(document.event_at.or(document.created_at))).filter(|at| after(*at)).min(),
        labs().filter_map(|lab| moment(lab.sampled_at)).filter(|at| reported.is_some_and(|reported| *at > reported)).min(),
    ];
    let at = |step: Step| times[step as usize];
    let steps: Vec<StepEntry> = Step::ALL
        .into_iter()
        .map(|step| {
            let limit = limits.limits.iter().find(|limit| limit.step == step);
            let from = limit.map_or(reported, |limit| at(limit.after));
            let due = limit.and_then(|limit| Some(time::plus_minutes(at(limit.after)?, limit.minutes)));
            let standing = match (at(step), due) {
                (Some(done), Some(due)) if done > due => Standing::Late,
                (Some(_), Some(_)) => Standing::InTime,
                (None, _)
                    if step < Step::Recorded
                        && Step::ALL.into_iter().any(|later| later > step && later < Step::Retested && at(later).is_some()) =>
                {
                    Standing::NotGiven
                }
                (None, Some(due)) if due < now => Standing::Overdue,
                (None, Some(_)) => Standing::Pending,
                (_, None) => Standing::Unlimited,
            };
            StepEntry {
                step,
                at: at(step),
                minutes: at(step).zip(from).map(|(at, from)| time::minutes_between(from, at)),
                from,
                due,
                standing,
            }
        })
        .collect();
    let state = if at(Step::Handled).is_some() && at(Step::Recorded).is_some() {
        State::Closed
    } else if steps.iter().any(|entry| entry.standing == Standing::Overdue) {
        State::Overdue
    } else {
        State::Open
    };
    let id = value.id.clone().unwrap_or_else(|| (index + 1).to_string());
    Loop {
        visit_id: visit.visit_id.clone(),
        department: department.to_owned(),
        id,
        item,
        value: value.value.clone().unwrap_or_default(),
        state,
        steps,
    }
}

/// Steps with a limit that has begun, as duties: they are reminded of and escalated as others are.
pub fn duties(loops: &[Loop]) -> Vec<DutyEntry> {
    let of = |entry: &Loop, step: &StepEntry| {
        let state = match step.standing {
            Standing::InTime => DutyState::InTime,
            Standing::Late => DutyState::Late,
            Standing::Pending => DutyState::Pending,
            Standing::Overdue => DutyState::Overdue,
            Standing::NotGiven | Standing::Unlimited => return None,
        };
        let (begin, due) = (step.from?, step.due?);
        let (code, task) = step.step.duty();
        let instant = |at| Instant::new(at, Precision::Minute);
        Some(DutyEntry {
            rule: RULE.to_owned(),
            defect: code.to_owned(),
            severity: Severity::S1,
            task: format!("{task}({}分钟内)", time::minutes_between(begin, due)),
            trigger: format!("危急值 {}{}", entry.item, entry.value),
            anchor: format!("{}/{}", entry.id, step.step as usize),
            begin: instant(begin),
            document: None,
            due: instant(due),
            done: step.at.map(instant),
            state,
        })
    };
    loops.iter().flat_map(|entry| entry.steps.iter().filter_map(move |step| of(entry, step))).collect()
}

/// The figures of one month and department.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    pub month: String,
    pub department: String,
    #[serde(flatten)]
    pub sums: Sums,
}

/// Some loops summed up.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sums {
    pub count: usize,
    pub closed: usize,
    pub overdue: usize,
    pub steps: Vec<StepFigures>,
}

impl Sums {
    pub fn of<'l>(loops: impl IntoIterator<Item = &'l Loop>) -> Self {
        let members: Vec<&Loop> = loops.into_iter().collect();
        Self {
            count: members.len(),
            closed: members.iter().filter(|entry| entry.state == State::Closed).count(),
            overdue: members.iter().filter(|entry| entry.state == State::Overdue).count(),
            steps: Step::ALL[2..].iter().map(|step| step_figures(*step, &members)).collect(),
        }
    }
}

/// Minutes from the report to one step, and how many came in time by the step's own limit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepFigures {
    pub step: Step,
    pub known: usize,
    pub median: Option<f64>,
    pub p90: Option<f64>,
    pub in_time: Proportion,
}

/// The value below which that share lies, between neighbours in proportion (the median of 1, 2, 4, 9 is 3). `None` of nothing.
fn percentile(sorted: &[i64], share: f64) -> Option<f64> {
    let place = share * (sorted.len().checked_sub(1)?) as f64;
    let (below, above) = (sorted[place.floor() as usize] as f64, sorted[place.ceil() as usize] as f64);
    Some(below + (above - below) * place.fract())
}

/// By month of the report and department, in this order.
pub fn figures(loops: &[Loop]) -> Vec<Figures> {
    let mut groups: BTreeMap<(String, &str), Vec<&Loop>> = BTreeMap::new();
    for entry in loops {
        groups.entry((entry.month(), &entry.department)).or_default().push(entry);
    }
    let of = |((month, department), members): ((String, &str), Vec<&Loop>)| Figures {
        month,
        department: department.to_owned(),
        sums: Sums::of(members),
    };
    groups.into_iter().map(of).collect()
}

fn step_figures(step: Step, members: &[&Loop]) -> StepFigures {
    let pairs = members.iter().filter_map(|entry| entry.at(step).zip(entry.at(Step::Reported)));
    let mut minutes: Vec<i64> = pairs.map(|(at, reported)| time::minutes_between(reported, at)).collect();
    minutes.sort_unstable();
    let standings = || members.iter().flat_map(|entry| &entry.steps).filter(|entry| entry.step == step).map(|entry| entry.standing);
    let in_time = standings().filter(|standing| *standing == Standing::InTime).count();
    let late = standings().filter(|standing| matches!(standing, Standing::Late | Standing::Overdue)).count();
    StepFigures {
        step,
        known: minutes.len(),
        median: percentile(&minutes, 0.5),
        p90: percentile(&minutes, 0.9),
        in_time: Proportion::new(in_time, in_time + late),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::rules::Rulebook;

    fn at(text: &str) -> DateTime {
        format!("2026-03-04T{text}").parse().expect("a moment")
    }

    fn read(values: Value, notes: Value, now: &str) -> Vec<Loop> {
        let folder = DataFolder::embedded();
        let rulebook = Rulebook::load(&folder).expect("the rules load");
        let limits = Limits::load(&folder).unwrap_or_else(|problem| panic!("{problem}"));
        let visit = json!({ "visit_id": "V", "documents": notes, "critical_values": values,
            "labs": [{ "id": "l1", "item": "血钾", "value": "6.8", "flag": "critical_high", "reported_at": "2026-03-04T08:05" },
                     { "id": "l2", "item": "血钾", "value": "4.2", "sampled_at": "2026-03-04T12:00", "reported_at": "2026-03-04T12:40" }] });
        let visit: Visit = serde_json::from_value(visit).expect("a visit");
        loops(&visit, "肾内科", &limits, rulebook.knowledge.lexicon(), at(now))
    }

    fn standings(entry: &Loop) -> Vec<Standing> {
        entry.steps.iter().map(|step| step.standing).collect()
    }

    #[test]
    fn a_loop_to_its_end() {
        use Standing::{InTime, Late, NotGiven, Unlimited};
        let note =
            json!([{ "id": "d1", "kind": "daily_course", "event_at": "2026-03-04T09:00", "text": "接危急值报告,血钾6.8mmol/L,予降钾。" }]);
        let value = json!([{ "id": "c", "item": "血钾", "value": "6.8", "reported_at": "2026-03-04T08:10", "received_at": "2026-03-04T08:12",
            "handled_at": "2026-03-04T08:50" }]);
        let entry = &read(value, note, "23:00")[0];
        assert_eq!(entry.state, State::Closed);
        // Handled 38 minutes after it was received; nobody sent when the doctor was told.
        assert_eq!(standings(entry), [Unlimited, Unlimited, InTime, NotGiven, Late, InTime, Unlimited]);
        assert_eq!(
            entry.steps.iter().map(|step| step.minutes).collect::<Vec<_>>(),
            [Some(-5), Some(0), Some(2), None, Some(38), Some(10), Some(230)]
        );
        let figures = &figures(std::slice::from_ref(entry))[0];
        assert_eq!((figures.month.as_str(), figures.sums.count, figures.sums.closed, figures.sums.overdue), ("2026-03", 1, 1, 0));
        assert_eq!(figures.sums.steps[2].median, Some(40.0), "from the report");
        assert_eq!((figures.sums.steps[2].in_time.hits, figures.sums.steps[2].in_time.total), (0, 1));
    }

    #[test]
    fn what_nobody_received_is_overdue_after_its_limit() {
        let value = json!([{ "id": "c", "item": "血钾", "value": "6.8", "reported_at": "2026-03-04T08:10" }]);
        assert_eq!(read(value.clone(), json!([]), "08:15")[0].state, State::Open);
        let late = &read(value, json!([]), "08:16")[0];
        assert_eq!((late.state, late.steps[2].standing, late.steps[2].due), (State::Overdue, Standing::Overdue, Some(at("08:15"))));
    }

    #[test]
    fn percentiles_by_hand() {
        // Places 1.5 and 2.7 of 1, 2, 4, 9: halfway from 2 to 4; seven tenths from 4 to 9.
        assert_eq!(percentile(&[1, 2, 4, 9], 0.5), Some(3.0));
        assert!(percentile(&[1, 2, 4, 9], 0.9).is_some_and(|value| (value - 7.5).abs() < 1e-9));
        assert_eq!(percentile(&[], 0.5), None);
    }
}
