//! Roles and groups (D27).

use async_trait::async_trait;
use cardea_protocol::{
    model::{Cause, ClientId, Subject},
    roles::{Group, Organization, Role, RoleCatalog},
};

use crate::{Page, Result, Rows, UserPosition, UserView};

/// Writes a role.
pub struct PutRole {
    /// The role as it shall be.
    pub role: Role,
    /// The role that the change was computed from: if it is no longer the same, nothing is written (`ChangedMeanwhile`). `None` adds
    /// the role; a name that is taken is a `Conflict`.
    pub before: Option<Role>,
    /// Who does it.
    pub cause: Cause,
}

/// Writes a group.
pub struct PutGroup {
    /// The group as it shall be.
    pub group: Group,
    /// The group that the change was computed from, as for a role.
    pub before: Option<Group>,
    /// Who does it.
    pub cause: Cause,
}

/// Makes a user a member of a group, or ends that.
pub struct SetGroupMember {
    /// The name of the group.
    pub group: String,
    /// The user.
    pub subject: Subject,
    /// Whether the user is in it from now on.
    pub member: bool,
    /// Who does it.
    pub cause: Cause,
}

/// Makes the store agree with the configuration file (D19). All have `Owner::File`. What the store owns under a name of the file is a
/// `Conflict`. What is no longer in the file: a role is removed; a group and an organization are disabled and keep their members.
pub struct ApplyFileRoles {
    /// All roles of the file.
    pub roles: Vec<Role>,
    /// All groups of the file.
    pub groups: Vec<Group>,
    /// All organizations of the file.
    pub organizations: Vec<Organization>,
    /// Who does it.
    pub cause: Cause,
}

/// Roles and groups. What the file owns is a `Conflict` where it would be changed, but for the members of a group.
#[async_trait]
pub trait Roles: Send + Sync {
    /// All roles and groups: they are few.
    async fn role_catalog(&self) -> Result<RoleCatalog>;
    /// Adds or changes a role. `false` when it must exist and does not. Permissions that no token could carry are a `Conflict`.
    async fn put_role(&self, command: PutRole) -> Result<bool>;
    /// Removes a role. Users keep its name, which allows nothing then.
    async fn remove_role(
        &self,
        name: String,
        client: Option<ClientId>,
        cause: Cause,
    ) -> Result<bool>;
    /// Adds or changes a group. `false` when it must exist and does not.
    async fn put_group(&self, command: PutGroup) -> Result<bool>;
    /// Removes a group. Its users lose what it gave.
    async fn remove_group(&self, name: String, cause: Cause) -> Result<bool>;
    /// Changes who is in a group. `false` when group or user do not exist, or nothing was to change.
    async fn set_group_member(&self, command: SetGroupMember) -> Result<bool>;
    /// A page of the users of a group, by name.
    async fn group_members(
        &self,
        group: &str,
        page: Page<UserPosition>,
    ) -> Result<Rows<UserView, UserPosition>>;
    /// The names of the groups of a user.
    async fn groups_of(&self, subject: &Subject) -> Result<Vec<String>>;
    /// Applies the configuration file. What is unchanged causes no write and no audit row.
    async fn apply_file_roles(&self, command: ApplyFileRoles) -> Result<()>;
}
