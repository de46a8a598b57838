//! 常用筛选: filters of the ward and the ledger that people keep under names, each for themselves.

use axum::Json;
use axum::extract::State as Shared;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::path::Path;
use super::problem::{ProblemDocument, Refusal};
use super::{State, check};
use crate::people::Caller;
use crate::store::filters::{MOST, SavedFilter};

const PAGES: [&str; 2] = ["ward", "ledger"];

/// Characters of a name, and bytes of an address, that a menu can carry.
const LONGEST_NAME: usize = 40;
const LONGEST_QUERY: usize = 2_000;

fn known(page: &str) -> Result<(), Refusal> {
    if PAGES.contains(&page) { Ok(()) } else { Err(Refusal::NotFound) }
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FilterBody {
    /// As in the page's address, without the question mark.
    #[schema(example = "severity=S1&stage=overdue", max_length = 2000)]
    query: String,
}

/// 本人保存的筛选。What the caller keeps for one page, by name.
#[utoipa::path(get, path = "/v1/filters/{page}", tag = "台账", params(("page" = String, Path, example = "ledger")),
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
pub async fn list(Shared(state): Shared<State>, caller: Caller, Path(page): Path<String>) -> Result<Json<Value>, Refusal> {
    known(&page)?;
    Ok(Json(json!({ "items": state.store.saved_filters(&caller.name, &page).await? })))
}

/// 保存筛选。Keeps a filter under a name, in place of an earlier one.
#[utoipa::path(put, path = "/v1/filters/{page}/{name}", tag = "台账", request_body = FilterBody,
    params(("page" = String, Path, example = "ledger"), ("name" = String, Path, example = "逾期的严重缺陷")),
    responses((status = 204), (status = 401, body = ProblemDocument), (status = 404, body = ProblemDocument),
        (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
pub async fn save(
    Shared(state): Shared<State>,
    caller: Caller,
    Path((page, name)): Path<(String, String)>,
    body: Result<Json<FilterBody>, JsonRejection>,
) -> Result<StatusCode, Refusal> {
    known(&page)?;
    let FilterBody { query } = check::json(body)?;
    if name.trim().is_empty() || name.chars().count() > LONGEST_NAME {
        return Err(Refusal::Unreadable(format!("名称应为 1–{LONGEST_NAME} 个字")));
    }
    if query.len() > LONGEST_QUERY || query.contains('\0') {
        return Err(Refusal::Unreadable(format!("query 应不超过 {LONGEST_QUERY} 字节")));
    }
    let filter = SavedFilter { name, query };
    match state.store.save_filter(&caller.name, &page, &filter, state.clock.now()).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Refusal::Conflict(format!("每页最多保存 {MOST} 个筛选,请先删除不用的"))),
    }
}

/// 删除保存的筛选。Forgets one.
#[utoipa::path(delete, path = "/v1/filters/{page}/{name}", tag = "台账",
    params(("page" = String, Path, example = "ledger"), ("name" = String, Path, example = "逾期的严重缺陷")),
    responses((status = 204), (status = 401, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
pub async fn forget(
    Shared(state): Shared<State>,
    caller: Caller,
    Path((page, name)): Path<(String, String)>,
) -> Result<StatusCode, Refusal> {
    match state.store.forget_filter(&caller.name, &page, &name).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Refusal::NotFound),
    }
}
