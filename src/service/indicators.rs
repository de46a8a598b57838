//! Indicators over the stored visits.

use axum::Json;
use axum::extract::{Query, State as Shared, rejection::QueryRejection};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::State;
use super::check::query;
use super::path::Path;
use super::problem::{ProblemDocument, Refusal};
use crate::indicators::export;
use crate::indicators::table::{Dimension, Entry, Period, rows};
use crate::people::Caller;
use crate::store::Deed;

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Month, quarter or year of discharge: 2026-03, 2026Q1, 2026; default: all stored visits.
    #[param(pattern = "^[0-9]{4}(-(0?[1-9]|1[0-2])|[Qq][1-4])?$")]
    period: Option<String>,
    department: Option<String>,
    /// month, department or doctor
    #[param(inline)]
    by: Option<Dimension>,
    /// Only indicators whose id, code or group begins so.
    only: Option<String>,
    /// json (default), csv or xlsx
    #[param(pattern = "^(json|csv|xlsx)$")]
    format: Option<String>,
}

async fn stored(state: &State, caller: &Caller, filter: &Filter) -> Result<Vec<Entry>, Refusal> {
    if !caller.role.may_read_figures() {
        return Err(Refusal::Forbidden);
    }
    let department = caller.limited_to(filter.department.as_deref())?;
    let period = filter.period.as_deref().map(str::parse::<Period>).transpose().map_err(Refusal::Unreadable)?;
    let (first, last) = period.map_or((String::new(), String::new()), |period| (period.first, period.last));
    Ok(state.store.entries(&first, &last, &department).await?)
}

/// 质控指标:国家27项与单病种。Numerator, denominator and interval of every indicator, with the visits behind it.
#[utoipa::path(get, path = "/v1/indicators", tag = "指标", params(Filter),
    responses((status = 200, content((serde_json::Value = "application/json"), (String = "text/csv"), (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
        (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
        (status = 422, body = ProblemDocument)))]
pub async fn figures(
    Shared(state): Shared<State>,
    caller: Caller,
    parameters: Result<Query<Filter>, QueryRejection>,
) -> Result<Response, Refusal> {
    let filter = query(parameters)?;
    let entries = stored(&state, &caller, &filter).await?;
    state
        .store
        .record(Deed { actor: &caller.name, action: "indicators.read", target: filter.period.as_deref().unwrap_or("") }, state.clock.now())
        .await?;
    let mut rows = rows(&state.engine().book, &entries, filter.by);
    if let Some(word) = &filter.only {
        let wanted = state.engine().book.beginning_with(std::slice::from_ref(word));
        rows.retain(|row| wanted.contains(&row.indicator));
    }
    let broken = |error: String| Refusal::Broken(error);
    match filter.format.as_deref().unwrap_or("json") {
        "json" => Ok(Json(json!({ "rows": rows })).into_response()),
        "csv" => {
            let bytes = export::csv(&rows).map_err(|error| broken(error.to_string()))?;
            Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], bytes).into_response())
        }
        "xlsx" => {
            let bytes = export::xlsx(&rows, &entries).map_err(|error| broken(error.to_string()))?;
            let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
            let name = "attachment; filename=\"indicators.xlsx\"";
            Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)], bytes).into_response())
        }
        _ => Err(Refusal::Unreadable("format 应为 json、csv、xlsx".to_owned())),
    }
}

/// 某一指标背后的病历与依据。The visits behind one indicator, with every fact and its quotes.
#[utoipa::path(get, path = "/v1/indicators/{id}/visits", tag = "指标",
    params(("id" = String, Path, description = "indicator, e.g. admission-note-24h-rate"), Filter),
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
pub async fn entries(
    Shared(state): Shared<State>,
    caller: Caller,
    Path(id): Path<String>,
    parameters: Result<Query<Filter>, QueryRejection>,
) -> Result<Json<Value>, Refusal> {
    let filter = query(parameters)?;
    if state.engine().book.indicator(&id).is_none() {
        return Err(Refusal::NotFound);
    }
    let mut entries = stored(&state, &caller, &filter).await?;
    state.store.record(Deed { actor: &caller.name, action: "indicators.read", target: &id }, state.clock.now()).await?;
    entries.retain(|entry| entry.indicator == id);
    Ok(Json(json!({ "items": entries })))
}
