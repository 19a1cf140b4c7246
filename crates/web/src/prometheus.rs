//! The metrics of the process in the text format of Prometheus.

use std::{sync::OnceLock, time::Duration};

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::metric_names;

/// The content type of [`page`].
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

const SECONDS: &[f64] = &[
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];
const SIZES: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// The interval at which recorded samples are aggregated.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Installs the global recorder unless it is installed already; what is counted before is lost.
pub fn install() {
    RECORDER.get_or_init(|| {
        let builder = PrometheusBuilder::new();
        let builder = builder
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)
            .ok()?;
        let builder = builder
            .set_buckets_for_metric(Matcher::Suffix("_size".to_owned()), SIZES)
            .ok()?;
        let handle = builder.install_recorder().ok()?;
        metric_names::describe();
        let kept = handle.clone();
        // Samples of histograms are kept in memory until they are aggregated. Without a scraper only this thread does that.
        let upkeep = std::thread::Builder::new().name("cardea-metrics".to_owned());
        let started = upkeep.spawn(move || {
            loop {
                std::thread::sleep(UPKEEP_EVERY);
                kept.run_upkeep();
            }
        });
        if let Err(error) = started {
            tracing::warn!(%error, "could not start the metrics thread; metrics use more memory until they are scraped");
        }
        Some(handle)
    });
}

/// All metrics; empty without a recorder.
#[must_use]
pub fn page() -> String {
    RECORDER
        .get()
        .and_then(Option::as_ref)
        .map(PrometheusHandle::render)
        .unwrap_or_default()
}
