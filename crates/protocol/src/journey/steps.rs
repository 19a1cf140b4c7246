//! The steps done in one ticket, and what they prove of the user.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    NextStep,
    proof::{AMR_MFA, Authenticator, Proved, add_methods},
};
use crate::{
    federation::UpstreamProof,
    mfa::{Acr, Demand},
    model::{AuthenticationContext, OrganizationId, PasskeyId, Session, Sid, Subject},
};

/// A user who has proved all that a session needs. Only [`Steps::authenticated`] makes one, and only with one a session is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authenticated {
    subject: Subject,
    context: AuthenticationContext,
    password_set_at: Option<Timestamp>,
    upstream: Option<UpstreamProof>,
    passkey: Option<PasskeyId>,
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

    /// The sign-in at another provider, if that was a proof.
    #[must_use]
    pub fn upstream(&self) -> Option<&UpstreamProof> {
        self.upstream.as_ref()
    }

    /// The passkey, if one was a proof.
    #[must_use]
    pub fn passkey(&self) -> Option<&PasskeyId> {
        self.passkey.as_ref()
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
    /// The organization chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    organization: Option<OrganizationStep>,
    /// Whether a login is required, whatever session there is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    must_log_in: bool,
    /// The only user who may log in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fixed_user: Option<Subject>,
    /// Whether a second factor is required, whatever session there is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    must_step_up: bool,
    /// The session to which a second factor was added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stepped_up: Option<Sid>,
    /// Whether the user went on without a second factor that was not required.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    skipped: bool,
}

/// A consent given in a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct ConsentStep {
    /// The session in which it was given.
    sid: Sid,
    /// The user who gave it.
    subject: Subject,
}

/// A choice of an organization in a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct OrganizationStep {
    /// The session in which it was made.
    sid: Sid,
    /// The organization.
    id: OrganizationId,
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

    /// No step done yet, and a login of this user is required whatever session there is: the user is about to change something
    /// sensitive.
    #[must_use]
    pub fn must_log_in_as(subject: Subject) -> Self {
        Self {
            fixed_user: Some(subject),
            ..Self::must_log_in()
        }
    }

    /// The only user who may log in, if it is one.
    #[must_use]
    pub fn fixed_user(&self) -> Option<&Subject> {
        self.fixed_user.as_ref()
    }

    /// The same, and a second factor is required whatever session there is: the user is about to change something sensitive.
    #[must_use]
    pub fn must_step_up(self) -> Self {
        Self {
            must_step_up: true,
            ..self
        }
    }

    /// Records a proof. The proofs of another user, and those that have opened a session, don't count any more.
    pub fn prove(&mut self, proved: Proved) {
        if self.opened.take().is_some() {
            self.proved.clear();
        }
        let kind = std::mem::discriminant(&proved.authenticator);
        self.proved.retain(|p| {
            p.subject == proved.subject && std::mem::discriminant(&p.authenticator) != kind
        });
        self.proved.push(proved);
    }

    /// The user who has proved a first factor in a login that is not done.
    #[must_use]
    pub fn pending(&self) -> Option<&Subject> {
        let first = self.unused().find(|p| p.authenticator.is_first());
        first.map(|p| &p.subject)
    }

    /// Proofs that have opened a session open no other. All are of one user, see `prove`.
    fn unused(&self) -> impl DoubleEndedIterator<Item = &Proved> {
        self.proved.iter().filter(|_| self.opened.is_none())
    }

    /// The user who proved all that is demanded, else the step in which the first missing authenticator is proved. Nothing else but
    /// [`step_up`](super::step_up) sets `acr`, `amr` and `auth_time` of a session.
    pub fn authenticated(&self, demand: &Demand) -> Result<Authenticated, NextStep> {
        let (Some(subject), Some(last)) = (self.pending(), self.unused().next_back()) else {
            return Err(NextStep::Login);
        };
        if self.fixed_user().is_some_and(|fixed| fixed != subject) {
            return Err(NextStep::Login);
        }
        let acr = self.unused().map(Proved::acr).max();
        let acr = acr.unwrap_or(Acr::Password);
        if self.lacks_factor(demand, acr) {
            return Err(NextStep::SecondFactor);
        }
        let password = self
            .unused()
            .find(|p| p.authenticator == Authenticator::Password);
        // After the second factor: a user who proved only the password must not replace it.
        if demand.new_password && password.is_some() {
            return Err(NextStep::NewPassword);
        }
        let mut amr: Vec<String> = Vec::new();
        let methods = self.unused().flat_map(Proved::amr);
        add_methods(
            &mut amr,
            methods.chain((acr >= Acr::Mfa).then_some(AMR_MFA)),
        );
        let context = AuthenticationContext {
            // OpenID Core §2: the authentication occurred when its last part did.
            auth_time: last.at,
            acr: acr.as_str().to_owned(),
            amr,
        };
        Ok(Authenticated {
            subject: subject.clone(),
            context,
            password_set_at: password.map(|p| p.credential_set_at),
            upstream: self.unused().find_map(|p| p.upstream.clone()),
            passkey: self.unused().find_map(|p| p.passkey.clone()),
        })
    }

    /// When the password was set that was proved in a login that is not done.
    #[must_use]
    pub fn proved_password(&self) -> Option<Timestamp> {
        let mut unused = self.unused();
        let password = unused.find(|p| p.authenticator == Authenticator::Password);
        password.map(|p| p.credential_set_at)
    }

    /// Records that the password that was proved was replaced by its user: from then on the new one counts as proved.
    pub fn replace_password(&mut self, set_at: Timestamp) {
        let passwords = self.proved.iter_mut();
        for proved in passwords.filter(|p| p.authenticator == Authenticator::Password) {
            proved.credential_set_at = set_at;
        }
    }

    /// Whether a second factor is asked for where this class is reached.
    pub(super) fn lacks_factor(&self, demand: &Demand, reached: Acr) -> bool {
        let skipped = self.skipped && demand.may_skip();
        reached < demand.required || (reached < demand.wanted && !skipped)
    }

    /// Records that the user went on without the second factor.
    pub fn skip(&mut self) {
        self.skipped = true;
    }

    /// Records the session that the proofs have opened.
    pub fn open(&mut self, session: Sid) {
        self.opened = Some(session);
        self.must_log_in = false;
    }

    /// Records that a second factor was added to a session.
    pub fn step_up(&mut self, session: &Session) {
        self.stepped_up = Some(session.sid.clone());
    }

    /// Records that the user chose to continue with a session.
    pub fn choose(&mut self, session: &Session) {
        self.chosen = Some(session.sid.clone());
    }

    /// Records the organization that the user chose. What was consented to before was for another one.
    pub fn choose_organization(&mut self, session: &Session, id: OrganizationId) {
        self.consent = None;
        self.organization = Some(OrganizationStep {
            sid: session.sid.clone(),
            id,
        });
    }

    /// The organization that the session's user chose in this ticket.
    #[must_use]
    pub fn organization(&self, session: &Session) -> Option<&OrganizationId> {
        let step = self.organization.as_ref()?;
        (step.sid == session.sid).then_some(&step.id)
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

    /// Whether a second factor is required that was not proved yet.
    pub(super) fn lacks_step_up(&self, session: &Session) -> bool {
        let proved_now =
            self.has_opened(session) && Acr::of_session(&session.context.acr) >= Acr::Mfa;
        self.must_step_up && !proved_now && self.stepped_up.as_ref() != Some(&session.sid)
    }

    /// Whether a login is required that was not done yet.
    pub(super) fn lacks_login(&self) -> bool {
        self.must_log_in
    }
}

#[cfg(test)]
#[path = "steps_tests.rs"]
mod tests;
