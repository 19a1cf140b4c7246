//! The outbox.

use async_trait::async_trait;
use cardea_protocol::{
    mail::Mail,
    model::{Cause, ClientId, Sid, Subject},
    outbox::Verdict,
};
use jiff::Timestamp;
use rusqlite::{Connection, Row, named_params};
use serde::Deserialize;

use super::{
    SqliteStore, audit,
    fault::Verb,
    rows::{self, Fields},
};
use crate::{
    ClaimMessages, ClaimedMessage, Message, MessageId, MessageKind, Outbox, PutMail, Result,
    SettleMessage, StrangerLimits, events,
};

#[async_trait]
impl Outbox for SqliteStore {
    async fn put_mail(&self, command: PutMail) -> Result<bool> {
        let PutMail {
            mail,
            limits,
            cause,
        } = command;
        match limits {
            Some(limits) => {
                self.write(move |tx| put_mail_of_stranger(tx, &mail, &limits, &cause))
                    .await
            }
            None => {
                self.write(move |tx| put_mail(tx, &mail, &cause).map(|()| true))
                    .await
            }
        }
    }

    async fn claim_messages(&self, command: ClaimMessages) -> Result<Vec<ClaimedMessage>> {
        // Read first: mostly nothing is due, and a look must not cost a commit.
        if !self.read(|db| is_due(db, &command))? {
            return Ok(Vec::new());
        }
        // A request waits for the messages about one session.
        match command.sid {
            Some(_) => self.write(move |tx| claim(tx, &command)).await,
            None => self.job(move |tx| claim(tx, &command)).await,
        }
    }

    async fn settle_message(&self, command: SettleMessage) -> Result<bool> {
        self.write(move |tx| settle(tx, &command)).await
    }
}

/// What the payload of a logout token has; its client is a column.
#[derive(Deserialize)]
struct LogoutTokenPayload {
    subject: String,
    sid: String,
}

/// D17: one for each client with such a URI that has, or had, a grant of the session.
pub(super) fn write_logout_tokens(tx: &Connection, session: i64, cause: &Cause) -> Verb<()> {
    let sql = "INSERT INTO outbox (kind, client_key, payload, request_id, made_at, attempts, due_at)
               SELECT DISTINCT :kind, g.client_key, json_object('subject', u.subject, 'sid', s.sid), :request, :now, 0, :now
               FROM sessions s
               JOIN grants g ON g.user_key = s.user_key AND g.session_key = s.session_key
               JOIN clients c ON c.client_key = g.client_key
               JOIN users u ON u.user_key = s.user_key
               WHERE s.session_key = :session AND c.backchannel_logout_uri IS NOT NULL AND c.status = 'enabled'";
    let params = named_params! {
        ":kind": rows::to_word(MessageKind::LogoutToken)?,
        ":session": session,
        ":request": cause.request_id,
        ":now": cause.now.as_millisecond(),
    };
    rows::execute(tx, sql, params).map(drop)
}

/// For every verb that causes a mail, in its transaction.
pub(super) fn put_mail(tx: &Connection, mail: &Mail, cause: &Cause) -> Verb<()> {
    let sql = "INSERT INTO outbox (kind, payload, request_id, made_at, attempts, due_at)
               VALUES (:kind, :payload, :request, :now, 0, :now)";
    let params = named_params! {
        ":kind": rows::to_word(MessageKind::Mail)?,
        ":payload": rows::to_json(mail)?,
        ":request": cause.request_id,
        ":now": cause.now.as_millisecond(),
    };
    rows::execute(tx, sql, params).map(drop)
}

/// The counts are part of the insert: two at once don't exceed a limit.
fn put_mail_of_stranger(
    tx: &Connection,
    mail: &Mail,
    limits: &StrangerLimits,
    cause: &Cause,
) -> Verb<bool> {
    let sql = "INSERT INTO outbox (kind, stranger, stranger_network, payload, request_id, made_at, attempts, due_at)
               SELECT :kind, :stranger, :network, :payload, :request, :now, 0, :now
               WHERE ((SELECT count(*) FROM outbox WHERE stranger IS NOT NULL) < :pending
                      OR EXISTS (SELECT 1 FROM outbox WHERE stranger IS NOT NULL AND attempts > 0))
                 AND (SELECT count(*) FROM outbox WHERE stranger = :stranger) < :to_one
                 AND (SELECT count(*) FROM outbox WHERE stranger_network = :network) < :of_network";
    let params = named_params! {
        ":kind": rows::to_word(MessageKind::Mail)?,
        ":stranger": mail.to().key(),
        ":payload": rows::to_json(mail)?,
        ":request": cause.request_id,
        ":now": cause.now.as_millisecond(),
        ":pending": limits.pending,
        ":to_one": limits.to_one,
        ":network": limits.network,
        ":of_network": limits.of_network,
    };
    if rows::execute(tx, sql, params)? == 0 {
        return Ok(false);
    }
    // Mails that can't be delivered must not keep others from signing up.
    let sql = "DELETE FROM outbox WHERE message_key IN
                   (SELECT message_key FROM outbox WHERE stranger IS NOT NULL ORDER BY attempts DESC, message_key
                    LIMIT max(0, (SELECT count(*) FROM outbox WHERE stranger IS NOT NULL) - ?))";
    rows::execute(tx, sql, [limits.pending])?;
    Ok(true)
}

/// What is due, the longest waiting first. `:about` is the kind or the session.
macro_rules! due {
    ($condition:literal) => {
        concat!(
            "SELECT message_key FROM outbox WHERE ",
            $condition,
            " = :about AND due_at <= :now AND (client_key IS NULL OR client_key NOT IN
                 (SELECT client_key FROM clients WHERE client_id IN (SELECT value FROM json_each(:busy))))
             ORDER BY due_at, message_key LIMIT :limit"
        )
    };
}

/// What [`due!`] compares: of one session there are only messages of one kind.
fn about(command: &ClaimMessages) -> Verb<String> {
    match (&command.sid, command.kind) {
        (Some(sid), _) => Ok(sid.as_str().to_owned()),
        (None, kind) => rows::to_word(kind),
    }
}

fn is_due(db: &Connection, command: &ClaimMessages) -> Verb<bool> {
    let sql = match command.sid {
        Some(_) => due!("sid"),
        None => due!("kind"),
    };
    let params = named_params! {
        ":about": about(command)?,
        ":now": command.now.as_millisecond(),
        ":busy": rows::to_json(&command.busy)?,
        ":limit": 1,
    };
    let found: Option<i64> = rows::value(db, sql, params)?;
    Ok(found.is_some())
}

/// A try is counted when it begins, and until its lease ends no other node may try.
fn claim(tx: &Connection, command: &ClaimMessages) -> Verb<Vec<ClaimedMessage>> {
    macro_rules! claim {
        ($condition:literal) => {
            concat!(
                "UPDATE outbox SET attempts = attempts + 1, due_at = :until WHERE message_key IN (",
                due!($condition),
                ") RETURNING message_key, kind, (SELECT client_id FROM clients c WHERE c.client_key = outbox.client_key)
                       AS client_id, payload, request_id, made_at, attempts"
            )
        };
    }
    let sql = match command.sid {
        Some(_) => claim!("sid"),
        None => claim!("kind"),
    };
    let until = command.now.saturating_add(command.lease);
    let params = named_params! {
        ":about": about(command)?,
        ":now": command.now.as_millisecond(),
        ":busy": rows::to_json(&command.busy)?,
        ":until": until.unwrap_or(Timestamp::MAX).as_millisecond(),
        ":limit": command.limit,
    };
    rows::all(tx, sql, params, |row| Ok(decode(row)?))
}

fn decode(row: &Row<'_>) -> Result<ClaimedMessage> {
    let mut f = Fields::new(row, "outbox", 0);
    let id = MessageId(f.get("message_key")?);
    let message = match f.word("kind")? {
        MessageKind::LogoutToken => {
            let client_id = f.parse("client_id", ClientId::parse)?;
            let payload: LogoutTokenPayload = f.json("payload")?;
            let corrupt = |why| f.corrupt("payload", why);
            Message::LogoutToken {
                client_id,
                subject: Subject::parse(&payload.subject).map_err(corrupt)?,
                sid: Sid::parse(&payload.sid).map_err(corrupt)?,
            }
        }
        MessageKind::Mail => {
            let _: Option<String> = f.get("client_id")?;
            Message::Mail(Box::new(f.json("payload")?))
        }
    };
    Ok(ClaimedMessage {
        id,
        message,
        request_id: f.get("request_id")?,
        made_at: f.time("made_at")?,
        attempt: f.get("attempts")?,
    })
}

/// Only the last try is settled.
fn settle(tx: &Connection, command: &SettleMessage) -> Verb<bool> {
    let claimed = &command.claimed;
    let (id, attempt) = (claimed.id.0, claimed.attempt);
    let settled = match &command.verdict {
        Verdict::RetryAt(at) => {
            let sql = "UPDATE outbox SET due_at = ? WHERE message_key = ? AND attempts = ?";
            rows::execute(tx, sql, (at.as_millisecond(), id, attempt))?
        }
        Verdict::Delivered | Verdict::Obsolete | Verdict::GiveUp(_) => {
            let sql = "DELETE FROM outbox WHERE message_key = ? AND attempts = ?";
            rows::execute(tx, sql, (id, attempt))?
        }
    };
    if let (Verdict::GiveUp(why), 1) = (&command.verdict, settled)
        && let Some(entry) = events::undelivered(&claimed.message, why)
    {
        audit::record(tx, &command.cause, &entry)?;
    }
    Ok(settled == 1)
}
