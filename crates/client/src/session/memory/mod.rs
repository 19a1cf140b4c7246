//! Sessions of one process, gone with it.

mod ending;

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use cardea_seal::Digest;
use jiff::Timestamp;

use self::ending::Ending;
use super::store::{
    KnownLogin, Lease, LeaseAnswer, LogoutNotice, NewSession, NoticeAnswer, SessionStore,
    StoreUnavailable, StoredSession, TakeLogin, TakenLogin,
};

/// The most sessions, by default.
const SESSIONS: usize = 100_000;
/// The most pending logins, and logins that were taken.
const LOGINS: usize = 10_000;
/// The most logout tokens that are remembered.
const NOTICES: usize = 10_000;

/// The default store: in memory, bounded. When it is full, what would end first goes.
pub struct MemoryStore(Mutex<Inner>);

struct Inner {
    /// `None` when the login was taken.
    logins: Ending<Option<KnownLogin>>,
    sessions: Ending<Row>,
    /// By the token's id, and by the `sid` in it.
    notices: Ending<()>,
}

struct Row {
    session: StoredSession,
    sid: Option<Digest>,
    sub: Digest,
    lease: Option<Lease>,
}

impl MemoryStore {
    /// A store for at most this many sessions.
    #[must_use]
    pub fn new(sessions: usize) -> Self {
        Self(Mutex::new(Inner {
            logins: Ending::new(LOGINS),
            sessions: Ending::new(sessions),
            notices: Ending::new(NOTICES),
        }))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryStore {
    /// A store for a hundred thousand sessions.
    fn default() -> Self {
        Self::new(SESSIONS)
    }
}

#[async_trait]
impl SessionStore for MemoryStore {
    async fn begin_login(&self, state: Digest, login: KnownLogin) -> Result<(), StoreUnavailable> {
        let ends_at = login.ends_at;
        self.inner().logins.insert(state, ends_at, Some(login));
        Ok(())
    }

    async fn take_login(
        &self,
        login: TakeLogin,
        now: Timestamp,
    ) -> Result<TakenLogin, StoreUnavailable> {
        let mut inner = self.inner();
        let Some(row) = inner.logins.get(login.state, now) else {
            if let Some(ends_at) = login.cookie {
                inner.logins.insert(login.state, ends_at, None);
            }
            return Ok(TakenLogin::Unknown);
        };
        match row {
            None => Ok(TakenLogin::Twice),
            Some(known) if login.cookie.is_none() && login.browser != Some(known.browser) => {
                Ok(TakenLogin::Unknown)
            }
            Some(known) => {
                let sealed = std::mem::take(&mut known.sealed);
                *row = None;
                Ok(TakenLogin::Known(sealed))
            }
        }
    }

    async fn open_session(
        &self,
        new: NewSession,
        replaces: Option<Digest>,
    ) -> Result<bool, StoreUnavailable> {
        let mut inner = self.inner();
        if let Some(old) = replaces {
            inner.sessions.remove(old);
        }
        if let Some(sid) = new.sid
            && inner.notices.get(sid, new.seen_at).is_some()
        {
            return Ok(false);
        }
        let row = Row {
            session: StoredSession {
                sealed: new.sealed,
                version: 0,
                seen_at: new.seen_at,
            },
            sid: new.sid,
            sub: new.sub,
            lease: None,
        };
        inner.sessions.insert(new.id, new.ends_at, row);
        Ok(true)
    }

    async fn load_session(
        &self,
        id: Digest,
        now: Timestamp,
    ) -> Result<Option<StoredSession>, StoreUnavailable> {
        let mut inner = self.inner();
        Ok(inner
            .sessions
            .get(id, now)
            .map(|row| StoredSession::clone(&row.session)))
    }

    async fn touch_session(
        &self,
        id: Digest,
        seen_at: Timestamp,
        ends_at: Timestamp,
    ) -> Result<(), StoreUnavailable> {
        let mut inner = self.inner();
        if let Some(row) = inner.sessions.get(id, seen_at)
            && row.session.seen_at < seen_at
        {
            row.session.seen_at = seen_at;
            inner.sessions.move_end(id, ends_at);
        }
        Ok(())
    }

    async fn lease_refresh(
        &self,
        id: Digest,
        lease: Lease,
        now: Timestamp,
    ) -> Result<LeaseAnswer, StoreUnavailable> {
        let mut inner = self.inner();
        let Some(row) = inner.sessions.get(id, now) else {
            return Ok(LeaseAnswer::Gone);
        };
        if row.session.version != lease.version {
            return Ok(LeaseAnswer::Newer);
        }
        if row.lease.is_some_and(|held| now < held.until) {
            return Ok(LeaseAnswer::Theirs);
        }
        row.lease = Some(lease);
        Ok(LeaseAnswer::Yours)
    }

    async fn finish_refresh(
        &self,
        id: Digest,
        lease: Lease,
        sealed: Option<Vec<u8>>,
    ) -> Result<bool, StoreUnavailable> {
        let mut inner = self.inner();
        let Some(row) = inner.sessions.row(id) else {
            return Ok(false);
        };
        if row.lease.is_none_or(|held| held.holder != lease.holder) {
            return Ok(false);
        }
        row.lease = None;
        if let Some(sealed) = sealed {
            row.session.sealed = sealed;
            row.session.version += 1;
        }
        Ok(true)
    }

    async fn end_session(&self, id: Digest) -> Result<Option<Vec<u8>>, StoreUnavailable> {
        let row = self.inner().sessions.remove(id);
        Ok(row.map(|row| row.session.sealed))
    }

    async fn end_by_notice(
        &self,
        notice: LogoutNotice,
        now: Timestamp,
    ) -> Result<NoticeAnswer, StoreUnavailable> {
        let mut inner = self.inner();
        if inner.notices.get(notice.jti, now).is_some() {
            return Ok(NoticeAnswer::Replayed);
        }
        for seen in [Some(notice.jti), notice.sid].into_iter().flatten() {
            inner.notices.insert(seen, notice.remember_until, ());
        }
        let named = |row: &Row| notice.names(row.sid, row.sub);
        Ok(NoticeAnswer::Ended(inner.sessions.remove_where(now, named)))
    }

    async fn sweep(&self, now: Timestamp, limit: usize) -> Result<usize, StoreUnavailable> {
        let mut inner = self.inner();
        Ok(inner.sessions.sweep(now, limit)
            + inner.logins.sweep(now, limit)
            + inner.notices.sweep(now, limit))
    }
}
