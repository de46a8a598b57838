//! The audit trail: who did what to which record, append-only, each line sealed with the hash of the one before.

use jiff::Timestamp;
use sqlx::{AnyConnection, Row};

use super::{Store, StoreError, digest, stamp};

/// What someone did. Ids only: no patient text enters the trail.
#[derive(Debug, Clone, Copy)]
pub struct Deed<'a> {
    pub actor: &'a str,
    /// `visit.put`, `visit.read`, `token.create` …
    pub action: &'a str,
    pub target: &'a str,
}

/// Which lines; empty words mean any.
#[derive(Debug, Clone, Default)]
pub struct AuditQuery {
    pub actor: String,
    /// `visit.read`, or all that begins with it: `visit`.
    pub action: String,
    /// The visit that it was done to, with its findings, its entries in the ledger and its reviews.
    pub visit: String,
    /// Moments in UTC as [`stamp`] writes them: from the first on, before the second.
    pub from: String,
    pub until: String,
    /// Lines before this one.
    pub before: i64,
    pub limit: i64,
}

/// One line of the trail; `at` is UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLine {
    pub seq: i64,
    pub at: String,
    pub actor: String,
    pub action: String,
    pub target: String,
}

/// The first line at which the chain does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditBreak {
    pub seq: i64,
}

fn seal(seq: i64, at: &str, deed: Deed<'_>, previous: &str) -> String {
    // Each part with its length, so that no two lines read alike.
    let mut text = seq.to_string();
    for part in [at, deed.actor, deed.action, deed.target, previous] {
        text.push_str(&format!("|{}:{part}", part.len()));
    }
    digest(text.as_bytes())
}

/// Appends inside the caller's transaction: what is not recorded did not happen.
pub(super) async fn append(connection: &mut AnyConnection, deed: Deed<'_>, now: Timestamp) -> Result<(), StoreError> {
    let at = stamp(now);
    let head = sqlx::query("UPDATE audit_head SET seq = seq + 1 WHERE id = 1 RETURNING seq, hash").fetch_one(&mut *connection).await?;
    let (seq, previous): (i64, String) = (head.try_get("seq")?, head.try_get("hash")?);
    let hash = seal(seq, &at, deed, &previous);
    sqlx::query("INSERT INTO audit (seq, at, actor, action, target, previous, hash) VALUES ($1, $2, $3, $4, $5, $6, $7)")
        .bind(seq)
        .bind(&at)
        .bind(deed.actor)
        .bind(deed.action)
        .bind(deed.target)
        .bind(&previous)
        .bind(&hash)
        .execute(&mut *connection)
        .await?;
    sqlx::query("UPDATE audit_head SET hash = $1 WHERE id = 1").bind(&hash).execute(&mut *connection).await?;
    Ok(())
}

impl Store {
    /// Records one deed.
    pub async fn record(&self, deed: Deed<'_>, now: Timestamp) -> Result<(), StoreError> {
        let mut transaction = self.begin_change().await?;
        append(&mut transaction, deed, now).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// A page of lines, the newest first.
    pub async fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditLine>, StoreError> {
        let select = "SELECT seq, at, actor, action, target FROM audit
            WHERE seq < $1 AND ($2 = '' OR actor = $2)
              AND ($3 = '' OR action = $3 OR SUBSTR(action, 1, LENGTH($3) + 1) = $3 || '.')
              AND ($4 = '' OR target = $4 OR SUBSTR(target, 1, LENGTH($4) + 1) = $4 || '/'
                OR EXISTS (SELECT 1 FROM ledger l WHERE l.visit_id = $4
                  AND (audit.target = l.entry OR SUBSTR(audit.target, 1, LENGTH(l.entry) + 1) = l.entry || ' '))
                OR EXISTS (SELECT 1 FROM reviews r WHERE r.visit_id = $4 AND r.id = audit.target))
              AND ($5 = '' OR at >= $5) AND ($6 = '' OR at < $6)
            ORDER BY seq DESC LIMIT $7";
        let rows = sqlx::query(select)
            .bind(query.before)
            .bind(&query.actor)
            .bind(&query.action)
            .bind(&query.visit)
            .bind(&query.from)
            .bind(&query.until)
            .bind(query.limit)
            .fetch_all(&self.pool)
            .await?;
        rows.iter()
            .map(|row| {
                let word = |column: &str| row.try_get::<String, _>(column);
                Ok(AuditLine {
                    seq: row.try_get("seq")?,
                    at: word("at")?,
                    actor: word("actor")?,
                    action: word("action")?,
                    target: word("target")?,
                })
            })
            .collect()
    }

    /// Reads the whole trail; the number of lines, or the first that was changed, removed or added by hand.
    pub async fn verify_audit(&self) -> Result<Result<i64, AuditBreak>, StoreError> {
        const PAGE: i64 = 1000;
        let (mut last, mut previous, mut written) = (0_i64, String::new(), 0_i64);
        loop {
            let select = "SELECT seq, at, actor, action, target, previous, hash FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2";
            let rows = sqlx::query(select).bind(last).bind(PAGE).fetch_all(&self.pool).await?;
            for row in &rows {
                let seq: i64 = row.try_get("seq")?;
                let word = |column: &str| row.try_get::<String, _>(column);
                let (actor, action, target) = (word("actor")?, word("action")?, word("target")?);
                let deed = Deed { actor: &actor, action: &action, target: &target };
                let holds = seq == last + 1 && word("previous")? == previous && word("hash")? == seal(seq, &word("at")?, deed, &previous);
                if !holds {
                    return Ok(Err(AuditBreak { seq: last + 1 }));
                }
                (last, previous) = (seq, word("hash")?);
            }
            if (rows.len() as i64) == PAGE {
                continue;
            }
            // What the head knew of must have been there to read.
            if last < written {
                return Ok(Err(AuditBreak { seq: last + 1 }));
            }
            let head = sqlx::query("SELECT seq, hash FROM audit_head WHERE id = 1").fetch_one(&self.pool).await?;
            written = head.try_get("seq")?;
            if written <= last {
                let ends_alike = written == last && head.try_get::<String, _>("hash")? == previous;
                return Ok(if ends_alike { Ok(last) } else { Err(AuditBreak { seq: last + 1 }) });
            }
            // Lines came while these were read.
        }
    }
}
