//! The metadata at both well-known places, and the keys.

use axum::{body::Body, extract::State, response::Response};
use bytes::Bytes;
use cardea_web::inbound::cors;
use http::{HeaderValue, header};

use crate::app::Shared;

/// More than such a response has.
const HEADERS: usize = 12;

/// D13: how long the JWKS may be kept; a key is published longer than that before it signs.
const CACHED: HeaderValue = HeaderValue::from_static("public, max-age=900");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// RFC 7517 §8.5.1
const JWK_SET: HeaderValue = HeaderValue::from_static("application/jwk-set+json");

/// `GET /.well-known/openid-configuration` and `GET /.well-known/oauth-authorization-server`
pub(crate) async fn metadata(State(app): State<Shared>) -> Response {
    document(app.metadata(), JSON)
}

/// `GET /.well-known/jwks.json`
pub(crate) async fn jwks(State(app): State<Shared>) -> Response {
    document(app.ring.current().jwks(), JWK_SET)
}

/// `OPTIONS` of these: any origin may read them, with any header (D21).
pub(crate) async fn preflight() -> Response {
    cors::open_preflight()
}

fn document(body: Bytes, content_type: HeaderValue) -> Response {
    let mut response = Response::new(Body::from(body));
    let headers = response.headers_mut();
    // Room for those of every response, so that the map doesn't grow.
    headers.reserve(HEADERS);
    headers.insert(header::CONTENT_TYPE, content_type);
    headers.insert(header::CACHE_CONTROL, CACHED);
    cors::open(headers);
    response
}
