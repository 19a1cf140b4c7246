//! The steps done in one ticket, and what they prove of the user.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::NextStep;
use crate::{
    metadata::ACR_PASSWORD,
    model::{AuthenticationContext, Session, Sid, Subject},
};

/// What a user has to prove before a session is opened: a password, for all users.
const REQUIRED: &[Authenticator] = &[Authenticator::Password];

/// A means to prove who a user is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Authenticator {
    /// The user's password.
    Password,
}

impl Authenticator {
    /// RFC 8176 §2: its authentication method reference.
    const fn amr(self) -> &'static str {
        match self {
            Self::Password => "pwd",
        }
    }

    /// The step in which it is proved.
    const fn step(self) -> NextStep {
        match self {
            Self::Password => NextStep::Login,
        }
    }
}

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
}

/// A user who has proved all that a session needs. Only [`Steps::authenticated`] makes one, and only with one a session is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authenticated {
    subject: Subject,
    context: AuthenticationContext,
    password_set_at: Option<Timestamp>,
}

impl Authenticated {
    /// The user.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// When and how the user authenticated.
    #[must_use]
    pub fn context(&self) -> &AuthenticationContext {
        &self.context
    }

    /// When the password was set that was proved.
    #[must_use]
    pub fn password_set_at(&self) -> Option<Timestamp> {
        self.password_set_at
    }
}

/// The steps done in one ticket. A step counts only for the session and the user it was done with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Steps {
    /// What was proved, by one user.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    proved: Vec<Proved>,
    /// The session that was opened with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    opened: Option<Sid>,
    /// The session that the user chose to continue with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    chosen: Option<Sid>,
    /// The consent given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    consent: Option<ConsentStep>,
    /// Whether a login is required, whatever session there is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    must_log_in: bool,
}

/// A consent given in a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct ConsentStep {
    /// The session in which it was given.
    sid: Sid,
    /// The user who gave it.
    subject: Subject,
}

impl Steps {
    /// No step done yet, and a login is required whatever session there is: the user asked to log in, maybe with another account.
    #[must_use]
    pub fn must_log_in() -> Self {
        Self {
            must_log_in: true,
            ..Self::default()
        }
    }

    /// Records a proof. The proofs of another user, and those that have opened a session, don't count any more.
    pub fn prove(&mut self, proved: Proved) {
        if self.opened.take().is_some() {
            self.proved.clear();
        }
        self.proved
            .retain(|p| p.subject == proved.subject && p.authenticator != proved.authenticator);
        self.proved.push(proved);
    }

    /// The user who proved all that is required, else the step in which the first missing authenticator is proved. Nothing else sets
    /// `acr`, `amr` and `auth_time` of a session.
    pub fn authenticated(&self) -> Result<Authenticated, NextStep> {
        // Proofs that have opened a session open no other. All are of one user, see `prove`.
        let unused = || self.proved.iter().filter(|_| self.opened.is_none());
        let Some(last) = unused().next_back() else {
            return Err(NextStep::Login);
        };
        let mut amr = Vec::new();
        for required in REQUIRED {
            if !unused().any(|p| p.authenticator == *required) {
                return Err(required.step());
            }
            amr.push(required.amr().to_owned());
        }
        let context = AuthenticationContext {
            // OpenID Core §2: the authentication occurred when its last part did.
            auth_time: last.at,
            acr: ACR_PASSWORD.to_owned(),
            amr,
        };
        let password = unused().find(|p| p.authenticator == Authenticator::Password);
        Ok(Authenticated {
            subject: last.subject.clone(),
            context,
            password_set_at: password.map(|p| p.credential_set_at),
        })
    }

    /// Records the session that the proofs have opened.
    pub fn open(&mut self, session: Sid) {
        self.opened = Some(session);
        self.must_log_in = false;
    }

    /// Records that the user chose to continue with a session.
    pub fn choose(&mut self, session: &Session) {
        self.chosen = Some(session.sid.clone());
    }

    /// Records a consent.
    pub fn consent(&mut self, session: &Session) {
        self.consent = Some(ConsentStep {
            sid: session.sid.clone(),
            subject: session.subject.clone(),
        });
    }

    /// Whether the session is one that this ticket's proofs have opened, and still the same user's.
    pub(super) fn has_opened(&self, session: &Session) -> bool {
        self.opened.as_ref() == Some(&session.sid)
            && self.proved.iter().any(|p| p.subject == session.subject)
    }

    /// Whether the user said in this ticket to continue with the session, by a login or by a choice.
    pub(super) fn has_chosen(&self, session: &Session) -> bool {
        self.has_opened(session) || self.chosen.as_ref() == Some(&session.sid)
    }

    /// The consent has been withdrawn since.
    pub fn forget_consent(&mut self) {
        self.consent = None;
    }

    /// Whether the session's user consented in this ticket.
    #[must_use]
    pub fn has_consent(&self, session: &Session) -> bool {
        self.consent
            .as_ref()
            .is_some_and(|c| c.sid == session.sid && c.subject == session.subject)
    }

    /// Whether a login is required that was not done yet.
    pub(super) fn lacks_login(&self) -> bool {
        self.must_log_in
    }
}

#[cfg(test)]
#[path = "steps_tests.rs"]
mod tests;
