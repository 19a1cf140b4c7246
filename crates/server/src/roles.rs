//! Roles and groups in memory: they are few, and a token must not cost a read more. Each read of a user names the revision that it goes
//! with, so what is kept here is never older than the user.

use std::sync::Arc;

use arc_swap::ArcSwap;
use cardea_protocol::{
    model::{ClientId, User},
    roles::{Assigned, Entitled, RoleCatalog},
};
use cardea_store::{Store, StoreError};
use serde_json::Value;

/// The roles and groups of the store.
pub(crate) struct RoleDirectory {
    store: Arc<dyn Store>,
    catalog: ArcSwap<RoleCatalog>,
}

impl RoleDirectory {
    /// Reads them for the first time.
    pub(crate) async fn load(store: Arc<dyn Store>) -> Result<Self, StoreError> {
        let catalog = ArcSwap::from_pointee(store.role_catalog().await?);
        Ok(Self { store, catalog })
    }

    /// The roles and groups, at this revision or a later one.
    async fn at(&self, revision: i64) -> Result<Arc<RoleCatalog>, StoreError> {
        let known = self.catalog.load_full();
        if known.revision() >= revision {
            return Ok(known);
        }
        let read = Arc::new(self.store.role_catalog().await?);
        self.catalog.rcu(|known| match known.revision() {
            other if other > read.revision() => Arc::clone(known),
            _ => Arc::clone(&read),
        });
        Ok(read)
    }

    /// The groups of a user and all roles of the user outside of organizations, for the policy of second factors.
    pub(crate) async fn of_user(
        &self,
        user: &User,
    ) -> Result<(Vec<String>, Vec<String>), StoreError> {
        let named = self.store.groups_of(&user.subject).await?;
        let (mut groups, mut roles) = (Vec::new(), user.roles.clone());
        if !named.is_empty() {
            // Read after the names, so it is not older than they.
            let catalog = self.store.role_catalog().await?;
            let all = catalog.groups().iter();
            for group in all.filter(|g| g.enabled && named.contains(&g.name)) {
                groups.push(group.name.clone());
                roles.extend(group.roles.iter().cloned());
            }
        }
        let set = user.claims.get("groups").and_then(Value::as_array);
        let set = set.into_iter().flatten().filter_map(Value::as_str);
        groups.extend(set.map(str::to_owned));
        Ok((groups, roles))
    }

    /// What a user has in the tokens of a client.
    pub(crate) async fn entitle(
        &self,
        user: &User,
        assigned: Assigned,
        client: &ClientId,
    ) -> Result<Entitled, StoreError> {
        self.entitle_roles(&user.roles, assigned, client).await
    }

    /// The same, by the user's own roles.
    pub(crate) async fn entitle_roles(
        &self,
        roles: &[String],
        assigned: Assigned,
        client: &ClientId,
    ) -> Result<Entitled, StoreError> {
        let catalog = self.at(assigned.revision).await?;
        Ok(catalog.entitle(roles, assigned, client))
    }
}
