//! Consents, codes, grants and tokens.

use cardea_protocol::{
    model::{Actor, AuditEvent, ClientId, Grant, GrantId, RevocationReason, Subject},
    scope::Scope,
    token::refresh_token::Verdict,
};
use jiff::Timestamp;

use super::{AuditEntry, word};
use crate::{
    DeadCode, RedeemCode, Result, RevokeApplication, RevokeToken, RotateRefresh, StoreError,
};

/// The scopes of the consent when these are allowed too. `None` when it does not grow.
pub fn consent_after(before: Option<&Scope>, allowed: &Scope) -> Option<Scope> {
    match before {
        None => Some(allowed.clone()),
        Some(before) if allowed.is_subset_of(before) => None,
        Some(before) => Some(before.union(allowed)),
    }
}

/// What a user allows a client grew.
pub fn consent_given<'a>(
    subject: &'a Subject,
    client_id: &'a ClientId,
    allowed: &Scope,
) -> AuditEntry<'a> {
    AuditEntry::of_both(AuditEvent::ConsentGiven, subject, client_id).detail(allowed.to_string())
}

/// Why the grants of an application are revoked with the consent.
pub fn application_reason(command: &RevokeApplication) -> RevocationReason {
    match command.cause.actor {
        Actor::Operator(_) => RevocationReason::Operator,
        _ => RevocationReason::Person,
    }
}

/// How much was revoked of an application.
#[derive(Debug, Clone, Copy)]
pub struct RevokedApplication {
    /// Consents.
    pub consents: u64,
    /// Codes that were not redeemed.
    pub codes: u64,
    /// Live grants.
    pub grants: u64,
}

/// An application was revoked, if there was anything to revoke.
pub fn application_revoked(
    command: &RevokeApplication,
    revoked: RevokedApplication,
) -> Option<AuditEntry<'_>> {
    let RevokedApplication {
        consents,
        codes,
        grants,
    } = revoked;
    let (subject, client_id) = (&command.subject, &command.client_id);
    let entry = AuditEntry::of_both(AuditEvent::ConsentRevoked, subject, client_id)
        .detail(format!("grants revoked: {grants}"));
    (consents + codes + grants > 0).then_some(entry)
}

/// The grant of a code has the id that a replay of the code looks for.
pub fn may_redeem(command: &RedeemCode) -> Result<()> {
    if command.grant.id == GrantId::of_code(command.code) {
        return Ok(());
    }
    let why = "the grant does not have the id of its code";
    Err(StoreError::rejected(why))
}

/// A stored code that was not redeemed.
#[derive(Debug, Clone, Copy)]
pub struct UnusedCode {
    /// When it expires.
    pub expires_at: i64,
    /// Whether it may be redeemed by the sender of the command.
    pub sender_matches: bool,
}

/// Why a code was not redeemed that has no grant. `None`: no such code is stored, or its session has ended.
pub fn dead_code(code: Option<UnusedCode>, now: Timestamp) -> DeadCode {
    match code {
        None => DeadCode::Missing,
        Some(code) if code.expires_at <= now.as_millisecond() => DeadCode::Expired,
        Some(code) if !code.sender_matches => DeadCode::Sender,
        Some(_) => DeadCode::Inactive,
    }
}

/// A code was used twice: the live grant of its first use was revoked (RFC 6749 §4.1.2). `second` was not made.
pub fn code_reused(second: &Grant, first: GrantId) -> AuditEntry<'_> {
    AuditEntry::of_both(AuditEvent::CodeReused, &second.subject, &second.client_id).grant(first)
}

/// A grant was revoked.
pub fn grant_revoked<'a>(
    subject: &'a Subject,
    client_id: &'a ClientId,
    id: GrantId,
    reason: RevocationReason,
) -> AuditEntry<'a> {
    AuditEntry::of_both(AuditEvent::GrantRevoked, subject, client_id)
        .grant(id)
        .detail(word(reason))
}

/// A refresh token was presented. `ahead_audited` tells whether the last row of a token ahead of its row is younger than
/// [`AUDIT_AHEAD_EVERY_MS`]; it is asked only when that matters.
pub fn refreshed<'a, E>(
    command: &'a RotateRefresh,
    verdict: &Verdict,
    ahead_audited: impl FnOnce() -> Result<bool, E>,
) -> Result<Vec<AuditEntry<'a>>, E> {
    let ahead = AuditEvent::RefreshAhead;
    let skip_ahead = verdict.events.contains(&ahead) && ahead_audited()?;
    let grant = &command.grant;
    let entry = |event: AuditEvent| {
        AuditEntry::of_both(event, &grant.subject, &grant.client_id).grant(grant.id)
    };
    let events = verdict.events.iter().copied();
    Ok(events
        .filter(|event| !(skip_ahead && *event == ahead))
        .map(entry)
        .collect())
}

/// An access token was revoked.
pub fn token_revoked(command: &RevokeToken) -> AuditEntry<'_> {
    AuditEntry::of_client(AuditEvent::TokenRevoked, &command.client_id).detail(command.jti.as_str())
}

#[cfg(test)]
#[path = "grants_tests.rs"]
mod tests;
