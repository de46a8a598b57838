//! Reads visits and what was found out about them, page by page.

use serde_json::Value;
use sqlx::Row;

use super::{Store, StoreError};
use crate::indicators::table::Entry;

/// Which visits; empty words mean any.
#[derive(Debug, Clone, Default)]
pub struct VisitQuery {
    pub department: String,
    pub grade: String,
    /// `running`, `discharged` or any.
    pub state: String,
    /// Visits with an open finding of this code.
    pub defect: String,
    /// Visits in which this task was or is late, at the local moment `now`.
    pub late: String,
    pub now: String,
    /// Visits whose duties are this person's, or of whom he is the attending physician.
    pub person: String,
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

impl Store {
    /// The latest snapshot of a visit and its department.
    pub async fn visit(&self, id: &str) -> Result<Option<(String, String)>, StoreError> {
        let row = sqlx::query("SELECT visit, department FROM visits WHERE visit_id = $1").bind(id).fetch_optional(&self.pool).await?;
        row.map(|row| Ok((row.try_get("visit")?, row.try_get("department")?))).transpose()
    }

    /// The hash and the department of a visit's latest snapshot.
    pub async fn hash(&self, id: &str) -> Result<Option<(String, String)>, StoreError> {
        let row = sqlx::query("SELECT hash, department FROM visits WHERE visit_id = $1").bind(id).fetch_optional(&self.pool).await?;
        row.map(|row| Ok((row.try_get("hash")?, row.try_get("department")?))).transpose()
    }

    /// A visit as it is kept, with its hash.
    pub async fn hashed(&self, id: &str) -> Result<Option<(String, String)>, StoreError> {
        let row = sqlx::query("SELECT hash, visit FROM visits WHERE visit_id = $1").bind(id).fetch_optional(&self.pool).await?;
        row.map(|row| Ok((row.try_get("hash")?, row.try_get("visit")?))).transpose()
    }

    /// The versions of a visit after that number, in order: number, when it came (UTC) and the hash of what came.
    pub async fn versions(&self, id: &str, after: i64, limit: i64) -> Result<Vec<(i64, String, String)>, StoreError> {
        let select = "SELECT version, received_at, hash FROM visit_versions WHERE visit_id = $1 AND version > $2 ORDER BY version LIMIT $3";
        let rows = sqlx::query(select).bind(id).bind(after).bind(limit).fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok((row.try_get("version")?, row.try_get("received_at")?, row.try_get("hash")?))).collect()
    }

    /// One version of a visit, and the department that the visit is in now.
    pub async fn version(&self, id: &str, version: i64) -> Result<Option<(String, String)>, StoreError> {
        let select = "SELECT o.visit AS visit, v.department AS department FROM visit_versions o JOIN visits v ON v.visit_id = o.visit_id
            WHERE o.visit_id = $1 AND o.version = $2";
        let row = sqlx::query(select).bind(id).bind(version).fetch_optional(&self.pool).await?;
        row.map(|row| Ok((row.try_get("visit")?, row.try_get("department")?))).transpose()
    }

    /// The latest report of a visit and its department.
    pub async fn report(&self, id: &str) -> Result<Option<(String, String)>, StoreError> {
        let row = sqlx::query("SELECT report, department FROM visits WHERE visit_id = $1").bind(id).fetch_optional(&self.pool).await?;
        row.map(|row| Ok((row.try_get("report")?, row.try_get("department")?))).transpose()
    }

    /// The latest snapshots, with their departments, of visits that speak of critical values; of one visit or department where these are named.
    pub async fn with_critical_values(&self, visit: &str, department: &str) -> Result<Vec<(String, String)>, StoreError> {
        let select = "SELECT visit, department FROM visits
            WHERE ($1 = '' OR visit_id = $1) AND ($2 = '' OR department = $2) AND visit LIKE '%\"critical_values\"%'";
        let rows = sqlx::query(select).bind(visit).bind(department).fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok((row.try_get("visit")?, row.try_get("department")?))).collect()
    }

    /// The hash and the rulebook of the latest snapshot, to see at once whether anything is to be done.
    pub async fn known(&self, id: &str) -> Result<Option<(String, String, i64)>, StoreError> {
        let row = sqlx::query("SELECT hash, rulebook, version FROM visits WHERE visit_id = $1").bind(id).fetch_optional(&self.pool).await?;
        row.map(|row| Ok((row.try_get("hash")?, row.try_get("rulebook")?, row.try_get("version")?))).transpose()
    }

    /// A page of visits in order of id, without their texts.
    pub async fn visits(&self, query: &VisitQuery) -> Result<Vec<Value>, StoreError> {
        // What nobody dismissed; the next duty is the one that is or was due first.
        let select = "SELECT v.visit_id AS visit_id, v.version AS version, v.received_at AS received_at, v.department AS department,
              v.admitted_at AS admitted_at, v.discharged_at AS discharged_at, v.total AS total, v.grade AS grade,
              (SELECT COUNT(*) FROM findings f WHERE f.visit_id = v.visit_id AND f.gone_at = '' AND f.status = 'stable'
                AND NOT EXISTS (SELECT 1 FROM decisions d WHERE d.visit_id = f.visit_id AND d.finding_id = f.finding_id AND d.verdict = 'dismissed')) AS open,
              (SELECT COUNT(*) FROM findings f WHERE f.visit_id = v.visit_id AND f.gone_at = '' AND f.status = 'stable' AND f.severity = 'S1'
                AND NOT EXISTS (SELECT 1 FROM decisions d WHERE d.visit_id = f.visit_id AND d.finding_id = f.finding_id AND d.verdict = 'dismissed')) AS severe,
              COALESCE((SELECT n.due || '|' || n.task FROM duties n WHERE n.visit_id = v.visit_id AND n.done = ''
                ORDER BY n.due, n.rule, n.anchor LIMIT 1), '') AS next_duty
            FROM visits v WHERE ($1 = '' OR v.department = $1) AND ($2 = '' OR v.grade = $2)
              AND ($3 = '' OR ($3 = 'running' AND v.discharged_at = '') OR ($3 = 'discharged' AND v.discharged_at <> ''))
              AND ($6 = '' OR EXISTS (SELECT 1 FROM findings f WHERE f.visit_id = v.visit_id AND f.defect = $6 AND f.gone_at = '' AND f.status = 'stable'))
              AND ($7 = '' OR EXISTS (SELECT 1 FROM duties n WHERE n.visit_id = v.visit_id AND n.task = $7
                AND (n.done > n.due OR (n.done = '' AND n.due < $8))))
              AND ($9 = '' OR EXISTS (SELECT 1 FROM duties n WHERE n.visit_id = v.visit_id AND (n.responsible = $9 OR n.attending = $9)))
              AND v.visit_id > $4 ORDER BY v.visit_id LIMIT $5";
        let rows = sqlx::query(select)
            .bind(&query.department)
            .bind(&query.grade)
            .bind(&query.state)
            .bind(&query.after)
            .bind(query.limit)
            .bind(&query.defect)
            .bind(&query.late)
            .bind(&query.now)
            .bind(&query.person)
            .fetch_all(&self.pool)
            .await?;
        rows.iter()
            .map(|row| {
                let next: String = row.try_get("next_duty")?;
                let next = next.split_once('|').map(|(due, task)| serde_json::json!({ "due": due, "task": task }));
                Ok(serde_json::json!({
                    "visit_id": row.try_get::<String, _>("visit_id")?,
                    "version": row.try_get::<i64, _>("version")?,
                    "received_at": row.try_get::<String, _>("received_at")?,
                    "department": row.try_get::<String, _>("department")?,
                    "admitted_at": row.try_get::<String, _>("admitted_at")?,
                    "discharged_at": row.try_get::<String, _>("discharged_at")?,
                    "total": row.try_get::<Option<f64>, _>("total")?,
                    "grade": row.try_get::<String, _>("grade")?,
                    "open": row.try_get::<i64, _>("open")?,
                    "severe": row.try_get::<i64, _>("severe")?,
                    "next_duty": next,
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

    /// What the visits add to the indicators, for discharge months from `first` to `last`; empty bounds mean all, running visits too.
    pub async fn entries(&self, first: &str, last: &str, department: &str) -> Result<Vec<Entry>, StoreError> {
        let select = "SELECT entry FROM indicator_entries
            WHERE ($1 = '' OR (month >= $1 AND month <= $2)) AND ($3 = '' OR department = $3) ORDER BY visit_id, indicator";
        let rows = sqlx::query(select).bind(first).bind(last).bind(department).fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok(serde_json::from_str(&row.try_get::<String, _>("entry")?)?)).collect()
    }
}
