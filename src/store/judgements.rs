//! Writes what a judgement came to: the visit, its findings, duties, indicator entries, what goes out and what becomes of the ledger; all or
//! nothing, and never on top of a judgement that had seen more.

use std::collections::HashSet;

use jiff::Timestamp;
use jiff::civil::DateTime;
use serde::Serialize;
use serde_json::json;
use sqlx::{AnyConnection, Row};

use super::audit::{self, Deed};
use super::inputs::{self, Seen};
use super::outbox::{self, Message};
use super::{Store, StoreError, duties, ledger, stamp};
use crate::duties::Reminders;
use crate::indicators::table::Entry;
use crate::ledger::Policy;
use crate::record::{Instant, Visit};
use crate::report::{Finding, Report};
use crate::rules::Status;

/// A visit with everything that follows from it, ready to be stored.
pub struct Judged<'a> {
    pub visit: &'a Visit,
    /// The visit as JSON, exactly as it is given back.
    pub body: &'a str,
    pub hash: &'a str,
    pub report: &'a Report,
    pub entries: &'a [Entry],
}

/// Where a judgement comes from.
#[derive(Debug, Clone, Copy)]
pub enum Source<'a> {
    /// A whole snapshot that is kept with it; how many of the events so far happened before it.
    Snapshot { text: &'a str, events: i64 },
    /// What had come already, as of this count.
    Inputs(Seen),
}

/// How the hospital follows its duties and findings, and the hospital's local time.
#[derive(Debug, Clone, Copy)]
pub struct Following<'a> {
    pub reminders: &'a Reminders,
    pub policy: &'a Policy,
    pub local: DateTime,
}

/// What storing a visit came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Put {
    pub version: i64,
    /// False where the same content under the same rulebook was stored already.
    pub changed: bool,
    /// Findings that this judgement has and the one before had not, and the other way round.
    pub new: Vec<String>,
    pub gone: Vec<String>,
    /// Events came meanwhile that this judgement has not seen.
    pub outdated: bool,
}

fn local(instant: Option<Instant>) -> String {
    instant.map_or(String::new(), |instant| instant.earliest().to_string())
}

impl Store {
    /// Stores a visit and what follows from it. The same content again changes nothing; content older than what is stored is left out.
    pub async fn put_visit(
        &self,
        judged: &Judged<'_>,
        source: Source<'_>,
        following: Following<'_>,
        deed: Deed<'_>,
        now: Timestamp,
    ) -> Result<Put, StoreError> {
        let visit = judged.visit;
        let mut transaction = self.begin_change().await?;
        let (seen, came) = match source {
            Source::Snapshot { text, events } => {
                let at = visit.as_of.map_or(following.local, |as_of| as_of.earliest()).to_string();
                let came = inputs::add_snapshot(&mut transaction, &visit.visit_id, text, &at).await?;
                (Seen { snapshots: came.snapshots, events }, came)
            }
            // The first statement writes, so that two writers of one visit queue up here.
            Source::Inputs(seen) => {
                let lock = "UPDATE inputs SET events = events WHERE visit_id = $1 RETURNING snapshots, events";
                let row = sqlx::query(lock).bind(&visit.visit_id).fetch_one(&mut *transaction).await?;
                (seen, Seen { snapshots: row.try_get("snapshots")?, events: row.try_get("events")? })
            }
        };
        let outdated = seen != came;
        let stored = upsert_visit(&mut transaction, judged, seen, now).await?;
        if !outdated {
            sqlx::query("DELETE FROM pending WHERE visit_id = $1").bind(&visit.visit_id).execute(&mut *transaction).await?;
        } else {
            inputs::mark_pending(&mut transaction, &visit.visit_id, "event").await?;
        }
        let Some((version, judgement)) = stored else {
            let known =
                sqlx::query("SELECT version FROM visits WHERE visit_id = $1").bind(&visit.visit_id).fetch_one(&mut *transaction).await?;
            let version = known.try_get("version")?;
            transaction.commit().await?;
            return Ok(Put { version, outdated, ..Put::default() });
        };
        let place = Place { visit, department: visit.department(), version, judgement };
        keep_version(&mut transaction, judged, &place, now).await?;
        let (new, gone) = keep_findings(&mut transaction, judged.report, &place, now).await?;
        duties::keep(&mut transaction, judged.report, &place, following).await?;
        keep_entries(&mut transaction, judged.entries, &place).await?;
        let mut messages = announcements(judged.report, &place, &new, &gone);
        messages.extend(ledger::follow(&mut transaction, judged.report, &place, following, (&new, &gone)).await?);
        outbox::append(&mut transaction, &messages, now).await?;
        audit::append(&mut transaction, deed, now).await?;
        transaction.commit().await?;
        Ok(Put { version, changed: true, new, gone, outdated })
    }
}

/// The judgement that is being written.
pub(super) struct Place<'a> {
    pub visit: &'a Visit,
    pub department: &'a str,
    pub version: i64,
    /// Counts judgements of the visit: what an older one had and this one has not is gone.
    pub judgement: i64,
}

/// The version and the number of the judgement; `None` where nothing is new.
async fn upsert_visit(
    connection: &mut AnyConnection,
    judged: &Judged<'_>,
    seen: Seen,
    now: Timestamp,
) -> Result<Option<(i64, i64)>, StoreError> {
    let (visit, report) = (judged.visit, judged.report);
    let score = report.score.as_ref();
    let upsert =
        "INSERT INTO visits (visit_id, version, judged, hash, rulebook, received_at, department, admitted_at, discharged_at, total, grade,
          visit, report, snapshots, events, judged_for)
        VALUES ($1, 1, 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        ON CONFLICT (visit_id) DO UPDATE SET
          version = visits.version + CASE WHEN visits.hash = excluded.hash THEN 0 ELSE 1 END, judged = visits.judged + 1,
          hash = excluded.hash, rulebook = excluded.rulebook, received_at = excluded.received_at, department = excluded.department,
          admitted_at = excluded.admitted_at, discharged_at = excluded.discharged_at, total = excluded.total, grade = excluded.grade,
          visit = excluded.visit, report = excluded.report, snapshots = excluded.snapshots, events = excluded.events,
          judged_for = excluded.judged_for
        WHERE (visits.snapshots < excluded.snapshots OR (visits.snapshots = excluded.snapshots AND visits.events <= excluded.events))
          AND (visits.hash <> excluded.hash OR visits.rulebook <> excluded.rulebook OR visits.judged_for < excluded.judged_for)
        RETURNING version, judged";
    let row = sqlx::query(upsert)
        .bind(&visit.visit_id)
        .bind(judged.hash)
        .bind(&report.manifest.rulebook)
        .bind(stamp(now))
        .bind(visit.department())
        .bind(local(visit.admission.admitted_at))
        .bind(local(visit.discharge.as_ref().and_then(|discharge| discharge.discharged_at)))
        .bind(score.and_then(|score| score.total))
        .bind(score.map_or("", |score| score.grade.as_str()))
        .bind(judged.body)
        .bind(serde_json::to_string(report)?)
        .bind(seen.snapshots)
        .bind(seen.events)
        .bind(report.at.earliest().to_string())
        .fetch_optional(connection)
        .await?;
    row.map(|row| Ok((row.try_get("version")?, row.try_get("judged")?))).transpose()
}

async fn keep_version(connection: &mut AnyConnection, judged: &Judged<'_>, place: &Place<'_>, now: Timestamp) -> Result<(), StoreError> {
    let add = "INSERT INTO visit_versions (visit_id, version, hash, received_at, visit) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    sqlx::query(add)
        .bind(&place.visit.visit_id)
        .bind(place.version)
        .bind(judged.hash)
        .bind(stamp(now))
        .bind(judged.body)
        .execute(connection)
        .await?;
    Ok(())
}

/// Ids of the findings that came, and of those that went.
async fn keep_findings(
    connection: &mut AnyConnection,
    report: &Report,
    place: &Place<'_>,
    now: Timestamp,
) -> Result<(Vec<String>, Vec<String>), StoreError> {
    let (id, moment) = (&place.visit.visit_id, stamp(now));
    let rows =
        sqlx::query("SELECT finding_id FROM findings WHERE visit_id = $1 AND gone_at = ''").bind(id).fetch_all(&mut *connection).await?;
    let open: HashSet<String> = rows.iter().map(|row| row.try_get("finding_id")).collect::<Result<_, _>>()?;
    for finding in &report.findings {
        let keep = "INSERT INTO findings
            (visit_id, finding_id, department, rule, defect, severity, status, finding, first_seen, last_seen, last_judged, gone_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10, '')
            ON CONFLICT (visit_id, finding_id) DO UPDATE SET
              severity = excluded.severity, status = excluded.status, finding = excluded.finding, last_seen = excluded.last_seen,
              last_judged = excluded.last_judged, gone_at = ''";
        sqlx::query(keep)
            .bind(id)
            .bind(&finding.id)
            .bind(place.department)
            .bind(&finding.rule)
            .bind(&finding.defect)
            .bind(format!("{:?}", finding.severity))
            .bind(format!("{:?}", finding.status).to_lowercase())
            .bind(serde_json::to_string(finding)?)
            .bind(&moment)
            .bind(place.judgement)
            .execute(&mut *connection)
            .await?;
    }
    sqlx::query("UPDATE findings SET gone_at = $1 WHERE visit_id = $2 AND gone_at = '' AND last_judged < $3")
        .bind(&moment)
        .bind(id)
        .bind(place.judgement)
        .execute(&mut *connection)
        .await?;
    // Those that went before move along with the patient.
    sqlx::query("UPDATE findings SET department = $1 WHERE visit_id = $2 AND department <> $1")
        .bind(place.department)
        .bind(id)
        .execute(&mut *connection)
        .await?;
    let now_open: HashSet<&str> = report.findings.iter().map(|finding| finding.id.as_str()).collect();
    let new = report.findings.iter().filter(|finding| !open.contains(&finding.id)).map(|finding| finding.id.clone()).collect();
    let mut gone: Vec<String> = open.into_iter().filter(|id| !now_open.contains(id.as_str())).collect();
    gone.sort_unstable();
    Ok((new, gone))
}

async fn keep_entries(connection: &mut AnyConnection, entries: &[Entry], place: &Place<'_>) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM indicator_entries WHERE visit_id = $1").bind(&place.visit.visit_id).execute(&mut *connection).await?;
    for entry in entries {
        sqlx::query("INSERT INTO indicator_entries (visit_id, indicator, month, department, entry) VALUES ($1, $2, $3, $4, $5)")
            .bind(&place.visit.visit_id)
            .bind(&entry.indicator)
            .bind(entry.month.as_deref().unwrap_or(""))
            .bind(place.department)
            .bind(serde_json::to_string(entry)?)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Codes and titles only: who may see the visit asks for the words.
fn announcements(report: &Report, place: &Place<'_>, new: &[String], gone: &[String]) -> Vec<Message> {
    let message = |topic, body| Message {
        topic,
        visit_id: place.visit.visit_id.clone(),
        department: place.department.to_owned(),
        body,
        ..Message::default()
    };
    let shown = |finding: &Finding| json!({ "id": finding.id, "rule": finding.rule, "defect": finding.defect, "severity": finding.severity, "title": finding.title });
    let came = report.findings.iter().filter(|finding| finding.status == Status::Stable && new.contains(&finding.id));
    let mut messages: Vec<Message> = came.map(|finding| message("finding.new", shown(finding))).collect();
    messages.extend(gone.iter().map(|id| message("finding.gone", json!({ "id": id }))));
    let score = report.score.as_ref();
    let total = score.and_then(|score| score.total);
    messages.push(message(
        "visit.judged",
        json!({ "version": place.version, "total": total, "grade": score.map(|score| &score.grade), "findings": report.stable().count() }),
    ));
    messages
}
