//! Critical values: the loop of each with what is overdue, and figures by month and department.

use axum::Json;
use axum::extract::{Query, State as Shared, rejection::QueryRejection};
use serde::Deserialize;
use serde_json::{Value, json};

use super::State;
use super::check::query;
use super::problem::{ProblemDocument, Refusal};
use super::visits::{limit, one_of};
use crate::critical::{Loop, Sums, figures, loops};
use crate::indicators::table::Period;
use crate::people::Caller;
use crate::record::Visit;
use crate::store::Deed;

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CriticalFilter {
    visit: Option<String>,
    department: Option<String>,
    /// Month, quarter or year of the report: 2026-03, 2026Q1, 2026
    #[param(pattern = "^[0-9]{4}(-(0?[1-9]|1[0-2])|[Qq][1-4])?$")]
    period: Option<String>,
    /// open, overdue or closed
    #[param(pattern = "^(open|overdue|closed)?$")]
    state: Option<String>,
    /// `next` of the page before
    after: Option<String>,
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

/// The same, of figures: all of them.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SumFilter {
    visit: Option<String>,
    department: Option<String>,
    /// Month, quarter or year of the report: 2026-03, 2026Q1, 2026
    #[param(pattern = "^[0-9]{4}(-(0?[1-9]|1[0-2])|[Qq][1-4])?$")]
    period: Option<String>,
    /// open, overdue or closed
    #[param(pattern = "^(open|overdue|closed)?$")]
    state: Option<String>,
}

/// Every loop that the filter means, in order of report, visit and id.
async fn wanted(state: &State, caller: &Caller, filter: &CriticalFilter) -> Result<Vec<Loop>, Refusal> {
    let department = caller.limited_to(filter.department.as_deref())?;
    let period = filter.period.as_deref().map(str::parse::<Period>).transpose().map_err(Refusal::Unreadable)?;
    let stage = one_of("state", filter.state.clone(), &["open", "overdue", "closed"])?;
    let stored = state.store.with_critical_values(filter.visit.as_deref().unwrap_or(""), &department).await?;
    let (engine, now) = (state.engine(), state.clock.local());
    let found = move || {
        let mut found = Vec::new();
        for (text, department) in &stored {
            let visit: Visit = serde_json::from_str(text).unwrap_or_default();
            found.extend(loops(&visit, department, &engine.critical, engine.rulebook.knowledge.lexicon(), now));
        }
        found.retain(|entry: &Loop| {
            period.as_ref().is_none_or(|period| period.holds(Some(&entry.month())))
                && (stage.is_empty() || json!(entry.state) == stage.as_str())
        });
        found.sort_by_key(cursor);
        found
    };
    state.desk.run(found).await
}

fn cursor(entry: &Loop) -> String {
    let reported = entry.at(crate::critical::Step::Reported).map_or_else(String::new, |at| at.to_string());
    format!("{reported}|{}|{}", entry.visit_id, entry.id)
}

/// 危急值闭环:各步骤时间、是否超时。The loop of each critical value.
#[utoipa::path(get, path = "/v1/critical-values", tag = "危急值", params(CriticalFilter),
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 404, body = ProblemDocument),
        (status = 422, body = ProblemDocument)))]
pub async fn list(
    Shared(state): Shared<State>,
    caller: Caller,
    parameters: Result<Query<CriticalFilter>, QueryRejection>,
) -> Result<Json<Value>, Refusal> {
    let filter = query(parameters)?;
    let most = limit(filter.limit)? as usize;
    let mut found = wanted(&state, &caller, &filter).await?;
    let target = filter.visit.as_deref().unwrap_or("");
    state.store.record(Deed { actor: &caller.name, action: "critical-values.read", target }, state.clock.now()).await?;
    if let Some(after) = filter.after {
        found.retain(|entry| cursor(entry) > after);
    }
    let is_more = found.len() > most;
    found.truncate(most);
    let next = if is_more { found.last().map(cursor) } else { None };
    Ok(Json(json!({ "items": found, "next": next })))
}

/// 危急值统计。Together (`whole`), and by month and department (`rows`): counts, minutes from the report to each step, and the share in time.
#[utoipa::path(get, path = "/v1/critical-values/figures", tag = "危急值", params(SumFilter),
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
pub async fn sums(
    Shared(state): Shared<State>,
    caller: Caller,
    parameters: Result<Query<SumFilter>, QueryRejection>,
) -> Result<Json<Value>, Refusal> {
    let filter = query(parameters)?;
    if !caller.role.may_read_figures() {
        return Err(Refusal::Forbidden);
    }
    let SumFilter { visit, department, period, state: stage } = filter;
    let filter = CriticalFilter { visit, department, period, state: stage, ..CriticalFilter::default() };
    let found = wanted(&state, &caller, &filter).await?;
    Ok(Json(json!({ "whole": Sums::of(&found), "rows": figures(&found) })))
}
