//! Roles, groups and organizations (D27), and what of them a token carries.
//!
//! A *permission* is a name. A *role* is a named set of permissions, for all clients or for one. A *group* is a set of users and
//! carries roles. An *organization* is a set of members with roles inside it. Users have no role that they were not given.

mod admin;
mod catalog;
mod check;
mod entitled;
mod organization;

pub use admin::{NotAdmin, OrgAdmin, TENANTS_ADMIN};
pub use catalog::{MAX_GROUPS, MAX_PERMISSION_BYTES, MAX_ROLES, RoleCatalog};
pub use check::{
    MAX_GROUPS_OF_A_USER, MAX_ROLES_OF_A_USER, check_group, check_organization, check_role,
    check_role_names, group_problems, organization_problems, role_problems,
};
pub use entitled::{Assigned, Entitled};
pub use organization::{Chosen, Membership, choose_organization};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{ClientId, OrganizationId, Owner};

/// A role as it is configured.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RoleConfig {
    /// The name, as users have it under `roles`.
    pub name: String,
    /// What it allows: names such as `orders:approve`, which tokens carry as `permissions`.
    pub permissions: Vec<String>,
    /// The client whose tokens carry it. If it is not set, those of all clients do.
    pub client: Option<String>,
}

/// A group as it is configured.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GroupConfig {
    /// The name, as tokens carry it under `groups`.
    pub name: String,
    /// The roles of all of its users.
    pub roles: Vec<String>,
}

/// An organization as it is configured.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OrganizationConfig {
    /// The identifier, as tokens carry it under `org_id`: lower-case letters, digits, `-`, `_` and `.`; it can't be changed.
    pub id: String,
    /// The name that users see, and that tokens carry as `org_name`.
    pub name: String,
    /// The e-mail domains that are its own. A domain belongs to one organization. Users of a domain become no members by it.
    pub domains: Vec<String>,
    /// Whether users with a verified address of one of its domains are offered to join, without roles.
    pub join_by_domain: bool,
}

/// A role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// The name.
    pub name: String,
    /// The client whose tokens carry it; `None` for a role of all clients.
    pub client: Option<ClientId>,
    /// What it allows.
    pub permissions: Vec<String>,
    /// Where it is defined.
    pub owner: Owner,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The name.
    pub name: String,
    /// The roles of its users.
    pub roles: Vec<String>,
    /// Where it is defined.
    pub owner: Owner,
    /// `false` when it is no longer in the file that owns it: then it gives nothing.
    pub enabled: bool,
}

/// An organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// The identifier.
    pub id: OrganizationId,
    /// The name.
    pub name: String,
    /// Its e-mail domains.
    pub domains: Vec<String>,
    /// Whether users with a verified address of one of its domains are offered to join, without roles.
    pub join_by_domain: bool,
    /// Where it is defined.
    pub owner: Owner,
    /// `false` when it is no longer in the file that owns it: then nobody acts in it.
    pub enabled: bool,
}

#[cfg(test)]
mod tests;
