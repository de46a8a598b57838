//! HTTP: the only place that knows it. Judging runs on a bounded desk, the rest is the store's.
//!
//! `POST /v1/check` judges and keeps nothing; `PUT /v1/visits/{id}` keeps the visit, its report, findings, duties and what it adds to the
//! indicators; the rest reads. Errors are RFC 9457 problem documents. `/docs` shows the OpenAPI document of `/v1/openapi.json`.

mod auth;
mod check;
mod docs;
mod indicators;
mod metrics;
mod pages;
mod problem;
mod visits;
mod work;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::get;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::indicators::Book;
use crate::indicators::table::{self, Entry};
use crate::input::Opener;
use crate::input::open::MAX_VISIT_BYTES;
use crate::record::{Instant, Visit, note::Note};
use crate::report::{Options, Report, Sheets, check as judge};
use crate::rules::{Phase, Rulebook};
use crate::store::{Deed, Judged, Store, digest};
use metrics::Metrics;
use problem::Refusal;
use work::Desk;

/// What judges: loaded once.
pub struct Engine {
    pub rulebook: Rulebook,
    pub book: Book,
    pub sheets: Sheets,
    pub zone: TimeZone,
}

impl Engine {
    /// The hospital's local time now.
    pub fn now(&self) -> jiff::civil::DateTime {
        Instant::from_timestamp(Timestamp::now(), &self.zone).earliest()
    }

    fn read(&self, bytes: &[u8]) -> Result<(Visit, Vec<Note>), Refusal> {
        let opener = Opener { zone: &self.zone, table: self.rulebook.knowledge.documents() };
        opener.visit("body.json", bytes).map_err(|error| Refusal::Unreadable(error.to_string()))
    }

    fn judge(&self, visit: &Visit, notes: Vec<Note>, how: &How) -> Result<Report, Refusal> {
        let id = how.sheet.as_deref().unwrap_or(crate::report::sheet::DEFAULT_SHEET);
        let sheet = self.sheets.sheet(id).ok_or_else(|| Refusal::Unreadable(format!("没有评分表 {id}")))?;
        let options = Options { sheet, phase: how.phase, at: how.at.map(|at| at.latest()), now: self.now(), language: None };
        Ok(judge(visit, notes, &self.rulebook, options))
    }
}

/// A visit with everything that follows from it, on its way into the store.
struct Kept {
    visit: Visit,
    body: String,
    hash: String,
    report: Report,
    entries: Vec<Entry>,
}

impl Kept {
    fn as_judged(&self) -> Judged<'_> {
        Judged { visit: &self.visit, body: &self.body, hash: &self.hash, report: &self.report, entries: &self.entries }
    }
}

impl Engine {
    /// Reads and judges a visit that is to be kept.
    fn prepare(&self, bytes: &[u8]) -> Result<Kept, Refusal> {
        let (visit, notes) = self.read(bytes)?;
        let report = self.judge(&visit, notes, &How::default())?;
        let entries = table::entries(&self.book, &self.rulebook, &visit, self.now());
        // What was sent is kept to the letter, also where some of it could not be read; other encodings and formats are kept as they were read.
        let is_json = serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok();
        let body = match std::str::from_utf8(bytes) {
            Ok(text) if is_json => text.to_owned(),
            _ => serde_json::to_string(&visit).map_err(|error| Refusal::Broken(error.to_string()))?,
        };
        Ok(Kept { visit, body, hash: digest(bytes), report, entries })
    }
}

/// Why a visit could not be kept, for the command line.
#[derive(Debug, thiserror::Error)]
#[error("{0:?}")]
pub struct NotKept(Refusal);

/// Keeps one visit outside any request, as `bingli demo` does with the sample ward.
pub async fn keep(engine: &Engine, store: &Store, bytes: &[u8]) -> Result<(), NotKept> {
    let kept = engine.prepare(bytes).map_err(NotKept)?;
    let deed = Deed { actor: "demo", action: "visit.put", target: &kept.visit.visit_id };
    store.put_visit(&kept.as_judged(), deed, Timestamp::now()).await.map_err(|error| NotKept(error.into()))?;
    Ok(())
}

/// How a visit is to be judged.
#[derive(Debug, Clone, Default)]
struct How {
    sheet: Option<String>,
    phase: Option<Phase>,
    at: Option<Instant>,
}

/// How the service runs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Every request but health needs a token.
    pub asks_for_tokens: bool,
    /// Visits judged at once, and requests that may wait for it.
    pub cores: usize,
    pub waiting: usize,
}

/// What every handler shares.
#[derive(Clone)]
pub struct State {
    engine: Arc<Engine>,
    store: Store,
    desk: Desk,
    metrics: Arc<Metrics>,
    asks_for_tokens: bool,
}

/// All routes.
pub fn router(engine: Arc<Engine>, store: Store, settings: &Settings) -> Router {
    let state = State {
        engine,
        store,
        desk: Desk::new(settings.cores, settings.waiting),
        metrics: Arc::new(Metrics::default()),
        asks_for_tokens: settings.asks_for_tokens,
    };
    let (api, document) = OpenApiRouter::with_openapi(docs::outline())
        .routes(routes!(check::check))
        .routes(routes!(visits::put, visits::read))
        .routes(routes!(visits::list))
        .routes(routes!(visits::report))
        .routes(routes!(visits::findings))
        .routes(routes!(visits::duties))
        .routes(routes!(indicators::figures))
        .routes(routes!(indicators::entries))
        .split_for_parts();
    let counted = state.clone();
    api.route("/", get(pages::ward))
        .route("/visits/{id}", get(pages::visit))
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(metrics::ready))
        .route("/metrics", get(metrics::metrics))
        .merge(docs::pages(document))
        .fallback(|| async { Refusal::NotFound })
        .layer(DefaultBodyLimit::max(MAX_VISIT_BYTES))
        .layer(axum::middleware::from_fn(move |request: Request, next: Next| count(counted.clone(), request, next)))
        .layer(CatchPanicLayer::custom(|_| axum::response::IntoResponse::into_response(Refusal::Broken("panic".to_owned()))))
        .with_state(state)
}

/// Counts and logs each request by its route: no address, no id, no text of a patient.
async fn count(state: State, request: Request, next: Next) -> Response {
    let began = std::time::Instant::now();
    let route = request.extensions().get::<axum::extract::MatchedPath>().map_or("other", |path| path.as_str()).to_owned();
    let method = request.method().clone();
    let response = next.run(request).await;
    let (status, elapsed) = (response.status().as_u16(), began.elapsed());
    state.metrics.seen(&route, status, elapsed);
    tracing::info!(%method, route, status, milliseconds = elapsed.as_millis() as u64, "served");
    response
}

/// Listens until the process is asked to stop, then finishes what it has begun.
pub async fn serve(listener: tokio::net::TcpListener, router: Router) -> std::io::Result<()> {
    axum::serve(listener, router).with_graceful_shutdown(stop()).await
}

/// Listening beyond this machine without tokens would show patients to anyone.
pub fn may_listen(address: &SocketAddr, asks_for_tokens: bool) -> bool {
    asks_for_tokens || address.ip().is_loopback()
}

async fn stop() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
    tracing::info!("stopping");
    // Whoever hangs on a connection does not keep the process.
    tokio::spawn(async {
        tokio::time::sleep(Duration::from_secs(20)).await;
        std::process::exit(0);
    });
}
