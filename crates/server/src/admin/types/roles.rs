use cardea_protocol::model::{ClientId, OrganizationId, Owner, Subject, Username};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::schemas;

/// A role: a named set of permissions.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Role {
    /// The name.
    pub name: String,
    /// The client whose tokens carry it; null for a role of all clients.
    #[schema(value_type = Option<String>)]
    pub client: Option<ClientId>,
    /// What it allows.
    pub permissions: Vec<String>,
    /// A role of the configuration file is read-only here.
    #[schema(schema_with = schemas::owner)]
    pub owner: Owner,
}

/// A role to add.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRole {
    /// The name.
    pub name: String,
    /// The client whose tokens carry it; without it those of all clients do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// What it allows.
    #[serde(default)]
    pub permissions: Vec<String>,
}

/// Which of the roles of a name.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct RoleQuery {
    /// The role of this client; without it the one of all clients.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
}

/// A change of a role. Members that are left out are unchanged.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RolePatch {
    /// All permissions. It excludes `add_permissions` and `remove_permissions`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Vec<String>>,
    /// Permissions to add.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub add_permissions: Vec<String>,
    /// Permissions to remove.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remove_permissions: Vec<String>,
}

/// A group: a set of users with roles.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Group {
    /// The name.
    pub name: String,
    /// The roles of its users.
    pub roles: Vec<String>,
    /// A group of the configuration file is read-only here, but for its users.
    #[schema(schema_with = schemas::owner)]
    pub owner: Owner,
    /// False when the configuration file that owns it no longer has it: then it gives nothing.
    pub enabled: bool,
}

/// A group to add.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGroup {
    /// The name.
    pub name: String,
    /// The roles of its users.
    #[serde(default)]
    pub roles: Vec<String>,
}

/// A change of the roles of a group, or of a member of an organization. Members that are left out are unchanged.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RolesPatch {
    /// All roles. It excludes `add_roles` and `remove_roles`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
    /// Roles to add.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub add_roles: Vec<String>,
    /// Roles to remove.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remove_roles: Vec<String>,
}

/// An organization.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Organization {
    /// The identifier, as tokens carry it under `org_id`.
    #[schema(value_type = String)]
    pub id: OrganizationId,
    /// The name.
    pub name: String,
    /// Its e-mail domains.
    pub domains: Vec<String>,
    /// Whether users with a verified address of one of its domains are offered to join.
    pub join_by_domain: bool,
    /// An organization of the configuration file is read-only here, but for its members.
    #[schema(schema_with = schemas::owner)]
    pub owner: Owner,
    /// False when the configuration file that owns it no longer has it: then nobody acts in it.
    pub enabled: bool,
}

/// An organization to add.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOrganization {
    /// The identifier.
    pub id: String,
    /// The name; without it the identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its e-mail domains.
    #[serde(default)]
    pub domains: Vec<String>,
    /// Whether users with a verified address of one of its domains are offered to join.
    #[serde(default)]
    pub join_by_domain: bool,
}

/// A change of an organization. Members that are left out are unchanged.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OrganizationPatch {
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// All of its e-mail domains.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domains: Option<Vec<String>>,
    /// Whether users with a verified address of one of its domains are offered to join.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub join_by_domain: Option<bool>,
}

/// A user in a group or an organization.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Member {
    /// The subject.
    #[schema(value_type = String)]
    pub sub: Subject,
    /// The user name.
    #[schema(value_type = String)]
    pub username: Username,
    /// The e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The roles inside the organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
    /// Since when the user is a member of the organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub joined_at: Option<Timestamp>,
}

/// The roles of a new member of an organization.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NewMember {
    /// The roles inside the organization.
    pub roles: Vec<String>,
}
