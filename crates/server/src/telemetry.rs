//! Metrics for Prometheus, under `/metrics`.

use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use cardea_web::prometheus;
use http::header;
use metrics::{Counter, counter};

use crate::{
    ctx::Ctx,
    error::{self, Failure},
    error_page::page::PageError,
};

/// What the hot path counts, as handles: the registry is asked once, when the recorder is there.
pub(crate) static ACCESS_TOKENS: LazyLock<Counter> =
    LazyLock::new(|| counter!(cardea_web::metric_names::ACCESS_TOKENS_ISSUED));
/// Token requests that were granted.
pub(crate) static TOKENS_GIVEN: LazyLock<Counter> =
    LazyLock::new(|| counter!(cardea_web::metric_names::TOKEN_REQUESTS, "outcome" => "ok"));

/// `GET /metrics`, for the networks of `metrics.allow`.
pub(crate) async fn metrics(ctx: Ctx) -> Response {
    let allowed = |ip| {
        ctx.app
            .settings
            .metrics_allow
            .iter()
            .any(|network| network.contains(&ip))
    };
    if !ctx
        .caller
        .address
        .is_some_and(|address| allowed(address.ip))
    {
        let hidden = Failure::page(
            PageError::NotFound,
            "metrics asked for from elsewhere than metrics.allow",
        );
        return error::page(&ctx, Err(hidden));
    }
    (
        [(header::CONTENT_TYPE, prometheus::CONTENT_TYPE)],
        prometheus::page(),
    )
        .into_response()
}
