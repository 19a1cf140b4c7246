//! Whether a request may pass, as a proxy asks it.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use cardea_client::{
    bff::{Bff, ReturnTo},
    rp::IdentityClaims,
};
use cardea_web::inbound::csrf::{is_safe, same_origin_without_token};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri,
    header::{ACCEPT, LOCATION, RETRY_AFTER},
    request::Parts,
};

use super::{one, rules::Rules};
use crate::{
    error_page::{ErrorText, Form},
    path,
};

const REMOTE_USER: HeaderName = HeaderName::from_static("remote-user");
const REMOTE_EMAIL: HeaderName = HeaderName::from_static("remote-email");
const REMOTE_NAME: HeaderName = HeaderName::from_static("remote-name");
const REMOTE_GROUPS: HeaderName = HeaderName::from_static("remote-groups");

/// One protected app.
pub(super) struct App {
    pub(super) bff: Bff,
    pub(super) rules: Rules,
    pub(super) user_claim: String,
}

/// For nginx, which accepts only 401 and 403 as refusals: the URL of the login is in `Location` of the 401.
pub(super) async fn auth_request(State(app): State<Arc<App>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    app.judge(&parts, StatusCode::UNAUTHORIZED).await
}

/// For Caddy and Traefik, which send a refusal to the browser as it is.
pub(super) async fn check(State(app): State<Arc<App>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    app.judge(&parts, StatusCode::SEE_OTHER).await
}

/// The request that the proxy asks about.
struct Asked {
    method: Method,
    uri: Uri,
    path: String,
}

impl Asked {
    fn read(headers: &HeaderMap) -> Option<Self> {
        let method = Method::from_bytes(one(headers, "x-forwarded-method").ok()??).ok()?;
        let target = one(headers, "x-forwarded-uri").ok()??;
        let uri = Uri::try_from(target).ok()?;
        // Only a path: an ambiguous target could be checked as one and served as another. Browsers never send a fragment.
        if uri.authority().is_some() || target.contains(&b'#') {
            return None;
        }
        let path = path::read(uri.path()).ok()?.into_owned();
        Some(Self { method, uri, path })
    }

    /// Whether it is for a page; a script could not use a login page.
    fn is_page(&self, headers: &HeaderMap) -> bool {
        if !matches!(self.method, Method::GET | Method::HEAD) {
            return false;
        }
        match headers.get("sec-fetch-mode") {
            Some(mode) => mode == "navigate",
            None => {
                let accept = headers.get(ACCEPT).map(HeaderValue::as_bytes);
                accept.is_some_and(|accept| accept.starts_with(b"text/html"))
            }
        }
    }
}

impl App {
    async fn judge(&self, parts: &Parts, to_login: StatusCode) -> Response {
        let headers = &parts.headers;
        let Some(asked) = Asked::read(headers) else {
            return refused(
                parts,
                "The request of the proxy is incomplete or ambiguous.",
            );
        };
        let Ok(required) = self.rules.required(&asked.path) else {
            return refused(
                parts,
                "The path is ambiguous. Write it exactly as it was given.",
            );
        };
        let sessions = self.bff.sessions();
        let session = match sessions.load(headers).await {
            Ok(session) => session,
            Err(error) => {
                tracing::warn!(%error, "the session could not be read");
                let response = ErrorText {
                    status: StatusCode::SERVICE_UNAVAILABLE,
                    title: "The service is busy",
                    detail: "Try again in a moment.",
                }
                .response(Form::accepted(headers), parts.extensions.get().copied());
                return ([(RETRY_AFTER, "1")], response).into_response();
            }
        };
        let Some(session) = session else {
            return self.log_in_first(&asked, parts, to_login);
        };
        let user = session.identity();
        // The app may have no protection of its own against forms and scripts of other sites.
        if !is_safe(&asked.method, headers)
            && !same_origin_without_token(headers, sessions.origin())
        {
            return refused(parts, "The request comes from another site.");
        }
        if !required.is_met_by(&user.roles) {
            return refused(parts, "Your account has no access to this page.");
        }
        self.allowed(parts, user)
    }

    fn log_in_first(&self, asked: &Asked, parts: &Parts, to_login: StatusCode) -> Response {
        let text = ErrorText {
            status: StatusCode::UNAUTHORIZED,
            title: "Not signed in",
            detail: "Reload the page to sign in.",
        };
        let form = Form::accepted(&parts.headers);
        let refusal = text.response(form, parts.extensions.get().copied());
        if !asked.is_page(&parts.headers) {
            return refusal;
        }
        let path = self.bff.login_path(&ReturnTo::to_page(&asked.uri));
        // On the configured origin, never the host of the request.
        let location = format!("{}{path}", self.bff.sessions().origin());
        let Ok(location) = HeaderValue::try_from(location) else {
            return refusal;
        };
        match to_login {
            StatusCode::UNAUTHORIZED => ([(LOCATION, location)], refusal).into_response(),
            status => (status, [(LOCATION, location)]).into_response(),
        }
    }

    /// 200 with the user. All four headers are always set, so that the proxy overwrites whatever the client sent.
    fn allowed(&self, parts: &Parts, claims: &IdentityClaims) -> Response {
        let user = match self.user_claim.as_str() {
            "sub" => Some(claims.sub.as_str()),
            claim => claims.text(claim),
        };
        let Some(user) = user.map(value).filter(|user| !user.is_empty()) else {
            tracing::warn!(
                claim = self.user_claim,
                "the claim of forward_auth.user_claim is not set"
            );
            return refused(parts, "Your account has no name here.");
        };
        // A name with a comma would be read as two.
        let groups = claims.roles.iter().filter(|role| !role.contains(','));
        let groups: Vec<&str> = groups.map(String::as_str).collect();
        // Apps find accounts by the address; one that was not verified could belong to another user.
        let proven = claims.other.get("email_verified") == Some(&serde_json::Value::Bool(true));
        let email = claims.text("email").filter(|_| proven);
        let headers = [
            (REMOTE_USER, user),
            (REMOTE_EMAIL, value(email.unwrap_or_default())),
            (REMOTE_NAME, value(claims.text("name").unwrap_or_default())),
            (REMOTE_GROUPS, value(&groups.join(","))),
        ];
        (StatusCode::OK, headers).into_response()
    }
}

/// A text as a header value, empty if it is not a valid one.
fn value(text: &str) -> HeaderValue {
    HeaderValue::from_bytes(text.as_bytes()).unwrap_or(HeaderValue::from_static(""))
}

fn refused(parts: &Parts, detail: &'static str) -> Response {
    ErrorText {
        status: StatusCode::FORBIDDEN,
        title: "Access denied",
        detail,
    }
    .response(
        Form::accepted(&parts.headers),
        parts.extensions.get().copied(),
    )
}
