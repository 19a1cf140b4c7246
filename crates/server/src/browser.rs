//! The two cookies: a random browser id before login, the session after it (D7, D8).

use std::time::Duration;

use cardea_protocol::model::{Session, SessionId};
use cardea_seal::{Digest, RandomToken};
use cardea_web::inbound::{SetCookie, cookies};
use http::{HeaderMap, header::SET_COOKIE};

use crate::{app::App, ctx::Ctx, error::Failure};

const BROWSER: &str = "browser";
const SESSION: &str = "session";

/// The browser of a request.
pub(crate) struct Browser {
    /// The hash of its random id; what tickets and CSRF tokens are bound to.
    pub(crate) id: Digest,
    /// Set when the id was made for this request.
    pub(crate) fresh: Option<RandomToken>,
    /// The key of its session, alive or not.
    pub(crate) session_id: Option<SessionId>,
}

impl Browser {
    /// The browser by its cookies; one without an id gets one.
    pub(crate) fn of(ctx: &Ctx) -> Self {
        let token = |purpose| {
            cookies::read(&ctx.caller.headers, &ctx.app.cookies.name(purpose))
                .and_then(RandomToken::parse)
        };
        let session_id = token(SESSION).map(|t| SessionId(t.hash()));
        match token(BROWSER) {
            Some(known) => Self {
                id: known.hash(),
                fresh: None,
                session_id,
            },
            None => {
                let fresh = ctx.app.entropy.token();
                Self {
                    id: fresh.hash(),
                    fresh: Some(fresh),
                    session_id,
                }
            }
        }
    }

    /// The living session. Its time is written again when it was not seen for a minute.
    pub(crate) async fn session(&self, ctx: &Ctx) -> Result<Option<Session>, Failure> {
        let Some(id) = self.session_id else {
            return Ok(None);
        };
        let session = ctx.app.store.session(id, ctx.caller.now).await?;
        // RFC 9110 §9.3.2: HEAD is safe.
        if !ctx.caller.is_head
            && let Some(session) = &session
            && ctx.caller.now.duration_since(session.last_seen_at)
                > jiff::SignedDuration::from_mins(1)
        {
            ctx.app
                .store
                .touch_session(id, ctx.caller.now, ctx.app.settings.session_idle_ttl)
                .await?;
        }
        Ok(session)
    }

    /// Sets the cookie of a browser that had none.
    pub(crate) fn remember(&self, app: &App, headers: &mut HeaderMap) {
        if let Some(fresh) = &self.fresh {
            set(app, headers, BROWSER, Some(fresh));
        }
    }
}

/// The cookies of a login (D8).
pub(crate) struct NewCookies {
    /// The session.
    pub(crate) session: RandomToken,
    /// How long the browser keeps the session's cookie; until it is closed, if this is `None`.
    pub(crate) keep_session: Option<Duration>,
    /// The browser's new id. A new one is given to a browser that was closed, so it need not last.
    pub(crate) browser: RandomToken,
}

impl NewCookies {
    /// Sets them.
    pub(crate) fn write(&self, app: &App, headers: &mut HeaderMap) {
        let text = self.session.to_text();
        let cookie = app.cookies.set(SESSION, text.expose());
        let cookie = match self.keep_session {
            Some(age) => cookie.max_age(age),
            None => cookie,
        };
        append(headers, &cookie);
        set(app, headers, BROWSER, Some(&self.browser));
    }
}

/// Deletes the session's cookie.
pub(crate) fn forget_session(app: &App, headers: &mut HeaderMap) {
    set(app, headers, SESSION, None);
}

fn set(app: &App, headers: &mut HeaderMap, purpose: &str, token: Option<&RandomToken>) {
    match token {
        Some(token) => append(headers, &app.cookies.set(purpose, token.to_text().expose())),
        None => append(headers, &app.cookies.delete(purpose)),
    }
}

fn append(headers: &mut HeaderMap, cookie: &SetCookie<'_>) {
    if let Some(header) = cookie.header() {
        headers.append(SET_COOKIE, header);
    }
}
