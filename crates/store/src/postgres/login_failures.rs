//! Failed logins of a user.

use cardea_protocol::{
    mail::{Mail, MailValue},
    model::{Cause, LoginFailures, Subject},
};

use super::{
    audit,
    connection::Connection,
    fault::Verb,
    outbox,
    rows::{self, Fields},
    statement::params,
};
use crate::events::{self, FAILURE_AUDIT_EVERY_MS, FAILURE_MAIL_EVERY_MS};

/// Beyond it they are not counted.
const MOST: u32 = 1_000_000;

/// What is kept of the failures of a user.
struct Kept {
    user: i64,
    count: u32,
    audited_at: Option<i64>,
    mailed_at: Option<i64>,
}

/// Counts one. The first login of a time that is audited, or mailed, writes that time: of two at once one does, as the row is locked.
pub(super) async fn record(
    db: &Connection,
    subject: &Subject,
    mail: Option<&Mail>,
    cause: &Cause,
) -> Verb<()> {
    let Some(kept) = lock(db, subject).await? else {
        return Ok(());
    };
    let now = cause.now.as_millisecond();
    let is_due = |before: Option<i64>, every: i64| before.is_none_or(|at| at <= now - every);
    let count = kept.count.saturating_add(1).min(MOST);
    let audits = is_due(kept.audited_at, FAILURE_AUDIT_EVERY_MS);
    // If there were many, and the user was not told lately.
    let is_many = count >= LoginFailures::MANY;
    let mail = mail.filter(|_| is_many && is_due(kept.mailed_at, FAILURE_MAIL_EVERY_MS));
    let sql = "UPDATE users SET failed_logins = :count, last_failure_at = :now, failure_audited_at = :audited,
                                failures_mailed_at = :mailed
               WHERE user_key = :user";
    let params = params! {
        ":user": kept.user,
        ":count": count,
        ":now": now,
        ":audited": if audits { Some(now) } else { kept.audited_at },
        ":mailed": if mail.is_some() { Some(now) } else { kept.mailed_at },
    };
    rows::execute(db, sql, params).await?;
    if audits {
        audit::record(db, cause, &events::login_failed(subject)).await?;
    }
    match mail {
        Some(mail) => {
            let mail = mail.clone().with(MailValue::Count, &count.to_string());
            outbox::put_mail(db, &mail, cause).await
        }
        None => Ok(()),
    }
}

async fn lock(db: &Connection, subject: &Subject) -> Verb<Option<Kept>> {
    let sql = "SELECT user_key, failed_logins, failure_audited_at, failures_mailed_at FROM users
               WHERE subject = :subject FOR NO KEY UPDATE";
    let params = params! { ":subject": subject.as_str() };
    rows::first(db, sql, params, |row| {
        let mut f = Fields::new(row, "users", 0);
        Ok(Kept {
            user: f.get("user_key")?,
            count: f.get("failed_logins")?,
            audited_at: f.get("failure_audited_at")?,
            mailed_at: f.get("failures_mailed_at")?,
        })
    })
    .await
}
