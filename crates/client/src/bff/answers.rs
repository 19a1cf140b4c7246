//! What the routes answer besides what was asked for.

use axum::response::{IntoResponse, Response};
use cardea_web::inbound::Problem;
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{
        CACHE_CONTROL, LOCATION, RETRY_AFTER, SET_COOKIE, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
    },
};

/// The type of the problem that only a login mends: what a single-page app looks for.
pub const LOGIN_REQUIRED: &str = "urn:cardea:problem:login-required";
/// The type of the problem that a login with another authentication mends (RFC 9470). Its member `login` is the address of that login;
/// `return_to` is to be added.
pub const STEP_UP_REQUIRED: &str = "urn:cardea:problem:step-up-required";
/// The type of the problem that a request without its proof against forgery gets.
pub const CSRF: &str = "urn:cardea:problem:csrf";

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// 401: there is no session, or it has ended.
pub(crate) fn login_required() -> Response {
    // RFC 9110 §15.5.2 wants a challenge; there is no scheme for "log in by a page", and a known one would open the
    // browser's own dialog.
    let problem = Problem::new(StatusCode::UNAUTHORIZED, "Log in first")
        .kind(LOGIN_REQUIRED)
        .detail("There is no session, or it has ended.");
    private(problem.into_response())
}

/// 401: the API asks for another authentication of the user. Its challenges are kept (RFC 9110 §15.5.2).
pub(crate) fn step_up_required(login: &str, challenges: &HeaderMap) -> Response {
    let problem = Problem::new(StatusCode::UNAUTHORIZED, "Another sign-in is needed")
        .kind(STEP_UP_REQUIRED)
        .detail("The API asks for a stronger or more recent sign-in.")
        .member("login", login);
    let mut response = private(problem.into_response());
    for challenge in challenges.get_all(WWW_AUTHENTICATE) {
        let headers = response.headers_mut();
        headers.append(WWW_AUTHENTICATE, challenge.clone());
    }
    response
}

/// 403: the request could have been made by another site.
pub(crate) fn forged(detail: &str) -> Response {
    let problem = Problem::new(StatusCode::FORBIDDEN, "Request not accepted");
    private(problem.kind(CSRF).detail(detail).into_response())
}

/// 503: the provider or the store doesn't answer.
pub(crate) fn unavailable() -> Response {
    let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "Not available now")
        .detail("The provider or the session store does not respond. Retry in a moment.");
    let mut response = private(problem.into_response());
    let soon = HeaderValue::from_static("3");
    response.headers_mut().insert(RETRY_AFTER, soon);
    response
}

pub(crate) fn refused(status: StatusCode, title: &str, detail: &str) -> Response {
    private(Problem::new(status, title).detail(detail).into_response())
}

/// Sends the browser on; cookies are set on the way.
pub(crate) fn redirect(to: &str, cookies: impl IntoIterator<Item = HeaderValue>) -> Response {
    let Ok(location) = HeaderValue::try_from(to) else {
        return Problem::internal().into_response();
    };
    let mut response = private(StatusCode::SEE_OTHER.into_response());
    response.headers_mut().insert(LOCATION, location);
    set_cookies(&mut response, cookies);
    response
}

pub(crate) fn set_cookies(response: &mut Response, cookies: impl IntoIterator<Item = HeaderValue>) {
    for cookie in cookies {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}

/// No cache keeps it, no browser takes it for something else, and no other site's page loads it; also in an app without the
/// header pack.
pub(crate) fn private(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, NO_STORE);
    headers.insert(X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    headers.insert(RESOURCE_POLICY, SAME_ORIGIN);
    response
}
