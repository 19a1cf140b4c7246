//! A sign-in that is pending at an upstream: sealed, in cookies of the browser that began it (D7). Nothing of it is stored.

use std::time::Duration;

use cardea_client::rp::LoginState;
use cardea_protocol::{federation::UpstreamId, model::Subject};
use cardea_web::inbound::cookies;
use http::{HeaderMap, header::SET_COOKIE};
use serde::{Deserialize, Serialize};

use crate::{app::App, browser::Browser, ctx::Ctx, error::Failure, journey::ticket::Ticket};

/// RFC 6265 §6.1: browsers keep cookies of 4096 bytes, name and attributes included.
const PART_BYTES: usize = 3_500;
/// Together with the largest request of a client.
const PARTS: [&str; 3] = ["federation", "federation_2", "federation_3"];
/// As long as a ticket.
const MAX_AGE: Duration = Duration::from_secs(15 * 60);

/// What has to be known when the browser comes back.
#[derive(Serialize, Deserialize)]
pub(super) struct Pending {
    /// Where the browser was sent.
    pub(super) upstream: UpstreamId,
    /// `state`, `nonce` and the PKCE verifier.
    pub(super) login: LoginState,
    /// The journey, which names its browser.
    pub(super) ticket: Ticket,
    /// Whether the user must authenticate there again, whatever session there is.
    pub(super) must_be_fresh: bool,
    /// The user who links the identity to their account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) link: Option<Subject>,
}

impl Pending {
    /// Sets the cookies. The last sign-in that a browser begins is the one that it can finish.
    pub(super) fn keep(&self, app: &App, headers: &mut HeaderMap) -> Result<(), Failure> {
        let json = serde_json::to_vec(self).map_err(|e| Failure::Internal(e.to_string()))?;
        let sealed = app.seals.federation.seal_text(&json, b"");
        let mut rest = sealed.as_str();
        for purpose in PARTS {
            let (part, more) = rest.split_at_checked(PART_BYTES).unwrap_or((rest, ""));
            let cookie = match part {
                "" => app.cookies.delete(purpose),
                part => app.cookies.set(purpose, part).max_age(MAX_AGE),
            };
            headers.extend(cookie.header().map(|header| (SET_COOKIE, header)));
            rest = more;
        }
        match rest {
            "" => Ok(()),
            _ => {
                Err(cardea_protocol::OAuthError::invalid_request("the request is too large").into())
            }
        }
    }

    /// The same, if its ticket is this browser's still.
    pub(super) fn of_browser(self, ctx: &Ctx, browser: &Browser) -> Result<Self, Failure> {
        let ticket = self.ticket.resume(&ctx.app, browser, ctx.caller.now)?;
        Ok(Self { ticket, ..self })
    }

    /// What this browser began.
    pub(super) fn read(ctx: &Ctx) -> Option<Self> {
        let headers = &ctx.caller.headers;
        let part = |purpose: &&str| cookies::read(headers, &ctx.app.cookies.name(purpose));
        let sealed: String = PARTS.iter().map_while(part).collect();
        let json = ctx.app.seals.federation.open_text(&sealed, b"").ok()?;
        serde_json::from_slice(json.expose()).ok()
    }

    /// Deletes the cookies: a sign-in is finished once.
    pub(super) fn forget(app: &App, headers: &mut HeaderMap) {
        for purpose in PARTS {
            let deleted = app.cookies.delete(purpose).header();
            headers.extend(deleted.map(|header| (SET_COOKIE, header)));
        }
    }
}
