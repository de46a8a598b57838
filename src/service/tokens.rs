//! Access tokens of other systems, for administrators: each is shown once, when it is made.

use axum::Json;
use axum::extract::State as Shared;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::State;
use super::accounts::named;
use super::auth::Administrator;
use super::check;
use super::path::Path;
use super::problem::{ProblemDocument, Refusal, no_content};
use crate::people::Role;

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenBody {
    /// Whom it is for; stands in the audit trail.
    #[schema(min_length = 1, max_length = 64)]
    name: String,
    #[schema(inline)]
    role: Role,
    /// Only this department's visits; absent: all.
    #[serde(default)]
    department: String,
    /// The holder's id in the EMR's `staff`.
    #[serde(default)]
    person: String,
}

/// 令牌列表。All tokens without their texts, revoked ones too; moments are UTC.
#[utoipa::path(get, path = "/v1/tokens", tag = "管理", responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument)))]
pub async fn list(Shared(state): Shared<State>, _: Administrator) -> Result<Json<Value>, Refusal> {
    Ok(Json(json!({ "items": state.store.tokens().await? })))
}

/// 新建令牌,只显示一次。Makes a token; its text is in this answer and nowhere else.
#[utoipa::path(post, path = "/v1/tokens", tag = "管理", request_body = TokenBody,
    responses((status = 201, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument), (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
pub async fn add(
    Shared(state): Shared<State>,
    Administrator(caller): Administrator,
    body: Result<Json<TokenBody>, JsonRejection>,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let TokenBody { name, role, department, person } = check::json(body)?;
    let holder = named(name, role, &department, &person)?;
    match state.store.create_token(&holder, &caller.name, state.clock.now()).await? {
        Some(token) => Ok((StatusCode::CREATED, Json(json!({ "name": holder.name, "token": token })))),
        None => Err(Refusal::Conflict(format!("已有名为「{}」的账号或令牌", holder.name))),
    }
}

/// 吊销令牌。Revokes a token; its name stays taken.
#[utoipa::path(delete, path = "/v1/tokens/{name}", tag = "管理", params(("name" = String, Path)),
    responses((status = 204), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument), (status = 412, description = "the token of this very request", body = ProblemDocument)))]
pub async fn revoke(
    Shared(state): Shared<State>,
    Administrator(caller): Administrator,
    Path(name): Path<String>,
) -> Result<StatusCode, Refusal> {
    if name == caller.name {
        return Err(Refusal::Denied("不能吊销正在使用的令牌".to_owned()));
    }
    let revoked = state.store.revoke_token(&name, &caller.name, state.clock.now()).await?;
    no_content(revoked)
}
