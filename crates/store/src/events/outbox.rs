use cardea_protocol::model::AuditEvent;

use super::AuditEntry;
use crate::Message;

/// A message was given up.
pub fn undelivered<'a>(message: &'a Message, why: &'a str) -> AuditEntry<'a> {
    match message {
        Message::LogoutToken {
            client_id, subject, ..
        } => AuditEntry::of_both(AuditEvent::LogoutUndelivered, subject, client_id).detail(why),
    }
}
