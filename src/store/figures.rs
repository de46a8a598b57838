//! What the stored visits add up to, counted by the database.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sqlx::Row;

use super::{Store, StoreError};
use crate::report::{Finding, Report};

/// Which visits are counted: those of a department, and those discharged in these months (`2026-03`); empty: any.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counted<'a> {
    pub department: &'a str,
    pub first: &'a str,
    pub last: &'a str,
}

impl Store {
    /// Visits by department and grade.
    pub async fn grades(&self, of: Counted<'_>) -> Result<Vec<Value>, StoreError> {
        let select = "SELECT department, grade, COUNT(*) AS visits FROM visits WHERE ($1 = '' OR department = $1)
              AND ($2 = '' OR substr(discharged_at, 1, 7) BETWEEN $2 AND $3)
            GROUP BY department, grade ORDER BY department, grade";
        let rows = sqlx::query(select).bind(of.department).bind(of.first).bind(of.last).fetch_all(&self.pool).await?;
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
    pub async fn frequent_defects(&self, of: Counted<'_>) -> Result<Vec<Value>, StoreError> {
        let select = "SELECT f.defect AS defect, MIN(f.severity) AS severity, MIN(f.finding) AS finding, COUNT(*) AS findings,
              COUNT(DISTINCT f.visit_id) AS visits
            FROM findings f WHERE f.gone_at = '' AND f.status = 'stable' AND ($1 = '' OR f.department = $1)
              AND ($2 = '' OR f.visit_id IN (SELECT visit_id FROM visits WHERE substr(discharged_at, 1, 7) BETWEEN $2 AND $3))
              AND NOT EXISTS (SELECT 1 FROM decisions d WHERE d.visit_id = f.visit_id AND d.finding_id = f.finding_id AND d.verdict = 'dismissed')
            GROUP BY f.defect ORDER BY 4 DESC, f.defect";
        let rows = sqlx::query(select).bind(of.department).bind(of.first).bind(of.last).fetch_all(&self.pool).await?;
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
    pub async fn timeliness(&self, of: Counted<'_>, now: &str) -> Result<Vec<Value>, StoreError> {
        let select = "SELECT task, SUM(CASE WHEN done <> '' AND done <= due THEN 1 ELSE 0 END) AS in_time,
              SUM(CASE WHEN done > due THEN 1 ELSE 0 END) AS late,
              SUM(CASE WHEN done = '' AND due < $4 THEN 1 ELSE 0 END) AS overdue,
              SUM(CASE WHEN done = '' AND due >= $4 THEN 1 ELSE 0 END) AS waiting
            FROM duties WHERE ($1 = '' OR department = $1)
              AND ($2 = '' OR visit_id IN (SELECT visit_id FROM visits WHERE substr(discharged_at, 1, 7) BETWEEN $2 AND $3))
            GROUP BY task ORDER BY task";
        let rows = sqlx::query(select).bind(of.department).bind(of.first).bind(of.last).bind(now).fetch_all(&self.pool).await?;
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

    /// What kept records from a better grade by itself: by code of the catalogue and the grade that it allows at best, with the number of
    /// visits, most frequent first. Reads the report of every visit that is not 甲.
    pub async fn vetoes(&self, of: Counted<'_>) -> Result<Vec<Value>, StoreError> {
        let select = "SELECT report FROM visits WHERE ($1 = '' OR department = $1)
              AND ($2 = '' OR substr(discharged_at, 1, 7) BETWEEN $2 AND $3) AND grade <> '甲' AND grade <> ''";
        let rows = sqlx::query(select).bind(of.department).bind(of.first).bind(of.last).fetch_all(&self.pool).await?;
        let mut counted: BTreeMap<(String, String), (String, usize)> = BTreeMap::new();
        for row in &rows {
            let report: Report = serde_json::from_str(&row.try_get::<String, _>("report")?)?;
            let mut seen: BTreeMap<(String, String), String> = BTreeMap::new();
            for veto in report.score.iter().flat_map(|score| &score.vetoes) {
                let Some(finding) = report.findings.iter().find(|finding| finding.id == veto.finding) else { continue };
                seen.insert((finding.defect.clone(), veto.grade.clone()), finding.title.clone());
            }
            for (key, title) in seen {
                counted.entry(key).or_insert((title, 0)).1 += 1;
            }
        }
        let mut vetoes: Vec<_> = counted.into_iter().collect();
        vetoes.sort_by_key(|(_, (_, visits))| std::cmp::Reverse(*visits));
        let shown = |((defect, grade), (title, visits)): ((String, String), (String, usize))| json!({ "defect": defect, "grade": grade, "title": title, "visits": visits });
        Ok(vetoes.into_iter().map(shown).collect())
    }
}
