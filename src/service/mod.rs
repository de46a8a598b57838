//! HTTP: the only place that knows it. Judging runs on a bounded desk (`work`), the rest is the store's.
//!
//! `POST /v1/check` judges and keeps nothing; `PUT /v1/visits/{id}` and `POST /v1/visits/{id}/events` keep what came and everything that follows
//! from it (`monitor`); a clock drives reminders and escalation; `GET /v1/stream` tells whoever listens. Errors are RFC 9457 problem documents.
//! `/docs` shows the OpenAPI document of `/v1/openapi.json`.

mod accounts;
mod assets;
mod audit;
mod auth;
mod batch_work;
mod batches;
mod check;
mod clock;
mod critical;
mod decisions;
mod delegations;
mod docs;
mod downtimes;
mod duties;
mod engine;
mod events;
mod figures;
mod filters;
mod focus;
mod hooks;
mod indicators;
mod key_cases;
mod languagetool;
mod ledger;
mod login;
mod metrics;
mod monitor;
mod pages;
mod path;
mod problem;
mod regressions;
mod releases;
mod reload;
mod rules;
mod samples;
mod session;
mod settings;
mod stream;
mod switches;
mod tls;
mod tokens;
mod versions;
mod visits;
mod webhooks;
mod work;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::{get, post};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::CorsLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::input::open::MAX_VISIT_BYTES;
use crate::people::Caller;
use crate::store::{Discipline, Store, random_hex};
pub use batch_work::{CANDIDATE, CURRENT};
pub use clock::Clock;
pub use engine::Engine;
use metrics::Metrics;
use problem::Refusal;
pub use reload::RulesFolder;
pub use session::hash;
use stream::Hub;
pub use tls::{TlsListener, configuration};
use work::Desk;

/// This process among others on the same database.
static NODE: LazyLock<String> = LazyLock::new(random_hex);

/// Why a visit could not be kept, for the command line.
#[derive(Debug, thiserror::Error)]
#[error("{0:?}")]
pub struct NotKept(Refusal);

/// How the service runs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Every request but health needs a token or a session.
    pub asks_for_tokens: bool,
    /// Connections are encrypted by the service itself.
    pub encrypted: bool,
    /// Visits judged at once, and requests that may wait for it.
    pub cores: usize,
    pub waiting: usize,
    pub clock: Clock,
    /// When a rule loses its voice inline.
    pub discipline: Discipline,
    /// Findings shown at once for one document while somebody writes; the rest is one click away.
    pub shown: usize,
    /// Changed rules come into use by a second person alone (`releases`), never by a reload.
    pub two_people: bool,
    /// Days that messages wait for streams that were away, and results of batches for who asked for them.
    pub keep_days: u16,
    /// Origins of pages, such as an EMR's, that may call from a browser.
    pub page_origins: Vec<HeaderValue>,
}

/// An origin as a browser sends it: scheme, host and perhaps port, nothing after.
pub fn origin(text: &str) -> Result<HeaderValue, String> {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or("");
    match text.parse() {
        Ok(origin) if !host.is_empty() && !host.contains(['/', '*', '?', '#', '@', ' ']) => Ok(origin),
        _ => Err("expected an origin such as https://emr.example, without a path".to_owned()),
    }
}

fn cross_origin(origins: &[HeaderValue]) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(origins.to_vec())
        .allow_methods([Method::GET, Method::POST, Method::PUT])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE])
        .expose_headers([header::RETRY_AFTER])
        .max_age(Duration::from_secs(3600))
}

/// What every handler shares.
#[derive(Clone)]
pub struct State {
    engine: Arc<RwLock<Arc<Engine>>>,
    /// Other rulebooks that batches may be scored by, by name.
    rulebooks: Arc<RwLock<BTreeMap<String, Arc<Engine>>>>,
    batches: batch_work::Bench,
    store: Store,
    desk: Desk,
    metrics: Arc<Metrics>,
    clock: Clock,
    hub: Hub,
    asks_for_tokens: bool,
    encrypted: bool,
    discipline: Discipline,
    shown: usize,
    two_people: bool,
    keep_days: u16,
    page_origins: Arc<[HeaderValue]>,
    voices: focus::Voices,
    /// Reads the rules folder again; none: the rules came with the program.
    rules_folder: Option<RulesFolder>,
    reloading: Arc<tokio::sync::Mutex<()>>,
}

impl State {
    pub fn new(engine: Arc<Engine>, store: Store, settings: &Settings) -> Self {
        State {
            engine: Arc::new(RwLock::new(engine)),
            rulebooks: Arc::default(),
            batches: batch_work::Bench::new(settings.cores),
            store,
            desk: Desk::new(settings.cores, settings.waiting),
            metrics: Arc::new(Metrics::default()),
            clock: settings.clock.clone(),
            hub: Hub::default(),
            asks_for_tokens: settings.asks_for_tokens,
            encrypted: settings.encrypted,
            discipline: settings.discipline,
            shown: settings.shown,
            two_people: settings.two_people,
            keep_days: settings.keep_days,
            page_origins: settings.page_origins.clone().into(),
            voices: focus::Voices::default(),
            rules_folder: None,
            reloading: Arc::default(),
        }
    }

    /// With rules that can be read again.
    pub fn reloading(self, rules_folder: Option<RulesFolder>) -> Self {
        State { rules_folder, ..self }
    }

    /// With other rulebooks for batches, by name.
    pub fn with_rulebooks(self, rulebooks: BTreeMap<String, Arc<Engine>>) -> Self {
        State { rulebooks: Arc::new(RwLock::new(rulebooks)), ..self }
    }

    /// What judges now; a request keeps the one that it began with.
    fn engine(&self) -> Arc<Engine> {
        self.engine.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Keeps one visit outside any request, as `bingli demo` does with the sample ward.
pub async fn keep(state: &State, bytes: &'static [u8]) -> Result<(), NotKept> {
    let demo = Caller { name: "demo".to_owned(), ..Caller::system() };
    let (visit, _) = state.engine().read(bytes).map_err(NotKept)?;
    monitor::keep_snapshot(state, &demo, &visit.visit_id, axum::body::Bytes::from_static(bytes)).await.map(|_| ()).map_err(NotKept)
}

/// All routes.
pub fn router(state: State) -> Router {
    let (api, document) = OpenApiRouter::with_openapi(docs::outline())
        .routes(routes!(check::check))
        .routes(routes!(languagetool::check))
        .routes(routes!(languagetool::languages))
        .routes(routes!(visits::put, visits::read))
        .routes(routes!(events::post))
        .routes(routes!(visits::list))
        .routes(routes!(visits::report))
        .routes(routes!(visits::findings))
        .routes(routes!(decisions::decide))
        .routes(routes!(decisions::of_visit))
        .routes(routes!(decisions::acceptance))
        .routes(routes!(decisions::restore))
        .routes(routes!(duties::list))
        .routes(routes!(downtimes::list, downtimes::add))
        .routes(routes!(downtimes::remove))
        .routes(routes!(delegations::list, delegations::add))
        .routes(routes!(delegations::remove))
        .routes(routes!(ledger::list, ledger::notify))
        .routes(routes!(ledger::read))
        .routes(routes!(ledger::act))
        .routes(routes!(filters::list))
        .routes(routes!(filters::save, filters::forget))
        .routes(routes!(stream::stream))
        .routes(routes!(stream::messages))
        .routes(routes!(duties::clock, duties::set_clock))
        .routes(routes!(reload::post))
        .routes(routes!(releases::list, releases::create))
        .routes(routes!(releases::one))
        .routes(routes!(releases::release))
        .routes(routes!(releases::withdraw))
        .routes(routes!(regressions::list))
        .routes(routes!(regressions::one))
        .routes(routes!(regressions::accept))
        .routes(routes!(regressions::reject))
        .routes(routes!(rules::list))
        .routes(routes!(rules::one))
        .routes(routes!(rules::attempt))
        .routes(routes!(switches::list))
        .routes(routes!(switches::propose))
        .routes(routes!(switches::release))
        .routes(routes!(switches::withdraw))
        .routes(routes!(switches::shadow))
        .routes(routes!(session::login))
        .routes(routes!(session::logout))
        .routes(routes!(session::session))
        .routes(routes!(indicators::figures))
        .routes(routes!(indicators::entries))
        .routes(routes!(figures::figures))
        .routes(routes!(critical::list))
        .routes(routes!(critical::sums))
        .routes(routes!(key_cases::list))
        .routes(routes!(key_cases::one))
        .routes(routes!(batches::list, batches::create))
        .routes(routes!(batches::one, batches::remove))
        .routes(routes!(batches::pause))
        .routes(routes!(batches::resume))
        .routes(routes!(batches::cancel))
        .routes(routes!(batches::results))
        .routes(routes!(samples::list, samples::create))
        .routes(routes!(samples::one))
        .routes(routes!(samples::assign))
        .routes(routes!(samples::agreement))
        .routes(routes!(samples::queue))
        .routes(routes!(samples::review, samples::save))
        .routes(routes!(samples::submit))
        .routes(routes!(versions::list))
        .routes(routes!(versions::one))
        .routes(routes!(accounts::list, accounts::add))
        .routes(routes!(accounts::place))
        .routes(routes!(accounts::disable))
        .routes(routes!(accounts::password))
        .routes(routes!(tokens::list, tokens::add))
        .routes(routes!(tokens::revoke))
        .routes(routes!(hooks::list, hooks::add))
        .routes(routes!(hooks::remove))
        .routes(routes!(settings::list))
        .routes(routes!(settings::one, settings::put))
        .routes(routes!(audit::list))
        .routes(routes!(audit::verification))
        .split_for_parts();
    let counted = state.clone();
    api.layer(cross_origin(&state.page_origins))
        .route("/", get(pages::ward))
        .route("/visits/{id}", get(pages::visit))
        .route("/visits/{id}/report", get(pages::report))
        .route("/visits/{id}/edit", get(pages::edit))
        .route("/ledger", get(pages::ledger))
        .route("/figures", get(pages::figures))
        .route("/rules", get(pages::rules))
        .route("/office", get(pages::office))
        .route("/admin", get(pages::admin))
        .route("/login", get(login::page).post(login::login))
        .route("/logout", post(login::logout))
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(metrics::ready))
        .route("/metrics", get(metrics::metrics))
        .merge(docs::pages(document, state.asks_for_tokens))
        .merge(assets::routes())
        .fallback(|| async { Refusal::NotFound })
        .method_not_allowed_fallback(|| async { Refusal::NoSuchMethod })
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
    let mut response = next.run(request).await;
    protect(response.headers_mut());
    let (status, elapsed) = (response.status().as_u16(), began.elapsed());
    state.metrics.seen(&route, status, elapsed);
    tracing::info!(%method, route, status, milliseconds = elapsed.as_millis() as u64, "served");
    response
}

/// Nothing about patients stays in a shared machine's browser, nor is it read as anything but what it says it is.
fn protect(headers: &mut axum::http::HeaderMap) {
    use axum::http::header::{CACHE_CONTROL, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
}

/// Listens until the process is asked to stop, then finishes what it has begun. `tick`: between two rounds of the clock; none: no clock.
pub async fn serve<L>(listener: L, state: State, tick: Option<Duration>) -> std::io::Result<()>
where
    L: axum::serve::Listener<Addr = SocketAddr>,
{
    let rulebook = state.engine().rulebook.digest.clone();
    if let Err(error) = state.store.mark_outdated(&rulebook).await {
        tracing::error!(%error, "visits of an older rulebook could not be found");
    }
    let background = [
        tokio::spawn(stream::follow(state.clone())),
        tokio::spawn(reload::on_hangup(state.clone())),
        tokio::spawn(batch_work::watch(state.clone())),
        tokio::spawn({
            let state = state.clone();
            async move {
                match tick {
                    Some(tick) => {
                        tokio::join!(monitor::watch(state.clone(), tick), webhooks::watch(state, tick));
                    }
                    None => std::future::pending().await,
                }
            }
        }),
    ];
    let hub = state.hub.clone();
    let stopping = async move {
        stop().await;
        // Streams never end by themselves.
        hub.close();
    };
    let served = axum::serve(listener, router(state)).with_graceful_shutdown(stopping).await;
    background.iter().for_each(tokio::task::JoinHandle::abort);
    served
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

#[cfg(test)]
mod tests {
    use super::origin;

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        for good in ["https://emr.example", "http://127.0.0.1:8080"] {
            assert_eq!(origin(good).expect(good), good);
        }
        for bad in ["*", "emr.example", "https://", "https://*.example", "https://emr.example/", "https://emr.example/page", "https://a@b"]
        {
            assert!(origin(bad).is_err(), "{bad}");
        }
    }
}
