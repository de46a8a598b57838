//! `POST /v1/visits/{id}/events`: real-time monitoring. Each event is kept once, in whatever order it comes, and the visit is judged anew.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{State as Shared, rejection::BytesRejection};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::openapi::{Array, Object, OneOf, Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::State;
use super::check::body;
use super::path::Path;
use super::problem::{ProblemDocument, Refusal};
use super::{engine::Engine, monitor};
use crate::people::Caller;
use crate::record::Event;
use crate::record::event::fold;
use crate::record::note::Level;
use crate::record::time::in_zone;
use crate::store::Deed;

/// One event, or several at once.
#[derive(Deserialize)]
#[serde(untagged)]
enum Body {
    Several { events: Vec<Value> },
    One(Value),
}

/// The same for the document.
pub struct Posted;

impl PartialSchema for Posted {
    fn schema() -> RefOr<Schema> {
        let event = Ref::from_schema_name("Event");
        let several = Object::builder().property("events", Array::new(event.clone())).required("events").build();
        Schema::OneOf(OneOf::builder().item(event).item(several).build()).into()
    }
}

impl ToSchema for Posted {}

/// More events in one request are refused; a stream of them is several requests.
const MOST: usize = 1000;

fn parse(engine: &Engine, id: &str, bytes: &[u8]) -> Result<Vec<Event>, Refusal> {
    let wrong = |text: String| Refusal::Unreadable(text);
    let body: Body = serde_json::from_slice(bytes).map_err(|error| wrong(format!("不是 JSON: {error}")))?;
    let (values, is_list) = match body {
        Body::Several { events } => (events, true),
        Body::One(value) => (vec![value], false),
    };
    if values.len() > MOST {
        return Err(wrong(format!("一次最多 {MOST} 个事件")));
    }
    let mut events = Vec::with_capacity(values.len());
    for (index, value) in values.into_iter().enumerate() {
        let place = if is_list { format!("/events/{index}") } else { String::new() };
        let (event, _) = in_zone(&engine.zone, || serde_path_to_error::deserialize::<_, Event>(value));
        let event = event.map_err(|error| wrong(format!("{place} {error}")))?;
        event.check().map_err(|error| wrong(format!("{place}{error}")))?;
        // What the event says must be readable as a part of a visit.
        let alone = Value::Object(fold(id, None, vec![event.clone()])).to_string();
        let (_, notes) = engine.read(alone.as_bytes())?;
        if let Some(note) = notes.iter().find(|note| note.level == Level::Error) {
            return Err(wrong(format!("{place}/body: {} {}", note.path, note.text)));
        }
        events.push(event);
    }
    Ok(events)
}

/// 实时事件:文书保存/签名、医嘱、检验检查结果、危急值、转科、手术、死亡、出院等。Events of a visit; each `event_id` counts once, out-of-order events are
/// right in the end.
#[utoipa::path(post, path = "/v1/visits/{id}/events", tag = "病历", params(("id" = String, Path, description = "住院号")),
    request_body(content = inline(Posted), content_type = "application/json",
        description = "one event, or several as {events: […]}; the body is the element of the visit that it concerns"),
    responses(
        (status = 200, description = "how many events were new, and what changed", body = serde_json::Value),
        (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
        (status = 413, body = ProblemDocument),
        (status = 422, body = ProblemDocument), (status = 429, body = ProblemDocument)))]
pub async fn post(
    Shared(state): Shared<State>,
    caller: Caller,
    Path(id): Path<String>,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Json<Value>, Refusal> {
    if !caller.role.may_write_visits() {
        return Err(Refusal::Forbidden);
    }
    let bytes = body(bytes)?;
    let engine = state.engine();
    let events = {
        let id = id.clone();
        state.desk.run(move || parse(&engine, &id, &bytes)).await??
    };
    if !caller.department.is_empty() {
        check_department(&state, &caller, &id, &events).await?;
    }
    let deed = Deed { actor: &caller.name, action: "visit.events", target: &id };
    let new = state.store.add_events(&id, &events, deed, state.clock.now()).await?;
    // Judged at once; a node that dies here leaves the visit on the list of those that wait.
    let put = if new > 0 { monitor::refresh(&state, &id, None).await? } else { None };
    let put = put.unwrap_or_default();
    Ok(Json(json!({
        "accepted": new, "duplicates": events.len() - new, "version": put.version, "changed": put.changed, "new": put.new, "gone": put.gone,
    })))
}

/// Neither into another department nor out of one.
async fn check_department(state: &State, caller: &Caller, id: &str, events: &[Event]) -> Result<(), Refusal> {
    let alone = Value::Object(fold(id, None, events.to_vec())).to_string();
    let (visit, _) = state.engine().read(alone.as_bytes())?;
    let stored = state.store.visit(id).await?.map(|(_, department)| department);
    let named = visit.department();
    let departments = [if named.is_empty() { &caller.department } else { named }, stored.as_deref().unwrap_or(&caller.department)];
    if departments.iter().all(|department| caller.may_see(department)) { Ok(()) } else { Err(Refusal::Forbidden) }
}
