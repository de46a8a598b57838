//! Accounts of people, for administrators. Nobody locks himself out: whoever calls neither disables nor demotes himself.

use axum::Json;
use axum::extract::State as Shared;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::State;
use super::auth::Administrator;
use super::check;
use super::path::Path;
use super::problem::{ProblemDocument, Refusal, no_content};
use super::session::{BadPassword, hash};
use crate::people::{Caller, Role, is_name};
use crate::store::AccountChange;

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountBody {
    /// To log in with; stands in the audit trail and belongs to nobody else ever again.
    #[schema(min_length = 1, max_length = 64)]
    name: String,
    /// 8 characters or more, without the name.
    #[schema(min_length = 8)]
    password: String,
    #[schema(inline)]
    role: Role,
    /// Only this department's visits; absent: all.
    #[serde(default)]
    department: String,
    /// The person's id in the EMR's `staff`.
    #[serde(default)]
    person: String,
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceBody {
    #[schema(inline)]
    role: Role,
    /// Only this department's visits; empty: all.
    #[serde(default)]
    department: String,
    /// The person's id in the EMR's `staff`.
    #[serde(default)]
    person: String,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordBody {
    #[schema(min_length = 8)]
    password: String,
}

/// Who somebody is to be, or why he cannot be called that.
pub(super) fn named(name: String, role: Role, department: &str, person: &str) -> Result<Caller, Refusal> {
    if !is_name(&name) {
        return Err(Refusal::Unreadable("name 应为 1 至 64 个字符,首尾无空格,无控制字符".to_owned()));
    }
    Ok(Caller { name, role, department: department.trim().to_owned(), person: person.trim().to_owned() })
}

/// Hashing takes its place at the desk, as it does for logins.
async fn hashed(state: &State, name: &str, password: String) -> Result<String, Refusal> {
    let name = name.to_owned();
    state.desk.run(move || hash(&name, &password)).await?.map_err(|error| match error {
        BadPassword::Length => Refusal::Unreadable("密码应为 8 个以上字符,不超过 256 字节".to_owned()),
        BadPassword::Name => Refusal::Unreadable("密码不应包含用户名".to_owned()),
        BadPassword::Hash(error) => Refusal::Broken(error.to_string()),
    })
}

/// 账号列表。All accounts, those that were disabled too; moments are UTC.
#[utoipa::path(get, path = "/v1/accounts", tag = "管理", responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument)))]
pub async fn list(Shared(state): Shared<State>, _: Administrator) -> Result<Json<Value>, Refusal> {
    Ok(Json(json!({ "items": state.store.accounts().await? })))
}

/// 新建账号。Makes an account.
#[utoipa::path(post, path = "/v1/accounts", tag = "管理", request_body = AccountBody,
    responses((status = 201), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument), (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
pub async fn add(
    Shared(state): Shared<State>,
    Administrator(caller): Administrator,
    body: Result<Json<AccountBody>, JsonRejection>,
) -> Result<StatusCode, Refusal> {
    // The rejection would quote what was typed.
    let Json(body) = body.map_err(|_| Refusal::Unreadable("应为 {\"name\": …, \"password\": …, \"role\": …}".to_owned()))?;
    let account = named(body.name, body.role, &body.department, &body.person)?;
    let password = hashed(&state, &account.name, body.password).await?;
    if state.store.create_account(&account, &password, &caller.name, state.clock.now()).await? {
        Ok(StatusCode::CREATED)
    } else {
        Err(Refusal::Conflict(format!("已有名为「{}」的账号或令牌", account.name)))
    }
}

async fn change(state: &State, caller: &Caller, name: &str, change: AccountChange<'_>) -> Result<StatusCode, Refusal> {
    let changed = state.store.change_account(name, change, &caller.name, state.clock.now()).await?;
    no_content(changed)
}

/// 更改账号的角色、科室与人员编号,并结束其登录。Changes what the person may do and where, and ends the sessions.
#[utoipa::path(put, path = "/v1/accounts/{name}", tag = "管理", params(("name" = String, Path)), request_body = PlaceBody,
    responses((status = 204), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument), (status = 412, description = "one's own role or department", body = ProblemDocument),
        (status = 422, body = ProblemDocument)))]
pub async fn place(
    Shared(state): Shared<State>,
    Administrator(caller): Administrator,
    Path(name): Path<String>,
    body: Result<Json<PlaceBody>, JsonRejection>,
) -> Result<StatusCode, Refusal> {
    let PlaceBody { role, department, person } = check::json(body)?;
    let wanted = named(name, role, &department, &person)?;
    if wanted.name == caller.name && !wanted.may_administer() {
        return Err(Refusal::Denied("不能取消自己的管理员角色或限定自己的科室".to_owned()));
    }
    let place = AccountChange::Place { role, department: &wanted.department, person: &wanted.person };
    change(&state, &caller, &wanted.name, place).await
}

/// 停用账号并结束其登录。Disables an account and ends its sessions; its name stays taken.
#[utoipa::path(post, path = "/v1/accounts/{name}/disable", tag = "管理", params(("name" = String, Path)),
    responses((status = 204), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument), (status = 412, description = "one's own account", body = ProblemDocument)))]
pub async fn disable(
    Shared(state): Shared<State>,
    Administrator(caller): Administrator,
    Path(name): Path<String>,
) -> Result<StatusCode, Refusal> {
    if name == caller.name {
        return Err(Refusal::Denied("不能停用自己的账号".to_owned()));
    }
    change(&state, &caller, &name, AccountChange::Disable).await
}

/// 重置密码并结束其登录。Sets a new password and ends the sessions.
#[utoipa::path(post, path = "/v1/accounts/{name}/password", tag = "管理", params(("name" = String, Path)), request_body = PasswordBody,
    responses((status = 204), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
pub async fn password(
    Shared(state): Shared<State>,
    Administrator(caller): Administrator,
    Path(name): Path<String>,
    body: Result<Json<PasswordBody>, JsonRejection>,
) -> Result<StatusCode, Refusal> {
    let Json(body) = body.map_err(|_| Refusal::Unreadable("应为 {\"password\": …}".to_owned()))?;
    let password = hashed(&state, &name, body.password).await?;
    change(&state, &caller, &name, AccountChange::Password(&password)).await
}
