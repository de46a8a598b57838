//! The sums behind the page of figures.

use axum::Json;
use axum::extract::{Query, State as Shared, rejection::QueryRejection};
use serde::Deserialize;
use serde_json::{Value, json};

use super::State;
use super::check::query;
use super::problem::{ProblemDocument, Refusal};
use crate::people::Caller;

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FigureFilter {
    department: Option<String>,
}

/// 汇总:等级、常见缺陷、书写及时率、规则采纳率。Grades by department, frequent defects, timeliness by task, acceptance by rule.
#[utoipa::path(get, path = "/v1/figures", tag = "指标", params(FigureFilter),
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument)))]
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
    Ok(Json(json!({
        "grades": state.store.grades(&department).await?,
        "defects": state.store.frequent_defects(&department).await?,
        "timeliness": state.store.timeliness(&department, &now).await?,
        "acceptance": acceptance,
    })))
}
