//! The two cookies: a random browser id before login, the session after it (D7, D8).

use cardea_protocol::model::{Session, SessionId};
use cardea_seal::{Digest, RandomToken};
use cardea_web::inbound::cookies;
use http::{HeaderMap, HeaderValue, header::SET_COOKIE};

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

/// D8: a login gives a new session cookie and a new browser id.
pub(crate) fn set_session(
    app: &App,
    headers: &mut HeaderMap,
    session: &RandomToken,
    browser: &RandomToken,
) {
    set(app, headers, SESSION, Some(session));
    set(app, headers, BROWSER, Some(browser));
}

/// Deletes the session's cookie.
pub(crate) fn forget_session(app: &App, headers: &mut HeaderMap) {
    set(app, headers, SESSION, None);
}

fn set(app: &App, headers: &mut HeaderMap, purpose: &str, token: Option<&RandomToken>) {
    let header: Option<HeaderValue> = match token {
        Some(token) => app.cookies.set(purpose, token.to_text().expose()).header(),
        None => app.cookies.delete(purpose).header(),
    };
    if let Some(header) = header {
        headers.append(SET_COOKIE, header);
    }
}
