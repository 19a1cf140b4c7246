//! The metrics of Cardea: names, units and descriptions, for all crates.
//!
//! The page `docs/reference/metrics.md` is generated from this table.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

/// What a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A number of events.
    Counter,
    /// A number of things that exist now.
    Gauge,
    /// A distribution of sizes.
    Sizes,
    /// A distribution of times, in seconds.
    Seconds,
}

/// A metric.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// The name.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// The description.
    pub description: &'static str,
}

macro_rules! metrics {
    ($($constant:ident = $name:literal, $kind:ident, $labels:expr, $description:literal;)+) => {
        $(#[doc = $description] pub const $constant: &str = $name;)+

        /// All metrics, in the order of the reference page.
        pub const ALL: &[Metric] = &[$(Metric {
            name: $constant,
            kind: Kind::$kind,
            labels: &$labels,
            description: $description,
        }),+];
    };
}

metrics! {
    HTTP_REQUESTS = "cardea_http_requests_total", Counter, ["route", "method", "status"], "Requests to the provider, to an API or to an app.";
    HTTP_REQUEST_SECONDS = "cardea_http_request_seconds", Seconds, ["route", "method"], "Time from the head of a request to the head of its response.";
    HTTP_BODIES_REFUSED = "cardea_http_bodies_refused_total", Counter, [], "Requests that were refused because too many request bodies were in progress.";
    CONNECTIONS_CLOSED = "cardea_connections_closed_total", Counter, ["reason"], "Connections that were closed for another one (`idle`, `busy`), or refused because all slots were busy (`refused`).";
    LOG_LINES_DROPPED = "cardea_log_lines_dropped_total", Counter, [], "Lines of the log that could not be written.";
    LOG_LINES_SAMPLED = "cardea_log_lines_sampled_total", Counter, [], "Lines about refused requests that were left out of the log, because there were too many in one second.";
    LOGINS = "cardea_logins_total", Counter, ["outcome"], "Attempts to log in.";
    SECOND_FACTORS = "cardea_second_factors_total", Counter, ["outcome"], "Codes that were presented for a second factor.";
    LOGOUTS = "cardea_logouts_total", Counter, [], "Sessions that a user ended.";
    CODES_ISSUED = "cardea_codes_issued_total", Counter, [], "Authorization codes that were issued.";
    CODE_REUSE = "cardea_code_reuse_total", Counter, [], "Authorization codes that were presented again.";
    TOKEN_REQUESTS = "cardea_token_requests_total", Counter, ["outcome"], "Requests to the token endpoint.";
    ACCESS_TOKENS_ISSUED = "cardea_access_tokens_issued_total", Counter, [], "Access tokens that were issued.";
    REFRESH_EVENTS = "cardea_refresh_events_total", Counter, ["event"], "Refresh tokens that were presented late, again, or after they had been replaced.";
    BACKCHANNEL_LOGOUT = "cardea_backchannel_logout_total", Counter, ["outcome"], "Attempts to deliver a logout token.";
    MAIL = "cardea_mail_total", Counter, ["outcome"], "Attempts to send a mail: `delivered`, `failed` (it is tried again), `given_up`.";
    STORE_COMMANDS = "cardea_store_commands_total", Counter, [], "Commands that the store has executed.";
    STORE_BATCH_SIZE = "cardea_store_batch_size", Sizes, [], "Commands in one transaction of the store.";
    STORE_COMMIT_SECONDS = "cardea_store_commit_seconds", Seconds, [], "Time of a commit of the store.";
    STORE_QUEUE_FULL = "cardea_store_queue_full_total", Counter, [], "Commands that were refused because the queue of the store was full.";
    STORE_CONFLICTS = "cardea_store_conflicts_total", Counter, [], "Transactions that PostgreSQL undid for another one (serialization failure or deadlock); they are run again.";
    RESOURCE_TOKENS = "cardea_resource_tokens_total", Counter, ["verdict"], "Access tokens that an API has verified.";
    RESOURCE_INTROSPECTIONS = "cardea_resource_introspections_total", Counter, ["outcome"], "Introspection requests of an API.";
    RESOURCE_FORBIDDEN = "cardea_resource_forbidden_total", Counter, [], "Requests to an API that its guards refused.";
    RESOURCE_LIMITED = "cardea_resource_limited_total", Counter, [], "Requests to an API above a rate limit.";
    GATEWAY_REQUESTS = "cardea_gateway_requests_total", Counter, ["route", "status"], "Requests to the gateway.";
    GATEWAY_REQUEST_SECONDS = "cardea_gateway_request_seconds", Seconds, ["route"], "Time from the head of a request to the gateway to the head of its response.";
    GATEWAY_REFUSED = "cardea_gateway_refused_total", Counter, ["reason", "upstream"], "Requests that the gateway answered itself.";
    GATEWAY_RELOADS = "cardea_gateway_reloads_total", Counter, ["outcome"], "Changes of the gateway's configuration.";
    GATEWAY_WEBSOCKETS = "cardea_gateway_websockets", Gauge, [], "Open WebSocket connections of the gateway.";
}

/// Gives the descriptions to the recorder, which must be installed.
pub fn describe() {
    for metric in ALL {
        match metric.kind {
            Kind::Counter => describe_counter!(metric.name, Unit::Count, metric.description),
            Kind::Gauge => describe_gauge!(metric.name, Unit::Count, metric.description),
            Kind::Sizes => describe_histogram!(metric.name, Unit::Count, metric.description),
            Kind::Seconds => describe_histogram!(metric.name, Unit::Seconds, metric.description),
        }
    }
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests"
)]
mod tests {
    use std::collections::BTreeSet;
    use std::fmt::Write;
    use std::path::{Path, PathBuf};

    use super::*;

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
    }

    fn page() -> String {
        let mut page = String::from(
            "# Metrics\n\nGenerated from `crates/web/src/metric_names.rs`. The provider shows them at `/metrics`, the gateway at its own path; a kit \
             counts them with the recorder of the program that uses it.\n\n| name | kind | labels | meaning |\n|---|---|---|---|\n",
        );
        for metric in ALL {
            let kind = match metric.kind {
                Kind::Counter => "counter",
                Kind::Gauge => "gauge",
                Kind::Sizes => "histogram",
                Kind::Seconds => "histogram, seconds",
            };
            let labels: Vec<_> = metric
                .labels
                .iter()
                .map(|label| format!("`{label}`"))
                .collect();
            let (name, labels, meaning) = (metric.name, labels.join(", "), metric.description);
            writeln!(page, "| `{name}` | {kind} | {labels} | {meaning} |").unwrap();
        }
        page
    }

    #[test]
    fn the_reference_page_is_fresh() {
        let path = root().join("docs/reference/metrics.md");
        if std::env::var_os("CARDEA_WRITE").is_some() {
            std::fs::write(&path, page()).unwrap();
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            written == page(),
            "stale: CARDEA_WRITE=1 cargo test -p cardea-web metric_names"
        );
    }

    #[test]
    fn names_end_in_their_unit_and_come_once() {
        let mut names = BTreeSet::new();
        for metric in ALL {
            let suffix = match metric.kind {
                Kind::Counter => "_total",
                Kind::Gauge => "",
                Kind::Sizes => "_size",
                Kind::Seconds => "_seconds",
            };
            assert!(metric.name.ends_with(suffix), "{}", metric.name);
            assert!(names.insert(metric.name), "{} comes twice", metric.name);
        }
    }

    #[test]
    fn every_metric_in_the_code_is_in_the_table() {
        let names: BTreeSet<_> = ALL.iter().map(|metric| metric.name).collect();
        let own = Path::new("metric_names.rs").file_name();
        let files = sources(&root().join("crates"));
        for file in files.iter().filter(|file| file.file_name() != own) {
            let text = std::fs::read_to_string(file).unwrap();
            let macros = ["counter!(", "gauge!(", "histogram!("];
            for at in macros.iter().flat_map(|call| text.match_indices(call)) {
                let rest = text
                    .get(at.0 + at.1.len()..)
                    .unwrap_or_default()
                    .trim_start();
                let Some(literal) = rest
                    .strip_prefix('"')
                    .and_then(|rest| rest.split('"').next())
                else {
                    continue;
                };
                assert!(names.contains(literal), "{literal} in {}", file.display());
            }
        }
    }

    fn sources(folder: &Path) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                if path.file_name().is_some_and(|name| name != "tests") {
                    found.extend(sources(&path));
                }
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                found.push(path);
            }
        }
        found
    }
}
