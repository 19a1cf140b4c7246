//! Roles and groups (D27).

use async_trait::async_trait;
use cardea_protocol::{
    model::{AuditEvent, Cause, ClientId, Subject},
    roles::{Group, MAX_GROUPS_OF_A_USER, Role, RoleCatalog},
};
use rusqlite::{Connection, Row, named_params};

use super::{
    SqliteStore, audit,
    fault::{Verb, conflict},
    role_file,
    rows::{self, Fields},
    users::{self, USER_COLUMNS, has_password, user_columns},
};
use crate::{
    ApplyFileRoles, Constraint, Page, PutGroup, PutRole, Result, Roles, Rows, SetGroupMember,
    UserPosition, UserView, events,
};

#[async_trait]
impl Roles for SqliteStore {
    async fn role_catalog(&self) -> Result<RoleCatalog> {
        self.read(catalog)
    }

    async fn put_role(&self, command: PutRole) -> Result<bool> {
        self.write(move |tx| put_role(tx, &command)).await
    }

    async fn remove_role(
        &self,
        name: String,
        client: Option<ClientId>,
        cause: Cause,
    ) -> Result<bool> {
        self.write(move |tx| {
            let Some(role) = find_role(tx, &name, client.as_ref())? else {
                return Ok(false);
            };
            events::may_change_named(&name, role.owner)?;
            delete_role(tx, &role)?;
            let entry = events::role_event(AuditEvent::RoleRemoved, &role);
            audit::record(tx, &cause, &entry)?;
            Ok(true)
        })
        .await
    }

    async fn put_group(&self, command: PutGroup) -> Result<bool> {
        self.write(move |tx| put_group(tx, &command)).await
    }

    async fn remove_group(&self, name: String, cause: Cause) -> Result<bool> {
        self.write(move |tx| {
            let Some(group) = find_group(tx, &name)? else {
                return Ok(false);
            };
            events::may_change_named(&name, group.owner)?;
            rows::execute(tx, "DELETE FROM user_groups WHERE name = ?", [&name])?;
            let entry = events::group_event(AuditEvent::GroupRemoved, &name);
            audit::record(tx, &cause, &entry)?;
            Ok(true)
        })
        .await
    }

    async fn set_group_member(&self, command: SetGroupMember) -> Result<bool> {
        self.write(move |tx| set_member(tx, &command)).await
    }

    async fn group_members(
        &self,
        group: &str,
        page: Page<UserPosition>,
    ) -> Result<Rows<UserView, UserPosition>> {
        let sql = concat!(
            "SELECT ",
            user_columns!(),
            ", ",
            has_password!(),
            ", u.username_key FROM user_groups g JOIN group_members m ON m.group_key = g.group_key
             JOIN users u ON u.user_key = m.user_key
             WHERE g.name = ? AND u.username_key > ? ORDER BY u.username_key LIMIT ?"
        );
        let (limit, read) = rows::limits(&page);
        let after = page.after.map_or_else(String::new, |position| position.0);
        let found = self.read(|db| {
            rows::all(db, sql, (group, &after, read), |row| {
                let view = UserView {
                    user: users::decode(row, 0)?,
                    has_password: row.get(USER_COLUMNS)?,
                };
                Ok((UserPosition(row.get(USER_COLUMNS + 1)?), view))
            })
        })?;
        Ok(rows::page(found, limit))
    }

    async fn groups_of(&self, subject: &Subject) -> Result<Vec<String>> {
        let sql = "SELECT g.name FROM users u JOIN group_members m ON m.user_key = u.user_key
                   JOIN user_groups g ON g.group_key = m.group_key WHERE u.subject = ? ORDER BY g.name";
        self.read(|db| rows::all(db, sql, [subject.as_str()], |row| Ok(row.get(0)?)))
    }

    async fn apply_file_roles(&self, command: ApplyFileRoles) -> Result<()> {
        self.write(move |tx| role_file::apply(tx, &command)).await
    }
}

macro_rules! role_columns {
    () => {
        "r.role_key, r.name, c.client_id, r.permissions, r.owner FROM roles r LEFT JOIN clients c ON c.client_key = r.client_key"
    };
}

macro_rules! group_columns {
    () => {
        "name, roles, owner, enabled FROM user_groups"
    };
}

fn decode_role(row: &Row<'_>) -> Result<Role> {
    let mut f = Fields::new(row, "roles", 0);
    let _key: i64 = f.get("role_key")?;
    Ok(Role {
        name: f.get("name")?,
        client: f.parse_opt("client_id", ClientId::parse)?,
        permissions: f.json("permissions")?,
        owner: f.word("owner")?,
    })
}

fn decode_group(row: &Row<'_>) -> Result<Group> {
    let mut f = Fields::new(row, "user_groups", 0);
    Ok(Group {
        name: f.get("name")?,
        roles: f.json("roles")?,
        owner: f.word("owner")?,
        enabled: f.get("enabled")?,
    })
}

/// How often roles and groups were changed.
pub(super) fn revision(db: &Connection) -> rusqlite::Result<i64> {
    db.prepare_cached("SELECT revision FROM role_revision")?
        .query_row([], |row| row.get(0))
}

pub(super) fn catalog(db: &Connection) -> Verb<RoleCatalog> {
    let revision = revision(db)?;
    let sql = concat!(
        "SELECT ",
        role_columns!(),
        " ORDER BY r.name, c.client_id IS NOT NULL, c.client_id"
    );
    let roles = rows::all(db, sql, [], |row| Ok(decode_role(row)?))?;
    let sql = concat!("SELECT ", group_columns!(), " ORDER BY name");
    let groups = rows::all(db, sql, [], |row| Ok(decode_group(row)?))?;
    Ok(RoleCatalog::new(revision, roles, groups))
}

/// All roles and groups as they are after a write: more than tokens can carry is refused where it is set.
pub(super) fn check_bounds(tx: &Connection) -> Verb<()> {
    let checked = catalog(tx)?.check();
    checked.map_err(|e| events::too_large(&e).into())
}

pub(super) fn find_role(
    db: &Connection,
    name: &str,
    client: Option<&ClientId>,
) -> Verb<Option<Role>> {
    let sql = concat!(
        "SELECT ",
        role_columns!(),
        " WHERE r.name = ? AND c.client_id IS ?"
    );
    let params = (name, client.map(ClientId::as_str));
    rows::first(db, sql, params, |row| Ok(decode_role(row)?))
}

pub(super) fn find_group(db: &Connection, name: &str) -> Verb<Option<Group>> {
    let sql = concat!("SELECT ", group_columns!(), " WHERE name = ?");
    rows::first(db, sql, [name], |row| Ok(decode_group(row)?))
}

fn put_role(tx: &Connection, command: &PutRole) -> Verb<bool> {
    let role = &command.role;
    events::may_change_named(&role.name, role.owner)?;
    let event = match &command.before {
        None => {
            insert_role(tx, role)?;
            AuditEvent::RoleAdded
        }
        Some(before) => {
            let Some(stored) = find_role(tx, &role.name, role.client.as_ref())? else {
                return Ok(false);
            };
            events::may_change_named(&role.name, stored.owner)?;
            events::may_follow(before, &stored)?;
            update_role(tx, role, &stored)?;
            AuditEvent::RoleChanged
        }
    };
    check_bounds(tx)?;
    audit::record(tx, &command.cause, &events::role_event(event, role))?;
    Ok(true)
}

pub(super) fn insert_role(tx: &Connection, role: &Role) -> Verb<()> {
    let sql = "INSERT INTO roles (name, client_key, permissions, owner)
               SELECT :name, (SELECT client_key FROM clients WHERE client_id = :client), :permissions, :owner
               WHERE :client IS NULL OR EXISTS (SELECT 1 FROM clients WHERE client_id = :client)";
    let params = named_params! {
        ":name": role.name,
        ":client": role.client.as_ref().map(ClientId::as_str),
        ":permissions": rows::to_json(&role.permissions)?,
        ":owner": rows::to_word(role.owner)?,
    };
    match rows::execute(tx, sql, params)? {
        1 => Ok(()),
        _ => Err(conflict(Constraint::NoClient)),
    }
}

/// D4: written only if the role is as it was compared.
pub(super) fn update_role(tx: &Connection, role: &Role, stored: &Role) -> Verb<()> {
    let sql = "UPDATE roles SET permissions = :permissions
               WHERE name = :name AND client_key IS (SELECT client_key FROM clients WHERE client_id = :client)
                 AND permissions = :before";
    let params = named_params! {
        ":name": role.name,
        ":client": role.client.as_ref().map(ClientId::as_str),
        ":permissions": rows::to_json(&role.permissions)?,
        ":before": rows::to_json(&stored.permissions)?,
    };
    written_once(rows::execute(tx, sql, params)?)
}

pub(super) fn delete_role(tx: &Connection, role: &Role) -> Verb<()> {
    let sql = "DELETE FROM roles WHERE name = ? AND client_key IS (SELECT client_key FROM clients WHERE client_id = ?)";
    let client = role.client.as_ref().map(ClientId::as_str);
    rows::execute(tx, sql, (&role.name, client)).map(drop)
}

/// A change that found its row as it was read.
pub(super) fn written_once(written: u64) -> Verb<()> {
    match written {
        1 => Ok(()),
        _ => Err(conflict(Constraint::ChangedMeanwhile)),
    }
}

fn put_group(tx: &Connection, command: &PutGroup) -> Verb<bool> {
    let group = &command.group;
    events::may_change_named(&group.name, group.owner)?;
    let event = match &command.before {
        None => {
            insert_group(tx, group)?;
            AuditEvent::GroupAdded
        }
        Some(before) => {
            let Some(stored) = find_group(tx, &group.name)? else {
                return Ok(false);
            };
            events::may_change_named(&group.name, stored.owner)?;
            events::may_follow(before, &stored)?;
            update_group(tx, group, &stored)?;
            AuditEvent::GroupChanged
        }
    };
    check_bounds(tx)?;
    let entry = events::group_event(event, &group.name);
    audit::record(tx, &command.cause, &entry)?;
    Ok(true)
}

pub(super) fn insert_group(tx: &Connection, group: &Group) -> Verb<()> {
    let sql = "INSERT INTO user_groups (name, roles, owner, enabled) VALUES (?, ?, ?, 1)";
    let (roles, owner) = (rows::to_json(&group.roles)?, rows::to_word(group.owner)?);
    rows::execute(tx, sql, (&group.name, roles, owner)).map(drop)
}

/// D4: written only if the group is as it was compared.
pub(super) fn update_group(tx: &Connection, group: &Group, stored: &Group) -> Verb<()> {
    let sql = "UPDATE user_groups SET roles = :roles, enabled = :enabled
               WHERE name = :name AND roles = :before AND enabled = :was";
    let params = named_params! {
        ":name": group.name,
        ":roles": rows::to_json(&group.roles)?,
        ":enabled": group.enabled,
        ":before": rows::to_json(&stored.roles)?,
        ":was": stored.enabled,
    };
    written_once(rows::execute(tx, sql, params)?)
}

/// One conditional write; the bound of the user's groups is part of it.
fn set_member(tx: &Connection, command: &SetGroupMember) -> Verb<bool> {
    let SetGroupMember {
        group,
        subject,
        member,
        cause,
    } = command;
    let written = match member {
        true => {
            let sql = "INSERT INTO group_members (user_key, group_key)
                       SELECT u.user_key, g.group_key FROM users u, user_groups g WHERE u.subject = ? AND g.name = ?
                       ON CONFLICT DO NOTHING";
            rows::execute(tx, sql, (subject.as_str(), group))?
        }
        false => {
            let sql = "DELETE FROM group_members WHERE user_key = (SELECT user_key FROM users WHERE subject = ?)
                       AND group_key = (SELECT group_key FROM user_groups WHERE name = ?)";
            rows::execute(tx, sql, (subject.as_str(), group))?
        }
    };
    if written == 0 {
        return Ok(false);
    }
    let sql = "SELECT count(*) FROM group_members m JOIN users u ON u.user_key = m.user_key WHERE u.subject = ?";
    let groups: i64 = rows::value(tx, sql, [subject.as_str()])?.unwrap_or(0);
    if *member && usize::try_from(groups).is_ok_and(|groups| groups > MAX_GROUPS_OF_A_USER) {
        let why = format!("a user is in at most {MAX_GROUPS_OF_A_USER} groups");
        return Err(conflict(Constraint::TooLarge(why)));
    }
    audit::record(tx, cause, &events::group_member(group, subject, *member))?;
    Ok(true)
}
