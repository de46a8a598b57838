//! 系统停机: when nobody could write. Limits that were running are longer by it, of every visit it concerns, at once.

use axum::Json;
use axum::extract::State as Shared;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::check;
use super::duties::moment;
use super::path::Path;
use super::problem::{ProblemDocument, Refusal};
use super::{State, monitor};
use crate::people::{Caller, Role};
use crate::store::{Downtime, random_hex};

#[derive(Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DowntimeBody {
    /// Empty or absent: the whole hospital.
    #[serde(default)]
    department: String,
    /// Local time
    #[schema(example = "2026-03-05T10:00", format = "date-time-local")]
    from: String,
    /// Later than `from`
    #[schema(format = "date-time-local")]
    to: String,
    reason: String,
}

/// From and to, in their order.
pub(super) fn stretch(from: &str, to: &str) -> Result<(DateTime, DateTime), Refusal> {
    let (from, to) = (moment("from", from)?, moment("to", to)?);
    if from < to { Ok((from, to)) } else { Err(Refusal::Unreadable("to 应晚于 from".to_owned())) }
}

fn may_record(caller: &Caller) -> Result<(), Refusal> {
    let may = matches!(caller.role, Role::RecordsOffice | Role::Reviewer | Role::Administrator) && caller.department.is_empty();
    if may { Ok(()) } else { Err(Refusal::Forbidden) }
}

fn shown(downtime: &Downtime) -> Value {
    json!({
        "id": downtime.id, "department": downtime.department, "from": downtime.from.to_string(), "to": downtime.to.to_string(),
        "reason": downtime.reason, "recorded_by": downtime.recorded_by,
    })
}

/// 系统停机记录。Recorded downtimes, the last one first.
#[utoipa::path(get, path = "/v1/downtimes", tag = "时限",
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument)))]
pub async fn list(Shared(state): Shared<State>, caller: Caller) -> Result<Json<Value>, Refusal> {
    let items: Vec<Value> = state.store.downtimes(&caller.department).await?.iter().map(shown).collect();
    Ok(Json(json!({ "items": items })))
}

/// 登记系统停机,期间的时限相应顺延。Records a downtime; visits whose limits it moves are judged again before the answer.
#[utoipa::path(post, path = "/v1/downtimes", tag = "时限", request_body = DowntimeBody,
    responses((status = 201, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 422, body = ProblemDocument)))]
pub async fn add(
    Shared(state): Shared<State>,
    caller: Caller,
    body: Result<Json<DowntimeBody>, JsonRejection>,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    may_record(&caller)?;
    let body = check::json(body)?;
    let (from, to) = stretch(&body.from, &body.to)?;
    if to > state.clock.local() {
        return Err(Refusal::Unreadable("停机尚未结束:to 不能晚于现在".to_owned()));
    }
    if body.reason.trim().is_empty() {
        return Err(Refusal::Unreadable("请填写 reason(停机原因)".to_owned()));
    }
    let downtime = Downtime {
        id: random_hex()[..16].to_owned(),
        department: body.department,
        from,
        to,
        reason: body.reason,
        recorded_by: caller.name,
    };
    state.store.add_downtime(&downtime, state.clock.now()).await?;
    monitor::round(&state).await?;
    Ok((StatusCode::CREATED, Json(shown(&downtime))))
}

/// 撤销误登记的停机。Takes back a downtime that was recorded by mistake.
#[utoipa::path(delete, path = "/v1/downtimes/{id}", tag = "时限", params(("id" = String, Path)),
    responses((status = 204), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
pub async fn remove(Shared(state): Shared<State>, caller: Caller, Path(id): Path<String>) -> Result<StatusCode, Refusal> {
    may_record(&caller)?;
    if !state.store.remove_downtime(&id, &caller.name, state.clock.now()).await? {
        return Err(Refusal::NotFound);
    }
    monitor::round(&state).await?;
    Ok(StatusCode::NO_CONTENT)
}
