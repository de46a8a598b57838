//! Access tokens: 256 random bits, shown once; the database keeps their hash.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::Row;

use super::audit::{self, Deed};
use super::{Store, StoreError, digest, stamp};

/// What a caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum Role {
    /// The EMR system: sends visits and reads what was found in them.
    Emr,
    /// A physician: reads within the department.
    Physician,
    /// A QC doctor or reviewer: reads.
    Reviewer,
    /// The records office: reads, figures included.
    RecordsOffice,
    Administrator,
}

impl Role {
    pub fn may_write_visits(self) -> bool {
        matches!(self, Role::Emr | Role::Administrator)
    }

    pub fn may_read_figures(self) -> bool {
        matches!(self, Role::Reviewer | Role::RecordsOffice | Role::Administrator)
    }

    fn name(self) -> &'static str {
        match self {
            Role::Emr => "emr",
            Role::Physician => "physician",
            Role::Reviewer => "reviewer",
            Role::RecordsOffice => "records_office",
            Role::Administrator => "administrator",
        }
    }

    fn of(name: &str) -> Option<Self> {
        [Role::Emr, Role::Physician, Role::Reviewer, Role::RecordsOffice, Role::Administrator].into_iter().find(|role| role.name() == name)
    }
}

/// Whoever calls the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub name: String,
    pub role: Role,
    /// Only this department's visits; empty: all.
    pub department: String,
}

impl Store {
    /// Makes a token and returns its text, which is stored nowhere. `None` where the name is taken.
    pub async fn create_token(&self, caller: &Caller, now: Timestamp) -> Result<Option<String>, StoreError> {
        let text = format!("bingli_{}", random_hex());
        let mut transaction = self.pool.begin().await?;
        let add = "INSERT INTO tokens (hash, name, role, department, created_at, revoked_at) VALUES ($1, $2, $3, $4, $5, '') ON CONFLICT DO NOTHING";
        let added = sqlx::query(add)
            .bind(digest(text.as_bytes()))
            .bind(&caller.name)
            .bind(caller.role.name())
            .bind(&caller.department)
            .bind(stamp(now))
            .execute(&mut *transaction)
            .await?;
        if added.rows_affected() == 0 {
            return Ok(None);
        }
        audit::append(&mut transaction, Deed { actor: "cli", action: "token.create", target: &caller.name }, now).await?;
        transaction.commit().await?;
        Ok(Some(text))
    }

    /// Revokes by name; false where there is no such token in force.
    pub async fn revoke_token(&self, name: &str, now: Timestamp) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let revoke = "UPDATE tokens SET revoked_at = $1 WHERE name = $2 AND revoked_at = ''";
        let revoked = sqlx::query(revoke).bind(stamp(now)).bind(name).execute(&mut *transaction).await?.rows_affected() > 0;
        if revoked {
            audit::append(&mut transaction, Deed { actor: "cli", action: "token.revoke", target: name }, now).await?;
        }
        transaction.commit().await?;
        Ok(revoked)
    }

    /// Who holds this token, if it is in force.
    pub async fn caller(&self, token: &str) -> Result<Option<Caller>, StoreError> {
        let select = "SELECT name, role, department FROM tokens WHERE hash = $1 AND revoked_at = ''";
        let row = sqlx::query(select).bind(digest(token.as_bytes())).fetch_optional(&self.pool).await?;
        let Some(row) = row else { return Ok(None) };
        let role = Role::of(&row.try_get::<String, _>("role")?);
        Ok(match role {
            Some(role) => Some(Caller { name: row.try_get("name")?, role, department: row.try_get("department")? }),
            None => None,
        })
    }
}

fn random_hex() -> String {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
