//! `GET /`: the first page, with or without a logged-in user.

use askama::Template;
use axum::{extract::State, response::Response};
use cardea_client::LoggedIn;
use http::StatusCode;

use crate::page::{App, Frame, page};

#[derive(Template)]
#[template(path = "home.html")]
struct Home<'a> {
    frame: Frame<'a>,
    facts: Vec<(&'static str, String)>,
}

pub(crate) async fn show(State(app): State<App>, user: Option<LoggedIn>) -> Response {
    let home = Home {
        frame: app.frame(user.as_ref()),
        facts: user.as_ref().map(facts).unwrap_or_default(),
    };
    page(StatusCode::OK, &home)
}

/// The data of the user on the page.
fn facts(user: &LoggedIn) -> Vec<(&'static str, String)> {
    let identity = user.identity();
    let email = identity.text("email").map(str::to_owned);
    let roles = Some(identity.roles.join(", ")).filter(|roles| !roles.is_empty());
    let known = [
        ("Name", Some(identity.name().to_owned())),
        ("Email", email),
        ("Roles", roles),
    ];
    known
        .into_iter()
        .filter_map(|(what, value)| Some((what, value?)))
        .collect()
}
