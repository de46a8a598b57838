//! Times when nobody could write (系统停机): kept by the hospital, handed to every judgement of a visit they concern.

use jiff::Timestamp;
use jiff::civil::DateTime;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::audit::{self, Deed};
use super::{Store, StoreError, inputs, local_moment, stamp};

/// One stretch, in local time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Downtime {
    pub id: String,
    /// Empty: the whole hospital.
    pub department: String,
    pub from: DateTime,
    pub to: DateTime,
    pub reason: String,
    pub recorded_by: String,
}

impl Downtime {
    fn of(row: &AnyRow) -> Result<Self, StoreError> {
        let word = |column: &str| row.try_get::<String, _>(column);
        Ok(Self {
            id: word("id")?,
            department: word("department")?,
            from: local_moment(row, "from_at")?,
            to: local_moment(row, "to_at")?,
            reason: word("reason")?,
            recorded_by: word("recorded_by")?,
        })
    }
}

/// Has the visits judged again whose limits ran in that stretch.
async fn mark(connection: &mut AnyConnection, department: &str, from: &str, to: &str) -> Result<(), StoreError> {
    const CONCERNED: &str = "SELECT visit_id FROM duties WHERE ($1 = '' OR department = $1) AND begin_at < $2 AND (due > $3 OR done > $3)";
    inputs::outdate(connection, CONCERNED, &[department, to, from], "downtime").await
}

impl Store {
    /// All of them, the last one first; of one department also those of the whole hospital.
    pub async fn downtimes(&self, department: &str) -> Result<Vec<Downtime>, StoreError> {
        let select = "SELECT id, department, from_at, to_at, reason, recorded_by FROM downtimes
            WHERE ($1 = '' OR department = '' OR department = $1) ORDER BY from_at DESC, id";
        let rows = sqlx::query(select).bind(department).fetch_all(&self.pool).await?;
        rows.iter().map(Downtime::of).collect()
    }

    /// Records one and has the visits judged again whose limits it moves.
    pub async fn add_downtime(&self, downtime: &Downtime, now: Timestamp) -> Result<(), StoreError> {
        let mut transaction = self.begin_change().await?;
        let add =
            "INSERT INTO downtimes (id, department, from_at, to_at, reason, recorded_by, recorded_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
        sqlx::query(add)
            .bind(&downtime.id)
            .bind(&downtime.department)
            .bind(downtime.from.to_string())
            .bind(downtime.to.to_string())
            .bind(&downtime.reason)
            .bind(&downtime.recorded_by)
            .bind(stamp(now))
            .execute(&mut *transaction)
            .await?;
        mark(&mut transaction, &downtime.department, &downtime.from.to_string(), &downtime.to.to_string()).await?;
        audit::append(&mut transaction, Deed { actor: &downtime.recorded_by, action: "downtime.add", target: &downtime.id }, now).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Takes one back that was recorded by mistake; false where there is none.
    pub async fn remove_downtime(&self, id: &str, actor: &str, now: Timestamp) -> Result<bool, StoreError> {
        let mut transaction = self.begin_change().await?;
        let remove = "DELETE FROM downtimes WHERE id = $1 RETURNING department, from_at, to_at";
        let Some(row) = sqlx::query(remove).bind(id).fetch_optional(&mut *transaction).await? else { return Ok(false) };
        let word = |column: &str| row.try_get::<String, _>(column);
        mark(&mut transaction, &word("department")?, &word("from_at")?, &word("to_at")?).await?;
        audit::append(&mut transaction, Deed { actor, action: "downtime.remove", target: id }, now).await?;
        transaction.commit().await?;
        Ok(true)
    }
}
