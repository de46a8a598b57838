//! Regression cases over HTTP: what the program was wrong about, for the authors of rules to accept or reject.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State as Shared};
use serde::Deserialize;
use serde_json::{Value, json};

use super::path::Path;
use super::problem::{ProblemDocument, Refusal};
use super::visits::{limit, one_of, page};
use super::{Engine, State, check};
use crate::people::{Caller, Role};
use crate::record::{Instant, Precision, Visit};
use crate::review::Regression;
use crate::review::regression::disguised;
use crate::rules::Phase;
use crate::store::{CaseState, Deed, KeptCase, Withdrawn};

/// Entries that one round looks at.
const ROUND: i64 = 20;

fn may_decide(caller: &Caller) -> Result<(), Refusal> {
    let may = matches!(caller.role, Role::Reviewer | Role::Expert | Role::RecordsOffice | Role::Administrator);
    if may { Ok(()) } else { Err(Refusal::Forbidden) }
}

/// What a withdrawn entry comes to, and whether the rule says it of nobody too.
fn case_of(engine: &Engine, withdrawn: &Withdrawn) -> Option<(Regression, bool)> {
    let visit: Visit = serde_json::from_str(&withdrawn.visit).ok()?;
    let at = visit.as_of.map_or(withdrawn.at, |as_of| as_of.latest().max(withdrawn.at));
    let phase = if visit.discharge.is_some() { Phase::Terminal } else { Phase::Running };
    let visit = disguised(&visit).ok()?;
    let case = Regression { rule: withdrawn.rule.clone(), visit, at: Instant::new(at, Precision::Second), phase };
    let hits = engine.still_hits(&case);
    Some((case, hits))
}

/// Makes cases of what was withdrawn since the last time; every node may, each entry gets one.
pub async fn propose(state: &State) -> Result<(), Refusal> {
    loop {
        let withdrawn = state.store.withdrawn(ROUND).await?;
        let is_all = (withdrawn.len() as i64) < ROUND;
        for entry in withdrawn {
            let engine = state.engine();
            let (entry, made) = state
                .desk
                .run_patiently(move || {
                    let made = case_of(&engine, &entry);
                    (entry, made)
                })
                .await?;
            let is_fit = made.as_ref().is_some_and(|(_, hits)| *hits);
            state.store.propose_case(&entry, made.as_ref().map(|(case, _)| case), is_fit, state.clock.now()).await?;
        }
        if is_all {
            return Ok(());
        }
    }
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CaseFilter {
    rule: Option<String>,
    /// proposed, unfit, accepted or rejected
    #[param(pattern = "^(proposed|unfit|accepted|rejected)?$")]
    state: Option<String>,
    department: Option<String>,
    /// `next` of the page before
    after: Option<String>,
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

/// 回归病例:撤销的缺陷自动形成,已去除患者与人员信息。What the program was wrong about, without whose it is.
#[utoipa::path(get, path = "/v1/regressions", tag = "规则", params(CaseFilter),
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
pub async fn list(
    Shared(state): Shared<State>,
    caller: Caller,
    parameters: Result<Query<CaseFilter>, QueryRejection>,
) -> Result<Json<Value>, Refusal> {
    may_decide(&caller)?;
    let filter = check::query(parameters)?;
    let (most, department) = (limit(filter.limit)?, caller.limited_to(filter.department.as_deref())?);
    let stage = one_of("state", filter.state, &CaseState::names())?;
    let rule = filter.rule.unwrap_or_default();
    let cases = state.store.cases(&rule, &stage, &department, &filter.after.unwrap_or_default(), most).await?;
    let lines = cases.iter().map(KeptCase::line).collect();
    Ok(page(lines, most, |line| line["entry"].as_str().unwrap_or("").to_owned()))
}

async fn case(state: &State, caller: &Caller, entry: &str) -> Result<KeptCase, Refusal> {
    may_decide(caller)?;
    let case = state.store.case(entry).await?.ok_or(Refusal::NotFound)?;
    if caller.may_see(&case.department) { Ok(case) } else { Err(Refusal::NotFound) }
}

/// 一例回归病例及现行规则是否仍会误报。The case with its visit, and whether the rulebook in use still says it; `gold` beside `visit` makes a pair
/// for `bingli measure`.
#[utoipa::path(get, path = "/v1/regressions/{entry}", tag = "规则", params(("entry" = String, Path, description = "entry of the ledger")),
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument)))]
pub async fn one(Shared(state): Shared<State>, caller: Caller, Path(entry): Path<String>) -> Result<Json<Value>, Refusal> {
    let case = case(&state, &caller, &entry).await?;
    state.store.record(Deed { actor: &caller.name, action: "case.read", target: &entry }, state.clock.now()).await?;
    let (mut value, regression, engine) = (case.line(), case.regression.clone(), state.engine());
    value["still_hits"] = json!(state.desk.run(move || engine.still_hits(&regression)).await?);
    value["gold"] = json!({
        "visit_id": case.regression.visit.visit_id, "clean": false, "findings": [],
        "traps": [{ "defect": case.defect, "rule": case.regression.rule, "why": case.reason }],
    });
    value["at"] = json!(case.regression.at);
    value["phase"] = json!(case.regression.phase);
    value["visit"] = json!(case.regression.visit);
    Ok(Json(value))
}

async fn decide(state: &State, caller: &Caller, entry: &str, decision: CaseState) -> Result<Json<Value>, Refusal> {
    case(state, caller, entry).await?;
    if !state.store.decide_case(entry, decision, &caller.name, state.clock.now()).await? {
        return Err(Refusal::Conflict("去除患者信息后规则不再命中,须由人工整理成规则用例".to_owned()));
    }
    Ok(Json(case(state, caller, entry).await?.line()))
}

/// 接受为回归病例:此后发布规则前均以其检验。Every rulebook that is to be released is held to it from now on.
#[utoipa::path(post, path = "/v1/regressions/{entry}/accept", tag = "规则", params(("entry" = String, Path)),
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
pub async fn accept(Shared(state): Shared<State>, caller: Caller, Path(entry): Path<String>) -> Result<Json<Value>, Refusal> {
    decide(&state, &caller, &entry, CaseState::Accepted).await
}

/// 不作为回归病例。It says nothing of the rule.
#[utoipa::path(post, path = "/v1/regressions/{entry}/reject", tag = "规则", params(("entry" = String, Path)),
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument)))]
pub async fn reject(Shared(state): Shared<State>, caller: Caller, Path(entry): Path<String>) -> Result<Json<Value>, Refusal> {
    decide(&state, &caller, &entry, CaseState::Rejected).await
}
