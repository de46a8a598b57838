//! Visits and what was found out about them.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use sqlx::Row;

use super::audit::{self, Deed};
use super::{Store, StoreError, stamp};
use crate::indicators::table::Entry;
use crate::record::Visit;
use crate::report::Report;

/// A visit with everything that follows from it, ready to be stored.
pub struct Judged<'a> {
    pub visit: &'a Visit,
    /// The visit as JSON, exactly as it is given back.
    pub body: &'a str,
    pub hash: &'a str,
    pub report: &'a Report,
    pub entries: &'a [Entry],
}

/// What storing a visit came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Put {
    pub version: i64,
    /// False where the same content under the same rulebook was stored already.
    pub changed: bool,
}

/// Which visits; empty words mean any.
#[derive(Debug, Clone, Default)]
pub struct VisitQuery {
    pub department: String,
    pub grade: String,
    /// `running`, `discharged` or any.
    pub state: String,
    /// Visits after this id.
    pub after: String,
    pub limit: i64,
}

#[derive(Debug, Clone, Default)]
pub struct FindingQuery {
    pub visit: String,
    pub department: String,
    pub rule: String,
    pub defect: String,
    pub severity: String,
    /// `open`, `gone` or any.
    pub state: String,
    /// `visit_id/finding_id` of the last one seen.
    pub after: (String, String),
    pub limit: i64,
}

#[derive(Debug, Clone, Default)]
pub struct DutyQuery {
    pub visit: String,
    pub department: String,
    /// `open`, `overdue`, `done` or any.
    pub state: String,
    /// Duties due up to this local moment.
    pub due_before: String,
    /// The present local moment.
    pub now: String,
    /// `due`, visit and number of the last one seen.
    pub after: (String, String, i64),
    pub limit: i64,
}

impl Store {
    /// Stores a visit and what follows from it, all or nothing. The same content again changes nothing.
    pub async fn put_visit(&self, judged: &Judged<'_>, deed: Deed<'_>, now: Timestamp) -> Result<Put, StoreError> {
        let moment = stamp(now);
        let (visit, report) = (judged.visit, judged.report);
        let department = visit.admission.department.as_deref().unwrap_or("");
        let local = |instant: Option<crate::record::Instant>| instant.map_or(String::new(), |instant| instant.earliest().to_string());
        let score = report.score.as_ref();
        let mut transaction = self.pool.begin().await?;
        // The first statement writes, so that two writers of one visit queue up here.
        let upsert = "INSERT INTO visits (visit_id, version, judged, hash, rulebook, received_at, department, admitted_at, discharged_at, total, grade, visit, report)
            VALUES ($1, 1, 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            ON CONFLICT (visit_id) DO UPDATE SET
              version = visits.version + CASE WHEN visits.hash = excluded.hash THEN 0 ELSE 1 END, judged = visits.judged + 1,
              hash = excluded.hash, rulebook = excluded.rulebook, received_at = excluded.received_at, department = excluded.department,
              admitted_at = excluded.admitted_at, discharged_at = excluded.discharged_at, total = excluded.total, grade = excluded.grade,
              visit = excluded.visit, report = excluded.report
            WHERE visits.hash <> excluded.hash OR visits.rulebook <> excluded.rulebook
            RETURNING version, judged";
        let stored = sqlx::query(upsert)
            .bind(&visit.visit_id)
            .bind(judged.hash)
            .bind(&report.manifest.rulebook)
            .bind(&moment)
            .bind(department)
            .bind(local(visit.admission.admitted_at))
            .bind(local(visit.discharge.as_ref().and_then(|discharge| discharge.discharged_at)))
            .bind(score.and_then(|score| score.total))
            .bind(score.map_or("", |score| score.grade.as_str()))
            .bind(judged.body)
            .bind(serde_json::to_string(report)?)
            .fetch_optional(&mut *transaction)
            .await?;
        let Some(stored) = stored else {
            let known =
                sqlx::query("SELECT version FROM visits WHERE visit_id = $1").bind(&visit.visit_id).fetch_one(&mut *transaction).await?;
            let version = known.try_get("version")?;
            transaction.commit().await?;
            return Ok(Put { version, changed: false });
        };
        let (version, judgement): (i64, i64) = (stored.try_get("version")?, stored.try_get("judged")?);
        sqlx::query(
            "INSERT INTO visit_versions (visit_id, version, hash, received_at, visit) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        )
        .bind(&visit.visit_id)
        .bind(version)
        .bind(judged.hash)
        .bind(&moment)
        .bind(judged.body)
        .execute(&mut *transaction)
        .await?;
        for finding in &report.findings {
            let keep = "INSERT INTO findings
                (visit_id, finding_id, department, rule, defect, severity, status, finding, first_seen, last_seen, last_judged, gone_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10, '')
                ON CONFLICT (visit_id, finding_id) DO UPDATE SET
                  severity = excluded.severity, status = excluded.status, finding = excluded.finding, last_seen = excluded.last_seen,
                  last_judged = excluded.last_judged, gone_at = ''";
            sqlx::query(keep)
                .bind(&visit.visit_id)
                .bind(&finding.id)
                .bind(department)
                .bind(&finding.rule)
                .bind(&finding.defect)
                .bind(format!("{:?}", finding.severity))
                .bind(format!("{:?}", finding.status).to_lowercase())
                .bind(serde_json::to_string(finding)?)
                .bind(&moment)
                .bind(judgement)
                .execute(&mut *transaction)
                .await?;
        }
        sqlx::query("UPDATE findings SET gone_at = $1 WHERE visit_id = $2 AND gone_at = '' AND last_judged < $3")
            .bind(&moment)
            .bind(&visit.visit_id)
            .bind(judgement)
            .execute(&mut *transaction)
            .await?;
        // Those that went before move along with the patient.
        sqlx::query("UPDATE findings SET department = $1 WHERE visit_id = $2 AND department <> $1")
            .bind(department)
            .bind(&visit.visit_id)
            .execute(&mut *transaction)
            .await?;
        sqlx::query("DELETE FROM duties WHERE visit_id = $1").bind(&visit.visit_id).execute(&mut *transaction).await?;
        for (number, duty) in report.duties.iter().enumerate() {
            let add = "INSERT INTO duties (visit_id, number, department, rule, defect, task, cause, due, done) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
            sqlx::query(add)
                .bind(&visit.visit_id)
                .bind(number as i64)
                .bind(department)
                .bind(&duty.rule)
                .bind(&duty.defect)
                .bind(&duty.task)
                .bind(&duty.trigger)
                .bind(duty.due.latest().to_string())
                .bind(duty.done.map_or(String::new(), |done| done.earliest().to_string()))
                .execute(&mut *transaction)
                .await?;
        }
        sqlx::query("DELETE FROM indicator_entries WHERE visit_id = $1").bind(&visit.visit_id).execute(&mut *transaction).await?;
        for entry in judged.entries {
            sqlx::query("INSERT INTO indicator_entries (visit_id, indicator, month, department, entry) VALUES ($1, $2, $3, $4, $5)")
                .bind(&visit.visit_id)
                .bind(&entry.indicator)
                .bind(entry.month.as_deref().unwrap_or(""))
                .bind(department)
                .bind(serde_json::to_string(entry)?)
                .execute(&mut *transaction)
                .await?;
        }
        audit::append(&mut transaction, deed, now).await?;
        transaction.commit().await?;
        Ok(Put { version, changed: true })
    }

    /// The latest snapshot of a visit and its department.
    pub async fn visit(&self, id: &str) -> Result<Option<(String, String)>, StoreError> {
        let row = sqlx::query("SELECT visit, department FROM visits WHERE visit_id = $1").bind(id).fetch_optional(&self.pool).await?;
        row.map(|row| Ok((row.try_get("visit")?, row.try_get("department")?))).transpose()
    }

    /// The latest report of a visit and its department.
    pub async fn report(&self, id: &str) -> Result<Option<(String, String)>, StoreError> {
        let row = sqlx::query("SELECT report, department FROM visits WHERE visit_id = $1").bind(id).fetch_optional(&self.pool).await?;
        row.map(|row| Ok((row.try_get("report")?, row.try_get("department")?))).transpose()
    }

    /// The hash and the rulebook of the latest snapshot, to see at once whether anything is to be done.
    pub async fn known(&self, id: &str) -> Result<Option<(String, String, i64)>, StoreError> {
        let row = sqlx::query("SELECT hash, rulebook, version FROM visits WHERE visit_id = $1").bind(id).fetch_optional(&self.pool).await?;
        row.map(|row| Ok((row.try_get("hash")?, row.try_get("rulebook")?, row.try_get("version")?))).transpose()
    }

    /// A page of visits in order of id, without their texts.
    pub async fn visits(&self, query: &VisitQuery) -> Result<Vec<Value>, StoreError> {
        let select = "SELECT visit_id, version, received_at, department, admitted_at, discharged_at, total, grade FROM visits
            WHERE ($1 = '' OR department = $1) AND ($2 = '' OR grade = $2)
              AND ($3 = '' OR ($3 = 'running' AND discharged_at = '') OR ($3 = 'discharged' AND discharged_at <> ''))
              AND visit_id > $4 ORDER BY visit_id LIMIT $5";
        let rows = sqlx::query(select)
            .bind(&query.department)
            .bind(&query.grade)
            .bind(&query.state)
            .bind(&query.after)
            .bind(query.limit)
            .fetch_all(&self.pool)
            .await?;
        rows.iter()
            .map(|row| {
                Ok(serde_json::json!({
                    "visit_id": row.try_get::<String, _>("visit_id")?,
                    "version": row.try_get::<i64, _>("version")?,
                    "received_at": row.try_get::<String, _>("received_at")?,
                    "department": row.try_get::<String, _>("department")?,
                    "admitted_at": row.try_get::<String, _>("admitted_at")?,
                    "discharged_at": row.try_get::<String, _>("discharged_at")?,
                    "total": row.try_get::<Option<f64>, _>("total")?,
                    "grade": row.try_get::<String, _>("grade")?,
                }))
            })
            .collect()
    }

    /// A page of findings in order of visit and id.
    pub async fn findings(&self, query: &FindingQuery) -> Result<Vec<Value>, StoreError> {
        let select = "SELECT visit_id, finding, first_seen, last_seen, gone_at FROM findings
            WHERE ($1 = '' OR visit_id = $1) AND ($2 = '' OR department = $2) AND ($3 = '' OR rule = $3) AND ($4 = '' OR defect = $4)
              AND ($5 = '' OR severity = $5) AND ($6 = '' OR ($6 = 'open' AND gone_at = '') OR ($6 = 'gone' AND gone_at <> ''))
              AND (visit_id > $7 OR (visit_id = $7 AND finding_id > $8)) ORDER BY visit_id, finding_id LIMIT $9";
        let rows = sqlx::query(select)
            .bind(&query.visit)
            .bind(&query.department)
            .bind(&query.rule)
            .bind(&query.defect)
            .bind(&query.severity)
            .bind(&query.state)
            .bind(&query.after.0)
            .bind(&query.after.1)
            .bind(query.limit)
            .fetch_all(&self.pool)
            .await?;
        rows.iter()
            .map(|row| {
                let finding: Value = serde_json::from_str(&row.try_get::<String, _>("finding")?)?;
                Ok(serde_json::json!({
                    "visit_id": row.try_get::<String, _>("visit_id")?,
                    "first_seen": row.try_get::<String, _>("first_seen")?,
                    "last_seen": row.try_get::<String, _>("last_seen")?,
                    "gone_at": row.try_get::<String, _>("gone_at")?,
                    "finding": finding,
                }))
            })
            .collect()
    }

    /// A page of duties in order of their due time. Whether one is overdue is a matter of `now`, not of when the visit was judged.
    pub async fn duties(&self, query: &DutyQuery) -> Result<Vec<Value>, StoreError> {
        let select = "SELECT visit_id, number, department, rule, defect, task, cause, due, done FROM duties
            WHERE ($1 = '' OR visit_id = $1) AND ($2 = '' OR department = $2)
              AND ($3 = '' OR ($3 = 'done' AND done <> '') OR ($3 = 'open' AND done = '') OR ($3 = 'overdue' AND done = '' AND due < $4))
              AND ($5 = '' OR due <= $5)
              AND (due > $6 OR (due = $6 AND (visit_id > $7 OR (visit_id = $7 AND number > $8))))
            ORDER BY due, visit_id, number LIMIT $9";
        let rows = sqlx::query(select)
            .bind(&query.visit)
            .bind(&query.department)
            .bind(&query.state)
            .bind(&query.now)
            .bind(&query.due_before)
            .bind(&query.after.0)
            .bind(&query.after.1)
            .bind(query.after.2)
            .bind(query.limit)
            .fetch_all(&self.pool)
            .await?;
        rows.iter()
            .map(|row| {
                let (due, done): (String, String) = (row.try_get("due")?, row.try_get("done")?);
                let state = match (done.is_empty(), due < query.now, done <= due) {
                    (true, true, _) => "overdue",
                    (true, false, _) => "open",
                    (false, _, true) => "in_time",
                    (false, _, false) => "late",
                };
                Ok(serde_json::json!({
                    "visit_id": row.try_get::<String, _>("visit_id")?,
                    "number": row.try_get::<i64, _>("number")?,
                    "department": row.try_get::<String, _>("department")?,
                    "rule": row.try_get::<String, _>("rule")?,
                    "defect": row.try_get::<String, _>("defect")?,
                    "task": row.try_get::<String, _>("task")?,
                    "trigger": row.try_get::<String, _>("cause")?,
                    "due": due,
                    "done": done,
                    "state": state,
                }))
            })
            .collect()
    }

    /// What the visits add to the indicators, for discharge months from `first` to `last`; empty bounds mean all, running visits too.
    pub async fn entries(&self, first: &str, last: &str, department: &str) -> Result<Vec<Entry>, StoreError> {
        let select = "SELECT entry FROM indicator_entries
            WHERE ($1 = '' OR (month >= $1 AND month <= $2)) AND ($3 = '' OR department = $3) ORDER BY visit_id, indicator";
        let rows = sqlx::query(select).bind(first).bind(last).bind(department).fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok(serde_json::from_str(&row.try_get::<String, _>("entry")?)?)).collect()
    }
}
