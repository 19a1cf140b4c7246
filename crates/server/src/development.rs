//! The extra wall of `cardea dev` (D23): a page elsewhere must not reach it by a name that resolves to loopback.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use cardea_web::inbound::Problem;
use http::{StatusCode, header::HOST};
use url::Url;

use crate::app::Shared;

/// Lets through only `localhost`, `127.0.0.1` and `[::1]` with the port of the issuer.
pub(crate) async fn only_loopback_names(
    State(app): State<Shared>,
    request: Request,
    next: Next,
) -> Response {
    let port = Url::parse(app.issuer())
        .ok()
        .and_then(|url| url.port_or_known_default())
        .unwrap_or_default();
    let in_uri = request
        .uri()
        .authority()
        .map(|authority| authority.as_str().to_owned());
    let host = in_uri.or_else(|| {
        request
            .headers()
            .get(HOST)?
            .to_str()
            .ok()
            .map(str::to_owned)
    });
    let names = ["localhost", "127.0.0.1", "[::1]"];
    let ours = host.is_some_and(|host| names.iter().any(|name| host == format!("{name}:{port}")));
    if ours {
        return next.run(request).await;
    }
    let detail =
        format!("cardea dev answers to localhost, 127.0.0.1 and [::1] with the port {port} alone.");
    Problem::new(StatusCode::MISDIRECTED_REQUEST, "Unknown host")
        .detail(detail)
        .into_response()
}
