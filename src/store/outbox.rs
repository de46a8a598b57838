//! What goes out to streams and webhooks: a log in order of commit, read by everyone from where they left off.

use jiff::Timestamp;
use serde_json::Value;
use sqlx::postgres::PgListener;
use sqlx::{AnyConnection, Row};

use super::{Store, StoreError, stamp};
use crate::people::Caller;

/// One message. `body` holds ids, codes and titles; never the words of a record.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Message {
    /// `finding.new`, `finding.gone`, `visit.judged`, `reminder`, `digest`, `ledger`.
    pub topic: &'static str,
    pub visit_id: String,
    pub department: String,
    /// The part of the one who is meant (`responsible`, `qc_office` …); empty: everyone who may see the visit.
    pub recipient: String,
    /// Id of the person in `staff`, where it is known.
    pub person: String,
    pub body: Value,
}

/// A message as it was sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    pub seq: i64,
    pub at: String,
    pub topic: String,
    pub visit_id: String,
    pub department: String,
    pub recipient: String,
    pub person: String,
    pub body: String,
}

/// Appends inside the caller's transaction. The head is locked until the commit, so that numbers become visible in their order.
pub(super) async fn append(connection: &mut AnyConnection, messages: &[Message], now: Timestamp) -> Result<(), StoreError> {
    if messages.is_empty() {
        return Ok(());
    }
    let head = sqlx::query("UPDATE outbox_head SET seq = seq + $1 WHERE id = 1 RETURNING seq")
        .bind(messages.len() as i64)
        .fetch_one(&mut *connection)
        .await?;
    let first = head.try_get::<i64, _>("seq")? - messages.len() as i64 + 1;
    for (number, message) in messages.iter().enumerate() {
        let add =
            "INSERT INTO outbox (seq, at, topic, visit_id, department, recipient, person, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        sqlx::query(add)
            .bind(first + number as i64)
            .bind(stamp(now))
            .bind(message.topic)
            .bind(&message.visit_id)
            .bind(&message.department)
            .bind(&message.recipient)
            .bind(&message.person)
            .bind(message.body.to_string())
            .execute(&mut *connection)
            .await?;
    }
    if connection.backend_name() == POSTGRES {
        // Sent with the commit, to every node that listens.
        sqlx::query("SELECT pg_notify($1, '')").bind(CHANNEL).execute(&mut *connection).await?;
    }
    Ok(())
}

const POSTGRES: &str = "PostgreSQL";
const CHANNEL: &str = "bingli_outbox";

/// Hears of messages that other nodes commit; only PostgreSQL tells.
pub struct Listener(PgListener);

impl Listener {
    /// Waits for the next message, or for the connection to come back after it was lost: either way it is time to look.
    pub async fn heard(&mut self) -> Result<(), StoreError> {
        self.0.try_recv().await?;
        Ok(())
    }
}

impl Store {
    /// `None` on SQLite, whose only writer is this process.
    pub async fn listen(&self) -> Result<Option<Listener>, StoreError> {
        if self.url.starts_with("sqlite:") {
            return Ok(None);
        }
        let mut listener = PgListener::connect(&self.url).await?;
        listener.listen(CHANNEL).await?;
        Ok(Some(Listener(listener)))
    }

    /// The number of the last message.
    pub async fn last_message(&self) -> Result<i64, StoreError> {
        Ok(sqlx::query("SELECT seq FROM outbox_head WHERE id = 1").fetch_one(&self.pool).await?.try_get("seq")?)
    }

    /// Messages after `seq` that the caller may see.
    pub async fn messages(&self, after: i64, caller: &Caller, limit: i64) -> Result<Vec<Sent>, StoreError> {
        let select = "SELECT seq, at, topic, visit_id, department, recipient, person, body FROM outbox
            WHERE seq > $1 AND ($2 = '' OR department = $2) ORDER BY seq LIMIT $3";
        let rows = sqlx::query(select).bind(after).bind(&caller.department).bind(limit).fetch_all(&self.pool).await?;
        rows.iter()
            .map(|row| {
                Ok(Sent {
                    seq: row.try_get("seq")?,
                    at: row.try_get("at")?,
                    topic: row.try_get("topic")?,
                    visit_id: row.try_get("visit_id")?,
                    department: row.try_get("department")?,
                    recipient: row.try_get("recipient")?,
                    person: row.try_get("person")?,
                    body: row.try_get("body")?,
                })
            })
            .collect()
    }

    /// Forgets messages from before `until` (UTC); streams that were away longer begin anew.
    pub async fn forget_messages(&self, until: Timestamp) -> Result<u64, StoreError> {
        Ok(sqlx::query("DELETE FROM outbox WHERE at < $1").bind(stamp(until)).execute(&self.pool).await?.rows_affected())
    }
}
