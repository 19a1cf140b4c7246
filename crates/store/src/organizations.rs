//! Organizations and their members (D27).

use async_trait::async_trait;
use cardea_protocol::{
    model::{Cause, OrganizationId, Subject},
    roles::{Membership, Organization},
};
use jiff::Timestamp;

use crate::{Page, Result, Rows, UserPosition, UserView};

/// In how many organizations a user is at most: the chooser shows all of them.
pub const MAX_MEMBERSHIPS: u32 = 64;

/// Writes an organization.
pub struct PutOrganization {
    /// The organization as it shall be.
    pub organization: Organization,
    /// The organization that the change was computed from: if it is no longer the same, nothing is written (`ChangedMeanwhile`). `None`
    /// adds it; an identifier, a name or a domain that is taken is a `Conflict`.
    pub before: Option<Organization>,
    /// Who does it.
    pub cause: Cause,
}

/// Writes a member.
pub struct PutMember {
    /// The organization.
    pub organization: OrganizationId,
    /// The user.
    pub subject: Subject,
    /// The roles inside the organization.
    pub roles: Vec<String>,
    /// The roles that the change was computed from; `None` adds the user, and a member is a `Conflict`.
    pub before: Option<Vec<String>>,
    /// Who does it.
    pub cause: Cause,
}

/// A member of an organization.
pub struct Member {
    /// The user.
    pub user: UserView,
    /// The roles inside the organization.
    pub roles: Vec<String>,
    /// Since when.
    pub joined_at: Timestamp,
}

/// Organizations. What the file owns is a `Conflict` where it would be changed, but for the members.
#[async_trait]
pub trait Organizations: Send + Sync {
    /// One organization.
    async fn organization(&self, id: &OrganizationId) -> Result<Option<Organization>>;
    /// A page of organizations by identifier.
    async fn organizations(
        &self,
        page: Page<OrganizationId>,
    ) -> Result<Rows<Organization, OrganizationId>>;
    /// Adds or changes an organization. `false` when it must exist and does not.
    async fn put_organization(&self, command: PutOrganization) -> Result<bool>;
    /// Removes an organization with its members, and all codes and grants that were given in it.
    async fn remove_organization(&self, id: OrganizationId, cause: Cause) -> Result<bool>;
    /// The organizations of a user that are enabled, by name.
    async fn memberships_of(&self, subject: &Subject) -> Result<Vec<Membership>>;
    /// One member.
    async fn member(&self, id: &OrganizationId, subject: &Subject) -> Result<Option<Member>>;
    /// A page of members by user name.
    async fn members(
        &self,
        id: &OrganizationId,
        page: Page<UserPosition>,
    ) -> Result<Rows<Member, UserPosition>>;
    /// Adds a user to an organization, or changes the roles of a member. `false` when organization, user or, for a change, the member
    /// do not exist.
    async fn put_member(&self, command: PutMember) -> Result<bool>;
    /// Removes a member; the member's grants in the organization are revoked, and codes deleted.
    async fn remove_member(
        &self,
        id: OrganizationId,
        subject: Subject,
        cause: Cause,
    ) -> Result<bool>;
}
