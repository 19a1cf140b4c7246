//! Roles, groups and organizations of the configuration file (D19).

use cardea_protocol::{
    model::{AuditEvent, ClientId},
    roles::{Group, Organization, Role},
};
use rusqlite::Connection;

use super::{
    audit,
    fault::Verb,
    organizations as orgs, roles,
    rows::{self, Fields},
};
use crate::{ApplyFileRoles, events};

pub(super) fn apply(tx: &Connection, command: &ApplyFileRoles) -> Verb<()> {
    remove_roles(tx, command)?;
    for role in &command.roles {
        apply_role(tx, command, role)?;
    }
    disable_groups(tx, command)?;
    for group in &command.groups {
        apply_group(tx, command, group)?;
    }
    roles::check_bounds(tx)?;
    disable_organizations(tx, command)?;
    let known = known_organizations(tx, command)?;
    free_domains(tx, command, &known)?;
    for organization in &command.organizations {
        let stored = known.iter().find(|stored| stored.id == organization.id);
        apply_organization(tx, command, organization, stored)?;
    }
    Ok(())
}

fn remove_roles(tx: &Connection, command: &ApplyFileRoles) -> Verb<()> {
    let sql = "SELECT r.name, c.client_id FROM roles r LEFT JOIN clients c ON c.client_key = r.client_key WHERE r.owner = 'file'";
    let known = rows::all(tx, sql, [], |row| {
        let mut f = Fields::new(row, "roles", 0);
        let name: String = f.get("name")?;
        Ok((name, f.parse_opt("client_id", ClientId::parse)?))
    })?;
    for (name, client) in known {
        let is_same = |role: &Role| role.name == name && role.client == client;
        if command.roles.iter().any(is_same) {
            continue;
        }
        if let Some(role) = roles::find_role(tx, &name, client.as_ref())? {
            roles::delete_role(tx, &role)?;
            let entry = events::role_event(AuditEvent::RoleRemoved, &role);
            audit::record(tx, &command.cause, &entry)?;
        }
    }
    Ok(())
}

fn apply_role(tx: &Connection, command: &ApplyFileRoles, role: &Role) -> Verb<()> {
    let stored = roles::find_role(tx, &role.name, role.client.as_ref())?;
    events::is_new_name_in_file(&role.name, stored.as_ref().map(|r| r.owner))?;
    let event = match stored {
        None => {
            roles::insert_role(tx, role)?;
            AuditEvent::RoleAdded
        }
        Some(stored) if stored == *role => return Ok(()),
        Some(stored) => {
            roles::update_role(tx, role, &stored)?;
            AuditEvent::RoleChanged
        }
    };
    audit::record(tx, &command.cause, &events::role_event(event, role))
}

/// Names of what the file owned and no longer has.
fn names(tx: &Connection, sql: &str, has: impl Fn(&str) -> bool) -> Verb<Vec<String>> {
    let mut names: Vec<String> = rows::all(tx, sql, [], |row| Ok(row.get(0)?))?;
    names.retain(|name| !has(name));
    Ok(names)
}

fn disable_groups(tx: &Connection, command: &ApplyFileRoles) -> Verb<()> {
    let sql = "SELECT name FROM user_groups WHERE owner = 'file' AND enabled";
    for name in names(tx, sql, |name| {
        command.groups.iter().any(|g| g.name == name)
    })? {
        let sql = "UPDATE user_groups SET enabled = 0 WHERE name = ?";
        rows::execute(tx, sql, [&name])?;
        let entry = events::group_event(AuditEvent::GroupChanged, &name);
        audit::record(tx, &command.cause, &entry)?;
    }
    Ok(())
}

fn apply_group(tx: &Connection, command: &ApplyFileRoles, group: &Group) -> Verb<()> {
    let stored = roles::find_group(tx, &group.name)?;
    events::is_new_name_in_file(&group.name, stored.as_ref().map(|g| g.owner))?;
    let event = match stored {
        None => {
            roles::insert_group(tx, group)?;
            AuditEvent::GroupAdded
        }
        Some(stored) if stored == *group => return Ok(()),
        Some(stored) => {
            roles::update_group(tx, group, &stored)?;
            AuditEvent::GroupChanged
        }
    };
    let entry = events::group_event(event, &group.name);
    audit::record(tx, &command.cause, &entry)
}

fn disable_organizations(tx: &Connection, command: &ApplyFileRoles) -> Verb<()> {
    let sql = "SELECT org_id FROM organizations WHERE owner = 'file' AND enabled";
    let has = |id: &str| command.organizations.iter().any(|o| o.id.as_str() == id);
    for id in names(tx, sql, has)? {
        let Some(stored) = orgs::find_by_text(tx, &id)? else {
            continue;
        };
        let sql = "UPDATE organizations SET enabled = 0 WHERE org_id = ?";
        rows::execute(tx, sql, [&id])?;
        let entry = events::organization_event(AuditEvent::OrganizationDisabled, &stored.id);
        audit::record(tx, &command.cause, &entry)?;
    }
    Ok(())
}

/// The organizations of the file as they were before.
fn known_organizations(tx: &Connection, command: &ApplyFileRoles) -> Verb<Vec<Organization>> {
    let mut known = Vec::new();
    for organization in &command.organizations {
        let stored = orgs::find(tx, &organization.id)?;
        let owner = stored.as_ref().map(|o| o.owner);
        events::is_new_name_in_file(organization.id.as_str(), owner)?;
        known.extend(stored);
    }
    Ok(known)
}

/// A domain may move from one organization of the file to another.
fn free_domains(tx: &Connection, command: &ApplyFileRoles, known: &[Organization]) -> Verb<()> {
    for organization in &command.organizations {
        let Some(stored) = known.iter().find(|stored| stored.id == organization.id) else {
            continue;
        };
        let gone = stored
            .domains
            .iter()
            .filter(|d| !organization.domains.contains(d));
        for domain in gone {
            let sql = "DELETE FROM organization_domains WHERE domain = ?";
            rows::execute(tx, sql, [domain])?;
        }
    }
    Ok(())
}

fn apply_organization(
    tx: &Connection,
    command: &ApplyFileRoles,
    organization: &Organization,
    stored: Option<&Organization>,
) -> Verb<()> {
    let event = match stored {
        None => {
            orgs::insert(tx, organization)?;
            AuditEvent::OrganizationAdded
        }
        Some(stored) if stored == organization => return Ok(()),
        Some(stored) => {
            orgs::update(tx, organization, stored)?;
            match stored.enabled {
                true => AuditEvent::OrganizationChanged,
                false => AuditEvent::OrganizationEnabled,
            }
        }
    };
    let entry = events::organization_event(event, &organization.id);
    audit::record(tx, &command.cause, &entry)
}
