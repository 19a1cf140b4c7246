//! Invitations (2.1, D27).

use async_trait::async_trait;
use cardea_protocol::{
    invitation::Invitation,
    mail::Mail,
    model::{Cause, InvitationId, OrganizationId, Subject, User},
};
use cardea_seal::{Digest, Secret};
use jiff::Timestamp;

use crate::{InvitationPosition, Page, Result, Rows};

/// Invites. An earlier invitation of the same address to the same organization does nothing any more. Audited as `invitation_made`.
pub struct AddInvitation {
    /// The hash of its token.
    pub token: Digest,
    /// The invitation.
    pub invitation: Invitation,
    /// The mail that it is in, if it is mailed.
    pub mail: Option<Mail>,
    /// Who does it.
    pub cause: Cause,
}

/// An invitation that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LivingInvitation {
    /// The invitation.
    pub invitation: Invitation,
    /// The name of its organization.
    pub organization: Option<String>,
    /// The user who logs in with the invited address.
    pub owner: Option<Subject>,
}

/// Uses an invitation, once.
pub struct AcceptInvitation {
    /// The hash of its token.
    pub token: Digest,
    /// Who uses it.
    pub by: Invitee,
    /// Who does it.
    pub cause: Cause,
}

/// Who uses an invitation.
pub enum Invitee {
    /// A user who is added with it. The address is the invited one, and verified; the roles are those of the invitation. An address
    /// that has an account by now, and a user name that is taken, are a `Conflict`.
    New {
        /// The user.
        user: Box<User>,
        /// The hash of the password.
        password_hash: Secret<String>,
    },
    /// The user who logs in with the invited address. The roles of a member are not changed.
    Owner(Subject),
}

/// The removal of an invitation.
pub struct RevokeInvitation {
    /// Which.
    pub id: InvitationId,
    /// If set, only an invitation to this organization is removed.
    pub organization: Option<OrganizationId>,
    /// Who does it.
    pub cause: Cause,
}

/// Invitations.
#[async_trait]
pub trait Invitations: Send + Sync {
    /// Invites. `false` when the organization does not exist or is disabled. More than so many living invitations are a `Conflict`.
    async fn add_invitation(&self, command: AddInvitation) -> Result<bool>;
    /// The living invitation of a token. Reading it does not use it: mail scanners read links.
    async fn invitation(&self, token: Digest, now: Timestamp) -> Result<Option<LivingInvitation>>;
    /// A page of living invitations, the oldest first: those of an organization, or all.
    async fn invitations(
        &self,
        organization: Option<&OrganizationId>,
        page: Page<InvitationPosition>,
        now: Timestamp,
    ) -> Result<Rows<Invitation, InvitationPosition>>;
    /// Uses an invitation. `None` when there is no such living one, or it is not for this user: nothing was written.
    async fn accept_invitation(&self, command: AcceptInvitation) -> Result<Option<Invitation>>;
    /// Removes an invitation. `false` when it does not exist.
    async fn revoke_invitation(&self, command: RevokeInvitation) -> Result<bool>;
}
