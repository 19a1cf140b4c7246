//! Requests that the gateway answers itself. The response says what the client can change; the log has the rest.

use std::time::Duration;

use cardea_web::inbound::{RequestId, limits::Decision};
use http::{
    HeaderValue, Response, StatusCode,
    header::{ALLOW, CONNECTION, RETRY_AFTER},
};

use crate::{
    body::ResponseBody,
    error_page::{ErrorText, Form},
    path::BadPath,
    prefixes::Ambiguous,
};

/// Why a request is not forwarded, or has no response.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("{0}")]
    Path(#[from] BadPath),
    #[error("applications could read the path as one of another route")]
    Ambiguous,
    #[error("{0}")]
    Malformed(&'static str),
    #[error("the host is not configured")]
    Host,
    #[error("no route matches the path")]
    NoRoute,
    #[error("the request has passed this gateway before: an upstream sends it back")]
    Loop,
    #[error("the method is not allowed")]
    Method,
    #[error("rate limit of the route exceeded")]
    TooMany(Decision),
    #[error("the body is larger than the route allows")]
    TooLarge,
    #[error("the client sends its request too slowly")]
    TooSlow,
    #[error("the client disconnected")]
    Gone,
    #[error("the memory for request bodies is used up")]
    NoMemory,
    #[error("the client's network uses its share of the memory for request bodies")]
    NetworkMemory,
    #[error("the client's network uses its share of the upstream's connections")]
    Crowded,
    #[error("all connections of the upstream are in use")]
    Full,
    #[error("the upstream cannot be reached: {0}")]
    Unreachable(String),
    #[error("the upstream failed: {0}")]
    Broken(String),
    #[error("the upstream took longer than {} s to {what}", limit.as_secs())]
    TimedOut { what: &'static str, limit: Duration },
    #[error("{0}")]
    Internal(&'static str),
}

impl From<Ambiguous> for Refusal {
    fn from(_: Ambiguous) -> Self {
        Self::Ambiguous
    }
}

impl Refusal {
    /// The label of the metric.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Path(_) | Self::Ambiguous | Self::Malformed(_) => "malformed",
            Self::Host => "host",
            Self::NoRoute => "no_route",
            Self::Loop => "loop",
            Self::Method => "method",
            Self::TooMany(_) => "rate_limit",
            Self::TooLarge => "too_large",
            Self::TooSlow => "client_slow",
            Self::Gone => "client_gone",
            Self::NoMemory => "body_memory_full",
            Self::Crowded | Self::NetworkMemory => "network_full",
            Self::Full => "upstream_full",
            Self::Unreachable(_) => "upstream_unreachable",
            Self::Broken(_) => "upstream_broken",
            Self::TimedOut { .. } => "upstream_slow",
            Self::Internal(_) => "internal",
        }
    }

    /// What the response says.
    pub(crate) fn text(&self) -> ErrorText {
        let logged = "The error was logged with the reference of this request.";
        let (status, title, detail) = match self {
            Self::Path(_) => (
                StatusCode::BAD_REQUEST,
                "The path is ambiguous",
                "Paths must not have empty segments, dot segments, encoded slashes or control characters.",
            ),
            Self::Ambiguous => (
                StatusCode::BAD_REQUEST,
                "The path is ambiguous",
                "Write the path exactly as it was given, in the same case and without parameters, blanks or dots after a name.",
            ),
            Self::Malformed(why) => (StatusCode::BAD_REQUEST, "The request is malformed", *why),
            Self::Host => (
                StatusCode::MISDIRECTED_REQUEST,
                "This host is not served here",
                "Check the address.",
            ),
            Self::NoRoute => (
                StatusCode::NOT_FOUND,
                "Not found",
                "There is nothing at this address.",
            ),
            Self::Loop => (
                StatusCode::LOOP_DETECTED,
                "The service is set up as a loop",
                logged,
            ),
            Self::Method => (
                StatusCode::METHOD_NOT_ALLOWED,
                "Method not allowed",
                "CONNECT and TRACE are not supported.",
            ),
            Self::TooMany(_) => (
                StatusCode::TOO_MANY_REQUESTS,
                "Too many requests",
                "The rate limit is exceeded. Retry after the time in Retry-After.",
            ),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "The request is too large",
                "The body of the request exceeds the limit.",
            ),
            Self::TooSlow | Self::Gone => (
                StatusCode::REQUEST_TIMEOUT,
                "The request timed out",
                "The request was not sent in time. Send it again.",
            ),
            Self::Crowded => (
                StatusCode::TOO_MANY_REQUESTS,
                "Too many requests at the same time",
                "Your network has too many requests in progress. Try again in a moment.",
            ),
            Self::NoMemory | Self::NetworkMemory | Self::Full => (
                StatusCode::SERVICE_UNAVAILABLE,
                "The service is busy",
                "Try again in a moment.",
            ),
            Self::Unreachable(_) | Self::Broken(_) => (
                StatusCode::BAD_GATEWAY,
                "The service is not available",
                logged,
            ),
            Self::TimedOut { .. } => (
                StatusCode::GATEWAY_TIMEOUT,
                "The service did not answer in time",
                logged,
            ),
            Self::Internal(_) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "Internal server error",
                logged,
            ),
        };
        ErrorText {
            status,
            title,
            detail,
        }
    }

    /// Whether the connection failed, not the request.
    pub(crate) fn is_broken(&self) -> bool {
        matches!(self, Self::Broken(_))
    }

    /// The response.
    pub(crate) fn response(&self, form: Form, id: RequestId) -> Response<ResponseBody> {
        let response = self.text().response(form, Some(id));
        let mut response = response.map(ResponseBody::own);
        let headers = response.headers_mut();
        match self {
            Self::TooMany(decision) => decision.write(headers),
            Self::Full | Self::Crowded | Self::NoMemory | Self::NetworkMemory => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            // RFC 9110 §15.5.6: a 405 lists the allowed methods.
            Self::Method => {
                let allowed = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
                headers.insert(ALLOW, HeaderValue::from_static(allowed));
            }
            // Where the message ends is not known, so nothing more is read from this connection.
            Self::Malformed(_) | Self::TooSlow | Self::TooLarge => {
                headers.insert(CONNECTION, HeaderValue::from_static("close"));
            }
            _ => {}
        }
        response
    }
}
