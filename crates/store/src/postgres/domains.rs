//! Membership by the domain of a verified address (D27).

use cardea_protocol::model::{AuditEvent, Cause, OrganizationId, Subject};

use super::{
    audit,
    connection::Connection,
    fault::{Verb, conflict},
    organizations,
    rows::{self, Fields},
    statement::params,
    users,
};
use crate::{Constraint, DomainOffer, JoinByDomain, MAX_MEMBERSHIPS, events};

/// The organization that has the domain of the address with which the user logs in. That address is verified, and no other user's.
pub(super) async fn offer(db: &Connection, subject: &Subject) -> Verb<Option<DomainOffer>> {
    let sql = "SELECT o.org_id, o.name, d.domain FROM users u
               JOIN organization_domains d ON d.domain = substr(u.login_email, strpos(u.login_email, '@') + 1)
               JOIN organizations o ON o.org_key = d.org_key
               WHERE u.subject = :subject AND u.status = 'enabled' AND o.enabled AND o.join_by_domain AND NOT EXISTS
                   (SELECT 1 FROM organization_members m WHERE m.user_key = u.user_key AND m.org_key = o.org_key)";
    let params = params! { ":subject": subject.as_str() };
    rows::first(db, sql, params, |row| {
        let mut f = Fields::new(row, "organizations", 0);
        Ok(DomainOffer {
            id: f.parse("org_id", OrganizationId::parse)?,
            name: f.get("name")?,
            domain: f.get("domain")?,
        })
    })
    .await
}

pub(super) async fn join(db: &Connection, command: &JoinByDomain) -> Verb<bool> {
    let JoinByDomain {
        subject,
        organization,
        cause,
    } = command;
    let Some(org) = organizations::hold(db, organization).await? else {
        return Ok(false);
    };
    // The address and the memberships of a locked user don't change.
    let Some(user) = users::lock(db, subject).await? else {
        return Ok(false);
    };
    let offer = offer(db, subject).await?;
    let Some(found) = offer.filter(|offer| offer.id == *organization) else {
        return Ok(false);
    };
    admit(db, (user, org), &[], cause).await?;
    let what = format!("roles: ; by the domain {}", found.domain);
    let event = AuditEvent::OrganizationMemberAdded;
    let entry = events::member_event(event, organization, subject, &what);
    audit::record(db, cause, &entry).await?;
    Ok(true)
}

/// Adds a member. The user is locked, so the bound of the user's memberships holds, and the organization is held.
pub(super) async fn admit(
    db: &Connection,
    (user, org): (i64, i64),
    roles: &[String],
    cause: &Cause,
) -> Verb<()> {
    let sql = "INSERT INTO organization_members (user_key, org_key, roles, joined_at) VALUES (:user, :org, :roles, :now)";
    let params = params! {
        ":user": user,
        ":org": org,
        ":roles": rows::to_json(&roles)?,
        ":now": cause.now.as_millisecond(),
    };
    rows::execute(db, sql, params).await?;
    let sql = "SELECT count(*) FROM organization_members WHERE user_key = :user";
    let count: Option<i64> = rows::value(db, sql, params! { ":user": user }).await?;
    match count > Some(i64::from(MAX_MEMBERSHIPS)) {
        true => Err(conflict(Constraint::TooLarge(format!(
            "a user is a member of at most {MAX_MEMBERSHIPS} organizations"
        )))),
        false => Ok(()),
    }
}
