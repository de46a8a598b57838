//! Stored visits: kept as they come, judged at once, read page by page.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Query, State as Shared, rejection::BytesRejection, rejection::QueryRejection};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::State;
use super::check::{body, query};
use super::monitor;
use super::path::Path;
use super::problem::{ProblemDocument, Refusal};
use crate::people::Caller;
use crate::store::{Deed, FindingQuery, VisitQuery, digest};

/// Entries of a page.
const PAGE: i64 = 100;
const MOST: i64 = 1000;

pub(super) fn limit(asked: Option<i64>) -> Result<i64, Refusal> {
    let limit = asked.unwrap_or(PAGE);
    if (1..=MOST).contains(&limit) { Ok(limit) } else { Err(Refusal::Unreadable(format!("limit 应在 1 到 {MOST} 之间"))) }
}

/// A page and the cursor of the next one.
pub(super) fn page(items: Vec<Value>, limit: i64, cursor: impl Fn(&Value) -> String) -> Json<Value> {
    let next = if items.len() as i64 == limit { items.last().map(&cursor) } else { None };
    Json(json!({ "items": items, "next": next }))
}

/// 保存一份住院病历的最新快照并检查。Keeps the latest snapshot of a visit and judges it; the same content again changes nothing.
#[utoipa::path(put, path = "/v1/visits/{id}", tag = "病历", params(("id" = String, Path, description = "住院号")),
    request_body(content = ref("#/components/schemas/Visit"), content_type = "application/json",
        description = "bingli.visit/1; a CDA document or a FHIR bundle too"),
    responses(
        (status = 200, description = "version, whether anything changed, and the report", body = serde_json::Value),
        (status = 201, description = "the first snapshot", body = serde_json::Value),
        (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument),
        (status = 413, body = ProblemDocument), (status = 422, body = ProblemDocument), (status = 429, body = ProblemDocument)))]
pub async fn put(
    Shared(state): Shared<State>,
    caller: Caller,
    Path(id): Path<String>,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    if !caller.role.may_write_visits() {
        return Err(Refusal::Forbidden);
    }
    let bytes = body(bytes)?;
    let hash = digest(&bytes);
    if let Some((known, rulebook, version)) = state.store.known(&id).await?
        && known == hash
        && rulebook == state.engine().rulebook.digest
    {
        let (report, department) = state.store.report(&id).await?.ok_or(Refusal::NotFound)?;
        if !caller.may_see(&department) {
            return Err(Refusal::Forbidden);
        }
        let report: Value = serde_json::from_str(&report).map_err(|error| Refusal::Broken(error.to_string()))?;
        return Ok(Json(json!({ "version": version, "changed": false, "report": report })).into_response());
    }
    let (kept, put) = monitor::keep_snapshot(&state, &caller, &id, bytes).await?;
    let status = if put.changed && put.version == 1 { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(json!({ "version": put.version, "changed": put.changed, "report": kept.report }))).into_response())
}

/// A stored text of a visit that the caller may see, with the reading of it in the audit trail.
pub(super) async fn text_for(
    state: &State,
    caller: &Caller,
    id: &str,
    action: &'static str,
    found: Option<(String, String)>,
) -> Result<String, Refusal> {
    let (text, department) = found.ok_or(Refusal::NotFound)?;
    if !caller.may_see(&department) {
        return Err(Refusal::NotFound);
    }
    state.store.record(Deed { actor: &caller.name, action, target: id }, state.clock.now()).await?;
    Ok(text)
}

pub(super) fn as_json(text: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

/// 最新快照。The latest snapshot.
#[utoipa::path(get, path = "/v1/visits/{id}", tag = "病历", params(("id" = String, Path, description = "住院号")),
    responses((status = 200, description = "bingli.visit/1 (#/components/schemas/Visit)", body = serde_json::Value),
        (status = 401, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
pub async fn read(Shared(state): Shared<State>, caller: Caller, Path(id): Path<String>) -> Result<Response, Refusal> {
    let found = state.store.visit(&id).await?;
    text_for(&state, &caller, &id, "visit.read", found).await.map(as_json)
}

/// 最新检查报告。The latest report.
#[utoipa::path(get, path = "/v1/visits/{id}/report", tag = "病历", params(("id" = String, Path, description = "住院号")),
    responses((status = 200, description = "bingli.report/1", body = ref("#/components/schemas/Report")),
        (status = 401, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
pub async fn report(Shared(state): Shared<State>, caller: Caller, Path(id): Path<String>) -> Result<Response, Refusal> {
    let found = state.store.report(&id).await?;
    text_for(&state, &caller, &id, "report.read", found).await.map(as_json)
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct VisitFilter {
    department: Option<String>,
    /// 甲, 乙, 丙
    grade: Option<String>,
    /// running or discharged
    #[param(pattern = "^(running|discharged)?$")]
    state: Option<String>,
    /// Only visits with an open finding of this code, C-A01, T05 …
    defect: Option<String>,
    /// Only visits in which this task was or is late, 首次病程记录 …
    late: Option<String>,
    /// Only visits that the caller, by his id in the EMR, is responsible for
    mine: Option<bool>,
    /// `next` of the page before
    after: Option<String>,
    /// 1 to 1000; default 100
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

/// One of the words that a filter knows; nothing is any.
pub(super) fn one_of(name: &str, asked: Option<String>, known: &[&str]) -> Result<String, Refusal> {
    let asked = asked.unwrap_or_default();
    if asked.is_empty() || known.contains(&asked.as_str()) {
        return Ok(asked);
    }
    Err(Refusal::Unreadable(format!("{name} 应为 {}", known.join("、"))))
}

/// 病历列表。Stored visits in order of id, each with its open findings and the duty that is due first.
#[utoipa::path(get, path = "/v1/visits", tag = "病历", params(VisitFilter),
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 404, body = ProblemDocument),
        (status = 422, body = ProblemDocument)))]
pub async fn list(
    Shared(state): Shared<State>,
    caller: Caller,
    parameters: Result<Query<VisitFilter>, QueryRejection>,
) -> Result<Json<Value>, Refusal> {
    let filter = query(parameters)?;
    let is_mine = filter.mine.unwrap_or(false);
    let wanted = VisitQuery {
        department: caller.limited_to(filter.department.as_deref())?,
        grade: filter.grade.unwrap_or_default(),
        state: one_of("state", filter.state, &["running", "discharged"])?,
        defect: filter.defect.unwrap_or_default(),
        late: filter.late.unwrap_or_default(),
        now: state.clock.local().to_string(),
        person: if is_mine { caller.person.clone() } else { String::new() },
        after: filter.after.unwrap_or_default(),
        limit: limit(filter.limit)?,
    };
    // Nobody of the EMR's staff has patients.
    let visits = if is_mine && caller.person.is_empty() { Vec::new() } else { state.store.visits(&wanted).await? };
    Ok(page(visits, wanted.limit, |visit| visit["visit_id"].as_str().unwrap_or("").to_owned()))
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FindingFilter {
    visit: Option<String>,
    department: Option<String>,
    rule: Option<String>,
    /// C-A01, T05 …
    defect: Option<String>,
    /// S1 to S4
    #[param(pattern = "^(S[1-4])?$")]
    severity: Option<String>,
    /// open or gone
    #[param(pattern = "^(open|gone)?$")]
    state: Option<String>,
    after: Option<String>,
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

/// 缺陷列表。Findings with when they were first and last seen, and when they went.
#[utoipa::path(get, path = "/v1/findings", tag = "缺陷", params(FindingFilter),
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 404, body = ProblemDocument),
        (status = 422, body = ProblemDocument)))]
pub async fn findings(
    Shared(state): Shared<State>,
    caller: Caller,
    parameters: Result<Query<FindingFilter>, QueryRejection>,
) -> Result<Json<Value>, Refusal> {
    let filter = query(parameters)?;
    let after = filter.after.unwrap_or_default();
    let (visit, finding) = after.rsplit_once('/').unwrap_or((&after, ""));
    let wanted = FindingQuery {
        visit: filter.visit.unwrap_or_default(),
        department: caller.limited_to(filter.department.as_deref())?,
        rule: filter.rule.unwrap_or_default(),
        defect: filter.defect.unwrap_or_default(),
        severity: one_of("severity", filter.severity, &["S1", "S2", "S3", "S4"])?,
        state: one_of("state", filter.state, &["open", "gone"])?,
        after: (visit.to_owned(), finding.to_owned()),
        limit: limit(filter.limit)?,
    };
    let found = state.store.findings(&wanted).await?;
    state.store.record(Deed { actor: &caller.name, action: "findings.read", target: &wanted.visit }, state.clock.now()).await?;
    let word = |value: &Value| value.as_str().unwrap_or("").to_owned();
    Ok(page(found, wanted.limit, |entry| format!("{}/{}", word(&entry["visit_id"]), word(&entry["finding"]["id"]))))
}
