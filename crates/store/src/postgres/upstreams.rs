//! Links to identities of other providers.

use async_trait::async_trait;
use cardea_protocol::{
    federation::{LinkKey, UpstreamId},
    model::{SessionEnd, SessionId, Subject, User},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;

use super::{
    PostgresStore, audit,
    connection::{Connection, read, transaction},
    factors,
    fault::{Verb, conflict},
    links, new_users,
    rows::{self, Fields},
    sessions,
    statement::params,
    users::{self, user_columns},
};
use crate::{
    AddLink, AddLinkedUser, AddUser, Constraint, EndUpstreamSessions, LinkView, Linked, MAX_LINKS,
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
impl Upstreams for PostgresStore {
    async fn linked_user(&self, key: &LinkKey) -> Result<Option<User>> {
        read!(self, db => linked_user(&db, key))
    }

    async fn user_by_verified_email(&self, email: &str) -> Result<Option<User>> {
        read!(self, db => user_by_verified_email(&db, email))
    }

    async fn links_of(&self, subject: &Subject) -> Result<Vec<LinkView>> {
        read!(self, db => links_of(&db, subject))
    }

    async fn add_linked_user(&self, command: AddLinkedUser) -> Result<Linked> {
        let added = transaction!(self, db => add_user(&db, &command));
        let Err(StoreError::Conflict { .. }) = added else {
            return added;
        };
        // Nothing was written. If another login with the identity was quicker, that is the answer, whatever else is taken.
        let owner = read!(self, db => linked_user(&db, &command.link.key))?;
        match owner {
            Some(user) => Ok(Linked::Already(user.subject)),
            None => added,
        }
    }

    async fn add_link(&self, command: AddLink) -> Result<Linked> {
        transaction!(self, db => add(&db, &command))
    }

    async fn remove_link(&self, command: RemoveLink) -> Result<Unlinked> {
        transaction!(self, db => remove(&db, &command))
    }

    async fn use_link(&self, command: UseLink) -> Result<bool> {
        let UseLink {
            subject,
            key,
            update,
            cause,
        } = command;
        let now = cause.now;
        let change = update.map(|update| UserChange {
            subject: subject.clone(),
            update,
            cause,
        });
        transaction!(self, db => note_use(&db, &subject, &key, change.as_ref(), now))
    }

    async fn upstream_of_session(&self, id: SessionId) -> Result<Option<UpstreamId>> {
        read!(self, db => upstream_of_session(&db, id))
    }

    async fn end_upstream_sessions(&self, command: EndUpstreamSessions) -> Result<Option<u64>> {
        transaction!(self, db => end_sessions(&db, &command))
    }
}

async fn linked_user(db: &Connection, key: &LinkKey) -> Verb<Option<User>> {
    let sql = concat!(
        "SELECT ",
        user_columns!(),
        " FROM credentials c JOIN users u ON u.user_key = c.user_key WHERE c.kind = 'upstream' AND c.id = :id"
    );
    let params = params! { ":id": key.as_str() };
    rows::first(db, sql, params, |row| Ok(users::decode(row, 0)?)).await
}

async fn user_by_verified_email(db: &Connection, email: &str) -> Verb<Option<User>> {
    let sql = concat!(
        "SELECT ",
        user_columns!(),
        " FROM users u WHERE lower(u.email) = lower(:email) AND u.email_verified ORDER BY u.user_key"
    );
    let params = params! { ":email": email };
    let found = rows::all(db, sql, params, |row| Ok(users::decode(row, 0)?)).await?;
    // What `lower` does beyond ASCII depends on the database: where the sign of Kelvin becomes a k, another's mailbox would be this
    // user's.
    Ok(found.into_iter().find(|user| {
        let address = user.email.as_deref();
        address.is_some_and(|address| address.eq_ignore_ascii_case(email))
    }))
}

async fn links_of(db: &Connection, subject: &Subject) -> Verb<Vec<LinkView>> {
    let sql = "SELECT c.id, c.label, c.data, c.created_at, c.last_used_at
               FROM credentials c JOIN users u ON u.user_key = c.user_key
               WHERE u.subject = :subject AND c.kind = 'upstream' ORDER BY c.created_at, c.id LIMIT :limit";
    let params = params! { ":subject": subject.as_str(), ":limit": MAX_LINKS as i64 };
    rows::all(db, sql, params, |row| Ok(decode(row)?)).await
}

/// The provider of a link, from its column `data`.
pub(super) fn upstream(f: &mut Fields<'_>) -> Result<UpstreamId> {
    Ok(f.json::<Data>("data")?.upstream)
}

fn decode(row: &Row) -> Result<LinkView> {
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

async fn add_user(db: &Connection, command: &AddLinkedUser) -> Verb<Linked> {
    if let Some(user) = linked_user(db, &command.link.key).await? {
        return Ok(Linked::Already(user.subject));
    }
    let user = AddUser {
        user: command.user.clone(),
        password_hash: None,
        cause: command.cause.clone(),
    };
    new_users::try_add(db, &user).await?.map_err(conflict)?;
    let link = AddLink {
        subject: command.user.subject.clone(),
        link: command.link.clone(),
        notice: None,
        cause: command.cause.clone(),
    };
    match add(db, &link).await? {
        Linked::Now => Ok(Linked::Now),
        // Another command was quicker: the user is not added either.
        _ => Err(conflict(Constraint::Identifier)),
    }
}

/// The index on the key proves that an identity has one user.
async fn add(db: &Connection, command: &AddLink) -> Verb<Linked> {
    let AddLink {
        subject,
        link,
        notice,
        cause,
    } = command;
    let written = match factors::lock_enabled(db, subject).await? {
        Some(user) => insert(db, user, link, cause.now).await?,
        None => 0,
    };
    if written == 0 {
        let owner = linked_user(db, &link.key).await?;
        return Ok(owner.map_or(Linked::Refused, |user| Linked::Already(user.subject)));
    }
    audit::record(db, cause, &events::account_linked(subject, &link.upstream)).await?;
    links::put_notice(db, subject, notice.as_ref(), cause).await?;
    Ok(Linked::Now)
}

async fn insert(db: &Connection, user: i64, link: &UpstreamLink, now: Timestamp) -> Verb<u64> {
    let data = Data {
        upstream: link.upstream.clone(),
        issuer: link.issuer.clone(),
        subject: link.subject.clone(),
    };
    let sql = "INSERT INTO credentials (user_key, kind, id, label, data, created_at)
               SELECT :user, 'upstream', :id, :label, :data, :now
               WHERE (SELECT count(*) FROM credentials c WHERE c.user_key = :user AND c.kind = 'upstream') < :max
               ON CONFLICT DO NOTHING";
    let params = params! {
        ":user": user,
        ":id": link.key.as_str(),
        ":label": link.label.as_deref().filter(|label| !label.is_empty()),
        ":data": rows::to_json(&data)?,
        ":now": now.as_millisecond(),
        ":max": MAX_LINKS as i64,
    };
    rows::execute(db, sql, params).await
}

async fn remove(db: &Connection, command: &RemoveLink) -> Verb<Unlinked> {
    let RemoveLink {
        subject,
        key,
        keep,
        notice,
        cause,
    } = command;
    let Some(user) = users::lock(db, subject).await? else {
        return Ok(Unlinked::Missing);
    };
    // A way in opens a session by itself: a second factor does not.
    let sql = "DELETE FROM credentials WHERE user_key = :user AND kind = 'upstream' AND id = :id AND EXISTS
                 (SELECT 1 FROM credentials c WHERE c.user_key = :user
                  AND c.kind IN ('password', 'passkey', 'upstream') AND NOT (c.kind = 'upstream' AND c.id = :id))
               RETURNING id, data";
    let params = params! { ":user": user, ":id": key.as_str() };
    let gone = rows::first(db, sql, params, |row| {
        let mut f = Fields::new(row, "credentials", 0);
        let _id: String = f.get("id")?;
        Ok(upstream(&mut f)?)
    });
    let Some(upstream) = gone.await? else {
        let sql = "SELECT EXISTS (SELECT 1 FROM credentials WHERE user_key = :user AND kind = 'upstream' AND id = :id)";
        let is_there: Option<bool> = rows::value(db, sql, params).await?;
        return Ok(match is_there {
            Some(true) => Unlinked::LastWayIn,
            _ => Unlinked::Missing,
        });
    };
    audit::record(db, cause, &events::account_unlinked(subject, &upstream)).await?;
    links::put_notice(db, subject, notice.as_ref(), cause).await?;
    let sql = "SELECT s.session_key, u.subject FROM sessions s JOIN users u ON u.user_key = s.user_key
               WHERE s.upstream_link = :link AND s.ended_at IS NULL AND s.cookie_hash IS DISTINCT FROM :keep
               ORDER BY s.session_key FOR UPDATE OF s";
    let params = params! {
        ":link": key.as_str(),
        ":keep": keep.as_ref().map(|id| id.0.as_bytes()),
    };
    for session in rows::all(db, sql, params, |row| Ok(sessions::living(row)?)).await? {
        sessions::end(db, &session, SessionEnd::Remote, cause).await?;
    }
    Ok(Unlinked::Now)
}

async fn note_use(
    db: &Connection,
    subject: &Subject,
    key: &LinkKey,
    change: Option<&UserChange>,
    now: Timestamp,
) -> Verb<bool> {
    let Some(user) = users::lock(db, subject).await? else {
        return Ok(false);
    };
    let sql = "UPDATE credentials SET last_used_at = :now
               WHERE user_key = :user AND kind = 'upstream' AND id = :id";
    let params = params! { ":now": now.as_millisecond(), ":user": user, ":id": key.as_str() };
    if rows::execute(db, sql, params).await? == 0 {
        return Ok(false);
    }
    match change {
        Some(change) => users::change(db, change).await,
        None => Ok(true),
    }
}

async fn upstream_of_session(db: &Connection, id: SessionId) -> Verb<Option<UpstreamId>> {
    let sql = "SELECT session_key, upstream FROM sessions WHERE cookie_hash = :id";
    let found = rows::first(db, sql, params! { ":id": id.0.as_bytes() }, |row| {
        let mut f = Fields::new(row, "sessions", 0);
        let _key: i64 = f.get("session_key")?;
        Ok(f.parse_opt("upstream", |text| UpstreamId::try_from(text.to_owned()))?)
    })
    .await?;
    Ok(found.flatten())
}

/// Writes with which login at another provider a session began.
pub(super) async fn note_session(
    db: &Connection,
    id: SessionId,
    login: &UpstreamSession,
) -> Verb<()> {
    let sql = "UPDATE sessions SET upstream = :upstream, upstream_link = :link, upstream_session = :session
               WHERE cookie_hash = :id";
    let params = params! {
        ":upstream": login.upstream.as_str(),
        ":link": login.link.as_str(),
        ":session": login.session.as_ref().map(LinkKey::as_str),
        ":id": id.0.as_bytes(),
    };
    rows::execute(db, sql, params).await.map(drop)
}

async fn end_sessions(db: &Connection, command: &EndUpstreamSessions) -> Verb<Option<u64>> {
    let EndUpstreamSessions {
        token,
        expires_at,
        link,
        session,
        cause,
    } = command;
    // Of two that remove what has expired, neither waits for the other.
    let sql = "DELETE FROM upstream_logouts WHERE token_hash IN
                   (SELECT token_hash FROM upstream_logouts WHERE expires_at <= :now
                    ORDER BY expires_at LIMIT 100 FOR UPDATE SKIP LOCKED)";
    rows::execute(db, sql, params! { ":now": cause.now.as_millisecond() }).await?;
    // OpenID Back-Channel Logout §2.6: a token counts once.
    let sql = "INSERT INTO upstream_logouts (token_hash, expires_at) VALUES (:token, :expires) ON CONFLICT DO NOTHING";
    let params = params! {
        ":token": token.as_str(),
        ":expires": expires_at.as_millisecond(),
    };
    if rows::execute(db, sql, params).await? == 0 {
        return Ok(None);
    }
    // The sessions may be of several users: they are locked, in the order of their age, and not the users.
    macro_rules! which {
        ($condition:literal) => {
            concat!(
                "SELECT s.session_key, u.subject FROM sessions s JOIN users u ON u.user_key = s.user_key
                 WHERE s.ended_at IS NULL AND ",
                $condition,
                " ORDER BY s.session_key FOR UPDATE OF s"
            )
        };
    }
    // OpenID Back-Channel Logout §2.7: one session, or all of the user's.
    let sql = match (link, session) {
        (Some(_), Some(_)) => which!("s.upstream_session = :session AND s.upstream_link = :link"),
        (None, Some(_)) => which!("s.upstream_session = :session AND :link IS NULL"),
        (Some(_), None) => which!("s.upstream_link = :link AND :session IS NULL"),
        (None, None) => return Ok(Some(0)),
    };
    let params = params! {
        ":link": link.as_ref().map(LinkKey::as_str),
        ":session": session.as_ref().map(LinkKey::as_str),
    };
    let mut ended = 0;
    for session in rows::all(db, sql, params, |row| Ok(sessions::living(row)?)).await? {
        if sessions::end(db, &session, SessionEnd::Remote, cause).await? {
            ended += 1;
        }
    }
    Ok(Some(ended))
}
