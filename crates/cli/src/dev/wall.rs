//! The middleware around each part in development (D23).

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use cardea_web::inbound::Problem;
use http::{
    StatusCode,
    header::{HOST, STRICT_TRANSPORT_SECURITY},
};

/// The router, for these hosts only: a page elsewhere must not reach it by a name that resolves to loopback.
pub(crate) fn around(router: Router, names: Vec<String>) -> Router {
    router.layer(from_fn_with_state(Arc::from(names), pass))
}

async fn pass(State(names): State<Arc<[String]>>, request: Request, next: Next) -> Response {
    let host = request.headers().get(HOST).map(|host| host.as_bytes());
    let in_uri = request
        .uri()
        .authority()
        .map(|host| host.as_str().as_bytes());
    let host = in_uri.or(host).unwrap_or_default();
    if !names.iter().any(|name| name.as_bytes() == host) {
        let problem = Problem::new(StatusCode::MISDIRECTED_REQUEST, "Unknown host");
        let detail =
            "cardea dev only answers to localhost, 127.0.0.1 and [::1] with its own ports.";
        return problem.detail(detail).into_response();
    }
    let mut response = next.run(request).await;
    // It would apply to everything on localhost, on any port.
    response.headers_mut().remove(STRICT_TRANSPORT_SECURITY);
    response
}
