//! Which account an identity of an upstream signs in to.
//!
//! Two attacks are to fail: someone brings an identity with another user's address and gets into that user's account; and someone
//! makes an account with another user's address and waits until the owner's identity is linked to it (pre-hijacking).

use super::{
    address::{Domain, UpstreamAddress},
    identity::UpstreamIdentity,
};
use crate::model::Subject;

/// What the operator allows an upstream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinkPolicy {
    /// The domains of which an address that this upstream has verified is believed.
    pub trusted_domains: Vec<Domain>,
    /// Whether an identity without an account gets one.
    pub just_in_time: bool,
}

/// What the user is on the way to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose<'a> {
    /// Signing in.
    SignIn,
    /// Linking the identity to the account in which the user has signed in recently.
    Link(&'a Subject),
}

/// The account that has the identity's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalAccount<'a> {
    /// Whose it is.
    pub subject: &'a Subject,
    /// Whether the address was verified here.
    pub email_verified: bool,
}

/// An identity that has come back from its upstream, with what is known of it here.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    /// The identity.
    pub identity: &'a UpstreamIdentity,
    /// The account that it is linked to.
    pub linked: Option<&'a Subject>,
    /// What it came for.
    pub purpose: Purpose<'a>,
    /// The account with its verified address.
    pub local: Option<LocalAccount<'a>>,
    /// What the operator allows.
    pub policy: &'a LinkPolicy,
}

/// What becomes of an arrival.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkVerdict {
    /// The identity is linked to this account.
    SignIn(Subject),
    /// The identity is linked to this account now: by the user who is signed in, or by an address that is believed.
    Link(Subject),
    /// A new account.
    Create {
        /// Its address, and whether that counts as verified.
        email: Option<(UpstreamAddress, bool)>,
    },
    /// There is an account with this address. Only its user can link the identity, after signing in there.
    AskToLink {
        /// The user.
        owner: Subject,
        /// The address.
        address: UpstreamAddress,
    },
    /// Nothing.
    Refuse(LinkRefusal),
}

/// Why an identity can't be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkRefusal {
    /// Another account has it.
    #[error("the identity is linked to another account")]
    LinkedToAnother,
    /// No account has it, and none is made.
    #[error("no account is linked to the identity, and new accounts are not made")]
    NoAccount,
}

/// Judges which account an identity belongs to.
#[must_use]
pub fn judge_link(arrival: &Arrival<'_>) -> LinkVerdict {
    match (arrival.purpose, arrival.linked) {
        (Purpose::SignIn, Some(user)) => LinkVerdict::SignIn(user.clone()),
        (Purpose::Link(user), Some(linked)) if user == linked => LinkVerdict::SignIn(user.clone()),
        (Purpose::Link(_), Some(_)) => LinkVerdict::Refuse(LinkRefusal::LinkedToAnother),
        // The user has proved both: the account by the session, the identity by the upstream.
        (Purpose::Link(user), None) => LinkVerdict::Link(user.clone()),
        (Purpose::SignIn, None) => of_a_stranger(arrival),
    }
}

/// The identity has no account. An address decides only if the upstream has verified it.
fn of_a_stranger(arrival: &Arrival<'_>) -> LinkVerdict {
    let policy = arrival.policy;
    let address = arrival.identity.verified_address();
    let trusted = address
        .as_ref()
        .is_some_and(|address| policy.trusted_domains.contains(address.domain()));
    // Whoever made an account with an address that they did not prove must not get the owner's identity into it.
    let owner = arrival.local.filter(|account| account.email_verified);
    match (address, owner) {
        (Some(_), Some(owner)) if trusted => LinkVerdict::Link(owner.subject.clone()),
        (Some(address), Some(owner)) => LinkVerdict::AskToLink {
            owner: owner.subject.clone(),
            address,
        },
        _ if !policy.just_in_time => LinkVerdict::Refuse(LinkRefusal::NoAccount),
        (Some(address), None) => LinkVerdict::Create {
            email: Some((address, trusted)),
        },
        // The caller looks an account up by a verified address only; without one there is none to compare with.
        (None, _) => LinkVerdict::Create { email: None },
    }
}

#[cfg(test)]
#[path = "linking_tests.rs"]
pub(super) mod tests;
