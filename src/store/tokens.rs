//! Access tokens: 256 random bits, shown once; the database keeps their hash.

use jiff::Timestamp;
use serde_json::Value;
use sqlx::Row;

use super::accounts::{self, is_taken};
use super::audit::{self, Deed};
use super::{Store, StoreError, digest, random_hex, stamp};
use crate::people::Caller;

impl Store {
    /// Makes a token and returns its text, which is stored nowhere. `None` where the name is taken.
    pub async fn create_token(&self, caller: &Caller, actor: &str, now: Timestamp) -> Result<Option<String>, StoreError> {
        let text = format!("bingli_{}", random_hex());
        let mut transaction = self.begin_change().await?;
        if is_taken(&mut transaction, &caller.name).await? {
            return Ok(None);
        }
        let add = "INSERT INTO tokens (hash, name, role, department, person, created_at, revoked_at)
            VALUES ($1, $2, $3, $4, $5, $6, '') ON CONFLICT DO NOTHING";
        let added = sqlx::query(add)
            .bind(digest(text.as_bytes()))
            .bind(&caller.name)
            .bind(caller.role.name())
            .bind(&caller.department)
            .bind(&caller.person)
            .bind(stamp(now))
            .execute(&mut *transaction)
            .await?;
        if added.rows_affected() == 0 {
            return Ok(None);
        }
        audit::append(&mut transaction, Deed { actor, action: "token.create", target: &caller.name }, now).await?;
        transaction.commit().await?;
        Ok(Some(text))
    }

    /// Revokes by name; false where there is no such token in force.
    pub async fn revoke_token(&self, name: &str, actor: &str, now: Timestamp) -> Result<bool, StoreError> {
        let mut transaction = self.begin_change().await?;
        let revoke = "UPDATE tokens SET revoked_at = $1 WHERE name = $2 AND revoked_at = ''";
        let revoked = sqlx::query(revoke).bind(stamp(now)).bind(name).execute(&mut *transaction).await?.rows_affected() > 0;
        if revoked {
            audit::append(&mut transaction, Deed { actor, action: "token.revoke", target: name }, now).await?;
        }
        transaction.commit().await?;
        Ok(revoked)
    }

    /// All tokens in order of name: name, role, department, person, `created_at` and, where it is in force no more, `revoked_at`, in UTC.
    pub async fn tokens(&self) -> Result<Vec<Value>, StoreError> {
        let select = "SELECT name, role, department, person, created_at, revoked_at FROM tokens ORDER BY name";
        let rows = sqlx::query(select).fetch_all(&self.pool).await?;
        rows.iter()
            .map(|row| {
                let word = |column: &str| row.try_get::<String, _>(column);
                Ok(serde_json::json!({
                    "name": word("name")?, "role": word("role")?, "department": word("department")?, "person": word("person")?,
                    "created_at": word("created_at")?, "revoked_at": word("revoked_at")?,
                }))
            })
            .collect()
    }

    /// Who holds this token, if it is in force.
    pub async fn caller(&self, token: &str) -> Result<Option<Caller>, StoreError> {
        let select = "SELECT name, role, department, person FROM tokens WHERE hash = $1 AND revoked_at = ''";
        let row = sqlx::query(select).bind(digest(token.as_bytes())).fetch_optional(&self.pool).await?;
        Ok(row.as_ref().map(accounts::caller).transpose()?.flatten())
    }
}
