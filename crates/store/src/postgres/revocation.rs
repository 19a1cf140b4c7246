//! Revocation of grants and tokens.

use cardea_protocol::model::{Cause, ClientId, Grant, GrantId, RevocationReason, Subject};
use jiff::Timestamp;

use super::{
    audit,
    connection::Connection,
    fault::Verb,
    rows::{self, Fields},
    sessions::Living,
    statement::params,
    users,
};
use crate::{
    RedeemCode, RevokeApplication, RevokeGrant, RevokeToken,
    events::{self, RevokedApplication},
};

/// The grants of a session are found among the living ones of its user.
macro_rules! of_session {
    ($condition:literal) => {
        concat!(
            "UPDATE grants SET revoked_at = :now, revoked_reason = :reason
             WHERE user_key = (SELECT user_key FROM sessions WHERE session_key = :session)
               AND coalesce(revoked_at, expires_at) > :now AND session_key = :session AND revoked_at IS NULL",
            $condition
        )
    };
}

/// What goes with a session: its grants without `offline_access` (OpenID Core §11). How many.
pub(super) async fn with_session(db: &Connection, session: i64, now: Timestamp) -> Verb<u64> {
    let sql = of_session!(" AND NOT offline");
    let params = params! {
        ":now": now.as_millisecond(),
        ":reason": rows::to_word(events::WITH_SESSION)?,
        ":session": session,
    };
    rows::execute(db, sql, params).await
}

/// The grants with `offline_access` that a session left behind.
pub(super) async fn offline_of_session(
    db: &Connection,
    session: &Living,
    cause: &Cause,
) -> Verb<()> {
    let params = params! {
        ":now": cause.now.as_millisecond(),
        ":reason": rows::to_word(events::APPLICATIONS)?,
        ":session": session.key,
    };
    let revoked = rows::execute(db, of_session!(""), params).await?;
    applications_revoked(db, &session.subject, revoked, cause).await
}

/// All living grants of a user, whatever became of the sessions that they come from. Codes go with the sessions, which have all
/// ended.
pub(super) async fn all_of_user(db: &Connection, subject: &Subject, cause: &Cause) -> Verb<()> {
    let sql = "UPDATE grants SET revoked_at = :now, revoked_reason = :reason
               WHERE user_key = (SELECT user_key FROM users WHERE subject = :subject)
                 AND coalesce(revoked_at, expires_at) > :now AND revoked_at IS NULL";
    let params = params! {
        ":now": cause.now.as_millisecond(),
        ":reason": rows::to_word(events::APPLICATIONS)?,
        ":subject": subject.as_str(),
    };
    let revoked = rows::execute(db, sql, params).await?;
    applications_revoked(db, subject, revoked, cause).await
}

async fn applications_revoked(
    db: &Connection,
    subject: &Subject,
    revoked: u64,
    cause: &Cause,
) -> Verb<()> {
    match events::applications_revoked(subject, revoked) {
        Some(entry) => audit::record(db, cause, &entry).await,
        None => Ok(()),
    }
}

pub(super) async fn grant(db: &Connection, command: &RevokeGrant) -> Verb<bool> {
    let sql = "UPDATE grants SET revoked_at = :now, revoked_reason = :reason
               WHERE grant_id = :id AND revoked_at IS NULL AND expires_at > :now
                 AND (:subject IS NULL OR user_key = (SELECT user_key FROM users WHERE subject = :subject))
                 AND (:client IS NULL OR client_key = (SELECT client_key FROM clients WHERE client_id = :client))
               RETURNING grant_id, (SELECT subject FROM users WHERE user_key = grants.user_key) AS subject,
                         (SELECT client_id FROM clients WHERE client_key = grants.client_key) AS client_id";
    let params = params! {
        ":id": command.id.as_bytes(),
        ":subject": command.subject.as_ref().map(Subject::as_str),
        ":client": command.client_id.as_ref().map(ClientId::as_str),
        ":reason": rows::to_word(command.reason)?,
        ":now": command.cause.now.as_millisecond(),
    };
    let revoked = rows::first(db, sql, params, |row| {
        let mut f = Fields::new(row, "grants", 0);
        let _id: [u8; 16] = f.get("grant_id")?;
        Ok((
            f.parse("subject", Subject::parse)?,
            f.parse("client_id", ClientId::parse)?,
        ))
    });
    let Some((subject, client)) = revoked.await? else {
        return Ok(false);
    };
    let entry = events::grant_revoked(&subject, &client, command.id, command.reason);
    audit::record(db, &command.cause, &entry).await?;
    Ok(true)
}

/// Revokes the least recently used grants above the limit, after the redemption: most redemptions find no more than a few. If the
/// process ends in between, there is one too many until the next redemption.
pub(super) async fn superseded(db: &Connection, command: &RedeemCode, new: i64) -> Verb<()> {
    let reason = RevocationReason::Superseded;
    let sql = "UPDATE grants SET revoked_at = :now, revoked_reason = :reason
               WHERE grant_key IN
                   (SELECT g.grant_key FROM grants made
                    JOIN grants g ON g.user_key = made.user_key AND g.client_key = made.client_key
                     AND coalesce(g.revoked_at, g.expires_at) > :now
                    WHERE made.grant_key = :new AND g.revoked_at IS NULL
                    ORDER BY coalesce(g.refresh_rotated_at, g.created_at) DESC, g.grant_key DESC OFFSET :most)
               RETURNING grant_id";
    let params = params! {
        ":now": command.cause.now.as_millisecond(),
        ":reason": rows::to_word(reason)?,
        ":new": new,
        ":most": Grant::MOST_LIVING,
    };
    let found = rows::all(db, sql, params, |row| Ok(rows::read::<[u8; 16]>(row, 0)?));
    for id in found.await? {
        let (subject, client) = (&command.grant.subject, &command.grant.client_id);
        let entry = events::grant_revoked(subject, client, GrantId::from_bytes(id), reason);
        audit::record(db, &command.cause, &entry).await?;
    }
    Ok(())
}

pub(super) async fn token(db: &Connection, command: &RevokeToken) -> Verb<()> {
    let sql = "INSERT INTO revoked_tokens (jti, expires_at) VALUES (:jti, :expires) ON CONFLICT DO NOTHING";
    let params = params! {
        ":jti": command.jti.as_str(),
        ":expires": command.expires_at.as_millisecond(),
    };
    if rows::execute(db, sql, params).await? == 1 {
        audit::record(db, &command.cause, &events::token_revoked(command)).await?;
    }
    Ok(())
}

/// Consent, grants, and codes that are not yet redeemed.
pub(super) async fn application(db: &Connection, command: &RevokeApplication) -> Verb<u64> {
    let RevokeApplication {
        subject,
        client_id,
        cause,
    } = command;
    let Some(user) = users::lock(db, subject).await? else {
        return Ok(0);
    };
    let sql = "SELECT client_key FROM clients WHERE client_id = :client";
    let named = params! { ":client": client_id.as_str() };
    let Some(client) = rows::value::<i64>(db, sql, named).await? else {
        return Ok(0);
    };
    let keys = params! { ":user": user, ":client": client };
    let sql = "DELETE FROM consents WHERE user_key = :user AND client_key = :client";
    let consents = rows::execute(db, sql, keys).await?;
    let sql = "DELETE FROM codes WHERE session_key IN (SELECT session_key FROM sessions WHERE user_key = :user)
                 AND client_key = :client";
    let codes = rows::execute(db, sql, keys).await?;
    let sql = "UPDATE grants SET revoked_at = :now, revoked_reason = :reason
               WHERE user_key = :user AND client_key = :client AND coalesce(revoked_at, expires_at) > :now
                 AND revoked_at IS NULL";
    let params = params! {
        ":now": cause.now.as_millisecond(),
        ":reason": rows::to_word(events::application_reason(command))?,
        ":user": user,
        ":client": client,
    };
    let grants = rows::execute(db, sql, params).await?;
    let revoked = RevokedApplication {
        consents,
        codes,
        grants,
    };
    if let Some(entry) = events::application_revoked(command, revoked) {
        audit::record(db, cause, &entry).await?;
    }
    Ok(grants)
}
