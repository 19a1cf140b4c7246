//! A page on the wire.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use cardea_web::inbound::{PageHeaders, Problem};
use http::HeaderValue;

use super::Shell;
use crate::{app::App, caller::Caller};

/// Renders a page under its policy.
pub(crate) fn html(policy: &'static str, page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => (
            PageHeaders::new(HeaderValue::from_static(policy)),
            Html(text),
        )
            .into_response(),
        Err(error) => {
            tracing::error!(%error, "a template failed");
            Problem::internal().into_response()
        }
    }
}

impl App {
    /// What the frame of every page needs. `caller` lends its request id.
    pub(crate) fn shell<'a>(&'a self, caller: &'a Caller) -> Shell<'a> {
        Shell {
            brand: &self.settings.brand,
            assets: &self.assets,
            base: self.settings.issuer.path(),
            request_id: caller.request_id.as_str(),
            development: self.settings.development,
            lang: "en",
        }
    }
}
