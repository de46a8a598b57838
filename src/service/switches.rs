//! Rules put in use, on trial or off by the hospital, for a department or for all: one person proposes it, another lets it in. And what a rule would
//! have said of stored visits (试算), whatever its status, to decide by.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Query, State as Shared};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::batches::Chosen;
use super::check::{self, query};
use super::engine::add_downtimes;
use super::path::Path;
use super::problem::{ProblemDocument, Refusal};
use super::visits::one_of;
use super::{Engine, State};
use crate::batch::Held;
use crate::people::{Caller, Role};
use crate::report::{Finding, Manifest};
use crate::rules::{Severity, Status};
use crate::store::switches::{AS_FILED, STATUSES};
use crate::store::{Recorded, SwitchLine, random_hex};

/// Visits that a rule is tried on at most, and at once.
const MOST: usize = 2000;
const PAGE: i64 = 50;
/// Findings that are shown.
const SHOWN: usize = 50;

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SwitchBody {
    /// Only this department's patients; absent: all.
    #[serde(default)]
    department: String,
    /// file: as its file says again
    #[schema(pattern = "^(stable|preview|off|file)$")]
    status: String,
    /// Why.
    #[schema(min_length = 1)]
    reason: String,
}

/// Those who may change what judges; a department's QC doctor in that department alone.
fn may_switch(caller: &Caller, department: &str) -> Result<(), Refusal> {
    let may = matches!(caller.role, Role::Reviewer | Role::Administrator | Role::DepartmentQc) && caller.may_see(department);
    if may { Ok(()) } else { Err(Refusal::Forbidden) }
}

/// 提请调整规则状态(某科室或全院)。Proposes another status for a rule, for a department or for all; an undecided proposal for the same place is withdrawn by it.
#[utoipa::path(post, path = "/v1/rules/{rule}/switches", tag = "规则", params(("rule" = String, Path)), request_body = SwitchBody,
    responses((status = 201, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
pub async fn propose(
    Shared(state): Shared<State>,
    caller: Caller,
    Path(rule): Path<String>,
    body: Result<Json<SwitchBody>, JsonRejection>,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let body = check::json(body)?;
    let (department, reason) = (body.department.trim(), body.reason.trim());
    may_switch(&caller, department)?;
    let engine = state.engine();
    let known = &engine.rulebook.rule(&rule).ok_or(Refusal::NotFound)?.rule;
    if known.status == Status::Retired {
        return Err(Refusal::Conflict("该规则已停用,不能再启用".to_owned()));
    }
    let words: Vec<&str> = STATUSES.iter().map(|(word, _)| *word).chain([AS_FILED]).collect();
    if !words.contains(&body.status.as_str()) {
        return Err(Refusal::Unreadable(format!("status 应为 {}", words.join("、"))));
    }
    if body.status == "stable" && known.check.asks_the_model() {
        return Err(Refusal::Conflict("语言模型的判断只作提示,不能转为正式".to_owned()));
    }
    if reason.is_empty() {
        return Err(Refusal::Unreadable("请写明理由".to_owned()));
    }
    let line = SwitchLine {
        id: random_hex()[..16].to_owned(),
        rule,
        department: department.to_owned(),
        status: body.status,
        reason: reason.to_owned(),
        state: "proposed".to_owned(),
        proposed_by: caller.name,
        proposed_at: String::new(),
        decided_by: String::new(),
        decided_at: String::new(),
    };
    state.store.propose_switch(&line, state.clock.now()).await?;
    Ok((StatusCode::CREATED, Json(json!(state.store.switch_line(&line.id).await?.ok_or(Refusal::NotFound)?))))
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SwitchFilter {
    rule: Option<String>,
    #[param(pattern = "^(proposed|released|withdrawn|replaced)?$")]
    state: Option<String>,
}

/// 规则状态的调整。Changes of rules' statuses, the last one first; released ones are in force.
#[utoipa::path(get, path = "/v1/switches", tag = "规则", params(SwitchFilter),
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
pub async fn list(
    Shared(state): Shared<State>,
    caller: Caller,
    parameters: Result<Query<SwitchFilter>, QueryRejection>,
) -> Result<Json<Value>, Refusal> {
    let filter = query(parameters)?;
    let wanted = one_of("state", filter.state, &["proposed", "released", "withdrawn", "replaced"])?;
    let mut lines = state.store.switch_lines(filter.rule.as_deref().unwrap_or(""), &wanted).await?;
    lines.retain(|line| line.department.is_empty() || caller.may_see(&line.department));
    Ok(Json(json!({ "items": lines })))
}

async fn decide(state: &State, caller: &Caller, id: &str, is_released: bool) -> Result<Json<Value>, Refusal> {
    let line = state.store.switch_line(id).await?.ok_or(Refusal::NotFound)?;
    may_switch(caller, &line.department)?;
    if is_released && caller.is(&line.proposed_by) {
        return Err(Refusal::Denied("提请人不能批准自己的提请".to_owned()));
    }
    if !state.store.decide_switch(&line, is_released, &caller.name, state.clock.now()).await? {
        return Err(Refusal::Conflict("该提请已有结论".to_owned()));
    }
    state.voices.forget();
    Ok(Json(json!(state.store.switch_line(id).await?.ok_or(Refusal::NotFound)?)))
}

/// 由第二人批准。Puts a change in force: somebody else than who proposed it. Patients in the house whom it concerns are judged again.
#[utoipa::path(post, path = "/v1/switches/{id}/release", tag = "规则", params(("id" = String, Path)),
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument), (status = 412, body = ProblemDocument)))]
pub async fn release(Shared(state): Shared<State>, caller: Caller, Path(id): Path<String>) -> Result<Json<Value>, Refusal> {
    decide(&state, &caller, &id, true).await
}

/// 撤回提请。Withdraws a proposal.
#[utoipa::path(post, path = "/v1/switches/{id}/withdraw", tag = "规则", params(("id" = String, Path)),
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
pub async fn withdraw(Shared(state): Shared<State>, caller: Caller, Path(id): Path<String>) -> Result<Json<Value>, Refusal> {
    decide(&state, &caller, &id, false).await
}

#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShadowBody {
    /// The visits that it is tried on; default: all stored ones, 2,000 at most.
    #[serde(default)]
    visits: Chosen,
}

/// What a rule said of visits one after another.
#[derive(Default)]
struct Shadow {
    visits: usize,
    /// Visits that it could say something of, those it had something to say of, and what it said.
    ran: usize,
    hit: usize,
    found: usize,
    unreadable: usize,
    departments: BTreeMap<String, (usize, usize)>,
    shown: Vec<(String, Finding)>,
}

impl Shadow {
    /// One stored visit, at the moment that it was last judged for.
    fn add(&mut self, engine: &Engine, rule: &str, text: &str, at: jiff::civil::DateTime, recorded: &Recorded) -> Result<(), Refusal> {
        let Ok((mut visit, _)) = engine.open(text.as_bytes()) else {
            self.unreadable += 1;
            return Ok(());
        };
        add_downtimes(&mut visit, &recorded.downtimes);
        let report = engine.shadow(rule, &visit, at)?;
        let has_run = |manifest: &Manifest| manifest.ran > 0;
        self.visits += 1;
        self.ran += usize::from(has_run(&report.manifest));
        self.hit += usize::from(!report.findings.is_empty());
        self.found += report.findings.len();
        let (visits, hits) = self.departments.entry(visit.department().to_owned()).or_default();
        *visits += 1;
        *hits += usize::from(!report.findings.is_empty());
        let room = SHOWN - self.shown.len().min(SHOWN);
        self.shown.extend(report.findings.into_iter().take(room).map(|finding| (visit.visit_id.clone(), finding)));
        Ok(())
    }

    fn shown(self, severity: Severity, is_all: bool) -> Value {
        let departments: Vec<Value> = self
            .departments
            .into_iter()
            .map(|(department, (visits, hits))| json!({ "department": department, "visits": visits, "hit_visits": hits }))
            .collect();
        let findings: Vec<Value> =
            self.shown.into_iter().map(|(visit_id, finding)| json!({ "visit_id": visit_id, "finding": finding })).collect();
        json!({
            "visits": self.visits, "ran": self.ran, "hit_visits": self.hit, "findings": self.found, "unreadable": self.unreadable,
            "severity": severity, "all": is_all, "departments": departments, "items": findings,
        })
    }
}

/// 试算:这条规则若启用,会在库中病历上指出什么。What a rule would say of stored visits if it were in use: counts, departments and the first findings.
/// Nothing is kept. `all` is false where there are more such visits than it was tried on.
#[utoipa::path(post, path = "/v1/rules/{rule}/shadow", tag = "规则", params(("rule" = String, Path)), request_body = ShadowBody,
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument),
        (status = 429, body = ProblemDocument)))]
pub async fn shadow(
    Shared(state): Shared<State>,
    caller: Caller,
    Path(rule): Path<String>,
    body: Result<Json<ShadowBody>, JsonRejection>,
) -> Result<Json<Value>, Refusal> {
    may_switch(&caller, &caller.department)?;
    let selection = check::json(body)?.visits.selection(&state, &caller).await?;
    let engine = state.engine();
    let known = &engine.rulebook.rule(&rule).ok_or(Refusal::NotFound)?.rule;
    if known.check.asks_the_model() {
        return Err(Refusal::Conflict("语言模型的判断不能在此试算,请用批次".to_owned()));
    }
    let severity = known.severity;
    let recorded = state.store.recorded().await?;
    let (mut shadow, mut after) = (Shadow::default(), String::new());
    let is_all = loop {
        let page = state.store.selected(&selection, &after, PAGE).await?;
        let mut texts = Vec::with_capacity(page.len());
        for held in &page {
            let Held::Stored { visit_id, version, at } = held else { continue };
            after.clone_from(visit_id);
            if let Some((text, _)) = state.store.version(visit_id, *version).await? {
                texts.push((text, *at));
            }
        }
        let is_last = (page.len() as i64) < PAGE;
        let work = {
            let (engine, rule, recorded) = (engine.clone(), rule.clone(), recorded.clone());
            move || -> Result<Shadow, Refusal> {
                for (text, at) in &texts {
                    shadow.add(&engine, &rule, text, *at, &recorded)?;
                }
                Ok(shadow)
            }
        };
        shadow = state.desk.run_patiently(work).await??;
        if is_last || shadow.visits + shadow.unreadable >= MOST {
            break is_last;
        }
    };
    Ok(Json(shadow.shown(severity, is_all)))
}
