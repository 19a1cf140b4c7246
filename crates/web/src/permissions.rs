//! Permissions of roles: the same map for the pages of an app and for its API.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Stands for all permissions.
const ALL: &str = "*";

/// A map from roles to permissions. Cheap to clone.
///
/// ```
/// use cardea_web::permissions::Permissions;
///
/// let permissions = Permissions::new()
///     .role("viewer", ["orders:read"])
///     .role("editor", ["orders:read", "orders:write"])
///     .role("admin", ["orders:read", "orders:write", "orders:delete", "metrics:read"])
///     .role("superadmin", ["*"]);
/// assert!(permissions.allow(["viewer", "editor"], "orders:write"));
/// assert!(!permissions.allow(["viewer"], "orders:write"));
/// assert!(permissions.allow(["superadmin"], "anything"));
/// assert!(!permissions.allow(["unknown"], "orders:read"));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Permissions(Arc<BTreeMap<String, BTreeSet<String>>>);

impl Permissions {
    /// A map in which no role may do anything.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives permissions to a role; `*` gives all.
    #[must_use]
    pub fn role<'a>(mut self, role: &str, permissions: impl IntoIterator<Item = &'a str>) -> Self {
        let roles = Arc::make_mut(&mut self.0);
        let known = roles.entry(role.to_owned()).or_default();
        known.extend(permissions.into_iter().map(str::to_owned));
        self
    }

    /// Whether one of the roles has the permission.
    pub fn allow<'a>(&self, roles: impl IntoIterator<Item = &'a str>, permission: &str) -> bool {
        let mut granted = roles.into_iter().filter_map(|role| self.0.get(role));
        granted.any(|granted| granted.contains(permission) || granted.contains(ALL))
    }
}
