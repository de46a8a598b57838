//! [`Engine`]: everything that judges, loaded once, without the database: bytes become a visit, a visit becomes a report.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::problem::Refusal;
use crate::data::DataFolder;
use crate::duties::Reminders;
use crate::indicators::Book;
use crate::indicators::table::{self, Entry};
use crate::input::open::{Format, format};
use crate::language::Language;
use crate::ledger::Policy;
use crate::problem::Problem;
use crate::reading::cache::ReadingCache;
use crate::record::event::fold;
use crate::record::{self, Instant, Precision, Visit, note::Note};
use crate::report::prose::{Placed, judge_prose};
use crate::report::{Options, Report, Sheets, judge};
use crate::rules::{Phase, Rulebook};
use crate::store::{Downtime, Following, Inputs, Judged, department_of, digest};

/// What judges: the rulebook and everything beside it in its folder.
pub struct Engine {
    pub rulebook: Rulebook,
    pub book: Book,
    pub sheets: Sheets,
    /// `None`: rules judge alone.
    pub language: Option<Language>,
    pub reminders: Reminders,
    pub policy: Policy,
    pub review: crate::review::Policy,
    pub critical: crate::critical::Limits,
    pub zone: TimeZone,
    /// Documents that were read before: of a visit that comes again only what changed is read.
    readings: ReadingCache,
}

/// What a body is called: JSON where it is not CDA.
const NAME: &str = "body.json";

/// Documents whose readings are kept, some tens of KB each.
const READINGS: usize = 4096;

/// How a visit is to be judged.
#[derive(Debug, Clone, Default)]
pub struct How {
    pub sheet: Option<String>,
    pub phase: Option<Phase>,
    pub at: Option<Instant>,
}

/// A visit with everything that follows from it, on its way into the store.
pub struct Kept {
    pub visit: Visit,
    pub body: String,
    pub hash: String,
    pub report: Report,
    pub entries: Vec<Entry>,
}

impl Kept {
    pub fn as_judged(&self) -> Judged<'_> {
        Judged { visit: &self.visit, body: &self.body, hash: &self.hash, report: &self.report, entries: &self.entries }
    }
}

impl Engine {
    /// Loads what stands beside the rulebook in its folder.
    pub fn load(
        rulebook: Rulebook,
        book: Book,
        sheets: Sheets,
        language: Option<Language>,
        zone: TimeZone,
        folder: &DataFolder,
    ) -> Result<Self, Problem> {
        Ok(Self {
            rulebook,
            book,
            sheets,
            language,
            reminders: Reminders::load(folder)?,
            policy: Policy::load(folder)?,
            review: crate::review::Policy::load(folder)?,
            critical: crate::critical::Limits::load(folder)?,
            zone,
            readings: ReadingCache::new(READINGS),
        })
    }

    pub fn following(&self, local: DateTime) -> Following<'_> {
        Following { reminders: &self.reminders, policy: &self.policy, local }
    }

    /// A visit of whatever bytes came.
    pub fn read(&self, bytes: &[u8]) -> Result<(Visit, Vec<Note>), Refusal> {
        let opener = self.rulebook.knowledge.opener(&self.zone);
        opener.visit(NAME, bytes).map_err(|error| Refusal::Unreadable(error.to_string()))
    }

    pub fn judge(&self, visit: &Visit, notes: Vec<Note>, how: &How, now: DateTime) -> Result<Report, Refusal> {
        let id = how.sheet.as_deref().unwrap_or(crate::report::sheet::DEFAULT_SHEET);
        let sheet = self.sheets.sheet(id).ok_or_else(|| Refusal::Unreadable(format!("没有评分表 {id}")))?;
        let options = Options { sheet, phase: how.phase, at: how.at.map(|at| at.latest()), now, language: self.language.as_ref() };
        let reading = self.rulebook.knowledge.reader.read_anew(visit, &self.readings);
        Ok(judge(visit, &reading, notes, &self.rulebook, options, |_| true))
    }

    /// Judges a visit for whoever writes in one of its documents, by the rules that can quote such a document. Rules alone: what the
    /// model finds is preview, and that is never shown while somebody writes.
    pub fn judge_inline(&self, visit: &Visit, notes: Vec<Note>, document: usize, now: DateTime) -> Result<Report, Refusal> {
        let sheet = self.sheets.sheet(crate::report::sheet::DEFAULT_SHEET).ok_or_else(|| Refusal::Broken("no score sheet".to_owned()))?;
        let options = Options { sheet, phase: Some(Phase::Inline), at: None, now, language: None };
        let reading = self.rulebook.knowledge.reader.read_anew(visit, &self.readings);
        let kind = reading.documents[document].kind;
        Ok(judge(visit, &reading, notes, &self.rulebook, options, |compiled| compiled.check.quotes(kind)))
    }

    /// Judges plain text while somebody writes it.
    pub fn judge_prose(&self, text: &str, now: DateTime) -> Result<Vec<Placed>, Refusal> {
        let sheet = self.sheets.sheet(crate::report::sheet::DEFAULT_SHEET).ok_or_else(|| Refusal::Broken("no score sheet".to_owned()))?;
        Ok(judge_prose("text", text, &self.rulebook, sheet, &self.readings, now))
    }

    /// The visit that a snapshot and the events after it make, as JSON. Without events it is the snapshot to the letter.
    pub fn folded(&self, visit_id: &str, inputs: Inputs) -> Result<String, Refusal> {
        if inputs.events.is_empty() && !inputs.snapshot.is_empty() {
            return Ok(inputs.snapshot);
        }
        let snapshot = match inputs.snapshot.as_str() {
            "" => None,
            text => match serde_json::from_str::<Value>(text) {
                Ok(Value::Object(snapshot)) => Some(snapshot),
                _ => return Err(Refusal::Broken("a stored snapshot is no object".to_owned())),
            },
        };
        Ok(Value::Object(fold(visit_id, snapshot, inputs.events)).to_string())
    }

    /// Reads and judges a visit that is to be kept; `at` in place of the visit's own moment where that is later.
    pub fn prepare(&self, bytes: &[u8], at: Option<DateTime>, now: DateTime, downtimes: &[Downtime]) -> Result<Kept, Refusal> {
        let (mut visit, notes) = self.read(bytes)?;
        // What was sent is kept to the letter, also where some of it could not be read; other encodings and formats are kept as they were read.
        let is_json = format(NAME, bytes) == Format::Native && serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok();
        let body = match std::str::from_utf8(bytes) {
            Ok(text) if is_json => text.to_owned(),
            _ => serde_json::to_string(&visit).map_err(|error| Refusal::Broken(error.to_string()))?,
        };
        add_downtimes(&mut visit, downtimes);
        let own = visit.as_of.map(|as_of| as_of.latest());
        let at = at.filter(|at| own.is_none_or(|own| own < *at)).map(|at| Instant::new(at, Precision::Second));
        let report = self.judge(&visit, notes, &How { at, ..How::default() }, now)?;
        let entries = table::entries(&self.book, &self.rulebook, &visit, now);
        Ok(Kept { visit, body, hash: digest(bytes), report, entries })
    }
}

/// What the hospital recorded of its record system, for the visits it concerns; what the visit itself says stays.
pub fn add_downtimes(visit: &mut Visit, recorded: &[Downtime]) {
    let department = department_of(visit).to_owned();
    let concerns = |downtime: &&Downtime| downtime.department.is_empty() || downtime.department == department;
    let added = recorded.iter().filter(concerns).map(|downtime| record::Downtime {
        from: Some(Instant::new(downtime.from, Precision::Second)),
        to: Some(Instant::new(downtime.to, Precision::Second)),
        reason: Some(downtime.reason.clone()),
    });
    let added: Vec<record::Downtime> = added.collect();
    if !added.is_empty() {
        visit.downtimes.get_or_insert_default().extend(added);
    }
}
