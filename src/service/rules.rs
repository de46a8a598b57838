//! The rulebook to read: which rules there are, why, how each proves itself, and what it says of a text.

use std::collections::HashMap;

use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Query, State as Shared};
use serde::Deserialize;
use serde_json::{Value, json};

use super::check::{self, query};
use super::path::Path;
use super::problem::{ProblemDocument, Refusal};
use super::visits::{limit, one_of, page};
use super::{Engine, State};
use crate::language::folder::Readiness;
use crate::people::Caller;
use crate::report::Manifest;
use crate::report::prose::Tried;
use crate::rules::case::Expect;
use crate::rules::rulebook::Compiled;
use crate::rules::{CheckSpec, Rule};
use crate::store::{Acceptance, SwitchLine};

/// Longer texts are refused.
const MAX_TEXT: usize = 1 << 20;

const KINDS: [&str; 13] = [
    "required",
    "deadline",
    "sequence",
    "pattern",
    "conflict",
    "agree",
    "support",
    "response",
    "copy",
    "range",
    "judge",
    "suspect",
    "expression",
];

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RuleFilter {
    /// Words that stand in id, title, code, basis, why or message, all of them
    text: Option<String>,
    #[param(pattern = "^(required|deadline|sequence|pattern|conflict|agree|support|response|copy|range|judge|suspect|expression)?$")]
    kind: Option<String>,
    #[param(pattern = "^(stable|preview|off|retired)?$")]
    status: Option<String>,
    #[param(pattern = "^(S[1-4])?$")]
    severity: Option<String>,
    #[param(pattern = "^(inline|running|terminal)?$")]
    phase: Option<String>,
    /// Code or its beginning: C-A01, C-A, T
    defect: Option<String>,
    /// `next` of the page before
    after: Option<String>,
    /// 1 to 1000; default 100
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

/// What was said of each rule's findings; `None` for those who do not read figures.
async fn acceptance(state: &State, caller: &Caller) -> Result<Option<HashMap<String, Acceptance>>, Refusal> {
    if !caller.role.may_read_figures() {
        return Ok(None);
    }
    Ok(Some(state.store.acceptance().await?.into_iter().map(|entry| (entry.rule.clone(), entry)).collect()))
}

/// How many cases of each sort a rule keeps.
fn cases(rule: &Rule) -> Value {
    let count = |expect: Expect, trap: bool| rule.cases.iter().filter(|case| case.expect == expect && case.trap == trap).count();
    let [hit, pass, skip] = [Expect::Hit, Expect::Pass, Expect::Skip].map(|expect| count(expect, false));
    let traps = [Expect::Hit, Expect::Pass, Expect::Skip].map(|expect| count(expect, true)).iter().sum::<usize>();
    json!({ "hit": hit, "pass": pass, "trap": traps, "skip": skip })
}

fn decided(known: Option<&HashMap<String, Acceptance>>, id: &str) -> Value {
    let Some(known) = known else { return Value::Null };
    let (decisions, accepted, demoted) =
        known.get(id).map_or((0, 0, None), |entry| (entry.decisions, entry.accepted, entry.demoted.as_ref()));
    json!({ "decisions": decisions, "accepted": accepted, "demoted": demoted })
}

/// What the model learnt of a `judge` rule: its figures on cases that it had not seen.
fn model(engine: &Engine, rule: &Rule) -> Value {
    if !matches!(rule.check, CheckSpec::Judge(_)) {
        return Value::Null;
    }
    match engine.language.as_ref().and_then(|language| language.readiness(&rule.id)) {
        Some(Readiness::Ready(head)) => {
            json!({ "state": "ready", "examples": head.examples, "f1": head.f1, "precision": head.precision, "recall": head.recall })
        }
        Some(Readiness::Silent) => json!({ "state": "silent" }),
        Some(Readiness::Stale) => json!({ "state": "stale" }),
        None => json!({ "state": "absent" }),
    }
}

/// What the hospital set against the rule's file, for the departments that the caller may see.
fn switched(lines: &[SwitchLine], rule: &str, caller: &Caller) -> Value {
    let seen = |line: &&SwitchLine| line.rule == rule && (line.department.is_empty() || caller.may_see(&line.department));
    lines.iter().filter(seen).map(|line| json!({ "department": line.department, "status": line.status })).collect()
}

fn line(compiled: &Compiled, known: Option<&HashMap<String, Acceptance>>, switched: Value) -> Value {
    let rule = &compiled.rule;
    json!({
        "id": rule.id, "defect": rule.defect, "title": rule.title, "kind": rule.check.kind(), "severity": rule.severity, "status": rule.status,
        "phases": rule.phases, "basis": rule.basis, "departments": rule.applies.departments, "not_departments": rule.applies.not_departments,
        "cases": cases(rule), "acceptance": decided(known, &rule.id), "switched": switched,
    })
}

/// Whether every word stands somewhere in what the rule says of itself.
fn speaks_of(rule: &Rule, words: &[String]) -> bool {
    let parts = [&rule.id, &rule.title, &rule.defect, &rule.why, &rule.message, &rule.basis.join(" "), &rule.also.join(" ")];
    let said = parts.map(|part| part.to_lowercase()).join("\n");
    words.iter().all(|word| said.contains(word.as_str()))
}

/// 规则列表。Rules in order of id, with their number of cases, where the hospital switched them against their files and, for those who read figures,
/// how often each was accepted.
#[utoipa::path(get, path = "/v1/rules", tag = "规则", params(RuleFilter),
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
pub async fn list(
    Shared(state): Shared<State>,
    caller: Caller,
    parameters: Result<Query<RuleFilter>, QueryRejection>,
) -> Result<Json<Value>, Refusal> {
    let filter = query(parameters)?;
    let limit = limit(filter.limit)?;
    let words: Vec<String> = filter.text.unwrap_or_default().to_lowercase().split_whitespace().map(str::to_owned).collect();
    let kind = one_of("kind", filter.kind, &KINDS)?;
    let status = one_of("status", filter.status, &["stable", "preview", "off", "retired"])?;
    let severity = one_of("severity", filter.severity, &["S1", "S2", "S3", "S4"])?;
    let phase = one_of("phase", filter.phase, &["inline", "running", "terminal"])?;
    let (defect, after) = (filter.defect.unwrap_or_default(), filter.after.unwrap_or_default());
    let known = acceptance(&state, &caller).await?;
    let engine = state.engine();
    let is = |value: Value, wanted: &str| wanted.is_empty() || value == wanted;
    let mut chosen: Vec<&Compiled> = engine
        .rulebook
        .rules
        .iter()
        .filter(|Compiled { rule, .. }| {
            rule.id > after
                && rule.defect.starts_with(&defect)
                && (kind.is_empty() || rule.check.kind() == kind)
                && is(json!(rule.status), &status)
                && is(json!(rule.severity), &severity)
                && (phase.is_empty() || rule.phases.iter().any(|held| json!(held) == phase))
                && speaks_of(rule, &words)
        })
        .collect();
    chosen.sort_by(|a, b| a.rule.id.cmp(&b.rule.id));
    let lines = state.store.switch_lines("", "released").await?;
    let shown = |compiled: &&Compiled| line(compiled, known.as_ref(), switched(&lines, &compiled.rule.id, &caller));
    let items = chosen.iter().take(limit as usize).map(shown).collect();
    Ok(page(items, limit, |item| item["id"].as_str().unwrap_or("").to_owned()))
}

/// 一条规则的全部说明与例子。The whole rule as its file says it, and its card: cases kept, what was accepted, what the model learnt.
#[utoipa::path(get, path = "/v1/rules/{rule}", tag = "规则", params(("rule" = String, Path)),
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
pub async fn one(Shared(state): Shared<State>, caller: Caller, Path(id): Path<String>) -> Result<Json<Value>, Refusal> {
    let engine = state.engine();
    let compiled = engine.rulebook.rule(&id).ok_or(Refusal::NotFound)?;
    let known = acceptance(&state, &caller).await?;
    let mut value = compiled.explained().map_err(|error| Refusal::Broken(error.to_string()))?;
    let card = engine.rulebook.card(&compiled.rule);
    value["card"] = json!({
        "cases": cases(&compiled.rule), "acceptance": decided(known.as_ref(), &id), "model": model(&engine, &compiled.rule),
        "precision": card.precision, "drill": card.drill,
    });
    Ok(Json(value))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TryBody {
    /// A record as plain text: titles of documents and headings of sections on lines of their own; at most 1 MiB.
    text: String,
}

/// 用一段文字试一条规则,不保存。What one rule says of a text, each finding with its place in it; nothing is kept.
#[utoipa::path(post, path = "/v1/rules/{rule}/try", tag = "规则", params(("rule" = String, Path)), request_body = TryBody,
    responses((status = 200, description = "outcome (ran, skipped, not_applicable, failed, off), why, findings with start and end in UTF-16 units, null where a finding has no place in the text", body = serde_json::Value),
        (status = 401, body = ProblemDocument), (status = 404, body = ProblemDocument), (status = 413, body = ProblemDocument),
        (status = 422, body = ProblemDocument), (status = 429, body = ProblemDocument)))]
pub async fn attempt(
    Shared(state): Shared<State>,
    _caller: Caller,
    Path(id): Path<String>,
    body: Result<Json<TryBody>, JsonRejection>,
) -> Result<Json<Value>, Refusal> {
    let TryBody { text } = check::json(body)?;
    if text.len() > MAX_TEXT {
        return Err(Refusal::TooLarge);
    }
    let (engine, now) = (state.engine(), state.clock.local());
    let status = engine.rulebook.rule(&id).ok_or(Refusal::NotFound)?.rule.status;
    if !status.is_on() {
        return Ok(Json(json!({ "outcome": "off", "why": Value::Null, "findings": [] })));
    }
    let work = move || engine.try_rule(&id, &text, now).map(|tried| shown(&tried, &text));
    Ok(Json(state.desk.run(work).await??))
}

fn shown(tried: &Tried, text: &str) -> Value {
    let (outcome, why) = outcome(&tried.manifest);
    let units = |byte: usize| text[..byte].encode_utf16().count();
    let placed = tried.placed.iter().map(|placed| {
        let others = placed.others.iter();
        let others = others.map(|(range, quote)| json!({ "start": units(range.start), "end": units(range.end), "quote": quote }));
        let (range, others) = (&placed.range, others.collect::<Vec<_>>());
        json!({ "start": units(range.start), "end": units(range.end), "others": others, "finding": placed.finding })
    });
    let unplaced = tried.unplaced.iter();
    let unplaced = unplaced.map(|finding| json!({ "start": Value::Null, "end": Value::Null, "others": [], "finding": finding }));
    json!({ "outcome": outcome, "why": why, "findings": placed.chain(unplaced).collect::<Vec<_>>() })
}

/// What became of the one rule that was asked.
fn outcome(manifest: &Manifest) -> (&'static str, Option<&str>) {
    match (manifest.not_evaluated.first(), manifest.skipped.first()) {
        (Some(failed), _) => ("failed", Some(&failed.error)),
        (None, Some(skipped)) => ("skipped", Some(&skipped.why)),
        (None, None) if manifest.ran > 0 => ("ran", None),
        (None, None) => ("not_applicable", None),
    }
}
