//! Batches over HTTP: visits sent as NDJSON or chosen from the store, scored again by any rulebook and sheet, and compared with another where asked.

use std::io::{self, BufReader, Read};
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::TryStreamExt;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_util::io::{StreamReader, SyncIoBridge};

use super::batch_work::CURRENT;
use super::check;
use super::engine::no_sheet;
use super::path::Path;
use super::problem::{ProblemDocument, Refusal};
use super::visits::one_of;
use super::{Engine, State};
use crate::batch::{Changed, Held, Item, Plan, Side, differs};
use crate::input::OpenError;
use crate::input::lines::NumberedLines;
use crate::input::open::decompress;
use crate::people::{Caller, Role};
use crate::report::sheet::DEFAULT_SHEET;
use crate::store::{Batch, BatchState, Deed, Selection, Store, StoreError, random_hex};

/// Visits of a chunk, and about as many bytes at most.
const VISITS: usize = 64;
const BYTES: usize = 8 << 20;
/// Bytes of a selection.
const SELECTION_BYTES: usize = 64 << 10;
/// Batches of a list.
const LISTED: i64 = 100;

fn may_score(caller: &Caller) -> Result<(), Refusal> {
    let may = matches!(caller.role, Role::Emr | Role::DepartmentQc | Role::Reviewer | Role::RecordsOffice | Role::Administrator);
    if may { Ok(()) } else { Err(Refusal::Forbidden) }
}

/// By what the visits are judged, and what that is compared with.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Choice {
    /// A rulebook that the service was started with (--rulebook NAME=DIR); default: current, the one in use.
    rulebook: Option<String>,
    /// Score sheet; default: the hospital's.
    sheet: Option<String>,
    /// Compare with this rulebook; default: the same.
    against_rulebook: Option<String>,
    /// Compare with this score sheet; default: the same.
    against_sheet: Option<String>,
    /// Whether the language model takes part; default: false, rules alone.
    model: Option<bool>,
}

/// A side by names, and what judges it.
fn side(state: &State, rulebook: String, sheet: String) -> Result<(Side, Arc<Engine>), Refusal> {
    let engine = state.rulebook(&rulebook).ok_or_else(|| Refusal::Unreadable(format!("没有规则库 {rulebook}")))?;
    engine.sheets.sheet(&sheet).ok_or_else(|| no_sheet(&sheet))?;
    Ok((Side { rulebook, digest: engine.rulebook.digest.clone(), sheet }, engine))
}

impl Choice {
    /// The plan, and what judges its first side.
    fn plan(self, state: &State) -> Result<(Plan, Arc<Engine>), Refusal> {
        let rulebook = self.rulebook.unwrap_or_else(|| CURRENT.to_owned());
        let sheet = self.sheet.unwrap_or_else(|| DEFAULT_SHEET.to_owned());
        let against = match (self.against_rulebook, self.against_sheet) {
            (None, None) => None,
            (other, other_sheet) => {
                let (other, other_sheet) = (other.unwrap_or_else(|| rulebook.clone()), other_sheet.unwrap_or_else(|| sheet.clone()));
                Some(side(state, other, other_sheet)?.0)
            }
        };
        let (side, engine) = side(state, rulebook, sheet)?;
        Ok((Plan { side, against, model: self.model.unwrap_or(false), now: state.clock.local() }, engine))
    }
}

/// Stored visits; without any field all of them.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Chosen {
    #[serde(default)]
    department: String,
    /// 甲, 乙 or 丙, as they were graded last
    #[serde(default)]
    #[schema(pattern = "^[甲乙丙]?$")]
    grade: String,
    /// running or discharged
    #[serde(default)]
    #[schema(pattern = "^(running|discharged)?$")]
    state: String,
    /// Day of discharge, 2026-03-01, inclusive
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    discharged_from: Option<jiff::civil::Date>,
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    discharged_to: Option<jiff::civil::Date>,
    /// Only visits of this sample, 2026-S0001
    #[serde(default)]
    sample: String,
}

impl Chosen {
    pub(super) async fn selection(self, state: &State, caller: &Caller) -> Result<Selection, Refusal> {
        if !self.sample.is_empty() {
            let sample = state.store.sample(&self.sample).await?;
            sample.filter(|sample| caller.may_see(&sample.department)).ok_or(Refusal::NotFound)?;
        }
        let day = |day: Option<jiff::civil::Date>| day.map_or(String::new(), |day| day.to_string());
        Ok(Selection {
            department: caller.limited_to(Some(&self.department))?,
            grade: one_of("grade", Some(self.grade), &["甲", "乙", "丙"])?,
            state: one_of("state", Some(self.state), &["running", "discharged"])?,
            discharged_from: day(self.discharged_from),
            discharged_to: day(self.discharged_to),
            sample: self.sample,
        })
    }
}

pub(super) async fn shown(state: &State, batch: &Batch) -> Result<Value, Refusal> {
    let tally = state.store.batch_tally(&batch.id).await?;
    let mut value = json!({
        "id": batch.id, "state": batch.state.name(), "department": batch.department,
        "created_by": batch.created_by, "created_at": batch.created_at, "finished_at": batch.finished_at,
        "plan": batch.plan, "total": batch.total, "visits": tally.visits, "errors": tally.errors, "grades": tally.grades,
        "rulebook_here": state.judges_of(&batch.plan).is_some(),
    });
    if batch.plan.against.is_some() {
        value["moves"] = json!(tally.moves);
    }
    Ok(value)
}

/// A batch that the caller may see.
async fn batch(state: &State, caller: &Caller, id: &str) -> Result<Batch, Refusal> {
    may_score(caller)?;
    let batch = state.store.batch(id).await?.ok_or(Refusal::NotFound)?;
    if caller.may_see(&batch.department) { Ok(batch) } else { Err(Refusal::NotFound) }
}

/// What chunks are made of, one after the other.
struct Intake<'a> {
    store: &'a Store,
    batch: &'a str,
    chunks: i64,
    items: Vec<Item>,
    bytes: usize,
    total: usize,
}

impl<'a> Intake<'a> {
    fn new(store: &'a Store, batch: &'a str) -> Self {
        Self { store, batch, chunks: 0, items: Vec::new(), bytes: 0, total: 0 }
    }

    async fn add(&mut self, item: Item) -> Result<(), StoreError> {
        self.bytes += if let Held::Text(text) = &item.held { text.len() } else { 0 };
        self.items.push(item);
        if self.items.len() >= VISITS || self.bytes >= BYTES { self.flush().await } else { Ok(()) }
    }

    async fn flush(&mut self) -> Result<(), StoreError> {
        if !self.items.is_empty() {
            self.store.add_chunk(self.batch, self.chunks, &self.items, jiff::Timestamp::now()).await?;
            self.total += self.items.len();
            self.chunks += 1;
            self.bytes = 0;
            self.items.clear();
        }
        Ok(())
    }
}

/// A line as it is kept: text. What came in GB18030 is kept as it was read.
fn held(engine: &Engine, bytes: Option<Vec<u8>>) -> Held {
    let Some(bytes) = bytes else { return Held::Error(OpenError::TooLarge.to_string()) };
    match String::from_utf8(bytes) {
        Ok(text) => Held::Text(text),
        Err(error) => match engine.open(error.as_bytes()) {
            Ok((visit, _)) => serde_json::to_string(&visit).map_or_else(|error| Held::Error(error.to_string()), Held::Text),
            Err(error) => Held::Error(error.to_string()),
        },
    }
}

/// The ending of a file that is packed as the body is.
fn packing(headers: &HeaderMap) -> Result<&'static str, Refusal> {
    match headers.get(header::CONTENT_ENCODING).map(|value| value.to_str().unwrap_or("?")) {
        None | Some("identity") => Ok("body.ndjson"),
        Some("gzip") => Ok("body.ndjson.gz"),
        Some("zstd") => Ok("body.ndjson.zst"),
        Some(other) => Err(Refusal::Unreadable(format!("Content-Encoding 应为 gzip 或 zstd,不是 {other}"))),
    }
}

/// Keeps the lines of a body as they come; how many there were.
async fn receive(state: &State, id: &str, name: &'static str, engine: Arc<Engine>, body: Body) -> Result<usize, Refusal> {
    let stream = StreamReader::new(body.into_data_stream().map_err(io::Error::other));
    let (store, id, runtime) = (state.store.clone(), id.to_owned(), tokio::runtime::Handle::current());
    let received = tokio::task::spawn_blocking(move || -> Result<usize, Refusal> {
        let broken_off = |error: io::Error| Refusal::Unreadable(format!("请求内容没有收完:{error}"));
        let input: Box<dyn Read> = Box::new(SyncIoBridge::new_with_handle(stream, runtime.clone()));
        let (_, input) = decompress(name, input).map_err(broken_off)?;
        let mut intake = Intake::new(&store, &id);
        for line in NumberedLines::new(BufReader::new(input)) {
            let line = line.map_err(broken_off)?;
            let item = Item { line: line.number, held: held(&engine, line.bytes) };
            runtime.block_on(intake.add(item))?;
        }
        runtime.block_on(intake.flush())?;
        Ok(intake.total)
    });
    received.await.map_err(|error| Refusal::Broken(error.to_string()))?
}

/// A batch that is coming in.
struct Begun {
    id: String,
    /// Its place among those that come in at once.
    _place: tokio::sync::OwnedSemaphorePermit,
}

async fn begin(state: &State, caller: &Caller, department: &str, plan: Plan) -> Result<Begun, Refusal> {
    let place = state.batches.uploads.clone().try_acquire_owned().map_err(|_| Refusal::Busy)?;
    let id = random_hex()[..16].to_owned();
    state.store.begin_batch(&Batch::new(&id, department, plan, &caller.name), state.clock.now()).await?;
    Ok(Begun { id, _place: place })
}

impl Begun {
    /// Lets the workers begin with what came; forgets it where it did not come to its end.
    async fn start(self, state: &State, caller: &Caller, received: Result<usize, Refusal>) -> Result<Batch, Refusal> {
        match received {
            Ok(total) => state.store.start_batch(&self.id, total as i64).await?,
            Err(refusal) => {
                // Nobody knows its id yet.
                state.store.remove_batch(&self.id, &caller.name, state.clock.now()).await?;
                return Err(refusal);
            }
        }
        state.batches.begun.notify_one();
        state.store.batch(&self.id).await?.ok_or(Refusal::NotFound)
    }
}

/// A batch of stored visits.
pub(super) async fn begin_selected(state: &State, caller: &Caller, plan: Plan, selection: &Selection) -> Result<Batch, Refusal> {
    let begun = begin(state, caller, &selection.department, plan).await?;
    let received = select(state, &begun.id, selection).await;
    begun.start(state, caller, received).await
}

/// Keeps what stored visits a selection names.
async fn select(state: &State, id: &str, selection: &Selection) -> Result<usize, Refusal> {
    let mut intake = Intake::new(&state.store, id);
    let mut after = String::new();
    loop {
        let page = state.store.selected(selection, &after, VISITS as i64).await?;
        let Some(Held::Stored { visit_id, .. }) = page.last() else { return Ok(intake.total) };
        after.clone_from(visit_id);
        for held in page {
            let line = intake.total + intake.items.len() + 1;
            intake.add(Item { line, held }).await?;
        }
        intake.flush().await?;
    }
}

/// 批量重评:请求体为 NDJSON(每行一份病历),或以 JSON 选取库中病历;可指定规则库与评分表,并与另一规则库或评分表对比。
/// Scores many visits: sent as NDJSON, or chosen from the store by a JSON object. Nothing of it changes a stored visit.
#[utoipa::path(post, path = "/v1/batches", tag = "批量重评", params(Choice),
    request_body(content((String = "application/x-ndjson"), (Chosen = "application/json")),
        description = "NDJSON of any size, one visit a line (Content-Encoding gzip or zstd), or what stored visits"),
    responses((status = 201, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument), (status = 429, body = ProblemDocument)))]
pub async fn create(
    Shared(state): Shared<State>,
    caller: Caller,
    parameters: Result<Query<Choice>, QueryRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    may_score(&caller)?;
    let (plan, engine) = check::query(parameters)?.plan(&state)?;
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let kind = kind.split(';').next().unwrap_or("").trim();
    let is_sent = match kind {
        "application/x-ndjson" | "application/ndjson" | "application/jsonl" => true,
        "application/json" => false,
        _ => return Err(Refusal::Unreadable("Content-Type 应为 application/x-ndjson(病历)或 application/json(选取条件)".to_owned())),
    };
    // Packing and selection are looked at before anything is kept.
    let (packing, chosen, body) = if is_sent {
        (packing(&headers)?, None, body)
    } else {
        let bytes = axum::body::to_bytes(body, SELECTION_BYTES).await.map_err(|_| Refusal::TooLarge)?;
        let chosen = serde_json::from_slice::<Chosen>(&bytes).map_err(|error| Refusal::Unreadable(error.to_string()))?;
        ("", Some(chosen.selection(&state, &caller).await?), Body::empty())
    };
    let batch = match &chosen {
        Some(selection) => begin_selected(&state, &caller, plan, selection).await?,
        None => {
            let begun = begin(&state, &caller, &caller.department, plan).await?;
            let received = receive(&state, &begun.id, packing, engine, body).await;
            begun.start(&state, &caller, received).await?
        }
    };
    Ok((StatusCode::CREATED, [(header::LOCATION, format!("/v1/batches/{}", batch.id))], Json(shown(&state, &batch).await?)).into_response())
}

/// 批量重评列表。The last hundred batches, and the rulebooks and score sheets that one may name.
#[utoipa::path(get, path = "/v1/batches", tag = "批量重评",
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument)))]
pub async fn list(Shared(state): Shared<State>, caller: Caller) -> Result<Json<Value>, Refusal> {
    may_score(&caller)?;
    let mut items = Vec::new();
    for batch in state.store.batches(&caller.department, LISTED).await? {
        items.push(shown(&state, &batch).await?);
    }
    let engine = state.engine();
    let sheets: Vec<Value> = engine.sheets.sheets.iter().map(|sheet| json!({ "id": sheet.id, "title": sheet.title })).collect();
    Ok(Json(json!({ "items": items, "rulebooks": state.rulebook_names(), "sheets": sheets })))
}

/// 批量重评进度。How far a batch is, its grades so far, and, where two sides are compared, how many visits move between which grades.
#[utoipa::path(get, path = "/v1/batches/{id}", tag = "批量重评", params(("id" = String, Path)),
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument)))]
pub async fn one(Shared(state): Shared<State>, caller: Caller, Path(id): Path<String>) -> Result<Json<Value>, Refusal> {
    let batch = batch(&state, &caller, &id).await?;
    Ok(Json(shown(&state, &batch).await?))
}

async fn steer(state: &State, caller: &Caller, id: &str, from: &[BatchState], to: BatchState) -> Result<Json<Value>, Refusal> {
    batch(state, caller, id).await?;
    let steered = state.store.steer_batch(id, from, to, &caller.name, state.clock.now()).await?;
    let now = batch(state, caller, id).await?;
    if !steered {
        return Err(Refusal::Conflict(format!("批次状态为 {}", now.state.name())));
    }
    state.batches.begun.notify_one();
    Ok(Json(shown(state, &now).await?))
}

/// 暂停。Pauses: chunks that are being scored are finished.
#[utoipa::path(post, path = "/v1/batches/{id}/pause", tag = "批量重评", params(("id" = String, Path)),
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
pub async fn pause(Shared(state): Shared<State>, caller: Caller, Path(id): Path<String>) -> Result<Json<Value>, Refusal> {
    steer(&state, &caller, &id, &[BatchState::Running], BatchState::Paused).await
}

/// 继续。Goes on.
#[utoipa::path(post, path = "/v1/batches/{id}/resume", tag = "批量重评", params(("id" = String, Path)),
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
pub async fn resume(Shared(state): Shared<State>, caller: Caller, Path(id): Path<String>) -> Result<Json<Value>, Refusal> {
    steer(&state, &caller, &id, &[BatchState::Paused], BatchState::Running).await
}

/// 取消,尚未评分的病历随即清除。Cancels; what is not scored yet is forgotten, and results so far stay.
#[utoipa::path(post, path = "/v1/batches/{id}/cancel", tag = "批量重评", params(("id" = String, Path)),
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
pub async fn cancel(Shared(state): Shared<State>, caller: Caller, Path(id): Path<String>) -> Result<Json<Value>, Refusal> {
    steer(&state, &caller, &id, &[BatchState::Running, BatchState::Paused], BatchState::Cancelled).await
}

/// 删除批次及其结果。Forgets a batch with its results; they are forgotten after 14 days anyway.
#[utoipa::path(delete, path = "/v1/batches/{id}", tag = "批量重评", params(("id" = String, Path)),
    responses((status = 204), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
pub async fn remove(Shared(state): Shared<State>, caller: Caller, Path(id): Path<String>) -> Result<StatusCode, Refusal> {
    batch(&state, &caller, &id).await?;
    state.store.remove_batch(&id, &caller.name, state.clock.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Lines {
    /// Only visits that differ between the two sides: in their grade, in grade or score, or in findings too.
    #[param(inline, example = "grade")]
    changed: Option<Changed>,
}

/// 批量重评结果(NDJSON,每行一份病历);changed=grade 只给出等级改变的病历及由哪些缺陷引起。
/// The results in the order of the lines, each visit once, as `bingli score` prints them with `line`, and `against` where two sides are
/// compared; those so far while the batch runs.
#[utoipa::path(get, path = "/v1/batches/{id}/results", tag = "批量重评", params(("id" = String, Path), Lines),
    responses((status = 200, content_type = "application/x-ndjson", body = String), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
pub async fn results(
    Shared(state): Shared<State>,
    caller: Caller,
    Path(id): Path<String>,
    parameters: Result<Query<Lines>, QueryRejection>,
) -> Result<Response, Refusal> {
    let wanted = check::query(parameters)?;
    let batch = batch(&state, &caller, &id).await?;
    if wanted.changed.is_some() && batch.plan.against.is_none() {
        return Err(Refusal::Unreadable("该批次没有对比".to_owned()));
    }
    state.store.record(Deed { actor: &caller.name, action: "batch.read", target: &id }, state.clock.now()).await?;
    let lines = async_stream::try_stream! {
        let mut after = -1;
        while let Some((number, text)) = state.store.chunk_results(&id, after).await? {
            after = number;
            yield match wanted.changed {
                None => text,
                Some(least) => text.split_inclusive('\n').filter(|line| differs(line, least)).collect(),
            };
        }
    };
    let lines: std::pin::Pin<Box<dyn futures_core::Stream<Item = Result<String, StoreError>> + Send>> = Box::pin(lines);
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(lines)).into_response())
}
