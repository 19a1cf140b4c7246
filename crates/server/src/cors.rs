//! Which pages of other origins may call the token endpoint, userinfo and revocation (D21).

use axum::{extract::State, response::Response};
use cardea_protocol::request::basic_client_id;
use cardea_web::inbound::cors::{Cors, origin};
use http::header::AUTHORIZATION;

use crate::{
    app::{App, Shared},
    caller::Caller,
};

/// `/token` and `/revocation`
pub(crate) const TOKEN: Cors = Cors::new("POST", "authorization, content-type");
/// `/userinfo`
pub(crate) const USERINFO: Cors = Cors::new("GET, POST", "authorization, content-type");

/// `OPTIONS /token`, `OPTIONS /revocation`: allowed for the origins of enabled clients.
pub(crate) async fn token_preflight(State(app): State<Shared>, caller: Caller) -> Response {
    TOKEN.preflight(&caller.headers, |origin| app.clients.knows_origin(origin))
}

/// `OPTIONS /userinfo`
pub(crate) async fn userinfo_preflight(State(app): State<Shared>, caller: Caller) -> Response {
    USERINFO.preflight(&caller.headers, |origin| app.clients.knows_origin(origin))
}

/// The origins of the client that a request names. The name is unverified, but it only lets this client's own pages
/// read a response that is meant for it.
pub(crate) async fn claimed_origins(
    app: &App,
    caller: &Caller,
    pairs: &[(String, String)],
) -> Vec<String> {
    if origin(&caller.headers).is_none() {
        return Vec::new();
    }
    let in_body = || {
        pairs
            .iter()
            .find(|(name, _)| name == "client_id")
            .map(|(_, id)| id.clone())
    };
    let Some(client_id) = in_body().or_else(|| in_basic(caller)) else {
        return Vec::new();
    };
    origins_of(app, &client_id).await
}

/// The origins of a client.
pub(crate) async fn origins_of(app: &App, client_id: &str) -> Vec<String> {
    match app.clients.find(client_id).await {
        Ok(Some(client)) if client.is_enabled() => client.origins().to_vec(),
        _ => Vec::new(),
    }
}

fn in_basic(caller: &Caller) -> Option<String> {
    basic_client_id(caller.headers.get(AUTHORIZATION)?.to_str().ok()?)
}
