//! Metrics of requests. Handles are cached, so that the hot path does not query the registry.

use std::{collections::HashMap, time::Duration};

use arc_swap::ArcSwap;
use http::{Method, StatusCode};
use metrics::{Counter, Histogram, counter, histogram};

/// The label of requests without a matching route.
pub(super) const NO_ROUTE: &str = "none";

#[derive(Clone)]
struct Handles {
    method: &'static str,
    status: StatusCode,
    requests: Counter,
    seconds: Histogram,
}

/// Handles by route template; bounded, because routes, methods and status codes are.
#[derive(Default)]
pub(super) struct Measures(ArcSwap<HashMap<Box<str>, Vec<Handles>>>);

impl Measures {
    pub(super) fn record(
        &self,
        route: &str,
        method: &'static str,
        status: StatusCode,
        took: Duration,
    ) {
        let known = self.0.load();
        let handles = known.get(route).and_then(|all| {
            all.iter()
                .find(|one| one.method == method && one.status == status)
        });
        match handles {
            Some(handles) => handles.count(took),
            None => self.add(route, method, status).count(took),
        }
    }

    #[cold]
    fn add(&self, route: &str, method: &'static str, status: StatusCode) -> Handles {
        let labels = [("route", route.to_owned()), ("method", method.to_owned())];
        let seconds = histogram!(crate::metric_names::HTTP_REQUEST_SECONDS, &labels);
        let [first, second] = labels;
        let labels = [first, second, ("status", status.as_str().to_owned())];
        let handles = Handles {
            method,
            status,
            requests: counter!(crate::metric_names::HTTP_REQUESTS, &labels),
            seconds,
        };
        self.0.rcu(|known| {
            let mut next = HashMap::clone(known);
            next.entry(route.into()).or_default().push(handles.clone());
            next
        });
        handles
    }
}

impl Handles {
    fn count(&self, took: Duration) {
        self.requests.increment(1);
        self.seconds.record(took.as_secs_f64());
    }
}

/// The method as a label: one of a fixed list, so that clients cannot create labels.
pub(super) fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::PATCH => "PATCH",
        _ => "OTHER",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_of_a_kind_share_one_handle() {
        let measures = Measures::default();
        for _ in 0..3 {
            measures.record("/token", "POST", StatusCode::OK, Duration::from_millis(1));
        }
        measures.record("/token", "POST", StatusCode::BAD_REQUEST, Duration::ZERO);
        assert_eq!(measures.0.load().len(), 1);
        assert_eq!(measures.0.load()["/token"].len(), 2);
    }

    #[test]
    fn requests_and_seconds_are_labelled_by_route_method_and_status() {
        let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
        metrics::with_local_recorder(&recorder, || {
            let measures = Measures::default();
            measures.record("/u/{id}", "GET", StatusCode::OK, Duration::from_millis(1));
            measures.record("/u/{id}", "GET", StatusCode::OK, Duration::from_millis(1));
        });
        let page = recorder.handle().render();
        let line = r#"cardea_http_requests_total{route="/u/{id}",method="GET",status="200"} 2"#;
        assert!(page.contains(line), "{page}");
        let line = r#"cardea_http_request_seconds_count{route="/u/{id}",method="GET"} 2"#;
        assert!(page.contains(line), "{page}");
    }

    #[test]
    fn an_unknown_method_creates_no_label() {
        let invented = Method::from_bytes(b"BREW").unwrap_or_default();
        assert_eq!(method_label(&invented), "OTHER");
    }
}
