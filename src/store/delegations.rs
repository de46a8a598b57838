//! Who stands in while somebody is away: what would remind the one reminds the other.

use jiff::Timestamp;
use jiff::civil::DateTime;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::audit::{self, Deed};
use super::{Store, StoreError, local_moment, stamp};

/// One stretch, in local time; persons by their ids in the EMR's staff list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delegation {
    pub id: String,
    pub person: String,
    pub delegate: String,
    pub from: DateTime,
    pub to: DateTime,
    pub recorded_by: String,
}

impl Delegation {
    fn of(row: &AnyRow) -> Result<Self, StoreError> {
        let word = |column: &str| row.try_get::<String, _>(column);
        Ok(Self {
            id: word("id")?,
            person: word("person")?,
            delegate: word("delegate")?,
            from: local_moment(row, "from_at")?,
            to: local_moment(row, "to_at")?,
            recorded_by: word("recorded_by")?,
        })
    }
}

/// Who is reminded in place of a person at a local moment. A delegate who is away too is not asked for a delegate: two of them could point at
/// each other.
pub(super) async fn stand_in(connection: &mut AnyConnection, person: &str, local: DateTime) -> Result<Option<String>, StoreError> {
    if person.is_empty() {
        return Ok(None);
    }
    let select =
        "SELECT delegate FROM delegations WHERE person = $1 AND from_at <= $2 AND to_at > $2 ORDER BY recorded_at DESC, id LIMIT 1";
    let row = sqlx::query(select).bind(person).bind(local.to_string()).fetch_optional(connection).await?;
    row.map(|row| Ok(row.try_get("delegate")?)).transpose()
}

impl Store {
    /// Those that are not over at a local moment, of one person or (empty) of all.
    pub async fn delegations(&self, person: &str, local: DateTime) -> Result<Vec<Delegation>, StoreError> {
        let select = "SELECT id, person, delegate, from_at, to_at, recorded_by FROM delegations
            WHERE ($1 = '' OR person = $1 OR delegate = $1) AND to_at > $2 ORDER BY from_at, id";
        let rows = sqlx::query(select).bind(person).bind(local.to_string()).fetch_all(&self.pool).await?;
        rows.iter().map(Delegation::of).collect()
    }

    pub async fn delegation(&self, id: &str) -> Result<Option<Delegation>, StoreError> {
        let select = "SELECT id, person, delegate, from_at, to_at, recorded_by FROM delegations WHERE id = $1";
        let row = sqlx::query(select).bind(id).fetch_optional(&self.pool).await?;
        row.as_ref().map(Delegation::of).transpose()
    }

    pub async fn add_delegation(&self, delegation: &Delegation, now: Timestamp) -> Result<(), StoreError> {
        let mut transaction = self.begin_change().await?;
        let add =
            "INSERT INTO delegations (id, person, delegate, from_at, to_at, recorded_by, recorded_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
        sqlx::query(add)
            .bind(&delegation.id)
            .bind(&delegation.person)
            .bind(&delegation.delegate)
            .bind(delegation.from.to_string())
            .bind(delegation.to.to_string())
            .bind(&delegation.recorded_by)
            .bind(stamp(now))
            .execute(&mut *transaction)
            .await?;
        audit::append(&mut transaction, Deed { actor: &delegation.recorded_by, action: "delegation.add", target: &delegation.person }, now)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// False where there is none.
    pub async fn remove_delegation(&self, id: &str, actor: &str, now: Timestamp) -> Result<bool, StoreError> {
        let mut transaction = self.begin_change().await?;
        let removed =
            sqlx::query("DELETE FROM delegations WHERE id = $1 RETURNING person").bind(id).fetch_optional(&mut *transaction).await?;
        let Some(row) = removed else { return Ok(false) };
        let person: String = row.try_get("person")?;
        audit::append(&mut transaction, Deed { actor, action: "delegation.remove", target: &person }, now).await?;
        transaction.commit().await?;
        Ok(true)
    }
}
