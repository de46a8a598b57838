//! What the operator asks of the database, without changing it.

use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
use sqlx::Row;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};

use super::{MIGRATIONS, Store, StoreError};

impl Store {
    /// Opens a database that is there, as it is.
    pub async fn look(url: &str) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let options = AnyConnectOptions::from_str(&url.replace("mode=rwc", "mode=rw"))?;
        let pool = AnyPoolOptions::new().max_connections(2).acquire_timeout(Duration::from_secs(5)).connect_with(options).await?;
        Ok(Self { pool, url: url.to_owned() })
    }

    /// Migrations that this version has and the database has not, and the other way round.
    pub async fn migrations_apart(&self) -> Result<(usize, usize), StoreError> {
        let rows = sqlx::query("SELECT version FROM _sqlx_migrations WHERE success ORDER BY version").fetch_all(&self.pool).await?;
        let done = rows.iter().map(|row| row.try_get::<i64, _>("version")).collect::<Result<Vec<_>, _>>()?;
        let missing = MIGRATIONS.iter().filter(|migration| !done.contains(&migration.version)).count();
        let unknown = done.iter().filter(|version| !MIGRATIONS.version_exists(**version)).count();
        Ok((missing, unknown))
    }

    /// What the clock of a PostgreSQL server says.
    pub async fn server_time(&self) -> Result<Timestamp, StoreError> {
        let select = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) AS now";
        let now: i64 = sqlx::query(select).fetch_one(&self.pool).await?.try_get("now")?;
        Ok(Timestamp::from_millisecond(now).unwrap_or(Timestamp::UNIX_EPOCH))
    }

    /// Tokens and accounts in force.
    pub async fn count_callers(&self) -> Result<i64, StoreError> {
        let select =
            "SELECT (SELECT COUNT(*) FROM tokens WHERE revoked_at = '') + (SELECT COUNT(*) FROM accounts WHERE disabled_at = '') AS n";
        Ok(sqlx::query(select).fetch_one(&self.pool).await?.try_get("n")?)
    }
}
