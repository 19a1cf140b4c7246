//! Roles and groups (D27).
//!
//! Every verb that changes one locks the revision first: the bounds are those of all roles and groups together, and changes are rare.

use async_trait::async_trait;
use cardea_protocol::{
    model::{AuditEvent, Cause, ClientId, Subject},
    roles::{Group, MAX_GROUPS_OF_A_USER, Role, RoleCatalog},
};
use tokio_postgres::Row;

use super::{
    PostgresStore, audit, clients,
    connection::{Connection, read, transaction},
    fault::{Verb, conflict},
    role_file,
    rows::{self, Fields},
    statement::params,
    users::{self, USER_COLUMNS, has_password, user_columns},
};
use crate::{
    ApplyFileRoles, Constraint, Page, PutGroup, PutRole, Result, Roles, Rows, SetGroupMember,
    UserPosition, UserView, events,
};

#[async_trait]
impl Roles for PostgresStore {
    async fn role_catalog(&self) -> Result<RoleCatalog> {
        read!(self, db => catalog(&db))
    }

    async fn put_role(&self, command: PutRole) -> Result<bool> {
        transaction!(self, db => put_role(&db, &command))
    }

    async fn remove_role(
        &self,
        name: String,
        client: Option<ClientId>,
        cause: Cause,
    ) -> Result<bool> {
        transaction!(self, db => remove_role(&db, &name, client.as_ref(), &cause))
    }

    async fn put_group(&self, command: PutGroup) -> Result<bool> {
        transaction!(self, db => put_group(&db, &command))
    }

    async fn remove_group(&self, name: String, cause: Cause) -> Result<bool> {
        transaction!(self, db => remove_group(&db, &name, &cause))
    }

    async fn set_group_member(&self, command: SetGroupMember) -> Result<bool> {
        transaction!(self, db => set_member(&db, &command))
    }

    async fn group_members(
        &self,
        group: &str,
        page: Page<UserPosition>,
    ) -> Result<Rows<UserView, UserPosition>> {
        read!(self, db => members(&db, group, &page))
    }

    async fn groups_of(&self, subject: &Subject) -> Result<Vec<String>> {
        read!(self, db => groups_of(&db, subject))
    }

    async fn apply_file_roles(&self, command: ApplyFileRoles) -> Result<()> {
        transaction!(self, db => role_file::apply(&db, &command))
    }
}

/// From here on no other transaction changes a role or a group until the end of the transaction. After the locks of clients.
pub(super) async fn lock(db: &Connection) -> Verb<()> {
    let sql = "SELECT revision FROM role_revision WHERE one = 1 FOR NO KEY UPDATE";
    rows::execute(db, sql, params! {}).await.map(drop)
}

/// A role or a group has changed, or is about to.
pub(super) async fn changed(db: &Connection) -> Verb<()> {
    let sql = "UPDATE role_revision SET revision = revision + 1 WHERE one = 1";
    rows::execute(db, sql, params! {}).await.map(drop)
}

/// All as one statement sees it: a role of one moment and a group of another could give together what neither moment gives.
pub(super) async fn catalog(db: &Connection) -> Verb<RoleCatalog> {
    let sql = "SELECT v.revision, x.is_group, x.name, x.client_id, x.listed, x.owner, x.enabled
               FROM role_revision v LEFT JOIN
                   (SELECT FALSE AS is_group, r.name, c.client_id, r.permissions AS listed, r.owner, TRUE AS enabled
                    FROM roles r LEFT JOIN clients c ON c.client_key = r.client_key
                    UNION ALL
                    SELECT TRUE, g.name, NULL, g.roles, g.owner, g.enabled FROM user_groups g) x ON TRUE
               ORDER BY x.is_group, x.name, x.client_id IS NOT NULL, x.client_id";
    let (mut revision, mut roles, mut groups) = (0, Vec::new(), Vec::new());
    for row in db.query(sql, params! {}).await? {
        revision = rows::read(&row, 0)?;
        match rows::read::<Option<bool>>(&row, 1)? {
            Some(false) => roles.push(decode_role(&row)?),
            Some(true) => groups.push(decode_group(&row)?),
            // Without any role and group there is a row that has only the revision.
            None => {}
        }
    }
    Ok(RoleCatalog::new(revision, roles, groups))
}

fn decode_role(row: &Row) -> Result<Role> {
    let mut f = Fields::new(row, "roles", 2);
    Ok(Role {
        name: f.get("name")?,
        client: f.parse_opt("client_id", ClientId::parse)?,
        permissions: f.json("listed")?,
        owner: f.word("owner")?,
    })
}

fn decode_group(row: &Row) -> Result<Group> {
    let mut f = Fields::new(row, "user_groups", 2);
    let name = f.get("name")?;
    let _client: Option<String> = f.get("client_id")?;
    Ok(Group {
        name,
        roles: f.json("listed")?,
        owner: f.word("owner")?,
        enabled: f.get("enabled")?,
    })
}

/// All roles and groups as they are after a write: more than tokens can carry is refused where it is set.
pub(super) async fn check_bounds(db: &Connection) -> Verb<()> {
    let checked = catalog(db).await?.check();
    checked.map_err(|e| events::too_large(&e).into())
}

pub(super) fn find_role<'c>(
    catalog: &'c RoleCatalog,
    name: &str,
    client: Option<&ClientId>,
) -> Option<&'c Role> {
    let mut roles = catalog.roles().iter();
    roles.find(|role| role.name == name && role.client.as_ref() == client)
}

pub(super) fn find_group<'c>(catalog: &'c RoleCatalog, name: &str) -> Option<&'c Group> {
    catalog.groups().iter().find(|group| group.name == name)
}

async fn put_role(db: &Connection, command: &PutRole) -> Verb<bool> {
    let role = &command.role;
    events::may_change_named(&role.name, role.owner)?;
    let event = match &command.before {
        None => {
            // The client is not removed meanwhile.
            if let Some(client) = &role.client {
                clients::lock(db, client).await?;
            }
            lock(db).await?;
            insert_role(db, role).await?;
            AuditEvent::RoleAdded
        }
        Some(before) => {
            lock(db).await?;
            let catalog = catalog(db).await?;
            let Some(stored) = find_role(&catalog, &role.name, role.client.as_ref()) else {
                return Ok(false);
            };
            events::may_change_named(&role.name, stored.owner)?;
            events::may_follow(before, stored)?;
            update_role(db, role, stored).await?;
            AuditEvent::RoleChanged
        }
    };
    check_bounds(db).await?;
    audit::record(db, &command.cause, &events::role_event(event, role)).await?;
    changed(db).await?;
    Ok(true)
}

pub(super) async fn insert_role(db: &Connection, role: &Role) -> Verb<()> {
    let sql = "INSERT INTO roles (name, client_key, permissions, owner)
               SELECT :name, (SELECT client_key FROM clients WHERE client_id = :client), :permissions, :owner
               WHERE :client IS NULL OR EXISTS (SELECT 1 FROM clients WHERE client_id = :client)";
    let params = params! {
        ":name": &role.name,
        ":client": role.client.as_ref().map(ClientId::as_str),
        ":permissions": rows::to_json(&role.permissions)?,
        ":owner": rows::to_word(role.owner)?,
    };
    match rows::execute(db, sql, params).await? {
        1 => Ok(()),
        _ => Err(conflict(Constraint::NoClient)),
    }
}

/// D4: written only if the role is as it was compared.
pub(super) async fn update_role(db: &Connection, role: &Role, stored: &Role) -> Verb<()> {
    let sql = "UPDATE roles SET permissions = :permissions
               WHERE name = :name AND permissions = :before AND client_key IS NOT DISTINCT FROM
                   (SELECT client_key FROM clients WHERE client_id = :client)";
    let params = params! {
        ":name": &role.name,
        ":client": role.client.as_ref().map(ClientId::as_str),
        ":permissions": rows::to_json(&role.permissions)?,
        ":before": rows::to_json(&stored.permissions)?,
    };
    written_once(rows::execute(db, sql, params).await?)
}

pub(super) async fn delete_role(db: &Connection, role: &Role) -> Verb<()> {
    let sql = "DELETE FROM roles WHERE name = :name AND client_key IS NOT DISTINCT FROM
                   (SELECT client_key FROM clients WHERE client_id = :client)";
    let client = role.client.as_ref().map(ClientId::as_str);
    let params = params! { ":name": &role.name, ":client": client };
    rows::execute(db, sql, params).await.map(drop)
}

async fn remove_role(
    db: &Connection,
    name: &str,
    client: Option<&ClientId>,
    cause: &Cause,
) -> Verb<bool> {
    lock(db).await?;
    let catalog = catalog(db).await?;
    let Some(role) = find_role(&catalog, name, client) else {
        return Ok(false);
    };
    events::may_change_named(name, role.owner)?;
    delete_role(db, role).await?;
    let entry = events::role_event(AuditEvent::RoleRemoved, role);
    audit::record(db, cause, &entry).await?;
    changed(db).await?;
    Ok(true)
}

/// A change that found its row as it was read.
pub(super) fn written_once(written: u64) -> Verb<()> {
    match written {
        1 => Ok(()),
        _ => Err(conflict(Constraint::ChangedMeanwhile)),
    }
}

async fn put_group(db: &Connection, command: &PutGroup) -> Verb<bool> {
    let group = &command.group;
    events::may_change_named(&group.name, group.owner)?;
    lock(db).await?;
    let event = match &command.before {
        None => {
            insert_group(db, group).await?;
            AuditEvent::GroupAdded
        }
        Some(before) => {
            let catalog = catalog(db).await?;
            let Some(stored) = find_group(&catalog, &group.name) else {
                return Ok(false);
            };
            events::may_change_named(&group.name, stored.owner)?;
            events::may_follow(before, stored)?;
            update_group(db, group, stored).await?;
            AuditEvent::GroupChanged
        }
    };
    check_bounds(db).await?;
    let entry = events::group_event(event, &group.name);
    audit::record(db, &command.cause, &entry).await?;
    changed(db).await?;
    Ok(true)
}

pub(super) async fn insert_group(db: &Connection, group: &Group) -> Verb<()> {
    let sql = "INSERT INTO user_groups (name, roles, owner, enabled) VALUES (:name, :roles, :owner, TRUE)";
    let params = params! {
        ":name": &group.name,
        ":roles": rows::to_json(&group.roles)?,
        ":owner": rows::to_word(group.owner)?,
    };
    rows::execute(db, sql, params).await.map(drop)
}

/// D4: written only if the group is as it was compared.
pub(super) async fn update_group(db: &Connection, group: &Group, stored: &Group) -> Verb<()> {
    let sql = "UPDATE user_groups SET roles = :roles, enabled = :enabled
               WHERE name = :name AND roles = :before AND enabled = :was";
    let params = params! {
        ":name": &group.name,
        ":roles": rows::to_json(&group.roles)?,
        ":enabled": group.enabled,
        ":before": rows::to_json(&stored.roles)?,
        ":was": stored.enabled,
    };
    written_once(rows::execute(db, sql, params).await?)
}

async fn remove_group(db: &Connection, name: &str, cause: &Cause) -> Verb<bool> {
    lock(db).await?;
    let catalog = catalog(db).await?;
    let Some(group) = find_group(&catalog, name) else {
        return Ok(false);
    };
    events::may_change_named(name, group.owner)?;
    let sql = "DELETE FROM user_groups WHERE name = :name";
    rows::execute(db, sql, params! { ":name": name }).await?;
    let entry = events::group_event(AuditEvent::GroupRemoved, name);
    audit::record(db, cause, &entry).await?;
    changed(db).await?;
    Ok(true)
}

/// The user is locked, so the bound of the user's groups holds.
async fn set_member(db: &Connection, command: &SetGroupMember) -> Verb<bool> {
    let SetGroupMember {
        group,
        subject,
        member,
        cause,
    } = command;
    let Some(user) = users::lock(db, subject).await? else {
        return Ok(false);
    };
    let sql = match member {
        // A group that is being removed is waited for, and then none.
        true => {
            "INSERT INTO group_members (user_key, group_key)
             SELECT :user, g.group_key FROM user_groups g WHERE g.name = :group FOR KEY SHARE
             ON CONFLICT DO NOTHING"
        }
        false => {
            "DELETE FROM group_members WHERE user_key = :user
             AND group_key = (SELECT group_key FROM user_groups WHERE name = :group)"
        }
    };
    if rows::execute(db, sql, params! { ":user": user, ":group": group }).await? == 0 {
        return Ok(false);
    }
    let sql = "SELECT count(*) FROM group_members WHERE user_key = :user";
    let groups: Option<u64> = rows::value(db, sql, params! { ":user": user }).await?;
    if *member && groups > Some(MAX_GROUPS_OF_A_USER as u64) {
        let why = format!("a user is in at most {MAX_GROUPS_OF_A_USER} groups");
        return Err(conflict(Constraint::TooLarge(why)));
    }
    audit::record(db, cause, &events::group_member(group, subject, *member)).await?;
    Ok(true)
}

async fn members(
    db: &Connection,
    group: &str,
    page: &Page<UserPosition>,
) -> Verb<Rows<UserView, UserPosition>> {
    let sql = concat!(
        "SELECT ",
        user_columns!(),
        ", ",
        has_password!(),
        ", u.username_key FROM user_groups g JOIN group_members m ON m.group_key = g.group_key
         JOIN users u ON u.user_key = m.user_key
         WHERE g.name = :group AND u.username_key > :after ORDER BY u.username_key LIMIT :limit"
    );
    let (limit, read) = rows::limits(page);
    let after = page
        .after
        .as_ref()
        .map_or("", |position| position.0.as_str());
    let params = params! { ":group": group, ":after": after, ":limit": read };
    let found = rows::all(db, sql, params, |row| {
        let view = UserView {
            user: users::decode(row, 0)?,
            has_password: rows::read(row, USER_COLUMNS)?,
        };
        Ok((UserPosition(rows::read(row, USER_COLUMNS + 1)?), view))
    })
    .await?;
    Ok(rows::page(found, limit))
}

async fn groups_of(db: &Connection, subject: &Subject) -> Verb<Vec<String>> {
    let sql = "SELECT g.name FROM users u JOIN group_members m ON m.user_key = u.user_key
               JOIN user_groups g ON g.group_key = m.group_key WHERE u.subject = :subject ORDER BY g.name";
    let params = params! { ":subject": subject.as_str() };
    rows::all(db, sql, params, |row| Ok(rows::read(row, 0)?)).await
}
