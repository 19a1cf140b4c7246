//! The metrics of the gateway. Handles are made with the routes, so that a request needs no registry lookup.

use std::time::Duration;

use http::StatusCode;
use metrics::{Counter, Histogram, counter, gauge, histogram};

use crate::refusal::Refusal;

/// The metrics of one route.
pub(crate) struct Measures {
    // By the first digit of the status.
    requests: [Counter; 5],
    seconds: Histogram,
}

impl Measures {
    /// The metrics of the route with this name.
    pub(crate) fn of(route: &str) -> Self {
        let classes = ["1xx", "2xx", "3xx", "4xx", "5xx"];
        let requests = classes.map(|status| {
            counter!(cardea_web::metric_names::GATEWAY_REQUESTS, "route" => route.to_owned(), "status" => status)
        });
        let seconds = histogram!(cardea_web::metric_names::GATEWAY_REQUEST_SECONDS, "route" => route.to_owned());
        Self { requests, seconds }
    }

    /// Counts a request, with the time to the head of its response.
    pub(crate) fn record(&self, status: StatusCode, took: Duration) {
        let class = usize::from(status.as_u16() / 100).saturating_sub(1);
        if let Some(counter) = self.requests.get(class) {
            counter.increment(1);
        }
        self.seconds.record(took.as_secs_f64());
    }
}

/// Counts a request that was not forwarded to this upstream.
pub(crate) fn refused(refusal: &Refusal, upstream: &str) {
    let upstream = upstream.to_owned();
    let reason = refusal.kind();
    counter!(cardea_web::metric_names::GATEWAY_REFUSED, "reason" => reason, "upstream" => upstream)
        .increment(1);
}

/// Counts a reload of the configuration.
pub(crate) fn reloaded(good: bool) {
    let outcome = if good { "taken" } else { "refused" };
    counter!(cardea_web::metric_names::GATEWAY_RELOADS, "outcome" => outcome).increment(1);
}

/// An open WebSocket, counted until it is dropped.
pub(crate) struct OpenTunnel(());

impl OpenTunnel {
    pub(crate) fn new() -> Self {
        gauge!(cardea_web::metric_names::GATEWAY_WEBSOCKETS).increment(1.0);
        Self(())
    }
}

impl Drop for OpenTunnel {
    fn drop(&mut self) {
        gauge!(cardea_web::metric_names::GATEWAY_WEBSOCKETS).decrement(1.0);
    }
}
