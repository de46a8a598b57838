//! Filters of lists that people keep under names, each for themselves.

use jiff::Timestamp;
use serde::Serialize;

use super::{Store, StoreError, stamp};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct SavedFilter {
    pub name: String,
    /// As in the page's address, without the question mark.
    pub query: String,
}

/// More of one person for one page are refused: a menu, not an archive.
pub const MOST: i64 = 50;

impl Store {
    /// What somebody keeps for one page, by name.
    pub async fn saved_filters(&self, owner: &str, page: &str) -> Result<Vec<SavedFilter>, StoreError> {
        let select = "SELECT name, query FROM saved_filters WHERE owner = $1 AND page = $2 ORDER BY name";
        Ok(sqlx::query_as(select).bind(owner).bind(page).fetch_all(&self.pool).await?)
    }

    /// Keeps a filter, in place of one of that name; false where there are [`MOST`] already.
    pub async fn save_filter(&self, owner: &str, page: &str, filter: &SavedFilter, now: Timestamp) -> Result<bool, StoreError> {
        let mut transaction = self.begin_change().await?;
        let others = "SELECT COUNT(*) FROM saved_filters WHERE owner = $1 AND page = $2 AND name <> $3";
        let others: i64 = sqlx::query_scalar(others).bind(owner).bind(page).bind(&filter.name).fetch_one(&mut *transaction).await?;
        if others >= MOST {
            return Ok(false);
        }
        let save = "INSERT INTO saved_filters (owner, page, name, query, saved_at) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (owner, page, name) DO UPDATE SET query = excluded.query, saved_at = excluded.saved_at";
        let save = sqlx::query(save).bind(owner).bind(page).bind(&filter.name).bind(&filter.query).bind(stamp(now));
        save.execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// False where nothing of that name is kept.
    pub async fn forget_filter(&self, owner: &str, page: &str, name: &str) -> Result<bool, StoreError> {
        let forget = "DELETE FROM saved_filters WHERE owner = $1 AND page = $2 AND name = $3";
        Ok(sqlx::query(forget).bind(owner).bind(page).bind(name).execute(&self.pool).await?.rows_affected() > 0)
    }
}
