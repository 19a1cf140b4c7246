//! Refresh tokens: rotated by a table (D11, RFC 6749 §6, RFC 9700 §4.14). Their text is in `refresh_token_text.rs`.

use std::cmp::Ordering;

use jiff::{SignedDuration, Timestamp};

use super::{Standing, require_unbound};
use crate::{
    error::{ErrorCode, OAuthError},
    explain::{Check, Trail, Values},
    model::{
        AuditEvent, Client, ClientId, Grant, GrantType, LastSeen, RefreshRotation, RefreshState,
        RevocationReason,
    },
    request::RefreshTokenRequest,
    resources::Resources,
    scope::{ORGANIZATION, Scope},
};

pub use super::{
    refresh_token_refusal::Refused,
    refresh_token_text::{RefreshToken, TokenKey},
};

/// Two tabs, a lost response: a public client's retry within this time, from the same place, is prompt.
const RETRY_WINDOW: SignedDuration = SignedDuration::from_secs(10);
/// A confidential client's retry within this time is prompt, from wherever it comes.
const RETRY_WINDOW_PROVED: SignedDuration = SignedDuration::from_secs(60);
/// A lost response is rare: a retry in this and the two generations before it means that two senders share the token.
const RETRIES_OF_REUSE: u8 = 0b111;
/// So many of the last eight generations with a retry are audited: no network loses that many answers for long.
const RETRIES_OF_ALARM: u32 = 3;
/// A use from elsewhere that is refused is audited as often.
const ANOMALY_EVERY: SignedDuration = SignedDuration::from_hours(1);
/// A laptop that slept: a public client gets one late retry in this time.
const LATE_RETRY_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// RFC 6749 §6: a refresh may narrow the scope of the access token, never widen it. The grant keeps all.
pub fn check_scope(
    client: &Client,
    resources: &Resources,
    grant: &Grant,
    request: &RefreshTokenRequest,
) -> Result<Scope, OAuthError> {
    const SCOPE: Check = Check {
        name: "scope",
        section: "RFC 6749 §6",
    };
    let mut trail = Trail::default();
    super::check_grant_type(&mut trail, client, GrantType::RefreshToken)?;
    // A scope that was removed from the client since is not granted again.
    let in_organization = |s: &str| s == ORGANIZATION && grant.organization.is_some();
    let granted = grant
        .scope
        .filter(|s| client.scope().contains(s) || in_organization(s));
    // Unknown scopes are ignored, as at `/authorize`: a client may send the same list to both.
    let requested = request
        .scope
        .as_ref()
        .map(|scope| scope.filter(|s| resources.knows(s)));
    let scope = match requested {
        None => Ok(granted.clone()),
        Some(scope) if scope.is_subset_of(&granted) => Ok(scope),
        Some(_) => Err(OAuthError::new(
            ErrorCode::InvalidScope,
            "the scope is wider than what was granted",
        )),
    };
    trail.check(SCOPE, scope, || {
        let sent = request.scope.as_ref().map(ToString::to_string);
        Values::of(sent.as_deref(), &granted.to_string())
    })
}

/// How the sender was authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// A confidential client, authenticated.
    Proved,
    /// A public client, identified only.
    Public,
}

/// An authentic refresh token, presented by a client.
#[derive(Debug, Clone)]
pub struct Presented {
    /// Which generation it is.
    pub generation: u32,
    /// Who presented it.
    pub client: ClientId,
    /// How that client was authenticated.
    pub sender: Sender,
    /// The address and user agent.
    pub seen: LastSeen,
    /// Whether the request can be granted. Reuse is checked first; then a request that can't be granted changes nothing.
    pub can_be_met: bool,
}

/// The settings of client and server.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// The client's `refresh_rotation`.
    pub rotation: RefreshRotation,
    /// How long an unused token lives.
    pub idle_ttl: SignedDuration,
    /// Whether the user has a second factor, and second factors are not off.
    pub second_factor: bool,
}

/// The decision, made on the locked row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// What to write.
    pub write: Write,
    /// The audit events.
    pub events: Vec<AuditEvent>,
    /// The retry that was found, granted or not.
    pub retry: Option<Retry>,
    /// What the client gets.
    pub answer: Answer,
}

/// How the previous token was presented again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Soon after the rotation.
    Prompt,
    /// Later, or from elsewhere.
    Late,
}

/// The write of a [`Verdict`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// Nothing.
    Nothing,
    /// The next generation, with all that changes beside it.
    Rotate(RefreshState),
    /// What was observed, without a new generation.
    Note(RefreshState),
    /// The end of the grant.
    Revoke(RevocationReason),
}

/// The answer of a [`Verdict`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Tokens, with the refresh token of this generation.
    Tokens {
        /// The generation to derive.
        generation: u32,
    },
    /// The token is valid, but the request can't be granted; the caller knows why.
    NotMet,
    /// `invalid_grant`, and this for the log.
    InvalidGrant(Refused),
}

/// The rotation table of D11, for a token whose MAC has been verified.
#[must_use]
pub fn judge(
    grant: &Grant,
    standing: Standing,
    presented: &Presented,
    policy: &Policy,
    now: Timestamp,
) -> Verdict {
    if let Err(why) = standing.judge(grant, now) {
        return refuse(why.into());
    }
    let Some(refresh) = &grant.refresh else {
        return refuse(Refused::NoRefreshToken);
    };
    // RFC 6749 §10.4: a refresh token is bound to its client; if another client presents it, it was stolen.
    if presented.client != grant.client_id {
        return revoke(
            RevocationReason::ForeignClient,
            AuditEvent::RefreshForeignClient,
            Refused::ForeignClient,
        );
    }
    // RFC 9449 §5: refused without a change; without its key a stolen token is worth nothing.
    if let Err(why) = require_unbound(grant.sender.as_ref()) {
        return refuse(why.into());
    }
    if now >= refresh.idle_expires_at {
        return refuse(Refused::Idle);
    }
    let one_before = presented.generation.checked_add(1) == Some(refresh.generation);
    let retriable =
        one_before && !refresh.current_seen && policy.rotation == RefreshRotation::Idempotent;
    let current = presented.generation == refresh.generation;
    if (current || retriable) && policy.second_factor && is_perhaps_copied(refresh, presented) {
        return from_elsewhere(refresh, now);
    }
    match presented.generation.cmp(&refresh.generation) {
        Ordering::Equal if presented.can_be_met => rotate(refresh, presented, policy, now),
        Ordering::Equal => not_met(refresh, presented, now),
        // A generation ahead of the store means that the store was rolled back or that the key leaked.
        Ordering::Greater => Verdict {
            write: Write::Nothing,
            events: vec![AuditEvent::RefreshAhead],
            retry: None,
            answer: Answer::InvalidGrant(Refused::Ahead),
        },
        Ordering::Less if retriable => retry(refresh, presented, now),
        // RFC 9700 §4.14.2: an old token means that there is a copy; which of the two is the attacker is unknown.
        Ordering::Less => revoke(
            RevocationReason::RefreshReuse,
            AuditEvent::RefreshReuse,
            Refused::Reused,
        ),
    }
}

/// Requirement 1.10: a public client's token that comes from another network and another user agent at once was perhaps copied. A user
/// who has a second factor logs in again; whoever has none would only be locked out. A confidential client proves who it is.
///
/// Only then does the rule depend on [`Policy::second_factor`].
#[must_use]
pub fn is_perhaps_copied(refresh: &RefreshState, presented: &Presented) -> bool {
    let public = presented.sender == Sender::Public;
    public && refresh.last_seen.is_elsewhere(&presented.seen)
}

/// The grant lives on where it was used before.
fn from_elsewhere(refresh: &RefreshState, now: Timestamp) -> Verdict {
    let recent = |at| now.duration_since(at) < ANOMALY_EVERY;
    let (write, events) = noted(refresh, !refresh.anomaly_at.is_some_and(recent), now);
    Verdict {
        write,
        events,
        retry: None,
        answer: Answer::InvalidGrant(Refused::Elsewhere),
    }
}

fn rotate(
    refresh: &RefreshState,
    presented: &Presented,
    policy: &Policy,
    now: Timestamp,
) -> Verdict {
    let Some(generation) = refresh.generation.checked_add(1) else {
        return refuse(Refused::Exhausted);
    };
    let anomaly = !refresh.last_seen.resembles(&presented.seen);
    let first_anomaly = anomaly && refresh.anomaly_at.is_none();
    let next = RefreshState {
        generation,
        rotated_at: now,
        current_seen: false,
        retries: refresh.retries << 1,
        anomaly_at: refresh.anomaly_at.or(anomaly.then_some(now)),
        last_seen: presented.seen.clone(),
        idle_expires_at: now
            .saturating_add(policy.idle_ttl)
            .unwrap_or(refresh.idle_expires_at),
        ..refresh.clone()
    };
    Verdict {
        write: Write::Rotate(next),
        events: if first_anomaly {
            vec![AuditEvent::RefreshAnomaly]
        } else {
            Vec::new()
        },
        retry: None,
        answer: Answer::Tokens { generation },
    }
}

/// The current token with a request that can't be granted. It is not rotated, but a use from elsewhere is noted.
fn not_met(refresh: &RefreshState, presented: &Presented, now: Timestamp) -> Verdict {
    let first_anomaly =
        refresh.anomaly_at.is_none() && !refresh.last_seen.resembles(&presented.seen);
    let (write, events) = noted(refresh, first_anomaly, now);
    Verdict {
        write,
        events,
        retry: None,
        answer: Answer::NotMet,
    }
}

/// A use from elsewhere, which is written down and audited if it counts.
fn noted(refresh: &RefreshState, counts: bool, now: Timestamp) -> (Write, Vec<AuditEvent>) {
    if !counts {
        return (Write::Nothing, Vec::new());
    }
    let noted = RefreshState {
        anomaly_at: Some(now),
        ..refresh.clone()
    };
    (Write::Note(noted), vec![AuditEvent::RefreshAnomaly])
}

/// The previous token, whose successor was never presented: the response was probably lost. A request that can't be
/// granted counts as a retry too.
fn retry(refresh: &RefreshState, presented: &Presented, now: Timestamp) -> Verdict {
    let since = now.duration_since(refresh.rotated_at);
    let (is_prompt, is_public) = match presented.sender {
        Sender::Proved => (since <= RETRY_WINDOW_PROVED, false),
        Sender::Public => {
            let here = refresh.last_seen.resembles(&presented.seen);
            (since <= RETRY_WINDOW && here, true)
        }
    };
    let retries = refresh.retries | 1;
    // RFC 9700 §4.14.2: an attacker beside the client presents each token again, and so does the client.
    if is_public && retries & RETRIES_OF_REUSE == RETRIES_OF_REUSE {
        return reuse(Refused::ThirdRetry, is_prompt);
    }
    let late_before = refresh
        .late_retry_at
        .is_some_and(|at| now.duration_since(at) < LATE_RETRY_EVERY);
    if !is_prompt && late_before {
        return reuse(Refused::SecondLateRetry, is_prompt);
    }
    let noted = RefreshState {
        retries,
        late_retry_at: match is_prompt {
            true => refresh.late_retry_at,
            false => Some(now),
        },
        ..refresh.clone()
    };
    let mut events = Vec::new();
    if !is_prompt {
        events.push(AuditEvent::RefreshRetriedLate);
    }
    // A confidential client proves with each request who it is; several processes may share its token.
    if is_public && retries != refresh.retries && retries.count_ones() >= RETRIES_OF_ALARM {
        events.push(AuditEvent::RefreshRetriedOften);
    }
    let answer = match presented.can_be_met {
        true => Answer::Tokens {
            generation: refresh.generation,
        },
        false => Answer::NotMet,
    };
    Verdict {
        // A second prompt retry in one generation, as of two tabs, writes nothing.
        write: match noted == *refresh {
            true => Write::Nothing,
            false => Write::Note(noted),
        },
        events,
        retry: Some(kind(is_prompt)),
        answer,
    }
}

fn kind(is_prompt: bool) -> Retry {
    match is_prompt {
        true => Retry::Prompt,
        false => Retry::Late,
    }
}

fn reuse(why: Refused, is_prompt: bool) -> Verdict {
    Verdict {
        retry: Some(kind(is_prompt)),
        ..revoke(
            RevocationReason::RefreshReuse,
            AuditEvent::RefreshReuse,
            why,
        )
    }
}

fn revoke(reason: RevocationReason, event: AuditEvent, why: Refused) -> Verdict {
    Verdict {
        write: Write::Revoke(reason),
        events: vec![event],
        retry: None,
        answer: Answer::InvalidGrant(why),
    }
}

fn refuse(why: Refused) -> Verdict {
    Verdict {
        write: Write::Nothing,
        events: Vec::new(),
        retry: None,
        answer: Answer::InvalidGrant(why),
    }
}

#[cfg(test)]
#[path = "refresh_token_refusal_tests.rs"]
mod refusal_tests;

#[cfg(test)]
#[path = "refresh_token_retry_tests.rs"]
mod retry_tests;

#[cfg(test)]
#[path = "refresh_token_tests.rs"]
mod tests;
