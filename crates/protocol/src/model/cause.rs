//! Who caused a change, and how the audit records it (D22).

use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ClientId, GrantId, Subject};

/// Part of each command to the store, which writes its audit rows from it.
#[derive(Debug, Clone)]
pub struct Cause {
    /// The time of the request.
    pub now: Timestamp,
    /// The reference that appears in the answer and in the log.
    pub request_id: String,
    /// Where the request came from.
    pub address: Option<IpAddr>,
    /// At most 256 bytes of the `User-Agent`.
    pub user_agent: Option<String>,
    /// Who acts.
    pub actor: Actor,
}

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "id")]
pub enum Actor {
    /// An unauthenticated caller.
    Stranger,
    /// A user with a session.
    Person(Subject),
    /// An authenticated client.
    Client(ClientId),
    /// An operator, through the administration API.
    Operator(String),
    /// Cardea itself: a job, the configuration file.
    System,
}

macro_rules! audit_events {
    ($($event:ident,)*) => {
        /// What the audit records.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[expect(missing_docs, reason = "the names are the documentation")]
        pub enum AuditEvent {
            $($event,)*
        }

        impl AuditEvent {
            /// All events.
            pub const ALL: &[Self] = &[$(Self::$event,)*];
        }
    };
}

audit_events! {
    Login,
    LoginFailed,
    Logout,
    LogoutUndelivered,
    MailUndelivered,
    SessionEnded,
    ConsentGiven,
    ConsentRevoked,
    GrantRevoked,
    TokenRevoked,
    CodeReused,
    RefreshReuse,
    RefreshRetriedLate,
    RefreshRetriedOften,
    RefreshForeignClient,
    RefreshAhead,
    RefreshAnomaly,
    UserAdded,
    UserChanged,
    UserDisabled,
    UserEnabled,
    UserRemoved,
    DeletionRequested,
    DeletionCancelled,
    DataExported,
    PasswordChanged,
    LinkMade,
    InvitationMade,
    InvitationRevoked,
    InvitationUsed,
    EmailVerified,
    EmailUndone,
    LoginDisowned,
    AccountLinked,
    AccountUnlinked,
    FactorAdded,
    FactorRemoved,
    FactorResetRequested,
    FactorResetCancelled,
    FactorsReset,
    FactorFailed,
    SteppedUp,
    BackupCodesMade,
    BackupCodeUsed,
    DeviceTrusted,
    DeviceForgotten,
    ClientAdded,
    ClientChanged,
    ClientDisabled,
    ClientEnabled,
    ClientRemoved,
    ClientSecretChanged,
    RoleAdded,
    RoleChanged,
    RoleRemoved,
    GroupAdded,
    GroupChanged,
    GroupRemoved,
    GroupMemberAdded,
    GroupMemberRemoved,
    OrganizationAdded,
    OrganizationChanged,
    OrganizationDisabled,
    OrganizationEnabled,
    OrganizationRemoved,
    OrganizationMemberAdded,
    OrganizationMemberChanged,
    OrganizationMemberRemoved,
    KeyAdded,
    KeyActivated,
    KeyRetired,
    KeyRemoved,
}

impl AuditEvent {
    /// The name in rows, logs and the administration API.
    #[must_use]
    pub fn name(self) -> String {
        match serde_json::to_value(self) {
            Ok(serde_json::Value::String(name)) => name,
            _ => String::new(),
        }
    }
}

/// The event of a row. An older version reads rows of a newer one, too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RecordedEvent {
    /// One of these.
    Known(AuditEvent),
    /// The name of one that another version has.
    Other(String),
}

impl RecordedEvent {
    /// From the name in a row.
    #[must_use]
    pub fn parse(name: &str) -> Self {
        let mut all = AuditEvent::ALL.iter();
        match all.find(|event| event.name() == name) {
            Some(event) => Self::Known(*event),
            None => Self::Other(name.to_owned()),
        }
    }

    /// The event, if this version has it.
    #[must_use]
    pub fn known(&self) -> Option<AuditEvent> {
        match self {
            Self::Known(event) => Some(*event),
            Self::Other(_) => None,
        }
    }

    /// The name in the row.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Known(event) => event.name(),
            Self::Other(name) => name.clone(),
        }
    }
}

/// One row of the audit: who, what, when, from where, to whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRow {
    /// Ascending; has no other meaning.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// What.
    pub event: RecordedEvent,
    /// Who.
    pub actor: Actor,
    /// The user concerned.
    pub subject: Option<Subject>,
    /// The client concerned.
    pub client_id: Option<ClientId>,
    /// The grant concerned.
    pub grant_id: Option<GrantId>,
    /// The address.
    pub address: Option<IpAddr>,
    /// The user agent.
    pub user_agent: Option<String>,
    /// The reference of the request.
    pub request_id: String,
    /// Details as text; never a secret.
    pub detail: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_names_are_stable() {
        let events = [
            AuditEvent::RefreshRetriedLate,
            AuditEvent::RefreshReuse,
            AuditEvent::Login,
        ];
        assert_eq!(
            events.map(AuditEvent::name),
            ["refresh_retried_late", "refresh_reuse", "login"]
        );
    }

    #[test]
    fn an_event_of_another_version_keeps_its_name() {
        for event in AuditEvent::ALL {
            assert_eq!(
                RecordedEvent::parse(&event.name()),
                RecordedEvent::Known(*event)
            );
        }
        for other in ["moon_landed", "Login", "login ", ""] {
            let event = RecordedEvent::parse(other);
            assert_eq!((event.known(), event.name()), (None, other.to_owned()));
            let json = serde_json::to_string(&event).unwrap();
            assert_eq!(json, format!("\"{other}\""));
            assert_eq!(serde_json::from_str::<RecordedEvent>(&json).unwrap(), event);
        }
        let known = serde_json::to_string(&RecordedEvent::Known(AuditEvent::Login)).unwrap();
        assert_eq!(known, "\"login\"");
    }

    #[test]
    fn an_actor_is_written_with_its_kind() {
        let client = Actor::Client(ClientId::parse("app").unwrap());
        let json = serde_json::to_string(&client).unwrap();
        assert_eq!(json, r#"{"kind":"client","id":"app"}"#);
        assert_eq!(serde_json::from_str::<Actor>(&json).unwrap(), client);
        assert_eq!(
            serde_json::to_string(&Actor::System).unwrap(),
            r#"{"kind":"system"}"#
        );
    }
}
