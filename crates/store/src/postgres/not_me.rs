//! Links "it wasn't me": what they know, how many there are, and what goes with them.

use cardea_protocol::{
    disowned::{Added, CredentialKind, Disowned},
    federation::UpstreamId,
    model::{Cause, Subject},
};
use tokio_postgres::Row;

use super::{
    audit,
    connection::Connection,
    factors,
    fault::Verb,
    links,
    rows::{self, Fields},
    statement::params,
    upstreams,
};
use crate::{MAX_NOT_ME_LINKS, NewLink, Result, WhichFactors, events};

const HOUR_MS: i64 = 3_600_000;

/// The payload, with whether the user had a second factor before what is disowned.
pub(super) async fn payload(db: &Connection, subject: &Subject, link: &NewLink) -> Verb<String> {
    let event = link.payload.as_deref().and_then(Disowned::of_payload);
    let event = event.ok_or_else(|| links::corrupt(subject))?;
    let sql = "SELECT EXISTS (SELECT 1 FROM credentials c JOIN users u ON u.user_key = c.user_key
                              WHERE u.subject = :subject AND c.kind IN ('totp', 'passkey') AND c.created_at < :at)";
    let params = params! { ":subject": subject.as_str(), ":at": event.at.as_millisecond() };
    let found: Option<bool> = rows::value(db, sql, params).await?;
    Ok(Disowned {
        had_factor: event.had_factor || found == Some(true),
        ..event
    }
    .to_payload())
}

/// Counts a mail with a link, if there may be one more in this hour. Links that are deleted are counted too: who has the account
/// floods no mailbox with a first warning in it.
pub(super) async fn count_notice(db: &Connection, subject: &Subject, cause: &Cause) -> Verb<bool> {
    let sql = "UPDATE users SET notices = CASE WHEN notices_since > :hour_ago THEN notices + 1 ELSE 1 END,
                                notices_since = CASE WHEN notices_since > :hour_ago THEN notices_since ELSE :now END
               WHERE subject = :subject AND (notices < :most OR notices_since <= :hour_ago)";
    let now = cause.now.as_millisecond();
    let params = params! {
        ":subject": subject.as_str(),
        ":now": now,
        ":hour_ago": now.saturating_sub(HOUR_MS),
        ":most": MAX_NOT_ME_LINKS,
    };
    Ok(rows::execute(db, sql, params).await? == 1)
}

/// Too many links: the new one replaces the one before it, never the first ones.
pub(super) async fn keep_the_first(
    db: &Connection,
    subject: &Subject,
    new: &NewLink,
    cause: &Cause,
) -> Verb<()> {
    let sql = "DELETE FROM links WHERE link_key IN
                 (SELECT l.link_key FROM links l JOIN users u ON u.user_key = l.user_key
                  WHERE u.subject = :subject AND l.purpose = 'not_me' AND l.expires_at > :now AND l.token_hash <> :new
                  ORDER BY l.link_key OFFSET :others)";
    let params = params! {
        ":subject": subject.as_str(),
        ":now": cause.now.as_millisecond(),
        ":new": new.token.as_bytes(),
        ":others": MAX_NOT_ME_LINKS.saturating_sub(1),
    };
    rows::execute(db, sql, params).await.map(drop)
}

/// A credential of a user, besides the password.
struct Credential {
    kind: String,
    id: String,
    added: Added,
    upstream: Option<UpstreamId>,
}

/// Takes away from a locked user what was added since, as the rule says; also since the events before it whose links live. Who was told
/// of the first thing that an attacker did and uses the link of the last one gets rid of all.
pub(super) async fn take_away(
    db: &Connection,
    (user, subject): (i64, &Subject),
    event: &Disowned,
    cause: &Cause,
) -> Verb<()> {
    let sql = "SELECT kind, id, data, created_at FROM credentials WHERE user_key = :user AND kind <> 'password'";
    let all = rows::all(db, sql, params! { ":user": user }, |row| Ok(decode(row)?)).await?;
    let added: Vec<Added> = all.iter().map(|one| one.added).collect();
    let mut events = earlier(db, user, cause).await?;
    events.push(event.clone());
    for one in &all {
        if !events.iter().any(|event| event.takes(one.added, &added)) {
            continue;
        }
        let sql = "DELETE FROM credentials WHERE user_key = :user AND kind = :kind AND id = :id";
        let params = params! { ":user": user, ":kind": &one.kind, ":id": &one.id };
        rows::execute(db, sql, params).await?;
        let entry = match (one.kind.as_str(), &one.upstream) {
            ("totp", _) => events::factors_removed(subject, WhichFactors::Totp),
            ("passkey", _) => events::passkey_removed(subject),
            (_, Some(upstream)) => events::account_unlinked(subject, upstream),
            _ => continue,
        };
        audit::record(db, cause, &entry).await?;
    }
    factors::after_removal(db, user, subject, cause).await
}

/// What the user can still disown, but for what came later.
async fn earlier(db: &Connection, user: i64, cause: &Cause) -> Verb<Vec<Disowned>> {
    let sql = "SELECT link_key, payload FROM links WHERE user_key = :user AND purpose = 'not_me' AND expires_at > :now";
    let params = params! { ":user": user, ":now": cause.now.as_millisecond() };
    let found = rows::all(db, sql, params, |row| {
        let mut f = Fields::new(row, "links", 0);
        let _key: i64 = f.get("link_key")?;
        let parse = |payload: &str| Disowned::of_payload(payload).ok_or("nothing is disowned");
        Ok(f.parse("payload", parse)?)
    });
    found.await
}

fn decode(row: &Row) -> Result<Credential> {
    let mut f = Fields::new(row, "credentials", 0);
    let kind: String = f.get("kind")?;
    let id = f.get("id")?;
    let upstream = match kind.as_str() {
        "upstream" => Some(upstreams::upstream(&mut f)?),
        _ => {
            f.get::<Option<String>>("data")?;
            None
        }
    };
    let factor = matches!(kind.as_str(), "totp" | "passkey");
    Ok(Credential {
        id,
        upstream,
        added: Added {
            kind: match factor {
                true => CredentialKind::Factor,
                false => CredentialKind::Other,
            },
            at: f.time("created_at")?,
        },
        kind,
    })
}
