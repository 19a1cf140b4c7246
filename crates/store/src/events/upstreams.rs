//! Links to identities of other providers.

use cardea_protocol::{
    federation::UpstreamId,
    model::{AuditEvent, Subject},
};

use super::AuditEntry;

/// An identity was linked to a user.
pub fn account_linked<'a>(subject: &'a Subject, upstream: &'a UpstreamId) -> AuditEntry<'a> {
    AuditEntry::of_user(AuditEvent::AccountLinked, subject).detail(upstream.as_str())
}

/// A link was removed.
pub fn account_unlinked<'a>(subject: &'a Subject, upstream: &UpstreamId) -> AuditEntry<'a> {
    AuditEntry::of_user(AuditEvent::AccountUnlinked, subject).detail(upstream.as_str().to_owned())
}
