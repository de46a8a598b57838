//! Samples and reviews over HTTP: draw, give out, answer, submit, and what it all adds up to.

use axum::Json;
use axum::extract::State as Shared;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::path::Path;
use super::problem::{ProblemDocument, Refusal};
use super::{State, check};
use crate::people::{Caller, Role};
use crate::review::summary::summarise;
use crate::review::{Answer, Plan, draw};
use crate::rules::rulebook::is_defect_code;
use crate::store::{Deed, Reviewing, Sample};

/// Samples of a list.
const LISTED: i64 = 100;

/// Who draws samples and gives them out.
fn may_sample(caller: &Caller) -> Result<(), Refusal> {
    let may = matches!(caller.role, Role::DepartmentQc | Role::Reviewer | Role::RecordsOffice | Role::Administrator);
    if may { Ok(()) } else { Err(Refusal::Forbidden) }
}

#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SampleBody {
    plan: Plan,
    /// Reviewers see neither the program's score nor its points.
    #[serde(default)]
    blind_score: bool,
}

/// 抽样:按查询、种子、分层与必查清单抽取病历,可重复。Draws a sample and keeps it; the same plan over the same visits draws the same.
#[utoipa::path(post, path = "/v1/samples", tag = "抽查评审", request_body = SampleBody,
    responses((status = 201, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
pub async fn create(
    Shared(state): Shared<State>,
    caller: Caller,
    body: Result<Json<SampleBody>, JsonRejection>,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    may_sample(&caller)?;
    let mut body = check::json(body)?;
    let engine = state.engine();
    body.plan.query.department = caller.limited_to(Some(&body.plan.query.department))?;
    body.plan.check(&engine.review).map_err(Refusal::Unreadable)?;
    let cases = state.store.population(&body.plan.query, &engine.review).await?;
    let sample = Sample {
        id: String::new(),
        department: body.plan.query.department.clone(),
        draw: draw(&body.plan, &cases, &engine.review),
        plan: body.plan,
        rulebook: engine.rulebook.digest.clone(),
        blind_score: body.blind_score,
        created_by: caller.name,
        created_at: String::new(),
    };
    let kept = state.store.keep_sample(sample, state.clock.local().year(), state.clock.now()).await?;
    Ok((StatusCode::CREATED, Json(kept.shown())))
}

async fn sample(state: &State, caller: &Caller, id: &str) -> Result<Sample, Refusal> {
    may_sample(caller)?;
    let sample = state.store.sample(id).await?.ok_or(Refusal::NotFound)?;
    if !caller.may_see(&sample.department) {
        return Err(Refusal::NotFound);
    }
    state.store.record(Deed { actor: &caller.name, action: "sample.read", target: id }, state.clock.now()).await?;
    Ok(sample)
}

/// The must-check lists by id and name.
pub(super) fn lists(state: &State) -> Vec<Value> {
    state.engine().review.lists.iter().map(|list| json!({ "id": list.id, "name": list.name })).collect()
}

/// 抽样列表。The must-check lists, and the last hundred samples, each with how many of its reviews are submitted.
#[utoipa::path(get, path = "/v1/samples", tag = "抽查评审",
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument)))]
pub async fn list(Shared(state): Shared<State>, caller: Caller) -> Result<Json<Value>, Refusal> {
    may_sample(&caller)?;
    Ok(Json(json!({ "lists": lists(&state), "items": state.store.samples(&caller.department, LISTED).await? })))
}

/// 抽样结果与各评审进度。A sample with its plan, strata and visits, and who has which review; nothing of what reviewers said.
#[utoipa::path(get, path = "/v1/samples/{id}", tag = "抽查评审", params(("id" = String, Path, description = "2026-S0001")),
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument)))]
pub async fn one(Shared(state): Shared<State>, caller: Caller, Path(id): Path<String>) -> Result<Json<Value>, Refusal> {
    let mut value = sample(&state, &caller, &id).await?.shown();
    value["lists"] = json!(lists(&state));
    value["reviews"] = json!(state.store.given_out(&id).await?);
    Ok(Json(value))
}

#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignBody {
    /// Names of accounts or tokens.
    reviewers: Vec<String>,
    /// The share of visits that two people review, neither seeing the other's answer: 0 to 1.
    #[serde(default)]
    double_share: f64,
}

/// 分派评审任务,按比例双人盲审;书写者不评审本人病历。Gives a sample out; `unassigned` names the visits that none of the reviewers may review.
#[utoipa::path(post, path = "/v1/samples/{id}/assign", tag = "抽查评审", params(("id" = String, Path)), request_body = AssignBody,
    responses((status = 201, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
pub async fn assign(
    Shared(state): Shared<State>,
    caller: Caller,
    Path(id): Path<String>,
    body: Result<Json<AssignBody>, JsonRejection>,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let sample = sample(&state, &caller, &id).await?;
    let body = check::json(body)?;
    if !(0.0..=1.0).contains(&body.double_share) {
        return Err(Refusal::Unreadable("double_share 应在 0 到 1 之间".to_owned()));
    }
    let mut reviewers: Vec<Caller> = Vec::new();
    for name in &body.reviewers {
        let known = state.store.caller_named(name).await?.filter(|reviewer| reviewer.role.is_quality_control());
        let known = known.ok_or_else(|| Refusal::Unreadable(format!("reviewers: {name} 不是可评审的账号")))?;
        if !reviewers.contains(&known) {
            reviewers.push(known);
        }
    }
    if reviewers.is_empty() {
        return Err(Refusal::Unreadable("reviewers 不能为空".to_owned()));
    }
    let left = state.store.assign_sample(&sample, &reviewers, body.double_share, &caller.name, state.clock.now()).await?;
    let left = left.ok_or_else(|| Refusal::Conflict("该样本已分派".to_owned()))?;
    Ok((StatusCode::CREATED, Json(json!({ "unassigned": left }))))
}

/// 评审一致性与漏检率。Weighted κ, positive agreement, ICC(2,1), acceptance, and the miss-rate with its interval.
#[utoipa::path(get, path = "/v1/samples/{id}/agreement", tag = "抽查评审", params(("id" = String, Path)),
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument)))]
pub async fn agreement(Shared(state): Shared<State>, caller: Caller, Path(id): Path<String>) -> Result<Json<Value>, Refusal> {
    let sample = sample(&state, &caller, &id).await?;
    Ok(Json(summarise(&state.store.reviewed(&sample).await?)))
}

/// 我的评审任务。The caller's reviews, and arbitrations that they may take.
#[utoipa::path(get, path = "/v1/reviews", tag = "抽查评审",
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument)))]
pub async fn queue(Shared(state): Shared<State>, caller: Caller) -> Result<Json<Value>, Refusal> {
    if !caller.role.is_quality_control() {
        return Err(Refusal::Forbidden);
    }
    let reviews = state.store.queue(&caller).await?;
    Ok(Json(json!({ "items": reviews.iter().map(crate::store::reviews::Review::line).collect::<Vec<_>>() })))
}

/// 一项评审任务。A review with the findings to judge; an arbiter sees what both said, nobody else sees another's answer.
#[utoipa::path(get, path = "/v1/reviews/{id}", tag = "抽查评审", params(("id" = String, Path, description = "2026-S0001-001-1")),
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
pub async fn review(Shared(state): Shared<State>, caller: Caller, Path(id): Path<String>) -> Result<Json<Value>, Refusal> {
    let (review, said) = state.store.review(&id, &caller, state.clock.now()).await?.ok_or(Refusal::NotFound)?;
    let mut value = review.shown();
    if !said.is_empty() {
        value["reviewers_said"] = json!(said);
    }
    Ok(Json(value))
}

fn done(reviewing: Reviewing) -> Result<Json<Value>, Refusal> {
    match reviewing {
        Reviewing::Done(review) => Ok(Json(review.shown())),
        Reviewing::NotFound => Err(Refusal::NotFound),
        Reviewing::Denied(denied) => Err(Refusal::Denied(denied.to_string())),
        Reviewing::Wrong(what) => Err(Refusal::Unreadable(what)),
    }
}

/// 保存评审:逐条采纳或不采纳、补充漏检缺陷、评分与等级。Keeps an answer; it need not be finished.
#[utoipa::path(put, path = "/v1/reviews/{id}", tag = "抽查评审", params(("id" = String, Path)), request_body = Answer,
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 404, body = ProblemDocument),
        (status = 412, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
pub async fn save(
    Shared(state): Shared<State>,
    caller: Caller,
    Path(id): Path<String>,
    body: Result<Json<Answer>, JsonRejection>,
) -> Result<Json<Value>, Refusal> {
    let answer = check::json(body)?;
    done(state.store.save_review(&id, &answer, is_defect_code, &caller, state.clock.now()).await?)
}

/// 提交评审。Submits what was kept; two who differ in grade or by more than the limit make an arbitration.
#[utoipa::path(post, path = "/v1/reviews/{id}/submit", tag = "抽查评审", params(("id" = String, Path)),
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 404, body = ProblemDocument),
        (status = 412, body = ProblemDocument)))]
pub async fn submit(Shared(state): Shared<State>, caller: Caller, Path(id): Path<String>) -> Result<Json<Value>, Refusal> {
    let engine = state.engine();
    let submitted = state.store.submit_review(&id, &caller, &engine.review, state.discipline, state.clock.now()).await?;
    state.voices.forget();
    state.hub.wake();
    done(submitted)
}
