//! A page on the wire.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use cardea_web::inbound::{PageHeaders, Problem};
use http::{HeaderValue, StatusCode};

use super::csp;

/// Renders a page under its policy.
pub(crate) fn html(policy: &'static str, page: &impl Template) -> Response {
    let value = HeaderValue::from_static(policy);
    let headers = match policy {
        csp::MAY_REDIRECT | csp::MAY_REDIRECT_WITH_PASSKEY | csp::FORM_POST => {
            PageHeaders::on_the_way_to_a_client(value)
        }
        _ => PageHeaders::new(value),
    };
    match page.render() {
        Ok(text) => (headers, Html(text)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a template failed");
            Problem::internal().into_response()
        }
    }
}

/// A page that says why what was posted was refused.
pub(crate) fn refused(mut page: Response) -> Response {
    *page.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Template)]
    #[template(source = "page", ext = "html")]
    struct Page;

    #[test]
    fn a_login_in_a_popup_can_still_speak_to_the_page_that_opened_it() {
        let isolated = |policy| {
            let response = html(policy, &Page);
            assert_eq!(response.headers()["content-security-policy"], policy);
            assert_eq!(response.headers()["x-frame-options"], "DENY");
            response
                .headers()
                .contains_key("cross-origin-opener-policy")
        };
        assert!(!isolated(csp::MAY_REDIRECT));
        assert!(!isolated(csp::MAY_REDIRECT_WITH_PASSKEY));
        assert!(!isolated(csp::FORM_POST));
        assert!(isolated(csp::STAYS));
        assert!(isolated(csp::STAYS_WITH_PASSKEY));
    }
}
