//! Roles, groups and organizations of the configuration file (D19).

use std::collections::BTreeSet;

use cardea_protocol::{
    model::{AuditEvent, Owner},
    roles::{Group, Organization, Role, RoleCatalog},
};

use super::{
    audit, clients, connection::Connection, fault::Verb, organizations as orgs, roles, rows,
    statement::params,
};
use crate::{ApplyFileRoles, events};

/// Nodes that start at once apply the file one after the other: all lock the revision of the roles. Only they write what the file
/// owns, so nothing of it changes meanwhile.
pub(super) async fn apply(db: &Connection, command: &ApplyFileRoles) -> Verb<()> {
    // The clients of new roles first, as for any other role.
    let clients: BTreeSet<_> = command
        .roles
        .iter()
        .filter_map(|r| r.client.as_ref())
        .collect();
    for client in clients {
        clients::lock(db, client).await?;
    }
    roles::lock(db).await?;
    let catalog = roles::catalog(db).await?;
    let mut any = remove_roles(db, command, &catalog).await?;
    for role in &command.roles {
        any |= apply_role(db, command, role, &catalog).await?;
    }
    any |= disable_groups(db, command, &catalog).await?;
    for group in &command.groups {
        any |= apply_group(db, command, group, &catalog).await?;
    }
    roles::check_bounds(db).await?;
    if any {
        roles::changed(db).await?;
    }
    apply_organizations(db, command).await
}

async fn remove_roles(
    db: &Connection,
    command: &ApplyFileRoles,
    catalog: &RoleCatalog,
) -> Verb<bool> {
    let mut any = false;
    for known in catalog.roles() {
        let is_same = |role: &Role| role.name == known.name && role.client == known.client;
        if known.owner != Owner::File || command.roles.iter().any(is_same) {
            continue;
        }
        roles::delete_role(db, known).await?;
        let entry = events::role_event(AuditEvent::RoleRemoved, known);
        audit::record(db, &command.cause, &entry).await?;
        any = true;
    }
    Ok(any)
}

async fn apply_role(
    db: &Connection,
    command: &ApplyFileRoles,
    role: &Role,
    catalog: &RoleCatalog,
) -> Verb<bool> {
    let stored = roles::find_role(catalog, &role.name, role.client.as_ref());
    events::is_new_name_in_file(&role.name, stored.map(|r| r.owner))?;
    let event = match stored {
        None => {
            roles::insert_role(db, role).await?;
            AuditEvent::RoleAdded
        }
        Some(stored) if stored == role => return Ok(false),
        Some(stored) => {
            roles::update_role(db, role, stored).await?;
            AuditEvent::RoleChanged
        }
    };
    audit::record(db, &command.cause, &events::role_event(event, role)).await?;
    Ok(true)
}

/// Groups that the file owned and no longer has.
async fn disable_groups(
    db: &Connection,
    command: &ApplyFileRoles,
    catalog: &RoleCatalog,
) -> Verb<bool> {
    let mut any = false;
    for known in catalog.groups() {
        let in_file = command.groups.iter().any(|g| g.name == known.name);
        if known.owner != Owner::File || !known.enabled || in_file {
            continue;
        }
        let sql = "UPDATE user_groups SET enabled = FALSE WHERE name = :name";
        rows::execute(db, sql, params! { ":name": &known.name }).await?;
        let entry = events::group_event(AuditEvent::GroupChanged, &known.name);
        audit::record(db, &command.cause, &entry).await?;
        any = true;
    }
    Ok(any)
}

async fn apply_group(
    db: &Connection,
    command: &ApplyFileRoles,
    group: &Group,
    catalog: &RoleCatalog,
) -> Verb<bool> {
    let stored = roles::find_group(catalog, &group.name);
    events::is_new_name_in_file(&group.name, stored.map(|g| g.owner))?;
    let event = match stored {
        None => {
            roles::insert_group(db, group).await?;
            AuditEvent::GroupAdded
        }
        Some(stored) if stored == group => return Ok(false),
        Some(stored) => {
            roles::update_group(db, group, stored).await?;
            AuditEvent::GroupChanged
        }
    };
    let entry = events::group_event(event, &group.name);
    audit::record(db, &command.cause, &entry).await?;
    Ok(true)
}

async fn apply_organizations(db: &Connection, command: &ApplyFileRoles) -> Verb<()> {
    let ids = command
        .organizations
        .iter()
        .map(|o| o.id.as_str())
        .collect();
    let known = orgs::find_for_file(db, ids).await?;
    disable_organizations(db, command, &known).await?;
    free_domains(db, command, &known).await?;
    for organization in &command.organizations {
        let stored = known.iter().find(|stored| stored.id == organization.id);
        apply_organization(db, command, organization, stored).await?;
    }
    Ok(())
}

/// Organizations that the file owned and no longer has.
async fn disable_organizations(
    db: &Connection,
    command: &ApplyFileRoles,
    known: &[Organization],
) -> Verb<()> {
    for stored in known {
        let in_file = command.organizations.iter().any(|o| o.id == stored.id);
        if in_file || !stored.enabled {
            continue;
        }
        let sql = "UPDATE organizations SET enabled = FALSE WHERE org_id = :id";
        rows::execute(db, sql, params! { ":id": stored.id.as_str() }).await?;
        let entry = events::organization_event(AuditEvent::OrganizationDisabled, &stored.id);
        audit::record(db, &command.cause, &entry).await?;
    }
    Ok(())
}

/// A domain may move from one organization of the file to another.
async fn free_domains(
    db: &Connection,
    command: &ApplyFileRoles,
    known: &[Organization],
) -> Verb<()> {
    let mut gone: Vec<&str> = Vec::new();
    for organization in &command.organizations {
        let Some(stored) = known.iter().find(|stored| stored.id == organization.id) else {
            continue;
        };
        events::is_new_name_in_file(organization.id.as_str(), Some(stored.owner))?;
        let of_stored = stored.domains.iter().map(String::as_str);
        gone.extend(of_stored.filter(|d| !organization.domains.iter().any(|o| o == d)));
    }
    if gone.is_empty() {
        return Ok(());
    }
    let sql = "DELETE FROM organization_domains WHERE domain = ANY(:gone)";
    rows::execute(db, sql, params! { ":gone": gone })
        .await
        .map(drop)
}

async fn apply_organization(
    db: &Connection,
    command: &ApplyFileRoles,
    organization: &Organization,
    stored: Option<&Organization>,
) -> Verb<()> {
    let owner = stored.map(|o| o.owner);
    events::is_new_name_in_file(organization.id.as_str(), owner)?;
    let event = match stored {
        None => {
            orgs::insert(db, organization).await?;
            AuditEvent::OrganizationAdded
        }
        Some(stored) if stored == organization => return Ok(()),
        Some(stored) => {
            orgs::update(db, organization, stored).await?;
            match stored.enabled {
                true => AuditEvent::OrganizationChanged,
                false => AuditEvent::OrganizationEnabled,
            }
        }
    };
    let entry = events::organization_event(event, &organization.id);
    audit::record(db, &command.cause, &entry).await
}
