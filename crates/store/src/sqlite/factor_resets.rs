//! Resets of second factors.

use async_trait::async_trait;
use cardea_protocol::{
    factor_reset::ResetWindow,
    mail::Mail,
    model::{Cause, Subject, User},
};
use cardea_seal::Digest;
use jiff::Timestamp;
use rusqlite::{Connection, named_params};

use super::{
    SqliteStore, audit, factors,
    fault::Verb,
    outbox,
    rows::{self, Fields},
    users::{self, USER_COLUMNS, has_password, may_log_in, user_columns},
};
use crate::{
    FactorResetLink, FactorResets, PendingReset, RemoveFactors, RequestFactorReset, ResetFactors,
    ResetWhen, Result, UseFactorReset, WhichFactors, events,
};

#[async_trait]
impl FactorResets for SqliteStore {
    async fn request_factor_reset(&self, command: RequestFactorReset) -> Result<bool> {
        self.write(move |tx| request(tx, &command)).await
    }

    async fn pending_factor_reset(
        &self,
        subject: &Subject,
        now: Timestamp,
    ) -> Result<Option<PendingReset>> {
        let sql = "SELECT f.valid_from, f.expires_at FROM factor_resets f JOIN users u ON u.user_key = f.user_key
                   WHERE u.subject = ? AND (f.expires_at IS NULL OR f.expires_at > ?)";
        let params = (subject.as_str(), now.as_millisecond());
        self.read(|db| {
            rows::first(db, sql, params, |row| {
                let mut f = Fields::new(row, "factor_resets", 0);
                Ok(PendingReset {
                    from: f.time("valid_from")?,
                    link_expires_at: f.time_opt("expires_at")?,
                })
            })
        })
    }

    async fn cancel_factor_reset(&self, subject: Subject, cause: Cause) -> Result<bool> {
        self.write(move |tx| cancel(tx, &subject, &cause)).await
    }

    async fn factor_reset_link(
        &self,
        token: Digest,
        now: Timestamp,
    ) -> Result<Option<FactorResetLink>> {
        self.read(|db| find(db, token, now))
    }

    async fn use_factor_reset(&self, command: UseFactorReset) -> Result<bool> {
        self.write(move |tx| use_link(tx, &command)).await
    }

    async fn reset_factors(&self, command: ResetFactors) -> Result<bool> {
        self.write(move |tx| reset(tx, &command)).await
    }

    async fn due_factor_resets(&self, now: Timestamp, limit: u32) -> Result<Vec<User>> {
        let sql = concat!(
            "SELECT ",
            user_columns!(),
            " FROM factor_resets f JOIN users u ON u.user_key = f.user_key
             WHERE f.token_hash IS NULL AND f.valid_from <= ? ORDER BY f.valid_from LIMIT ?"
        );
        let params = (now.as_millisecond(), limit);
        self.read(|db| rows::all(db, sql, params, |row| Ok(users::decode(row, 0)?)))
    }
}

fn request(tx: &Connection, command: &RequestFactorReset) -> Verb<bool> {
    let RequestFactorReset {
        subject,
        from,
        link,
        mail,
        cause,
    } = command;
    let written = rows::execute(
        tx,
        concat!(
            "INSERT INTO factor_resets (user_key, valid_from, token_hash, expires_at)
             SELECT u.user_key, :from, :token, :expires FROM users u
             WHERE u.subject = :subject
               AND EXISTS (SELECT 1 FROM credentials f WHERE f.user_key = u.user_key AND f.kind IN ('totp', 'passkey'))
               AND (:token IS NULL OR (",
            may_log_in!(),
            " AND ",
            has_password!(),
            "))
             ON CONFLICT (user_key) DO UPDATE SET valid_from = excluded.valid_from,
                 token_hash = excluded.token_hash, expires_at = excluded.expires_at"
        ),
        named_params! {
            ":subject": subject.as_str(),
            ":from": from.as_millisecond(),
            ":token": link.as_ref().map(|link| link.token.as_bytes().to_vec()),
            ":expires": link.as_ref().map(|link| link.expires_at.as_millisecond()),
            ":now": cause.now.as_millisecond(),
        },
    )?;
    if written == 0 {
        return Ok(false);
    }
    let entry = events::factor_reset_requested(subject, link.is_some());
    audit::record(tx, cause, &entry)?;
    write_mail(tx, mail.as_ref(), cause)?;
    Ok(true)
}

/// Cancels the pending reset of a user, if there is one.
pub(super) fn cancel(tx: &Connection, subject: &Subject, cause: &Cause) -> Verb<bool> {
    let sql =
        "DELETE FROM factor_resets WHERE user_key = (SELECT user_key FROM users WHERE subject = ?1)
                 AND (expires_at IS NULL OR expires_at > ?2)";
    if rows::execute(tx, sql, (subject.as_str(), cause.now.as_millisecond()))? == 0 {
        return Ok(false);
    }
    audit::record(tx, cause, &events::factor_reset_cancelled(subject))?;
    Ok(true)
}

fn find(db: &Connection, token: Digest, now: Timestamp) -> Verb<Option<FactorResetLink>> {
    let sql = concat!(
        "SELECT ",
        user_columns!(),
        ", f.valid_from, f.expires_at AS link_expires_at
         FROM factor_resets f JOIN users u ON u.user_key = f.user_key
         WHERE f.token_hash = :token AND f.expires_at > :now AND ",
        may_log_in!()
    );
    let params = named_params! { ":token": token.as_bytes(), ":now": now.as_millisecond() };
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
}

fn use_link(tx: &Connection, command: &UseFactorReset) -> Verb<bool> {
    let UseFactorReset {
        token,
        subject,
        password_set_at,
        mail,
        cause,
    } = command;
    // Single use: of two that found it one removes it.
    let sql = concat!(
        "DELETE FROM factor_resets WHERE token_hash = :token AND valid_from <= :now AND expires_at > :now
           AND user_key = (SELECT u.user_key FROM users u
                           JOIN credentials c ON c.user_key = u.user_key AND c.kind = 'password'
                           WHERE u.subject = :subject AND c.created_at = :set_at AND ",
        may_log_in!(),
        ")"
    );
    let params = named_params! {
        ":token": token.as_bytes(),
        ":subject": subject.as_str(),
        ":set_at": password_set_at.as_millisecond(),
        ":now": cause.now.as_millisecond(),
    };
    if rows::execute(tx, sql, params)? == 0 {
        return Ok(false);
    }
    remove_all(tx, subject, mail.as_ref(), cause)?;
    Ok(true)
}

fn reset(tx: &Connection, command: &ResetFactors) -> Verb<bool> {
    let ResetFactors {
        subject,
        when,
        mail,
        cause,
    } = command;
    let sql =
        "DELETE FROM factor_resets WHERE user_key = (SELECT user_key FROM users WHERE subject = ?1)
                 AND (?2 OR (token_hash IS NULL AND valid_from <= ?3))";
    let at_once = *when == ResetWhen::Now;
    let params = (subject.as_str(), at_once, cause.now.as_millisecond());
    if rows::execute(tx, sql, params)? == 0 && !at_once {
        return Ok(false);
    }
    remove_all(tx, subject, mail.as_ref(), cause)
}

/// Removes the factors. A mail says so only if there were any.
fn remove_all(
    tx: &Connection,
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
    let removed = factors::remove(tx, &command)?;
    if removed {
        write_mail(tx, mail, cause)?;
    }
    Ok(removed)
}

fn write_mail(tx: &Connection, mail: Option<&Mail>, cause: &Cause) -> Verb<()> {
    match mail {
        Some(mail) => outbox::put_mail(tx, mail, cause),
        None => Ok(()),
    }
}
