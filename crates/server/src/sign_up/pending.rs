//! A sign-up that waits for the confirmation of its address, sealed in the link that is mailed.

use cardea_protocol::{
    mail::EmailAddress,
    model::{Subject, User, Username},
};
use cardea_seal::Secret;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    app::App,
    browser::Browser,
    ctx::Ctx,
    error::Failure,
    error_page::page::PageError,
    journey::goal::{AccountSection, Goal},
};

/// How long an address can be confirmed.
const TTL: SignedDuration = SignedDuration::from_hours(24);
/// The goal of a longer token is forgotten: it is a link in a mail.
const MAX_BYTES: usize = 4000;
/// Changes with the meaning of a member.
const VERSION: u8 = 1;

/// A pending sign-up.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct PendingSignUp {
    version: u8,
    /// Made with the link, so that a link makes one account, whatever its user changes later.
    pub(crate) subject: Subject,
    pub(crate) username: Username,
    pub(crate) email: EmailAddress,
    password_hash: String,
    pub(crate) goal: Goal,
    /// The browser that signed up.
    browser: String,
    pub(crate) expires_at: Timestamp,
}

impl PendingSignUp {
    /// Without the password and the goal.
    pub(super) fn new(ctx: &Ctx, browser: &Browser, user: User, email: EmailAddress) -> Self {
        let now = ctx.caller.now;
        Self {
            version: VERSION,
            subject: user.subject,
            username: user.username,
            email,
            password_hash: String::new(),
            goal: account(),
            browser: browser.id.to_text(),
            expires_at: now.saturating_add(TTL).unwrap_or(now),
        }
    }

    pub(super) fn with(self, hash: &Secret<String>, goal: Goal) -> Self {
        Self {
            password_hash: hash.expose().clone(),
            goal,
            ..self
        }
    }

    /// The token of the link.
    pub(super) fn seal(&self, app: &App) -> Result<Secret<String>, Failure> {
        let seal = |pending: &Self| {
            let json = serde_json::to_vec(pending).map_err(|e| Failure::Internal(e.to_string()));
            json.map(|json| app.seals.sign_up.seal_text(&json, b""))
        };
        let token = seal(self)?;
        if token.len() <= MAX_BYTES {
            return Ok(Secret::new(token));
        }
        let without = Self {
            goal: account(),
            ..self.clone()
        };
        seal(&without).map(Secret::new)
    }

    /// Opens the token of a link.
    pub(crate) fn open(app: &App, token: &str, now: Timestamp) -> Result<Self, Failure> {
        let broken = |cause: String| Failure::page(PageError::BrokenLink, cause);
        if token.len() > MAX_BYTES {
            return Err(broken("the token of a sign-up is too long".to_owned()));
        }
        let json = app.seals.sign_up.open_text(token, b"");
        let json = json.map_err(|e| broken(format!("sign-up: {e}")))?;
        let used = |cause: String| Failure::page(PageError::UsedLink, cause);
        let pending: Self = serde_json::from_slice(json.expose())
            .map_err(|e| used(format!("sign-up of another version: {e}")))?;
        if pending.version != VERSION || pending.expires_at <= now {
            return Err(used("the sign-up has expired".to_owned()));
        }
        Ok(pending)
    }

    pub(crate) fn password_hash(&self) -> Secret<String> {
        Secret::new(self.password_hash.clone())
    }

    /// Whether this is the browser that signed up.
    pub(crate) fn began_in(&self, browser: &Browser) -> bool {
        self.browser == browser.id.to_text()
    }
}

/// The account page.
fn account() -> Goal {
    let return_to = AccountSection::Profile;
    Goal::Account { return_to }
}
