//! What a store of sessions must do, in whole steps.

use async_trait::async_trait;
use cardea_seal::Digest;
use jiff::Timestamp;

/// Keeps sessions and pending logins.
///
/// Nothing here assumes one process: what may happen once is decided by a conditional write, and the right to refresh is a
/// lease. A row is there until its `ends_at`, whether it has been swept or not.
#[async_trait]
pub trait SessionStore: Send + Sync + 'static {
    /// Keeps a pending login. When there is no room the oldest goes: its cookie still carries it.
    async fn begin_login(&self, state: Digest, login: KnownLogin) -> Result<(), StoreUnavailable>;

    /// Takes a login, once, for the browser that began it. One that only its cookie knows is remembered as taken, so that
    /// it is finished once as well.
    async fn take_login(
        &self,
        login: TakeLogin,
        now: Timestamp,
    ) -> Result<TakenLogin, StoreUnavailable>;

    /// Opens a session, and ends the one that the browser had before in the same step. `false`, and it is not opened, when
    /// a notice that is still remembered has named its session at the provider: the logout has overtaken the login.
    async fn open_session(
        &self,
        session: NewSession,
        replaces: Option<Digest>,
    ) -> Result<bool, StoreUnavailable>;

    /// The session with this id, while it lives.
    async fn load_session(
        &self,
        id: Digest,
        now: Timestamp,
    ) -> Result<Option<StoredSession>, StoreUnavailable>;

    /// Notes that the session was used, which moves its end. An ended session stays ended.
    async fn touch_session(
        &self,
        id: Digest,
        seen_at: Timestamp,
        ends_at: Timestamp,
    ) -> Result<(), StoreUnavailable>;

    /// Takes the right to refresh the tokens of this version of the session, when it is not held.
    async fn lease_refresh(
        &self,
        id: Digest,
        lease: Lease,
        now: Timestamp,
    ) -> Result<LeaseAnswer, StoreUnavailable>;

    /// Gives the lease back: with the new record, which makes the next version, or with nothing. Whether it was still
    /// the holder's, and the version still the one that was leased.
    async fn finish_refresh(
        &self,
        id: Digest,
        lease: Lease,
        sealed: Option<Vec<u8>>,
    ) -> Result<bool, StoreUnavailable>;

    /// Ends a session, and hands back its record when it was there.
    async fn end_session(&self, id: Digest) -> Result<Option<Vec<u8>>, StoreUnavailable>;

    /// Ends what a logout token names, unless that token was seen before. The session it names at the provider is
    /// remembered with it.
    async fn end_by_notice(
        &self,
        notice: LogoutNotice,
        now: Timestamp,
    ) -> Result<NoticeAnswer, StoreUnavailable>;

    /// Removes at most `limit` rows of each kind that have ended; how many there were.
    async fn sweep(&self, now: Timestamp, limit: usize) -> Result<usize, StoreUnavailable>;
}

/// The store can't answer now. Nothing is known about what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the session store is not available: {0}")]
pub struct StoreUnavailable(pub String);

/// A pending login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownLogin {
    /// The browser that began it.
    pub browser: Digest,
    /// What the relying party needs to finish it, sealed.
    pub sealed: Vec<u8>,
    /// When it is too late.
    pub ends_at: Timestamp,
}

/// An attempt to take a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakeLogin {
    /// The hash of the state that came back.
    pub state: Digest,
    /// The browser that asks.
    pub browser: Option<Digest>,
    /// Until when the login's own cookie is good. Who has it began the login, whatever `browser` says.
    pub cookie: Option<Timestamp>,
}

/// What became of the attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TakenLogin {
    /// It was known, and is the caller's now: what was sealed.
    Known(Vec<u8>),
    /// The store knows no such login of this browser, and it was not taken.
    Unknown,
    /// It was taken before.
    Twice,
}

/// A session to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    /// The hash of the id in the cookie.
    pub id: Digest,
    /// The session at the provider, for logout by `sid`.
    pub sid: Option<Digest>,
    /// The user at the provider, for logout by `sub`.
    pub sub: Digest,
    /// Who it is and their tokens, sealed.
    pub sealed: Vec<u8>,
    /// The moment of the login.
    pub seen_at: Timestamp,
    /// When it ends if it isn't used.
    pub ends_at: Timestamp,
}

/// A session as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSession {
    /// Who it is and their tokens, sealed.
    pub sealed: Vec<u8>,
    /// Counts the changes of the record.
    pub version: u32,
    /// The last use that was noted.
    pub seen_at: Timestamp,
}

/// The right to refresh, for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// The version of the record whose tokens are to be refreshed.
    pub version: u32,
    /// Who asks, at random.
    pub holder: Digest,
    /// When others may try, whatever became of the holder.
    pub until: Timestamp,
}

/// What became of an attempt to lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaseAnswer {
    /// The lease is the caller's.
    Yours,
    /// Another holder has it.
    Theirs,
    /// The record has another version by now: load it again.
    Newer,
    /// There is no such session.
    Gone,
}

/// A logout that the provider reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogoutNotice {
    /// The token's own id, to be seen once.
    pub jti: Digest,
    /// How long the id and the `sid` are remembered.
    pub remember_until: Timestamp,
    /// The session at the provider.
    pub sid: Option<Digest>,
    /// The user at the provider.
    pub sub: Option<Digest>,
}

impl LogoutNotice {
    /// Whether a session of this `sid` and `sub` is meant.
    ///
    /// A notice that names a session at the provider ends that one, and of the user's others those of which it was never
    /// said to which session they belong.
    #[must_use]
    pub fn names(&self, sid: Option<Digest>, sub: Digest) -> bool {
        match (self.sid, sid) {
            (Some(named), Some(own)) => named == own,
            _ => self.sub == Some(sub),
        }
    }
}

/// What became of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeAnswer {
    /// So many sessions have ended; none is an answer too.
    Ended(usize),
    /// The token was seen before.
    Replayed,
}
