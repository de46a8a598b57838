//! The database, by URL: embedded SQLite or PostgreSQL through the same plain SQL. The only place that knows SQL.
//!
//! What the EMR sent comes first ([`inputs`]); a judgement and all that follows from it is written in one transaction ([`judgements`]): the visit's
//! version, findings, duties, indicator entries, the [`ledger`], what goes out ([`outbox`]) and the [`audit`] trail.

pub mod accounts;
pub mod audit;
pub mod backup;
pub mod batches;
pub mod decisions;
pub mod delegations;
pub mod downtimes;
pub mod duties;
pub mod figures;
pub mod filters;
pub mod health;
pub mod inputs;
pub mod judgements;
pub mod ledger;
pub mod outbox;
pub mod regressions;
pub mod releases;
pub mod reviews;
pub mod samples;
pub mod switches;
pub mod tokens;
pub mod visits;
pub mod webhooks;

use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions, AnyRow};
use sqlx::{Any, AnyConnection, AnyPool, Row, Transaction};

pub use accounts::{Account, AccountChange, Begun, Session};
pub use audit::{AuditBreak, AuditLine, AuditQuery, Deed};
pub use batches::{Batch, BatchState, Selection, Taken};
pub use decisions::{Acceptance, Decision, Discipline, Verdict};
pub use delegations::Delegation;
pub use downtimes::Downtime;
pub use duties::DutyQuery;
pub use figures::Counted;
pub use inputs::{Inputs, Seen};
pub use judgements::{Following, Judged, Put, Source};
pub use ledger::{Attempt, LedgerQuery, Line, Notice};
pub use outbox::{Message, Sent};
pub use regressions::{CaseState, KeptCase, Withdrawn};
pub use releases::Release;
pub use reviews::Reviewing;
pub use samples::Sample;
pub use switches::{Recorded, SwitchLine};
pub use visits::{FindingQuery, VisitQuery};
pub use webhooks::{BadWebhook, Format, Webhook};

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("src/store/migrations");

/// What can go wrong with the database.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the database does not answer: {0}")]
    Database(sqlx::Error),
    /// PostgreSQL keeps no U+0000 in a text.
    #[error("a text holds U+0000")]
    Nul,
    #[error("the database cannot be brought to this version: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    #[error("stored data cannot be read: {0}")]
    Data(#[from] serde_json::Error),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        // character_not_in_repertoire
        let is_nul = error.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == "22021");
        if is_nul { StoreError::Nul } else { StoreError::Database(error) }
    }
}

/// A pool of connections to one database.
#[derive(Debug, Clone)]
pub struct Store {
    pool: AnyPool,
    url: String,
}

impl Store {
    /// Opens `sqlite:PATH` (made where it is not there) or `postgres://…` and migrates it forward.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let is_sqlite = is_sqlite(url);
        let options = AnyConnectOptions::from_str(url)?;
        let pool = AnyPoolOptions::new()
            .max_connections(8)
            .acquire_timeout(Duration::from_secs(10))
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    if is_sqlite {
                        // Readers never wait for the writer, and writers wait for each other.
                        let pragmas = "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;";
                        sqlx::Executor::execute(connection, sqlx::raw_sql(pragmas)).await?;
                    }
                    Ok(())
                })
            })
            .connect_with(options)
            .await?;
        MIGRATIONS.run(&pool).await?;
        Ok(Self { pool, url: url.to_owned() })
    }

    /// Embedded: this process alone writes to it.
    fn is_sqlite(&self) -> bool {
        is_sqlite(&self.url)
    }

    /// Begins a transaction that will write. On SQLite it takes the writer's place at once: one that reads first and writes then is refused without
    /// any waiting (`SQLITE_BUSY_SNAPSHOT`) where another wrote in between.
    async fn begin_change(&self) -> Result<Transaction<'static, Any>, sqlx::Error> {
        self.pool.begin_with(if self.is_sqlite() { "BEGIN IMMEDIATE" } else { "BEGIN" }).await
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(&self.pool).await?;
        Ok(())
    }

    pub async fn close(&self) {
        self.pool.close().await;
    }
}

fn is_sqlite(url: &str) -> bool {
    url.starts_with("sqlite:")
}

/// The next number of a counter; the row stays locked until the caller's transaction ends, so that none is lost.
async fn next_number(connection: &mut AnyConnection, counter: &str) -> Result<i64, StoreError> {
    let count =
        "INSERT INTO counters (name, value) VALUES ($1, 1) ON CONFLICT (name) DO UPDATE SET value = counters.value + 1 RETURNING value";
    Ok(sqlx::query(count).bind(counter).fetch_one(connection).await?.try_get("value")?)
}

/// A local moment as a column keeps it.
fn local_moment(row: &AnyRow, column: &str) -> Result<DateTime, StoreError> {
    let read = row.try_get::<String, _>(column)?.parse();
    Ok(read.map_err(|error: jiff::Error| sqlx::Error::ColumnDecode { index: column.to_owned(), source: error.into() })?)
}

/// The service's own moments: UTC to the millisecond, sortable as text.
pub fn stamp(at: Timestamp) -> String {
    jiff::fmt::strtime::format("%Y-%m-%dT%H:%M:%S%.3fZ", at).unwrap_or_else(|_| at.to_string())
}

/// SHA-256 in hex.
pub fn digest(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// 256 random bits in hex.
pub fn random_hex() -> String {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
