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

/// An organization that a user can join because of the domain of the user's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainOffer {
    /// The organization.
    pub id: OrganizationId,
    /// Its name.
    pub name: String,
    /// The domain.
    pub domain: String,
}

/// Joins an organization because of the domain of the user's address.
pub struct JoinByDomain {
    /// The user.
    pub subject: Subject,
    /// The organization.
    pub organization: OrganizationId,
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
    /// The enabled organization that has the domain of the verified address with which the user logs in, if it takes members by it and
    /// the user is none yet. A domain belongs to one organization, so there is at most one.
    async fn domain_offer(&self, subject: &Subject) -> Result<Option<DomainOffer>>;
    /// Makes the user a member without roles, if the organization is offered still. `false` when it is not.
    async fn join_by_domain(&self, command: JoinByDomain) -> Result<bool>;
}
