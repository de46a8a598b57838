//! What the EMR sent: snapshots and events, kept before anything is made of them, and the visits that wait to be judged.

use jiff::Timestamp;
use jiff::civil::DateTime;
use sqlx::{AnyConnection, Row};

use super::audit::{self, Deed};
use super::{Store, StoreError};
use crate::record::Event;

/// Everything that came for one visit.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Inputs {
    /// How many snapshots and events there are: what a judgement has seen.
    pub seen: Seen,
    /// The last whole snapshot as it came; empty where there was none.
    pub snapshot: String,
    /// Events after the snapshot, in order of their time.
    pub events: Vec<Event>,
}

/// How many snapshots and events of a visit a judgement rests on. Both only grow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    pub snapshots: i64,
    pub events: i64,
}

/// Counts a snapshot in and keeps it, inside the caller's transaction; the row stays locked, so that writers of one visit queue up.
pub(super) async fn add_snapshot(
    connection: &mut AnyConnection,
    visit_id: &str,
    snapshot: &str,
    snapshot_at: &str,
) -> Result<Seen, StoreError> {
    let upsert = "INSERT INTO inputs (visit_id, snapshots, events, snapshot, snapshot_at) VALUES ($1, 1, 0, $2, $3)
        ON CONFLICT (visit_id) DO UPDATE SET snapshots = inputs.snapshots + 1, snapshot = excluded.snapshot, snapshot_at = excluded.snapshot_at
        RETURNING snapshots, events";
    let row = sqlx::query(upsert).bind(visit_id).bind(snapshot).bind(snapshot_at).fetch_one(connection).await?;
    Ok(Seen { snapshots: row.try_get("snapshots")?, events: row.try_get("events")? })
}

impl Store {
    /// Keeps events, each once; returns how many were new. The visit is pending until a judgement has seen them.
    pub async fn add_events(&self, visit_id: &str, events: &[Event], deed: Deed<'_>, now: Timestamp) -> Result<usize, StoreError> {
        let mut transaction = self.begin_change().await?;
        let lock = "INSERT INTO inputs (visit_id, snapshots, events, snapshot, snapshot_at) VALUES ($1, 0, 0, '', '')
            ON CONFLICT (visit_id) DO UPDATE SET events = inputs.events";
        sqlx::query(lock).bind(visit_id).execute(&mut *transaction).await?;
        let mut new = 0;
        for event in events {
            let add = "INSERT INTO events (visit_id, event_id, at, event) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
            let added = sqlx::query(add)
                .bind(visit_id)
                .bind(&event.event_id)
                .bind(event.at.earliest().to_string())
                .bind(serde_json::to_string(event)?)
                .execute(&mut *transaction)
                .await?;
            new += added.rows_affected() as usize;
        }
        if new > 0 {
            sqlx::query("UPDATE inputs SET events = events + $1 WHERE visit_id = $2")
                .bind(new as i64)
                .bind(visit_id)
                .execute(&mut *transaction)
                .await?;
            mark_pending(&mut transaction, visit_id, "event").await?;
            audit::append(&mut transaction, deed, now).await?;
        }
        transaction.commit().await?;
        Ok(new)
    }

    /// What came for a visit; `None` where nothing did.
    pub async fn inputs(&self, visit_id: &str) -> Result<Option<Inputs>, StoreError> {
        // Counted first: an event that comes in between is folded in, counted as unseen, and judged again.
        let select = "SELECT snapshots, events, snapshot, snapshot_at FROM inputs WHERE visit_id = $1";
        let Some(row) = sqlx::query(select).bind(visit_id).fetch_optional(&self.pool).await? else { return Ok(None) };
        let after: String = row.try_get("snapshot_at")?;
        let rows = sqlx::query("SELECT event FROM events WHERE visit_id = $1 AND at > $2 ORDER BY at, event_id")
            .bind(visit_id)
            .bind(after)
            .fetch_all(&self.pool)
            .await?;
        let event =
            |row: &sqlx::any::AnyRow| -> Result<Event, StoreError> { Ok(serde_json::from_str(&row.try_get::<String, _>("event")?)?) };
        Ok(Some(Inputs {
            seen: Seen { snapshots: row.try_get("snapshots")?, events: row.try_get("events")? },
            snapshot: row.try_get("snapshot")?,
            events: rows.iter().map(event).collect::<Result<_, _>>()?,
        }))
    }

    /// How many events of a visit happened after a local moment.
    pub async fn later_events(&self, visit_id: &str, after: DateTime) -> Result<i64, StoreError> {
        let count = "SELECT COUNT(*) AS later FROM events WHERE visit_id = $1 AND at > $2";
        Ok(sqlx::query(count).bind(visit_id).bind(after.to_string()).fetch_one(&self.pool).await?.try_get("later")?)
    }

    /// The local moment that the last judgement was made for.
    pub async fn judged_for(&self, visit_id: &str) -> Result<Option<DateTime>, StoreError> {
        let row = sqlx::query("SELECT judged_for FROM visits WHERE visit_id = $1").bind(visit_id).fetch_optional(&self.pool).await?;
        let Some(row) = row else { return Ok(None) };
        Ok(row.try_get::<String, _>("judged_for")?.parse().ok())
    }

    /// Visits that wait to be judged, and why.
    pub async fn pending(&self, limit: i64) -> Result<Vec<(String, String)>, StoreError> {
        let rows = sqlx::query("SELECT visit_id, why FROM pending LIMIT $1").bind(limit).fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok((row.try_get("visit_id")?, row.try_get("why")?))).collect()
    }

    /// Takes a visit that can never be judged off the list.
    pub async fn drop_pending(&self, visit_id: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM pending WHERE visit_id = $1").bind(visit_id).execute(&self.pool).await?;
        Ok(())
    }

    /// Puts every visit that another rulebook judged on the list: after a reload, and after a start with new rules.
    pub async fn mark_outdated(&self, rulebook: &str) -> Result<u64, StoreError> {
        let mark = "INSERT INTO pending (visit_id, why) SELECT visit_id, 'rulebook' FROM visits WHERE rulebook <> $1 AND discharged_at = ''
            ON CONFLICT DO NOTHING";
        Ok(sqlx::query(mark).bind(rulebook).execute(&self.pool).await?.rows_affected())
    }
}

/// Has the visits of a query judged again, for that reason: what judged them last did not know of something.
pub(super) async fn outdate(connection: &mut AnyConnection, concerned: &str, values: &[&str], why: &str) -> Result<(), StoreError> {
    let statements = [
        format!("UPDATE visits SET rulebook = '' WHERE visit_id IN ({concerned})"),
        format!(
            "INSERT INTO pending (visit_id, why) SELECT DISTINCT visit_id, '{why}' FROM ({concerned}) AS concerned WHERE true ON CONFLICT DO NOTHING"
        ),
    ];
    for statement in statements {
        let query = values.iter().fold(sqlx::query(sqlx::AssertSqlSafe(statement)), |query, value| query.bind((*value).to_owned()));
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

pub(super) async fn mark_pending(connection: &mut AnyConnection, visit_id: &str, why: &str) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO pending (visit_id, why) VALUES ($1, $2) ON CONFLICT DO NOTHING")
        .bind(visit_id)
        .bind(why)
        .execute(connection)
        .await?;
    Ok(())
}
