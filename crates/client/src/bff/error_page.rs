//! Pages for users for whom something went wrong.

use std::sync::{Arc, LazyLock};

use axum::response::{IntoResponse, Response};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use cardea_seal::Digest;
use cardea_web::inbound::{PageHeaders, RequestId};
use http::{
    Extensions, HeaderMap, HeaderValue, StatusCode,
    header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER},
};

use super::{Bff, answers::private};

/// Makes the error pages of an app: see [`BffConfig::error_page`](super::BffConfig::error_page).
pub type ErrorPage = Arc<dyn Fn(&PageError) -> Response + Send + Sync>;

/// What a user is told. All texts are fixed; nothing of them comes from the request or from the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PageError {
    /// What went wrong.
    pub kind: PageErrorKind,
    /// The status of the response.
    pub status: StatusCode,
    /// The heading.
    pub title: &'static str,
    /// One or two sentences.
    pub message: &'static str,
    /// Where to go on.
    pub link: PageLink,
    /// The id under which the log has the details.
    pub request_id: Option<String>,
}

/// Where a user goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PageLink {
    /// A path of the app.
    pub href: String,
    /// What stands on it.
    pub label: &'static str,
}

/// Kinds of errors that a user can meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PageErrorKind {
    /// The user or the provider declined.
    LoginCancelled,
    /// The login took too long, was finished before, or does not hold.
    LoginFailed,
    /// The user signed in, but not as strongly or as recently as was asked for.
    NotStrongEnough,
    /// Too many logins of this network failed.
    TooManyLogins,
    /// A form was sent after the session had ended.
    SessionEnded,
    /// The provider or the session store is not available.
    Unavailable,
    /// The user has not the role or the permission.
    NotAllowed,
    /// A form was not sent by a page of the app.
    Forged,
    /// The login was asked to return to another site.
    InvalidLink,
}

/// Seconds after which an unavailable page is worth another try.
const SOON: u64 = 3;

const STYLE: &str = "\
:root{color-scheme:light dark;--bg:#f1f3f2;--card:#fff;--ink:#17201e;--soft:#55625f;--accent:#0e6655;--on:#fff;--line:#dde3e1}\
@media(prefers-color-scheme:dark){:root{--bg:#101312;--card:#1a1e1d;--ink:#e9eeec;--soft:#a0aca8;--accent:#15806b;--on:#fff;--line:#2d3432}}\
*{box-sizing:border-box}\
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1rem;background:var(--bg);color:var(--ink);font:1rem/1.5 system-ui,-apple-system,\"Segoe UI\",Roboto,sans-serif}\
main{width:100%;max-width:26rem;padding:2rem;background:var(--card);border:1px solid var(--line);border-radius:1rem}\
h1{margin:0 0 .5rem;font-size:1.375rem;line-height:1.25}\
p{margin:0 0 1.5rem;color:var(--soft)}\
a{display:block;padding:.75rem 1rem;border-radius:.625rem;background:var(--accent);color:var(--on);font-weight:600;text-align:center;text-decoration:none}\
a:hover{filter:brightness(1.08)}\
a:focus-visible{outline:3px solid var(--ink);outline-offset:2px}\
small{display:block;margin-top:1.25rem;color:var(--soft);overflow-wrap:anywhere}";

/// Only the page's own style, named by its hash: no script, no frame, nothing from elsewhere.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = STANDARD.encode(Digest::of(STYLE.as_bytes()).as_bytes());
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static(
        "default-src 'none'; frame-ancestors 'none'",
    ))
});

impl PageErrorKind {
    /// Status, heading, message.
    fn texts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::LoginCancelled => (
                StatusCode::FORBIDDEN,
                "Sign-in cancelled",
                "You are not signed in, because the request was declined.",
            ),
            Self::LoginFailed => (
                StatusCode::BAD_REQUEST,
                "Sign-in not completed",
                "It took too long, or it was already completed in another tab. Please sign in again.",
            ),
            Self::NotStrongEnough => (
                StatusCode::FORBIDDEN,
                "Stronger sign-in needed",
                "What you wanted to do needs a second factor or a more recent sign-in. Please sign in again, and set one up if you are asked to.",
            ),
            Self::TooManyLogins => (
                StatusCode::TOO_MANY_REQUESTS,
                "Too many attempts",
                "Too many sign-ins from your network have failed. Please wait a minute, then try again.",
            ),
            Self::SessionEnded => (
                StatusCode::UNAUTHORIZED,
                "Your session has ended",
                "What you sent was not saved. Sign in again, then repeat it.",
            ),
            Self::Unavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Not available right now",
                "The sign-in service does not respond. Please try again in a moment.",
            ),
            Self::NotAllowed => (
                StatusCode::FORBIDDEN,
                "No access",
                "Your account does not have access to this page.",
            ),
            Self::Forged => (
                StatusCode::FORBIDDEN,
                "Form not accepted",
                "It was out of date or came from another site. Open the page again, then repeat it.",
            ),
            Self::InvalidLink => (
                StatusCode::BAD_REQUEST,
                "Invalid link",
                "The link you followed leads outside of this site.",
            ),
        }
    }

    /// Seconds after which it is worth another try.
    fn retry_after(self) -> Option<u64> {
        match self {
            Self::Unavailable => Some(SOON),
            Self::TooManyLogins => Some(60),
            _ => None,
        }
    }
}

impl Bff {
    /// The page for an error: the app's own if it has one.
    pub(crate) fn error_page(&self, kind: PageErrorKind, request: &Extensions) -> Response {
        let config = &self.0.config;
        let (status, title, message) = kind.texts();
        let (href, label) = match kind {
            PageErrorKind::NotAllowed
            | PageErrorKind::NotStrongEnough
            | PageErrorKind::Forged
            | PageErrorKind::InvalidLink => (&config.after_logout, "Go to the start page"),
            PageErrorKind::LoginCancelled => (&config.paths.login, "Sign in"),
            PageErrorKind::Unavailable | PageErrorKind::TooManyLogins => {
                (&config.paths.login, "Try again")
            }
            _ => (&config.paths.login, "Sign in again"),
        };
        let error = PageError {
            kind,
            status,
            title,
            message,
            link: PageLink {
                href: href.clone(),
                label,
            },
            request_id: request.get::<RequestId>().map(ToString::to_string),
        };
        let mut response = match &config.error_page {
            Some(page) => page(&error),
            None => usual_page(&error),
        };
        *response.status_mut() = status;
        if let Some(seconds) = kind.retry_after() {
            let headers = response.headers_mut();
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        private(response)
    }
}

fn usual_page(error: &PageError) -> Response {
    let PageError {
        title,
        message,
        link,
        request_id,
        ..
    } = error;
    let id = request_id.as_deref().map(escaped).unwrap_or_default();
    let foot = match id.as_str() {
        "" => String::new(),
        id => format!("<small>Reference: {id}</small>"),
    };
    let (href, label) = (escaped(&link.href), link.label);
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{title}</title><style>{STYLE}</style></head>\
         <body><main><h1>{title}</h1><p>{message}</p><a href=\"{href}\">{label}</a>{foot}</main></body></html>"
    );
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    let headers = PageHeaders::new(POLICY.clone());
    (headers, [(CONTENT_TYPE, html)], page).into_response()
}

/// For an attribute or a text of HTML.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

/// Whether the client is a browser that shows the response as a page, by what it says.
pub(crate) fn expects_page(headers: &HeaderMap) -> bool {
    if let Some(mode) = headers.get("sec-fetch-mode") {
        return mode == "navigate";
    }
    let lines = headers.get_all(ACCEPT).iter();
    let mut kinds =
        lines.flat_map(|line| line.as_bytes().split(|byte| matches!(byte, b',' | b';')));
    kinds.any(|kind| kind.trim_ascii().eq_ignore_ascii_case(b"text/html"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b6_nothing_in_a_page_breaks_out_of_its_place() {
        assert_eq!(
            escaped("/a\"><script>'&"),
            "/a&quot;&gt;&lt;script&gt;&#39;&amp;"
        );
    }
}
