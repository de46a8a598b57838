//! Accounts of people and their sessions. The database keeps hashes only: of passwords (made by the caller) and of the secrets in cookies.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use sqlx::{AnyConnection, Row};

use super::audit::{self, Deed};
use super::{Store, StoreError, digest, random_hex, stamp};
use crate::people::{Caller, Role};

/// A session ends with the shift, or when nobody has used it for a while.
pub const SESSION: SignedDuration = SignedDuration::from_hours(12);
const IDLE: SignedDuration = SignedDuration::from_hours(2);
/// How often a session's last use is written down.
const TOUCH: SignedDuration = SignedDuration::from_mins(1);

/// Wrong passwords for one name before it has to wait, and for how long they count.
const ATTEMPTS: i64 = 5;
const WINDOW: SignedDuration = SignedDuration::from_mins(15);

/// What is changed in an account.
#[derive(Debug, Clone, Copy)]
pub enum AccountChange<'a> {
    /// The hash of a new one.
    Password(&'a str),
    Disable,
    /// What the person may do from now on, and where.
    Place {
        role: Role,
        department: &'a str,
        person: &'a str,
    },
}

/// An account as those who keep the house see it; moments are UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Account {
    pub name: String,
    pub role: String,
    pub department: String,
    pub person: String,
    pub created_at: String,
    /// Empty: in force.
    pub disabled_at: String,
    /// When one of its sessions was last used; empty where it has none.
    pub seen_at: String,
}

/// Whoever is logged in.
#[derive(Debug, Clone)]
pub struct Session {
    pub caller: Caller,
    /// What a page must send back with every change.
    pub csrf: String,
}

/// A session that has just begun; `secret` is stored nowhere.
#[derive(Debug, Clone)]
pub struct Begun {
    pub secret: String,
    pub csrf: String,
    pub caller: Caller,
    pub expires_at: Timestamp,
}

fn before(now: Timestamp, length: SignedDuration) -> Timestamp {
    now.saturating_sub(length).unwrap_or(Timestamp::MIN)
}

fn after(now: Timestamp, length: SignedDuration) -> Timestamp {
    now.saturating_add(length).unwrap_or(Timestamp::MAX)
}

/// A role that this version does not know is nobody.
pub(super) fn caller(row: &sqlx::any::AnyRow) -> Result<Option<Caller>, StoreError> {
    let Some(role) = Role::of(&row.try_get::<String, _>("role")?) else { return Ok(None) };
    Ok(Some(Caller { name: row.try_get("name")?, role, department: row.try_get("department")?, person: row.try_get("person")? }))
}

/// Whether a name in the audit trail could mean somebody else already.
pub(super) async fn is_taken(connection: &mut AnyConnection, name: &str) -> Result<bool, StoreError> {
    let select = "SELECT name FROM accounts WHERE name = $1 UNION ALL SELECT name FROM tokens WHERE name = $1";
    let taken = sqlx::query(select).bind(name).fetch_optional(connection).await?.is_some();
    Ok(taken || ["system", "cli", "local", "unknown", ""].contains(&name))
}

impl Store {
    /// Makes an account; false where the name is taken, by a token too.
    pub async fn create_account(&self, caller: &Caller, password: &str, actor: &str, now: Timestamp) -> Result<bool, StoreError> {
        let mut transaction = self.begin_change().await?;
        if is_taken(&mut transaction, &caller.name).await? {
            return Ok(false);
        }
        let add = "INSERT INTO accounts (name, password, role, department, person, created_at, disabled_at)
            VALUES ($1, $2, $3, $4, $5, $6, '') ON CONFLICT DO NOTHING";
        let added = sqlx::query(add)
            .bind(&caller.name)
            .bind(password)
            .bind(caller.role.name())
            .bind(&caller.department)
            .bind(&caller.person)
            .bind(stamp(now))
            .execute(&mut *transaction)
            .await?;
        if added.rows_affected() == 0 {
            return Ok(false);
        }
        audit::append(&mut transaction, Deed { actor, action: "account.create", target: &caller.name }, now).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// All accounts in order of name.
    pub async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        let select = "SELECT name, role, department, person, created_at, disabled_at,
              COALESCE((SELECT MAX(s.seen_at) FROM sessions s WHERE s.account = accounts.name), '') AS seen_at
            FROM accounts ORDER BY name";
        let rows = sqlx::query(select).fetch_all(&self.pool).await?;
        rows.iter()
            .map(|row| {
                let word = |column: &str| row.try_get::<String, _>(column);
                Ok(Account {
                    name: word("name")?,
                    role: word("role")?,
                    department: word("department")?,
                    person: word("person")?,
                    created_at: word("created_at")?,
                    disabled_at: word("disabled_at")?,
                    seen_at: word("seen_at")?,
                })
            })
            .collect()
    }

    /// Changes an account in force and ends its sessions; false where there is none.
    pub async fn change_account(&self, name: &str, change: AccountChange<'_>, actor: &str, now: Timestamp) -> Result<bool, StoreError> {
        let mut transaction = self.begin_change().await?;
        let (update, values, action) = match change {
            AccountChange::Password(hash) => {
                ("UPDATE accounts SET password = $2 WHERE name = $1 AND disabled_at = ''", vec![hash.to_owned()], "account.password")
            }
            AccountChange::Disable => {
                ("UPDATE accounts SET disabled_at = $2 WHERE name = $1 AND disabled_at = ''", vec![stamp(now)], "account.disable")
            }
            AccountChange::Place { role, department, person } => (
                "UPDATE accounts SET role = $2, department = $3, person = $4 WHERE name = $1 AND disabled_at = ''",
                vec![role.name().to_owned(), department.to_owned(), person.to_owned()],
                "account.change",
            ),
        };
        let update = values.into_iter().fold(sqlx::query(update).bind(name), |query, value| query.bind(value));
        if update.execute(&mut *transaction).await?.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query("DELETE FROM sessions WHERE account = $1").bind(name).execute(&mut *transaction).await?;
        sqlx::query("DELETE FROM login_attempts WHERE name = $1").bind(digest(name.as_bytes())).execute(&mut *transaction).await?;
        audit::append(&mut transaction, Deed { actor, action, target: name }, now).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Counts an attempt before it is made, so that many at once are no way round; how long to wait where there were too many.
    pub async fn attempt_login(&self, name: &str, now: Timestamp) -> Result<Result<(), SignedDuration>, StoreError> {
        let old = stamp(before(now, WINDOW));
        sqlx::query("DELETE FROM login_attempts WHERE since <= $1").bind(&old).execute(&self.pool).await?;
        let count = "INSERT INTO login_attempts (name, attempts, since) VALUES ($1, 1, $2)
            ON CONFLICT (name) DO UPDATE SET attempts = login_attempts.attempts + 1 RETURNING attempts, since";
        let row = sqlx::query(count).bind(digest(name.as_bytes())).bind(stamp(now)).fetch_one(&self.pool).await?;
        if row.try_get::<i64, _>("attempts")? <= ATTEMPTS {
            return Ok(Ok(()));
        }
        let since: Timestamp = row.try_get::<String, _>("since")?.parse().unwrap_or(now);
        Ok(Err(after(since, WINDOW).duration_since(now)))
    }

    /// The hash of the password of an account in force.
    pub async fn password(&self, name: &str) -> Result<Option<String>, StoreError> {
        let select = "SELECT password FROM accounts WHERE name = $1 AND disabled_at = ''";
        let row = sqlx::query(select).bind(name).fetch_optional(&self.pool).await?;
        row.map(|row| Ok(row.try_get("password")?)).transpose()
    }

    /// A login that did not succeed. Names that are no account stay out of the trail: they may be a password in the wrong field.
    pub async fn refuse_login(&self, name: &str, now: Timestamp) -> Result<(), StoreError> {
        let known = sqlx::query("SELECT name FROM accounts WHERE name = $1").bind(name).fetch_optional(&self.pool).await?.is_some();
        let target = if known { name } else { "unknown" };
        self.record(Deed { actor: "unknown", action: "login.refused", target }, now).await
    }

    /// Begins a session of an account whose password was right; `None` where it was disabled or its password changed meanwhile.
    pub async fn begin_session(&self, name: &str, password: &str, now: Timestamp) -> Result<Option<Begun>, StoreError> {
        let mut transaction = self.begin_change().await?;
        // Locked, so that whoever disables the account ends this session too.
        let lock = "UPDATE accounts SET name = name WHERE name = $1 AND password = $2 AND disabled_at = ''
            RETURNING name, role, department, person";
        let row = sqlx::query(lock).bind(name).bind(password).fetch_optional(&mut *transaction).await?;
        let Some(caller) = row.as_ref().map(caller).transpose()?.flatten() else { return Ok(None) };
        let begun = Begun { secret: random_hex(), csrf: random_hex(), caller, expires_at: after(now, SESSION) };
        let add = "INSERT INTO sessions (hash, account, csrf, created_at, expires_at, seen_at) VALUES ($1, $2, $3, $4, $5, $4)";
        sqlx::query(add)
            .bind(digest(begun.secret.as_bytes()))
            .bind(name)
            .bind(&begun.csrf)
            .bind(stamp(now))
            .bind(stamp(begun.expires_at))
            .execute(&mut *transaction)
            .await?;
        sqlx::query("DELETE FROM sessions WHERE expires_at <= $1").bind(stamp(now)).execute(&mut *transaction).await?;
        sqlx::query("DELETE FROM login_attempts WHERE name = $1").bind(digest(name.as_bytes())).execute(&mut *transaction).await?;
        audit::append(&mut transaction, Deed { actor: name, action: "login", target: name }, now).await?;
        transaction.commit().await?;
        Ok(Some(begun))
    }

    /// Whose session this secret belongs to, if it is still in force; being asked for keeps it so.
    pub async fn session(&self, secret: &str, now: Timestamp) -> Result<Option<Session>, StoreError> {
        let Some((session, seen_at)) = self.look_at_session(secret, now).await? else { return Ok(None) };
        if seen_at <= stamp(before(now, TOUCH)) {
            let touch = "UPDATE sessions SET seen_at = $1 WHERE hash = $2";
            sqlx::query(touch).bind(stamp(now)).bind(digest(secret.as_bytes())).execute(&self.pool).await?;
        }
        Ok(Some(session))
    }

    /// The same without keeping it in force, and when it was last used.
    pub async fn look_at_session(&self, secret: &str, now: Timestamp) -> Result<Option<(Session, String)>, StoreError> {
        let select = "SELECT a.name, a.role, a.department, a.person, s.csrf, s.seen_at
            FROM sessions s JOIN accounts a ON a.name = s.account
            WHERE s.hash = $1 AND s.expires_at > $2 AND s.seen_at > $3 AND a.disabled_at = ''";
        let hash = digest(secret.as_bytes());
        let row = sqlx::query(select).bind(&hash).bind(stamp(now)).bind(stamp(before(now, IDLE))).fetch_optional(&self.pool).await?;
        let Some(row) = row else { return Ok(None) };
        let Some(caller) = caller(&row)? else { return Ok(None) };
        Ok(Some((Session { caller, csrf: row.try_get("csrf")? }, row.try_get("seen_at")?)))
    }

    pub async fn end_session(&self, secret: &str, now: Timestamp) -> Result<(), StoreError> {
        let mut transaction = self.begin_change().await?;
        let end = "DELETE FROM sessions WHERE hash = $1 RETURNING account";
        if let Some(row) = sqlx::query(end).bind(digest(secret.as_bytes())).fetch_optional(&mut *transaction).await? {
            let name: String = row.try_get("account")?;
            audit::append(&mut transaction, Deed { actor: &name, action: "logout", target: &name }, now).await?;
        }
        transaction.commit().await?;
        Ok(())
    }
}
