//! Samples as the database keeps them: the plan, the draw, and the findings of each drawn visit as they were then.

use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx::Row;

use super::audit::{self, Deed};
use super::{Store, StoreError, accounts, next_number, stamp};
use crate::people::Caller;
use crate::record::Visit;
use crate::report::Report;
use crate::review::case::{Case, add_readmissions};
use crate::review::sampling::Query;
use crate::review::{Draw, Plan, Policy};
use crate::rules::facts;

/// A stored sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    pub id: String,
    pub department: String,
    pub plan: Plan,
    pub draw: Draw,
    pub rulebook: String,
    pub blind_score: bool,
    pub created_by: String,
    pub created_at: String,
}

/// Everyone who wrote or signed a document of the visit.
fn authors(visit: &Visit) -> Vec<String> {
    let mut people: Vec<String> = visit.documents.iter().flat_map(facts::signers).map(str::to_owned).collect();
    people.sort_unstable();
    people.dedup();
    people
}

impl Store {
    /// The visits that a query means, with what a draw asks of them. Earlier stays count for readmissions, whether the query means them or not.
    pub async fn population(&self, query: &Query, policy: &Policy) -> Result<Vec<Case>, StoreError> {
        const PAGE: i64 = 200;
        let select = "SELECT visit_id, department, discharged_at, visit, report FROM visits WHERE visit_id > $1 ORDER BY visit_id LIMIT $2";
        let mut cases: Vec<(Case, bool)> = Vec::new();
        let mut after = String::new();
        loop {
            let rows = sqlx::query(select).bind(&after).bind(PAGE).fetch_all(&self.pool).await?;
            for row in &rows {
                let (department, discharged): (String, String) = (row.try_get("department")?, row.try_get("discharged_at")?);
                let day = discharged.get(..10).unwrap_or("");
                let is_meant = (query.department.is_empty() || query.department == department)
                    && (query.running || !day.is_empty())
                    && (query.discharged_from.is_empty() || day >= query.discharged_from.as_str())
                    && (query.discharged_to.is_empty() || (!day.is_empty() && day <= query.discharged_to.as_str()));
                let visit: Visit = serde_json::from_str(&row.try_get::<String, _>("visit")?).unwrap_or_default();
                let report: Report = serde_json::from_str(&row.try_get::<String, _>("report")?)?;
                let mut case = Case::of(&visit, &report, &department, policy);
                case.visit_id = row.try_get("visit_id")?;
                cases.push((case, is_meant));
            }
            match rows.last() {
                Some(last) if rows.len() as i64 == PAGE => after = last.try_get("visit_id")?,
                _ => break,
            }
        }
        let (mut all, meant): (Vec<Case>, Vec<bool>) = cases.into_iter().unzip();
        add_readmissions(&mut all, policy);
        Ok(all.into_iter().zip(meant).filter_map(|(case, is_meant)| is_meant.then_some(case)).collect())
    }

    /// Keeps a draw with the findings of its visits as they are now; numbers it `2026-S0001`.
    pub async fn keep_sample(&self, mut sample: Sample, year: i16, now: Timestamp) -> Result<Sample, StoreError> {
        let mut transaction = self.begin_change().await?;
        sample.id = format!("{year}-S{:04}", next_number(&mut transaction, &format!("samples-{year}")).await?);
        sample.created_at = stamp(now);
        let add = "INSERT INTO samples (id, department, plan, draw, rulebook, blind_score, created_by, created_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        sqlx::query(add)
            .bind(&sample.id)
            .bind(&sample.department)
            .bind(serde_json::to_string(&sample.plan)?)
            .bind(serde_json::to_string(&sample.draw)?)
            .bind(&sample.rulebook)
            .bind(i64::from(sample.blind_score))
            .bind(&sample.created_by)
            .bind(&sample.created_at)
            .execute(&mut *transaction)
            .await?;
        for drawn in &sample.draw.visits {
            let select = "SELECT department, visit, report FROM visits WHERE visit_id = $1";
            let row = sqlx::query(select).bind(&drawn.visit_id).fetch_one(&mut *transaction).await?;
            let visit: Visit = serde_json::from_str(&row.try_get::<String, _>("visit")?).unwrap_or_default();
            let report: Report = serde_json::from_str(&row.try_get::<String, _>("report")?)?;
            let add = "INSERT INTO sample_visits (sample, visit_id, department, findings, total, grade, authors) VALUES ($1, $2, $3, $4, $5, $6, $7)";
            sqlx::query(add)
                .bind(&sample.id)
                .bind(&drawn.visit_id)
                .bind(row.try_get::<String, _>("department")?)
                .bind(serde_json::to_string(&report.stable().collect::<Vec<_>>())?)
                .bind(report.score.as_ref().and_then(|score| score.total))
                .bind(report.score.as_ref().map_or("", |score| score.grade.as_str()))
                .bind(serde_json::to_string(&authors(&visit))?)
                .execute(&mut *transaction)
                .await?;
        }
        audit::append(&mut transaction, Deed { actor: &sample.created_by, action: "sample.draw", target: &sample.id }, now).await?;
        transaction.commit().await?;
        Ok(sample)
    }

    pub async fn sample(&self, id: &str) -> Result<Option<Sample>, StoreError> {
        let Some(row) = sqlx::query("SELECT * FROM samples WHERE id = $1").bind(id).fetch_optional(&self.pool).await? else {
            return Ok(None);
        };
        let word = |column: &str| row.try_get::<String, _>(column);
        Ok(Some(Sample {
            id: word("id")?,
            department: word("department")?,
            plan: serde_json::from_str(&word("plan")?)?,
            draw: serde_json::from_str(&word("draw")?)?,
            rulebook: word("rulebook")?,
            blind_score: row.try_get::<i64, _>("blind_score")? == 1,
            created_by: word("created_by")?,
            created_at: word("created_at")?,
        }))
    }

    /// Samples, the last one first, each with how many of its reviews were given out and submitted.
    pub async fn samples(&self, department: &str, limit: i64) -> Result<Vec<Value>, StoreError> {
        let select = "SELECT s.id AS id, s.department AS department, s.blind_score AS blind_score, s.created_by AS created_by,
              s.created_at AS created_at, (SELECT COUNT(*) FROM sample_visits v WHERE v.sample = s.id) AS visits,
              (SELECT COUNT(*) FROM reviews r WHERE r.sample = s.id) AS reviews,
              (SELECT COUNT(*) FROM reviews r WHERE r.sample = s.id AND r.submitted_at <> '') AS submitted
            FROM samples s WHERE ($1 = '' OR s.department = $1) ORDER BY s.created_at DESC, s.id DESC LIMIT $2";
        let rows = sqlx::query(select).bind(department).bind(limit).fetch_all(&self.pool).await?;
        rows.iter()
            .map(|row| {
                Ok(json!({
                    "id": row.try_get::<String, _>("id")?,
                    "department": row.try_get::<String, _>("department")?,
                    "blind_score": row.try_get::<i64, _>("blind_score")? == 1,
                    "created_by": row.try_get::<String, _>("created_by")?,
                    "created_at": row.try_get::<String, _>("created_at")?,
                    "visits": row.try_get::<i64, _>("visits")?,
                    "reviews": row.try_get::<i64, _>("reviews")?,
                    "submitted": row.try_get::<i64, _>("submitted")?,
                }))
            })
            .collect()
    }

    /// Whoever has a token or an account of that name in force.
    pub async fn caller_named(&self, name: &str) -> Result<Option<Caller>, StoreError> {
        let select = "SELECT name, role, department, person FROM accounts WHERE name = $1 AND disabled_at = ''
            UNION ALL SELECT name, role, department, person FROM tokens WHERE name = $1 AND revoked_at = ''";
        let row = sqlx::query(select).bind(name).fetch_optional(&self.pool).await?;
        Ok(row.as_ref().map(accounts::caller).transpose()?.flatten())
    }
}

impl Sample {
    pub fn shown(&self) -> Value {
        json!({
            "id": self.id, "plan": self.plan, "blind_score": self.blind_score, "rulebook": self.rulebook, "created_by": self.created_by,
            "created_at": self.created_at, "population": self.draw.population, "cells": self.draw.cells, "visits": self.draw.visits,
        })
    }
}
