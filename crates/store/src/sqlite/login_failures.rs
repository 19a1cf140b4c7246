//! Failed logins of a user.

use cardea_protocol::{
    mail::{Mail, MailValue},
    model::{Cause, LoginFailures, Subject},
};
use rusqlite::Connection;

use super::{audit, fault::Verb, outbox, rows};
use crate::events::{self, FAILURE_AUDIT_EVERY_MS, FAILURE_MAIL_EVERY_MS};

/// Counts one. The first login of a time that is audited, or mailed, writes that time: of two at once one does.
pub(super) fn record(
    tx: &Connection,
    subject: &Subject,
    mail: Option<Mail>,
    cause: &Cause,
) -> Verb<()> {
    let now = cause.now.as_millisecond();
    let sql = "UPDATE users SET failed_logins = min(failed_logins + 1, 1000000), last_failure_at = ?1 WHERE subject = ?2";
    rows::execute(tx, sql, (now, subject.as_str()))?;
    let sql = "UPDATE users SET failure_audited_at = ?1
               WHERE subject = ?2 AND (failure_audited_at IS NULL OR failure_audited_at <= ?1 - ?3)";
    if rows::execute(tx, sql, (now, subject.as_str(), FAILURE_AUDIT_EVERY_MS))? == 1 {
        audit::record(tx, cause, &events::login_failed(subject))?;
    }
    match mail {
        Some(mail) => tell(tx, subject, mail, cause),
        None => Ok(()),
    }
}

/// Mails how many there were, if there were many and the user was not told lately.
fn tell(tx: &Connection, subject: &Subject, mail: Mail, cause: &Cause) -> Verb<()> {
    let sql = "UPDATE users SET failures_mailed_at = ?1
               WHERE subject = ?2 AND failed_logins >= ?3 AND (failures_mailed_at IS NULL OR failures_mailed_at <= ?1 - ?4)
               RETURNING failed_logins";
    let params = (
        cause.now.as_millisecond(),
        subject.as_str(),
        LoginFailures::MANY,
        FAILURE_MAIL_EVERY_MS,
    );
    let Some(count) = rows::value::<i64>(tx, sql, params)? else {
        return Ok(());
    };
    let mail = mail.with(MailValue::Count, &count.to_string());
    outbox::put_mail(tx, &mail, cause)
}
