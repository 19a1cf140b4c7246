//! Error pages. The user sees a sentence and a request id; details are only in the log.

use askama::Template;
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use cardea_client::{LoggedIn, PageError, Problem, RequestId};
use http::{
    HeaderMap, StatusCode,
    header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER},
};

use crate::{
    Config,
    page::{App, Frame, page},
};

#[derive(Template)]
#[template(path = "error.html")]
struct Error<'a> {
    frame: Frame<'a>,
    title: &'static str,
    sentence: &'static str,
    link: (String, &'static str),
    id: String,
}

/// The page for errors of the kit: a failed login, a page that this user may not see.
pub(crate) fn of_the_kit(config: &Config) -> impl Fn(&PageError) -> Response + use<> {
    let config = config.clone();
    move |error| {
        let page_of_kit = Error {
            frame: Frame::of_visitor(&config, &format!("{}/login", config.path)),
            title: error.title,
            sentence: error.message,
            link: (error.link.href.clone(), error.link.label),
            id: error.request_id.clone().unwrap_or_default(),
        };
        page(error.status, &page_of_kit)
    }
}

/// The page for an unknown address.
pub(crate) async fn not_found() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "Not found")
}

/// Replaces an error response with a page for browsers; programs get the problem document.
pub(crate) async fn in_words(
    State(app): State<App>,
    user: Option<LoggedIn>,
    mut request: Request,
    next: Next,
) -> Response {
    if let Some(user) = &user {
        // One lookup is enough: the handler's own argument looks here first.
        request.extensions_mut().insert(user.clone());
    }
    let by_user = accepts_pages(request.headers());
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
    if !by_user || is_page {
        return answer;
    }
    let error = Error {
        frame: app.frame(user.as_ref()),
        title,
        sentence,
        link: (app.home(), "Go to the start page"),
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
        StatusCode::METHOD_NOT_ALLOWED => Some((
            "Not available here",
            "This page can't be opened in this way.",
        )),
        StatusCode::SERVICE_UNAVAILABLE => Some((
            "Not available right now",
            "A service that this page needs does not respond. Please try again in a moment.",
        )),
        status if status.is_server_error() => Some((
            "Something went wrong",
            "The fault is ours. If it happens again, please tell us the reference below.",
        )),
        _ => None,
    }
}

fn accepts_pages(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::middleware::from_fn_with_state;
    use axum::response::IntoResponse as _;
    use axum::routing::get;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;
    use crate::login;

    async fn answer_of(path: &str, accept: &str) -> (StatusCode, String) {
        let mut config = Config::default();
        config.login.issuer = "http://localhost:9000".to_owned();
        config.login.client_id = "webapp".to_owned();
        config.login.redirect_uri = "http://localhost:5174/callback".to_owned();
        let app = App::new(&config, login(&config).unwrap());
        let failure = (
            StatusCode::INTERNAL_SERVER_ERROR,
            "password=hunter2 at db.rs:7",
        );
        let router = Router::new()
            .route("/fails", get(async move || failure.into_response()))
            .layer(from_fn_with_state(app, in_words));
        let request = Request::get(path)
            .header(ACCEPT, accept)
            .body(Body::empty());
        let answer = router.oneshot(request.unwrap()).await.unwrap();
        let status = answer.status();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_failure_tells_a_person_nothing_of_what_failed() {
        let (status, page) = answer_of("/fails", "text/html").await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(page.contains("Something went wrong"), "{page}");
        assert!(
            !page.contains("hunter2") && !page.contains("db.rs"),
            "{page}"
        );
    }
}
