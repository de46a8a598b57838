//! Regression cases: made of withdrawn entries of the ledger, decided by somebody, held against every rulebook that is to be released.

use jiff::Timestamp;
use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::audit::{self, Deed};
use super::{Store, StoreError, local_moment, stamp};
use crate::record::{Instant, Precision};
use crate::review::Regression;

/// Where a case stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseState {
    Proposed,
    /// Without names the rule says nothing of it: somebody has to write the case.
    Unfit,
    Accepted,
    Rejected,
}

impl CaseState {
    const ALL: [CaseState; 4] = [CaseState::Proposed, CaseState::Unfit, CaseState::Accepted, CaseState::Rejected];

    pub fn name(self) -> &'static str {
        match self {
            CaseState::Proposed => "proposed",
            CaseState::Unfit => "unfit",
            CaseState::Accepted => "accepted",
            CaseState::Rejected => "rejected",
        }
    }

    pub fn names() -> [&'static str; 4] {
        CaseState::ALL.map(CaseState::name)
    }
}

/// A withdrawn entry that no case was made of yet.
#[derive(Debug, Clone)]
pub struct Withdrawn {
    pub entry: String,
    pub department: String,
    pub rule: String,
    pub defect: String,
    pub reason: String,
    /// The visit as it was when the notice was issued; empty where that version is gone.
    pub visit: String,
    /// When the notice was issued, local.
    pub at: DateTime,
}

/// A case with what stands around it.
#[derive(Debug, Clone)]
pub struct KeptCase {
    pub entry: String,
    pub department: String,
    pub defect: String,
    pub reason: String,
    pub state: CaseState,
    pub proposed_at: String,
    pub decided_by: String,
    pub decided_at: String,
    pub regression: Regression,
}

const COLUMNS: &str = "entry, department, rule, defect, reason, visit, judged_for, phase, state, proposed_at, decided_by, decided_at";

impl KeptCase {
    fn of(row: &AnyRow) -> Result<Self, StoreError> {
        let word = |column: &str| row.try_get::<String, _>(column);
        let state = word("state")?;
        Ok(Self {
            entry: word("entry")?,
            department: word("department")?,
            defect: word("defect")?,
            reason: word("reason")?,
            state: CaseState::ALL.into_iter().find(|known| known.name() == state).unwrap_or(CaseState::Rejected),
            proposed_at: word("proposed_at")?,
            decided_by: word("decided_by")?,
            decided_at: word("decided_at")?,
            regression: Regression {
                rule: word("rule")?,
                visit: serde_json::from_str(&word("visit")?)?,
                at: Instant::new(local_moment(row, "judged_for")?, Precision::Second),
                phase: serde_json::from_value(Value::String(word("phase")?))?,
            },
        })
    }

    /// A line of a list: without the visit.
    pub fn line(&self) -> Value {
        json!({
            "entry": self.entry, "department": self.department, "rule": self.regression.rule, "defect": self.defect, "reason": self.reason,
            "state": self.state, "proposed_at": self.proposed_at, "decided_by": self.decided_by, "decided_at": self.decided_at,
        })
    }
}

impl Store {
    /// Withdrawn findings of the program that no case was made of.
    pub async fn withdrawn(&self, limit: i64) -> Result<Vec<Withdrawn>, StoreError> {
        let select = "SELECT l.entry AS entry, l.department AS department, l.rule AS rule, l.defect AS defect, l.appeal AS appeal,
              l.conclusion AS conclusion, l.notified_at AS notified_at, COALESCE(v.visit, '') AS visit
            FROM ledger l LEFT JOIN visit_versions v ON v.visit_id = l.visit_id AND v.version = l.notified_version
            WHERE l.state = 'withdrawn' AND l.finding_id <> '' AND l.rule <> ''
              AND NOT EXISTS (SELECT 1 FROM regressions r WHERE r.entry = l.entry) ORDER BY l.entry LIMIT $1";
        let rows = sqlx::query(select).bind(limit).fetch_all(&self.pool).await?;
        let withdrawn = |row: &AnyRow| {
            let word = |column: &str| row.try_get::<String, _>(column);
            let (appeal, conclusion) = (word("appeal")?, word("conclusion")?);
            let reasons: Vec<String> = [appeal, conclusion].into_iter().filter(|reason| !reason.is_empty()).collect();
            Ok(Withdrawn {
                entry: word("entry")?,
                department: word("department")?,
                rule: word("rule")?,
                defect: word("defect")?,
                reason: reasons.join("；"),
                visit: word("visit")?,
                at: local_moment(row, "notified_at")?,
            })
        };
        rows.iter().map(withdrawn).collect()
    }

    /// Keeps the case of an entry, once; `None`: nothing could be made of it.
    pub async fn propose_case(&self, of: &Withdrawn, case: Option<&Regression>, is_fit: bool, now: Timestamp) -> Result<(), StoreError> {
        let add = "INSERT INTO regressions
              (entry, department, rule, defect, reason, visit, judged_for, phase, state, proposed_at, decided_by, decided_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '', '') ON CONFLICT DO NOTHING";
        let empty = Regression {
            rule: of.rule.clone(),
            visit: crate::record::Visit::default(),
            at: Instant::new(of.at, Precision::Second),
            phase: crate::rules::Phase::Running,
        };
        let case = case.unwrap_or(&empty);
        let state = if is_fit { CaseState::Proposed } else { CaseState::Unfit };
        sqlx::query(add)
            .bind(&of.entry)
            .bind(&of.department)
            .bind(&of.rule)
            .bind(&of.defect)
            .bind(&of.reason)
            .bind(serde_json::to_string(&case.visit)?)
            .bind(case.at.latest().to_string())
            .bind(serde_json::to_value(case.phase)?.as_str().unwrap_or(""))
            .bind(state.name())
            .bind(stamp(now))
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Cases of a rule, in a state, of a department; empty is any. After an entry.
    pub async fn cases(&self, rule: &str, state: &str, department: &str, after: &str, limit: i64) -> Result<Vec<KeptCase>, StoreError> {
        let select = sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM regressions WHERE ($1 = '' OR rule = $1) AND ($2 = '' OR state = $2) AND ($3 = '' OR department = $3)
                AND entry > $4 ORDER BY entry LIMIT $5"
        ));
        let rows = sqlx::query(select).bind(rule).bind(state).bind(department).bind(after).bind(limit).fetch_all(&self.pool).await?;
        rows.iter().map(KeptCase::of).collect()
    }

    pub async fn case(&self, entry: &str) -> Result<Option<KeptCase>, StoreError> {
        let select = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM regressions WHERE entry = $1"));
        sqlx::query(select).bind(entry).fetch_optional(&self.pool).await?.as_ref().map(KeptCase::of).transpose()
    }

    /// Accepts or rejects a case, also one that was decided before; false where it is unfit or there is none.
    pub async fn decide_case(&self, entry: &str, state: CaseState, actor: &str, now: Timestamp) -> Result<bool, StoreError> {
        let mut transaction = self.begin_change().await?;
        let decide = "UPDATE regressions SET state = $1, decided_by = $2, decided_at = $3 WHERE entry = $4 AND (state <> 'unfit' OR $1 = 'rejected')";
        let decided = sqlx::query(decide)
            .bind(state.name())
            .bind(actor)
            .bind(stamp(now))
            .bind(entry)
            .execute(&mut *transaction)
            .await?
            .rows_affected()
            > 0;
        if decided {
            let action = if state == CaseState::Accepted { "case.accept" } else { "case.reject" };
            audit::append(&mut transaction, Deed { actor, action, target: entry }, now).await?;
        }
        transaction.commit().await?;
        Ok(decided)
    }
}
