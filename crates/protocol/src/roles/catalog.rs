//! All roles and groups, and what they give.

use std::collections::{BTreeSet, HashMap};

use super::{Assigned, Entitled, Group, Role, TENANTS_ADMIN};
use crate::model::{ClientId, MetadataError};

/// How many roles there are at most.
pub const MAX_ROLES: usize = 1024;
/// How many groups there are at most.
pub const MAX_GROUPS: usize = 4096;
/// The bound of the names of all permissions that the tokens of one client can carry, in bytes. No token has a permission twice, so
/// none is longer, whatever roles its user has.
pub const MAX_PERMISSION_BYTES: usize = 4096;

/// All roles and groups, as they were at a revision.
#[derive(Debug, Clone, Default)]
pub struct RoleCatalog {
    revision: i64,
    roles: Vec<Role>,
    groups: Vec<Group>,
    by_role: HashMap<String, Vec<usize>>,
    by_group: HashMap<String, usize>,
}

impl RoleCatalog {
    /// From what the store has. A revision changes with each change of a role or a group.
    #[must_use]
    pub fn new(revision: i64, roles: Vec<Role>, groups: Vec<Group>) -> Self {
        let mut by_role: HashMap<String, Vec<usize>> = HashMap::new();
        for (i, role) in roles.iter().enumerate() {
            by_role.entry(role.name.clone()).or_default().push(i);
        }
        let enabled = groups.iter().enumerate().filter(|(_, g)| g.enabled);
        let by_group = enabled.map(|(i, g)| (g.name.clone(), i)).collect();
        Self {
            revision,
            roles,
            groups,
            by_role,
            by_group,
        }
    }

    /// When it was so.
    #[must_use]
    pub fn revision(&self) -> i64 {
        self.revision
    }

    /// The roles.
    #[must_use]
    pub fn roles(&self) -> &[Role] {
        &self.roles
    }

    /// The names of the roles by which a member administers an organization.
    #[must_use]
    pub fn administrators(&self) -> Vec<String> {
        let allows = |role: &&Role| role.permissions.iter().any(|p| p == TENANTS_ADMIN);
        let names = self.roles.iter().filter(allows).map(|r| r.name.clone());
        names.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The groups.
    #[must_use]
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Refuses more than tokens can carry.
    pub fn check(&self) -> Result<(), MetadataError> {
        let fail = |field, problem: String| Err(MetadataError { field, problem });
        if self.roles.len() > MAX_ROLES {
            return fail("roles", format!("more than {MAX_ROLES} roles"));
        }
        if self.groups.len() > MAX_GROUPS {
            return fail("groups", format!("more than {MAX_GROUPS} groups"));
        }
        let clients: BTreeSet<_> = self.roles.iter().map(|role| &role.client).collect();
        for client in clients {
            let counts = |role: &&Role| role.client.is_none() || role.client == *client;
            let permissions: BTreeSet<&String> = self
                .roles
                .iter()
                .filter(counts)
                .flat_map(|role| &role.permissions)
                .collect();
            let bytes: usize = permissions.iter().map(|p| p.len()).sum();
            if bytes > MAX_PERMISSION_BYTES {
                let whose = match client {
                    None => "all clients".to_owned(),
                    Some(client) => format!("the client {client}"),
                };
                return fail(
                    "permissions",
                    format!(
                        "the names of all permissions for {whose} are {bytes} bytes; at most {MAX_PERMISSION_BYTES} fit into a token"
                    ),
                );
            }
        }
        Ok(())
    }

    /// What a user has in the tokens of a client: the user's own roles, those of the user's groups, and those inside the organization.
    /// A role that is defined for other clients only does not count. One that is not defined counts, and allows nothing.
    #[must_use]
    pub fn entitle(&self, own: &[String], assigned: Assigned, client: &ClientId) -> Entitled {
        let mut roles: Vec<String> = Vec::with_capacity(own.len());
        let mut permissions = BTreeSet::new();
        let mut add = |name: &String, permissions: &mut BTreeSet<String>| {
            if roles.contains(name) || !self.permissions_of(name, client, permissions) {
                return;
            }
            roles.push(name.clone());
        };
        for name in own {
            add(name, &mut permissions);
        }
        let groups: Vec<String> = assigned
            .groups
            .into_iter()
            .filter(|g| self.by_group.contains_key(g))
            .collect();
        for name in groups.iter().flat_map(|group| self.roles_of(group)) {
            add(name, &mut permissions);
        }
        let mut of_member = BTreeSet::new();
        for name in assigned.organization.iter().flat_map(|m| &m.roles) {
            self.permissions_of(name, client, &mut of_member);
            add(name, &mut permissions);
        }
        permissions.extend(of_member.iter().cloned());
        Entitled {
            roles,
            permissions: permissions.into_iter().collect(),
            groups,
            organization: assigned.organization,
            of_member: of_member.into_iter().collect(),
        }
    }

    fn roles_of(&self, group: &str) -> &[String] {
        let found = self.by_group.get(group).and_then(|i| self.groups.get(*i));
        found.map_or(&[], |group| &group.roles)
    }

    /// Adds the permissions of a role in the tokens of a client. `false` when it does not count there.
    fn permissions_of(
        &self,
        name: &str,
        client: &ClientId,
        permissions: &mut BTreeSet<String>,
    ) -> bool {
        let Some(defined) = self.by_role.get(name) else {
            return true;
        };
        let defined = defined.iter().filter_map(|i| self.roles.get(*i));
        let mut counts = false;
        for role in defined.filter(|r| r.client.as_ref().is_none_or(|c| c == client)) {
            counts = true;
            permissions.extend(role.permissions.iter().cloned());
        }
        counts
    }
}
