//! The row of a session, written at a login.

use cardea_protocol::model::Session;

use super::{connection::Connection, fault::Verb, rows, statement::params};

/// The session of the same user goes on under a new cookie (D8).
pub(super) async fn replace(db: &Connection, key: i64, session: &Session) -> Verb<()> {
    rows::execute(
        db,
        "UPDATE sessions SET cookie_hash = :id, auth_time = :auth_time, acr = :acr, amr = :amr, last_seen_at = :seen,
                             idle_expires_at = :idle, expires_at = :expires, remembered = :remembered, address = :address,
                             user_agent = :agent
         WHERE session_key = :key",
        params! {
            ":key": key,
            ":id": session.id.0.as_bytes(),
            ":auth_time": session.context.auth_time.as_millisecond(),
            ":acr": &session.context.acr,
            ":amr": rows::to_json(&session.context.amr)?,
            ":seen": session.last_seen_at.as_millisecond(),
            ":idle": session.idle_expires_at.as_millisecond(),
            ":expires": session.expires_at.as_millisecond(),
            ":remembered": session.remembered,
            ":address": session.address.map(|a| a.to_string()),
            ":agent": &session.user_agent,
        },
    )
    .await
    .map(drop)
}

/// A new session.
pub(super) async fn insert(db: &Connection, user: i64, session: &Session) -> Verb<()> {
    rows::execute(
        db,
        "INSERT INTO sessions (cookie_hash, sid, user_key, auth_time, acr, amr, created_at, last_seen_at,
                               idle_expires_at, expires_at, remembered, address, user_agent)
         VALUES (:id, :sid, :user, :auth_time, :acr, :amr, :created, :seen, :idle, :expires, :remembered, :address, :agent)",
        params! {
            ":id": session.id.0.as_bytes(),
            ":sid": session.sid.as_str(),
            ":user": user,
            ":auth_time": session.context.auth_time.as_millisecond(),
            ":acr": &session.context.acr,
            ":amr": rows::to_json(&session.context.amr)?,
            ":created": session.created_at.as_millisecond(),
            ":seen": session.last_seen_at.as_millisecond(),
            ":idle": session.idle_expires_at.as_millisecond(),
            ":expires": session.expires_at.as_millisecond(),
            ":remembered": session.remembered,
            ":address": session.address.map(|a| a.to_string()),
            ":agent": &session.user_agent,
        },
    )
    .await
    .map(drop)
}
