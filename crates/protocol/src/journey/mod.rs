//! What a login under way needs next: OpenID Core §3.1.2.3, §3.1.2.4, D7, D8.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    authorize::AuthorizationRequest,
    error::{ErrorCode, OAuthError},
    model::{Client, Consent, ConsentMode, Session, Sid, Subject},
    redirect_uri::{ApplicationType, is_loopback},
    request::Prompt,
};

/// The steps done in one ticket. A step counts only for the session and the person it was done with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Steps {
    /// A login in this ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<LoginStep>,
    /// The session that the person chose to go on with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen: Option<Sid>,
    /// A consent in this ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<ConsentStep>,
}

/// A login in this ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginStep {
    /// The session it led to.
    pub sid: Sid,
    /// Who logged in.
    pub subject: Subject,
    /// When.
    pub at: Timestamp,
}

/// A consent in this ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentStep {
    /// The session in which it was given.
    pub sid: Sid,
    /// Who gave it.
    pub subject: Subject,
}

/// What the next step is judged by.
#[derive(Clone, Copy)]
pub struct Situation<'a> {
    /// The checked request.
    pub request: &'a AuthorizationRequest,
    /// When it came.
    pub requested_at: Timestamp,
    /// What was done in its ticket.
    pub steps: &'a Steps,
    /// The living session of the browser's cookie.
    pub session: Option<&'a Session>,
    /// Whether the user has to say who goes on: a form was sent from a page that was shown before another user logged in.
    pub must_choose: bool,
    /// Whether `login_hint` names somebody else than the session's person.
    pub hinted_elsewhere: bool,
    /// What the session's person has allowed the client.
    pub consent: Option<&'a Consent>,
    /// The client.
    pub client: &'a Client,
}

/// What a login under way needs next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextStep {
    /// The login page.
    Login,
    /// The chooser: go on as this person, or as another.
    ChooseAccount,
    /// The consent page.
    Consent,
    /// Everything is there: the code can be made.
    Finish,
}

/// Judges what comes next. With `prompt=none` anything but the finish is an error.
pub fn next_step(now: &Situation<'_>) -> Result<NextStep, OAuthError> {
    let step = wanted(now)?;
    if !now.request.prompt.has(Prompt::None) || step == NextStep::Finish {
        return Ok(step);
    }
    // OpenID Core §3.1.2.6
    Err(match step {
        // Without a consent on record, "consent_required" would tell a client that its guess at the user is right.
        NextStep::Consent if has_consent(now) => OAuthError::new(
            ErrorCode::ConsentRequired,
            "the person has to be asked for consent",
        ),
        _ => OAuthError::new(ErrorCode::LoginRequired, "the person has to log in"),
    })
}

fn has_consent(now: &Situation<'_>) -> bool {
    let subject = now.session.map(|s| &s.subject);
    now.consent.is_some_and(|c| Some(&c.subject) == subject)
}

fn wanted(now: &Situation<'_>) -> Result<NextStep, OAuthError> {
    let Some(session) = now.session else {
        return Ok(NextStep::Login);
    };
    let logged_in_here = now
        .steps
        .login
        .as_ref()
        .is_some_and(|l| l.sid == session.sid && l.subject == session.subject);
    if !logged_in_here && login_is_too_old(now, session) {
        return Ok(NextStep::Login);
    }
    let chosen_here = logged_in_here || now.steps.chosen.as_ref() == Some(&session.sid);
    if let Some(subject) = &now.request.access.subject
        && *subject != session.subject
    {
        // OpenID Core §3.1.2.1: only the person of the hint can get a positive answer.
        return if chosen_here {
            Err(OAuthError::new(
                ErrorCode::LoginRequired,
                "another person than the one of the hint is logged in",
            ))
        } else {
            Ok(NextStep::ChooseAccount)
        };
    }
    let asked = now.request.prompt.has(Prompt::SelectAccount);
    if (asked || now.hinted_elsewhere || now.must_choose) && !chosen_here {
        return Ok(NextStep::ChooseAccount);
    }
    if needs_consent(now, session) {
        return Ok(NextStep::Consent);
    }
    Ok(NextStep::Finish)
}

/// OpenID Core §3.1.2.1: `prompt=login` and `max_age` ask for a login that is new enough.
fn login_is_too_old(now: &Situation<'_>, session: &Session) -> bool {
    if now.request.prompt.has(Prompt::Login) {
        return true;
    }
    let Some(seconds) = now.request.access.max_age else {
        return false;
    };
    let Ok(seconds) = i64::try_from(seconds) else {
        return false;
    };
    let oldest = now
        .requested_at
        .checked_sub(SignedDuration::from_secs(seconds))
        .unwrap_or(Timestamp::MIN);
    session.context.auth_time < oldest
}

fn needs_consent(now: &Situation<'_>, session: &Session) -> bool {
    let given_here = now
        .steps
        .consent
        .as_ref()
        .is_some_and(|c| c.sid == session.sid && c.subject == session.subject);
    if given_here {
        return false;
    }
    // RFC 8252 §8.6: a native public client without a claimed https URI can be imitated, so a remembered consent is not
    // enough for it.
    let claimed = now.request.return_path.redirect_uri.starts_with("https://");
    let native = now.client.metadata().application_type == ApplicationType::Native;
    let imitable = now.client.is_public() && native && !claimed;
    let on_record = now.consent.is_some_and(|c| {
        c.subject == session.subject && now.request.access.consent_scope().is_subset_of(&c.scope)
    });
    now.request.prompt.has(Prompt::Consent) || imitable || !(on_record || is_implied(now))
}

/// Whether the operator has allowed the client for all users. RFC 8252 §8.6, RFC 6819 §5.2.3.5: only where the redirect URI proves which
/// client it is. Any program of the device can listen on loopback, or register a private scheme.
fn is_implied(now: &Situation<'_>) -> bool {
    let proves = |uri: &Url| uri.scheme() == "https" && !is_loopback(uri);
    now.client.metadata().consent == ConsentMode::Implicit
        && Url::parse(&now.request.return_path.redirect_uri).is_ok_and(|uri| proves(&uri))
}

#[cfg(test)]
mod tests;
