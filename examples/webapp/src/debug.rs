//! `GET /debug`: for developers. It exists only if it is configured, and only for requests from this machine; all others get the page
//! for an unknown address. It shows no tokens.

use askama::Template;
use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Response},
};
use cardea_client::{ClientAddress, LoggedIn};
use http::{HeaderMap, StatusCode, header::FORWARDED};

use crate::{
    errors,
    page::{App, Frame, page},
};

#[derive(Template)]
#[template(path = "debug.html")]
struct Debug<'a> {
    frame: Frame<'a>,
    facts: Vec<(&'static str, String)>,
    claims: Option<String>,
}

pub(crate) async fn show(
    State(app): State<App>,
    Extension(address): Extension<ClientAddress>,
    headers: HeaderMap,
    user: Option<LoggedIn>,
) -> Response {
    if !app.config().debug || !is_local(address, &headers) {
        return errors::not_found().await.into_response();
    }
    let claims = user.as_ref().map(|user| {
        let claims = serde_json::to_string_pretty(user.identity());
        claims.unwrap_or_default()
    });
    let debug = Debug {
        frame: app.frame(user.as_ref()),
        facts: facts(&app, user.as_ref()),
        claims,
    };
    page(StatusCode::OK, &debug)
}

/// A proxy on this machine has a local address too, but its requests come from other machines.
fn is_local(address: ClientAddress, headers: &HeaderMap) -> bool {
    let forwarded = headers.contains_key(FORWARDED) || headers.contains_key("x-forwarded-for");
    address.ip.is_loopback() && !forwarded
}

fn facts(app: &App, user: Option<&LoggedIn>) -> Vec<(&'static str, String)> {
    let login = &app.config().login;
    let mut facts = vec![
        ("Provider", login.issuer.clone()),
        ("Client", login.client_id.clone()),
        ("Redirect URI", login.redirect_uri.clone()),
    ];
    if let Some(user) = user {
        let (session, sessions) = (user.session(), app.login().sessions());
        let tokens = session.tokens();
        let ends = tokens
            .expires_at
            .map_or("unknown".to_owned(), |at| at.to_string());
        facts.extend([
            ("Signed in", session.opened_at().to_string()),
            ("Ends when idle", sessions.ends_at(session).to_string()),
            ("Ends at last", sessions.last_moment(session).to_string()),
            ("Scope", tokens.scope.to_string()),
            ("Access token ends", ends),
            ("Refresh token", yes_or_no(tokens.refresh_token.is_some())),
        ]);
    }
    facts
}

fn yes_or_no(there: bool) -> String {
    if there { "yes" } else { "no" }.to_owned()
}
