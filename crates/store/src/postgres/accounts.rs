//! What users do with their accounts as a whole, and the ends of accounts.

use async_trait::async_trait;
use cardea_protocol::{
    language::Lang,
    mail::{EmailAddress, Mail, MailTemplate, MailValue},
    model::{Cause, SessionEnd, Subject, User, UserStatus},
    profile,
};
use jiff::Timestamp;
use tokio_postgres::Row;

use super::{
    PostgresStore, audit,
    connection::{Connection, read, transaction},
    fault::Verb,
    outbox, own_password,
    rows::{self, Fields},
    sessions::{self, session_alive},
    statement::params,
    users::{self, may_log_in, user_columns},
};
use crate::{
    Accounts, Applications, ChangeOwnPassword, ChangePasswordAtLogin, EndDueAccounts, EndSessions,
    EndWhich, RequestDeletion, Result, UserChange, UserUpdate, events,
};

#[async_trait]
impl Accounts for PostgresStore {
    async fn request_deletion(&self, command: RequestDeletion) -> Result<bool> {
        transaction!(self, db => request_deletion(&db, &command))
    }

    async fn change_own_password(&self, command: ChangeOwnPassword) -> Result<bool> {
        transaction!(self, db => own_password::change(&db, &command))
    }

    async fn change_password_at_login(
        &self,
        command: ChangePasswordAtLogin,
    ) -> Result<Option<Timestamp>> {
        transaction!(self, db => own_password::change_at_login(&db, &command))
    }

    async fn record_export(&self, subject: Subject, cause: Cause) -> Result<bool> {
        transaction!(self, db => record_export(&db, &subject, &cause))
    }

    /// One transaction for each: no user waits for the end of another one.
    async fn end_due_accounts(&self, command: EndDueAccounts) -> Result<u64> {
        let due = read!(self, db => due(&db, &command))?;
        let mut ended = 0;
        for subject in &due.removed {
            let is_removed = transaction!(self, db => remove_due(&db, subject, &command))?;
            ended += u64::from(is_removed);
        }
        for subject in &due.expired {
            let is_disabled = transaction!(self, db => disable_expired(&db, subject, &command))?;
            ended += u64::from(is_disabled);
        }
        Ok(ended)
    }
}

async fn request_deletion(db: &Connection, command: &RequestDeletion) -> Verb<bool> {
    let RequestDeletion {
        subject,
        session,
        delete_at,
        mail,
        cause,
    } = command;
    let Some(user) = users::lock(db, subject).await? else {
        return Ok(false);
    };
    // Conditional: of two requests one is audited and mailed.
    let sql = concat!(
        "UPDATE users AS u SET delete_at = :at
         WHERE u.user_key = :user AND u.delete_at IS NULL AND ",
        may_log_in!(),
        " AND EXISTS (SELECT 1 FROM sessions s
                      WHERE s.cookie_hash = :session AND s.user_key = u.user_key AND ",
        session_alive!(),
        ")"
    );
    let params = params! {
        ":user": user,
        ":session": session.0.as_bytes(),
        ":at": delete_at.as_millisecond(),
        ":now": cause.now.as_millisecond(),
    };
    if rows::execute(db, sql, params).await? == 0 {
        return Ok(false);
    }
    audit::record(db, cause, &events::deletion_requested(subject)).await?;
    if let Some(mail) = mail {
        outbox::put_mail(db, mail, cause).await?;
    }
    let all = EndSessions {
        which: EndWhich::Subject(subject.clone()),
        why: SessionEnd::Remote,
        applications: Applications::Revoke,
        cause: cause.clone(),
    };
    sessions::end_which(db, &all).await?;
    Ok(true)
}

/// A login keeps an account that was to be removed.
pub(super) async fn keep(db: &Connection, user: i64, subject: &Subject, cause: &Cause) -> Verb<()> {
    let sql = "UPDATE users SET delete_at = NULL WHERE user_key = :user AND delete_at IS NOT NULL";
    if rows::execute(db, sql, params! { ":user": user }).await? > 0 {
        audit::record(db, cause, &events::deletion_cancelled(subject)).await?;
    }
    Ok(())
}

/// The user is locked: nothing about a user is written after the removal.
async fn record_export(db: &Connection, subject: &Subject, cause: &Cause) -> Verb<bool> {
    let exists = users::lock(db, subject).await?.is_some();
    if exists {
        audit::record(db, cause, &events::data_exported(subject)).await?;
    }
    Ok(exists)
}

/// The accounts that seem to be due, each judged again when it is locked.
struct Due {
    removed: Vec<Subject>,
    expired: Vec<Subject>,
}

async fn due(db: &Connection, command: &EndDueAccounts) -> Verb<Due> {
    macro_rules! due {
        ($time:literal $and:literal) => {
            concat!(
                "SELECT subject FROM users WHERE ",
                $time,
                " <= :now",
                $and,
                " ORDER BY ",
                $time,
                " LIMIT :limit"
            )
        };
    }
    let params = params! {
        ":now": command.cause.now.as_millisecond(),
        ":limit": command.limit,
    };
    let expired = due!("expires_at" " AND status = 'enabled'");
    Ok(Due {
        removed: rows::all(db, due!("delete_at" ""), params, subject).await?,
        expired: rows::all(db, expired, params, subject).await?,
    })
}

fn subject(row: &Row) -> Verb<Subject> {
    Ok(Fields::new(row, "users", 0).parse("subject", Subject::parse)?)
}

/// Unless the user has logged in meanwhile.
async fn remove_due(db: &Connection, subject: &Subject, command: &EndDueAccounts) -> Verb<bool> {
    let EndDueAccounts { mail, cause, .. } = command;
    // The lock of a removal, see `users::remove`.
    let sql = concat!(
        "SELECT ",
        user_columns!(),
        " FROM users u WHERE u.subject = :subject AND u.delete_at <= :now FOR UPDATE"
    );
    let params = params! { ":subject": subject.as_str(), ":now": cause.now.as_millisecond() };
    let found = rows::first(db, sql, params, |row| Ok(users::decode(row, 0)?)).await?;
    let Some(user) = found else {
        return Ok(false);
    };
    if let Some(lang) = mail
        && let Some(farewell) = farewell(&user, *lang)
    {
        outbox::put_mail(db, &farewell, cause).await?;
    }
    users::remove(db, subject, cause).await
}

async fn disable_expired(
    db: &Connection,
    subject: &Subject,
    command: &EndDueAccounts,
) -> Verb<bool> {
    let now = command.cause.now;
    let found = users::find_locked(db, subject).await?;
    // An expiry that was lifted meanwhile, or a user whom somebody has disabled.
    let is_due = |user: &User| user.is_enabled() && !user.may_log_in(now);
    if !found.is_some_and(|(_, user)| is_due(&user)) {
        return Ok(false);
    }
    let command = UserChange {
        subject: subject.clone(),
        update: UserUpdate {
            status: Some(UserStatus::Disabled),
            ..UserUpdate::default()
        },
        cause: command.cause.clone(),
    };
    users::change(db, &command).await
}

/// The mail about a removed account, to an address that was verified. It names no subject: nothing about the user is written after
/// the removal.
fn farewell(user: &User, default: Lang) -> Option<Mail> {
    let address = user.email.as_deref().filter(|_| user.email_verified)?;
    let address = EmailAddress::parse(address).ok()?;
    let lang = profile::language(user).unwrap_or(default);
    let mail = Mail::new(address, MailTemplate::AccountDeleted, lang);
    Some(mail.with(MailValue::User, user.username.as_str()))
}
