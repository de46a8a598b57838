//! The ledger (台账) over HTTP: notices, what somebody does with an entry, the table and its exports.

use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Query, State as Shared};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::civil::DateTime;
use serde::Deserialize;
use serde_json::{Value, json};

use super::State;
use super::check::{json, query};
use super::path::Path;
use super::problem::{ProblemDocument, Refusal};
use super::visits::{limit, one_of};
use crate::ledger::{Action, State as Stage};
use crate::people::Caller;
use crate::store::{Attempt, Deed, LedgerQuery, Line, Notice};

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LedgerFilter {
    visit: Option<String>,
    department: Option<String>,
    /// notified, acknowledged, fixed, appealed, rechecked, verified, closed, withdrawn, archived_open
    #[param(pattern = "^(notified|acknowledged|fixed|appealed|rechecked|verified|closed|withdrawn|archived_open)?$")]
    state: Option<String>,
    /// S1 to S4
    #[param(pattern = "^(S[1-4])?$")]
    severity: Option<String>,
    /// Id of the person in charge, in `staff`.
    responsible: Option<String>,
    /// open or overdue
    #[param(pattern = "^(open|overdue)?$")]
    stage: Option<String>,
    after: Option<String>,
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
    /// json (default), csv or xlsx; the two hold every page
    #[param(pattern = "^(json|csv|xlsx)?$")]
    format: Option<String>,
}

fn line(line: &Line, local: DateTime) -> Value {
    let mut value = json!(line);
    value["number"] = json!(line.number());
    value["overdue"] = json!(line.is_overdue(local));
    value
}

/// 整改台账。The ledger in order of number, as JSON pages, or whole as CSV or XLSX.
#[utoipa::path(get, path = "/v1/ledger", tag = "台账", params(LedgerFilter),
    responses((status = 200, content((serde_json::Value = "application/json"), (String = "text/csv"), (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
        (status = 401, body = ProblemDocument), (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
pub async fn list(
    Shared(state): Shared<State>,
    caller: Caller,
    parameters: Result<Query<LedgerFilter>, QueryRejection>,
) -> Result<Response, Refusal> {
    let filter = query(parameters)?;
    let states = Stage::ALL.map(Stage::name);
    let local = state.clock.local();
    let mut wanted = LedgerQuery {
        visit: filter.visit.unwrap_or_default(),
        department: caller.limited_to(filter.department.as_deref())?,
        state: one_of("state", filter.state, &states)?,
        severity: one_of("severity", filter.severity, &["S1", "S2", "S3", "S4"])?,
        responsible: filter.responsible.unwrap_or_default(),
        stage: one_of("stage", filter.stage, &["open", "overdue"])?,
        now: local.to_string(),
        after: filter.after.unwrap_or_default(),
        limit: limit(filter.limit)?,
    };
    let format = one_of("format", filter.format, &["json", "csv", "xlsx"])?;
    state.store.record(Deed { actor: &caller.name, action: "ledger.read", target: &wanted.visit }, state.clock.now()).await?;
    if matches!(format.as_str(), "" | "json") {
        let lines = state.store.ledger(&wanted).await?;
        let next = if lines.len() as i64 == wanted.limit { lines.last().map(|line| line.entry.clone()) } else { None };
        let items: Vec<Value> = lines.iter().map(|entry| line(entry, local)).collect();
        return Ok(Json(json!({ "items": items, "next": next })).into_response());
    }
    let mut lines = Vec::new();
    wanted.limit = 1000;
    loop {
        let page = state.store.ledger(&wanted).await?;
        let full = page.len() as i64 == wanted.limit;
        wanted.after = page.last().map_or(String::new(), |line| line.entry.clone());
        lines.extend(page);
        if !full {
            break;
        }
    }
    let broken = |error: String| Refusal::Broken(error);
    if format == "csv" {
        let bytes = export::csv(&lines, local).map_err(|error| broken(error.to_string()))?;
        return Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], bytes).into_response());
    }
    let bytes = export::xlsx(&lines, local).map_err(|error| broken(error.to_string()))?;
    let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, "attachment; filename=\"ledger.xlsx\"")], bytes).into_response())
}

/// 台账条目及其经过。One entry with its history.
#[utoipa::path(get, path = "/v1/ledger/{entry}", tag = "台账", params(("entry" = String, Path, description = "2026-000123")),
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
pub async fn read(Shared(state): Shared<State>, caller: Caller, Path(entry): Path<String>) -> Result<Json<Value>, Refusal> {
    let (found, history) = state.store.entry(&entry).await?.ok_or(Refusal::NotFound)?;
    if !caller.may_see(&found.department) {
        return Err(Refusal::NotFound);
    }
    state.store.record(Deed { actor: &caller.name, action: "ledger.read", target: &entry }, state.clock.now()).await?;
    let mut value = line(&found, state.clock.local());
    value["history"] = json!(history);
    Ok(Json(value))
}

/// A notice on a stored finding, or on what somebody found.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoticeBody {
    visit_id: String,
    /// A finding of the program; without it the notice is on one's own finding.
    #[serde(default)]
    finding: String,
    /// Code of the catalogue, for one's own finding.
    #[serde(default)]
    defect: String,
    /// S1 to S4, for one's own finding; default S3.
    #[serde(default)]
    #[schema(pattern = "^(S[1-4])?$")]
    severity: String,
    #[serde(default)]
    title: String,
    /// Id of the document and its words, for one's own finding.
    #[serde(default)]
    document: String,
    #[serde(default)]
    quote: String,
    /// 整改要求; default: the rule's suggestion
    #[serde(default)]
    demand: String,
}

/// 下达整改通知。Enters a finding into the ledger; 409 where it is there already.
#[utoipa::path(post, path = "/v1/ledger", tag = "台账", request_body = NoticeBody,
    responses((status = 201, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
pub async fn notify(
    Shared(state): Shared<State>,
    caller: Caller,
    body: Result<Json<NoticeBody>, JsonRejection>,
) -> Result<Response, Refusal> {
    let body = json(body)?;
    let is_own = body.finding.is_empty();
    if is_own && body.title.trim().is_empty() {
        return Err(Refusal::Unreadable("自行发现的缺陷须写明 title".to_owned()));
    }
    let severity = if body.severity.is_empty() { "S3".to_owned() } else { body.severity };
    let notice = Notice {
        visit_id: body.visit_id,
        finding_id: body.finding,
        defect: body.defect,
        severity: one_of("severity", Some(severity), &["S1", "S2", "S3", "S4"])?,
        title: body.title,
        document: body.document,
        quote: body.quote,
        demand: body.demand,
    };
    let attempt = state.store.notify(&notice, &caller, &state.engine().policy, state.clock.local(), state.clock.now()).await?;
    state.hub.wake();
    let entry = done(attempt)?;
    Ok((StatusCode::CREATED, Json(line(&entry, state.clock.local()))).into_response())
}

pub(super) fn done(attempt: Attempt) -> Result<Line, Refusal> {
    match attempt {
        Attempt::Done(line) => Ok(*line),
        Attempt::NotFound => Err(Refusal::NotFound),
        Attempt::Denied(crate::ledger::Denied::Role) => Err(Refusal::Forbidden),
        Attempt::Denied(denied) => Err(Refusal::Denied(denied.to_string())),
        Attempt::Known(entry) => Err(Refusal::Conflict(format!("该缺陷已在台账中: {entry}"))),
    }
}

#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActBody {
    /// 说明、理由或意见
    #[serde(default)]
    note: String,
}

/// 台账流转:签收、说明整改、申诉、裁决、复核、退回、销号、撤销。Somebody acts on an entry; 412 says why that cannot be.
#[utoipa::path(post, path = "/v1/ledger/{entry}/{action}", tag = "台账",
    params(("entry" = String, Path), ("action" = String, Path,
        description = "acknowledge, fix, appeal, reject_appeal, accept_appeal, verify, return, close, withdraw")),
    request_body = ActBody,
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 412, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
pub async fn act(
    Shared(state): Shared<State>,
    caller: Caller,
    Path((entry, action)): Path<(String, String)>,
    body: Result<Json<ActBody>, JsonRejection>,
) -> Result<Json<Value>, Refusal> {
    let body = json(body)?;
    let action: Action = serde_json::from_value(Value::String(action)).map_err(|_| Refusal::NotFound)?;
    let (local, now) = (state.clock.local(), state.clock.now());
    let attempt = state.store.act(&entry, action, &body.note, &caller, &state.engine().policy, local, now).await?;
    state.hub.wake();
    let entry = done(attempt)?;
    if entry.state == crate::ledger::State::Withdrawn.name() {
        super::regressions::propose(&state).await?;
    }
    Ok(Json(line(&entry, local)))
}

/// The table as a hospital files it.
mod export {
    use jiff::civil::DateTime;
    use rust_xlsxwriter::{Format, Workbook, XlsxError};

    use crate::ledger::State;
    use crate::store::Line;

    const COLUMNS: [&str; 22] = [
        "编号",
        "来源",
        "住院号",
        "科室",
        "责任医师",
        "缺陷编码",
        "缺陷描述",
        "证据",
        "严重度",
        "整改要求",
        "下达人",
        "下达时间",
        "整改时限",
        "状态",
        "整改说明",
        "完成时间",
        "申诉",
        "复核人",
        "复核时间",
        "结论",
        "销号时间",
        "逾期",
    ];

    fn cells(line: &Line, local: DateTime) -> [String; COLUMNS.len()] {
        let shown = |moment: &str| moment.chars().take(16).collect::<String>().replace('T', " ");
        let finding: serde_json::Value = serde_json::from_str(&line.finding).unwrap_or_default();
        let quotes = finding["evidence"].as_array().into_iter().flatten();
        let evidence: Vec<String> = quotes
            .map(|quotation| format!("{}「{}」", quotation["title"].as_str().unwrap_or(""), quotation["quote"].as_str().unwrap_or("")))
            .collect();
        let evidence = if evidence.is_empty() { finding["quote"].as_str().unwrap_or("").to_owned() } else { evidence.join("；") };
        let description = finding["message"].as_str().map_or_else(|| line.title.clone(), |message| format!("{}：{message}", line.title));
        [
            line.number(),
            line.source.clone(),
            line.visit_id.clone(),
            line.department.clone(),
            line.responsible.clone(),
            line.defect.clone(),
            description,
            evidence,
            line.severity.clone(),
            line.demand.clone(),
            line.notified_by.clone(),
            shown(&line.notified_at),
            shown(&line.due),
            State::of(&line.state).map_or(line.state.clone(), |state| state.chinese().to_owned()),
            line.explanation.clone(),
            shown(&line.fixed_at),
            line.appeal.clone(),
            line.verified_by.clone(),
            shown(&line.verified_at),
            line.conclusion.clone(),
            shown(&line.closed_at),
            if line.is_overdue(local) { "是".to_owned() } else { String::new() },
        ]
    }

    /// UTF-8 with a mark, so that spreadsheets read Chinese.
    pub fn csv(lines: &[Line], local: DateTime) -> Result<Vec<u8>, csv::Error> {
        let mut writer = csv::Writer::from_writer("\u{feff}".as_bytes().to_vec());
        writer.write_record(COLUMNS)?;
        for line in lines {
            writer.write_record(cells(line, local).map(|cell| harmless(&cell)))?;
        }
        writer.into_inner().map_err(|error| csv::Error::from(std::io::Error::other(error.to_string())))
    }

    /// A cell that begins like a formula is text.
    fn harmless(cell: &str) -> String {
        if cell.starts_with(['=', '+', '-', '@']) { format!("'{cell}") } else { cell.to_owned() }
    }

    pub fn xlsx(lines: &[Line], local: DateTime) -> Result<Vec<u8>, XlsxError> {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet().set_name("整改台账")?;
        let head = Format::new().set_bold();
        for (column, title) in COLUMNS.iter().enumerate() {
            sheet.write_string_with_format(0, column as u16, *title, &head)?;
        }
        for (row, line) in lines.iter().enumerate() {
            for (column, cell) in cells(line, local).iter().enumerate() {
                sheet.write_string(row as u32 + 1, column as u16, cell)?;
            }
        }
        sheet.set_freeze_panes(1, 0)?;
        sheet.autofit();
        book.save_to_buffer()
    }
}
