//! Invitations, and what they do.

use cardea_protocol::{
    invitation::Invitation,
    model::{AuditEvent, InvitationId, OrganizationId, Subject},
};

use super::AuditEntry;

/// An invitation was made.
pub fn invitation_made(invitation: &Invitation) -> AuditEntry<'static> {
    let detail = detail(&invitation.id, invitation.organization.as_ref());
    AuditEntry::new(AuditEvent::InvitationMade).detail(detail)
}

/// An invitation was removed.
pub fn invitation_revoked(
    id: &InvitationId,
    organization: Option<&OrganizationId>,
) -> AuditEntry<'static> {
    AuditEntry::new(AuditEvent::InvitationRevoked).detail(detail(id, organization))
}

/// An invitation was used.
pub fn invitation_used<'a>(invitation: &Invitation, subject: &'a Subject) -> AuditEntry<'a> {
    let detail = detail(&invitation.id, invitation.organization.as_ref());
    AuditEntry::of_user(AuditEvent::InvitationUsed, subject).detail(detail)
}

fn detail(id: &InvitationId, organization: Option<&OrganizationId>) -> String {
    match organization {
        Some(organization) => format!("{id}; organization: {organization}"),
        None => id.to_string(),
    }
}
