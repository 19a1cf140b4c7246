//! What a user gets who may not see a page.

use axum::response::Response;
use http::{HeaderMap, Method, StatusCode, request::Parts};

use crate::bff::{
    Bff, PageErrorKind, ReturnTo, expects_page, forged, login_required, redirect, refused,
    unavailable,
};

/// To the login and back, or 401 where that would lead nowhere.
pub(super) fn require_login(bff: &Bff, parts: &Parts) -> Response {
    if !is_page(&parts.method, &parts.headers) {
        return match expects_page(&parts.headers) {
            true => bff.error_page(PageErrorKind::SessionEnded, &parts.extensions),
            false => login_required(),
        };
    }
    // A nested router sees a part of the path; the whole is what to come back to.
    let whole = parts.extensions.get::<axum::extract::OriginalUri>();
    let page = ReturnTo::to_page(whole.map_or(&parts.uri, |whole| &whole.0));
    redirect(&bff.login_path(&page), [])
}

/// 403: not this user.
pub(super) fn not_allowed(bff: &Bff, parts: &Parts) -> Response {
    in_words(bff, parts, PageErrorKind::NotAllowed, || {
        refused(
            StatusCode::FORBIDDEN,
            "Not allowed",
            "Your account may not do this.",
        )
    })
}

/// 403: not sent by a page of the app.
pub(super) fn from_elsewhere(bff: &Bff, parts: &Parts) -> Response {
    in_words(bff, parts, PageErrorKind::Forged, || {
        forged("The request comes from another site.")
    })
}

/// 503: the session store does not respond.
pub(super) fn not_available(bff: &Bff, parts: &Parts) -> Response {
    in_words(bff, parts, PageErrorKind::Unavailable, unavailable)
}

/// A page for browsers, a problem document for programs.
fn in_words(
    bff: &Bff,
    parts: &Parts,
    kind: PageErrorKind,
    problem: impl FnOnce() -> Response,
) -> Response {
    match expects_page(&parts.headers) {
        true => bff.error_page(kind, &parts.extensions),
        false => problem(),
    }
}

/// Whether a user waits for a page that can be asked for again after a login.
fn is_page(method: &Method, headers: &HeaderMap) -> bool {
    matches!(*method, Method::GET | Method::HEAD) && expects_page(headers)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_user_waits_for_a_page_and_a_script_does_not() {
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
