//! A login under way: the checked request and the steps done, sealed, in the browser's hands (D7).
//! Nothing of it is in the store.

use cardea_protocol::{
    OAuthError, authorize::AuthorizationRequest, journey::Steps, model::Subject,
};
use cardea_seal::{Digest, Secret};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{app::App, browser::Browser, error::Failure, error_page::page::PageError};

const LIFETIME: SignedDuration = SignedDuration::from_mins(15);
/// A ticket travels in a URL, whose query is at most 16 KiB.
const MAX_BYTES: usize = 15_000;
/// The sealed steps of a whole login take less.
const ROOM_FOR_STEPS: usize = 768;

/// A login under way.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Ticket {
    /// A random name, which CSRF tokens are bound to.
    pub(crate) id: String,
    /// When the request came.
    pub(crate) at: Timestamp,
    /// The browser in which it is under way.
    browser: String,
    /// The request.
    pub(crate) request: AuthorizationRequest,
    /// The steps done.
    #[serde(default)]
    pub(crate) steps: Steps,
    /// Whether the person said that they are somebody else: then a login comes first.
    #[serde(default)]
    pub(crate) switching: bool,
    /// Whether the user has to say who goes on.
    #[serde(default)]
    pub(crate) must_choose: bool,
    /// The user who was logged in when the page was shown.
    #[serde(default)]
    pub(crate) shown_to: Option<Subject>,
}

/// A ticket as it came back.
pub(crate) enum Opened {
    /// This browser's own.
    Own(Ticket),
    /// Begun before this browser's id was renewed (a second tab), or in another browser. Only the request, and who saw its page, is
    /// taken from it, as if it had just come: that is no more than a link to `/authorize` can do.
    Restarted(Ticket),
}

/// What is kept of a ticket whatever its version is.
#[derive(Deserialize)]
struct Remains {
    request: AuthorizationRequest,
}

impl Ticket {
    /// A new ticket for a browser.
    pub(crate) fn new(
        app: &App,
        browser: &Browser,
        request: AuthorizationRequest,
        now: Timestamp,
    ) -> Self {
        Self {
            id: app.entropy.text(12),
            at: now,
            browser: browser.id.to_text(),
            request,
            steps: Steps::default(),
            switching: false,
            must_choose: false,
            shown_to: None,
        }
    }

    /// D7: the browser id is renewed at login, and the ticket goes with it.
    pub(crate) fn move_to(&mut self, browser: &Digest) {
        self.browser = browser.to_text();
    }

    /// The sealed text for a URL and a hidden field.
    pub(crate) fn seal(&self, app: &App) -> Result<String, Failure> {
        let json = serde_json::to_vec(self).map_err(|e| Failure::Internal(e.to_string()))?;
        let text = app.seals.ticket.seal_text(&json, b"");
        // Only a request with several parameters at their bounds gets here. A ticket without steps leaves room for them, so
        // that a login does not fail at its end.
        let room = if self.steps == Steps::default() {
            ROOM_FOR_STEPS
        } else {
            0
        };
        if text.len() + room > MAX_BYTES {
            return Err(OAuthError::invalid_request("the request is too large").into());
        }
        Ok(text)
    }

    /// Opens a ticket that this server sealed within the last 15 minutes.
    pub(crate) fn open(
        app: &App,
        browser: &Browser,
        text: Option<&str>,
        now: Timestamp,
    ) -> Result<Opened, Failure> {
        let Some(text) = text else {
            return Err(Failure::page(PageError::BrokenLink, "there is no ticket"));
        };
        let json = unseal(app, text)?;
        let ticket: Self = serde_json::from_slice(json.expose()).map_err(|e| {
            let cause = format!("ticket of another version: {e}");
            match serde_json::from_slice::<Remains>(json.expose()) {
                Ok(_) => Failure::restartable(PageError::TooLate, cause, text),
                Err(_) => Failure::page(PageError::TooLate, cause),
            }
        })?;
        if now.duration_since(ticket.at) > LIFETIME {
            return Err(Failure::restartable(
                PageError::TooLate,
                "the ticket is older than 15 minutes",
                text,
            ));
        }
        if ticket.browser == browser.id.to_text() {
            return Ok(Opened::Own(ticket));
        }
        let shown_to = ticket.shown_to;
        Ok(Opened::Restarted(Self {
            shown_to,
            ..Self::new(app, browser, ticket.request, now)
        }))
    }

    /// The request of a ticket, however old it is. It has to be checked again before it is used.
    pub(crate) fn request_of(app: &App, text: &str) -> Result<AuthorizationRequest, Failure> {
        let json = unseal(app, text)?;
        let remains: Remains = serde_json::from_slice(json.expose()).map_err(|e| {
            Failure::page(
                PageError::TooLate,
                format!("ticket of another version: {e}"),
            )
        })?;
        Ok(remains.request)
    }
}

fn unseal(app: &App, text: &str) -> Result<Secret<Vec<u8>>, Failure> {
    if text.len() > MAX_BYTES {
        return Err(Failure::page(
            PageError::BrokenLink,
            "the ticket is too long",
        ));
    }
    let opened = app.seals.ticket.open_text(text, b"");
    opened.map_err(|e| Failure::page(PageError::BrokenLink, format!("ticket: {e}")))
}
