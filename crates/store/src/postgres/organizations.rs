//! Organizations and their members (D27).

use async_trait::async_trait;
use cardea_protocol::{
    model::{AuditEvent, Cause, OrganizationId, Subject},
    roles::{Membership, Organization},
};
use tokio_postgres::Row;

use super::{
    PostgresStore, audit,
    connection::{Connection, read, transaction},
    domains,
    fault::{Verb, conflict},
    rows::{self, Fields},
    statement::params,
    users::{self, USER_COLUMNS, has_password, user_columns},
};
use crate::{
    Constraint, DomainOffer, JoinByDomain, MAX_MEMBERSHIPS, Member, Organizations, Page, PutMember,
    PutOrganization, Result, Rows, UserPosition, UserView, events,
};

macro_rules! select {
    ($condition:literal) => {
        concat!(
            "SELECT o.org_id, o.name, o.owner, o.enabled, o.join_by_domain,
                 ARRAY(SELECT d.domain FROM organization_domains d WHERE d.org_key = o.org_key) AS domains
             FROM organizations o WHERE ",
            $condition
        )
    };
}

macro_rules! member_select {
    ($condition:literal) => {
        concat!(
            "SELECT ",
            user_columns!(),
            ", ",
            has_password!(),
            " AS has_password, u.username_key, m.roles, m.joined_at FROM organizations o
             JOIN organization_members m ON m.org_key = o.org_key
             JOIN users u ON u.user_key = m.user_key WHERE o.org_id = :org AND ",
            $condition
        )
    };
}

#[async_trait]
impl Organizations for PostgresStore {
    async fn organization(&self, id: &OrganizationId) -> Result<Option<Organization>> {
        read!(self, db => find(&db, select!("o.org_id = :id"), id))
    }

    async fn organizations(
        &self,
        page: Page<OrganizationId>,
    ) -> Result<Rows<Organization, OrganizationId>> {
        let sql = select!("o.org_id > :after ORDER BY o.org_id LIMIT :limit");
        let (limit, read) = rows::limits(&page);
        let after = page.after.as_ref().map_or("", OrganizationId::as_str);
        let params = params! { ":after": after, ":limit": read };
        let found = read!(self, db => rows::all(&db, sql, params, |row| {
            let organization = decode(row)?;
            Ok((organization.id.clone(), organization))
        }))?;
        Ok(rows::page(found, limit))
    }

    async fn put_organization(&self, command: PutOrganization) -> Result<bool> {
        transaction!(self, db => put(&db, &command))
    }

    async fn remove_organization(&self, id: OrganizationId, cause: Cause) -> Result<bool> {
        transaction!(self, db => remove(&db, &id, &cause))
    }

    async fn memberships_of(&self, subject: &Subject) -> Result<Vec<Membership>> {
        let sql = "SELECT o.org_id, o.name, m.roles FROM users u JOIN organization_members m ON m.user_key = u.user_key
                   JOIN organizations o ON o.org_key = m.org_key
                   WHERE u.subject = :subject AND o.enabled ORDER BY o.name_key LIMIT :limit";
        let params = params! { ":subject": subject.as_str(), ":limit": MAX_MEMBERSHIPS };
        read!(self, db => rows::all(&db, sql, params, |row| {
            let mut f = Fields::new(row, "organization_members", 0);
            Ok(Membership {
                id: f.parse("org_id", OrganizationId::parse)?,
                name: f.get("name")?,
                roles: f.json("roles")?,
            })
        }))
    }

    async fn member(&self, id: &OrganizationId, subject: &Subject) -> Result<Option<Member>> {
        let sql = member_select!("u.subject = :subject");
        let params = params! { ":org": id.as_str(), ":subject": subject.as_str() };
        read!(self, db => rows::first(&db, sql, params, |row| Ok(decode_member(row)?.1)))
    }

    async fn members(
        &self,
        id: &OrganizationId,
        page: Page<UserPosition>,
    ) -> Result<Rows<Member, UserPosition>> {
        let sql = member_select!("u.username_key > :after ORDER BY u.username_key LIMIT :limit");
        let (limit, read) = rows::limits(&page);
        let after = page
            .after
            .as_ref()
            .map_or("", |position| position.0.as_str());
        let params = params! { ":org": id.as_str(), ":after": after, ":limit": read };
        let found = read!(self, db => rows::all(&db, sql, params, |row| Ok(decode_member(row)?)))?;
        Ok(rows::page(found, limit))
    }

    async fn put_member(&self, command: PutMember) -> Result<bool> {
        transaction!(self, db => put_member(&db, &command))
    }

    async fn remove_member(
        &self,
        id: OrganizationId,
        subject: Subject,
        cause: Cause,
    ) -> Result<bool> {
        transaction!(self, db => remove_member(&db, &id, &subject, &cause))
    }

    async fn domain_offer(&self, subject: &Subject) -> Result<Option<DomainOffer>> {
        read!(self, db => domains::offer(&db, subject))
    }

    async fn join_by_domain(&self, command: JoinByDomain) -> Result<bool> {
        transaction!(self, db => domains::join(&db, &command))
    }
}

fn decode(row: &Row) -> Result<Organization> {
    let mut f = Fields::new(row, "organizations", 0);
    let id = f.parse("org_id", OrganizationId::parse)?;
    let (name, owner, enabled) = (f.get("name")?, f.word("owner")?, f.get("enabled")?);
    let join_by_domain = f.get("join_by_domain")?;
    let mut domains: Vec<String> = f.get("domains")?;
    domains.sort_unstable();
    Ok(Organization {
        id,
        name,
        domains,
        join_by_domain,
        owner,
        enabled,
    })
}

fn decode_member(row: &Row) -> Result<(UserPosition, Member)> {
    let mut f = Fields::new(row, "organization_members", USER_COLUMNS);
    let has_password = f.get("has_password")?;
    let position = UserPosition(f.get("username_key")?);
    let user = UserView {
        user: users::decode(row, 0)?,
        has_password,
    };
    let (roles, joined_at) = (f.json("roles")?, f.time("joined_at")?);
    let member = Member {
        user,
        roles,
        joined_at,
    };
    Ok((position, member))
}

async fn find(
    db: &Connection,
    sql: &'static str,
    id: &OrganizationId,
) -> Verb<Option<Organization>> {
    rows::first(db, sql, params! { ":id": id.as_str() }, |row| {
        Ok(decode(row)?)
    })
    .await
}

/// Those of the file, and those that have one of these ids.
pub(super) async fn find_for_file(db: &Connection, ids: Vec<&str>) -> Verb<Vec<Organization>> {
    let sql = select!("o.owner = 'file' OR o.org_id = ANY(:ids) ORDER BY o.org_id");
    rows::all(db, sql, params! { ":ids": ids }, |row| Ok(decode(row)?)).await
}

/// Keeps an organization as it is until the end of the transaction. Members, codes and grants of it can be written still.
pub(super) async fn lock(db: &Connection, id: &OrganizationId) -> Verb<Option<i64>> {
    let sql = "SELECT org_key FROM organizations WHERE org_id = :id FOR NO KEY UPDATE";
    rows::value(db, sql, params! { ":id": id.as_str() }).await
}

/// Only keeps an organization from being removed: those who do this don't wait for each other.
pub(super) async fn hold(db: &Connection, id: &OrganizationId) -> Verb<Option<i64>> {
    let sql = "SELECT org_key FROM organizations WHERE org_id = :id FOR KEY SHARE";
    rows::value(db, sql, params! { ":id": id.as_str() }).await
}

async fn put(db: &Connection, command: &PutOrganization) -> Verb<bool> {
    let organization = &command.organization;
    let id = &organization.id;
    events::may_change_named(id.as_str(), organization.owner)?;
    let event = match &command.before {
        None => {
            insert(db, organization).await?;
            AuditEvent::OrganizationAdded
        }
        Some(before) => {
            // Read when it is locked: its domains are other rows.
            lock(db, id).await?;
            let Some(stored) = find(db, select!("o.org_id = :id"), id).await? else {
                return Ok(false);
            };
            events::may_change_named(id.as_str(), stored.owner)?;
            events::may_follow(before, &stored)?;
            update(db, organization, &stored).await?;
            AuditEvent::OrganizationChanged
        }
    };
    let entry = events::organization_event(event, id);
    audit::record(db, &command.cause, &entry).await?;
    Ok(true)
}

pub(super) async fn insert(db: &Connection, organization: &Organization) -> Verb<()> {
    let sql = "INSERT INTO organizations (org_id, name, name_key, owner, join_by_domain, enabled)
               VALUES (:id, :name, :key, :owner, :by_domain, TRUE) RETURNING org_key";
    let params = params! {
        ":id": organization.id.as_str(),
        ":name": &organization.name,
        ":key": organization.name.to_lowercase(),
        ":owner": rows::to_word(organization.owner)?,
        ":by_domain": organization.join_by_domain,
    };
    match rows::value::<i64>(db, sql, params).await? {
        Some(key) => set_domains(db, key, organization).await,
        None => Err(conflict(Constraint::OrganizationId)),
    }
}

/// D4: written only if the organization is as it was compared.
pub(super) async fn update(
    db: &Connection,
    organization: &Organization,
    stored: &Organization,
) -> Verb<()> {
    let sql = "UPDATE organizations SET name = :name, name_key = :key, enabled = :enabled, join_by_domain = :by_domain
               WHERE org_id = :id AND name = :before AND enabled = :was AND join_by_domain = :had RETURNING org_key";
    let params = params! {
        ":id": organization.id.as_str(),
        ":name": &organization.name,
        ":key": organization.name.to_lowercase(),
        ":enabled": organization.enabled,
        ":before": &stored.name,
        ":was": stored.enabled,
        ":by_domain": organization.join_by_domain,
        ":had": stored.join_by_domain,
    };
    let Some(key) = rows::value::<i64>(db, sql, params).await? else {
        return Err(conflict(Constraint::ChangedMeanwhile));
    };
    let sql = "DELETE FROM organization_domains WHERE org_key = :key";
    rows::execute(db, sql, params! { ":key": key }).await?;
    set_domains(db, key, organization).await
}

async fn set_domains(db: &Connection, key: i64, organization: &Organization) -> Verb<()> {
    // In one order for all: two organizations that want the same domains don't wait for each other.
    let mut domains: Vec<&str> = organization.domains.iter().map(String::as_str).collect();
    domains.sort_unstable();
    let sql = "INSERT INTO organization_domains (domain, org_key) SELECT d, :key FROM unnest(:domains) AS d";
    rows::execute(db, sql, params! { ":key": key, ":domains": domains })
        .await
        .map(drop)
}

async fn remove(db: &Connection, id: &OrganizationId, cause: &Cause) -> Verb<bool> {
    // No member, code and grant of it comes after those that are deleted.
    let sql = select!("o.org_id = :id FOR UPDATE");
    let Some(stored) = find(db, sql, id).await? else {
        return Ok(false);
    };
    events::may_change_named(id.as_str(), stored.owner)?;
    // Domains, members, codes and grants are deleted with the row.
    let sql = "DELETE FROM organizations WHERE org_id = :id";
    rows::execute(db, sql, params! { ":id": id.as_str() }).await?;
    let entry = events::organization_event(AuditEvent::OrganizationRemoved, id);
    audit::record(db, cause, &entry).await?;
    Ok(true)
}

pub(super) async fn put_member(db: &Connection, command: &PutMember) -> Verb<bool> {
    let PutMember {
        organization,
        subject,
        roles,
        before,
        cause,
    } = command;
    let event = match before {
        None => {
            let Some(org) = hold(db, organization).await? else {
                return Ok(false);
            };
            let Some(user) = users::lock(db, subject).await? else {
                return Ok(false);
            };
            domains::admit(db, (user, org), roles, cause).await?;
            AuditEvent::OrganizationMemberAdded
        }
        Some(before) => {
            let sql = "UPDATE organization_members SET roles = :roles
                       WHERE user_key = (SELECT user_key FROM users WHERE subject = :subject)
                         AND org_key = (SELECT org_key FROM organizations WHERE org_id = :org) AND roles = :before";
            let params = params! {
                ":org": organization.as_str(),
                ":subject": subject.as_str(),
                ":roles": rows::to_json(roles)?,
                ":before": rows::to_json(before)?,
            };
            if rows::execute(db, sql, params).await? == 0 {
                return match is_member(db, organization, subject).await? {
                    true => Err(conflict(Constraint::ChangedMeanwhile)),
                    false => Ok(false),
                };
            }
            AuditEvent::OrganizationMemberChanged
        }
    };
    let what = format!("roles: {}", roles.join(", "));
    let entry = events::member_event(event, organization, subject, &what);
    audit::record(db, cause, &entry).await?;
    Ok(true)
}

pub(super) async fn is_member(
    db: &Connection,
    id: &OrganizationId,
    subject: &Subject,
) -> Verb<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM organization_members m JOIN users u ON u.user_key = m.user_key
               JOIN organizations o ON o.org_key = m.org_key WHERE o.org_id = :org AND u.subject = :subject)";
    let params = params! { ":org": id.as_str(), ":subject": subject.as_str() };
    Ok(rows::value(db, sql, params).await?.unwrap_or(false))
}

/// What was given to a member ends with the membership: who comes back later starts again.
async fn remove_member(
    db: &Connection,
    id: &OrganizationId,
    subject: &Subject,
    cause: &Cause,
) -> Verb<bool> {
    let Some(user) = users::lock(db, subject).await? else {
        return Ok(false);
    };
    let sql = "DELETE FROM organization_members WHERE user_key = :user
               AND org_key = (SELECT org_key FROM organizations WHERE org_id = :org) RETURNING org_key";
    let params = params! { ":user": user, ":org": id.as_str() };
    let Some(org) = rows::value::<i64>(db, sql, params).await? else {
        return Ok(false);
    };
    // A redemption that has the user's lock is over by now, so its grant is seen. One that waits for it finds no code when it goes on.
    let sql = "DELETE FROM codes WHERE org_key = :org
               AND session_key IN (SELECT session_key FROM sessions WHERE user_key = :user)";
    rows::execute(db, sql, params! { ":org": org, ":user": user }).await?;
    let sql = "UPDATE grants SET revoked_at = :now, revoked_reason = :reason
               WHERE org_key = :org AND user_key = :user AND revoked_at IS NULL";
    let params = params! {
        ":org": org,
        ":user": user,
        ":now": cause.now.as_millisecond(),
        ":reason": rows::to_word(events::APPLICATIONS)?,
    };
    let revoked = rows::execute(db, sql, params).await?;
    let what = format!("grants revoked: {revoked}");
    let event = AuditEvent::OrganizationMemberRemoved;
    audit::record(db, cause, &events::member_event(event, id, subject, &what)).await?;
    Ok(true)
}
