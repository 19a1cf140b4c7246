//! Error responses: a small page for browsers, a problem document (RFC 9457) for everything else.

use std::sync::LazyLock;

use axum::{
    body::Body,
    response::{Html, IntoResponse as _},
};
use cardea_seal::Digest;
use cardea_web::inbound::{Problem, RequestId};
use http::{
    HeaderMap, HeaderValue, Response, StatusCode,
    header::{
        ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, VARY, X_FRAME_OPTIONS,
    },
};

const STYLE: &str = "\
:root{color-scheme:light dark;--back:#f6f7f9;--card:#fff;--text:#1b1f27;--soft:#5a6270;--line:#d9dde4}\
@media(prefers-color-scheme:dark){:root{--back:#12151b;--card:#1b1f27;--text:#eceff4;--soft:#a2abba;--line:#333a47}}\
*{box-sizing:border-box}\
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;background:var(--back);color:var(--text);\
font:1rem/1.5 system-ui,sans-serif}\
main{width:100%;max-width:28rem;padding:2rem;background:var(--card);border:1px solid var(--line);border-radius:.75rem}\
h1{margin:0 0 .5rem;font-size:1.375rem;line-height:1.3}\
p{margin:0;overflow-wrap:anywhere}\
.reference{margin-top:1.5rem;padding-top:1rem;border-top:1px solid var(--line);color:var(--soft);font-size:.875rem}\
code{font-family:ui-monospace,monospace}";

static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    // CSP3 §2.3.1: the hash is base64 with padding.
    let hash = Digest::of(STYLE.as_bytes()).to_text();
    let hash = hash.replace('-', "+").replace('_', "/");
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}='; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
});

/// What an error response says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ErrorText {
    pub(crate) status: StatusCode,
    pub(crate) title: &'static str,
    pub(crate) detail: &'static str,
}

/// The form of an error response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Page,
    Document,
}

impl Form {
    /// The form that the client prefers (RFC 9110 §12.5.1). A page is only for clients that name HTML.
    pub(crate) fn accepted(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(ACCEPT).iter();
        let ranges = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
        let (mut html, mut json) = (0, 0);
        for range in ranges.filter_map(|range| std::str::from_utf8(range).ok()) {
            let mut parts = range.split(';').map(str::trim);
            let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
            let quality = parts.find_map(quality).unwrap_or(1000);
            match kind.as_str() {
                "text/html" | "application/xhtml+xml" => html = quality.max(html),
                "application/json" | "application/problem+json" => json = quality.max(json),
                _ => {}
            }
        }
        match html > 0 && html >= json {
            true => Self::Page,
            false => Self::Document,
        }
    }
}

/// The weight of a media range in thousandths.
fn quality(parameter: &str) -> Option<u32> {
    let (name, value) = parameter.split_once('=')?;
    if !name.trim().eq_ignore_ascii_case("q") {
        return None;
    }
    let (whole, fraction) = value.trim().split_once('.').unwrap_or((value.trim(), ""));
    let digits = format!("{fraction:0<3}");
    let thousandths = digits.get(..3)?.parse::<u32>().ok()?;
    Some((whole.parse::<u32>().ok()?.min(1) * 1000 + thousandths).min(1000))
}

impl ErrorText {
    /// The response in this form, with the id of the request as its reference.
    pub(crate) fn response(&self, form: Form, id: Option<RequestId>) -> Response<Body> {
        let mut response = match form {
            Form::Document => {
                let problem = Problem::new(self.status, self.title).detail(self.detail);
                match id {
                    Some(id) => problem.correlated(id).into_response(),
                    None => problem.into_response(),
                }
            }
            Form::Page => (self.status, Html(self.page(id))).into_response(),
        };
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(VARY, HeaderValue::from_static("accept"));
        headers.insert(CONTENT_SECURITY_POLICY, POLICY.clone());
        headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        response
    }

    fn page(&self, id: Option<RequestId>) -> String {
        let Self {
            status,
            title,
            detail,
        } = self;
        let reference = id.map(|id| format!(", reference <code>{}</code>", id.as_str()));
        let reference = reference.unwrap_or_default();
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n<style>{STYLE}</style>\n\
             </head>\n<body>\n<main>\n<h1>{title}</h1>\n<p>{detail}</p>\n\
             <p class=\"reference\">Error {}{reference}</p>\n</main>\n</body>\n</html>\n",
            status.as_u16()
        )
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn g7_a_page_is_for_clients_that_prefer_html() {
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";
        for (accept, expected) in [
            (&[browser][..], Form::Page),
            (&["text/html"], Form::Page),
            (&["TEXT/HTML; charset=utf-8; q=0.5"], Form::Page),
            (&["application/json;q=0.5, text/html;q=0.9"], Form::Page),
            (&["*/*", "text/html"], Form::Page),
            (&["text/html;q=0.5, application/json"], Form::Document),
            (&["text/html;q=0"], Form::Document),
            (&["text/html;q=0.000"], Form::Document),
            (&["application/json"], Form::Document),
            (&["*/*"], Form::Document),
            (&["text/plain, text/htmlx"], Form::Document),
            (&[], Form::Document),
        ] {
            let mut headers = HeaderMap::new();
            for line in accept {
                headers.append(ACCEPT, line.parse().unwrap());
            }
            assert_eq!(Form::accepted(&headers), expected, "{accept:?}");
        }
    }

    #[test]
    fn g7_the_policy_allows_the_style_of_the_page_and_nothing_else() {
        let policy = POLICY.to_str().unwrap();
        assert!(
            policy.starts_with("default-src 'none'; style-src 'sha256-"),
            "{policy}"
        );
        let hash = policy.split("sha256-").nth(1).unwrap();
        assert_eq!(hash.find("='").unwrap(), 43);
        assert!(!STYLE.contains("url(") && !STYLE.contains("@import"));
    }
}
