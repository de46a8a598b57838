//! [`Engine`]: everything that judges, loaded once, without the database: bytes become a visit, a visit becomes a report.

use std::sync::Arc;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use quick_cache::sync::Cache;
use serde_json::Value;

use super::problem::Refusal;
use crate::critical;
use crate::data::DataFolder;
use crate::duties::Reminders;
use crate::indicators::Book;
use crate::indicators::table::{self, Entry};
use crate::input::OpenError;
use crate::input::open::{Format, format};
use crate::language::Language;
use crate::ledger::Policy;
use crate::problem::Problem;
use crate::reading::Reading;
use crate::reading::cache::ReadingCache;
use crate::record::event::fold;
use crate::record::{self, Instant, Precision, Visit, note::Note};
use crate::report::prose::{Placed, Tried, judge_prose, try_rule};
use crate::report::sheet::DEFAULT_SHEET;
use crate::report::{Line, Options, Report, Sheet, Sheets, judge};
use crate::review::Regression;
use crate::rules::rulebook::Compiled;
use crate::rules::switch::{Switched, Switches};
use crate::rules::{Phase, Rulebook, Status};
use crate::store::{Downtime, Following, Inputs, Judged, Recorded, digest};

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
    pub critical: critical::Limits,
    pub zone: TimeZone,
    /// Documents that were read before: of a visit that comes again only what changed is read.
    readings: ReadingCache,
    /// Stored visits in which somebody writes, by the hash of what came.
    open: Cache<String, Arc<OpenVisit>>,
}

/// A visit that was read, for whoever writes in it: only the document at hand is read again.
pub struct OpenVisit {
    pub visit: Visit,
    notes: Vec<Note>,
    reading: Reading,
}

/// What a body is called: JSON where it is not CDA.
const NAME: &str = "body.json";

/// Documents whose readings are kept, some tens of KB each.
const READINGS: usize = 4096;

/// Visits that are kept open, a megabyte or so each.
const OPEN: usize = 128;

/// How a visit is to be judged.
#[derive(Debug, Clone, Default)]
pub struct How {
    pub sheet: Option<String>,
    pub phase: Option<Phase>,
    pub at: Option<Instant>,
}

pub(super) fn no_sheet(id: &str) -> Refusal {
    Refusal::Unreadable(format!("没有评分表 {id}"))
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
            critical: critical::Limits::load(folder)?,
            zone,
            readings: ReadingCache::new(READINGS),
            open: Cache::new(OPEN),
        })
    }

    /// The sheet of whoever names none.
    fn default_sheet(&self) -> Result<&Sheet, Refusal> {
        self.sheets.sheet(DEFAULT_SHEET).ok_or_else(|| Refusal::Broken("no score sheet".to_owned()))
    }

    pub fn following(&self, local: DateTime) -> Following<'_> {
        Following { reminders: &self.reminders, policy: &self.policy, local }
    }

    /// A visit of whatever bytes came.
    pub fn open(&self, bytes: &[u8]) -> Result<(Visit, Vec<Note>), OpenError> {
        self.rulebook.knowledge.opener(&self.zone).visit(NAME, bytes)
    }

    /// The same for whoever sent them.
    pub fn read(&self, bytes: &[u8]) -> Result<(Visit, Vec<Note>), Refusal> {
        self.open(bytes).map_err(|error| Refusal::Unreadable(error.to_string()))
    }

    pub fn judge(&self, visit: &Visit, notes: Vec<Note>, how: &How, now: DateTime, switches: &Switches) -> Result<Report, Refusal> {
        let id = how.sheet.as_deref().unwrap_or(DEFAULT_SHEET);
        let sheet = self.sheets.sheet(id).ok_or_else(|| no_sheet(id))?;
        let switched = switches.within(visit.department());
        let options = Options {
            phase: how.phase,
            at: how.at.map(|at| at.latest()),
            language: self.language.as_ref(),
            switched: Some(&switched),
            ..Options::of(sheet, now)
        };
        let reading = self.rulebook.knowledge.reader.read_anew(visit, &self.readings);
        Ok(judge(visit, &reading, notes, &self.rulebook, options, |_, _| true))
    }

    /// The lines of a visit by one sheet after another, from one reading that is not kept: batches would push out what is being written.
    pub fn lines(
        &self,
        visit: &Visit,
        sheets: &[&str],
        with_model: bool,
        at: Option<DateTime>,
        now: DateTime,
        switches: &Switches,
    ) -> Result<Vec<Line>, Refusal> {
        let switched = switches.within(visit.department());
        let reading = self.rulebook.knowledge.reader.read(visit);
        let line = |id: &&str| {
            let sheet = self.sheets.sheet(id).ok_or_else(|| no_sheet(id))?;
            let language = self.language.as_ref().filter(|_| with_model);
            let options = Options { at, language, switched: Some(&switched), ..Options::of(sheet, now) };
            Ok(Line::of(&judge(visit, &reading, Vec::new(), &self.rulebook, options, |_, _| true)))
        };
        sheets.iter().map(line).collect()
    }

    /// Whether the rulebook is wrong about a case that it is held to.
    pub fn still_hits(&self, case: &Regression) -> bool {
        let sheet = self.sheets.sheet(DEFAULT_SHEET);
        sheet.is_some_and(|sheet| case.hits(&self.rulebook, sheet))
    }

    /// A visit that is open already.
    pub fn opened(&self, hash: &str) -> Option<Arc<OpenVisit>> {
        self.open.get(hash)
    }

    /// Reads a visit for whoever writes in it, and keeps it open where it is a stored one.
    pub fn open_for_writing(&self, text: &str, hash: Option<String>) -> Result<Arc<OpenVisit>, Refusal> {
        let (visit, notes) = self.read(text.as_bytes())?;
        let reading = self.rulebook.knowledge.reader.read_anew(&visit, &self.readings);
        let open = Arc::new(OpenVisit { visit, notes, reading });
        if let Some(hash) = hash {
            self.open.insert(hash, open.clone());
        }
        Ok(open)
    }

    /// Judges an open visit for whoever writes in one of its documents, `visit` being the same with the present text in its place; by the
    /// stable rules that can quote such a document. Rules alone: what the model finds is preview, and that is never shown while somebody writes.
    pub fn judge_inline(
        &self,
        open: &OpenVisit,
        visit: &Visit,
        document: usize,
        now: DateTime,
        switches: &Switches,
    ) -> Result<Report, Refusal> {
        let sheet = self.default_sheet()?;
        let switched = switches.within(visit.department());
        let options = Options { phase: Some(Phase::Inline), focus: Some(document), switched: Some(&switched), ..Options::of(sheet, now) };
        let mut reading = open.reading.clone();
        self.rulebook.knowledge.reader.read_again(&mut reading, document, &visit.documents[document]);
        let kind = reading.documents[document].kind;
        let concerns = |compiled: &Compiled, status: Status| status == Status::Stable && compiled.check.quotes(kind);
        Ok(judge(visit, &reading, open.notes.clone(), &self.rulebook, options, concerns))
    }

    /// Judges plain text while somebody writes it.
    pub fn judge_prose(&self, text: &str, now: DateTime) -> Result<Vec<Placed>, Refusal> {
        let sheet = self.default_sheet()?;
        Ok(judge_prose("text", text, &self.rulebook, sheet, &self.readings, now))
    }

    /// Judges plain text by one rule; the model answers where the rule asks it.
    pub fn try_rule(&self, id: &str, text: &str, now: DateTime) -> Result<Tried, Refusal> {
        let compiled = self.rulebook.rule(id).ok_or(Refusal::NotFound)?;
        let sheet = self.default_sheet()?;
        let options = Options { language: self.language.as_ref(), ..Options::of(sheet, now) };
        Ok(try_rule(text, compiled, &self.rulebook, &self.readings, options))
    }

    /// What one rule would say of a visit if it were in use, by rules alone.
    pub fn shadow(&self, rule: &str, visit: &Visit, at: DateTime) -> Result<Report, Refusal> {
        let sheet = self.default_sheet()?;
        let (on, reading) = (Switched::on(rule), self.rulebook.knowledge.reader.read(visit));
        let options = Options { at: Some(at), switched: Some(&on), ..Options::of(sheet, at) };
        Ok(judge(visit, &reading, Vec::new(), &self.rulebook, options, |compiled, _| compiled.rule.id == rule))
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
    pub fn prepare(&self, bytes: &[u8], at: Option<DateTime>, now: DateTime, recorded: &Recorded) -> Result<Kept, Refusal> {
        let (mut visit, notes) = self.read(bytes)?;
        // What was sent is kept to the letter, also where some of it could not be read; other encodings and formats are kept as they were read.
        let is_json = format(NAME, bytes) == Format::Native && serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok();
        let body = match std::str::from_utf8(bytes) {
            Ok(text) if is_json => text.to_owned(),
            _ => serde_json::to_string(&visit).map_err(|error| Refusal::Broken(error.to_string()))?,
        };
        add_downtimes(&mut visit, &recorded.downtimes);
        let own = visit.as_of.map(|as_of| as_of.latest());
        let at = at.filter(|at| own.is_none_or(|own| own < *at)).map(|at| Instant::new(at, Precision::Second));
        let mut report = self.judge(&visit, notes, &How { at, ..How::default() }, now, &recorded.switches)?;
        let loops = critical::loops(&visit, visit.department(), &self.critical, self.rulebook.knowledge.lexicon(), report.at.latest());
        report.duties.extend(critical::duties(&loops));
        let reading = self.rulebook.knowledge.reader.read_anew(&visit, &self.readings);
        let entries = table::entries(&self.book, &self.rulebook, &visit, &reading, now);
        Ok(Kept { visit, body, hash: digest(bytes), report, entries })
    }
}

/// What the hospital recorded of its record system, for the visits it concerns; what the visit itself says stays.
pub fn add_downtimes(visit: &mut Visit, recorded: &[Downtime]) {
    let department = visit.department().to_owned();
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
