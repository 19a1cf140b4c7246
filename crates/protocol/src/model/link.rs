//! Links for one use.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::mail::EmailAddress;

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkPurpose {
    /// To a new password.
    PasswordReset,
    /// To the first password of a user whom an operator added.
    Invite,
    /// Confirms an address; its payload is an [`EmailChange`].
    VerifyEmail,
    /// Takes back the change of an address.
    EmailUndo,
    /// Of a user who did not log in, or did not change a password; its payload is a [`Disowned`](crate::disowned::Disowned).
    NotMe,
}

/// What a link to confirm an address changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailChange {
    /// The user's address when the link was made. Once it is another one, the link does nothing.
    pub from: Option<String>,
    /// The address to confirm.
    pub to: EmailAddress,
}

impl EmailChange {
    /// How long the address before can take the change back.
    pub const UNDO_TTL: SignedDuration = SignedDuration::from_hours(7 * 24);

    /// The payload of its link.
    #[must_use]
    pub fn to_payload(&self) -> String {
        json!(self).to_string()
    }

    /// Reads the payload of a link.
    #[must_use]
    pub fn of_payload(payload: &str) -> Option<Self> {
        serde_json::from_str(payload).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_read_from_the_payload_of_its_link() {
        for from in [None, Some("old@example.com".to_owned())] {
            let to = EmailAddress::parse("New@example.com").unwrap();
            let change = EmailChange { from, to };
            let payload = change.to_payload();
            assert_eq!(EmailChange::of_payload(&payload), Some(change));
        }
        for bad in [
            "",
            "new@example.com",
            r#"{"from":null,"to":"a@b\r\nBcc: c@d.example"}"#,
        ] {
            assert_eq!(EmailChange::of_payload(bad), None, "{bad}");
        }
    }
}
