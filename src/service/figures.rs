//! The sums behind the page of figures.

use axum::Json;
use axum::extract::{Query, State as Shared, rejection::QueryRejection};
use serde::Deserialize;
use serde_json::{Value, json};

use super::State;
use super::check::query;
use super::problem::{ProblemDocument, Refusal};
use crate::indicators::table::Period;
use crate::people::Caller;
use crate::store::Counted;

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FigureFilter {
    department: Option<String>,
    /// Month, quarter or year of discharge: 2026-03, 2026Q1, 2026; default: all stored visits, those in hospital too.
    #[param(pattern = "^[0-9]{4}(-(0?[1-9]|1[0-2])|[Qq][1-4])?$")]
    period: Option<String>,
}

/// 汇总:等级、常见缺陷、书写及时率、规则采纳率,指定时段时另有单项否决。Grades by department, frequent defects, timeliness by task, acceptance by rule
/// (of all time); of a period also what vetoed its records.
#[utoipa::path(get, path = "/v1/figures", tag = "指标", params(FigureFilter),
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
pub async fn figures(
    Shared(state): Shared<State>,
    caller: Caller,
    parameters: Result<Query<FigureFilter>, QueryRejection>,
) -> Result<Json<Value>, Refusal> {
    let filter = query(parameters)?;
    if !caller.role.may_read_figures() {
        return Err(Refusal::Forbidden);
    }
    let department = caller.limited_to(filter.department.as_deref())?;
    let period = filter.period.as_deref().map(str::parse::<Period>).transpose().map_err(Refusal::Unreadable)?;
    let (first, last) = period.as_ref().map_or(("", ""), |period| (period.first.as_str(), period.last.as_str()));
    let of = Counted { department: &department, first, last };
    let now = state.clock.local().to_string();
    let engine = state.engine();
    let acceptance: Vec<Value> = state
        .store
        .acceptance()
        .await?
        .iter()
        .map(|entry| {
            let mut value = json!(entry);
            // A rule that was given its voice back is counted under a name of its own.
            value["title"] = json!(engine.rulebook.rule(&entry.rule).map(|compiled| &compiled.rule.title));
            value
        })
        .collect();
    let mut value = json!({
        "grades": state.store.grades(of).await?,
        "defects": state.store.frequent_defects(of).await?,
        "timeliness": state.store.timeliness(of, &now).await?,
        "acceptance": acceptance,
    });
    if period.is_some() {
        value["vetoes"] = json!(state.store.vetoes(of).await?);
    }
    Ok(Json(value))
}
