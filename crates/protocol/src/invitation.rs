//! Invitations (2.1, D27): to make an account, to join an organization, or both.
//!
//! Whoever has the link of an invitation either received it at the invited address or got it from an operator, who answers for that.
//! So the address of an account that is made with it is verified.

use jiff::{SignedDuration, Timestamp};

use crate::{
    language::Lang,
    mail::EmailAddress,
    model::{Actor, InvitationId, MetadataError, OrganizationId, Subject, Username},
};

/// An invitation that lives shorter is no help.
pub const SHORTEST: SignedDuration = SignedDuration::from_mins(15);
/// An invitation that lives longer is forgotten.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How long an invitation lives if nothing else is said.
pub const USUAL: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How many living invitations an organization has at most, and the provider outside of all organizations.
pub const MAX_INVITATIONS: u32 = 1000;
/// The longest name that is shown, in characters.
const MAX_NAME_CHARS: usize = 100;

/// An invitation. Its token is not in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Names it in lists and in the audit. It is no secret.
    pub id: InvitationId,
    /// Who is invited.
    pub email: EmailAddress,
    /// The user name that is proposed for a new account.
    pub username: Option<Username>,
    /// The organization to join.
    pub organization: Option<OrganizationId>,
    /// The roles inside the organization or, without one, of the new account.
    pub roles: Vec<String>,
    /// The language of the mail and of the page.
    pub lang: Option<Lang>,
    /// Who invites.
    pub invited_by: Actor,
    /// The name of the user who invites, as it is shown.
    pub inviter: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it can be used.
    pub expires_at: Timestamp,
}

/// Refuses a time that is too short or too long.
pub fn check_validity(valid: SignedDuration) -> Result<(), MetadataError> {
    if (SHORTEST..=LONGEST).contains(&valid) {
        return Ok(());
    }
    Err(MetadataError {
        field: "valid_seconds",
        problem: "an invitation is valid for 15 minutes to 30 days".to_owned(),
    })
}

/// A name of a user, as it is shown: on one line, and not longer than a name.
#[must_use]
pub fn shown_name(name: &str) -> Option<String> {
    let visible = name.chars().filter(|c| !crate::model::is_invisible(*c));
    let name: String = visible.take(MAX_NAME_CHARS).collect();
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

/// What the holder of a living invitation can do with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Make an account with the invited address, and join the organization with it.
    MakeAccount,
    /// Log in first: the invited address has an account.
    LogIn,
    /// Join the organization.
    Join,
    /// Nothing: the account that it is for exists.
    HasAccount,
    /// Nothing as this user: the invitation is for another one.
    OtherUser,
}

/// Judges what can be done with an invitation, by the user who is signed in and by the user who logs in with the invited address. An
/// address that is not verified counts for nothing: anyone can enter one.
#[must_use]
pub fn judge(invitation: &Invitation, signed_in: Option<&Subject>, owner: Option<&Subject>) -> Way {
    match (signed_in, owner) {
        (None, None) => Way::MakeAccount,
        (Some(user), owner) if owner != Some(user) => Way::OtherUser,
        (_, Some(_)) if invitation.organization.is_none() => Way::HasAccount,
        (None, Some(_)) => Way::LogIn,
        (Some(_), _) => Way::Join,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{now, subject};

    fn invitation(organization: Option<&str>) -> Invitation {
        Invitation {
            id: InvitationId::parse("abc").unwrap(),
            email: EmailAddress::parse("alice@example.test").unwrap(),
            username: None,
            organization: organization.map(|id| OrganizationId::parse(id).unwrap()),
            roles: Vec::new(),
            lang: None,
            invited_by: Actor::System,
            inviter: None,
            created_at: now(),
            expires_at: now() + USUAL,
        }
    }

    #[test]
    fn an_invitation_is_for_the_user_of_its_address_only() {
        let (alice, bob) = (subject("alice"), subject("bob"));
        let (to_join, plain) = (invitation(Some("acme")), invitation(None));
        for (signed_in, owner, joining, otherwise) in [
            (None, None, Way::MakeAccount, Way::MakeAccount),
            (None, Some(&alice), Way::LogIn, Way::HasAccount),
            (Some(&alice), Some(&alice), Way::Join, Way::HasAccount),
            (Some(&bob), Some(&alice), Way::OtherUser, Way::OtherUser),
            // Signed in with another address, or with the invited one that is not verified.
            (Some(&bob), None, Way::OtherUser, Way::OtherUser),
        ] {
            assert_eq!(judge(&to_join, signed_in, owner), joining);
            assert_eq!(judge(&plain, signed_in, owner), otherwise);
        }
    }

    #[test]
    fn an_invitation_is_valid_for_15_minutes_to_30_days() {
        let second = SignedDuration::from_secs(1);
        for good in [SHORTEST, USUAL, LONGEST] {
            assert_eq!(check_validity(good), Ok(()));
        }
        for bad in [
            SHORTEST - second,
            LONGEST + second,
            SignedDuration::ZERO,
            -USUAL,
            SignedDuration::MAX,
        ] {
            assert!(check_validity(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_shown_name_is_one_bounded_line() {
        let shown = |name: &str| shown_name(name);
        assert_eq!(shown(" Alice A ").as_deref(), Some("Alice A"));
        assert_eq!(
            shown("Eve\r\nBcc: x\u{202e}\u{200b}").as_deref(),
            Some("EveBcc: x")
        );
        assert_eq!(shown(" \n"), None);
        assert_eq!(shown(&"ü".repeat(500)).unwrap().chars().count(), 100);
    }
}
