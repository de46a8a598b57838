//! What the operator watches: `/metrics` for Prometheus, `/readyz` for the load balancer.

use std::time::Duration;

use axum::extract::State as Shared;
use axum::http::header;
use axum::response::IntoResponse;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use super::State;
use super::problem::Refusal;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    route: String,
    status: u16,
}

/// Counters of one service.
pub struct Metrics {
    registry: Registry,
    requests: Family<Labels, Counter>,
    seconds: Histogram,
    judged: Counter,
    rescored: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("bingli");
        let requests = Family::<Labels, Counter>::default();
        let seconds = Histogram::new(exponential_buckets(0.001, 2.0, 14));
        let (judged, rescored) = (Counter::default(), Counter::default());
        registry.register("requests", "Requests served, by route and status", requests.clone());
        registry.register("request_seconds", "Seconds a request took", seconds.clone());
        registry.register("visits_judged", "Visits judged", judged.clone());
        registry.register("visits_rescored", "Visits scored in batches", rescored.clone());
        Self { registry, requests, seconds, judged, rescored }
    }
}

impl Metrics {
    pub fn seen(&self, route: &str, status: u16, elapsed: Duration) {
        self.requests.get_or_create(&Labels { route: route.to_owned(), status }).inc();
        self.seconds.observe(elapsed.as_secs_f64());
    }

    pub fn judged(&self) {
        self.judged.inc();
    }

    pub fn rescored(&self, visits: usize) {
        self.rescored.inc_by(visits as u64);
    }
}

pub async fn metrics(Shared(state): Shared<State>) -> Result<impl IntoResponse, Refusal> {
    let mut text = String::new();
    encode(&mut text, &state.metrics.registry).map_err(|error| Refusal::Broken(error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text))
}

/// Ready means that the database answers.
pub async fn ready(Shared(state): Shared<State>) -> Result<&'static str, Refusal> {
    state.store.ping().await?;
    Ok("ready")
}
