//! What users do with their accounts as a whole, and the ends of accounts.

use async_trait::async_trait;
use cardea_protocol::{
    language::Lang,
    mail::{EmailAddress, Mail, MailTemplate, MailValue},
    model::{Cause, SessionEnd, Subject, User, UserStatus},
    profile,
};
use jiff::Timestamp;
use rusqlite::{Connection, named_params};

use super::{
    SqliteStore, audit,
    fault::Verb,
    outbox, own_password,
    rows::{self, Fields},
    sessions::{self, session_alive},
    users::{self, may_log_in},
};
use crate::{
    Accounts, Applications, ChangeOwnPassword, ChangePasswordAtLogin, EndDueAccounts, EndSessions,
    EndWhich, RequestDeletion, Result, UserChange, UserUpdate, events,
};

#[async_trait]
impl Accounts for SqliteStore {
    async fn request_deletion(&self, command: RequestDeletion) -> Result<bool> {
        self.write(move |tx| request_deletion(tx, &command)).await
    }

    async fn change_own_password(&self, command: ChangeOwnPassword) -> Result<bool> {
        self.write(move |tx| own_password::change(tx, &command))
            .await
    }

    async fn change_password_at_login(
        &self,
        command: ChangePasswordAtLogin,
    ) -> Result<Option<Timestamp>> {
        self.write(move |tx| own_password::change_at_login(tx, &command))
            .await
    }

    async fn record_export(&self, subject: Subject, cause: Cause) -> Result<bool> {
        self.write(move |tx| {
            let sql = "SELECT 1 FROM users WHERE subject = ?";
            let exists = rows::value::<i64>(tx, sql, [subject.as_str()])?.is_some();
            if exists {
                audit::record(tx, &cause, &events::data_exported(&subject))?;
            }
            Ok(exists)
        })
        .await
    }

    async fn end_due_accounts(&self, command: EndDueAccounts) -> Result<u64> {
        self.job(move |tx| end_due(tx, &command)).await
    }
}

fn request_deletion(tx: &Connection, command: &RequestDeletion) -> Verb<bool> {
    let RequestDeletion {
        subject,
        session,
        delete_at,
        mail,
        cause,
    } = command;
    // Conditional: of two requests one is audited and mailed.
    let sql = concat!(
        "UPDATE users AS u SET delete_at = :at
         WHERE u.subject = :subject AND u.delete_at IS NULL AND ",
        may_log_in!(),
        " AND EXISTS (SELECT 1 FROM sessions s
                      WHERE s.cookie_hash = :session AND s.user_key = u.user_key AND ",
        session_alive!(),
        ")"
    );
    let params = named_params! {
        ":subject": subject.as_str(),
        ":session": session.0.as_bytes(),
        ":at": delete_at.as_millisecond(),
        ":now": cause.now.as_millisecond(),
    };
    if rows::execute(tx, sql, params)? == 0 {
        return Ok(false);
    }
    audit::record(tx, cause, &events::deletion_requested(subject))?;
    if let Some(mail) = mail {
        outbox::put_mail(tx, mail, cause)?;
    }
    let all = EndSessions {
        which: EndWhich::Subject(subject.clone()),
        why: SessionEnd::Remote,
        applications: Applications::Revoke,
        cause: cause.clone(),
    };
    sessions::end_which(tx, &all)?;
    Ok(true)
}

/// A login keeps an account that was to be removed.
pub(super) fn keep(tx: &Connection, user: i64, subject: &Subject, cause: &Cause) -> Verb<()> {
    let sql = "UPDATE users SET delete_at = NULL WHERE user_key = ? AND delete_at IS NOT NULL";
    if rows::execute(tx, sql, [user])? > 0 {
        audit::record(tx, cause, &events::deletion_cancelled(subject))?;
    }
    Ok(())
}

fn end_due(tx: &Connection, command: &EndDueAccounts) -> Verb<u64> {
    let EndDueAccounts { limit, mail, cause } = command;
    let now = cause.now.as_millisecond();
    let due = |sql| -> Verb<Vec<Subject>> {
        rows::all(tx, sql, (now, limit), |row| {
            let mut f = Fields::new(row, "users", 0);
            Ok(f.parse("subject", Subject::parse)?)
        })
    };
    let sql = "SELECT subject FROM users WHERE delete_at <= ? ORDER BY delete_at LIMIT ?";
    let removed = due(sql)?;
    for subject in &removed {
        if let Some(lang) = mail
            && let Some(user) = users::find(tx, subject)?
            && let Some(farewell) = farewell(&user, *lang)
        {
            outbox::put_mail(tx, &farewell, cause)?;
        }
        users::remove(tx, subject, cause)?;
    }
    let sql = "SELECT subject FROM users WHERE expires_at <= ? AND status = 'enabled' ORDER BY expires_at LIMIT ?";
    let expired = due(sql)?;
    for subject in &expired {
        let command = UserChange {
            subject: subject.clone(),
            update: UserUpdate {
                status: Some(UserStatus::Disabled),
                ..UserUpdate::default()
            },
            cause: cause.clone(),
        };
        users::change(tx, &command)?;
    }
    Ok((removed.len() + expired.len()) as u64)
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
