//! Rules that a hospital switched against their files, for a department or for all: proposed by one person, released by another.

use jiff::Timestamp;
use serde::Serialize;

use super::audit::{self, Deed};
use super::{Downtime, Store, StoreError, inputs, stamp};
use crate::rules::Status;
use crate::rules::switch::{Switch, Switches};

/// A change of one rule's status, on its way or in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct SwitchLine {
    pub id: String,
    pub rule: String,
    /// Empty: the whole hospital.
    pub department: String,
    /// stable, preview, off; file: as its file says again
    pub status: String,
    pub reason: String,
    /// proposed, released, withdrawn, replaced
    pub state: String,
    pub proposed_by: String,
    pub proposed_at: String,
    pub decided_by: String,
    pub decided_at: String,
}

/// The word for a rule whose file decides again.
pub const AS_FILED: &str = "file";

/// The statuses that a rule may be switched to, by their words.
pub const STATUSES: [(&str, Status); 3] = [("stable", Status::Stable), ("preview", Status::Preview), ("off", Status::Off)];

/// What the hospital recorded that bears on every judgement.
#[derive(Debug, Clone, Default)]
pub struct Recorded {
    pub downtimes: Vec<Downtime>,
    pub switches: Switches,
}

impl Store {
    /// As it stands now.
    pub async fn recorded(&self) -> Result<Recorded, StoreError> {
        Ok(Recorded { downtimes: self.downtimes("").await?, switches: self.switches().await? })
    }

    /// What is in force.
    pub async fn switches(&self) -> Result<Switches, StoreError> {
        let known = |line: SwitchLine| {
            let (_, status) = STATUSES.into_iter().find(|(word, _)| *word == line.status)?;
            Some(Switch { rule: line.rule, department: line.department, status })
        };
        Ok(Switches::new(self.switch_lines("", "released").await?.into_iter().filter_map(known).collect()))
    }

    /// Changes of one rule or all, in one state or any; the last one first.
    pub async fn switch_lines(&self, rule: &str, state: &str) -> Result<Vec<SwitchLine>, StoreError> {
        let select = "SELECT * FROM switches WHERE ($1 = '' OR rule = $1) AND ($2 = '' OR state = $2) ORDER BY proposed_at DESC, id";
        Ok(sqlx::query_as(select).bind(rule).bind(state).fetch_all(&self.pool).await?)
    }

    pub async fn switch_line(&self, id: &str) -> Result<Option<SwitchLine>, StoreError> {
        Ok(sqlx::query_as("SELECT * FROM switches WHERE id = $1").bind(id).fetch_optional(&self.pool).await?)
    }

    /// Keeps a proposal; an earlier one for the same rule and place that nobody decided is withdrawn by it.
    pub async fn propose_switch(&self, line: &SwitchLine, now: Timestamp) -> Result<(), StoreError> {
        let mut transaction = self.begin_change().await?;
        let supersede = "UPDATE switches SET state = 'withdrawn', decided_by = $1, decided_at = $2
            WHERE rule = $3 AND department = $4 AND state = 'proposed'";
        sqlx::query(supersede)
            .bind(&line.proposed_by)
            .bind(stamp(now))
            .bind(&line.rule)
            .bind(&line.department)
            .execute(&mut *transaction)
            .await?;
        let add = "INSERT INTO switches (id, rule, department, status, reason, state, proposed_by, proposed_at, decided_by, decided_at)
            VALUES ($1, $2, $3, $4, $5, 'proposed', $6, $7, '', '')";
        sqlx::query(add)
            .bind(&line.id)
            .bind(&line.rule)
            .bind(&line.department)
            .bind(&line.status)
            .bind(&line.reason)
            .bind(&line.proposed_by)
            .bind(stamp(now))
            .execute(&mut *transaction)
            .await?;
        audit::append(&mut transaction, Deed { actor: &line.proposed_by, action: "switch.propose", target: &line.rule }, now).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Decides a proposal, once; false where it is decided. A released one takes the place of the one before it, and the patients in the house whom
    /// it concerns are judged again.
    pub async fn decide_switch(&self, line: &SwitchLine, is_released: bool, actor: &str, now: Timestamp) -> Result<bool, StoreError> {
        let mut transaction = self.begin_change().await?;
        if is_released {
            let replace = "UPDATE switches SET state = 'replaced' WHERE rule = $1 AND department = $2 AND state = 'released'
                AND EXISTS (SELECT 1 FROM switches p WHERE p.id = $3 AND p.state = 'proposed')";
            sqlx::query(replace).bind(&line.rule).bind(&line.department).bind(&line.id).execute(&mut *transaction).await?;
        }
        let (state, action) = if is_released { ("released", "switch.release") } else { ("withdrawn", "switch.withdraw") };
        let decide = "UPDATE switches SET state = $1, decided_by = $2, decided_at = $3 WHERE id = $4 AND state = 'proposed'";
        let decided =
            sqlx::query(decide).bind(state).bind(actor).bind(stamp(now)).bind(&line.id).execute(&mut *transaction).await?.rows_affected()
                > 0;
        if decided && is_released {
            const CONCERNED: &str = "SELECT visit_id FROM visits WHERE discharged_at = '' AND ($1 = '' OR department = $1)";
            inputs::outdate(&mut transaction, CONCERNED, &[&line.department], "switch").await?;
        }
        if decided {
            audit::append(&mut transaction, Deed { actor, action, target: &line.rule }, now).await?;
        }
        transaction.commit().await?;
        Ok(decided)
    }
}
