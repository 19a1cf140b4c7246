//! Revocation of grants and tokens.

use cardea_protocol::model::{Cause, ClientId, Grant, GrantId, RevocationReason, Subject};
use jiff::Timestamp;
use rusqlite::{Connection, named_params};

use super::{
    audit,
    fault::Verb,
    rows::{self, Fields},
    sessions::Living,
};
use crate::{
    RedeemCode, RevokeApplication, RevokeGrant, RevokeToken,
    events::{self, RevokedApplication},
};

/// The grants of a session are found among the living ones of its user.
macro_rules! of_session {
    ($condition:literal) => {
        concat!(
            "UPDATE grants SET revoked_at = ?1, revoked_reason = ?2
             WHERE user_key = (SELECT user_key FROM sessions WHERE session_key = ?3)
               AND coalesce(revoked_at, expires_at) > ?1 AND session_key = ?3 AND revoked_at IS NULL",
            $condition
        )
    };
}

/// What goes with a session: its grants without `offline_access` (OpenID Core §11). How many.
pub(super) fn with_session(tx: &Connection, session: i64, now: Timestamp) -> Verb<u64> {
    let sql = of_session!(" AND offline = 0");
    rows::execute(
        tx,
        sql,
        (
            now.as_millisecond(),
            rows::to_word(events::WITH_SESSION)?,
            session,
        ),
    )
}

/// The grants with `offline_access` that a session left behind.
pub(super) fn offline_of_session(tx: &Connection, session: &Living, cause: &Cause) -> Verb<()> {
    let sql = of_session!("");
    let params = (
        cause.now.as_millisecond(),
        rows::to_word(events::APPLICATIONS)?,
        session.key,
    );
    let revoked = rows::execute(tx, sql, params)?;
    applications_revoked(tx, &session.subject, revoked, cause)
}

/// All living grants of a user, whatever became of the sessions that they come from. Codes go with the sessions, which have all
/// ended.
pub(super) fn all_of_user(tx: &Connection, subject: &Subject, cause: &Cause) -> Verb<()> {
    let sql = "UPDATE grants SET revoked_at = ?1, revoked_reason = ?2
               WHERE user_key = (SELECT user_key FROM users WHERE subject = ?3)
                 AND coalesce(revoked_at, expires_at) > ?1 AND revoked_at IS NULL";
    let params = (
        cause.now.as_millisecond(),
        rows::to_word(events::APPLICATIONS)?,
        subject.as_str(),
    );
    let revoked = rows::execute(tx, sql, params)?;
    applications_revoked(tx, subject, revoked, cause)
}

fn applications_revoked(
    tx: &Connection,
    subject: &Subject,
    revoked: u64,
    cause: &Cause,
) -> Verb<()> {
    match events::applications_revoked(subject, revoked) {
        Some(entry) => audit::record(tx, cause, &entry),
        None => Ok(()),
    }
}

pub(super) fn grant(tx: &Connection, command: &RevokeGrant) -> Verb<bool> {
    let reason = rows::to_word(command.reason)?;
    let sql = "UPDATE grants SET revoked_at = :now, revoked_reason = :reason
               WHERE grant_id = :id AND revoked_at IS NULL AND expires_at > :now
                 AND (:subject IS NULL OR user_key = (SELECT user_key FROM users WHERE subject = :subject))
                 AND (:client IS NULL OR client_key = (SELECT client_key FROM clients WHERE client_id = :client))
               RETURNING grant_id, (SELECT subject FROM users WHERE user_key = grants.user_key) AS subject,
                         (SELECT client_id FROM clients WHERE client_key = grants.client_key) AS client_id";
    let params = named_params! {
        ":id": command.id.as_bytes(),
        ":subject": command.subject.as_ref().map(Subject::as_str),
        ":client": command.client_id.as_ref().map(ClientId::as_str),
        ":reason": reason,
        ":now": command.cause.now.as_millisecond(),
    };
    let revoked = rows::first(tx, sql, params, |row| {
        let mut f = Fields::new(row, "grants", 0);
        let _id: [u8; 16] = f.get("grant_id")?;
        Ok((
            f.parse("subject", Subject::parse)?,
            f.parse("client_id", ClientId::parse)?,
        ))
    })?;
    let Some((subject, client)) = revoked else {
        return Ok(false);
    };
    let entry = events::grant_revoked(&subject, &client, command.id, command.reason);
    audit::record(tx, &command.cause, &entry)?;
    Ok(true)
}

/// Revokes the least recently used grants above the limit.
pub(super) fn superseded(tx: &Connection, command: &RedeemCode, new: i64) -> Verb<()> {
    let now = command.cause.now.as_millisecond();
    // There are rarely too many, and one index answers that.
    let sql = "SELECT 1 FROM grants made
               JOIN grants g ON g.user_key = made.user_key AND g.client_key = made.client_key
                AND coalesce(g.revoked_at, g.expires_at) > ?
               WHERE made.grant_key = ? LIMIT 1 OFFSET ?";
    if rows::value::<i64>(tx, sql, (now, new, Grant::MOST_LIVING))?.is_none() {
        return Ok(());
    }
    let reason = RevocationReason::Superseded;
    let sql = "UPDATE grants SET revoked_at = :now, revoked_reason = :reason
               WHERE grant_key IN
                   (SELECT g.grant_key FROM grants new
                    JOIN grants g ON g.user_key = new.user_key AND g.client_key = new.client_key
                     AND coalesce(g.revoked_at, g.expires_at) > :now
                    WHERE new.grant_key = :new AND g.revoked_at IS NULL
                    ORDER BY coalesce(g.refresh_rotated_at, g.created_at) DESC, g.grant_key DESC LIMIT -1 OFFSET :most)
               RETURNING grant_id";
    let params = named_params! {
        ":now": now,
        ":reason": rows::to_word(reason)?,
        ":new": new,
        ":most": Grant::MOST_LIVING,
    };
    for id in rows::all(tx, sql, params, |row| Ok(row.get::<_, [u8; 16]>(0)?))? {
        let (subject, client) = (&command.grant.subject, &command.grant.client_id);
        let entry = events::grant_revoked(subject, client, GrantId::from_bytes(id), reason);
        audit::record(tx, &command.cause, &entry)?;
    }
    Ok(())
}

pub(super) fn token(tx: &Connection, command: &RevokeToken) -> Verb<()> {
    let sql = "INSERT INTO revoked_tokens (jti, expires_at) VALUES (?, ?) ON CONFLICT DO NOTHING";
    let params = (command.jti.as_str(), command.expires_at.as_millisecond());
    if rows::execute(tx, sql, params)? == 1 {
        audit::record(tx, &command.cause, &events::token_revoked(command))?;
    }
    Ok(())
}

/// Consent, grants, and codes that are not yet redeemed.
pub(super) fn application(tx: &Connection, command: &RevokeApplication) -> Verb<u64> {
    let RevokeApplication {
        subject,
        client_id,
        cause,
    } = command;
    let sql = "SELECT u.user_key, c.client_key FROM users u, clients c WHERE u.subject = ? AND c.client_id = ?";
    let keys = rows::first(tx, sql, (subject.as_str(), client_id.as_str()), |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
    })?;
    let Some(keys) = keys else { return Ok(0) };
    let consents = rows::execute(
        tx,
        "DELETE FROM consents WHERE user_key = ? AND client_key = ?",
        keys,
    )?;
    let sql = "DELETE FROM codes WHERE session_key IN (SELECT session_key FROM sessions WHERE user_key = ?)
                 AND client_key = ?";
    let codes = rows::execute(tx, sql, keys)?;
    let reason = events::application_reason(command);
    let sql = "UPDATE grants SET revoked_at = ?1, revoked_reason = ?2
               WHERE user_key = ?3 AND client_key = ?4 AND coalesce(revoked_at, expires_at) > ?1 AND revoked_at IS NULL";
    let params = (
        cause.now.as_millisecond(),
        rows::to_word(reason)?,
        keys.0,
        keys.1,
    );
    let grants = rows::execute(tx, sql, params)?;
    let revoked = RevokedApplication {
        consents,
        codes,
        grants,
    };
    if let Some(entry) = events::application_revoked(command, revoked) {
        audit::record(tx, cause, &entry)?;
    }
    Ok(grants)
}
