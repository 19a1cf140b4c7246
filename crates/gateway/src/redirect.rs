//! Plain HTTP, which leads to https and nowhere else.

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use cardea_web::inbound::Problem;
use http::header::{HOST, LOCATION};
use http::{HeaderValue, StatusCode};

use crate::gateway::Gateway;

/// Answers every request for a host of the gateway with its address by https.
pub(crate) fn router(gateway: Gateway) -> Router {
    Router::new().fallback(redirect).with_state(gateway)
}

async fn redirect(State(gateway): State<Gateway>, request: Request) -> Response {
    let host = request
        .headers()
        .get(HOST)
        .and_then(|host| host.to_str().ok());
    // As it is configured, with the port that browsers know, so that the redirect leads nowhere else.
    let Some(place) = host
        .and_then(without_port)
        .and_then(|name| gateway.public_name(name))
    else {
        let problem = Problem::new(
            StatusCode::MISDIRECTED_REQUEST,
            "This host is not served here",
        );
        return problem.into_response();
    };
    let path = request
        .uri()
        .path_and_query()
        .map_or("/", |path| path.as_str());
    match HeaderValue::try_from(format!("https://{place}{path}")) {
        Ok(location) => (StatusCode::PERMANENT_REDIRECT, [(LOCATION, location)]).into_response(),
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}

fn without_port(host: &str) -> Option<&str> {
    let after_address = host.rfind(']').map_or(0, |end| end + 1);
    match host.get(after_address..)?.find(':') {
        Some(colon) => host.get(..after_address + colon),
        None => Some(host),
    }
}
