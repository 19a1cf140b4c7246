//! What a verb means, once for all stores: which audit rows it writes, for which reason something ends, and how often something
//! is recorded. A store holds statements and their conditions; it takes the rest from here.
//!
//! Everything here is a pure function of a command and of what the store found.

mod clients;
mod factors;
mod grants;
mod invitations;
mod links;
mod outbox;
mod roles;
mod upstreams;
mod users;

use std::borrow::Cow;

use cardea_protocol::model::{
    Actor, AuditEvent, Cause, ClientId, GrantId, RevocationReason, SessionEnd, Subject,
};
use jiff::Timestamp;
use serde::Serialize;

pub use self::{
    clients::*, factors::*, grants::*, invitations::*, links::*, outbox::*, roles::*, upstreams::*,
    users::*,
};

/// At most one audit row of failed logins per user in this time: it bounds what a stranger can cause.
pub const FAILURE_AUDIT_EVERY_MS: i64 = 60_000;
/// At most one mail about failed logins per user in this time.
pub const FAILURE_MAIL_EVERY_MS: i64 = 3_600_000;
/// At most one audit row of a refresh token ahead of its row per grant in this time: a leaked key must not fill the disk (D22).
pub const AUDIT_AHEAD_EVERY_MS: i64 = 60_000;
/// `last_seen_at` of a session is to the minute.
pub const TOUCH_EVERY_MS: i64 = 60_000;
/// How long an ended session and a dead grant are kept.
pub const KEEP_MS: i64 = 24 * 60 * 60 * 1000;
/// When an ended session is checked again if its grants should be gone and are not.
pub const KEEP_AGAIN_MS: i64 = 60 * 60 * 1000;

/// Why the grants that end with their session were revoked.
pub const WITH_SESSION: RevocationReason = RevocationReason::Logout;
/// Why the grants that would have outlived their session were revoked.
pub const APPLICATIONS: RevocationReason = RevocationReason::Operator;
/// Why the sessions of a removed user ended.
pub const USER_REMOVED: SessionEnd = SessionEnd::Operator;

/// What an audit row says in addition to its [`Cause`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry<'a> {
    /// What happened.
    pub event: AuditEvent,
    /// The user concerned.
    pub subject: Option<&'a Subject>,
    /// The client concerned.
    pub client_id: Option<&'a ClientId>,
    /// The grant concerned.
    pub grant_id: Option<GrantId>,
    /// Details, without secrets.
    pub detail: Option<Cow<'a, str>>,
}

impl<'a> AuditEntry<'a> {
    fn new(event: AuditEvent) -> Self {
        Self {
            event,
            subject: None,
            client_id: None,
            grant_id: None,
            detail: None,
        }
    }

    fn of_user(event: AuditEvent, subject: &'a Subject) -> Self {
        Self {
            subject: Some(subject),
            ..Self::new(event)
        }
    }

    fn of_client(event: AuditEvent, client_id: &'a ClientId) -> Self {
        Self {
            client_id: Some(client_id),
            ..Self::new(event)
        }
    }

    fn of_both(event: AuditEvent, subject: &'a Subject, client_id: &'a ClientId) -> Self {
        Self {
            client_id: Some(client_id),
            ..Self::of_user(event, subject)
        }
    }

    fn grant(self, id: GrantId) -> Self {
        Self {
            grant_id: Some(id),
            ..self
        }
    }

    fn detail(self, detail: impl Into<Cow<'a, str>>) -> Self {
        Self {
            detail: Some(detail.into()),
            ..self
        }
    }
}

/// The word by which a reason is stored and shown.
fn word(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

/// The cause of what the clean-up ends.
pub fn sweep_cause(now: Timestamp) -> Cause {
    Cause {
        now,
        request_id: "sweep".to_owned(),
        address: None,
        user_agent: None,
        actor: Actor::System,
    }
}
