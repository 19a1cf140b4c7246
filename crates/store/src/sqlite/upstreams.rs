//! Links to identities of other providers.

use async_trait::async_trait;
use cardea_protocol::{
    federation::{LinkKey, UpstreamId},
    model::{SessionEnd, SessionId, Subject, User},
};
use rusqlite::{Connection, Row, named_params};
use serde::{Deserialize, Serialize};

use super::{
    SqliteStore, audit,
    fault::Verb,
    links, login_email,
    rows::{self, Fields},
    sessions, usernames,
    users::{self, user_columns},
};
use crate::{
    AddLink, AddLinkedUser, Constraint, EndUpstreamSessions, LinkView, Linked, MAX_LINKS,
    RemoveLink, Result, StoreError, Unlinked, UpstreamLink, UpstreamSession, Upstreams, UseLink,
    UserChange, events,
};

/// The column `data` of a link.
#[derive(Serialize, Deserialize)]
struct Data {
    upstream: UpstreamId,
    issuer: String,
    subject: String,
}

#[async_trait]
impl Upstreams for SqliteStore {
    async fn linked_user(&self, key: &LinkKey) -> Result<Option<User>> {
        self.read(|db| linked_user(db, key))
    }

    async fn user_by_verified_email(&self, email: &str) -> Result<Option<User>> {
        let sql = concat!(
            "SELECT ",
            user_columns!(),
            " FROM users u WHERE lower(u.email) = lower(?) AND u.email_verified = 1 ORDER BY u.user_key LIMIT 1"
        );
        self.read(|db| rows::first(db, sql, [email], |row| Ok(users::decode(row, 0)?)))
    }

    async fn links_of(&self, subject: &Subject) -> Result<Vec<LinkView>> {
        let sql = "SELECT c.id, c.label, c.data, c.created_at, c.last_used_at
                   FROM credentials c JOIN users u ON u.user_key = c.user_key
                   WHERE u.subject = ? AND c.kind = 'upstream' ORDER BY c.created_at, c.id LIMIT ?";
        let limit = MAX_LINKS as i64;
        self.read(|db| rows::all(db, sql, (subject.as_str(), limit), |row| Ok(decode(row)?)))
    }

    async fn add_linked_user(&self, command: AddLinkedUser) -> Result<Linked> {
        self.write(move |tx| add_user(tx, &command)).await
    }

    async fn add_link(&self, command: AddLink) -> Result<Linked> {
        self.write(move |tx| add(tx, &command)).await
    }

    async fn remove_link(&self, command: RemoveLink) -> Result<Unlinked> {
        self.write(move |tx| remove(tx, &command)).await
    }

    async fn use_link(&self, command: UseLink) -> Result<bool> {
        self.write(move |tx| note_use(tx, command)).await
    }

    async fn upstream_of_session(&self, id: SessionId) -> Result<Option<UpstreamId>> {
        let sql = "SELECT session_key, upstream FROM sessions WHERE cookie_hash = ?";
        let found = self.read(|db| {
            rows::first(db, sql, [id.0.as_bytes()], |row| {
                let mut f = Fields::new(row, "sessions", 0);
                let _key: i64 = f.get("session_key")?;
                Ok(f.parse_opt("upstream", |text| UpstreamId::try_from(text.to_owned()))?)
            })
        })?;
        Ok(found.flatten())
    }

    async fn end_upstream_sessions(&self, command: EndUpstreamSessions) -> Result<Option<u64>> {
        self.write(move |tx| end_sessions(tx, &command)).await
    }
}

fn linked_user(db: &Connection, key: &LinkKey) -> Verb<Option<User>> {
    let sql = concat!(
        "SELECT ",
        user_columns!(),
        " FROM credentials c JOIN users u ON u.user_key = c.user_key WHERE c.kind = 'upstream' AND c.id = ?"
    );
    rows::first(db, sql, [key.as_str()], |row| Ok(users::decode(row, 0)?))
}

/// The provider of a link, from its column `data`.
pub(super) fn upstream(f: &mut Fields<'_, '_>) -> Result<UpstreamId> {
    Ok(f.json::<Data>("data")?.upstream)
}

fn decode(row: &Row<'_>) -> Result<LinkView> {
    let mut f = Fields::new(row, "credentials", 0);
    let id: String = f.get("id")?;
    let label = f.get("label")?;
    let data: Data = f.json("data")?;
    Ok(LinkView {
        link: UpstreamLink {
            key: LinkKey::stored(id),
            upstream: data.upstream,
            issuer: data.issuer,
            subject: data.subject,
            label,
        },
        created_at: f.time("created_at")?,
        last_used_at: f.time_opt("last_used_at")?,
    })
}

fn add_user(tx: &Connection, command: &AddLinkedUser) -> Verb<Linked> {
    if let Some(user) = linked_user(tx, &command.link.key)? {
        return Ok(Linked::Already(user.subject));
    }
    usernames::insert(tx, &command.user)?;
    login_email::write(tx, &command.user.subject)?;
    audit::record(tx, &command.cause, &events::user_added(&command.user))?;
    let link = AddLink {
        subject: command.user.subject.clone(),
        link: command.link.clone(),
        notice: None,
        cause: command.cause.clone(),
    };
    match add(tx, &link)? {
        Linked::Now => Ok(Linked::Now),
        // Another command was quicker: the user is not added either.
        _ => Err(StoreError::conflict(Constraint::Identifier).into()),
    }
}

/// The index on the key proves that an identity has one user.
fn add(tx: &Connection, command: &AddLink) -> Verb<Linked> {
    let AddLink {
        subject,
        link,
        notice,
        cause,
    } = command;
    let data = Data {
        upstream: link.upstream.clone(),
        issuer: link.issuer.clone(),
        subject: link.subject.clone(),
    };
    let written = rows::execute(
        tx,
        "INSERT INTO credentials (user_key, kind, id, label, data, created_at)
         SELECT u.user_key, 'upstream', :id, :label, :data, :now FROM users u
         WHERE u.subject = :subject AND u.status = 'enabled'
           AND (SELECT count(*) FROM credentials c WHERE c.user_key = u.user_key AND c.kind = 'upstream') < :max
         ON CONFLICT DO NOTHING",
        named_params! {
            ":id": link.key.as_str(),
            ":label": link.label.as_deref().filter(|label| !label.is_empty()),
            ":data": rows::to_json(&data)?,
            ":now": cause.now.as_millisecond(),
            ":subject": subject.as_str(),
            ":max": MAX_LINKS as i64,
        },
    )?;
    if written == 0 {
        let owner = linked_user(tx, &link.key)?;
        return Ok(owner.map_or(Linked::Refused, |user| Linked::Already(user.subject)));
    }
    audit::record(tx, cause, &events::account_linked(subject, &link.upstream))?;
    links::put_notice(tx, subject, notice.as_ref(), cause)?;
    Ok(Linked::Now)
}

fn remove(tx: &Connection, command: &RemoveLink) -> Verb<Unlinked> {
    let RemoveLink {
        subject,
        key,
        keep,
        notice,
        cause,
    } = command;
    let of_user = "kind = 'upstream' AND id = ?1 AND user_key = (SELECT user_key FROM users WHERE subject = ?2)";
    let sql = format!("SELECT id, data FROM credentials WHERE {of_user}");
    let read = |row: &Row<'_>| {
        let mut f = Fields::new(row, "credentials", 0);
        let _id: String = f.get("id")?;
        Ok(f.json::<Data>("data")?.upstream)
    };
    let params = (key.as_str(), subject.as_str());
    let Some(upstream) = rows::first(tx, &sql, params, read)? else {
        return Ok(Unlinked::Missing);
    };
    // A way in opens a session by itself: a second factor does not.
    let sql = format!(
        "DELETE FROM credentials WHERE {of_user} AND EXISTS
             (SELECT 1 FROM credentials c WHERE c.user_key = credentials.user_key
              AND c.kind IN ('password', 'passkey', 'upstream') AND NOT (c.kind = 'upstream' AND c.id = ?1))"
    );
    if rows::execute(tx, &sql, params)? == 0 {
        return Ok(Unlinked::LastWayIn);
    }
    audit::record(tx, cause, &events::account_unlinked(subject, &upstream))?;
    links::put_notice(tx, subject, notice.as_ref(), cause)?;
    let sql =
        "SELECT s.session_key, u.subject FROM sessions s JOIN users u ON u.user_key = s.user_key
               WHERE s.upstream_link = ?1 AND s.ended_at IS NULL AND s.cookie_hash IS NOT ?2";
    let keep = keep.as_ref().map(|id| id.0.as_bytes());
    for session in rows::all(tx, sql, (key.as_str(), keep), |row| {
        Ok(sessions::living(row)?)
    })? {
        sessions::end(tx, &session, SessionEnd::Remote, cause)?;
    }
    Ok(Unlinked::Now)
}

fn note_use(tx: &Connection, command: UseLink) -> Verb<bool> {
    let UseLink {
        subject,
        key,
        update,
        cause,
    } = command;
    let sql = "UPDATE credentials SET last_used_at = ?1
               WHERE kind = 'upstream' AND id = ?2 AND user_key = (SELECT user_key FROM users WHERE subject = ?3)";
    let params = (cause.now.as_millisecond(), key.as_str(), subject.as_str());
    if rows::execute(tx, sql, params)? == 0 {
        return Ok(false);
    }
    match update {
        Some(update) => users::change(
            tx,
            &UserChange {
                subject,
                update,
                cause,
            },
        ),
        None => Ok(true),
    }
}

/// Writes with which login at another provider a session began.
pub(super) fn note_session(tx: &Connection, id: SessionId, login: &UpstreamSession) -> Verb<()> {
    let sql = "UPDATE sessions SET upstream = ?, upstream_link = ?, upstream_session = ? WHERE cookie_hash = ?";
    let params = (
        login.upstream.as_str(),
        login.link.as_str(),
        login.session.as_ref().map(LinkKey::as_str),
        id.0.as_bytes(),
    );
    rows::execute(tx, sql, params).map(drop)
}

fn end_sessions(tx: &Connection, command: &EndUpstreamSessions) -> Verb<Option<u64>> {
    let EndUpstreamSessions {
        token,
        expires_at,
        link,
        session,
        cause,
    } = command;
    let now = cause.now.as_millisecond();
    let sql = "DELETE FROM upstream_logouts WHERE token_hash IN
                   (SELECT token_hash FROM upstream_logouts WHERE expires_at <= ? ORDER BY expires_at LIMIT 100)";
    rows::execute(tx, sql, [now])?;
    // OpenID Back-Channel Logout §2.6: a token counts once.
    let sql = "INSERT INTO upstream_logouts (token_hash, expires_at) VALUES (?, ?) ON CONFLICT DO NOTHING";
    if rows::execute(tx, sql, (token.as_str(), expires_at.as_millisecond()))? == 0 {
        return Ok(None);
    }
    macro_rules! which {
        ($condition:literal) => {
            concat!(
                "SELECT s.session_key, u.subject FROM sessions s JOIN users u ON u.user_key = s.user_key
                 WHERE s.ended_at IS NULL AND ",
                $condition
            )
        };
    }
    // OpenID Back-Channel Logout §2.7: one session, or all of the user's.
    let sql = match (link, session) {
        (Some(_), Some(_)) => which!("s.upstream_session = ?2 AND s.upstream_link = ?1"),
        (None, Some(_)) => which!("s.upstream_session = ?2 AND ?1 IS NULL"),
        (Some(_), None) => which!("s.upstream_link = ?1 AND ?2 IS NULL"),
        (None, None) => return Ok(Some(0)),
    };
    let (link, session) = (
        link.as_ref().map(LinkKey::as_str),
        session.as_ref().map(LinkKey::as_str),
    );
    let found = rows::all(tx, sql, (link, session), |row| Ok(sessions::living(row)?))?;
    for session in &found {
        sessions::end(tx, session, SessionEnd::Remote, cause)?;
    }
    Ok(Some(found.len() as u64))
}
