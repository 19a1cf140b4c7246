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
use rusqlite::{Connection, Row, named_params};

use super::{
    SqliteStore, audit,
    fault::{Verb, conflict},
    organizations, outbox,
    rows::{self, Fields},
    users,
};
use crate::{
    AcceptInvitation, AddInvitation, AddUser, Constraint, InvitationPosition, Invitations, Invitee,
    LivingInvitation, Page, PutMember, Result, RevokeInvitation, Rows, events,
};

macro_rules! columns {
    () => {
        "i.invitation_key, i.invitation_id, i.email, i.username, o.org_id, i.roles, i.locale, i.invited_by, i.inviter, i.created_at,
         i.expires_at, o.name, (SELECT u.subject FROM users u WHERE u.login_email = i.email_key) AS owner
         FROM invitations i LEFT JOIN organizations o ON o.org_key = i.org_key"
    };
}

#[async_trait]
impl Invitations for SqliteStore {
    async fn add_invitation(&self, command: AddInvitation) -> Result<bool> {
        self.write(move |tx| add(tx, &command)).await
    }

    async fn invitation(&self, token: Digest, now: Timestamp) -> Result<Option<LivingInvitation>> {
        self.read(|db| find(db, token, now))
    }

    async fn invitations(
        &self,
        organization: Option<&OrganizationId>,
        page: Page<InvitationPosition>,
        now: Timestamp,
    ) -> Result<Rows<Invitation, InvitationPosition>> {
        let all = concat!(
            "SELECT ",
            columns!(),
            " WHERE :org IS NULL AND i.invitation_key > :after AND i.expires_at > :now ORDER BY i.invitation_key LIMIT :limit"
        );
        let of_one = concat!(
            "SELECT ",
            columns!(),
            " WHERE i.org_key = (SELECT org_key FROM organizations WHERE org_id = :org) AND i.invitation_key > :after
              AND i.expires_at > :now ORDER BY i.invitation_key LIMIT :limit"
        );
        let sql = organization.map_or(all, |_| of_one);
        let (limit, read) = rows::limits(&page);
        let params = named_params! {
            ":org": organization.map(OrganizationId::as_str),
            ":after": page.after.map_or(i64::MIN, |position| position.0),
            ":now": now.as_millisecond(),
            ":limit": read,
        };
        let found = self.read(|db| {
            rows::all(db, sql, params, |row| {
                let (position, living) = decode(row)?;
                Ok((position, living.invitation))
            })
        })?;
        Ok(rows::page(found, limit))
    }

    async fn accept_invitation(&self, command: AcceptInvitation) -> Result<Option<Invitation>> {
        self.write(move |tx| accept(tx, command)).await
    }

    async fn revoke_invitation(&self, command: RevokeInvitation) -> Result<bool> {
        self.write(move |tx| revoke(tx, &command)).await
    }
}

fn decode(row: &Row<'_>) -> Result<(InvitationPosition, LivingInvitation)> {
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

fn find(db: &Connection, token: Digest, now: Timestamp) -> Verb<Option<LivingInvitation>> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        " WHERE i.token_hash = ? AND i.expires_at > ? AND (i.org_key IS NULL OR o.enabled)"
    );
    let params = (token.as_bytes(), now.as_millisecond());
    rows::first(db, sql, params, |row| Ok(decode(row)?.1))
}

fn add(tx: &Connection, command: &AddInvitation) -> Verb<bool> {
    let AddInvitation {
        token,
        invitation,
        mail,
        cause,
    } = command;
    let org_key: Option<i64> = match &invitation.organization {
        None => None,
        Some(id) => {
            let sql = "SELECT org_key FROM organizations WHERE org_id = ? AND enabled";
            let Some(key) = rows::value(tx, sql, [id.as_str()])? else {
                return Ok(false);
            };
            Some(key)
        }
    };
    let email_key = invitation.email.key();
    let sql =
        "DELETE FROM invitations WHERE email_key = ? AND coalesce(org_key, 0) = coalesce(?, 0)";
    rows::execute(tx, sql, (&email_key, org_key))?;
    let written = rows::execute(
        tx,
        "INSERT INTO invitations (invitation_id, token_hash, email, email_key, username, org_key, roles, locale, invited_by, inviter,
                                  created_at, expires_at)
         SELECT :id, :token, :email, :email_key, :username, :org, :roles, :locale, :invited_by, :inviter, :created, :expires
         WHERE (SELECT count(*) FROM invitations i WHERE i.org_key IS :org AND i.expires_at > :created) < :max",
        named_params! {
            ":id": invitation.id.as_str(),
            ":token": token.as_bytes(),
            ":email": invitation.email.as_str(),
            ":email_key": email_key,
            ":username": invitation.username.as_ref().map(Username::as_str),
            ":org": org_key,
            ":roles": rows::to_json(&invitation.roles)?,
            ":locale": invitation.lang.map(rows::to_word).transpose()?,
            ":invited_by": rows::to_json(&invitation.invited_by)?,
            ":inviter": invitation.inviter,
            ":created": cause.now.as_millisecond(),
            ":expires": invitation.expires_at.as_millisecond(),
            ":max": MAX_INVITATIONS,
        },
    )?;
    if written == 0 {
        return Err(conflict(Constraint::TooLarge(format!(
            "there are {MAX_INVITATIONS} invitations already; revoke some, or wait until some expire"
        ))));
    }
    if let Some(mail) = mail {
        outbox::put_mail(tx, mail, cause)?;
    }
    audit::record(tx, cause, &events::invitation_made(invitation))?;
    Ok(true)
}

fn accept(tx: &Connection, command: AcceptInvitation) -> Verb<Option<Invitation>> {
    let AcceptInvitation { token, by, cause } = command;
    let Some(found) = find(tx, token, cause.now)? else {
        return Ok(None);
    };
    let invitation = found.invitation;
    if let Invitee::Owner(subject) = &by
        && (found.owner.as_ref() != Some(subject) || invitation.organization.is_none())
    {
        return Ok(None);
    }
    // Single use: of two that found it one removes it.
    let sql = "DELETE FROM invitations WHERE token_hash = ? AND expires_at > ?";
    let params = (token.as_bytes(), cause.now.as_millisecond());
    if rows::execute(tx, sql, params)? == 0 {
        return Ok(None);
    }
    let (subject, is_new) = match by {
        Invitee::Owner(subject) => (subject, false),
        Invitee::New { .. } if found.owner.is_some() => return Err(conflict(Constraint::Email)),
        Invitee::New {
            user,
            password_hash,
        } => {
            let user = invited(*user, &invitation);
            let subject = user.subject.clone();
            let command = AddUser {
                user,
                password_hash: Some(password_hash),
                cause: cause.clone(),
            };
            users::add(tx, &command)?;
            (subject, true)
        }
    };
    audit::record(tx, &cause, &events::invitation_used(&invitation, &subject))?;
    if let Some(organization) = &invitation.organization
        && (is_new || !organizations::is_member(tx, organization, &subject)?)
    {
        let command = PutMember {
            organization: organization.clone(),
            subject,
            roles: invitation.roles.clone(),
            before: None,
            cause,
        };
        if !organizations::put_member(tx, &command)? {
            // The user was removed or the organization was: nothing of this is written.
            return Err(conflict(Constraint::ChangedMeanwhile));
        }
    }
    Ok(Some(invitation))
}

/// The new user of an invitation.
fn invited(user: User, invitation: &Invitation) -> User {
    let roles = match invitation.organization {
        Some(_) => Vec::new(),
        None => invitation.roles.clone(),
    };
    User {
        email: Some(invitation.email.as_str().to_owned()),
        email_verified: true,
        roles,
        ..user
    }
}

fn revoke(tx: &Connection, command: &RevokeInvitation) -> Verb<bool> {
    let RevokeInvitation {
        id,
        organization,
        cause,
    } = command;
    let org = organization.as_ref().map(OrganizationId::as_str);
    let sql = "DELETE FROM invitations WHERE invitation_id = ?1
                 AND (?2 IS NULL OR org_key = (SELECT org_key FROM organizations WHERE org_id = ?2))";
    if rows::execute(tx, sql, (id.as_str(), org))? == 0 {
        return Ok(false);
    }
    let entry = events::invitation_revoked(id, organization.as_ref());
    audit::record(tx, cause, &entry)?;
    Ok(true)
}
