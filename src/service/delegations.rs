//! 代理: who is reminded while somebody is away. A person delegates for themselves; quality control and administration for anybody.

use axum::Json;
use axum::extract::State as Shared;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::downtimes::stretch;
use super::path::Path;
use super::problem::{ProblemDocument, Refusal};
use super::{State, check};
use crate::people::{Caller, Role};
use crate::store::{Delegation, random_hex};

#[derive(Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DelegationBody {
    /// Who is away, by the id in `staff`; absent: the caller.
    #[serde(default)]
    person: String,
    /// Who stands in, by the id in `staff`.
    delegate: String,
    /// Local time
    #[schema(example = "2026-03-05T08:00", format = "date-time-local")]
    from: String,
    /// Later than `from`
    #[schema(format = "date-time-local")]
    to: String,
}

fn manages(caller: &Caller) -> bool {
    matches!(caller.role, Role::DepartmentQc | Role::Reviewer | Role::RecordsOffice | Role::Administrator)
}

fn may_for(caller: &Caller, person: &str) -> Result<(), Refusal> {
    if manages(caller) || caller.person == person { Ok(()) } else { Err(Refusal::Forbidden) }
}

fn shown(delegation: &Delegation) -> Value {
    json!({
        "id": delegation.id, "person": delegation.person, "delegate": delegation.delegate, "from": delegation.from.to_string(),
        "to": delegation.to.to_string(), "recorded_by": delegation.recorded_by,
    })
}

/// 当前与将来的代理。Delegations that are not over: of everybody for those who manage them, else of the caller.
#[utoipa::path(get, path = "/v1/delegations", tag = "时限",
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument)))]
pub async fn list(Shared(state): Shared<State>, caller: Caller) -> Result<Json<Value>, Refusal> {
    let own = if manages(&caller) { "" } else { caller.person.as_str() };
    if own.is_empty() && !manages(&caller) {
        return Err(Refusal::Forbidden);
    }
    let items: Vec<Value> = state.store.delegations(own, state.clock.local()).await?.iter().map(shown).collect();
    Ok(Json(json!({ "items": items })))
}

/// 登记代理:外出期间提醒发给代理人。Reminders of that stretch go to the delegate; they name whom they were for.
#[utoipa::path(post, path = "/v1/delegations", tag = "时限", request_body = DelegationBody,
    responses((status = 201, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 422, body = ProblemDocument)))]
pub async fn add(
    Shared(state): Shared<State>,
    caller: Caller,
    body: Result<Json<DelegationBody>, JsonRejection>,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let body = check::json(body)?;
    let person = if body.person.is_empty() { caller.person.clone() } else { body.person };
    let (from, to) = stretch(&body.from, &body.to)?;
    if person.is_empty() || body.delegate.is_empty() || person == body.delegate {
        return Err(Refusal::Unreadable("person 与 delegate 应为两个不同的人员编号".to_owned()));
    }
    may_for(&caller, &person)?;
    let delegation = Delegation { id: random_hex()[..16].to_owned(), person, delegate: body.delegate, from, to, recorded_by: caller.name };
    state.store.add_delegation(&delegation, state.clock.now()).await?;
    Ok((StatusCode::CREATED, Json(shown(&delegation))))
}

/// 撤销代理。Ends a delegation.
#[utoipa::path(delete, path = "/v1/delegations/{id}", tag = "时限", params(("id" = String, Path)),
    responses((status = 204), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
pub async fn remove(Shared(state): Shared<State>, caller: Caller, Path(id): Path<String>) -> Result<StatusCode, Refusal> {
    let delegation = state.store.delegation(&id).await?.ok_or(Refusal::NotFound)?;
    may_for(&caller, &delegation.person)?;
    if state.store.remove_delegation(&id, &caller.name, state.clock.now()).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Refusal::NotFound)
    }
}
