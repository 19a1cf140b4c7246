//! Browsers that are logged in.

use async_trait::async_trait;
use cardea_protocol::model::{Cause, Session, SessionEnd, SessionId, Sid, Subject};
use jiff::{SignedDuration, Timestamp};

use crate::{Page, Result};

/// Opens a session at a login. Sets the person's failed logins to zero, audited as `login`.
pub struct OpenSession {
    /// The new session.
    pub session: Session,
    /// The session that the browser had. The same person: it is replaced in place and keeps its `sid` (D8), its
    /// grants and codes go over to the new cookie. Another person: it ends as `Replaced`, with what hangs on it.
    pub previous: Option<SessionId>,
    /// Who does it.
    pub cause: Cause,
}

/// Ends sessions. Each revokes its codes, and its grants without `offline_access`, and puts a logout into the outbox for each of
/// its clients that wants to be told, in the same transaction.
pub struct EndSessions {
    /// Which.
    pub which: EndWhich,
    /// Why; `Logout` is audited as `logout`, anything else as `session_ended`.
    pub why: SessionEnd,
    /// Who does it.
    pub cause: Cause,
}

/// Which sessions to end.
pub enum EndWhich {
    /// The one of a cookie.
    Id(SessionId),
    /// The one of this public name, if it is this person's (`None`: anybody's, for operators).
    Sid(Sid, Option<Subject>),
    /// All of a person.
    Subject(Subject),
}

/// Sessions.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// The session of a cookie, if it is alive at `now` and its person is there and enabled.
    async fn session(&self, id: SessionId, now: Timestamp) -> Result<Option<Session>>;
    /// Opens a session; the `sid` that it goes by. `None` when the person is gone or disabled: nothing was written.
    async fn open_session(&self, command: OpenSession) -> Result<Option<Sid>>;
    /// Moves `last_seen_at` and the idle end, if the last move is over a minute ago.
    async fn touch_session(
        &self,
        id: SessionId,
        now: Timestamp,
        idle: SignedDuration,
    ) -> Result<()>;
    /// Ends sessions; how many were alive.
    async fn end_sessions(&self, command: EndSessions) -> Result<u64>;
    /// The living sessions of a person, the youngest first, at most 200.
    async fn sessions_of(&self, subject: &Subject, now: Timestamp) -> Result<Vec<Session>>;
    /// A page of living sessions, the youngest first.
    async fn sessions(&self, page: Page, now: Timestamp) -> Result<Vec<Session>>;
}
