//! Redirects plain HTTP to https.

use axum::{
    Router,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue, StatusCode,
    header::{HOST, LOCATION},
};

use crate::{error_page::Form, gateway::Gateway, refusal::Refusal};

/// Redirects every request for a configured host to its URL with https.
pub(crate) fn router(gateway: Gateway) -> Router {
    Router::new().fallback(redirect).with_state(gateway)
}

async fn redirect(State(gateway): State<Gateway>, request: Request) -> Response {
    let form = Form::accepted(request.headers());
    let host = request
        .headers()
        .get(HOST)
        .and_then(|host| host.to_str().ok());
    // The configured host with its port, never what the client sent.
    let Some(place) = host
        .and_then(without_port)
        .and_then(|name| gateway.public_name(name))
    else {
        return Refusal::Host.text().response(form, None);
    };
    // RFC 9112 §3.2.4: `OPTIONS *` is about the server and has no URL.
    let path = request.uri().path_and_query();
    let path = path.map(|path| path.as_str()).filter(|path| *path != "*");
    let path = path.unwrap_or("/");
    match HeaderValue::try_from(format!("https://{place}{path}")) {
        Ok(location) => (StatusCode::PERMANENT_REDIRECT, [(LOCATION, location)]).into_response(),
        Err(_) => Refusal::Malformed("The path is invalid.")
            .text()
            .response(form, None),
    }
}

fn without_port(host: &str) -> Option<&str> {
    let after_address = host.rfind(']').map_or(0, |end| end + 1);
    match host.get(after_address..)?.find(':') {
        Some(colon) => host.get(..after_address + colon),
        None => Some(host),
    }
}
