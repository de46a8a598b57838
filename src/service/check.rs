//! `POST /v1/check`: a visit in, a report out, nothing kept.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, JsonRejection};
use axum::extract::{Query, State as Shared};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::engine::{How, add_downtimes};
use super::problem::{ProblemDocument, Refusal};
use super::{State, focus};
use crate::people::Caller;
use crate::record::Instant;
use crate::rules::Phase;

/// How the visit is to be judged.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Judging {
    /// Score sheet; default: the hospital's.
    sheet: Option<String>,
    /// inline, running or terminal; default: terminal after discharge, running before.
    #[param(inline)]
    phase: Option<Phase>,
    /// The moment to judge for; default: the visit's `as_of`, else now.
    #[param(example = "2026-03-05T10:00", format = "date-time-local")]
    at: Option<String>,
}

impl Judging {
    pub(super) fn how(self) -> Result<How, Refusal> {
        let at = self.at.as_deref().map(str::parse::<Instant>).transpose();
        let at = at.map_err(|error| Refusal::Unreadable(format!("at: {error}")))?;
        Ok(How { sheet: self.sheet, phase: self.phase, at })
    }
}

/// The body, or the refusal that says why it could not be taken in.
pub(super) fn body(bytes: Result<Bytes, BytesRejection>) -> Result<Bytes, Refusal> {
    bytes.map_err(|rejection| match rejection.status() {
        axum::http::StatusCode::PAYLOAD_TOO_LARGE => Refusal::TooLarge,
        _ => Refusal::Unreadable("请求内容没有收完".to_owned()),
    })
}

/// Parameters, or the refusal that says which one is wrong.
pub(super) fn query<T>(query: Result<Query<T>, axum::extract::rejection::QueryRejection>) -> Result<T, Refusal> {
    query.map(|Query(query)| query).map_err(|rejection| Refusal::Unreadable(rejection.body_text()))
}

/// A body of JSON, or the refusal that says what is wrong with it.
pub(super) fn json<T>(body: Result<Json<T>, JsonRejection>) -> Result<T, Refusal> {
    body.map(|Json(body)| body).map_err(|rejection| Refusal::Unreadable(rejection.body_text()))
}

/// 检查一份病历,不保存;带 focus 时只回答正在书写的部分。Judges a visit and keeps nothing; with `focus` it answers for the text being written.
#[utoipa::path(post, path = "/v1/check", tag = "检查", params(Judging),
    request_body(content = inline(focus::Checked), content_type = "application/json",
        description = "bingli.visit/1 (a CDA document or a FHIR bundle too), or the text being written"),
    responses(
        (status = 200, description = "bingli.report/1 (#/components/schemas/Report); with focus {findings, unchanged, gone, shown, dismissed, manifest}", body = serde_json::Value),
        (status = 401, body = ProblemDocument), (status = 404, body = ProblemDocument), (status = 413, body = ProblemDocument),
        (status = 422, body = ProblemDocument), (status = 429, description = "Retry-After says when", body = ProblemDocument)))]
pub async fn check(
    Shared(state): Shared<State>,
    caller: Caller,
    parameters: Result<Query<Judging>, axum::extract::rejection::QueryRejection>,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let how = query(parameters)?.how()?;
    let bytes = body(bytes)?;
    if focus::is_asked(&bytes) {
        return Ok(Json(focus::answer(&state, &caller, &bytes).await?).into_response());
    }
    let (engine, now, recorded) = (state.engine(), state.clock.local(), state.store.recorded().await?);
    let work = move || {
        let (mut visit, notes) = engine.read(&bytes)?;
        add_downtimes(&mut visit, &recorded.downtimes);
        engine.judge(&visit, notes, &how, now, &recorded.switches)
    };
    let report = state.desk.run(work).await??;
    state.metrics.judged();
    Ok(Json(report).into_response())
}
