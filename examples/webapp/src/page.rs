//! The shared parts of all pages.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::FromRef,
    response::{Html, IntoResponse, Response},
};
use cardea_client::{LoggedIn, Login, PageHeaders, Problem, ReturnTo, bff::Bff};
use http::{
    HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};

use crate::Config;

/// Our own style sheet, and nothing else. Browsers apply `form-action` to redirects after a submit too, and the logout form
/// redirects to the provider, whose address is configuration: so there is no `form-action`.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'",
);

/// The state of the handlers.
#[derive(Clone)]
pub(crate) struct App(Arc<Inner>);

struct Inner {
    config: Config,
    login: Login,
}

impl App {
    pub(crate) fn new(config: &Config, login: Login) -> Self {
        let config = config.clone();
        Self(Arc::new(Inner { config, login }))
    }

    pub(crate) fn config(&self) -> &Config {
        &self.0.config
    }

    pub(crate) fn login(&self) -> &Login {
        &self.0.login
    }

    /// The path of the first page.
    pub(crate) fn home(&self) -> String {
        format!("{}/", self.0.config.path)
    }

    /// The frame around a page, for the current user.
    pub(crate) fn frame(&self, user: Option<&LoggedIn>) -> Frame<'_> {
        let home = self.home();
        let back_here = ReturnTo::parse(&home).unwrap_or_else(ReturnTo::home);
        Frame {
            path: &self.0.config.path,
            home,
            login: self.0.login.login_path(&back_here),
            notice: self.0.config.notice.as_deref(),
            user: user.map(|user| User {
                name: user.name().to_owned(),
                csrf_token: user.csrf_token(),
            }),
        }
    }
}

/// The login that [`LoggedIn`] takes from the state.
impl FromRef<App> for Bff {
    fn from_ref(app: &App) -> Self {
        Self::from_ref(&app.0.login)
    }
}

/// The values of `layout.html`.
pub(crate) struct Frame<'a> {
    pub(crate) path: &'a str,
    pub(crate) home: String,
    pub(crate) login: String,
    pub(crate) notice: Option<&'a str>,
    pub(crate) user: Option<User>,
}

pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) csrf_token: String,
}

impl<'a> Frame<'a> {
    /// The frame around a page without a user.
    pub(crate) fn of_visitor(config: &'a Config, login: &str) -> Self {
        Self {
            path: &config.path,
            home: format!("{}/", config.path),
            login: login.to_owned(),
            notice: config.notice.as_deref(),
            user: None,
        }
    }
}

/// A page as an answer.
pub(crate) fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => (status, PageHeaders::new(POLICY), Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be made");
            Problem::internal().into_response()
        }
    }
}

/// `GET /style.css`
pub(crate) async fn style() -> impl IntoResponse {
    let headers = [
        (CONTENT_TYPE, "text/css; charset=utf-8"),
        (CACHE_CONTROL, "no-cache"),
    ];
    (headers, include_str!("../templates/style.css"))
}
