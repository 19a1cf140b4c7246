//! What proves who a user is, and what each proof is worth.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    federation::UpstreamProof,
    mfa::Acr,
    model::{AuthenticationContext, PasskeyId, Session, Subject},
};

/// A means to prove who a user is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Authenticator {
    /// The user's password.
    Password,
    /// A code of an authenticator app.
    Totp,
    /// A backup code, in the place of the authenticator app.
    BackupCode,
    /// Another provider.
    Upstream,
    /// A passkey, with user verification: two factors in one. Alone or after a password.
    Passkey {
        /// Whether its private key can be on several devices.
        synced: bool,
    },
}

impl Authenticator {
    /// RFC 8176 §2: its authentication method references. Another provider says its own.
    const fn amr(self) -> &'static [&'static str] {
        match self {
            Self::Password => &["pwd"],
            Self::Totp | Self::BackupCode => &["otp"],
            Self::Upstream => &[],
            Self::Passkey { synced: false } => &["hwk", "user"],
            Self::Passkey { synced: true } => &["swk", "user"],
        }
    }

    /// Whether a login begins with it.
    pub(super) const fn is_first(self) -> bool {
        match self {
            Self::Password | Self::Upstream | Self::Passkey { .. } => true,
            Self::Totp | Self::BackupCode => false,
        }
    }

    /// The class that it reaches as the second factor; `None` where it is none.
    const fn as_second(self) -> Option<Acr> {
        match self {
            Self::Password | Self::Upstream => None,
            Self::Totp | Self::BackupCode => Some(Acr::Mfa),
            Self::Passkey { .. } => Some(Acr::PhishingResistant),
        }
    }
}

/// RFC 8176 §2: more than one factor.
pub(super) const AMR_MFA: &str = "mfa";

/// An authenticator that was proved in a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proved {
    /// Which.
    pub authenticator: Authenticator,
    /// By which user.
    pub subject: Subject,
    /// When.
    pub at: Timestamp,
    /// When the credential was set that was verified. It must be the user's still when a session is opened.
    pub credential_set_at: Timestamp,
    /// What counts of the sign-in at another provider, if it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<UpstreamProof>,
    /// Which passkey, if it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passkey: Option<PasskeyId>,
}

impl Proved {
    pub(super) fn amr(&self) -> impl Iterator<Item = &str> {
        let told = self.upstream.iter().flat_map(|proof| &proof.amr);
        let own = self.authenticator.amr().iter().copied();
        own.chain(told.map(String::as_str))
    }

    /// The class that a sign-in with it reaches.
    pub(super) fn acr(&self) -> Acr {
        let there = self.upstream.as_ref();
        match there.is_some_and(|proof| proof.multi_factor) {
            true => Acr::Mfa,
            false => self.authenticator.as_second().unwrap_or(Acr::Password),
        }
    }
}

/// A session whose user has proved a second factor since. Only [`step_up`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SteppedUp {
    session: Session,
    context: AuthenticationContext,
}

impl SteppedUp {
    /// The session as it was.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// When and how the user authenticated, with the second factor.
    #[must_use]
    pub fn context(&self) -> &AuthenticationContext {
        &self.context
    }
}

/// RFC 9470: adds a second factor to a living session. The first factor was proved when the session was opened.
#[must_use]
pub fn step_up(session: &Session, second: Authenticator, now: Timestamp) -> Option<SteppedUp> {
    let acr = Acr::of_session(&session.context.acr).max(second.as_second()?);
    let mut amr = session.context.amr.clone();
    add_methods(&mut amr, second.amr().iter().copied().chain([AMR_MFA]));
    let context = AuthenticationContext {
        auth_time: now,
        acr: acr.as_str().to_owned(),
        amr,
    };
    Some(SteppedUp {
        session: session.clone(),
        context,
    })
}

pub(super) fn add_methods<'a>(amr: &mut Vec<String>, methods: impl Iterator<Item = &'a str>) {
    for method in methods {
        if !amr.iter().any(|known| known == method) {
            amr.push(method.to_owned());
        }
    }
}
