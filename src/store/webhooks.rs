//! Webhooks: who is told over HTTP, and how far each has come in the log of messages.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::audit::{self, Deed};
use super::{Store, StoreError, stamp};

/// What the receiver understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Each message as it is, signed.
    Json,
    /// A robot of a 企业微信 group.
    Wecom,
    /// A robot of a 钉钉 group.
    Dingtalk,
}

impl Format {
    const ALL: [Format; 3] = [Format::Json, Format::Wecom, Format::Dingtalk];

    pub fn name(self) -> &'static str {
        match self {
            Format::Json => "json",
            Format::Wecom => "wecom",
            Format::Dingtalk => "dingtalk",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    pub id: String,
    pub url: String,
    pub secret: String,
    pub format: Format,
    /// Separated by commas; empty: every topic.
    pub topics: String,
    /// Only messages of this department; empty: all.
    pub department: String,
    pub last_seq: i64,
    pub failures: i64,
    pub retry_at: String,
}

/// What messages can be about.
pub const TOPICS: [&str; 8] = ["finding.new", "finding.gone", "visit.judged", "reminder", "digest", "ledger", "escalation", "rule.demoted"];

/// Why a webhook cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadWebhook {
    #[error("a webhook needs a name without white space at its ends")]
    Name,
    #[error("`{0}` is no http:// or https:// address")]
    Address(String),
    #[error("no topic `{0}`: there are {topics}", topics = TOPICS.join(", "))]
    Topic(String),
    #[error("messages are signed: a secret is needed")]
    Secret,
}

impl Webhook {
    /// One that begins with the next message. The key of a 企业微信 robot is in its address; it has no secret.
    pub fn new(id: &str, url: &str, secret: &str, format: Format, topics: &str, department: &str) -> Result<Self, BadWebhook> {
        if !crate::people::is_name(id) {
            return Err(BadWebhook::Name);
        }
        if !["http://", "https://"].iter().any(|scheme| url.len() > scheme.len() && url.starts_with(scheme)) {
            return Err(BadWebhook::Address(without_key(url).to_owned()));
        }
        if let Some(topic) = topics.split(',').map(str::trim).find(|topic| !topic.is_empty() && !TOPICS.contains(topic)) {
            return Err(BadWebhook::Topic(topic.to_owned()));
        }
        let secret = if format == Format::Wecom { "" } else { secret };
        if format == Format::Json && secret.is_empty() {
            return Err(BadWebhook::Secret);
        }
        let [id, url, secret, topics, department] = [id, url, secret, topics, department].map(str::to_owned);
        Ok(Self { id, url, secret, format, topics, department, last_seq: 0, failures: 0, retry_at: String::new() })
    }

    /// The address without its query: a robot's key stands there.
    pub fn shown_url(&self) -> &str {
        without_key(&self.url)
    }

    pub fn takes(&self, topic: &str) -> bool {
        self.topics.is_empty() || self.topics.split(',').any(|wanted| wanted.trim() == topic)
    }

    fn of(row: &AnyRow) -> Result<Self, StoreError> {
        let format: String = row.try_get("format")?;
        Ok(Self {
            id: row.try_get("id")?,
            url: row.try_get("url")?,
            secret: row.try_get("secret")?,
            format: Format::ALL.into_iter().find(|known| known.name() == format).unwrap_or(Format::Json),
            topics: row.try_get("topics")?,
            department: row.try_get("department")?,
            last_seq: row.try_get("last_seq")?,
            failures: row.try_get("failures")?,
            retry_at: row.try_get("retry_at")?,
        })
    }
}

fn without_key(url: &str) -> &str {
    url.split('?').next().unwrap_or(url)
}

const COLUMNS: &str = "id, url, secret, format, topics, department, last_seq, failures, retry_at";

/// Longer than any delivery takes; a node that died is succeeded after it.
const HOLD: SignedDuration = SignedDuration::from_secs(60);

fn held_until(now: Timestamp) -> String {
    stamp(now.saturating_add(HOLD).unwrap_or(Timestamp::MAX))
}

impl Store {
    /// Adds a webhook that is told what happens from now on; false where the id is taken.
    pub async fn add_webhook(&self, hook: &Webhook, actor: &str, now: Timestamp) -> Result<bool, StoreError> {
        let mut transaction = self.begin_change().await?;
        // SQLite reads `ON` after a bare FROM as a join's; the WHERE keeps it apart.
        let add = "INSERT INTO webhooks
                (id, url, secret, format, topics, department, created_at, last_seq, failures, retry_at, held_by, held_until)
            SELECT $1, $2, $3, $4, $5, $6, $7, seq, 0, '', '', '' FROM outbox_head WHERE id = 1 ON CONFLICT DO NOTHING";
        let added = sqlx::query(add)
            .bind(&hook.id)
            .bind(&hook.url)
            .bind(&hook.secret)
            .bind(hook.format.name())
            .bind(&hook.topics)
            .bind(&hook.department)
            .bind(stamp(now))
            .execute(&mut *transaction)
            .await?;
        if added.rows_affected() == 0 {
            return Ok(false);
        }
        audit::append(&mut transaction, Deed { actor, action: "webhook.add", target: &hook.id }, now).await?;
        transaction.commit().await?;
        Ok(true)
    }

    pub async fn remove_webhook(&self, id: &str, actor: &str, now: Timestamp) -> Result<bool, StoreError> {
        let mut transaction = self.begin_change().await?;
        let removed = sqlx::query("DELETE FROM webhooks WHERE id = $1").bind(id).execute(&mut *transaction).await?.rows_affected() > 0;
        if removed {
            audit::append(&mut transaction, Deed { actor, action: "webhook.remove", target: id }, now).await?;
        }
        transaction.commit().await?;
        Ok(removed)
    }

    pub async fn webhooks(&self) -> Result<Vec<Webhook>, StoreError> {
        let select = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM webhooks ORDER BY id"));
        sqlx::query(select).fetch_all(&self.pool).await?.iter().map(Webhook::of).collect()
    }

    /// Webhooks that are behind the log, whose time to try again has come and that no node holds.
    pub async fn webhooks_behind(&self, now: Timestamp) -> Result<Vec<Webhook>, StoreError> {
        let select = sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM webhooks WHERE retry_at <= $1 AND held_until <= $1
                AND last_seq < (SELECT seq FROM outbox_head WHERE id = 1) ORDER BY id"
        ));
        sqlx::query(select).bind(stamp(now)).fetch_all(&self.pool).await?.iter().map(Webhook::of).collect()
    }

    /// Takes a webhook for a while; false where another node was faster.
    pub async fn hold_webhook(&self, hook: &Webhook, node: &str, now: Timestamp) -> Result<bool, StoreError> {
        let hold = "UPDATE webhooks SET held_by = $1, held_until = $2 WHERE id = $3 AND last_seq = $4 AND held_until <= $5";
        let held = sqlx::query(hold)
            .bind(node)
            .bind(held_until(now))
            .bind(&hook.id)
            .bind(hook.last_seq)
            .bind(stamp(now))
            .execute(&self.pool)
            .await?;
        Ok(held.rows_affected() > 0)
    }

    /// Everything up to `seq` is delivered; false where this node holds it no more.
    pub async fn webhook_delivered(&self, hook: &mut Webhook, seq: i64, node: &str, now: Timestamp) -> Result<bool, StoreError> {
        let advance = "UPDATE webhooks SET last_seq = $1, failures = 0, retry_at = '', held_until = $2
            WHERE id = $3 AND last_seq = $4 AND held_by = $5";
        let advanced =
            sqlx::query(advance).bind(seq).bind(held_until(now)).bind(&hook.id).bind(hook.last_seq).bind(node).execute(&self.pool).await?;
        hook.last_seq = seq;
        hook.failures = 0;
        Ok(advanced.rows_affected() > 0)
    }

    /// Lets go of a webhook, to be looked at again at `retry_at`.
    pub async fn release_webhook(&self, hook: &Webhook, retry_at: Option<Timestamp>, node: &str) -> Result<(), StoreError> {
        let release = "UPDATE webhooks SET failures = $1, retry_at = $2, held_by = '', held_until = '' WHERE id = $3 AND held_by = $4";
        sqlx::query(release)
            .bind(hook.failures)
            .bind(retry_at.map_or(String::new(), stamp))
            .bind(&hook.id)
            .bind(node)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}
