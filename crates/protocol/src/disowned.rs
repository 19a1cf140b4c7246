//! What goes when a user says "it wasn't me": the rule for the credentials that were added since.
//!
//! The password always goes. A passkey or a linked account that an attacker added is a way in, so it has to go too. But a stranger who reads
//! the user's mail has the link as well, and mail alone must not take away a second factor that protects the account from just that:
//! so the account keeps one whenever it had one.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::mail::EmailAddress;

/// What a user disowns; the payload of a [`LinkPurpose::NotMe`](crate::model::LinkPurpose).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disowned {
    /// When it happened.
    pub at: Timestamp,
    /// The address of the account then, to which the link was mailed.
    pub email: EmailAddress,
    /// Whether the user had a second factor then.
    pub had_factor: bool,
}

/// A credential, besides the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialKind {
    /// An authenticator app or a passkey.
    Factor,
    /// A backup code, or a linked account of another provider.
    Other,
}

/// When a credential was added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Added {
    /// What it is.
    pub kind: CredentialKind,
    /// When.
    pub at: Timestamp,
}

impl Disowned {
    /// How long the link works.
    pub const TTL: SignedDuration = SignedDuration::from_hours(7 * 24);

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

    /// Whether one of all credentials of the user goes. What is older stays. A newer factor goes if the user had none, or still has
    /// an older one: who added it with a factor that is gone has proved that factor, and the mail alone proves less.
    #[must_use]
    pub fn takes(&self, one: Added, all: &[Added]) -> bool {
        if one.at < self.at {
            return false;
        }
        let older_factor =
            |other: &Added| other.kind == CredentialKind::Factor && other.at < self.at;
        match one.kind {
            CredentialKind::Other => true,
            CredentialKind::Factor => !self.had_factor || all.iter().any(older_factor),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        CredentialKind::{Factor, Other},
        *,
    };
    use crate::samples::now;

    fn event(had_factor: bool) -> Disowned {
        Disowned {
            at: now(),
            email: EmailAddress::parse("alice@example.com").unwrap(),
            had_factor,
        }
    }

    /// A credential that was added so many seconds after the event.
    fn added(kind: CredentialKind, seconds: i64) -> Added {
        let at = now() + SignedDuration::from_secs(seconds);
        Added { kind, at }
    }

    #[test]
    fn what_was_added_since_goes_and_what_is_older_stays() {
        for (had_factor, kind, seconds, goes) in [
            (false, Factor, 0, true),
            (false, Factor, 9, true),
            (false, Other, 9, true),
            (false, Other, -1, false),
            (true, Factor, -1, false),
            (true, Other, 0, true),
        ] {
            let one = added(kind, seconds);
            assert_eq!(event(had_factor).takes(one, &[one]), goes, "{one:?}");
        }
    }

    #[test]
    fn mail_alone_does_not_take_the_last_factor_of_a_user_who_had_one() {
        let (old, new) = (added(Factor, -9), added(Factor, 9));
        let codes = added(Other, -9);
        assert!(!event(true).takes(new, &[new, codes]));
        assert!(event(true).takes(new, &[old, new]));
        assert!(event(false).takes(new, &[new]), "as it was then: none");
    }

    #[test]
    fn it_is_read_from_the_payload_of_its_link() {
        for had_factor in [false, true] {
            let event = event(had_factor);
            assert_eq!(Disowned::of_payload(&event.to_payload()), Some(event));
        }
        for bad in ["", "alice@example.com", r#"{"at":"x"}"#] {
            assert_eq!(Disowned::of_payload(bad), None, "{bad}");
        }
    }
}
