//! `GET /`: the first page, with or without somebody logged in.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use cardea_client::guard::LoggedIn;
use http::StatusCode;

use crate::page::{App, Frame, page};

#[derive(Template)]
#[template(path = "home.html")]
struct Home<'a> {
    frame: Frame<'a>,
    facts: Vec<(&'static str, String)>,
    debug: bool,
}

pub(crate) async fn show(State(app): State<App>, person: Option<LoggedIn>) -> Response {
    let home = Home {
        frame: app.frame(person.as_ref()),
        facts: person.as_ref().map(facts).unwrap_or_default(),
        debug: app.config().debug,
    };
    page(StatusCode::OK, &home)
}

/// What the provider said of somebody.
fn facts(person: &LoggedIn) -> Vec<(&'static str, String)> {
    let identity = person.identity();
    let email = identity.text("email").map(str::to_owned);
    let roles = Some(identity.roles.join(", ")).filter(|roles| !roles.is_empty());
    let known = [
        ("E-mail", email),
        ("Roles", roles),
        ("Provider", Some(identity.iss.clone())),
        ("Subject", Some(identity.sub.clone())),
    ];
    known
        .into_iter()
        .filter_map(|(what, value)| Some((what, value?)))
        .collect()
}
