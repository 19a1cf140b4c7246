//! `POST /bff/logout`: the end of a session, here and at the provider.

use axum::{
    Json,
    extract::{FromRequest, Request, State},
    response::{IntoResponse, Response},
};
use cardea_web::inbound::FormPairs;
use http::{HeaderValue, header::CONTENT_TYPE};
use serde::Serialize;

use super::{
    Bff,
    answers::{forged, private, redirect, set_cookies, unavailable},
    csrf,
    error_page::{PageErrorKind, expects_page},
};
use crate::session::Session;

/// Where a page's script sends the browser next.
#[derive(Serialize)]
struct LoggedOut {
    redirect: String,
}

pub(super) async fn logout(State(bff): State<Bff>, request: Request) -> Response {
    let (headers, extensions) = (request.headers().clone(), request.extensions().clone());
    let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let by_form = kind.is_some_and(|kind| kind.starts_with(b"application/x-www-form-urlencoded"));
    let form_token = match by_form {
        false => None,
        true => match FormPairs::from_request(request, &()).await {
            Ok(FormPairs(pairs)) => only(pairs, csrf::TOKEN_FIELD),
            Err(error) => return private(error.into_response()),
        },
    };
    let session = match bff.0.sessions.load(&headers).await {
        Ok(session) => session,
        Err(error) => {
            tracing::warn!(%error, "a logout failed: the session store is not available");
            return bff.logout_failed(by_form, &extensions);
        }
    };
    match &session {
        // Nothing is taken away: another site's form comes without the cookie, which is still there.
        None => bff.logged_out(None, by_form, None),
        Some(session) => {
            let proof = bff.judge_origin(&headers, session, form_token.as_deref());
            if let Err(detail) = proof {
                if by_form && expects_page(&headers) {
                    return bff.error_page(PageErrorKind::Forged, &extensions);
                }
                return forged(detail);
            }
            // Before all else, and whatever the provider does: here the session is over.
            let last = match bff.0.sessions.end(session).await {
                Ok(last) => last,
                Err(error) => {
                    tracing::warn!(%error, "a session could not be ended");
                    return bff.logout_failed(by_form, &extensions);
                }
            };
            let to = bff.end_at_provider(last.as_ref().unwrap_or(session)).await;
            bff.logged_out(to, by_form, bff.0.sessions.removal_cookie())
        }
    }
}

/// The value of a field that comes once.
fn only(pairs: Vec<(String, String)>, name: &str) -> Option<String> {
    let mut values = pairs.into_iter().filter(|(own, _)| own == name);
    let (_, value) = values.next()?;
    values.next().is_none().then_some(value)
}

impl Bff {
    /// Revokes the refresh token; where the browser is sent to end the provider's session too.
    async fn end_at_provider(&self, session: &Session) -> Option<String> {
        let tokens = session.tokens();
        let revoke = async {
            if let Some(refresh_token) = &tokens.refresh_token
                && let Err(error) = self.0.rp.revoke(refresh_token).await
            {
                tracing::warn!(%error, "a refresh token could not be revoked");
            }
        };
        let id_token = tokens.id_token.as_ref();
        let ((), to) = tokio::join!(revoke, self.0.rp.logout_url(id_token, None, None));
        to.unwrap_or_else(|error| {
            tracing::warn!(%error, "the provider's session goes on");
            None
        })
    }

    fn logout_failed(&self, by_form: bool, request: &http::Extensions) -> Response {
        match by_form {
            true => self.error_page(PageErrorKind::Unavailable, request),
            false => unavailable(),
        }
    }

    fn logged_out(
        &self,
        to: Option<String>,
        by_form: bool,
        cookie: Option<HeaderValue>,
    ) -> Response {
        let to = to.unwrap_or_else(|| self.address(&self.0.config.after_logout));
        if by_form {
            return redirect(&to, cookie);
        }
        let mut response = private(Json(LoggedOut { redirect: to }).into_response());
        set_cookies(&mut response, cookie);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::only;

    #[test]
    fn a_field_that_comes_twice_counts_as_none() {
        let pair = |value: &str| ("csrf_token".to_owned(), value.to_owned());
        assert_eq!(only(vec![pair("a")], "csrf_token").as_deref(), Some("a"));
        assert_eq!(only(vec![pair("a"), pair("a")], "csrf_token"), None);
        assert_eq!(only(vec![], "csrf_token"), None);
    }
}
