//! Rulebooks on their way into use: proposed by one person, released by another.

use jiff::Timestamp;
use serde::Serialize;

use super::audit::{self, Deed};
use super::{Store, StoreError, stamp};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Release {
    pub id: String,
    /// proposed, released, withdrawn
    pub state: String,
    pub digest_before: String,
    pub digest_after: String,
    /// The batch that was scored by both.
    pub batch: String,
    pub proposed_by: String,
    pub proposed_at: String,
    pub decided_by: String,
    pub decided_at: String,
}

impl Store {
    /// Keeps a proposal; an earlier one that nobody decided is withdrawn by it.
    pub async fn propose_release(&self, release: &Release, now: Timestamp) -> Result<(), StoreError> {
        let mut transaction = self.begin_change().await?;
        let supersede = "UPDATE releases SET state = 'withdrawn', decided_by = $1, decided_at = $2 WHERE state = 'proposed'";
        sqlx::query(supersede).bind(&release.proposed_by).bind(stamp(now)).execute(&mut *transaction).await?;
        let add = "INSERT INTO releases (id, state, digest_before, digest_after, batch, proposed_by, proposed_at, decided_by, decided_at)
            VALUES ($1, 'proposed', $2, $3, $4, $5, $6, '', '')";
        sqlx::query(add)
            .bind(&release.id)
            .bind(&release.digest_before)
            .bind(&release.digest_after)
            .bind(&release.batch)
            .bind(&release.proposed_by)
            .bind(stamp(now))
            .execute(&mut *transaction)
            .await?;
        audit::append(&mut transaction, Deed { actor: &release.proposed_by, action: "release.propose", target: &release.id }, now).await?;
        transaction.commit().await?;
        Ok(())
    }

    pub async fn release(&self, id: &str) -> Result<Option<Release>, StoreError> {
        Ok(sqlx::query_as("SELECT * FROM releases WHERE id = $1").bind(id).fetch_optional(&self.pool).await?)
    }

    /// The last ones first.
    pub async fn releases(&self, limit: i64) -> Result<Vec<Release>, StoreError> {
        Ok(sqlx::query_as("SELECT * FROM releases ORDER BY proposed_at DESC, id LIMIT $1").bind(limit).fetch_all(&self.pool).await?)
    }

    /// Decides a proposal, once; false where it is decided.
    pub async fn decide_release(&self, id: &str, is_released: bool, actor: &str, now: Timestamp) -> Result<bool, StoreError> {
        let mut transaction = self.begin_change().await?;
        let (state, action) = if is_released { ("released", "release.release") } else { ("withdrawn", "release.withdraw") };
        let decide = "UPDATE releases SET state = $1, decided_by = $2, decided_at = $3 WHERE id = $4 AND state = 'proposed'";
        let decided =
            sqlx::query(decide).bind(state).bind(actor).bind(stamp(now)).bind(id).execute(&mut *transaction).await?.rows_affected() > 0;
        if decided {
            audit::append(&mut transaction, Deed { actor, action, target: id }, now).await?;
        }
        transaction.commit().await?;
        Ok(decided)
    }

    /// Whether two people let this rulebook into use.
    pub async fn was_released(&self, digest: &str) -> Result<bool, StoreError> {
        let select = "SELECT 1 AS one FROM releases WHERE digest_after = $1 AND state = 'released' LIMIT 1";
        Ok(sqlx::query(select).bind(digest).fetch_optional(&self.pool).await?.is_some())
    }
}
