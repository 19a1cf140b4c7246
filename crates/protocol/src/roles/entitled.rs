//! What a user was given, and what a token carries of it.

use super::Membership;

/// What the store reads together with a user: the groups, and the membership in the organization of the grant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assigned {
    /// The revision of the roles and groups at this moment.
    pub revision: i64,
    /// The names of the user's groups.
    pub groups: Vec<String>,
    /// The membership in the organization of the grant, if it has one.
    pub organization: Option<Membership>,
}

/// What a user has in the tokens of one client. [`RoleCatalog::entitle`](super::RoleCatalog::entitle) makes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entitled {
    pub(super) roles: Vec<String>,
    pub(super) permissions: Vec<String>,
    pub(super) groups: Vec<String>,
    pub(super) organization: Option<Membership>,
    pub(super) of_member: Vec<String>,
}

impl Entitled {
    /// Roles, where none is defined and there is neither a group nor an organization.
    #[must_use]
    pub fn to_roles(roles: &[String]) -> Self {
        Self {
            roles: roles.to_vec(),
            ..Self::default()
        }
    }

    /// The roles alone.
    #[must_use]
    pub fn into_roles(self) -> Vec<String> {
        self.roles
    }

    /// The roles.
    #[must_use]
    pub fn roles(&self) -> &[String] {
        &self.roles
    }

    /// The permissions, each once, in their order.
    #[must_use]
    pub fn permissions(&self) -> &[String] {
        &self.permissions
    }

    /// The groups.
    #[must_use]
    pub fn groups(&self) -> &[String] {
        &self.groups
    }

    /// The organization that the user acts in.
    #[must_use]
    pub fn organization(&self) -> Option<&Membership> {
        self.organization.as_ref()
    }

    /// The permissions of the roles inside the organization, without those of the user's other roles.
    #[must_use]
    pub fn of_member(&self) -> &[String] {
        &self.of_member
    }
}
