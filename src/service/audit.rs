//! The audit trail to search, for administrators. Searching it is a deed too.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State as Shared};
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Value, json};

use super::State;
use super::auth::Administrator;
use super::check::query;
use super::problem::{ProblemDocument, Refusal};
use super::versions::local;
use super::visits::{limit, page};
use crate::store::{AuditLine, AuditQuery, Deed, stamp};

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditFilter {
    /// Name of an account or a token; system, cli, local, unknown
    actor: Option<String>,
    /// visit.read, or all that begins with it: visit
    action: Option<String>,
    /// What was done to this visit, its findings, its entries in the ledger and its reviews
    visit: Option<String>,
    /// First day, local: 2026-03-05
    #[param(format = "date")]
    from: Option<String>,
    /// Last day, local
    #[param(format = "date")]
    to: Option<String>,
    /// `next` of the page before
    #[param(pattern = "^[0-9]{0,18}$")]
    after: Option<String>,
    /// 1 to 1000; default 100
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

fn day(name: &str, asked: Option<&str>) -> Result<Option<Date>, Refusal> {
    let Some(text) = asked else { return Ok(None) };
    text.parse().map(Some).map_err(|_| Refusal::Unreadable(format!("{name} 应为日期,如 2026-03-05")))
}

/// 查询审计记录,新的在前。Lines of the trail, the newest first; `at` is UTC, `local` the hospital's time.
#[utoipa::path(get, path = "/v1/audit", tag = "管理", params(AuditFilter),
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
pub async fn list(
    Shared(state): Shared<State>,
    Administrator(caller): Administrator,
    parameters: Result<Query<AuditFilter>, QueryRejection>,
) -> Result<Json<Value>, Refusal> {
    let filter = query(parameters)?;
    let (from, to) = (day("from", filter.from.as_deref())?, day("to", filter.to.as_deref())?);
    let zone = state.engine().zone.clone();
    // Days begin where the hospital's do.
    let moment = |day: Option<Date>| day.and_then(|day| zone.to_timestamp(day.at(0, 0, 0, 0)).ok()).map_or(String::new(), stamp);
    let before = match filter.after.as_deref().unwrap_or("") {
        "" => i64::MAX,
        after => after.parse().map_err(|_| Refusal::Unreadable("after 应为上一页的 next".to_owned()))?,
    };
    let wanted = AuditQuery {
        actor: filter.actor.unwrap_or_default(),
        action: filter.action.unwrap_or_default(),
        visit: filter.visit.unwrap_or_default(),
        from: moment(from),
        until: moment(to.and_then(|day| day.tomorrow().ok())),
        before,
        limit: limit(filter.limit)?,
    };
    let lines = state.store.audit(&wanted).await?;
    state.store.record(Deed { actor: &caller.name, action: "audit.read", target: &wanted.visit }, state.clock.now()).await?;
    let shown = |line: &AuditLine| {
        let local = local(&line.at, &zone);
        json!({ "seq": line.seq, "at": line.at, "local": local, "actor": line.actor, "action": line.action, "target": line.target })
    };
    Ok(page(lines.iter().map(shown).collect(), wanted.limit, |line| line["seq"].to_string()))
}

/// 核验审计记录。Reads the whole trail: how many lines it has, and the first at which the chain of hashes does not hold.
#[utoipa::path(get, path = "/v1/audit/verification", tag = "管理",
    responses((status = 200, description = "whole; lines, or broken_at", body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument)))]
pub async fn verification(Shared(state): Shared<State>, _: Administrator) -> Result<Json<Value>, Refusal> {
    Ok(Json(match state.store.verify_audit().await? {
        Ok(lines) => json!({ "whole": true, "lines": lines }),
        Err(broken) => json!({ "whole": false, "broken_at": broken.seq }),
    }))
}
