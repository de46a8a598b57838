//! What physicians say of findings (采纳, 忽略), and the rules that lose their voice by it.

use axum::Json;
use axum::extract::State as Shared;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::path::Path;
use super::problem::{ProblemDocument, Refusal, no_content};
use super::{State, check};
use crate::ledger::Action;
use crate::people::Caller;
use crate::store::{Decision, Verdict};

/// Why a finding is dismissed; another reason is 其他 with a note.
const REASONS: [&str; 7] = ["事实不符", "已在他处记录", "临床允许", "规则不适用本科", "重复", "严重度过高", "其他"];

#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecisionBody {
    /// 事实不符, 已在他处记录, 临床允许, 规则不适用本科, 重复, 严重度过高, 其他; `dismiss` needs one
    #[serde(default)]
    reason: String,
    /// The reason 其他 and `appeal` need one.
    #[serde(default)]
    note: String,
    /// The rule of a finding that was made while somebody wrote and is not stored yet.
    #[serde(default)]
    rule: String,
}

/// 对一条缺陷采纳、忽略、撤回忽略或申诉。What somebody says of a finding: accept, dismiss (holds for as long as the words are the same), restore, or
/// appeal against its entry in the ledger.
#[utoipa::path(post, path = "/v1/visits/{id}/findings/{finding}/{verb}", tag = "缺陷",
    params(("id" = String, Path, description = "住院号"), ("finding" = String, Path),
        ("verb" = String, Path, description = "accept, dismiss, restore, appeal")), request_body = DecisionBody,
    responses((status = 204), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
        (status = 412, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
pub async fn decide(
    Shared(state): Shared<State>,
    caller: Caller,
    Path((id, finding, verb)): Path<(String, String, String)>,
    body: Result<Json<DecisionBody>, JsonRejection>,
) -> Result<StatusCode, Refusal> {
    let body = check::json(body)?;
    let (_, department) = state.store.visit(&id).await?.ok_or(Refusal::NotFound)?;
    if !caller.may_see(&department) || (!body.rule.is_empty() && state.engine().rulebook.rule(&body.rule).is_none()) {
        return Err(Refusal::NotFound);
    }
    let (local, now) = (state.clock.local(), state.clock.now());
    let known = match verb.as_str() {
        "accept" | "dismiss" => {
            let verdict = if verb == "accept" { Verdict::Accepted } else { Verdict::Dismissed };
            if verdict == Verdict::Dismissed {
                check_reason(&body)?;
            }
            let (reason, note) = (body.reason.as_str(), body.note.trim());
            let decision = Decision { visit_id: &id, finding_id: &finding, rule: &body.rule, verdict, reason, note };
            state.store.decide(&decision, &caller.name, state.discipline, now).await?
        }
        "restore" => state.store.undecide(&id, &finding, &caller.name, now).await?,
        "appeal" => match state.store.entry_of(&id, &finding).await? {
            Some(entry) => {
                let attempt = state.store.act(&entry, Action::Appeal, &body.note, &caller, &state.engine().policy, local, now).await?;
                super::ledger::done(attempt)?;
                true
            }
            None => false,
        },
        _ => false,
    };
    state.voices.forget();
    state.hub.wake();
    no_content(known)
}

/// 一份病历的采纳与忽略。What was said of a visit's findings, and by whom.
#[utoipa::path(get, path = "/v1/visits/{id}/decisions", tag = "缺陷", params(("id" = String, Path, description = "住院号")),
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
pub async fn of_visit(Shared(state): Shared<State>, caller: Caller, Path(id): Path<String>) -> Result<Json<Value>, Refusal> {
    let (_, department) = state.store.visit(&id).await?.ok_or(Refusal::NotFound)?;
    if !caller.may_see(&department) {
        return Err(Refusal::NotFound);
    }
    Ok(Json(json!({ "items": state.store.decisions_of(&id).await? })))
}

fn check_reason(body: &DecisionBody) -> Result<(), Refusal> {
    if !REASONS.contains(&body.reason.as_str()) {
        return Err(Refusal::Unreadable(format!("reason 应为 {}", REASONS.join("、"))));
    }
    if body.reason == "其他" && body.note.trim().is_empty() {
        return Err(Refusal::Unreadable("其他原因请在 note 中说明".to_owned()));
    }
    Ok(())
}

/// 规则采纳率。Each rule's share of accepted findings, and why a rule speaks no more inline.
#[utoipa::path(get, path = "/v1/rules/acceptance", tag = "规则",
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument)))]
pub async fn acceptance(Shared(state): Shared<State>, caller: Caller) -> Result<Json<Value>, Refusal> {
    if !caller.role.may_read_figures() {
        return Err(Refusal::Forbidden);
    }
    Ok(Json(json!({ "items": state.store.acceptance().await? })))
}

/// 恢复规则的实时提示。Gives a rule its voice back.
#[utoipa::path(post, path = "/v1/rules/{rule}/restore", tag = "规则", params(("rule" = String, Path)),
    responses((status = 204), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
pub async fn restore(Shared(state): Shared<State>, caller: Caller, Path(rule): Path<String>) -> Result<StatusCode, Refusal> {
    use crate::people::Role;
    if !matches!(caller.role, Role::Administrator | Role::Reviewer) {
        return Err(Refusal::Forbidden);
    }
    state.voices.forget();
    let restored = state.store.restore_rule(&rule, &caller.name, state.clock.now()).await?;
    no_content(restored)
}
