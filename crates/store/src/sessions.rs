//! Sessions of browsers.

use async_trait::async_trait;
use cardea_protocol::model::{
    AuthenticationContext, Cause, PasskeyId, Session, SessionEnd, SessionId, Sid, Subject,
};
use jiff::{SignedDuration, Timestamp};

use crate::{Notice, Page, Result, Rows, SessionPosition, UpstreamSession};

/// Opens a session at a login. Resets the user's failed logins; audited as `login`.
pub struct OpenSession {
    /// The new session.
    pub session: Session,
    /// The session that the browser had. If it belongs to the same user, it is replaced in place and keeps its `sid` (D8),
    /// grants and codes. If it belongs to another user, it ends as `Replaced`, with its codes and grants.
    pub previous: Option<SessionId>,
    /// When the password was set that the login verified; none where no password was part of it. The session is only opened while
    /// the user has this password, and does not have to change it: a login in progress doesn't survive a new one.
    pub password_set_at: Option<Timestamp>,
    /// The login at another provider by which the session begins. It is only opened while the user has this link. A session that
    /// is replaced without one keeps what it had.
    pub upstream: Option<UpstreamSession>,
    /// The mail about a login in a browser in which the user has not logged in before. It is not written at the first login of all.
    pub notice: Option<Notice>,
    /// The passkey by which the session begins. It is only opened while the user has it.
    pub passkey: Option<PasskeyId>,
    /// Who does it.
    pub cause: Cause,
}

/// Adds a second factor to a living session (RFC 9470). It keeps its `sid`, codes and grants, and gets a new cookie: one that was copied
/// before is not worth more than it was. Audited as `stepped_up`.
pub struct StepUpSession {
    /// The session, by the cookie that it has.
    pub id: SessionId,
    /// Its new cookie.
    pub new_id: SessionId,
    /// Its user.
    pub subject: Subject,
    /// When and how the user authenticated, with the second factor.
    pub context: AuthenticationContext,
    /// Who does it.
    pub cause: Cause,
}

/// Ends sessions. Each revokes its codes and its grants (those with `offline_access` as [`Applications`] says), and puts a logout into the outbox for each
/// client with a logout URI, in the same transaction.
pub struct EndSessions {
    /// Which.
    pub which: EndWhich,
    /// Why. `Logout` is audited as `logout`, everything else as `session_ended`.
    pub why: SessionEnd,
    /// What becomes of the grants with `offline_access`.
    pub applications: Applications,
    /// Who does it.
    pub cause: Cause,
}

/// What becomes of the applications that act for a user, when sessions end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Applications {
    /// Grants with `offline_access` outlive the session, as after a logout (OpenID Core §11).
    Keep,
    /// The grants are revoked: somebody else may have them. When all sessions of a user end, that means all grants and codes
    /// of the user, also those of sessions that have ended before.
    #[default]
    Revoke,
}

/// Which sessions to end.
pub enum EndWhich {
    /// The one of a cookie.
    Id(SessionId),
    /// The one with this public name, if it belongs to this user (`None`: to any user, for operators).
    Sid(Sid, Option<Subject>),
    /// All sessions of a user.
    Subject(Subject),
    /// All sessions of a user but the one of this cookie.
    OthersOf(Subject, SessionId),
}

/// Sessions.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// The session of a cookie, if it is alive at `now` and its user may log in.
    async fn session(&self, id: SessionId, now: Timestamp) -> Result<Option<Session>>;
    /// Opens a session; returns its `sid`. `None` when the user does not exist, may not log in, or has another password or one that must be
    /// changed: nothing was written.
    async fn open_session(&self, command: OpenSession) -> Result<Option<Sid>>;
    /// Adds a second factor to a session. `false` when it has ended or has another cookie or user: nothing was written.
    async fn step_up_session(&self, command: StepUpSession) -> Result<bool>;
    /// Moves `last_seen_at` and, unless the session is remembered, the idle end, if the last move is over a minute ago.
    async fn touch_session(
        &self,
        id: SessionId,
        now: Timestamp,
        idle: SignedDuration,
    ) -> Result<()>;
    /// Ends sessions; returns how many were alive.
    async fn end_sessions(&self, command: EndSessions) -> Result<u64>;
    /// A page of the live sessions of a user, the newest first.
    async fn sessions_of(
        &self,
        subject: &Subject,
        page: Page<SessionPosition>,
        now: Timestamp,
    ) -> Result<Rows<Session, SessionPosition>>;
    /// A page of live sessions, the newest first.
    async fn sessions(
        &self,
        page: Page<SessionPosition>,
        now: Timestamp,
    ) -> Result<Rows<Session, SessionPosition>>;
}
