//! The rules of a journey (D24), one browser on its way to a goal: which step is next (OpenID Core §3.1.2.3, §3.1.2.4, D7, D8), and
//! what the steps prove.
//!
//! The goal is an authorization request or, without one, the account page.

mod steps;

use jiff::{SignedDuration, Timestamp};
use url::Url;

pub use steps::{Authenticated, Authenticator, Proved, Steps};

use crate::{
    authorize::AuthorizationRequest,
    error::{ErrorCode, OAuthError},
    model::{Client, Consent, ConsentMode, Session},
    redirect_uri::{ApplicationType, is_loopback},
    request::Prompt,
};

/// What the next step is judged by.
#[derive(Clone, Copy)]
pub struct Situation<'a> {
    /// What was done in the ticket.
    pub steps: &'a Steps,
    /// The living session of the browser's cookie.
    pub session: Option<&'a Session>,
    /// Whether the user has to say who continues: a form was sent from a page that was shown before another user logged in.
    pub must_choose: bool,
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
}

/// What a journey needs next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextStep {
    /// The login page.
    Login,
    /// The chooser: continue as this user, or as another.
    ChooseAccount,
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
        _ => OAuthError::new(ErrorCode::LoginRequired, "the user has to log in"),
    })
}

fn has_consent(asked: &Authorization<'_>, session: &Session) -> bool {
    asked.consent.is_some_and(|c| c.subject == session.subject)
}

fn wanted(now: &Situation<'_>) -> Result<NextStep, OAuthError> {
    let Some(session) = now.session else {
        return Ok(NextStep::Login);
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
    match asked {
        Some(asked) if needs_consent(asked, now.steps, session) => Ok(NextStep::Consent),
        _ => Ok(NextStep::Finish),
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
mod property_tests;
#[cfg(test)]
mod tests;
