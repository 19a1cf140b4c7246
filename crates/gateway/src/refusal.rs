//! What the gateway answers itself when a request goes no further. The caller learns what it can mend, the log the rest.

use std::time::Duration;

use axum::response::IntoResponse as _;
use cardea_web::inbound::limits::Decision;
use cardea_web::inbound::{Problem, RequestId};
use http::header::{ALLOW, CONNECTION, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};

use crate::body::ResponseBody;
use crate::path::BadPath;

/// Why a request is answered by the gateway.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("{0}")]
    Path(#[from] BadPath),
    #[error("{0}")]
    Malformed(&'static str),
    #[error("the host isn't one of the configured")]
    Host,
    #[error("no route leads there")]
    NoRoute,
    #[error("the method isn't for proxies")]
    Method,
    #[error("the rate limit of the route is spent")]
    TooMany(Decision),
    #[error("the body is larger than the route allows")]
    TooLarge,
    #[error("the client stopped sending its request")]
    TooSlow,
    #[error("the client broke off")]
    Gone,
    #[error("the client's network has its share of the upstream's connections")]
    Crowded,
    #[error("the upstream has all the connections it may have")]
    Full,
    #[error("the upstream can't be reached: {0}")]
    Unreachable(String),
    #[error("the upstream broke off: {0}")]
    Broken(String),
    #[error("the upstream took longer than {} s to {what}", limit.as_secs())]
    TimedOut { what: &'static str, limit: Duration },
    #[error("{0}")]
    Internal(&'static str),
}

impl Refusal {
    /// The label of the metric.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Path(_) | Self::Malformed(_) => "malformed",
            Self::Host => "host",
            Self::NoRoute => "no_route",
            Self::Method => "method",
            Self::TooMany(_) => "rate_limit",
            Self::TooLarge => "too_large",
            Self::TooSlow => "client_slow",
            Self::Gone => "client_gone",
            Self::Crowded => "network_full",
            Self::Full => "upstream_full",
            Self::Unreachable(_) => "upstream_unreachable",
            Self::Broken(_) => "upstream_broken",
            Self::TimedOut { .. } => "upstream_slow",
            Self::Internal(_) => "internal",
        }
    }

    fn said(&self) -> (StatusCode, &'static str, &'static str) {
        let later = "The failure was logged under the id of this request.";
        match self {
            Self::Path(_) => (
                StatusCode::BAD_REQUEST,
                "The path has more than one meaning",
                "Write it without empty segments, dots, encoded slashes and control characters.",
            ),
            Self::Malformed(why) => (StatusCode::BAD_REQUEST, "The request is malformed", why),
            Self::Host => (
                StatusCode::MISDIRECTED_REQUEST,
                "This host is not served here",
                "Use the address that the service was given out under.",
            ),
            Self::NoRoute => (
                StatusCode::NOT_FOUND,
                "Not found",
                "Nothing is served at this path.",
            ),
            Self::Method => (
                StatusCode::METHOD_NOT_ALLOWED,
                "Method not allowed",
                "CONNECT and TRACE are not taken.",
            ),
            Self::TooMany(_) => (
                StatusCode::TOO_MANY_REQUESTS,
                "Too many requests",
                "Come again after the time in Retry-After.",
            ),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "The request is too large",
                "Send less at once.",
            ),
            Self::TooSlow | Self::Gone => (
                StatusCode::REQUEST_TIMEOUT,
                "The request was not sent in time",
                "Send it again.",
            ),
            Self::Crowded => (
                StatusCode::TOO_MANY_REQUESTS,
                "Too many requests at one time",
                "Come again when others of your network have finished.",
            ),
            Self::Full => (
                StatusCode::SERVICE_UNAVAILABLE,
                "The service is busy",
                "Come again in a moment.",
            ),
            Self::Unreachable(_) | Self::Broken(_) => (
                StatusCode::BAD_GATEWAY,
                "The service can't be reached",
                later,
            ),
            Self::TimedOut { .. } => (
                StatusCode::GATEWAY_TIMEOUT,
                "The service did not answer in time",
                later,
            ),
            Self::Internal(_) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "Internal server error",
                later,
            ),
        }
    }

    /// Whether the connection failed, and not the request.
    pub(crate) fn is_broken(&self) -> bool {
        matches!(self, Self::Broken(_))
    }

    /// The answer, a problem document that carries the id.
    pub(crate) fn answer(&self, id: RequestId) -> Response<ResponseBody> {
        let (status, title, detail) = self.said();
        let problem = Problem::new(status, title).detail(detail).correlated(id);
        let mut response = problem.into_response().map(ResponseBody::own);
        let headers = response.headers_mut();
        headers.insert(
            http::header::CACHE_CONTROL,
            HeaderValue::from_static("no-store"),
        );
        match self {
            Self::TooMany(decision) => decision.write(headers),
            Self::Full | Self::Crowded => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            // RFC 9110 §15.5.6: a 405 names what is allowed.
            Self::Method => {
                let allowed = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
                headers.insert(ALLOW, HeaderValue::from_static(allowed));
            }
            // Where a message ends is in doubt, so nothing that follows on this connection is read.
            Self::Malformed(_) => {
                headers.insert(CONNECTION, HeaderValue::from_static("close"));
            }
            _ => {}
        }
        response
    }
}
