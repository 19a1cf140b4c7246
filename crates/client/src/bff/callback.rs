//! `GET /bff/callback`: back from the provider.

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use cardea_web::inbound::RequestId;
use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderValue, StatusCode, Uri};

use super::answers::{self, redirect};
use super::{Bff, ReturnTo};
use crate::rp::{Callback, RpError};
use crate::session::{LoginRefused, StoreUnavailable};

/// Why a login failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum LoginFailed {
    #[error(transparent)]
    Provider(#[from] RpError),
    #[error(transparent)]
    Login(#[from] LoginRefused),
    #[error(transparent)]
    Store(#[from] StoreUnavailable),
    #[error("the callback names no login")]
    NoState,
    #[error("the provider ended the session before it began")]
    Ended,
}

/// A login that came to its end: where to go, and the cookies to set.
struct Finished {
    return_to: ReturnTo,
    cookies: Vec<HeaderValue>,
}

pub(super) async fn callback(
    State(bff): State<Bff>,
    id: Option<Extension<RequestId>>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    match bff
        .finish_login(&headers, uri.query().unwrap_or_default())
        .await
    {
        Ok(finished) => {
            let to = bff.address(finished.return_to.as_str());
            redirect(&to, finished.cookies)
        }
        // The back button, or an second click, of a user who is logged in by now.
        Err(LoginFailed::Login(LoginRefused::Twice)) if bff.has_session(&headers).await => {
            redirect(&bff.address(&bff.0.config.after_logout), [])
        }
        Err(error) => bff.login_failed(&error, id),
    }
}

impl Bff {
    async fn finish_login(
        &self,
        headers: &HeaderMap,
        query: &str,
    ) -> Result<Finished, LoginFailed> {
        let callback = Callback::parse(query)?;
        let state = callback.state().ok_or(LoginFailed::NoState)?;
        let (login, mut cookies) = self.0.sessions.take_login(headers, state).await?;
        let logged_in = self.0.rp.finish(&callback, &login).await?;
        let opened = self
            .0
            .sessions
            .open(headers, logged_in.identity, logged_in.tokens)
            .await?
            .ok_or(LoginFailed::Ended)?;
        cookies.push(opened.cookie);
        // It was checked when the login began; another program that uses the store may not have done so.
        let return_to = ReturnTo::parse(&logged_in.return_to).unwrap_or_else(ReturnTo::home);
        Ok(Finished { return_to, cookies })
    }

    async fn has_session(&self, headers: &HeaderMap) -> bool {
        matches!(self.0.sessions.load(headers).await, Ok(Some(_)))
    }

    /// Reports to the user that the login failed, on the app's own page if it has one.
    pub(super) fn login_failed(
        &self,
        error: &LoginFailed,
        id: Option<Extension<RequestId>>,
    ) -> Response {
        let denied = matches!(error, LoginFailed::Provider(RpError::Refused { code, .. }) if code == "access_denied");
        let unavailable = matches!(
            error,
            LoginFailed::Provider(RpError::Unavailable(_))
                | LoginFailed::Login(LoginRefused::Store(_))
                | LoginFailed::Store(_)
        );
        if unavailable {
            tracing::warn!(%error, "a login failed");
        } else {
            tracing::info!(%error, "a login failed");
        }
        if let Some(page) = &self.0.config.login_failed {
            let code = if denied {
                "access_denied"
            } else {
                "login_failed"
            };
            return redirect(&self.address(&format!("{page}?error={code}")), []);
        }
        let (status, sentence) = match (denied, unavailable) {
            (true, _) => (StatusCode::FORBIDDEN, "The login was cancelled or refused."),
            (_, true) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "The login service does not answer. Please try again in a moment.",
            ),
            _ => (
                StatusCode::BAD_REQUEST,
                "The login could not be finished. It may have taken too long, or been finished before.",
            ),
        };
        let id = id.map(|Extension(id)| id);
        let mut page = answers::login_failed(status, sentence, &self.0.config.paths.login, id);
        if unavailable {
            page.headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from_static("3"));
        }
        page
    }
}
