//! Organizations and their members (D27).

use async_trait::async_trait;
use cardea_protocol::{
    model::{AuditEvent, Cause, OrganizationId, Subject},
    roles::{Membership, Organization},
};
use rusqlite::{Connection, Row, named_params};

use super::{
    SqliteStore, audit, domains,
    fault::{Verb, conflict},
    roles::written_once,
    rows::{self, Fields},
    users::{self, USER_COLUMNS, has_password, user_columns},
};
use crate::{
    Constraint, DomainOffer, JoinByDomain, MAX_MEMBERSHIPS, Member, Organizations, Page, PutMember,
    PutOrganization, Result, Rows, UserPosition, UserView, events,
};

macro_rules! columns {
    () => {
        "o.org_id, o.name, o.owner, o.enabled, o.join_by_domain,
         (SELECT json_group_array(d.domain) FROM organization_domains d WHERE d.org_key = o.org_key) AS domains
         FROM organizations o"
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
             JOIN users u ON u.user_key = m.user_key WHERE o.org_id = ? AND ",
            $condition
        )
    };
}

#[async_trait]
impl Organizations for SqliteStore {
    async fn organization(&self, id: &OrganizationId) -> Result<Option<Organization>> {
        self.read(|db| find(db, id))
    }

    async fn organizations(
        &self,
        page: Page<OrganizationId>,
    ) -> Result<Rows<Organization, OrganizationId>> {
        let sql = concat!(
            "SELECT ",
            columns!(),
            " WHERE o.org_id > ? ORDER BY o.org_id LIMIT ?"
        );
        let (limit, read) = rows::limits(&page);
        let after = page.after.as_ref().map_or("", OrganizationId::as_str);
        let found = self.read(|db| {
            rows::all(db, sql, (after, read), |row| {
                let organization = decode(row)?;
                Ok((organization.id.clone(), organization))
            })
        })?;
        Ok(rows::page(found, limit))
    }

    async fn put_organization(&self, command: PutOrganization) -> Result<bool> {
        self.write(move |tx| put(tx, &command)).await
    }

    async fn remove_organization(&self, id: OrganizationId, cause: Cause) -> Result<bool> {
        self.write(move |tx| {
            let Some(stored) = find(tx, &id)? else {
                return Ok(false);
            };
            events::may_change_named(id.as_str(), stored.owner)?;
            // Domains, members, codes and grants are deleted with the row.
            let sql = "DELETE FROM organizations WHERE org_id = ?";
            rows::execute(tx, sql, [id.as_str()])?;
            let entry = events::organization_event(AuditEvent::OrganizationRemoved, &id);
            audit::record(tx, &cause, &entry)?;
            Ok(true)
        })
        .await
    }

    async fn memberships_of(&self, subject: &Subject) -> Result<Vec<Membership>> {
        let sql = "SELECT o.org_id, o.name, m.roles FROM users u JOIN organization_members m ON m.user_key = u.user_key
                   JOIN organizations o ON o.org_key = m.org_key
                   WHERE u.subject = ? AND o.enabled ORDER BY o.name_key LIMIT ?";
        self.read(|db| {
            rows::all(db, sql, (subject.as_str(), MAX_MEMBERSHIPS), |row| {
                let mut f = Fields::new(row, "organization_members", 0);
                Ok(Membership {
                    id: f.parse("org_id", OrganizationId::parse)?,
                    name: f.get("name")?,
                    roles: f.json("roles")?,
                })
            })
        })
    }

    async fn member(&self, id: &OrganizationId, subject: &Subject) -> Result<Option<Member>> {
        let sql = member_select!("u.subject = ?");
        let params = (id.as_str(), subject.as_str());
        self.read(|db| rows::first(db, sql, params, |row| Ok(decode_member(row)?.1)))
    }

    async fn members(
        &self,
        id: &OrganizationId,
        page: Page<UserPosition>,
    ) -> Result<Rows<Member, UserPosition>> {
        let sql = member_select!("u.username_key > ? ORDER BY u.username_key LIMIT ?");
        let (limit, read) = rows::limits(&page);
        let after = page.after.map_or_else(String::new, |position| position.0);
        let params = (id.as_str(), &after, read);
        let found = self.read(|db| rows::all(db, sql, params, |row| Ok(decode_member(row)?)))?;
        Ok(rows::page(found, limit))
    }

    async fn put_member(&self, command: PutMember) -> Result<bool> {
        self.write(move |tx| put_member(tx, &command)).await
    }

    async fn remove_member(
        &self,
        id: OrganizationId,
        subject: Subject,
        cause: Cause,
    ) -> Result<bool> {
        self.write(move |tx| remove_member(tx, &id, &subject, &cause))
            .await
    }

    async fn domain_offer(&self, subject: &Subject) -> Result<Option<DomainOffer>> {
        self.read(|db| domains::offer(db, subject))
    }

    async fn join_by_domain(&self, command: JoinByDomain) -> Result<bool> {
        self.write(move |tx| domains::join(tx, &command)).await
    }
}

fn decode(row: &Row<'_>) -> Result<Organization> {
    let mut f = Fields::new(row, "organizations", 0);
    let id = f.parse("org_id", OrganizationId::parse)?;
    let (name, owner, enabled) = (f.get("name")?, f.word("owner")?, f.get("enabled")?);
    let join_by_domain = f.get("join_by_domain")?;
    let mut domains: Vec<String> = f.json("domains")?;
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

fn decode_member(row: &Row<'_>) -> Result<(UserPosition, Member)> {
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

pub(super) fn find(db: &Connection, id: &OrganizationId) -> Verb<Option<Organization>> {
    find_by_text(db, id.as_str())
}

pub(super) fn find_by_text(db: &Connection, id: &str) -> Verb<Option<Organization>> {
    let sql = concat!("SELECT ", columns!(), " WHERE o.org_id = ?");
    rows::first(db, sql, [id], |row| Ok(decode(row)?))
}

fn put(tx: &Connection, command: &PutOrganization) -> Verb<bool> {
    let organization = &command.organization;
    let id = &organization.id;
    events::may_change_named(id.as_str(), organization.owner)?;
    let event = match &command.before {
        None => {
            insert(tx, organization)?;
            AuditEvent::OrganizationAdded
        }
        Some(before) => {
            let Some(stored) = find(tx, id)? else {
                return Ok(false);
            };
            events::may_change_named(id.as_str(), stored.owner)?;
            events::may_follow(before, &stored)?;
            update(tx, organization, &stored)?;
            AuditEvent::OrganizationChanged
        }
    };
    let entry = events::organization_event(event, id);
    audit::record(tx, &command.cause, &entry)?;
    Ok(true)
}

pub(super) fn insert(tx: &Connection, organization: &Organization) -> Verb<()> {
    let sql = "INSERT INTO organizations (org_id, name, name_key, owner, join_by_domain, enabled) VALUES (?, ?, ?, ?, ?, 1)";
    let (id, name) = (organization.id.as_str(), &organization.name);
    let owner = rows::to_word(organization.owner)?;
    let by_domain = organization.join_by_domain;
    rows::execute(tx, sql, (id, name, name.to_lowercase(), owner, by_domain))?;
    set_domains(tx, organization)
}

/// D4: written only if the organization is as it was compared.
pub(super) fn update(
    tx: &Connection,
    organization: &Organization,
    stored: &Organization,
) -> Verb<()> {
    let sql = "UPDATE organizations SET name = :name, name_key = :key, enabled = :enabled, join_by_domain = :by_domain
               WHERE org_id = :id AND name = :before AND enabled = :was AND join_by_domain = :had";
    let params = named_params! {
        ":id": organization.id.as_str(),
        ":name": organization.name,
        ":key": organization.name.to_lowercase(),
        ":enabled": organization.enabled,
        ":before": stored.name,
        ":was": stored.enabled,
        ":by_domain": organization.join_by_domain,
        ":had": stored.join_by_domain,
    };
    written_once(rows::execute(tx, sql, params)?)?;
    let sql = "DELETE FROM organization_domains WHERE org_key = (SELECT org_key FROM organizations WHERE org_id = ?)";
    rows::execute(tx, sql, [organization.id.as_str()])?;
    set_domains(tx, organization)
}

fn set_domains(tx: &Connection, organization: &Organization) -> Verb<()> {
    let sql = "INSERT INTO organization_domains (domain, org_key) SELECT ?, org_key FROM organizations WHERE org_id = ?";
    for domain in &organization.domains {
        rows::execute(tx, sql, (domain, organization.id.as_str()))?;
    }
    Ok(())
}

pub(super) fn put_member(tx: &Connection, command: &PutMember) -> Verb<bool> {
    let PutMember {
        organization,
        subject,
        roles,
        before,
        cause,
    } = command;
    let event = match before {
        None => {
            if !insert_member(tx, command)? {
                return Ok(false);
            }
            AuditEvent::OrganizationMemberAdded
        }
        Some(before) => {
            let sql = "UPDATE organization_members SET roles = ?3
                       WHERE user_key = (SELECT user_key FROM users WHERE subject = ?2)
                         AND org_key = (SELECT org_key FROM organizations WHERE org_id = ?1) AND roles = ?4";
            let (roles, before) = (rows::to_json(roles)?, rows::to_json(before)?);
            let params = (organization.as_str(), subject.as_str(), roles, before);
            if rows::execute(tx, sql, params)? == 0 {
                return match is_member(tx, organization, subject)? {
                    true => Err(conflict(Constraint::ChangedMeanwhile)),
                    false => Ok(false),
                };
            }
            AuditEvent::OrganizationMemberChanged
        }
    };
    let what = format!("roles: {}", roles.join(", "));
    let entry = events::member_event(event, organization, subject, &what);
    audit::record(tx, cause, &entry)?;
    Ok(true)
}

fn insert_member(tx: &Connection, command: &PutMember) -> Verb<bool> {
    let sql = "INSERT INTO organization_members (user_key, org_key, roles, joined_at)
               SELECT u.user_key, o.org_key, ?3, ?4 FROM users u, organizations o WHERE u.subject = ?2 AND o.org_id = ?1";
    let roles = rows::to_json(&command.roles)?;
    let (id, subject) = (command.organization.as_str(), command.subject.as_str());
    let now = command.cause.now.as_millisecond();
    if rows::execute(tx, sql, (id, subject, roles, now))? == 0 {
        return Ok(false);
    }
    match membership_count(tx, &command.subject)? > i64::from(MAX_MEMBERSHIPS) {
        true => Err(conflict(Constraint::TooLarge(format!(
            "a user is a member of at most {MAX_MEMBERSHIPS} organizations"
        )))),
        false => Ok(true),
    }
}

pub(super) fn membership_count(tx: &Connection, subject: &Subject) -> Verb<i64> {
    let sql = "SELECT count(*) FROM organization_members m JOIN users u ON u.user_key = m.user_key WHERE u.subject = ?";
    Ok(rows::value(tx, sql, [subject.as_str()])?.unwrap_or(0))
}

pub(super) fn is_member(tx: &Connection, id: &OrganizationId, subject: &Subject) -> Verb<bool> {
    let sql = "SELECT 1 FROM organization_members m JOIN users u ON u.user_key = m.user_key
               JOIN organizations o ON o.org_key = m.org_key WHERE o.org_id = ? AND u.subject = ?";
    let found: Option<i64> = rows::value(tx, sql, (id.as_str(), subject.as_str()))?;
    Ok(found.is_some())
}

/// What was given to a member ends with the membership: who comes back later starts again.
fn remove_member(
    tx: &Connection,
    id: &OrganizationId,
    subject: &Subject,
    cause: &Cause,
) -> Verb<bool> {
    let sql = "DELETE FROM organization_members WHERE user_key = (SELECT user_key FROM users WHERE subject = ?2)
               AND org_key = (SELECT org_key FROM organizations WHERE org_id = ?1)";
    if rows::execute(tx, sql, (id.as_str(), subject.as_str()))? == 0 {
        return Ok(false);
    }
    let sql = "DELETE FROM codes WHERE org_key = (SELECT org_key FROM organizations WHERE org_id = ?1)
               AND session_key IN (SELECT s.session_key FROM sessions s JOIN users u ON u.user_key = s.user_key WHERE u.subject = ?2)";
    rows::execute(tx, sql, (id.as_str(), subject.as_str()))?;
    let sql = "UPDATE grants SET revoked_at = ?3, revoked_reason = ?4
               WHERE org_key = (SELECT org_key FROM organizations WHERE org_id = ?1)
                 AND user_key = (SELECT user_key FROM users WHERE subject = ?2) AND revoked_at IS NULL";
    let reason = rows::to_word(events::APPLICATIONS)?;
    let now = cause.now.as_millisecond();
    let revoked = rows::execute(tx, sql, (id.as_str(), subject.as_str(), now, reason))?;
    let what = format!("grants revoked: {revoked}");
    let event = AuditEvent::OrganizationMemberRemoved;
    audit::record(tx, cause, &events::member_event(event, id, subject, &what))?;
    Ok(true)
}
