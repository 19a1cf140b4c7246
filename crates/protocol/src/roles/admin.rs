//! Who administers an organization.

use super::Entitled;
use crate::{
    model::{OrganizationId, Subject},
    scope::Scope,
};

/// The permission, and the scope of a token, by which a member administers the own organization.
pub const TENANTS_ADMIN: &str = crate::scope::TENANTS_ADMIN;

/// The proof that a user administers an organization (D27). Only [`OrgAdmin::check`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrgAdmin {
    organization: OrganizationId,
    subject: Subject,
    roles: Vec<String>,
}

/// Why a token does not allow to administer an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAdmin {
    /// The token was issued in another organization, or in none.
    #[error("the token is not for this organization")]
    Elsewhere,
    /// The token lacks the scope.
    #[error("the token has no scope tenants:admin")]
    Scope,
    /// The member has no role with the permission, or no longer.
    #[error("the user has no role with the permission tenants:admin in this organization")]
    Permission,
}

impl OrgAdmin {
    /// Checks a token: its scope, the organization of its grant, and that the member still has the permission by a role *inside* that
    /// organization. Roles that the user has elsewhere don't count.
    pub fn check(
        wanted: &str,
        subject: &Subject,
        scope: &Scope,
        entitled: &Entitled,
    ) -> Result<Self, NotAdmin> {
        let membership = entitled.organization();
        let Some(membership) = membership.filter(|m| m.id.as_str() == wanted) else {
            return Err(NotAdmin::Elsewhere);
        };
        if !scope.contains(TENANTS_ADMIN) {
            return Err(NotAdmin::Scope);
        }
        if !entitled.of_member().iter().any(|p| p == TENANTS_ADMIN) {
            return Err(NotAdmin::Permission);
        }
        Ok(Self {
            organization: membership.id.clone(),
            subject: subject.clone(),
            roles: membership.roles.clone(),
        })
    }

    /// The organization.
    #[must_use]
    pub fn organization(&self) -> &OrganizationId {
        &self.organization
    }

    /// Whether the administrator may give a member, who has the roles `before`, these roles: those that the administrator has inside the
    /// organization. Otherwise a role of other organizations or of the whole provider could be had this way. The error is a role that
    /// may not be given.
    pub fn may_give<'a>(&self, roles: &'a [String], before: &[String]) -> Result<(), &'a str> {
        let foreign = |role: &&String| !before.contains(role) && !self.roles.contains(role);
        match roles.iter().find(foreign) {
            None => Ok(()),
            Some(role) => Err(role),
        }
    }

    /// The user.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.subject
    }
}
