//! What all pages have in common.

use std::sync::Arc;

use askama::Template;
use axum::extract::FromRef;
use axum::response::{Html, IntoResponse, Response};
use cardea_client::bff::{Bff, ReturnTo};
use cardea_client::guard::LoggedIn;
use cardea_web::inbound::{PageHeaders, Problem};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};

use crate::Config;

/// Our own style sheet, and nothing else. Browsers hold `form-action` against where a form leads in the end too, and the one that
/// logs out leads to the provider, wherever it is: so there is none.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'",
);

/// What handlers ask for by `State`.
#[derive(Clone)]
pub(crate) struct App(Arc<Inner>);

struct Inner {
    config: Config,
    bff: Bff,
}

impl App {
    pub(crate) fn new(config: &Config, bff: Bff) -> Self {
        let config = config.clone();
        Self(Arc::new(Inner { config, bff }))
    }

    pub(crate) fn config(&self) -> &Config {
        &self.0.config
    }

    pub(crate) fn bff(&self) -> &Bff {
        &self.0.bff
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
            login: self.0.bff.login_path(&back_here),
            notice: self.0.config.notice.as_deref(),
            user: user.map(|user| User {
                name: name(user),
                csrf_token: user.csrf_token(),
            }),
        }
    }
}

impl FromRef<App> for Bff {
    fn from_ref(app: &App) -> Self {
        app.0.bff.clone()
    }
}

/// What `layout.html` shows.
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

/// The user's display name.
fn name(user: &LoggedIn) -> String {
    let identity = user.identity();
    let known = ["name", "preferred_username", "email"];
    let name = known.iter().find_map(|claim| identity.text(claim));
    name.unwrap_or(&identity.sub).to_owned()
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
