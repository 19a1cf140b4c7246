//! Links between accounts and identities of other providers. A link is a credential of its user (D25).

use async_trait::async_trait;
use cardea_protocol::{
    federation::{LinkKey, UpstreamId},
    model::{Cause, SessionId, Subject, User},
};
use jiff::Timestamp;

use crate::{Notice, Result, UserUpdate};

/// How many links a user can have.
pub const MAX_LINKS: usize = 20;

/// An identity of another provider, to be linked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamLink {
    /// Its key.
    pub key: LinkKey,
    /// The provider.
    pub upstream: UpstreamId,
    /// `iss` there.
    pub issuer: String,
    /// `sub` there.
    pub subject: String,
    /// What the provider calls the user, for the account page.
    pub label: Option<String>,
}

/// A link, as a user sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkView {
    /// The identity.
    pub link: UpstreamLink,
    /// When it was linked.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
}

/// Adds a user together with the link of an identity. Audited as `user_added` and `account_linked`.
pub struct AddLinkedUser {
    /// The user. A name that is taken is a `Conflict`.
    pub user: User,
    /// The identity.
    pub link: UpstreamLink,
    /// Who does it.
    pub cause: Cause,
}

/// What became of an identity that was to be linked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Linked {
    /// It is linked now.
    Now,
    /// It was linked to this user already; nothing was written.
    Already(Subject),
    /// The user does not exist, is disabled, or has [`MAX_LINKS`].
    Refused,
}

/// Links an identity to a user. Audited as `account_linked`.
pub struct AddLink {
    /// The user.
    pub subject: Subject,
    /// The identity.
    pub link: UpstreamLink,
    /// The mail about it.
    pub notice: Option<Notice>,
    /// Who does it.
    pub cause: Cause,
}

/// Removes a link. Audited as `account_unlinked`. The sessions that began with it end.
pub struct RemoveLink {
    /// The user.
    pub subject: Subject,
    /// Which.
    pub key: LinkKey,
    /// The session that is kept: the user's own.
    pub keep: Option<SessionId>,
    /// The mail about it.
    pub notice: Option<Notice>,
    /// Who does it.
    pub cause: Cause,
}

/// What became of a link that was to be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unlinked {
    /// It is gone.
    Now,
    /// The user has no such link.
    Missing,
    /// It is the user's only way in; nothing was written.
    LastWayIn,
}

/// Uses a link at a login.
pub struct UseLink {
    /// The user.
    pub subject: Subject,
    /// Which.
    pub key: LinkKey,
    /// What the identity changes about the user; nothing when it is `None`.
    pub update: Option<UserUpdate>,
    /// Who does it.
    pub cause: Cause,
}

/// The login at another provider by which a session began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamSession {
    /// The provider.
    pub upstream: UpstreamId,
    /// The link, which the user must still have.
    pub link: LinkKey,
    /// The session there ([`LinkKey::of`] its `sid`).
    pub session: Option<LinkKey>,
}

/// Carries out a logout token of another provider.
pub struct EndUpstreamSessions {
    /// The hash of the token's `jti` ([`LinkKey::of`]).
    pub token: LinkKey,
    /// Until when it is remembered.
    pub expires_at: Timestamp,
    /// The link of the token's `sub`.
    pub link: Option<LinkKey>,
    /// The session of the token's `sid`. With both, sessions that match both end.
    pub session: Option<LinkKey>,
    /// Who does it.
    pub cause: Cause,
}

/// Links to identities of other providers.
#[async_trait]
pub trait Upstreams: Send + Sync {
    /// The user that an identity is linked to.
    async fn linked_user(&self, key: &LinkKey) -> Result<Option<User>>;
    /// The user with this verified address, in any case; the oldest where several have it.
    async fn user_by_verified_email(&self, email: &str) -> Result<Option<User>>;
    /// The links of a user, the oldest first.
    async fn links_of(&self, subject: &Subject) -> Result<Vec<LinkView>>;
    /// Adds a user with a link. Of two logins with one identity at once, one adds the user.
    async fn add_linked_user(&self, command: AddLinkedUser) -> Result<Linked>;
    /// Links an identity to a user.
    async fn add_link(&self, command: AddLink) -> Result<Linked>;
    /// Removes a link, unless it is the user's last way in.
    async fn remove_link(&self, command: RemoveLink) -> Result<Unlinked>;
    /// Notes the use of a link and changes its user. `false` when the user has no such link: nothing was written.
    async fn use_link(&self, command: UseLink) -> Result<bool>;
    /// The provider at which the session began, if it was at another one.
    async fn upstream_of_session(&self, id: SessionId) -> Result<Option<UpstreamId>>;
    /// Ends the sessions that began in a session of another provider; returns how many. `None` when the logout token was used
    /// before.
    async fn end_upstream_sessions(&self, command: EndUpstreamSessions) -> Result<Option<u64>>;
}
