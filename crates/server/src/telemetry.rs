//! Metrics for Prometheus, under `/metrics`.

use std::sync::{LazyLock, OnceLock};

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::header;
use metrics::{Counter, counter};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::{
    app::Shared,
    caller::Caller,
    error::{self, Failure},
    error_page::page::Trouble,
};

const SECONDS: &[f64] = &[
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];
const SIZES: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// What the hot path counts, as handles: the registry is asked once, when the recorder is there.
pub(crate) static ACCESS_TOKENS: LazyLock<Counter> =
    LazyLock::new(|| counter!("cardea_access_tokens_issued_total"));
/// Token requests that were granted.
pub(crate) static TOKENS_GIVEN: LazyLock<Counter> =
    LazyLock::new(|| counter!("cardea_token_requests_total", "outcome" => "ok"));

static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Installs the process's one recorder; what is counted before is lost.
pub fn install_metrics() {
    RECORDER.get_or_init(|| {
        let builder = PrometheusBuilder::new();
        let builder = builder
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)
            .ok()?;
        let builder = builder
            .set_buckets_for_metric(Matcher::Suffix("_size".to_owned()), SIZES)
            .ok()?;
        builder.install_recorder().ok()
    });
}

/// `GET /metrics`, for the networks of `metrics.allow`.
pub(crate) async fn metrics(State(app): State<Shared>, caller: Caller) -> Response {
    let allowed = |ip| {
        app.settings
            .metrics_allow
            .iter()
            .any(|network| network.contains(&ip))
    };
    if !caller.address.is_some_and(|address| allowed(address.ip)) {
        let hidden = Failure::page(
            Trouble::NotFound,
            "metrics asked for from elsewhere than metrics.allow",
        );
        return error::page(&app, &caller, Err(hidden));
    }
    let text = RECORDER
        .get()
        .and_then(Option::as_ref)
        .map(PrometheusHandle::render)
        .unwrap_or_default();
    (
        [(
            header::CONTENT_TYPE,
            "text/plain; version=0.0.4; charset=utf-8",
        )],
        text,
    )
        .into_response()
}
