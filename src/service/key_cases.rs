//! Key cases (重点病例): the visits on the must-check lists, and the report of one.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State as Shared};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::State;
use super::check::query;
use super::path::Path;
use super::problem::{ProblemDocument, Refusal};
use super::samples::lists;
use super::visits::one_of;
use crate::critical::loops;
use crate::people::Caller;
use crate::record::Visit;
use crate::review::key_case;
use crate::review::sampling::Query as Population;
use crate::store::Deed;

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct KeyCaseFilter {
    department: Option<String>,
    /// Id of a must-check list; default: any.
    list: Option<String>,
}

fn may_read(caller: &Caller) -> Result<(), Refusal> {
    if caller.role.is_quality_control() { Ok(()) } else { Err(Refusal::Forbidden) }
}

/// 重点病例清单。The must-check lists, and the visits on them, those in hospital too.
#[utoipa::path(get, path = "/v1/key-cases", tag = "抽查评审", params(KeyCaseFilter),
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
pub async fn list(
    Shared(state): Shared<State>,
    caller: Caller,
    parameters: Result<Query<KeyCaseFilter>, QueryRejection>,
) -> Result<Json<Value>, Refusal> {
    let filter = query(parameters)?;
    may_read(&caller)?;
    let engine = state.engine();
    let known: Vec<&str> = engine.review.lists.iter().map(|list| list.id.as_str()).collect();
    let list = one_of("list", filter.list, &known)?;
    let wanted = Population { department: caller.limited_to(filter.department.as_deref())?, running: true, ..Population::default() };
    let mut cases = state.store.population(&wanted, &engine.review).await?;
    cases.retain(|case| if list.is_empty() { !case.lists.is_empty() } else { case.lists.contains(&list) });
    state.store.record(Deed { actor: &caller.name, action: "key-cases.read", target: &list }, state.clock.now()).await?;
    let line = |case: &crate::review::Case| json!({ "visit_id": case.visit_id, "department": case.department, "doctor": case.doctor, "stay_days": case.stay_days, "lists": case.lists });
    Ok(Json(json!({ "lists": lists(&state), "items": cases.iter().map(line).collect::<Vec<_>>() })))
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct KeyCaseFormat {
    /// json (default) or markdown
    #[param(pattern = "^(json|markdown)?$")]
    format: Option<String>,
}

/// 重点病例评审报告。The report of a key case; 404 where the visit is on no list.
#[utoipa::path(get, path = "/v1/key-cases/{id}", tag = "抽查评审", params(("id" = String, Path, description = "住院号"), KeyCaseFormat),
    responses((status = 200, content((serde_json::Value = "application/json"), (String = "text/markdown"))), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
pub async fn one(
    Shared(state): Shared<State>,
    caller: Caller,
    Path(id): Path<String>,
    parameters: Result<Query<KeyCaseFormat>, QueryRejection>,
) -> Result<Response, Refusal> {
    let format = one_of("format", query(parameters)?.format, &["json", "markdown"])?;
    may_read(&caller)?;
    let engine = state.engine();
    let wanted = Population { department: caller.department.clone(), running: true, ..Population::default() };
    let cases = state.store.population(&wanted, &engine.review).await?;
    let case = cases.iter().find(|case| case.visit_id == id && !case.lists.is_empty()).ok_or(Refusal::NotFound)?;
    let (visit, department) = state.store.visit(&id).await?.ok_or(Refusal::NotFound)?;
    let (report, _) = state.store.report(&id).await?.ok_or(Refusal::NotFound)?;
    let visit: Visit = serde_json::from_str(&visit).unwrap_or_default();
    let report = serde_json::from_str(&report).map_err(|error| Refusal::Broken(error.to_string()))?;
    let loops = loops(&visit, &department, &engine.critical, engine.rulebook.knowledge.lexicon(), state.clock.local());
    let report = key_case::report(case, &visit, &report, &loops, &engine.review);
    state.store.record(Deed { actor: &caller.name, action: "key-case.read", target: &id }, state.clock.now()).await?;
    if format == "markdown" {
        return Ok(([(header::CONTENT_TYPE, "text/markdown; charset=utf-8")], key_case::markdown(&report)).into_response());
    }
    Ok(Json(report).into_response())
}
