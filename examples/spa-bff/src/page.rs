//! The page and its files, which are part of the program.

use askama::Template;
use axum::{
    Router,
    response::{Html, IntoResponse},
    routing::get,
};
use cardea_client::PageHeaders;
use http::{
    HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};

use crate::Config;

/// Only our own files, and only by their address: nothing inline, no frame, no form to another origin, and no text that a script
/// could turn into markup.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'; trusted-types 'none'",
);

const FILES: [(&str, &str, &str); 6] = [
    ("/app.js", JAVASCRIPT, include_str!("../web/app.js")),
    ("/http.js", JAVASCRIPT, include_str!("../web/http.js")),
    ("/orders.js", JAVASCRIPT, include_str!("../web/orders.js")),
    ("/session.js", JAVASCRIPT, include_str!("../web/session.js")),
    ("/style.css", "text/css", include_str!("../web/style.css")),
    (
        "/mark.svg",
        "image/svg+xml",
        include_str!("../web/mark.svg"),
    ),
];
const JAVASCRIPT: &str = "text/javascript";

#[derive(Template)]
#[template(path = "index.html")]
struct Page<'a> {
    api: &'a str,
    notice: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "not_found.html")]
struct NotFound<'a> {
    notice: Option<&'a str>,
}

pub(crate) fn routes(config: &Config) -> anyhow::Result<Router> {
    let notice = config.notice.as_deref();
    let api = &config.api_prefix;
    let page = Page { api, notice }.render()?;
    let nothing = NotFound { notice }.render()?;
    let index = get(async move || (PageHeaders::new(POLICY), Html(page)));
    let not_found = async move || {
        (
            StatusCode::NOT_FOUND,
            PageHeaders::new(POLICY),
            Html(nothing),
        )
    };
    let router = Router::new().route("/", index).fallback(not_found);
    Ok(FILES.iter().fold(router, |router, &(path, kind, text)| {
        router.route(path, get(async move || file(kind, text)))
    }))
}

fn file(kind: &'static str, text: &'static str) -> impl IntoResponse {
    let kind = HeaderValue::from_str(&format!("{kind}; charset=utf-8"));
    let kind = kind.unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let asked_each_time = HeaderValue::from_static("no-cache");
    (
        [(CONTENT_TYPE, kind), (CACHE_CONTROL, asked_each_time)],
        text,
    )
}
