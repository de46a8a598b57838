//! `GET /v1/stream`: server-sent events. Every node reads the same log of messages; a stream goes on where `Last-Event-ID` left off.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Query, State as Shared, rejection::QueryRejection};
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::check::query;
use super::problem::{ProblemDocument, Refusal};
use super::{State, auth};
use crate::people::{Caller, Role};
use crate::store::Sent;

/// A stream asks this often, and before every message, whether its caller is still let in.
const RECHECK: Duration = Duration::from_secs(30);

/// Messages that are read at once.
const PAGE: i64 = 200;

/// Wakes the streams of this node when the log has grown.
#[derive(Debug, Clone)]
pub struct Hub {
    /// The number of the last message that is known; negative once the service stops.
    last: Arc<watch::Sender<i64>>,
    look: Arc<tokio::sync::Notify>,
}

impl Default for Hub {
    fn default() -> Self {
        Self { last: Arc::new(watch::Sender::new(0)), look: Arc::default() }
    }
}

impl Hub {
    /// This node wrote something: look at once.
    pub fn wake(&self) {
        self.look.notify_one();
    }

    pub fn close(&self) {
        self.last.send_replace(-1);
    }
}

/// Looks for messages of this node at once, and for those of other nodes when PostgreSQL tells of them; in between where nobody tells.
pub async fn follow(state: State) {
    const BETWEEN: Duration = Duration::from_millis(300);
    let mut listener = None;
    loop {
        if listener.is_none() {
            // A database that is away is asked again after the next look.
            listener =
                state.store.listen().await.inspect_err(|error| tracing::warn!(%error, "not listening; looking instead")).ok().flatten();
        }
        match state.store.last_message().await {
            Ok(seq) => {
                state.hub.last.send_if_modified(|last| {
                    let grown = *last >= 0 && seq > *last;
                    if grown {
                        *last = seq;
                    }
                    grown
                });
            }
            Err(error) => tracing::error!(%error, "the log of messages could not be read"),
        }
        let told = async {
            match &mut listener {
                Some(listener) => listener.heard().await.is_ok(),
                None => {
                    tokio::time::sleep(BETWEEN).await;
                    true
                }
            }
        };
        let listens = tokio::select! {
            listens = told => listens,
            () = state.hub.look.notified() => true,
        };
        if !listens {
            listener = None;
        }
    }
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// Only messages of these topics, separated by commas: finding.new, finding.gone, visit.judged, reminder, digest, ledger, escalation, rule.demoted
    topics: Option<String>,
    /// Only this visit.
    visit: Option<String>,
    /// Only what is addressed to the caller: to the person, or to the caller's part.
    mine: Option<bool>,
    /// Begin after this message; as the header Last-Event-ID. Without either the stream begins now.
    after: Option<i64>,
    /// Begin with the last so many messages instead.
    #[param(maximum = 255)]
    last: Option<u8>,
}

impl Wanted {
    fn takes(&self, message: &Sent, caller: &Caller) -> bool {
        let topic = self.topics.as_deref().is_none_or(|topics| topics.split(',').any(|topic| topic.trim() == message.topic));
        let visit = self.visit.as_deref().is_none_or(|visit| visit == message.visit_id);
        topic && visit && (self.mine != Some(true) || is_for(message, caller))
    }
}

/// Whether the message is meant for the caller.
fn is_for(message: &Sent, caller: &Caller) -> bool {
    if !message.person.is_empty() {
        return caller.is(&message.person);
    }
    match message.recipient.as_str() {
        "department_qc" => caller.role == Role::DepartmentQc,
        "qc_office" => matches!(caller.role, Role::Reviewer | Role::RecordsOffice | Role::Administrator),
        "responsible" | "attending" => caller.role == Role::Physician,
        _ => false,
    }
}

pub fn shown(message: &Sent) -> Value {
    let body: Value = serde_json::from_str(&message.body).unwrap_or(Value::Null);
    json!({
        "seq": message.seq, "topic": message.topic, "at": message.at, "visit_id": message.visit_id, "department": message.department,
        "recipient": message.recipient, "person": message.person, "body": body,
    })
}

fn event(message: &Sent) -> Event {
    Event::default().id(message.seq.to_string()).event(message.topic.clone()).data(shown(message).to_string())
}

/// 消息列表(不便使用推送时轮询)。The same messages page by page, for callers that ask instead of listening: `next` is the `after` of the next question.
#[utoipa::path(get, path = "/v1/messages", tag = "推送", params(Wanted),
    responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
pub async fn messages(
    Shared(state): Shared<State>,
    caller: Caller,
    parameters: Result<Query<Wanted>, QueryRejection>,
) -> Result<Json<Value>, Refusal> {
    let wanted = query(parameters)?;
    let after = match wanted.last {
        Some(last) => (state.store.last_message().await? - i64::from(last)).max(0),
        None => wanted.after.unwrap_or(0),
    };
    let page = state.store.messages(after, &caller, PAGE).await?;
    let next = page.last().map_or(after, |message| message.seq);
    let items: Vec<Value> = page.iter().filter(|message| wanted.takes(message, &caller)).map(shown).collect();
    Ok(Json(json!({ "items": items, "next": next, "more": page.len() as i64 == PAGE })))
}

/// 实时推送(SSE):缺陷、提醒、台账变化。Server-sent events, resumable by Last-Event-ID.
#[utoipa::path(get, path = "/v1/stream", tag = "推送", params(Wanted),
    responses((status = 200, description = "text/event-stream", content_type = "text/event-stream", body = String),
        (status = 401, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
pub async fn stream(
    Shared(state): Shared<State>,
    caller: Caller,
    parameters: Result<Query<Wanted>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Sse<impl futures_core::Stream<Item = Result<Event, Infallible>>>, Refusal> {
    let wanted = query(parameters)?;
    let resumed = headers.get("last-event-id").and_then(|value| value.to_str().ok()).and_then(|text| text.parse::<i64>().ok());
    let mut after = match resumed.or(wanted.after) {
        Some(after) => after,
        None => state.store.last_message().await?,
    };
    let mut last = state.hub.last.subscribe();
    let events = async_stream::stream! {
        // Tells a client where it stands before anything happens.
        yield Ok(Event::default().id(after.to_string()).comment("bingli"));
        loop {
            last.mark_unchanged();
            match state.store.messages(after, &caller, PAGE).await {
                Ok(page) => {
                    let full = page.len() as i64 == PAGE;
                    for message in &page {
                        after = message.seq;
                        if wanted.takes(message, &caller) {
                            yield Ok(event(message));
                        }
                    }
                    if full {
                        continue;
                    }
                }
                Err(error) => tracing::error!(%error, "a stream could not read the log"),
            }
            match tokio::time::timeout(RECHECK, last.changed()).await {
                Ok(Ok(())) if *last.borrow() >= 0 => {}
                Err(_) => {}
                Ok(_) => break,
            }
            // Whoever logged out, or lost the token, hears no more.
            if !auth::is_still(&state, &caller, &headers).await {
                break;
            }
        }
    };
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}
