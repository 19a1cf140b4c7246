//! Links for one use, which users are given by mail or by an operator.

use async_trait::async_trait;
use cardea_protocol::{
    mail::Mail,
    model::{Cause, LinkPurpose, Subject, User},
};
use cardea_seal::{Digest, Secret};
use jiff::Timestamp;

use crate::Result;

/// How many living links a user has for one purpose. A further one replaces the oldest.
pub const MAX_LIVING_LINKS: u32 = 3;

/// A link to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLink {
    /// The hash of its token.
    pub token: Digest,
    /// What it is for.
    pub purpose: LinkPurpose,
    /// Of `VerifyEmail` the [`EmailChange`](cardea_protocol::model::EmailChange), of `EmailUndo` the address.
    pub payload: Option<String>,
    /// Until when it can be used.
    pub expires_at: Timestamp,
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
    /// new password do nothing any more.
    SetPassword(Secret<String>),
    /// Of `VerifyEmail`: the address of the link is the user's, and verified. A link of a user whose address is another one by now
    /// does nothing. An address with which another user logs in is a
    /// `Conflict`.
    VerifyEmail,
    /// Of `EmailUndo`: the address of the link is the user's again, and verified. Who changed it is locked out, as by `NotMe`: the
    /// undo links of later changes do nothing any more, and a request to delete the account is cancelled.
    UndoEmail,
    /// Of `NotMe`: all sessions end, all grants are revoked, and the password is removed.
    NotMe,
}

/// Links.
#[async_trait]
pub trait Links: Send + Sync {
    /// Makes a link. `false` when the user does not exist or is not enabled.
    async fn make_link(&self, command: MakeLink) -> Result<bool>;
    /// Reads a living link. Reading it does not use it: mail scanners read links.
    async fn link(&self, token: Digest, now: Timestamp) -> Result<Option<LivingLink>>;
    /// Uses a link; returns its user. `None` when there is no such living link of an enabled user: nothing was written.
    async fn take_link(&self, command: TakeLink) -> Result<Option<Subject>>;
}
