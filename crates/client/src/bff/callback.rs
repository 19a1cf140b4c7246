//! `GET /bff/callback`: back from the provider.

use axum::{
    extract::{Request, State},
    response::Response,
};
use cardea_protocol::verify::IdTokenError;
use cardea_web::{inbound::ClientAddress, log::REFUSED};
use http::{Extensions, HeaderMap, HeaderValue, request::Parts};

use super::{Bff, ReturnTo, answers::redirect, error_page::PageErrorKind};
use crate::{
    rp::{Callback, RpError},
    session::{LoginRefused, StoreUnavailable},
};

/// OpenID Connect Core Error Code unmet_authentication_requirements §2
const UNMET: &str = "unmet_authentication_requirements";

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
    #[error("rate limit for failed logins of this network exceeded")]
    Limited,
}

/// A login that came to its end: where to go, and the cookies to set.
struct Finished {
    return_to: ReturnTo,
    cookies: Vec<HeaderValue>,
}

pub(super) async fn callback(State(bff): State<Bff>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    match bff.finish_login(&head).await {
        Ok(finished) => {
            let to = bff.address(finished.return_to.as_str());
            redirect(&to, finished.cookies)
        }
        // The back button, or a second click, of a user who is logged in by now.
        Err(LoginFailed::Login(LoginRefused::Twice)) if bff.has_session(&head.headers).await => {
            redirect(&bff.address(&bff.0.config.after_logout), [])
        }
        Err(error) => bff.login_failed(&error, &head.extensions),
    }
}

impl Bff {
    async fn finish_login(&self, head: &Parts) -> Result<Finished, LoginFailed> {
        let callback = Callback::parse(head.uri.query().unwrap_or_default())?;
        let state = callback.state().ok_or(LoginFailed::NoState)?;
        // Strangers can invent codes without end, and each is a question to the provider in the name of this app.
        let client = head.extensions.get::<ClientAddress>();
        if client.is_some_and(|client| !self.0.failed_logins.allow(client)) {
            return Err(LoginFailed::Limited);
        }
        let (login, mut cookies) = self.0.sessions.take_login(&head.headers, state).await?;
        let logged_in = self.0.rp.finish(&callback, &login).await;
        if let (Err(error), Some(client)) = (&logged_in, client)
            && error.provider_refused()
        {
            self.0.failed_logins.count(client);
        }
        let logged_in = logged_in?;
        let opened = self
            .0
            .sessions
            .open(&head.headers, logged_in.identity, logged_in.tokens)
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
    pub(super) fn login_failed(&self, error: &LoginFailed, request: &Extensions) -> Response {
        let kind = error.kind();
        if kind == PageErrorKind::Unavailable {
            tracing::warn!(target: REFUSED, %error, "a login failed");
        } else {
            // Strangers can cause it in any number.
            tracing::info!(target: REFUSED, %error, "a login failed");
        }
        if let Some(page) = &self.0.config.login_failed {
            let code = match kind {
                PageErrorKind::LoginCancelled => "access_denied",
                PageErrorKind::NotStrongEnough => UNMET,
                _ => "login_failed",
            };
            return redirect(&self.address(&format!("{page}?error={code}")), []);
        }
        self.error_page(kind, request)
    }
}

impl LoginFailed {
    fn kind(&self) -> PageErrorKind {
        match self {
            Self::Provider(RpError::Refused { code, .. }) if code == "access_denied" => {
                PageErrorKind::LoginCancelled
            }
            Self::Provider(RpError::Refused { code, .. }) if code == UNMET => {
                PageErrorKind::NotStrongEnough
            }
            Self::Provider(RpError::IdToken(IdTokenError::Acr | IdTokenError::TooOld)) => {
                PageErrorKind::NotStrongEnough
            }
            Self::Provider(RpError::Unavailable(_))
            | Self::Login(LoginRefused::Store(_))
            | Self::Store(_) => PageErrorKind::Unavailable,
            Self::Limited => PageErrorKind::TooManyLogins,
            _ => PageErrorKind::LoginFailed,
        }
    }
}
