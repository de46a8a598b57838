//! Batches and their chunks. A node takes a chunk for a while and writes its results together with its end: whoever took it meanwhile writes
//! nothing, so every visit is scored exactly once, whatever was killed.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::audit::{self, Deed};
use super::{Store, StoreError, stamp};
use crate::batch::{Held, Item, Plan, Results, Tally};

/// Where a batch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchState {
    Receiving,
    Running,
    Paused,
    Done,
    Cancelled,
}

impl BatchState {
    const ALL: [BatchState; 5] = [BatchState::Receiving, BatchState::Running, BatchState::Paused, BatchState::Done, BatchState::Cancelled];

    pub fn name(self) -> &'static str {
        match self {
            BatchState::Receiving => "receiving",
            BatchState::Running => "running",
            BatchState::Paused => "paused",
            BatchState::Done => "done",
            BatchState::Cancelled => "cancelled",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    pub id: String,
    /// Empty: it may hold visits of every department.
    pub department: String,
    pub state: BatchState,
    pub plan: Plan,
    pub created_by: String,
    pub created_at: String,
    pub finished_at: String,
    /// Lines, also those that are no visit; 0 until all have come.
    pub total: i64,
}

/// Stored visits that a batch is made of.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    pub department: String,
    pub grade: String,
    /// running or discharged
    pub state: String,
    /// Discharged on this day or later, and on that day or earlier.
    pub discharged_from: String,
    pub discharged_to: String,
    /// Only visits of this sample.
    pub sample: String,
}

/// A chunk that a node holds.
#[derive(Debug)]
pub struct Taken {
    pub batch: String,
    pub number: i64,
    pub items: Vec<Item>,
}

/// Held anew while it is worked on; a node that died is succeeded after it.
const HOLD: SignedDuration = SignedDuration::from_secs(20);

/// A batch that nothing more came for is never received to its end.
const SILENCE: SignedDuration = SignedDuration::from_mins(10);

fn later(now: Timestamp, by: SignedDuration) -> String {
    stamp(now.saturating_add(by).unwrap_or(Timestamp::MAX))
}

const COLUMNS: &str = "id, department, state, plan, created_by, created_at, finished_at, total";

impl Batch {
    fn of(row: &AnyRow) -> Result<Self, StoreError> {
        let word = |column: &str| row.try_get::<String, _>(column);
        let state = word("state")?;
        Ok(Self {
            id: word("id")?,
            department: word("department")?,
            state: BatchState::ALL.into_iter().find(|known| known.name() == state).unwrap_or(BatchState::Cancelled),
            plan: serde_json::from_str(&word("plan")?)?,
            created_by: word("created_by")?,
            created_at: word("created_at")?,
            finished_at: word("finished_at")?,
            total: row.try_get("total")?,
        })
    }

    /// One that is about to come in.
    pub fn new(id: &str, department: &str, plan: Plan, created_by: &str) -> Self {
        Self {
            id: id.to_owned(),
            department: department.to_owned(),
            state: BatchState::Receiving,
            plan,
            created_by: created_by.to_owned(),
            created_at: String::new(),
            finished_at: String::new(),
            total: 0,
        }
    }
}

impl Store {
    /// A batch that chunks are added to until it is started.
    pub async fn begin_batch(&self, batch: &Batch, now: Timestamp) -> Result<(), StoreError> {
        let mut transaction = self.begin_change().await?;
        let add = "INSERT INTO batches (id, department, state, plan, created_by, created_at, heard_at, finished_at, total)
            VALUES ($1, $2, $3, $4, $5, $6, $6, '', 0)";
        sqlx::query(add)
            .bind(&batch.id)
            .bind(&batch.department)
            .bind(batch.state.name())
            .bind(serde_json::to_string(&batch.plan)?)
            .bind(&batch.created_by)
            .bind(stamp(now))
            .execute(&mut *transaction)
            .await?;
        audit::append(&mut transaction, Deed { actor: &batch.created_by, action: "batch.create", target: &batch.id }, now).await?;
        transaction.commit().await?;
        Ok(())
    }

    pub async fn add_chunk(&self, batch: &str, number: i64, items: &[Item], now: Timestamp) -> Result<(), StoreError> {
        let mut transaction = self.begin_change().await?;
        let add = "INSERT INTO batch_chunks (batch, number, tally, worker, held_until, items, results) VALUES ($1, $2, '', '', '', $3, '')";
        sqlx::query(add).bind(batch).bind(number).bind(serde_json::to_string(items)?).execute(&mut *transaction).await?;
        sqlx::query("UPDATE batches SET heard_at = $1 WHERE id = $2").bind(stamp(now)).bind(batch).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// A page of stored visits of a selection, after a visit, with the version and the moment they were last judged for.
    pub async fn selected(&self, selection: &Selection, after: &str, limit: i64) -> Result<Vec<Held>, StoreError> {
        let select = "SELECT visit_id, version, judged_for FROM visits
            WHERE ($1 = '' OR department = $1) AND ($2 = '' OR grade = $2)
              AND ($3 = '' OR ($3 = 'running' AND discharged_at = '') OR ($3 = 'discharged' AND discharged_at <> ''))
              AND ($4 = '' OR discharged_at >= $4) AND ($5 = '' OR (discharged_at <> '' AND discharged_at < $5 || 'T99'))
              AND ($6 = '' OR EXISTS (SELECT 1 FROM sample_visits s WHERE s.sample = $6 AND s.visit_id = visits.visit_id))
              AND visit_id > $7 ORDER BY visit_id LIMIT $8";
        let rows = sqlx::query(select)
            .bind(&selection.department)
            .bind(&selection.grade)
            .bind(&selection.state)
            .bind(&selection.discharged_from)
            .bind(&selection.discharged_to)
            .bind(&selection.sample)
            .bind(after)
            .bind(limit)
            .fetch_all(&self.pool)
            .await?;
        let held = |row: &AnyRow| {
            let (visit_id, version) = (row.try_get("visit_id")?, row.try_get("version")?);
            Ok(Held::Stored { visit_id, version, at: super::local_moment(row, "judged_for")? })
        };
        rows.iter().map(held).collect()
    }

    /// Lets the workers begin.
    pub async fn start_batch(&self, id: &str, total: i64) -> Result<(), StoreError> {
        let start = "UPDATE batches SET state = 'running', total = $1 WHERE id = $2 AND state = 'receiving'";
        sqlx::query(start).bind(total).bind(id).execute(&self.pool).await?;
        Ok(())
    }

    pub async fn batch(&self, id: &str) -> Result<Option<Batch>, StoreError> {
        let select = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM batches WHERE id = $1"));
        sqlx::query(select).bind(id).fetch_optional(&self.pool).await?.as_ref().map(Batch::of).transpose()
    }

    /// The last ones first; of one department its own alone.
    pub async fn batches(&self, department: &str, limit: i64) -> Result<Vec<Batch>, StoreError> {
        let select = sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM batches WHERE $1 = '' OR department = $1 ORDER BY created_at DESC, id LIMIT $2"
        ));
        sqlx::query(select).bind(department).bind(limit).fetch_all(&self.pool).await?.iter().map(Batch::of).collect()
    }

    /// What the results so far add up to.
    pub async fn batch_tally(&self, id: &str) -> Result<Tally, StoreError> {
        let rows = sqlx::query("SELECT tally FROM batch_chunks WHERE batch = $1 AND tally <> ''").bind(id).fetch_all(&self.pool).await?;
        let mut sum = Tally::default();
        for row in &rows {
            sum.add(&serde_json::from_str(&row.try_get::<String, _>("tally")?)?);
        }
        Ok(sum)
    }

    /// Moves a batch from one of some states to another; false where it is in none of them. What a cancelled one still holds is forgotten.
    pub async fn steer_batch(
        &self,
        id: &str,
        from: &[BatchState],
        to: BatchState,
        actor: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin_change().await?;
        let mut moved = 0;
        for state in from {
            let steer = "UPDATE batches SET state = $1, finished_at = $2 WHERE id = $3 AND state = $4";
            let finished = if to == BatchState::Cancelled { stamp(now) } else { String::new() };
            let steered = sqlx::query(steer).bind(to.name()).bind(finished).bind(id).bind(state.name()).execute(&mut *transaction).await?;
            moved += steered.rows_affected();
        }
        if moved == 0 {
            return Ok(false);
        }
        if to == BatchState::Cancelled {
            sqlx::query("DELETE FROM batch_chunks WHERE batch = $1 AND tally = ''").bind(id).execute(&mut *transaction).await?;
        }
        let action = match to {
            BatchState::Paused => "batch.pause",
            BatchState::Cancelled => "batch.cancel",
            _ => "batch.resume",
        };
        audit::append(&mut transaction, Deed { actor, action, target: id }, now).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Forgets a batch with everything in it; false where there is none.
    pub async fn remove_batch(&self, id: &str, actor: &str, now: Timestamp) -> Result<bool, StoreError> {
        let mut transaction = self.begin_change().await?;
        let removed = sqlx::query("DELETE FROM batches WHERE id = $1").bind(id).execute(&mut *transaction).await?.rows_affected() > 0;
        if removed {
            sqlx::query("DELETE FROM batch_chunks WHERE batch = $1").bind(id).execute(&mut *transaction).await?;
            audit::append(&mut transaction, Deed { actor, action: "batch.remove", target: id }, now).await?;
        }
        transaction.commit().await?;
        Ok(removed)
    }

    /// Batches whose chunks may be taken, the oldest first.
    pub async fn running_batches(&self) -> Result<Vec<Batch>, StoreError> {
        let select = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM batches WHERE state = 'running' ORDER BY created_at, id"));
        sqlx::query(select).fetch_all(&self.pool).await?.iter().map(Batch::of).collect()
    }

    /// Takes the first chunk of a batch that nobody holds.
    pub async fn take_chunk(&self, batch: &str, worker: &str, now: Timestamp) -> Result<Option<Taken>, StoreError> {
        // Without it nodes would queue up for one chunk; SQLite has one writer at a time anyway.
        let locking = if self.is_sqlite() { "" } else { " FOR UPDATE SKIP LOCKED" };
        let take = sqlx::AssertSqlSafe(format!(
            "UPDATE batch_chunks SET worker = $1, held_until = $2 WHERE batch = $3 AND tally = '' AND held_until <= $4 AND number =
              (SELECT number FROM batch_chunks WHERE batch = $3 AND tally = '' AND held_until <= $4 ORDER BY number LIMIT 1{locking})
            RETURNING number, items"
        ));
        let row = sqlx::query(take).bind(worker).bind(later(now, HOLD)).bind(batch).bind(stamp(now)).fetch_optional(&self.pool).await?;
        let Some(row) = row else { return Ok(None) };
        let items = serde_json::from_str(&row.try_get::<String, _>("items")?)?;
        Ok(Some(Taken { batch: batch.to_owned(), number: row.try_get("number")?, items }))
    }

    /// Holds a chunk longer; false where it is somebody else's, done, or the batch no longer runs.
    pub async fn hold_chunk(&self, taken: &Taken, worker: &str, now: Timestamp) -> Result<bool, StoreError> {
        let hold = "UPDATE batch_chunks SET held_until = $1 WHERE batch = $2 AND number = $3 AND worker = $4 AND tally = ''
            AND EXISTS (SELECT 1 FROM batches WHERE id = $2 AND state = 'running')";
        let held = sqlx::query(hold).bind(later(now, HOLD)).bind(&taken.batch).bind(taken.number).bind(worker).execute(&self.pool).await?;
        Ok(held.rows_affected() > 0)
    }

    /// Writes a chunk's results and forgets its visits; false where somebody else has it, or had it first.
    pub async fn finish_chunk(&self, taken: &Taken, worker: &str, results: &Results, now: Timestamp) -> Result<bool, StoreError> {
        let finish =
            "UPDATE batch_chunks SET tally = $1, results = $2, items = '' WHERE batch = $3 AND number = $4 AND worker = $5 AND tally = ''";
        let finished = sqlx::query(finish)
            .bind(serde_json::to_string(&results.tally)?)
            .bind(&results.text)
            .bind(&taken.batch)
            .bind(taken.number)
            .bind(worker)
            .execute(&self.pool)
            .await?;
        self.end_batches(now).await?;
        Ok(finished.rows_affected() > 0)
    }

    /// Ends batches whose chunks are all done. A statement of its own: of two that finish the last two chunks at once neither sees the other's.
    pub async fn end_batches(&self, now: Timestamp) -> Result<(), StoreError> {
        let end = "UPDATE batches SET state = 'done', finished_at = $1 WHERE state = 'running'
            AND NOT EXISTS (SELECT 1 FROM batch_chunks WHERE batch = batches.id AND tally = '')";
        sqlx::query(end).bind(stamp(now)).execute(&self.pool).await?;
        Ok(())
    }

    /// Lets go of every chunk: this process alone has the database, and it has only begun.
    pub async fn free_chunks(&self) -> Result<(), StoreError> {
        if self.is_sqlite() {
            sqlx::query("UPDATE batch_chunks SET worker = '', held_until = '' WHERE tally = ''").execute(&self.pool).await?;
        }
        Ok(())
    }

    /// The results of the first chunk after a number that is done, NDJSON.
    pub async fn chunk_results(&self, batch: &str, after: i64) -> Result<Option<(i64, String)>, StoreError> {
        let select = "SELECT number, results FROM batch_chunks WHERE batch = $1 AND number > $2 AND tally <> '' ORDER BY number LIMIT 1";
        let row = sqlx::query(select).bind(batch).bind(after).fetch_optional(&self.pool).await?;
        row.map(|row| Ok((row.try_get("number")?, row.try_get("results")?))).transpose()
    }

    /// Forgets batches that ended before a moment, and those that stopped coming in.
    pub async fn forget_batches(&self, until: Timestamp, now: Timestamp) -> Result<(), StoreError> {
        let silent = now.saturating_sub(SILENCE).unwrap_or(Timestamp::MIN);
        let select =
            "SELECT id FROM batches WHERE (state IN ('done', 'cancelled') AND finished_at < $1) OR (state = 'receiving' AND heard_at < $2)";
        let rows = sqlx::query(select).bind(stamp(until)).bind(stamp(silent)).fetch_all(&self.pool).await?;
        for row in &rows {
            self.remove_batch(&row.try_get::<String, _>("id")?, "system", now).await?;
        }
        Ok(())
    }
}
