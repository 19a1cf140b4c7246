//! Links for one use, which users are given by mail or by an operator.

use async_trait::async_trait;
use cardea_protocol::{
    mail::Mail,
    model::{Cause, LinkPurpose, Subject, User},
};
use cardea_seal::{Digest, Secret};
use jiff::Timestamp;

use crate::Result;

/// How many living links a user has for one purpose. A further one replaces the oldest, but not one that a stranger asks for.
pub const MAX_LIVING_LINKS: u32 = 3;

/// How many living links a user has that undo a change of the address. A further change is refused, since none of them may go: the first
/// one is the owner's.
pub const MAX_UNDO_LINKS: u32 = 10;

/// How many living links "it wasn't me" a user has. A further one replaces the newest: whoever has the account does not remove the
/// first link, which takes away all that came after it.
pub const MAX_NOT_ME_LINKS: u32 = 10;

/// A link to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLink {
    /// The hash of its token.
    pub token: Digest,
    /// What it is for.
    pub purpose: LinkPurpose,
    /// Of `VerifyEmail` the [`EmailChange`](cardea_protocol::model::EmailChange), of `EmailUndo` the address, of a `PasswordReset`
    /// that is mailed the address, which the user must still have, of `NotMe` what is
    /// [`Disowned`](cardea_protocol::disowned::Disowned); whether the user has a second factor is added to that.
    pub payload: Option<String>,
    /// Until when it can be used.
    pub expires_at: Timestamp,
}

/// A mail about a change, with the link of a user who did not make it. Both are written in the transaction of the change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The mail.
    pub mail: Mail,
    /// The link "it wasn't me" that is in it, if there is one.
    pub not_me: Option<NewLink>,
}

/// Makes a link. Audited as `link_made`.
pub struct MakeLink {
    /// The user.
    pub subject: Subject,
    /// The link.
    pub link: NewLink,
    /// The mail that it is in, if it is mailed.
    pub mail: Option<Mail>,
    /// Who does it.
    pub cause: Cause,
}

/// A living link.
pub struct LivingLink {
    /// What it is for.
    pub purpose: LinkPurpose,
    /// Its user, who is enabled.
    pub user: User,
    /// As it was made, see [`NewLink::payload`].
    pub payload: Option<String>,
    /// Until when it can be used.
    pub expires_at: Timestamp,
    /// Of `NotMe` the payload of the user's first living link of this purpose: what was added since then goes.
    pub first: Option<String>,
}

/// A link that was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Its user.
    pub subject: Subject,
    /// Whether the address of `UndoEmail` or `NotMe` belongs to another user by now, so that this one has no address any more.
    pub address_lost: bool,
}

/// Uses a link, together with its effect.
pub struct TakeLink {
    /// The hash of its token.
    pub token: Digest,
    /// What happens. A link of another purpose is not used.
    pub effect: LinkEffect,
    /// A link that the user needs now: to a new password, or back from a change.
    pub next: Option<NewLink>,
    /// Mails about it.
    pub mails: Vec<Mail>,
    /// Who does it.
    pub cause: Cause,
}

/// The effect of a link.
pub enum LinkEffect {
    /// Of `PasswordReset` and `Invite`: the user gets this password. All sessions end, all grants are revoked, and other links to a
    /// new password, and those to another address, do nothing any more.
    SetPassword(Secret<String>),
    /// Of `VerifyEmail`: the address of the link is the user's, and verified. A link of a user whose address is another one by now
    /// does nothing. An address with which another user logs in is a
    /// `Conflict`.
    VerifyEmail,
    /// Of `EmailUndo`: the address of the link is the user's again, and verified; see [`Taken::address_lost`]. Who changed it is locked
    /// out, as by `NotMe`.
    UndoEmail,
    /// Of `NotMe`: all sessions end, all grants are revoked, and the password is removed; credentials that were added since, or since an
    /// event before it whose link lives, go as [`Disowned::takes`](cardea_protocol::disowned::Disowned::takes) says. The address to which the link was mailed is the user's
    /// again. Links that were made later and undo or disown something do nothing any more, and a request to delete the account is
    /// cancelled.
    NotMe,
}

/// Links.
#[async_trait]
pub trait Links: Send + Sync {
    /// Makes a link. `false` when the user does not exist, is not enabled or has another address by now, and when a stranger asks for
    /// one more than [`MAX_LIVING_LINKS`].
    async fn make_link(&self, command: MakeLink) -> Result<bool>;
    /// Reads a living link. Reading it does not use it: mail scanners read links.
    async fn link(&self, token: Digest, now: Timestamp) -> Result<Option<LivingLink>>;
    /// Uses a link. `None` when there is no such living link of an enabled user: nothing was written.
    async fn take_link(&self, command: TakeLink) -> Result<Option<Taken>>;
}
