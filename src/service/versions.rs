//! Earlier versions of a visit, as they were sent.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State as Shared};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::State;
use super::check::query;
use super::path::Path;
use super::problem::{ProblemDocument, Refusal};
use super::visits::{as_json, limit, page, text_for};
use crate::people::Caller;

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct VersionFilter {
    /// `next` of the page before
    after: Option<i64>,
    /// 1 to 1000; default 100
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

/// 病历的各个版本。The versions of a visit in order, without their texts; `received_at` is UTC, `received` the hospital's time.
#[utoipa::path(get, path = "/v1/visits/{id}/versions", tag = "病历", params(("id" = String, Path, description = "住院号"), VersionFilter),
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 404, body = ProblemDocument),
        (status = 422, body = ProblemDocument)))]
pub async fn list(
    Shared(state): Shared<State>,
    caller: Caller,
    Path(id): Path<String>,
    parameters: Result<Query<VersionFilter>, QueryRejection>,
) -> Result<Json<Value>, Refusal> {
    let filter = query(parameters)?;
    let limit = limit(filter.limit)?;
    let (_, department) = state.store.visit(&id).await?.ok_or(Refusal::NotFound)?;
    if !caller.may_see(&department) {
        return Err(Refusal::NotFound);
    }
    let zone = state.engine().zone.clone();
    let versions = state.store.versions(&id, filter.after.unwrap_or(0), limit).await?;
    let items = versions.iter().map(|(version, received_at, hash)| {
        let received = local(received_at, &zone);
        json!({ "version": version, "received_at": received_at, "received": received, "hash": hash })
    });
    Ok(page(items.collect(), limit, |item| item["version"].to_string()))
}

/// 某个版本的全文。One version as it was sent; the latest one is also `GET /v1/visits/{id}`.
#[utoipa::path(get, path = "/v1/visits/{id}/versions/{version}", tag = "病历",
    params(("id" = String, Path, description = "住院号"), ("version" = i64, Path)),
    responses((status = 200, description = "bingli.visit/1 (#/components/schemas/Visit)", body = serde_json::Value),
        (status = 401, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
pub async fn one(Shared(state): Shared<State>, caller: Caller, Path((id, version)): Path<(String, i64)>) -> Result<Response, Refusal> {
    let found = state.store.version(&id, version).await?;
    text_for(&state, &caller, &format!("{id}/versions/{version}"), "visit.read", found).await.map(as_json)
}

/// A moment of the service as the hospital's clock shows it, to the second; empty where it is none.
pub(super) fn local(stamp: &str, zone: &jiff::tz::TimeZone) -> String {
    let shown = |at| jiff::fmt::strtime::format("%Y-%m-%dT%H:%M:%S", zone.to_datetime(at)).ok();
    stamp.parse().ok().and_then(shown).unwrap_or_default()
}
