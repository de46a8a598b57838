//! What the stored visits add up to, counted by the database.

use serde_json::{Value, json};
use sqlx::Row;

use super::{Store, StoreError};
use crate::report::Finding;

impl Store {
    /// Visits by department and grade.
    pub async fn grades(&self, department: &str) -> Result<Vec<Value>, StoreError> {
        let select = "SELECT department, grade, COUNT(*) AS visits FROM visits WHERE ($1 = '' OR department = $1)
            GROUP BY department, grade ORDER BY department, grade";
        let rows = sqlx::query(select).bind(department).fetch_all(&self.pool).await?;
        rows.iter()
            .map(|row| {
                Ok(json!({
                    "department": row.try_get::<String, _>("department")?,
                    "grade": row.try_get::<String, _>("grade")?,
                    "visits": row.try_get::<i64, _>("visits")?,
                }))
            })
            .collect()
    }

    /// Open findings by code of the catalogue, most frequent first; what somebody dismissed does not count.
    pub async fn frequent_defects(&self, department: &str) -> Result<Vec<Value>, StoreError> {
        let select = "SELECT f.defect AS defect, MIN(f.severity) AS severity, MIN(f.finding) AS finding, COUNT(*) AS findings,
              COUNT(DISTINCT f.visit_id) AS visits
            FROM findings f WHERE f.gone_at = '' AND f.status = 'stable' AND ($1 = '' OR f.department = $1)
              AND NOT EXISTS (SELECT 1 FROM decisions d WHERE d.visit_id = f.visit_id AND d.finding_id = f.finding_id AND d.verdict = 'dismissed')
            GROUP BY f.defect ORDER BY 4 DESC, f.defect";
        let rows = sqlx::query(select).bind(department).fetch_all(&self.pool).await?;
        rows.iter()
            .map(|row| {
                let example: Finding = serde_json::from_str(&row.try_get::<String, _>("finding")?)?;
                Ok(json!({
                    "defect": row.try_get::<String, _>("defect")?,
                    "severity": row.try_get::<String, _>("severity")?,
                    "title": example.title,
                    "findings": row.try_get::<i64, _>("findings")?,
                    "visits": row.try_get::<i64, _>("visits")?,
                }))
            })
            .collect()
    }

    /// Duties by task: done in time, done late, overdue at the local moment `now`, and not due yet.
    pub async fn timeliness(&self, department: &str, now: &str) -> Result<Vec<Value>, StoreError> {
        let select = "SELECT task, SUM(CASE WHEN done <> '' AND done <= due THEN 1 ELSE 0 END) AS in_time,
              SUM(CASE WHEN done > due THEN 1 ELSE 0 END) AS late,
              SUM(CASE WHEN done = '' AND due < $2 THEN 1 ELSE 0 END) AS overdue,
              SUM(CASE WHEN done = '' AND due >= $2 THEN 1 ELSE 0 END) AS waiting
            FROM duties WHERE ($1 = '' OR department = $1) GROUP BY task ORDER BY task";
        let rows = sqlx::query(select).bind(department).bind(now).fetch_all(&self.pool).await?;
        rows.iter()
            .map(|row| {
                Ok(json!({
                    "task": row.try_get::<String, _>("task")?,
                    "in_time": row.try_get::<i64, _>("in_time")?,
                    "late": row.try_get::<i64, _>("late")?,
                    "overdue": row.try_get::<i64, _>("overdue")?,
                    "waiting": row.try_get::<i64, _>("waiting")?,
                }))
            })
            .collect()
    }
}
