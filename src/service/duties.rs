//! Duties in order of their due time, and the clock that they are held against.

use axum::Json;
use axum::extract::{Query, State as Shared, rejection::QueryRejection};
use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::State;
use super::check::{json, query};
use super::monitor;
use super::problem::{ProblemDocument, Refusal};
use super::visits::{limit, one_of, page};
use crate::people::{Caller, Role};
use crate::store::DutyQuery;

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DutyFilter {
    visit: Option<String>,
    department: Option<String>,
    /// open, overdue or done
    #[param(pattern = "^(open|overdue|done)?$")]
    state: Option<String>,
    /// Local time
    #[param(example = "2026-03-05T10:00", format = "date-time-local")]
    due_before: Option<String>,
    /// `next` of the page before
    #[param(pattern = r"^$|^[^|]*[|][^|]*[|][^|]*[|]")]
    after: Option<String>,
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

/// 时限任务列表,按到期时间。Duties in order of their due time.
#[utoipa::path(get, path = "/v1/duties", tag = "时限", params(DutyFilter),
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 404, body = ProblemDocument),
        (status = 422, body = ProblemDocument)))]
pub async fn list(
    Shared(state): Shared<State>,
    caller: Caller,
    parameters: Result<Query<DutyFilter>, QueryRejection>,
) -> Result<Json<Value>, Refusal> {
    let filter = query(parameters)?;
    let after = filter.after.unwrap_or_default();
    let cursor = if after.is_empty() {
        Default::default()
    } else {
        let mut parts = after.splitn(4, '|').map(str::to_owned);
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(due), Some(visit), Some(rule), Some(anchor)) => (due, visit, rule, anchor),
            _ => return Err(Refusal::Unreadable("after 不是上一页的 next".to_owned())),
        }
    };
    let due_before = match filter.due_before.as_deref() {
        None => String::new(),
        Some(text) => moment("due_before", text)?.to_string(),
    };
    let wanted = DutyQuery {
        visit: filter.visit.unwrap_or_default(),
        department: caller.limited_to(filter.department.as_deref())?,
        state: one_of("state", filter.state, &["open", "overdue", "done"])?,
        due_before,
        now: state.clock.local().to_string(),
        after: cursor,
        limit: limit(filter.limit)?,
    };
    let duties = state.store.duties(&wanted).await?;
    let word = |value: &Value| value.as_str().unwrap_or("").to_owned();
    Ok(page(duties, wanted.limit, |duty| {
        format!("{}|{}|{}|{}", word(&duty["due"]), word(&duty["visit_id"]), word(&duty["rule"]), word(&duty["anchor"]))
    }))
}

pub(super) fn moment(name: &str, text: &str) -> Result<DateTime, Refusal> {
    text.parse().map_err(|_| Refusal::Unreadable(format!("{name} 不是时间,应如 2026-03-05T10:00")))
}

/// The service's local time.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Moment {
    #[schema(example = "2026-03-05T10:00:00", format = "date-time-local")]
    now: String,
}

/// 服务当前时间。The service's local time.
#[utoipa::path(get, path = "/v1/clock", tag = "时限",
    responses((status = 200, body = Moment), (status = 401, body = ProblemDocument)))]
pub async fn clock(Shared(state): Shared<State>, _caller: Caller) -> Json<Moment> {
    Json(Moment { now: state.clock.local().to_string() })
}

/// 设置模拟时钟并立即推进提醒。Sets a simulated clock (`serve --clock`) and does at once what has come due; refused on a real one.
#[utoipa::path(put, path = "/v1/clock", tag = "时限", request_body = Moment,
    responses((status = 200, body = Moment), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 422, body = ProblemDocument)))]
pub async fn set_clock(
    Shared(state): Shared<State>,
    caller: Caller,
    body: Result<Json<Moment>, axum::extract::rejection::JsonRejection>,
) -> Result<Json<Moment>, Refusal> {
    if caller.role != Role::Administrator || !state.clock.simulated {
        return Err(Refusal::Forbidden);
    }
    let wanted = json(body)?;
    state.clock.set(moment("now", &wanted.now)?);
    monitor::round(&state).await?;
    Ok(Json(Moment { now: state.clock.local().to_string() }))
}
