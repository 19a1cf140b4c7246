//! Resets of second factors.

use async_trait::async_trait;
use cardea_protocol::{
    factor_reset::ResetWindow,
    mail::Mail,
    model::{Cause, Subject, User},
};
use cardea_seal::Digest;
use jiff::Timestamp;

use super::{
    PostgresStore, audit,
    connection::{Connection, read, transaction},
    factors,
    fault::Verb,
    outbox,
    rows::{self, Fields},
    statement::params,
    users::{self, USER_COLUMNS, has_password, may_log_in, user_columns},
};
use crate::{
    FactorResetLink, FactorResets, PendingReset, RemoveFactors, RequestFactorReset, ResetFactors,
    ResetWhen, Result, UseFactorReset, WhichFactors, events,
};

#[async_trait]
impl FactorResets for PostgresStore {
    async fn request_factor_reset(&self, command: RequestFactorReset) -> Result<bool> {
        transaction!(self, db => request(&db, &command))
    }

    async fn pending_factor_reset(
        &self,
        subject: &Subject,
        now: Timestamp,
    ) -> Result<Option<PendingReset>> {
        read!(self, db => pending(&db, subject, now))
    }

    async fn cancel_factor_reset(&self, subject: Subject, cause: Cause) -> Result<bool> {
        // Without a lock of the user: its one condition decides, and nothing else depends on it.
        transaction!(self, db => cancel(&db, &subject, &cause))
    }

    async fn factor_reset_link(
        &self,
        token: Digest,
        now: Timestamp,
    ) -> Result<Option<FactorResetLink>> {
        read!(self, db => find(&db, token, now))
    }

    async fn use_factor_reset(&self, command: UseFactorReset) -> Result<bool> {
        transaction!(self, db => use_link(&db, &command))
    }

    async fn reset_factors(&self, command: ResetFactors) -> Result<bool> {
        transaction!(self, db => reset(&db, &command))
    }

    async fn due_factor_resets(&self, now: Timestamp, limit: u32) -> Result<Vec<User>> {
        read!(self, db => due(&db, now, limit))
    }
}

async fn request(db: &Connection, command: &RequestFactorReset) -> Verb<bool> {
    let RequestFactorReset {
        subject,
        from,
        link,
        mail,
        cause,
    } = command;
    let Some(user) = users::lock(db, subject).await? else {
        return Ok(false);
    };
    let sql = concat!(
        "INSERT INTO factor_resets (user_key, valid_from, token_hash, expires_at)
         SELECT u.user_key, :from, :token, :expires FROM users u
         WHERE u.user_key = :user
           AND EXISTS (SELECT 1 FROM credentials f WHERE f.user_key = u.user_key AND f.kind IN ('totp', 'passkey'))
           AND (:token IS NULL OR (",
        may_log_in!(),
        " AND ",
        has_password!(),
        "))
         ON CONFLICT (user_key) DO UPDATE SET valid_from = excluded.valid_from,
             token_hash = excluded.token_hash, expires_at = excluded.expires_at"
    );
    let params = params! {
        ":user": user,
        ":from": from.as_millisecond(),
        ":token": link.as_ref().map(|link| link.token.as_bytes()),
        ":expires": link.as_ref().map(|link| link.expires_at.as_millisecond()),
        ":now": cause.now.as_millisecond(),
    };
    if rows::execute(db, sql, params).await? == 0 {
        return Ok(false);
    }
    let entry = events::factor_reset_requested(subject, link.is_some());
    audit::record(db, cause, &entry).await?;
    write_mail(db, mail.as_ref(), cause).await?;
    Ok(true)
}

async fn pending(db: &Connection, subject: &Subject, now: Timestamp) -> Verb<Option<PendingReset>> {
    let sql = "SELECT f.valid_from, f.expires_at FROM factor_resets f JOIN users u ON u.user_key = f.user_key
               WHERE u.subject = :subject AND (f.expires_at IS NULL OR f.expires_at > :now)";
    let params = params! { ":subject": subject.as_str(), ":now": now.as_millisecond() };
    rows::first(db, sql, params, |row| {
        let mut f = Fields::new(row, "factor_resets", 0);
        Ok(PendingReset {
            from: f.time("valid_from")?,
            link_expires_at: f.time_opt("expires_at")?,
        })
    })
    .await
}

/// Cancels the pending reset of a user, if there is one.
pub(super) async fn cancel(db: &Connection, subject: &Subject, cause: &Cause) -> Verb<bool> {
    let sql =
        "DELETE FROM factor_resets WHERE user_key = (SELECT user_key FROM users WHERE subject = :subject)
                 AND (expires_at IS NULL OR expires_at > :now)";
    let params = params! { ":subject": subject.as_str(), ":now": cause.now.as_millisecond() };
    if rows::execute(db, sql, params).await? == 0 {
        return Ok(false);
    }
    audit::record(db, cause, &events::factor_reset_cancelled(subject)).await?;
    Ok(true)
}

async fn find(db: &Connection, token: Digest, now: Timestamp) -> Verb<Option<FactorResetLink>> {
    let sql = concat!(
        "SELECT ",
        user_columns!(),
        ", f.valid_from, f.expires_at AS link_expires_at
         FROM factor_resets f JOIN users u ON u.user_key = f.user_key
         WHERE f.token_hash = :token AND f.expires_at > :now AND ",
        may_log_in!()
    );
    let params = params! { ":token": token.as_bytes(), ":now": now.as_millisecond() };
    rows::first(db, sql, params, |row| {
        let user = users::decode(row, 0)?;
        let mut f = Fields::new(row, "factor_resets", USER_COLUMNS);
        Ok(FactorResetLink {
            user,
            window: ResetWindow {
                from: f.time("valid_from")?,
                until: f.time("link_expires_at")?,
            },
        })
    })
    .await
}

async fn use_link(db: &Connection, command: &UseFactorReset) -> Verb<bool> {
    let UseFactorReset {
        token,
        subject,
        password_set_at,
        mail,
        cause,
    } = command;
    let Some(user) = users::lock(db, subject).await? else {
        return Ok(false);
    };
    // Single use: of two that found it one removes it.
    let sql = concat!(
        "DELETE FROM factor_resets WHERE token_hash = :token AND valid_from <= :now AND expires_at > :now
           AND user_key = (SELECT u.user_key FROM users u
                           JOIN credentials c ON c.user_key = u.user_key AND c.kind = 'password'
                           WHERE u.user_key = :user AND c.created_at = :set_at AND ",
        may_log_in!(),
        ")"
    );
    let params = params! {
        ":token": token.as_bytes(),
        ":user": user,
        ":set_at": password_set_at.as_millisecond(),
        ":now": cause.now.as_millisecond(),
    };
    if rows::execute(db, sql, params).await? == 0 {
        return Ok(false);
    }
    remove_all(db, subject, mail.as_ref(), cause).await?;
    Ok(true)
}

async fn reset(db: &Connection, command: &ResetFactors) -> Verb<bool> {
    let ResetFactors {
        subject,
        when,
        mail,
        cause,
    } = command;
    let Some(user) = users::lock(db, subject).await? else {
        return Ok(false);
    };
    let sql = "DELETE FROM factor_resets WHERE user_key = :user
                 AND (:at_once OR (token_hash IS NULL AND valid_from <= :now))";
    let at_once = *when == ResetWhen::Now;
    let params = params! {
        ":user": user,
        ":at_once": at_once,
        ":now": cause.now.as_millisecond(),
    };
    if rows::execute(db, sql, params).await? == 0 && !at_once {
        return Ok(false);
    }
    remove_all(db, subject, mail.as_ref(), cause).await
}

async fn due(db: &Connection, now: Timestamp, limit: u32) -> Verb<Vec<User>> {
    let sql = concat!(
        "SELECT ",
        user_columns!(),
        " FROM factor_resets f JOIN users u ON u.user_key = f.user_key
         WHERE f.token_hash IS NULL AND f.valid_from <= :now ORDER BY f.valid_from LIMIT :limit"
    );
    let params = params! { ":now": now.as_millisecond(), ":limit": limit };
    rows::all(db, sql, params, |row| Ok(users::decode(row, 0)?)).await
}

/// Removes the factors. A mail says so only if there were any.
async fn remove_all(
    db: &Connection,
    subject: &Subject,
    mail: Option<&Mail>,
    cause: &Cause,
) -> Verb<bool> {
    let command = RemoveFactors {
        subject: subject.clone(),
        which: WhichFactors::All,
        notice: None,
        cause: cause.clone(),
    };
    let removed = factors::remove(db, &command).await?;
    if removed {
        write_mail(db, mail, cause).await?;
    }
    Ok(removed)
}

async fn write_mail(db: &Connection, mail: Option<&Mail>, cause: &Cause) -> Verb<()> {
    match mail {
        Some(mail) => outbox::put_mail(db, mail, cause).await,
        None => Ok(()),
    }
}
