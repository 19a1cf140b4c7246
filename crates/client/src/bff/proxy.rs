//! `/api/*`: calls of the page, handed on to the API with the access token put in.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use cardea_web::inbound::{ClientAddress, Problem, RequestId};
use cardea_web::outbound::UpstreamError;
use http::header::{
    ALT_SVC, AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, COOKIE, FORWARDED, ORIGIN,
    SET_COOKIE, STRICT_TRANSPORT_SECURITY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, request};

use super::answers::{forged, login_required, refused, unavailable};
use super::logout::is_safe;
use super::{Bff, csrf};
use crate::session::{NotFresh, Session};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");
const SERVICE_WORKER_ALLOWED: HeaderName = HeaderName::from_static("service-worker-allowed");

pub(super) async fn proxy(State(bff): State<Bff>, request: Request) -> Response {
    let (Some(api), Some(client)) = (&bff.0.config.api, &bff.0.api) else {
        return Problem::internal().into_response();
    };
    let (mut head, body) = request.into_parts();
    // It would answer with the request's headers, the token among them.
    if matches!(head.method, Method::TRACE | Method::CONNECT) {
        let detail = "This method is not handed on.";
        return refused(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed", detail);
    }
    let Some(path) = checked_path(head.uri.path(), &api.prefix) else {
        let detail = "The path has parts that servers read in different ways.";
        return refused(StatusCode::BAD_REQUEST, "Not a path of the API", detail);
    };
    let target = match head.uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let session = match bff.session_for(&head).await {
        Ok(session) => session,
        Err(response) => return *response,
    };
    let token = session.tokens().access_token.expose();
    let Ok(mut bearer) = HeaderValue::try_from(format!("Bearer {token}")) else {
        return Problem::internal().into_response();
    };
    bearer.set_sensitive(true);
    prepare(&mut head, bearer);
    match client.send(&target, Request::from_parts(head, body)).await {
        Ok(answer) => clean(answer),
        Err(error) => failed(&error),
    }
}

impl Bff {
    /// The session of a call, with a token that can be used.
    async fn session_for(&self, head: &request::Parts) -> Result<Session, Box<Response>> {
        let session = match self.0.sessions.load(&head.headers).await {
            Ok(Some(session)) => session,
            Ok(None) => return Err(Box::new(login_required())),
            Err(error) => {
                tracing::warn!(%error, "a call can't be handed on");
                return Err(Box::new(unavailable()));
            }
        };
        if !is_safe(&head.method)
            && let Err(detail) = self.judge_origin(&head.headers, &session, None)
        {
            return Err(Box::new(forged(detail)));
        }
        self.0.fresh.fresh(session).await.map_err(|error| {
            Box::new(match error {
                NotFresh::Ended => login_required(),
                NotFresh::Unavailable => unavailable(),
            })
        })
    }
}

/// The path behind the prefix. `None` when servers could disagree about which path it is.
fn checked_path<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(prefix)?;
    let segments = rest.strip_prefix('/')?;
    let segments = segments.strip_suffix('/').unwrap_or(segments);
    let plain = segments.is_empty() || segments.split('/').all(is_plain_segment);
    plain.then_some(rest)
}

/// Neither a step up or in place, nor a hidden separator, nor broken encoding.
fn is_plain_segment(segment: &str) -> bool {
    let mut decoded = Vec::with_capacity(segment.len());
    let mut bytes = segment.bytes();
    while let Some(byte) = bytes.next() {
        let byte = match byte {
            b'%' => {
                let digits = bytes.next().and_then(hex).zip(bytes.next().and_then(hex));
                let Some((high, low)) = digits else {
                    return false;
                };
                high << 4 | low
            }
            byte => byte,
        };
        if matches!(byte, b'/' | b'\\' | 0x00..=0x1f | 0x7f) {
            return false;
        }
        decoded.push(byte);
    }
    // Some servers cut what stands behind a semicolon before they look for dots.
    let name = decoded
        .split(|byte| *byte == b';')
        .next()
        .unwrap_or_default();
    !matches!(name, b"" | b"." | b"..")
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

/// What goes to the API: no cookie, nothing that only this app is told, and who is calling as we know it.
fn prepare(head: &mut request::Parts, bearer: HeaderValue) {
    let headers = &mut head.headers;
    for name in [COOKIE, ORIGIN, FORWARDED] {
        headers.remove(name);
    }
    for name in csrf::HEADERS {
        headers.remove(name);
    }
    remove_by_prefix(headers, &["x-forwarded-", "x-real-ip", "sec-fetch-"]);
    headers.insert(AUTHORIZATION, bearer);
    if let Some(id) = head.extensions.get::<RequestId>()
        && let Ok(id) = HeaderValue::from_str(id.as_str())
    {
        headers.insert(REQUEST_ID, id);
    }
    if let Some(client) = head.extensions.get::<ClientAddress>()
        && let Ok(ip) = HeaderValue::try_from(client.ip.to_string())
    {
        headers.insert(FORWARDED_FOR, ip);
    }
    // They are for this side of the call.
    head.extensions.clear();
}

fn remove_by_prefix(headers: &mut HeaderMap, prefixes: &[&str]) {
    let named = |name: &&HeaderName| {
        prefixes
            .iter()
            .any(|prefix| name.as_str().starts_with(prefix))
    };
    let gone: Vec<HeaderName> = headers.keys().filter(named).cloned().collect();
    for name in gone {
        headers.remove(name);
    }
}

/// The API speaks to the page, not for the app's origin: it sets no cookies, opens it to nobody, is no page itself, and no
/// cache that can't see the session keeps its answer.
fn clean(mut answer: Response<Body>) -> Response {
    let headers = answer.headers_mut();
    for name in [
        SET_COOKIE,
        STRICT_TRANSPORT_SECURITY,
        ALT_SVC,
        CLEAR_SITE_DATA,
        SERVICE_WORKER_ALLOWED,
    ] {
        headers.remove(name);
    }
    remove_by_prefix(headers, &["access-control-"]);
    // RFC 9111 §3.5: shared caches spare answers to requests with `Authorization`, which the browser's request hasn't.
    let kept_private = headers
        .get(CACHE_CONTROL)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("private") || value.contains("no-store"));
    if !kept_private {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    headers.append(VARY, HeaderValue::from_static("Cookie"));
    let nosniff = HeaderValue::from_static("nosniff");
    headers.insert(X_CONTENT_TYPE_OPTIONS, nosniff);
    let no_page = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox");
    headers.insert(CONTENT_SECURITY_POLICY, no_page);
    answer
}

fn failed(error: &UpstreamError) -> Response {
    let (status, title) = match error {
        UpstreamError::Path => (StatusCode::BAD_REQUEST, "Not a path of the API"),
        UpstreamError::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "The request is too large"),
        UpstreamError::TooSlow => (StatusCode::GATEWAY_TIMEOUT, "The API took too long"),
        UpstreamError::Unreachable(_) => (StatusCode::BAD_GATEWAY, "The API can't be reached"),
    };
    if status.is_server_error() {
        tracing::warn!(%error, "a call of the API failed");
    }
    refused(status, title, "The call was not answered by the API.")
}

#[cfg(test)]
mod tests {
    use super::checked_path;

    #[test]
    fn plain_paths_lose_their_prefix() {
        for (path, rest) in [
            ("/api/orders", "/orders"),
            ("/api/", "/"),
            ("/api/orders/7/", "/orders/7/"),
            ("/api/a%20b/%C3%A9", "/a%20b/%C3%A9"),
            ("/api/...", "/..."),
            ("/api/v1.2/x;y=1", "/v1.2/x;y=1"),
        ] {
            assert_eq!(checked_path(path, "/api"), Some(rest));
        }
    }

    #[test]
    fn what_could_leave_the_prefix_is_refused() {
        for path in [
            "/api",
            "/apis/orders",
            "/other",
            "/api/../admin",
            "/api/..",
            "/api/.",
            "/api/%2e%2e/admin",
            "/api/.%2E/admin",
            "/api/..;/admin",
            "/api/..%3b/admin",
            "/api/a%2f..%2fadmin",
            "/api/a%5c..",
            "/api/a\\..",
            "/api//evil",
            "/api/a//b",
            "/api/a%00",
            "/api/a%0d%0a",
            "/api/a%",
            "/api/a%2",
            "/api/a%zz",
        ] {
            assert_eq!(checked_path(path, "/api"), None, "{path}");
        }
    }
}
