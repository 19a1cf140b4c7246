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

const LATELY_MS: i64 = 3_600_000;

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

/// Whether all links that the user can have were made in the last hour. Whoever has the account sends no more mails than that.
pub(super) fn were_many_lately(tx: &Connection, subject: &Subject, cause: &Cause) -> Verb<bool> {
    let sql = "SELECT count(*) FROM links l JOIN users u ON u.user_key = l.user_key
               WHERE u.subject = ? AND l.purpose = 'not_me' AND l.expires_at > ?";
    let lately = cause.now.as_millisecond() + Disowned::TTL.as_millis() as i64 - LATELY_MS;
    let count: Option<u32> = rows::value(tx, sql, (subject.as_str(), lately))?;
    Ok(count.is_some_and(|count| count >= MAX_NOT_ME_LINKS))
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

/// Takes away what was added since, as the rule says.
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
    let gone = all.iter().filter(|one| event.takes(one.added, &added));
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
