use cardea_protocol::model::AuditEvent;

use super::AuditEntry;
use crate::Message;

/// A message was given up. Nothing is recorded of a mail to somebody who has no account: strangers can cause as many as they like.
pub fn undelivered<'a>(message: &'a Message, why: &'a str) -> Option<AuditEntry<'a>> {
    let entry = match message {
        Message::LogoutToken {
            client_id, subject, ..
        } => AuditEntry::of_both(AuditEvent::LogoutUndelivered, subject, client_id),
        Message::Mail(mail) => AuditEntry::of_user(AuditEvent::MailUndelivered, mail.subject()?),
    };
    Some(entry.detail(why))
}
