//! What those get who may not see a page.

use axum::response::{IntoResponse, Response};
use cardea_web::inbound::PageHeaders;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use crate::bff::{Bff, ReturnTo, login_required, private, redirect, refused};

/// To the login and back, or 401 where that would lead nowhere.
pub(super) fn require_login(bff: &Bff, parts: &Parts) -> Response {
    if !is_page(&parts.method, &parts.headers) {
        return login_required();
    }
    // A nested router sees a part of the path; the whole is what to come back to.
    let whole = parts.extensions.get::<axum::extract::OriginalUri>();
    let page = ReturnTo::to_page(whole.map_or(&parts.uri, |whole| &whole.0));
    redirect(&bff.login_path(&page), [])
}

/// 403, in words or as a problem.
pub(super) fn not_allowed(parts: &Parts) -> Response {
    let status = StatusCode::FORBIDDEN;
    let (title, detail) = ("Not allowed", "Your account may not do this.");
    if !is_page(&parts.method, &parts.headers) {
        return refused(status, title, detail);
    }
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title>\
         <main><h1>{title}</h1><p>{detail}</p></main>"
    );
    let policy = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    let page = (
        status,
        PageHeaders::new(policy),
        [(CONTENT_TYPE, html)],
        page,
    );
    private(page.into_response())
}

/// Whether the client expects a page.
fn is_page(method: &Method, headers: &HeaderMap) -> bool {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return false;
    }
    if let Some(mode) = headers.get("sec-fetch-mode") {
        return mode == "navigate";
    }
    let lines = headers.get_all(ACCEPT).iter();
    let mut kinds =
        lines.flat_map(|line| line.as_bytes().split(|byte| matches!(byte, b',' | b';')));
    kinds.any(|kind| kind.trim_ascii().eq_ignore_ascii_case(b"text/html"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_person_waits_for_a_page_and_a_script_does_not() {
        let page = |method: Method, headers: &[(&'static str, &'static str)]| {
            let headers = headers
                .iter()
                .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)));
            is_page(&method, &headers.collect())
        };
        assert!(page(Method::GET, &[("sec-fetch-mode", "navigate")]));
        assert!(page(Method::GET, &[("accept", "text/html,*/*;q=0.8")]));
        assert!(!page(
            Method::GET,
            &[("sec-fetch-mode", "cors"), ("accept", "text/html")]
        ));
        assert!(!page(Method::GET, &[("accept", "application/json")]));
        assert!(!page(Method::GET, &[]));
        assert!(!page(Method::POST, &[("sec-fetch-mode", "navigate")]));
    }
}
