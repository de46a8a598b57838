//! A changed rules folder on its way into use: one person proposes it, it is replayed on stored visits, and another person sees what it changes
//! and lets it in.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State as Shared;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::batch_work::{CANDIDATE, CURRENT};
use super::batches::{self, Chosen};
use super::path::Path;
use super::problem::{ProblemDocument, Refusal};
use super::{Engine, State, check, reload};
use crate::batch::{Plan, Side};
use crate::people::{Caller, Role};
use crate::report::sheet::DEFAULT_SHEET;
use crate::review::replay::{Change, Replay};
use crate::store::{BatchState, CaseState, Release, random_hex};

/// Releases of a list.
const LISTED: i64 = 100;
/// Regression cases that are read at once.
const CASES: i64 = 200;

fn may_release(caller: &Caller) -> Result<(), Refusal> {
    let may = matches!(caller.role, Role::Reviewer | Role::Administrator) && caller.department.is_empty();
    if may { Ok(()) } else { Err(Refusal::Forbidden) }
}

/// What the folder holds now.
async fn candidate(state: &State) -> Result<Arc<Engine>, Refusal> {
    let folder = state.rules_folder.clone().ok_or_else(reload::no_folder)?;
    let loaded = state.desk.run_patiently(move || (folder.load)(None)).await?;
    loaded.map(Arc::new).map_err(Refusal::Unreadable)
}

#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// The visits that it is replayed on; default: all stored ones.
    #[serde(default)]
    visits: Chosen,
}

/// 提请发布:读取已修改的规则文件夹,在库中病历上与现行规则对比。Proposes what the rules folder holds now: it is read, held to its own cases, and
/// replayed on stored visits against the rulebook in use, which stays in use. An earlier proposal is withdrawn by it.
#[utoipa::path(post, path = "/v1/releases", tag = "规则", request_body = Proposal,
    responses((status = 201, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument), (status = 429, body = ProblemDocument)))]
pub async fn create(
    Shared(state): Shared<State>,
    caller: Caller,
    body: Result<Json<Proposal>, JsonRejection>,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    may_release(&caller)?;
    let selection = check::json(body)?.visits.selection(&state, &caller).await?;
    let (now_used, next) = (state.engine(), candidate(&state).await?);
    let (before, after) = (now_used.rulebook.digest.clone(), next.rulebook.digest.clone());
    if before == after {
        return Err(Refusal::Conflict("规则文件夹没有变化".to_owned()));
    }
    state.add_rulebook(CANDIDATE, next);
    let side =
        |rulebook: &str, digest: &str| Side { rulebook: rulebook.to_owned(), digest: digest.to_owned(), sheet: DEFAULT_SHEET.to_owned() };
    let plan = Plan { side: side(CANDIDATE, &after), against: Some(side(CURRENT, &before)), model: false, now: state.clock.local() };
    let batch = batches::begin_selected(&state, &caller, plan, &selection).await?;
    let release = Release {
        id: random_hex()[..16].to_owned(),
        state: "proposed".to_owned(),
        digest_before: before,
        digest_after: after,
        batch: batch.id,
        proposed_by: caller.name,
        proposed_at: String::new(),
        decided_by: String::new(),
        decided_at: String::new(),
    };
    state.store.propose_release(&release, state.clock.now()).await?;
    let kept = state.store.release(&release.id).await?.ok_or(Refusal::NotFound)?;
    Ok((StatusCode::CREATED, Json(json!(kept))))
}

/// 规则发布记录。Proposals, the last one first.
#[utoipa::path(get, path = "/v1/releases", tag = "规则",
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument)))]
pub async fn list(Shared(state): Shared<State>, caller: Caller) -> Result<Json<Value>, Refusal> {
    may_release(&caller)?;
    Ok(Json(json!({ "items": state.store.releases(LISTED).await? })))
}

/// What the result of the batch adds up to.
async fn change(state: &State, batch: &str) -> Result<Change, Refusal> {
    let decided = state.store.decided().await?.into_iter();
    let verdicts: HashMap<(String, String), bool> =
        decided.map(|decided| ((decided.visit_id, decided.finding_id), decided.accepted)).collect();
    let said = |visit: &str, finding: &str| verdicts.get(&(visit.to_owned(), finding.to_owned())).copied();
    let (mut replay, mut after) = (Replay::default(), -1);
    while let Some((number, text)) = state.store.chunk_results(batch, after).await? {
        after = number;
        text.lines().for_each(|line| replay.add(line, said));
    }
    Ok(replay.change())
}

/// Entries of accepted regression cases that a rulebook still gets wrong.
async fn regressions(state: &State, engine: &Arc<Engine>) -> Result<Vec<String>, Refusal> {
    let (mut wrong, mut after) = (Vec::new(), String::new());
    loop {
        let cases = state.store.cases("", CaseState::Accepted.name(), "", &after, CASES).await?;
        let Some(last) = cases.last() else { return Ok(wrong) };
        after.clone_from(&last.entry);
        let engine = engine.clone();
        let judge = move || cases.into_iter().filter(|case| engine.still_hits(&case.regression)).map(|case| case.entry).collect::<Vec<_>>();
        wrong.extend(state.desk.run_patiently(judge).await?);
    }
}

/// 发布前对比:缺陷、等级与精确率的变化,仍会误报的回归病例。What it changes on the visits it was replayed on: findings by rule, grades, the share of
/// judged findings that were right before and after, and regression cases that it still gets wrong.
#[utoipa::path(get, path = "/v1/releases/{id}", tag = "规则", params(("id" = String, Path)),
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument)))]
pub async fn one(Shared(state): Shared<State>, caller: Caller, Path(id): Path<String>) -> Result<Json<Value>, Refusal> {
    may_release(&caller)?;
    let release = state.store.release(&id).await?.ok_or(Refusal::NotFound)?;
    let mut value = json!(release);
    if let Some(batch) = state.store.batch(&release.batch).await? {
        value["replay"] = batches::shown(&state, &batch).await?;
        if batch.state == BatchState::Done {
            value["change"] = json!(change(&state, &batch.id).await?);
        }
    }
    // Known where this node has read that folder since it was started.
    if let Some(engine) = state.rulebook(CANDIDATE).filter(|engine| engine.rulebook.digest == release.digest_after) {
        value["regressions"] = json!(regressions(&state, &engine).await?);
    }
    Ok(Json(value))
}

async fn decided(state: &State, id: &str) -> Result<Json<Value>, Refusal> {
    Ok(Json(json!(state.store.release(id).await?.ok_or(Refusal::NotFound)?)))
}

/// 由第二人发布。Lets it into use: somebody else than who proposed it, after the replay, and only what was replayed.
#[utoipa::path(post, path = "/v1/releases/{id}/release", tag = "规则", params(("id" = String, Path)),
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument), (status = 412, body = ProblemDocument),
        (status = 422, body = ProblemDocument)))]
pub async fn release(Shared(state): Shared<State>, caller: Caller, Path(id): Path<String>) -> Result<Json<Value>, Refusal> {
    may_release(&caller)?;
    let release = state.store.release(&id).await?.ok_or(Refusal::NotFound)?;
    if caller.is(&release.proposed_by) {
        return Err(Refusal::Denied("提请人不能发布自己提请的规则".to_owned()));
    }
    let batch = state.store.batch(&release.batch).await?;
    if !batch.is_some_and(|batch| batch.state == BatchState::Done) {
        return Err(Refusal::Conflict("对比尚未完成".to_owned()));
    }
    let _turn = state.reloading.lock().await;
    let next = candidate(&state).await?;
    if next.rulebook.digest != release.digest_after {
        return Err(Refusal::Conflict("规则文件夹在对比之后又有改动,请重新提请".to_owned()));
    }
    if !state.store.decide_release(&id, true, &caller.name, state.clock.now()).await? {
        return Err(Refusal::Conflict("该提请已有结论".to_owned()));
    }
    reload::install(&state, next).await?;
    decided(&state, &id).await
}

/// 撤回提请。Withdraws a proposal.
#[utoipa::path(post, path = "/v1/releases/{id}/withdraw", tag = "规则", params(("id" = String, Path)),
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
pub async fn withdraw(Shared(state): Shared<State>, caller: Caller, Path(id): Path<String>) -> Result<Json<Value>, Refusal> {
    may_release(&caller)?;
    state.store.release(&id).await?.ok_or(Refusal::NotFound)?;
    if !state.store.decide_release(&id, false, &caller.name, state.clock.now()).await? {
        return Err(Refusal::Conflict("该提请已有结论".to_owned()));
    }
    decided(&state, &id).await
}
