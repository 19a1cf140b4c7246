//! Links "it wasn't me": what they know, how many there are, and what goes with them.

use cardea_protocol::{
    disowned::{Added, CredentialKind, Disowned},
    federation::UpstreamId,
    model::{Cause, Subject},
};
use rusqlite::{Connection, Row, named_params};

use super::{
    audit, factors,
    fault::Verb,
    links,
    rows::{self, Fields},
    upstreams,
};
use crate::{MAX_NOT_ME_LINKS, NewLink, Result, WhichFactors, events};

const HOUR_MS: i64 = 3_600_000;

/// The payload, with whether the user had a second factor before what is disowned.
pub(super) fn payload(tx: &Connection, subject: &Subject, link: &NewLink) -> Verb<String> {
    let event = link.payload.as_deref().and_then(Disowned::of_payload);
    let event = event.ok_or_else(|| links::corrupt(subject))?;
    let sql = "SELECT 1 FROM credentials c JOIN users u ON u.user_key = c.user_key
               WHERE u.subject = ? AND c.kind IN ('totp', 'passkey') AND c.created_at < ? LIMIT 1";
    let params = (subject.as_str(), event.at.as_millisecond());
    let had_factor = event.had_factor || rows::value::<i64>(tx, sql, params)?.is_some();
    Ok(Disowned {
        had_factor,
        ..event
    }
    .to_payload())
}

/// Counts a mail with a link, if there may be one more in this hour. Links that are deleted are counted too: who has the account
/// floods no mailbox with a first warning in it.
pub(super) fn count_notice(tx: &Connection, subject: &Subject, cause: &Cause) -> Verb<bool> {
    let sql = "UPDATE users SET notices = iif(notices_since > :hour_ago, notices + 1, 1),
                                notices_since = iif(notices_since > :hour_ago, notices_since, :now)
               WHERE subject = :subject AND (notices < :most OR notices_since <= :hour_ago)";
    let now = cause.now.as_millisecond();
    let params = named_params! {
        ":subject": subject.as_str(),
        ":now": now,
        ":hour_ago": now.saturating_sub(HOUR_MS),
        ":most": MAX_NOT_ME_LINKS,
    };
    Ok(rows::execute(tx, sql, params)? == 1)
}

/// Too many links: the new one replaces the one before it, never the first ones.
pub(super) fn keep_the_first(
    tx: &Connection,
    subject: &Subject,
    new: &NewLink,
    cause: &Cause,
) -> Verb<()> {
    let sql = "DELETE FROM links WHERE link_key IN
                 (SELECT l.link_key FROM links l JOIN users u ON u.user_key = l.user_key
                  WHERE u.subject = :subject AND l.purpose = 'not_me' AND l.expires_at > :now AND l.token_hash <> :new
                  ORDER BY l.link_key LIMIT -1 OFFSET :others)";
    let params = named_params! {
        ":subject": subject.as_str(),
        ":now": cause.now.as_millisecond(),
        ":new": new.token.as_bytes(),
        ":others": MAX_NOT_ME_LINKS.saturating_sub(1),
    };
    rows::execute(tx, sql, params).map(drop)
}

/// A credential of a user, besides the password.
struct Credential {
    kind: String,
    id: String,
    added: Added,
    upstream: Option<UpstreamId>,
}

/// Takes away what was added since, as the rule says; also since the events before it whose links live. Who was told of the first
/// thing that an attacker did and uses the link of the last one gets rid of all.
pub(super) fn take_away(
    tx: &Connection,
    subject: &Subject,
    event: &Disowned,
    cause: &Cause,
) -> Verb<()> {
    let sql = "SELECT user_key FROM users WHERE subject = ?";
    let Some(user) = rows::value::<i64>(tx, sql, [subject.as_str()])? else {
        return Ok(());
    };
    let sql = "SELECT kind, id, data, created_at FROM credentials WHERE user_key = ? AND kind <> 'password'";
    let all = rows::all(tx, sql, [user], |row| Ok(decode(row)?))?;
    let added: Vec<Added> = all.iter().map(|one| one.added).collect();
    let mut events = earlier(tx, user, cause)?;
    events.push(event.clone());
    let goes = |one: &&Credential| events.iter().any(|event| event.takes(one.added, &added));
    let gone = all.iter().filter(goes);
    for one in gone {
        let sql = "DELETE FROM credentials WHERE user_key = ? AND kind = ? AND id = ?";
        rows::execute(tx, sql, (user, &one.kind, &one.id))?;
        let entry = match (one.kind.as_str(), &one.upstream) {
            ("totp", _) => events::factors_removed(subject, WhichFactors::Totp),
            ("passkey", _) => events::passkey_removed(subject),
            (_, Some(upstream)) => events::account_unlinked(subject, upstream),
            _ => continue,
        };
        audit::record(tx, cause, &entry)?;
    }
    factors::after_removal(tx, user, subject, cause)
}

/// What the user can still disown, but for what came later.
fn earlier(tx: &Connection, user: i64, cause: &Cause) -> Verb<Vec<Disowned>> {
    let sql = "SELECT link_key, payload FROM links WHERE user_key = ? AND purpose = 'not_me' AND expires_at > ?";
    rows::all(tx, sql, (user, cause.now.as_millisecond()), |row| {
        let mut f = Fields::new(row, "links", 0);
        let _key: i64 = f.get("link_key")?;
        let parse = |payload: &str| Disowned::of_payload(payload).ok_or("nothing is disowned");
        Ok(f.parse("payload", parse)?)
    })
}

fn decode(row: &Row<'_>) -> Result<Credential> {
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
