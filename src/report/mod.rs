//! Findings with evidence, groups, score and grade, and what was and was not checked: `bingli.report/1`.
//!
//! Pure: a report is a function of the visit, the rulebook, the score sheet, the phase and the moment. It prints nothing.

pub mod finding;
pub mod fixes;
pub mod html;
pub mod line;
pub mod prose;
pub mod score;
#[cfg(test)]
mod score_tests;
pub mod sheet;
pub mod text;

use jiff::civil::DateTime;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::language::Language;
use crate::reading::Reading;
use crate::record::{Instant, Precision, Visit, note::Note};
use crate::rules::rulebook::Compiled;
use crate::rules::switch::Switched;
use crate::rules::{CopyIndex, DutyState, Phase, Rulebook, Severity, Status, Subject};
pub use finding::Finding;
pub use line::Line;
pub use score::Score;
pub use sheet::{Sheet, Sheets};

/// The schema name that reports carry.
pub const SCHEMA: &str = "bingli.report/1";

/// Everything that was found out about one visit at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    pub schema: String,
    pub visit_id: String,
    /// The moment it was judged for.
    pub at: Instant,
    #[schemars(with = "String")]
    pub phase: Phase,
    /// Ranked: severity, then confidence, then the order of the record.
    pub findings: Vec<Finding>,
    /// Absent where a grade would mislead: an inline check, or nothing that could be scored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<Score>,
    pub duties: Vec<DutyEntry>,
    pub manifest: Manifest,
    pub notes: Vec<Note>,
}

/// A duty as the report shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DutyEntry {
    pub rule: String,
    pub defect: String,
    #[schemars(with = "String")]
    pub severity: Severity,
    /// What must be done: `首次病程记录`.
    pub task: String,
    /// What started the clock: `入院 2026-03-01 09:30`.
    pub trigger: String,
    /// Tells two duties of one rule apart: the id of the operation, the day of the course note.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub anchor: String,
    /// When the window opened.
    pub begin: Instant,
    /// Id of the document that satisfies it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    pub due: Instant,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub done: Option<Instant>,
    #[schemars(with = "String")]
    pub state: DutyState,
}

/// What judged the visit, and what it could not judge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Manifest {
    /// Version of the program.
    pub version: String,
    /// `sha256:…` over the rules folder.
    pub rulebook: String,
    /// The language model that took part; `null` when rules judged alone.
    pub model: Option<ModelUse>,
    /// How many rules ran to their end.
    pub ran: usize,
    /// How many do not concern this visit.
    pub not_applicable: usize,
    pub skipped: Vec<Skipped>,
    pub not_evaluated: Vec<NotEvaluated>,
}

/// The language model of a report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModelUse {
    pub name: String,
    pub version: String,
    /// Over all its files.
    pub sha256: String,
    /// False where the report did not wait for it.
    pub ran: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Skipped {
    pub rule: String,
    pub why: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NotEvaluated {
    pub rule: String,
    pub error: String,
}

/// How a visit is to be judged.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    pub sheet: &'a Sheet,
    /// `None`: terminal after discharge, running before.
    pub phase: Option<Phase>,
    /// `None`: the visit's own `as_of`, else `now`.
    pub at: Option<DateTime>,
    /// The caller's clock, for visits that don't say their moment.
    pub now: DateTime,
    /// `None`: rules judge alone.
    pub language: Option<&'a Language>,
    /// The document that somebody writes in: only what is wrong in it is looked for.
    pub focus: Option<usize>,
    /// Statuses of rules against those of their files.
    pub switched: Option<&'a Switched<'a>>,
}

impl<'a> Options<'a> {
    /// By rules alone, for the visit's own phase and moment, all of it.
    pub fn of(sheet: &'a Sheet, now: DateTime) -> Self {
        Self { sheet, phase: None, at: None, now, language: None, focus: None, switched: None }
    }
}

/// Reads a visit, runs the rulebook and scores what was found.
pub fn check(visit: &Visit, notes: Vec<Note>, rulebook: &Rulebook, options: Options<'_>) -> Report {
    check_against(visit, notes, rulebook, options, None)
}

/// The same with earlier visits, for what was copied from them.
pub fn check_against(visit: &Visit, notes: Vec<Note>, rulebook: &Rulebook, options: Options<'_>, history: Option<&CopyIndex>) -> Report {
    judge_against(visit, &rulebook.knowledge.reader.read(visit), notes, rulebook, options, history, |_, _| true)
}

/// Judges a visit that was read, by those rules that are wanted.
pub fn judge(
    visit: &Visit,
    reading: &Reading,
    notes: Vec<Note>,
    rulebook: &Rulebook,
    options: Options<'_>,
    wanted: impl Fn(&Compiled, Status) -> bool,
) -> Report {
    judge_against(visit, reading, notes, rulebook, options, None, wanted)
}

/// The same with earlier visits.
pub fn judge_against(
    visit: &Visit,
    reading: &Reading,
    notes: Vec<Note>,
    rulebook: &Rulebook,
    options: Options<'_>,
    history: Option<&CopyIndex>,
    wanted: impl Fn(&Compiled, Status) -> bool,
) -> Report {
    let mut notes = notes;
    notes.extend(remarks(visit, reading, rulebook));
    let at = options.at.or(visit.as_of.map(|instant| instant.latest())).unwrap_or(options.now);
    let phase = options.phase.unwrap_or(if visit.discharge.is_some() { Phase::Terminal } else { Phase::Running });
    let subject = Subject { visit, reading, knowledge: &rulebook.knowledge, at, phase, history, focus: options.focus };
    let as_filed = Switched::default();
    let switched = options.switched.unwrap_or(&as_filed);
    let mut result = rulebook.run_those(&subject, switched, wanted);
    match options.language {
        Some(language) => language.answer(&mut result, &rulebook.knowledge),
        None => result.leave_unanswered(),
    }
    let mut findings = finding::findings(&subject, &result, switched);
    let score = match phase {
        Phase::Inline => None,
        Phase::Running | Phase::Terminal => score::score(options.sheet, visit, &mut findings, result.ran),
    };
    let duty_entry = |(compiled, duty): &(&crate::rules::rulebook::Compiled, crate::rules::Duty)| DutyEntry {
        rule: compiled.rule.id.clone(),
        defect: compiled.rule.defect.clone(),
        severity: compiled.rule.severity,
        task: duty.task.clone(),
        trigger: duty.trigger.clone(),
        anchor: duty.anchor.clone(),
        begin: Instant::new(duty.begin, Precision::Second),
        document: duty.document.map(|index| visit.documents[index].id.clone()),
        due: Instant::new(duty.due, Precision::Second),
        done: duty.done.map(|done| Instant::new(done, Precision::Second)),
        state: duty.state,
    };
    Report {
        schema: SCHEMA.to_owned(),
        visit_id: visit.visit_id.clone(),
        at: Instant::new(at, Precision::Second),
        phase,
        findings,
        score,
        duties: result.duties.iter().map(duty_entry).collect(),
        manifest: Manifest {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            rulebook: rulebook.digest.clone(),
            model: options.language.map(|language| ModelUse {
                name: language.identity.name.clone(),
                version: language.identity.version.clone(),
                sha256: language.identity.sha256.clone(),
                ran: true,
            }),
            ran: result.ran,
            not_applicable: result.not_applicable,
            skipped: result.skipped.iter().map(|(compiled, why)| Skipped { rule: compiled.rule.id.clone(), why: why.clone() }).collect(),
            not_evaluated: result
                .not_evaluated
                .iter()
                .map(|(compiled, error)| NotEvaluated { rule: compiled.rule.id.clone(), error: error.clone() })
                .collect(),
        },
        notes,
    }
}

/// What the house itself could not place: unknown titles, years without a holiday list.
fn remarks(visit: &Visit, reading: &Reading, rulebook: &Rulebook) -> Vec<Note> {
    let knowledge = &rulebook.knowledge;
    let unplaced = visit.documents.iter().enumerate().filter_map(|(index, document)| {
        let title = document.title.as_deref().filter(|_| document.kind.is_none())?;
        let known = knowledge.documents().kind_of_title(title).is_some();
        (!known).then(|| Note::warning(format!("/documents/{index}/title"), None, format!("文书标题「{title}」未能识别,按其他文书处理")))
    });
    let mut notes: Vec<Note> = unplaced.collect();
    notes.extend(reading.documents.iter().filter(|document| document.entries > 0).map(|document| {
        let text = format!("「{}」把 {} 条病程合在一份文书中,缺项与时限不作判断;请逐条发送", document.title, document.entries);
        Note::warning(format!("/documents/{}", document.index), None, text)
    }));
    if let Some(discharged) = visit.discharge.as_ref().and_then(|discharge| discharge.discharged_at) {
        let year = discharged.date().year();
        if !knowledge.calendar.knows(year) {
            notes.push(Note::warning("/discharge/discharged_at", None, format!("节假日表没有{year}年,工作日只按周末计算")));
        }
    }
    notes
}

impl Report {
    /// Findings that count: those of stable rules.
    pub fn stable(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.status == Status::Stable)
    }
}
