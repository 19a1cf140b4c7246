//! A pending journey: its goal and the steps done, sealed, in the browser's hands (D7, D24).
//! Nothing of it is in the store.

use cardea_protocol::{OAuthError, federation::UpstreamId, journey::Steps, model::Subject};
use cardea_seal::{Digest, Secret};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::goal::{Goal, invitation_page};
use crate::{app::App, browser::Browser, error::Failure, error_page::page::PageError};

const LIFETIME: SignedDuration = SignedDuration::from_mins(15);
/// A ticket travels in a URL, whose query is at most 16 KiB.
pub(super) const MAX_BYTES: usize = 15_000;
/// The sealed steps of a whole login take less.
const ROOM_FOR_STEPS: usize = 1280;
/// Changes with the meaning of a member. Of a ticket of another version only the goal is used.
const VERSION: u8 = 2;

/// A pending journey.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Ticket {
    version: u8,
    /// A random name, which CSRF tokens are bound to.
    pub(crate) id: String,
    /// When the journey began.
    pub(crate) at: Timestamp,
    /// The browser in which it began.
    browser: String,
    #[serde(flatten)]
    pub(crate) goal: Goal,
    /// The steps done.
    #[serde(default)]
    pub(crate) steps: Steps,
    /// Whether the user has to say who continues.
    #[serde(default)]
    pub(crate) must_choose: bool,
    /// Whether the user asked to stay signed in.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) remember: bool,
    /// An identity of another provider, for the user whose address it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) link_offer: Option<LinkOffer>,
    /// The step whose form was not used, because the session changed since its page was shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) again: Option<String>,
    /// The user who was logged in when the page was shown.
    #[serde(default)]
    pub(crate) shown_to: Option<Subject>,
}

/// An identity of another provider that was proved in this browser. It can be linked by the user with its address, after a sign-in
/// in the same ticket. In another browser nothing of it is left.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct LinkOffer {
    /// The user.
    pub(crate) owner: Subject,
    pub(crate) upstream: UpstreamId,
    pub(crate) issuer: String,
    pub(crate) subject: String,
    /// What the provider calls the user.
    pub(crate) label: Option<String>,
}

/// A ticket as it came back.
pub(crate) enum Opened {
    /// This browser's own.
    Own(Ticket),
    /// From before this browser's id was renewed (a second tab), or from another browser. Only the goal, and who saw its page, is
    /// taken from it, as if it had just come: that is no more than a link to `/authorize` or `/login` can do.
    Restarted(Ticket),
}

/// What is used of a ticket whatever its age and version.
#[derive(Deserialize)]
struct Remains {
    #[serde(flatten)]
    goal: Goal,
}

impl Ticket {
    /// A new ticket for a browser.
    pub(crate) fn new(app: &App, browser: &Browser, goal: Goal, now: Timestamp) -> Self {
        Self {
            version: VERSION,
            id: app.entropy.text(12),
            at: now,
            browser: browser.id.to_text(),
            goal,
            steps: Steps::default(),
            must_choose: false,
            remember: false,
            link_offer: None,
            again: None,
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
        let too_late = |cause: String| {
            Failure::page(PageError::TooLate, cause).with_restart(Self::restart_of(app, text))
        };
        let ticket: Self = serde_json::from_slice(json.expose())
            .map_err(|e| too_late(format!("ticket of another version: {e}")))?;
        if ticket.version != VERSION {
            return Err(too_late(format!("ticket of version {}", ticket.version)));
        }
        if now.duration_since(ticket.at) > LIFETIME {
            return Err(too_late("the ticket is older than 15 minutes".to_owned()));
        }
        if ticket.browser == browser.id.to_text() {
            return Ok(Opened::Own(ticket));
        }
        let shown_to = ticket.shown_to;
        Ok(Opened::Restarted(Self {
            shown_to,
            ..Self::new(app, browser, ticket.goal, now)
        }))
    }

    /// A ticket that was kept in a cookie, if it is this browser's and younger than 15 minutes.
    pub(crate) fn resume(
        self,
        app: &App,
        browser: &Browser,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let refuse =
            |page, cause: &str| Err(Failure::page(page, cause).with_restart(self.restart(app)));
        if self.version != VERSION || now.duration_since(self.at) > LIFETIME {
            return refuse(PageError::TooLate, "the ticket is older than 15 minutes");
        }
        if self.browser != browser.id.to_text() {
            let cause = "the ticket is of another browser, or from before the last login";
            return refuse(PageError::OtherBrowser, cause);
        }
        Ok(self)
    }

    /// The goal of a ticket, however old it is. An authorization request has to be checked again before it is used.
    pub(crate) fn goal_of(app: &App, text: &str) -> Result<Goal, Failure> {
        let json = unseal(app, text)?;
        let remains: Remains = serde_json::from_slice(json.expose()).map_err(|e| {
            Failure::page(
                PageError::TooLate,
                format!("ticket of another version: {e}"),
            )
        })?;
        Ok(remains.goal)
    }

    /// The link that starts the journey of a ticket again, however old it is; `None` for what is no ticket of ours.
    pub(crate) fn restart_of(app: &App, text: &str) -> Option<String> {
        let goal = Self::goal_of(app, text).ok()?;
        Some(restart(app, &goal, text))
    }

    /// The path and query that start the authorization request again, without the steps done.
    pub(super) fn restart_path(&self, app: &App) -> Option<String> {
        let fresh = Self {
            steps: Steps::default(),
            ..self.clone()
        };
        let text = fresh.seal(app).ok()?;
        Some(format!(
            "{}/authorize?ticket={text}",
            app.settings.issuer.path()
        ))
    }

    /// The link that starts the journey again.
    pub(crate) fn restart(&self, app: &App) -> Option<String> {
        let text = self.seal(app).ok()?;
        Some(restart(app, &self.goal, &text))
    }
}

fn restart(app: &App, goal: &Goal, ticket: &str) -> String {
    let issuer = &app.settings.issuer;
    match goal {
        Goal::Authorize(_) => format!("{}?ticket={ticket}", issuer.endpoint("/authorize")),
        Goal::Account { return_to } => issuer.endpoint(&return_to.login_path()),
        Goal::Invitation { token } => invitation_page(app, token),
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
