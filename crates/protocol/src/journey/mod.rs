//! The rules of a journey (D24), one browser on its way to a goal: which step is next (OpenID Core §3.1.2.3, §3.1.2.4, D7, D8), and
//! what the steps prove.
//!
//! The goal is an authorization request or, without one, the account page.

mod proof;
mod recent;
mod steps;

use jiff::{SignedDuration, Timestamp};
use url::Url;

pub use proof::{Authenticator, Proved, SteppedUp, step_up};
use recent::is_recent;
pub use recent::{RECENT, sign_in_again};
pub use steps::{Authenticated, Steps};

use crate::{
    authorize::AuthorizationRequest,
    error::{ErrorCode, OAuthError},
    mfa::{Acr, Demand},
    model::{Client, Consent, ConsentMode, Session, Subject},
    redirect_uri::{ApplicationType, is_loopback},
    request::Prompt,
    roles::{Chosen, Membership, choose_organization},
};

/// What the next step is judged by.
#[derive(Clone, Copy)]
pub struct Situation<'a> {
    /// The time.
    pub at: Timestamp,
    /// What was done in the ticket.
    pub steps: &'a Steps,
    /// The living session of the browser's cookie.
    pub session: Option<&'a Session>,
    /// What is demanded of the user who is logging in or, if there is none, of the session's.
    pub demand: Result<Demand, &'a OAuthError>,
    /// Whether the user has to say who continues: a form was sent from a page that was shown before another user logged in.
    pub must_choose: bool,
    /// The account to which an identity of another provider can be linked by its user.
    pub link_offered_to: Option<&'a Subject>,
    /// The authorization request; `None` when the goal is the account page.
    pub authorization: Option<Authorization<'a>>,
}

/// An authorization request, with what it is judged by.
#[derive(Clone, Copy)]
pub struct Authorization<'a> {
    /// The checked request.
    pub request: &'a AuthorizationRequest,
    /// When it came.
    pub requested_at: Timestamp,
    /// The client.
    pub client: &'a Client,
    /// Whether `login_hint` names another user than the session's.
    pub hinted_elsewhere: bool,
    /// What the session's user has allowed the client.
    pub consent: Option<&'a Consent>,
    /// The organizations of the session's user, if the request is for one (D27).
    pub memberships: &'a [Membership],
    /// Whether the session's user can join an organization by the domain of the user's address.
    pub offered: bool,
}

impl<'a> Authorization<'a> {
    /// The organization in which the session's user acts (D27).
    pub fn organization(&self, steps: &Steps, session: &Session) -> Result<Chosen<'a>, OAuthError> {
        let access = &self.request.access;
        if !access.scope.wants_organization() {
            return Ok(Chosen::None);
        }
        choose_organization(
            self.memberships,
            access.organization.as_deref(),
            self.client.metadata().require_organization,
            steps.organization(session),
            self.offered,
        )
    }
}

/// What a journey needs next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextStep {
    /// The login page.
    Login,
    /// The page of the second factor, or where one is set up.
    SecondFactor,
    /// The page of a new password, before the one that was proved opens a session.
    NewPassword,
    /// The chooser: continue as this user, or as another.
    ChooseAccount,
    /// The question whether to link an identity of another provider.
    LinkAccount,
    /// The choice between the user's organizations.
    ChooseOrganization,
    /// The consent page.
    Consent,
    /// Nothing: the goal can be reached.
    Finish,
}

/// Judges what comes next. With `prompt=none` anything but the finish is an error; without an authorization request there are no errors.
pub fn next_step(now: &Situation<'_>) -> Result<NextStep, OAuthError> {
    let step = wanted(now)?;
    let Some(asked) = &now.authorization else {
        return Ok(step);
    };
    if !asked.request.prompt.has(Prompt::None) || step == NextStep::Finish {
        return Ok(step);
    }
    // OpenID Core §3.1.2.6
    Err(match step {
        // Without a consent on record, "consent_required" would tell a client that its guess at the user is right.
        NextStep::Consent if now.session.is_some_and(|s| has_consent(asked, s)) => OAuthError::new(
            ErrorCode::ConsentRequired,
            "the user has to be asked for consent",
        ),
        // The client can name one by the parameter organization.
        NextStep::ChooseOrganization => OAuthError::new(
            ErrorCode::InteractionRequired,
            "the user has to choose an organization",
        ),
        _ => OAuthError::new(ErrorCode::LoginRequired, "the user has to log in"),
    })
}

fn has_consent(asked: &Authorization<'_>, session: &Session) -> bool {
    asked.consent.is_some_and(|c| c.subject == session.subject)
}

fn wanted(now: &Situation<'_>) -> Result<NextStep, OAuthError> {
    let Some(session) = now.session.filter(|_| now.steps.pending().is_none()) else {
        return login_step(now);
    };
    let asked = now.authorization.as_ref();
    let too_old = asked.is_some_and(|a| login_is_too_old(a, session));
    if now.steps.lacks_login() || (too_old && !now.steps.has_opened(session)) {
        return Ok(NextStep::Login);
    }
    let chosen_here = now.steps.has_chosen(session);
    if let Some(subject) = asked.and_then(|a| a.request.access.subject.as_ref())
        && *subject != session.subject
    {
        // OpenID Core §3.1.2.1: only the user of the hint can get a positive answer.
        return if chosen_here {
            Err(OAuthError::new(
                ErrorCode::LoginRequired,
                "another user than the one of the hint is logged in",
            ))
        } else {
            Ok(NextStep::ChooseAccount)
        };
    }
    let has_to_choose = now.must_choose
        || asked.is_some_and(|a| a.hinted_elsewhere || a.request.prompt.has(Prompt::SelectAccount));
    if has_to_choose && !chosen_here {
        return Ok(NextStep::ChooseAccount);
    }
    if needs_factor(now, session)? {
        return Ok(factor_step(now, session));
    }
    // An older session does not show that its user is here: the identity may have been brought by another user of a browser that was left open.
    if now.link_offered_to == Some(&session.subject) && now.steps.has_opened(session) {
        return Ok(NextStep::LinkAccount);
    }
    if let Some(asked) = asked
        && asked.organization(now.steps, session)? == Chosen::Ask
    {
        return Ok(NextStep::ChooseOrganization);
    }
    match asked {
        Some(asked) if needs_consent(asked, now.steps, session) => Ok(NextStep::Consent),
        _ => Ok(NextStep::Finish),
    }
}

/// The step of a login that is not done. All of it is proved only in the request that opens the session.
fn login_step(now: &Situation<'_>) -> Result<NextStep, OAuthError> {
    if now.steps.pending().is_none() {
        return Ok(NextStep::Login);
    }
    let demand = now.demand.map_err(Clone::clone)?;
    let missing = now.steps.authenticated(&demand).err();
    Ok(missing.unwrap_or(NextStep::Login))
}

/// Whether the session's user has to prove a second factor. The password is not asked for again (RFC 9470 §5).
fn needs_factor(now: &Situation<'_>, session: &Session) -> Result<bool, OAuthError> {
    let demand = now.demand.map_err(Clone::clone)?;
    let reached = Acr::of_session(&session.context.acr);
    if now.steps.lacks_step_up(session) {
        return Ok(true);
    }
    // OpenID Core §3.1.2.1: without a page, what is only wished for is not tried.
    let silent = |a: &Authorization<'_>| a.request.prompt.has(Prompt::None);
    // Nor is a wish worth a sign-in to set up what the user does not have.
    let no_wish =
        !demand.enrolled.any() && !now.steps.has_opened(session) && !is_recent(session, now.at);
    match no_wish || now.authorization.as_ref().is_some_and(silent) {
        true => Ok(reached < demand.required),
        false => Ok(now.steps.lacks_factor(&demand, reached)),
    }
}

/// Who has no second factor sets one up, which is a sensitive change: a session that was left open, or whose cookie was stolen, must not
/// become one with the factor of somebody else.
fn factor_step(now: &Situation<'_>, session: &Session) -> NextStep {
    let sets_up = now.demand.is_ok_and(|demand| !demand.enrolled.any());
    match sets_up && !now.steps.has_opened(session) && !is_recent(session, now.at) {
        true => NextStep::Login,
        false => NextStep::SecondFactor,
    }
}

/// OpenID Core §3.1.2.1: `prompt=login` and `max_age` ask for a login that is new enough.
fn login_is_too_old(asked: &Authorization<'_>, session: &Session) -> bool {
    if asked.request.prompt.has(Prompt::Login) {
        return true;
    }
    let Some(seconds) = asked.request.access.max_age else {
        return false;
    };
    let Ok(seconds) = i64::try_from(seconds) else {
        return false;
    };
    let oldest = asked
        .requested_at
        .checked_sub(SignedDuration::from_secs(seconds))
        .unwrap_or(Timestamp::MIN);
    session.context.auth_time < oldest
}

fn needs_consent(asked: &Authorization<'_>, steps: &Steps, session: &Session) -> bool {
    if steps.has_consent(session) {
        return false;
    }
    // RFC 8252 §8.6: a native public client without a claimed https URI can be imitated, so a remembered consent is not
    // enough for it.
    let claimed = asked
        .request
        .return_path
        .redirect_uri
        .starts_with("https://");
    let native = asked.client.metadata().application_type == ApplicationType::Native;
    let imitable = asked.client.is_public() && native && !claimed;
    let on_record = asked.consent.is_some_and(|c| {
        c.subject == session.subject && asked.request.access.consent_scope().is_subset_of(&c.scope)
    });
    asked.request.prompt.has(Prompt::Consent) || imitable || !(on_record || is_implied(asked))
}

/// Whether the operator has allowed the client for all users. RFC 8252 §8.6, RFC 6819 §5.2.3.5: only where the redirect URI proves which
/// client it is. Any program of the device can listen on loopback, or register a private scheme.
fn is_implied(asked: &Authorization<'_>) -> bool {
    let proves = |uri: &Url| uri.scheme() == "https" && !is_loopback(uri);
    asked.client.metadata().consent == ConsentMode::Implicit
        && Url::parse(&asked.request.return_path.redirect_uri).is_ok_and(|uri| proves(&uri))
}

#[cfg(test)]
mod factor_tests;
#[cfg(test)]
mod organization_tests;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod tests;
