//! Error pages. Whatever went wrong, a person reads a sentence and an id, and nothing of what is in the log.

use askama::Template;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use cardea_web::inbound::{Problem, RequestId};
use http::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, StatusCode};

use crate::page::{App, Frame, page};

#[derive(Template)]
#[template(path = "error.html")]
struct Error<'a> {
    frame: Frame<'a>,
    title: &'static str,
    sentence: &'static str,
    id: String,
}

/// There is nothing at this address.
pub(crate) async fn not_found() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "Not found")
}

/// Puts a page in the place of an error's answer, for browsers; programs keep the problem document.
pub(crate) async fn in_words(State(app): State<App>, request: Request, next: Next) -> Response {
    let by_person = accepts_pages(request.headers());
    let id = request
        .extensions()
        .get::<RequestId>()
        .map(ToString::to_string);
    let mut answer = next.run(request).await;
    let Some((title, sentence)) = words(answer.status()) else {
        return answer;
    };
    let kind = answer.headers().get(CONTENT_TYPE);
    let is_page = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if !by_person || is_page {
        return answer;
    }
    let frame = app.frame(None);
    let error = Error {
        frame,
        title,
        sentence,
        id: id.unwrap_or_default(),
    };
    let mut page = page(answer.status(), &error);
    if let Some(seconds) = answer.headers_mut().remove(RETRY_AFTER) {
        page.headers_mut().insert(RETRY_AFTER, seconds);
    }
    page
}

fn words(status: StatusCode) -> Option<(&'static str, &'static str)> {
    match status {
        StatusCode::NOT_FOUND => Some(("Not found", "There is no page at this address.")),
        StatusCode::METHOD_NOT_ALLOWED => {
            Some(("Not like this", "This page can't be asked for in this way."))
        }
        StatusCode::SERVICE_UNAVAILABLE => Some((
            "Not now",
            "Something that this page needs doesn't answer. Please try again in a moment.",
        )),
        status if status.is_server_error() => Some((
            "That went wrong",
            "It was our fault, and it was written down under the number below.",
        )),
        _ => None,
    }
}

fn accepts_pages(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}
