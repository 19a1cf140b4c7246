//! The outbox.

use async_trait::async_trait;
use cardea_protocol::{
    mail::Mail,
    model::{Cause, ClientId, Sid, Subject},
    outbox::Verdict,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;

use super::{
    PostgresStore, audit,
    connection::{Connection, read, statement, transaction},
    fault::Verb,
    rows::{self, Fields},
    statement::params,
};
use crate::{
    ClaimMessages, ClaimedMessage, Message, MessageId, MessageKind, Outbox, PutMail, Result,
    SettleMessage, StrangerLimits, events,
};

#[async_trait]
impl Outbox for PostgresStore {
    async fn put_mail(&self, command: PutMail) -> Result<bool> {
        let PutMail {
            mail,
            limits,
            cause,
        } = command;
        match limits {
            Some(limits) => {
                transaction!(self, db => put_mail_of_stranger(&db, &mail, &limits, &cause))
            }
            None => statement!(self, db => put_mail(&db, &mail, &cause)).map(|()| true),
        }
    }

    async fn claim_messages(&self, command: ClaimMessages) -> Result<Vec<ClaimedMessage>> {
        // Read first: mostly nothing is due, and a look must not cost a commit.
        if !read!(self, db => is_due(&db, &command))? {
            return Ok(Vec::new());
        }
        statement!(self, db => claim(&db, &command))
    }

    async fn settle_message(&self, command: SettleMessage) -> Result<bool> {
        transaction!(self, db => settle(&db, &command))
    }
}

/// What the payload of a logout token has; its client and its session are columns.
#[derive(Serialize, Deserialize)]
struct LogoutTokenPayload {
    subject: String,
    sid: String,
}

/// D17: one for each client with such a URI that has, or had, a grant of the session.
pub(super) async fn write_logout_tokens(db: &Connection, session: i64, cause: &Cause) -> Verb<()> {
    let sql = "SELECT s.sid, u.subject, c.client_key
               FROM sessions s
               JOIN grants g ON g.user_key = s.user_key AND g.session_key = s.session_key
               JOIN clients c ON c.client_key = g.client_key
               JOIN users u ON u.user_key = s.user_key
               WHERE s.session_key = :session AND c.backchannel_logout_uri IS NOT NULL AND c.status = 'enabled'
               GROUP BY s.sid, u.subject, c.client_key";
    let params = params! { ":session": session };
    let found = rows::all(db, sql, params, |row| {
        let payload = LogoutTokenPayload {
            sid: rows::read(row, 0)?,
            subject: rows::read(row, 1)?,
        };
        Ok((payload, rows::read::<i64>(row, 2)?))
    });
    let found = found.await?;
    let Some((payload, _)) = found.first() else {
        return Ok(());
    };
    let clients: Vec<i64> = found.iter().map(|(_, client)| *client).collect();
    let sql = "INSERT INTO outbox (kind, client_key, sid, payload, request_id, made_at, attempts, due_at)
               SELECT :kind, client, :sid, :payload, :request, :now, 0, :now FROM unnest(:clients) AS c (client)";
    let params = params! {
        ":kind": rows::to_word(MessageKind::LogoutToken)?,
        ":sid": payload.sid.as_str(),
        ":payload": rows::to_json(payload)?,
        ":request": cause.request_id.as_str(),
        ":now": cause.now.as_millisecond(),
        ":clients": clients,
    };
    rows::execute(db, sql, params).await.map(drop)
}

/// For every verb that causes a mail, in its transaction.
pub(super) async fn put_mail(db: &Connection, mail: &Mail, cause: &Cause) -> Verb<()> {
    let sql = "INSERT INTO outbox (kind, payload, request_id, made_at, attempts, due_at)
               VALUES (:kind, :payload, :request, :now, 0, :now)";
    let params = params! {
        ":kind": rows::to_word(MessageKind::Mail)?,
        ":payload": rows::to_json(mail)?,
        ":request": cause.request_id.as_str(),
        ":now": cause.now.as_millisecond(),
    };
    rows::execute(db, sql, params).await.map(drop)
}

/// Strangers write one after the other: the counts hold until the transaction ends.
async fn put_mail_of_stranger(
    db: &Connection,
    mail: &Mail,
    limits: &StrangerLimits,
    cause: &Cause,
) -> Verb<bool> {
    let sql = "SELECT one FROM stranger_mails FOR NO KEY UPDATE";
    rows::value::<i64>(db, sql, &[]).await?;
    let sql = "INSERT INTO outbox (kind, stranger, stranger_network, payload, request_id, made_at, attempts, due_at)
               SELECT :kind, :stranger, :network, :payload, :request, :now, 0, :now
               WHERE ((SELECT count(*) FROM outbox WHERE stranger IS NOT NULL) < :pending
                      OR EXISTS (SELECT 1 FROM outbox WHERE stranger IS NOT NULL AND attempts > 0))
                 AND (SELECT count(*) FROM outbox WHERE stranger = :stranger) < :to_one
                 AND (SELECT count(*) FROM outbox WHERE stranger_network = :network) < :of_network";
    let params = params! {
        ":kind": rows::to_word(MessageKind::Mail)?,
        ":stranger": mail.to().key(),
        ":payload": rows::to_json(mail)?,
        ":request": cause.request_id.as_str(),
        ":now": cause.now.as_millisecond(),
        ":pending": limits.pending,
        ":to_one": limits.to_one,
        ":network": limits.network.as_str(),
        ":of_network": limits.of_network,
    };
    if rows::execute(db, sql, params).await? == 0 {
        return Ok(false);
    }
    // Mails that can't be delivered must not keep others from signing up.
    let sql = "DELETE FROM outbox WHERE message_key IN
                   (SELECT message_key FROM outbox WHERE stranger IS NOT NULL ORDER BY attempts DESC, message_key
                    LIMIT greatest(0, (SELECT count(*) FROM outbox WHERE stranger IS NOT NULL) - :pending))";
    rows::execute(db, sql, params! { ":pending": limits.pending }).await?;
    Ok(true)
}

/// What is due, the longest waiting first. `:about` is the kind or the session.
macro_rules! due {
    ($condition:literal) => {
        concat!(
            "SELECT message_key FROM outbox WHERE ",
            $condition,
            " = :about AND due_at <= :now AND (client_key IS NULL OR client_key NOT IN
                 (SELECT client_key FROM clients WHERE client_id = ANY(:busy)))
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

fn busy(command: &ClaimMessages) -> Vec<&str> {
    command.busy.iter().map(ClientId::as_str).collect()
}

async fn is_due(db: &Connection, command: &ClaimMessages) -> Verb<bool> {
    let sql = match command.sid {
        Some(_) => due!("sid"),
        None => due!("kind"),
    };
    let params = params! {
        ":about": about(command)?,
        ":now": command.now.as_millisecond(),
        ":busy": busy(command),
        ":limit": 1_u32,
    };
    Ok(rows::value::<i64>(db, sql, params).await?.is_some())
}

/// A try is counted when it begins, and until its lease ends no other node may try. Nodes that claim at once share what is due.
async fn claim(db: &Connection, command: &ClaimMessages) -> Verb<Vec<ClaimedMessage>> {
    macro_rules! claim {
        ($condition:literal) => {
            concat!(
                "WITH due AS MATERIALIZED (",
                due!($condition),
                " FOR UPDATE SKIP LOCKED)
                 UPDATE outbox o SET attempts = o.attempts + 1, due_at = :until FROM due
                 WHERE o.message_key = due.message_key
                 RETURNING o.message_key, o.kind, (SELECT client_id FROM clients c WHERE c.client_key = o.client_key)
                     AS client_id, o.payload, o.request_id, o.made_at, o.attempts"
            )
        };
    }
    let sql = match command.sid {
        Some(_) => claim!("sid"),
        None => claim!("kind"),
    };
    let until = command.now.saturating_add(command.lease);
    let params = params! {
        ":about": about(command)?,
        ":now": command.now.as_millisecond(),
        ":busy": busy(command),
        ":until": until.unwrap_or(Timestamp::MAX).as_millisecond(),
        ":limit": command.limit,
    };
    rows::all(db, sql, params, |row| Ok(decode(row)?)).await
}

fn decode(row: &Row) -> Result<ClaimedMessage> {
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
async fn settle(db: &Connection, command: &SettleMessage) -> Verb<bool> {
    let claimed = &command.claimed;
    let (id, attempt) = (claimed.id.0, claimed.attempt);
    let settled = match &command.verdict {
        Verdict::RetryAt(at) => {
            let sql =
                "UPDATE outbox SET due_at = :at WHERE message_key = :id AND attempts = :attempt";
            let params = params! { ":at": at.as_millisecond(), ":id": id, ":attempt": attempt };
            rows::execute(db, sql, params).await?
        }
        Verdict::Delivered | Verdict::Obsolete | Verdict::GiveUp(_) => {
            let sql = "DELETE FROM outbox WHERE message_key = :id AND attempts = :attempt";
            let params = params! { ":id": id, ":attempt": attempt };
            rows::execute(db, sql, params).await?
        }
    };
    if let (Verdict::GiveUp(why), 1) = (&command.verdict, settled)
        && let Some(entry) = events::undelivered(&claimed.message, why)
    {
        audit::record(db, &command.cause, &entry).await?;
    }
    Ok(settled == 1)
}
