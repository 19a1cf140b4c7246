//! Membership by the domain of a verified address (D27).

use cardea_protocol::model::{AuditEvent, OrganizationId, Subject};
use rusqlite::Connection;

use super::{
    audit,
    fault::{Verb, conflict},
    organizations::membership_count,
    rows::{self, Fields},
};
use crate::{Constraint, DomainOffer, JoinByDomain, MAX_MEMBERSHIPS, events};

/// The organization `o` that has the domain of the address with which the user `u` logs in. That address is verified, and no other
/// user's.
macro_rules! offered {
    () => {
        "FROM users u
         JOIN organization_domains d ON d.domain = substr(u.login_email, instr(u.login_email, '@') + 1)
         JOIN organizations o ON o.org_key = d.org_key
         WHERE u.subject = ?1 AND u.status = 'enabled' AND o.enabled AND o.join_by_domain AND NOT EXISTS
             (SELECT 1 FROM organization_members m WHERE m.user_key = u.user_key AND m.org_key = o.org_key)"
    };
}

pub(super) fn offer(db: &Connection, subject: &Subject) -> Verb<Option<DomainOffer>> {
    let sql = concat!("SELECT o.org_id, o.name, d.domain ", offered!());
    rows::first(db, sql, [subject.as_str()], |row| {
        let mut f = Fields::new(row, "organizations", 0);
        Ok(DomainOffer {
            id: f.parse("org_id", OrganizationId::parse)?,
            name: f.get("name")?,
            domain: f.get("domain")?,
        })
    })
}

pub(super) fn join(tx: &Connection, command: &JoinByDomain) -> Verb<bool> {
    let JoinByDomain {
        subject,
        organization,
        cause,
    } = command;
    let Some(found) = offer(tx, subject)?.filter(|offer| offer.id == *organization) else {
        return Ok(false);
    };
    let sql = concat!(
        "INSERT INTO organization_members (user_key, org_key, roles, joined_at) SELECT u.user_key, o.org_key, '[]', ?3 ",
        offered!(),
        " AND o.org_id = ?2"
    );
    let now = cause.now.as_millisecond();
    if rows::execute(tx, sql, (subject.as_str(), organization.as_str(), now))? == 0 {
        return Ok(false);
    }
    if membership_count(tx, subject)? > i64::from(MAX_MEMBERSHIPS) {
        return Err(conflict(Constraint::TooLarge(format!(
            "a user is a member of at most {MAX_MEMBERSHIPS} organizations"
        ))));
    }
    let what = format!("roles: ; by the domain {}", found.domain);
    let event = AuditEvent::OrganizationMemberAdded;
    let entry = events::member_event(event, organization, subject, &what);
    audit::record(tx, cause, &entry)?;
    Ok(true)
}
