//! Invitations.

use async_trait::async_trait;
use cardea_protocol::{
    invitation::{Invitation, MAX_INVITATIONS},
    language::Lang,
    mail::EmailAddress,
    model::{InvitationId, OrganizationId, Subject, User, Username},
};
use cardea_seal::Digest;
use jiff::Timestamp;
use tokio_postgres::Row;

use super::{
    PostgresStore, audit,
    connection::{Connection, read, transaction},
    fault::{Verb, conflict},
    login_email, organizations, outbox,
    rows::{self, Fields},
    statement::params,
    users,
};
use crate::{
    AcceptInvitation, AddInvitation, AddUser, Constraint, InvitationPosition, Invitations, Invitee,
    LivingInvitation, Page, PutMember, Result, RevokeInvitation, Rows, events,
};

macro_rules! select {
    ($condition:literal) => {
        concat!(
            "SELECT i.invitation_key, i.invitation_id, i.email, i.username, o.org_id, i.roles, i.locale, i.invited_by, i.inviter,
                 i.created_at, i.expires_at, o.name, (SELECT u.subject FROM users u WHERE u.login_email = i.email_key) AS owner
             FROM invitations i LEFT JOIN organizations o ON o.org_key = i.org_key WHERE ",
            $condition
        )
    };
}

#[async_trait]
impl Invitations for PostgresStore {
    async fn add_invitation(&self, command: AddInvitation) -> Result<bool> {
        transaction!(self, db => add(&db, &command))
    }

    async fn invitation(&self, token: Digest, now: Timestamp) -> Result<Option<LivingInvitation>> {
        read!(self, db => find(&db, token, now))
    }

    async fn invitations(
        &self,
        organization: Option<&OrganizationId>,
        page: Page<InvitationPosition>,
        now: Timestamp,
    ) -> Result<Rows<Invitation, InvitationPosition>> {
        read!(self, db => list(&db, organization, &page, now))
    }

    async fn accept_invitation(&self, command: AcceptInvitation) -> Result<Option<Invitation>> {
        transaction!(self, db => accept(&db, &command))
    }

    async fn revoke_invitation(&self, command: RevokeInvitation) -> Result<bool> {
        transaction!(self, db => revoke(&db, &command))
    }
}

fn decode(row: &Row) -> Result<(InvitationPosition, LivingInvitation)> {
    let mut f = Fields::new(row, "invitations", 0);
    let position = InvitationPosition(f.get("invitation_key")?);
    let invitation = Invitation {
        id: f.parse("invitation_id", InvitationId::parse)?,
        email: f.parse("email", EmailAddress::parse)?,
        username: f.parse_opt("username", Username::parse)?,
        organization: f.parse_opt("org_id", OrganizationId::parse)?,
        roles: f.json("roles")?,
        // A language of another version is as none.
        lang: f
            .get::<Option<String>>("locale")?
            .and_then(|tag| Lang::lookup(&tag)),
        invited_by: f.json("invited_by")?,
        inviter: f.get("inviter")?,
        created_at: f.time("created_at")?,
        expires_at: f.time("expires_at")?,
    };
    let living = LivingInvitation {
        invitation,
        organization: f.get("name")?,
        owner: f.parse_opt("owner", Subject::parse)?,
    };
    Ok((position, living))
}

fn item(row: &Row) -> Verb<(InvitationPosition, Invitation)> {
    let (position, living) = decode(row)?;
    Ok((position, living.invitation))
}

async fn list(
    db: &Connection,
    organization: Option<&OrganizationId>,
    page: &Page<InvitationPosition>,
    now: Timestamp,
) -> Verb<Rows<Invitation, InvitationPosition>> {
    let all = select!(
        "i.invitation_key > :after AND i.expires_at > :now ORDER BY i.invitation_key LIMIT :limit"
    );
    let of_one = select!(
        "i.org_key = (SELECT org_key FROM organizations WHERE org_id = :org)
         AND i.invitation_key > :after AND i.expires_at > :now ORDER BY i.invitation_key LIMIT :limit"
    );
    let (limit, read) = rows::limits(page);
    let after = page.after.map_or(i64::MIN, |position| position.0);
    let now = now.as_millisecond();
    let found = match organization {
        None => {
            let params = params! { ":after": after, ":now": now, ":limit": read };
            rows::all(db, all, params, item).await?
        }
        Some(id) => {
            let params =
                params! { ":org": id.as_str(), ":after": after, ":now": now, ":limit": read };
            rows::all(db, of_one, params, item).await?
        }
    };
    Ok(rows::page(found, limit))
}

async fn find(db: &Connection, token: Digest, now: Timestamp) -> Verb<Option<LivingInvitation>> {
    let sql = select!(
        "i.token_hash = :token AND i.expires_at > :now AND (i.org_key IS NULL OR o.enabled)"
    );
    let params = params! { ":token": token.as_bytes(), ":now": now.as_millisecond() };
    rows::first(db, sql, params, |row| Ok(decode(row)?.1)).await
}

/// The organization that invites, or the provider.
struct Inviting(Option<i64>);

/// Locks who invites, as the number of invitations is bounded: the organization, if it is enabled, or the marks for the provider.
async fn lock(db: &Connection, organization: Option<&OrganizationId>) -> Verb<Option<Inviting>> {
    let Some(id) = organization else {
        let sql = "SELECT one FROM marks FOR NO KEY UPDATE";
        rows::execute(db, sql, params! {}).await?;
        return Ok(Some(Inviting(None)));
    };
    let sql = "SELECT org_key FROM organizations WHERE org_id = :org AND enabled FOR NO KEY UPDATE";
    let key: Option<i64> = rows::value(db, sql, params! { ":org": id.as_str() }).await?;
    Ok(key.map(|key| Inviting(Some(key))))
}

async fn add(db: &Connection, command: &AddInvitation) -> Verb<bool> {
    let AddInvitation {
        token,
        invitation,
        mail,
        cause,
    } = command;
    let Some(Inviting(org)) = lock(db, invitation.organization.as_ref()).await? else {
        return Ok(false);
    };
    let email_key = invitation.email.key();
    let sql = "DELETE FROM invitations WHERE email_key = :email_key AND coalesce(org_key, 0) = coalesce(:org, 0)";
    rows::execute(db, sql, params! { ":email_key": &email_key, ":org": org }).await?;
    let written = rows::execute(
        db,
        "INSERT INTO invitations (invitation_id, token_hash, email, email_key, username, org_key, roles, locale, invited_by, inviter,
                                  created_at, expires_at)
         SELECT :id, :token, :email, :email_key, :username, :org, :roles, :locale, :invited_by, :inviter, :created, :expires
         WHERE (SELECT count(*) FROM invitations WHERE org_key = :org AND expires_at > :created)
             + (SELECT count(*) FROM invitations WHERE :org IS NULL AND org_key IS NULL AND expires_at > :created) < :max",
        params! {
            ":id": invitation.id.as_str(),
            ":token": token.as_bytes(),
            ":email": invitation.email.as_str(),
            ":email_key": &email_key,
            ":username": invitation.username.as_ref().map(Username::as_str),
            ":org": org,
            ":roles": rows::to_json(&invitation.roles)?,
            ":locale": invitation.lang.map(rows::to_word).transpose()?,
            ":invited_by": rows::to_json(&invitation.invited_by)?,
            ":inviter": &invitation.inviter,
            ":created": cause.now.as_millisecond(),
            ":expires": invitation.expires_at.as_millisecond(),
            ":max": MAX_INVITATIONS,
        },
    )
    .await?;
    if written == 0 {
        return Err(conflict(Constraint::TooLarge(format!(
            "there are {MAX_INVITATIONS} invitations already; revoke some, or wait until some expire"
        ))));
    }
    if let Some(mail) = mail {
        outbox::put_mail(db, mail, cause).await?;
    }
    audit::record(db, cause, &events::invitation_made(invitation)).await?;
    Ok(true)
}

async fn accept(db: &Connection, command: &AcceptInvitation) -> Verb<Option<Invitation>> {
    let AcceptInvitation { token, by, cause } = command;
    let Some(found) = find(db, *token, cause.now).await? else {
        return Ok(None);
    };
    let invitation = found.invitation;
    if let Some(organization) = &invitation.organization
        && organizations::hold(db, organization).await?.is_none()
    {
        return Ok(None);
    }
    if let Invitee::Owner(subject) = by
        && (invitation.organization.is_none() || users::lock(db, subject).await?.is_none())
    {
        return Ok(None);
    }
    if !use_up(db, command).await? {
        return Ok(None);
    }
    let (subject, is_new) = match by {
        Invitee::Owner(subject) => (subject.clone(), false),
        Invitee::New { .. } if found.owner.is_some() => return Err(conflict(Constraint::Email)),
        Invitee::New {
            user,
            password_hash,
        } => {
            let command = AddUser {
                user: invited(user, &invitation),
                password_hash: Some(password_hash.clone()),
                cause: cause.clone(),
            };
            users::add(db, &command).await?;
            let subject = command.user.subject;
            // Another account may have come with the address since the invitation was read.
            if login_email::is_taken(db, invitation.email.as_str(), &subject).await? {
                return Err(conflict(Constraint::Email));
            }
            (subject, true)
        }
    };
    audit::record(db, cause, &events::invitation_used(&invitation, &subject)).await?;
    if let Some(organization) = &invitation.organization
        && (is_new || !organizations::is_member(db, organization, &subject).await?)
    {
        let command = PutMember {
            organization: organization.clone(),
            subject,
            roles: invitation.roles.clone(),
            before: None,
            cause: cause.clone(),
        };
        if !organizations::put_member(db, &command).await? {
            // The user was removed or the organization was: nothing of this is written.
            return Err(conflict(Constraint::ChangedMeanwhile));
        }
    }
    Ok(Some(invitation))
}

/// Single use: of two that found it one removes it. Whom it is for is judged here again: the user, who is locked, may have changed
/// the address since it was read.
async fn use_up(db: &Connection, command: &AcceptInvitation) -> Verb<bool> {
    let owner = match &command.by {
        Invitee::Owner(subject) => Some(subject.as_str()),
        Invitee::New { .. } => None,
    };
    let sql = "DELETE FROM invitations AS i WHERE i.token_hash = :token AND i.expires_at > :now
               AND (i.org_key IS NULL OR EXISTS (SELECT 1 FROM organizations o WHERE o.org_key = i.org_key AND o.enabled))
               AND (:owner IS NULL OR EXISTS (SELECT 1 FROM users u WHERE u.subject = :owner AND u.login_email = i.email_key))";
    let params = params! {
        ":token": command.token.as_bytes(),
        ":now": command.cause.now.as_millisecond(),
        ":owner": owner,
    };
    Ok(rows::execute(db, sql, params).await? == 1)
}

/// The new user of an invitation.
fn invited(user: &User, invitation: &Invitation) -> User {
    let roles = match invitation.organization {
        Some(_) => Vec::new(),
        None => invitation.roles.clone(),
    };
    User {
        email: Some(invitation.email.as_str().to_owned()),
        email_verified: true,
        roles,
        ..user.clone()
    }
}

async fn revoke(db: &Connection, command: &RevokeInvitation) -> Verb<bool> {
    let RevokeInvitation {
        id,
        organization,
        cause,
    } = command;
    let sql = "DELETE FROM invitations WHERE invitation_id = :id
               AND (:org IS NULL OR org_key = (SELECT org_key FROM organizations WHERE org_id = :org))";
    let org = organization.as_ref().map(OrganizationId::as_str);
    let params = params! { ":id": id.as_str(), ":org": org };
    if rows::execute(db, sql, params).await? == 0 {
        return Ok(false);
    }
    let entry = events::invitation_revoked(id, organization.as_ref());
    audit::record(db, cause, &entry).await?;
    Ok(true)
}
