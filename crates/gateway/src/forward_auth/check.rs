//! May this request pass? The question of a proxy, and the answer.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use cardea_client::bff::{Bff, ReturnTo};
use cardea_client::rp::IdentityClaims;
use cardea_web::inbound::Problem;
use cardea_web::inbound::csrf::same_origin;
use http::header::{ACCEPT, LOCATION, RETRY_AFTER, SEC_WEBSOCKET_KEY};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};

use super::rules::Rules;
use crate::path;

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

/// For nginx, which passes on no other refusal than 401 and 403: where to log in stands in `Location` beside the 401.
pub(super) async fn auth_request(State(app): State<Arc<App>>, request: Request) -> Response {
    app.judge(request.headers(), StatusCode::UNAUTHORIZED).await
}

/// For Caddy and Traefik, which hand a refusal to the browser as it is.
pub(super) async fn check(State(app): State<Arc<App>>, request: Request) -> Response {
    app.judge(request.headers(), StatusCode::SEE_OTHER).await
}

/// The request that the proxy asks about.
struct Asked {
    method: Method,
    uri: Uri,
    path: String,
}

impl Asked {
    fn read(headers: &HeaderMap) -> Option<Self> {
        let one = |name: &str| {
            let mut values = headers.get_all(name).iter();
            let value = values.next()?;
            values.next().is_none().then_some(value.as_bytes())
        };
        let method = Method::from_bytes(one("x-forwarded-method")?).ok()?;
        let target = one("x-forwarded-uri")?;
        let uri = Uri::try_from(target).ok()?;
        // A path alone; what has two meanings could be judged by one and served by the other. A fragment is never sent.
        if uri.authority().is_some() || target.contains(&b'#') {
            return None;
        }
        let path = path::read(uri.path()).ok()?.into_owned();
        Some(Self { method, uri, path })
    }

    /// Whether another site may ask for it in this person's name. A WebSocket begins with GET, and may do everything after it.
    fn is_safe(&self, headers: &HeaderMap) -> bool {
        matches!(self.method, Method::GET | Method::HEAD | Method::OPTIONS)
            && !headers.contains_key(SEC_WEBSOCKET_KEY)
    }

    /// Whether a person waits for a page; a script could do nothing with a login.
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
    async fn judge(&self, headers: &HeaderMap, to_login: StatusCode) -> Response {
        let Some(asked) = Asked::read(headers) else {
            return refused("The request can't be judged");
        };
        let sessions = self.bff.sessions();
        let session = match sessions.load(headers).await {
            Ok(session) => session,
            Err(error) => {
                tracing::warn!(%error, "who is logged in can't be said");
                let status = StatusCode::SERVICE_UNAVAILABLE;
                let problem = Problem::new(status, "Come again in a moment");
                return ([(RETRY_AFTER, "1")], problem).into_response();
            }
        };
        let Some(session) = session else {
            return self.log_in_first(&asked, headers, to_login);
        };
        let person = session.identity();
        // The app behind has perhaps no defence of its own against another site's forms.
        if !asked.is_safe(headers) && !same_origin(headers, sessions.origin()) {
            return refused("The request comes from another site");
        }
        if !self.rules.allow(&asked.path, &person.roles) {
            return refused("Your account may not do this");
        }
        self.introduced(person)
    }

    fn log_in_first(&self, asked: &Asked, headers: &HeaderMap, to_login: StatusCode) -> Response {
        let problem = Problem::new(StatusCode::UNAUTHORIZED, "Log in first");
        if !asked.is_page(headers) {
            return problem.into_response();
        }
        let path = self.bff.login_path(&ReturnTo::to_page(&asked.uri));
        // On the configured origin, whatever host the proxy was asked for.
        let location = format!("{}{path}", self.bff.sessions().origin());
        let Ok(location) = HeaderValue::try_from(location) else {
            return problem.into_response();
        };
        match to_login {
            StatusCode::UNAUTHORIZED => ([(LOCATION, location)], problem).into_response(),
            status => (status, [(LOCATION, location)]).into_response(),
        }
    }

    /// 200, with who it is. All four headers are always there, so that the proxy writes over whatever the client sent.
    fn introduced(&self, person: &IdentityClaims) -> Response {
        let user = match self.user_claim.as_str() {
            "sub" => Some(person.sub.as_str()),
            claim => person.text(claim),
        };
        let Some(user) = user.map(value).filter(|user| !user.is_empty()) else {
            tracing::warn!(
                claim = self.user_claim,
                "the claim of forward_auth.user_claim isn't there"
            );
            return refused("Your account has no name here");
        };
        // A name with a comma in it would be two.
        let groups = person.roles.iter().filter(|role| !role.contains(','));
        let groups: Vec<&str> = groups.map(String::as_str).collect();
        // Apps find accounts by the address; one that nobody proved could be anybody's.
        let proven = person.other.get("email_verified") == Some(&serde_json::Value::Bool(true));
        let email = person.text("email").filter(|_| proven);
        let headers = [
            (REMOTE_USER, user),
            (REMOTE_EMAIL, value(email.unwrap_or_default())),
            (REMOTE_NAME, value(person.text("name").unwrap_or_default())),
            (REMOTE_GROUPS, value(&groups.join(","))),
        ];
        (StatusCode::OK, headers).into_response()
    }
}

/// A text as a header; nothing of one that can't be.
fn value(text: &str) -> HeaderValue {
    HeaderValue::from_bytes(text.as_bytes()).unwrap_or(HeaderValue::from_static(""))
}

fn refused(title: &str) -> Response {
    Problem::new(StatusCode::FORBIDDEN, title).into_response()
}
