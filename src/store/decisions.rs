//! What physicians and reviewers said of findings, and the rules that lost their voice by it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::{AnyConnection, Row};

use super::audit::{self, Deed};
use super::{Store, StoreError, stamp};

/// Whether the finding helped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// 采纳
    Accepted,
    /// 忽略, with a reason
    Dismissed,
}

impl Verdict {
    fn name(self) -> &'static str {
        match self {
            Verdict::Accepted => "accepted",
            Verdict::Dismissed => "dismissed",
        }
    }
}

/// One decision on one finding; the finding's id is made of its words, so that a decision survives edits elsewhere.
#[derive(Debug, Clone)]
pub struct Decision<'a> {
    pub visit_id: &'a str,
    pub finding_id: &'a str,
    /// The rule of a finding that is not stored: it was made while somebody wrote. Empty: only a stored finding can be meant.
    pub rule: &'a str,
    pub verdict: Verdict,
    /// 事实不符, 已在他处记录, 临床允许, 规则不适用本科, 重复, 严重度过高, 其他
    pub reason: &'a str,
    pub note: &'a str,
}

/// A decision as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    pub visit_id: String,
    pub finding_id: String,
    pub rule: String,
    pub accepted: bool,
}

/// A rule's share of accepted findings.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Acceptance {
    pub rule: String,
    pub decisions: i64,
    pub accepted: i64,
    /// Why it speaks no more while somebody writes; `null` while it does.
    pub demoted: Option<String>,
}

/// When a rule loses its voice: fewer than this share accepted of at least so many decisions.
#[derive(Debug, Clone, Copy)]
pub struct Discipline {
    pub least_share: f64,
    pub decisions: i64,
}

impl Default for Discipline {
    fn default() -> Self {
        Self { least_share: 0.6, decisions: 50 }
    }
}

impl Store {
    /// Keeps a decision, the last one of a finding; demotes its rule where too few of its findings are accepted. False where there is no
    /// such finding.
    pub async fn decide(&self, decision: &Decision<'_>, actor: &str, discipline: Discipline, now: Timestamp) -> Result<bool, StoreError> {
        let stored = sqlx::query("SELECT rule FROM findings WHERE visit_id = $1 AND finding_id = $2")
            .bind(decision.visit_id)
            .bind(decision.finding_id)
            .fetch_optional(&self.pool)
            .await?;
        let rule: String = match stored {
            Some(row) => row.try_get("rule")?,
            None if decision.rule.is_empty() => return Ok(false),
            None => decision.rule.to_owned(),
        };
        let mut transaction = self.begin_change().await?;
        keep(&mut transaction, &Decision { rule: &rule, ..decision.clone() }, actor, discipline, now).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Takes a decision back. False where there is none.
    pub async fn undecide(&self, visit_id: &str, finding_id: &str, actor: &str, now: Timestamp) -> Result<bool, StoreError> {
        let mut transaction = self.begin_change().await?;
        let gone = sqlx::query("DELETE FROM decisions WHERE visit_id = $1 AND finding_id = $2")
            .bind(visit_id)
            .bind(finding_id)
            .execute(&mut *transaction)
            .await?
            .rows_affected()
            > 0;
        if gone {
            let target = format!("{visit_id}/{finding_id}");
            audit::append(&mut transaction, Deed { actor, action: "finding.restore", target: &target }, now).await?;
        }
        transaction.commit().await?;
        Ok(gone)
    }

    /// What was said of every finding, in the order of visits.
    pub async fn decided(&self) -> Result<Vec<Decided>, StoreError> {
        let select = "SELECT visit_id, finding_id, rule, verdict FROM decisions ORDER BY visit_id, finding_id";
        let rows = sqlx::query(select).fetch_all(&self.pool).await?;
        let decided = |row: &sqlx::any::AnyRow| {
            Ok(Decided {
                visit_id: row.try_get("visit_id")?,
                finding_id: row.try_get("finding_id")?,
                rule: row.try_get("rule")?,
                accepted: row.try_get::<String, _>("verdict")? == Verdict::Accepted.name(),
            })
        };
        rows.iter().map(decided).collect()
    }

    /// Ids of the visit's findings that somebody dismissed.
    pub async fn dismissed(&self, visit_id: &str) -> Result<Vec<String>, StoreError> {
        let select = "SELECT finding_id FROM decisions WHERE visit_id = $1 AND verdict = 'dismissed' ORDER BY finding_id";
        let rows = sqlx::query(select).bind(visit_id).fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok(row.try_get("finding_id")?)).collect()
    }

    /// What was said of the visit's findings.
    pub async fn decisions_of(&self, visit_id: &str) -> Result<Vec<serde_json::Value>, StoreError> {
        let select = "SELECT finding_id, verdict, reason, note, actor, at FROM decisions WHERE visit_id = $1 ORDER BY finding_id";
        let rows = sqlx::query(select).bind(visit_id).fetch_all(&self.pool).await?;
        rows.iter()
            .map(|row| {
                let word = |column: &str| row.try_get::<String, _>(column);
                Ok(serde_json::json!({
                    "finding": word("finding_id")?, "verdict": word("verdict")?, "reason": word("reason")?, "note": word("note")?,
                    "actor": word("actor")?, "at": word("at")?,
                }))
            })
            .collect()
    }

    /// Every rule that somebody judged, worst first.
    pub async fn acceptance(&self) -> Result<Vec<Acceptance>, StoreError> {
        let select = "SELECT d.rule AS rule, COUNT(*) AS decisions, SUM(CASE WHEN d.verdict = 'accepted' THEN 1 ELSE 0 END) AS accepted,
              COALESCE(MAX(m.why), '') AS why
            FROM decisions d LEFT JOIN demotions m ON m.rule = d.rule GROUP BY d.rule ORDER BY d.rule";
        let rows = sqlx::query(select).fetch_all(&self.pool).await?;
        let mut all = rows
            .iter()
            .map(|row| {
                let why: String = row.try_get("why")?;
                Ok(Acceptance {
                    rule: row.try_get("rule")?,
                    decisions: row.try_get("decisions")?,
                    accepted: row.try_get("accepted")?,
                    demoted: Some(why).filter(|why| !why.is_empty()),
                })
            })
            .collect::<Result<Vec<_>, StoreError>>()?;
        let share = |entry: &Acceptance| entry.accepted as f64 / entry.decisions.max(1) as f64;
        all.sort_by(|a, b| share(a).total_cmp(&share(b)));
        Ok(all)
    }

    /// Rules that speak no more while somebody writes.
    pub async fn demoted(&self) -> Result<Vec<String>, StoreError> {
        let rows = sqlx::query("SELECT rule FROM demotions ORDER BY rule").fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok(row.try_get("rule")?)).collect()
    }

    /// Gives a rule its voice back and forgets the decisions that took it. False where it has not lost it.
    pub async fn restore_rule(&self, rule: &str, actor: &str, now: Timestamp) -> Result<bool, StoreError> {
        let mut transaction = self.begin_change().await?;
        let restored =
            sqlx::query("DELETE FROM demotions WHERE rule = $1").bind(rule).execute(&mut *transaction).await?.rows_affected() > 0;
        if restored {
            // Dismissals of single findings stay; they count no more against the rule.
            sqlx::query("UPDATE decisions SET rule = rule || '@' || $2 WHERE rule = $1")
                .bind(rule)
                .bind(stamp(now))
                .execute(&mut *transaction)
                .await?;
            audit::append(&mut transaction, Deed { actor, action: "rule.restore", target: rule }, now).await?;
        }
        transaction.commit().await?;
        Ok(restored)
    }
}

/// Keeps a decision on a finding of a rule that is known, inside the caller's transaction.
pub(super) async fn keep(
    connection: &mut AnyConnection,
    decision: &Decision<'_>,
    actor: &str,
    discipline: Discipline,
    now: Timestamp,
) -> Result<(), StoreError> {
    let upsert =
        "INSERT INTO decisions (visit_id, finding_id, rule, verdict, reason, note, actor, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (visit_id, finding_id) DO UPDATE SET
          verdict = excluded.verdict, reason = excluded.reason, note = excluded.note, actor = excluded.actor, at = excluded.at";
    sqlx::query(upsert)
        .bind(decision.visit_id)
        .bind(decision.finding_id)
        .bind(decision.rule)
        .bind(decision.verdict.name())
        .bind(decision.reason)
        .bind(decision.note)
        .bind(actor)
        .bind(stamp(now))
        .execute(&mut *connection)
        .await?;
    let count = "SELECT COUNT(*) AS decisions, COALESCE(SUM(CASE WHEN verdict = 'accepted' THEN 1 ELSE 0 END), 0) AS accepted
        FROM decisions WHERE rule = $1";
    let row = sqlx::query(count).bind(decision.rule).fetch_one(&mut *connection).await?;
    let (decisions, accepted): (i64, i64) = (row.try_get("decisions")?, row.try_get("accepted")?);
    if decisions >= discipline.decisions && (accepted as f64) < discipline.least_share * decisions as f64 {
        let why = format!("{decisions} 次处理中采纳 {accepted} 次,低于 {:.0}%", discipline.least_share * 100.0);
        let demoted = sqlx::query("INSERT INTO demotions (rule, at, why) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
            .bind(decision.rule)
            .bind(stamp(now))
            .bind(&why)
            .execute(&mut *connection)
            .await?;
        if demoted.rows_affected() > 0 {
            let body = serde_json::json!({ "rule": decision.rule, "why": why });
            let message = super::outbox::Message { topic: "rule.demoted", recipient: "qc_office".to_owned(), body, ..Default::default() };
            super::outbox::append(connection, &[message], now).await?;
        }
    }
    let action = match decision.verdict {
        Verdict::Accepted => "finding.accept",
        Verdict::Dismissed => "finding.dismiss",
    };
    let target = format!("{}/{}", decision.visit_id, decision.finding_id);
    audit::append(connection, Deed { actor, action, target: &target }, now).await?;
    Ok(())
}
