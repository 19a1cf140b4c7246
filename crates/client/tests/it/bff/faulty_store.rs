//! A store that fails.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use cardea_client::session::{
    KnownLogin, Lease, LeaseAnswer, LogoutNotice, MemoryStore, NewSession, NoticeAnswer,
    SessionStore, StoreUnavailable, StoredSession, TakeLogin, TakenLogin,
};
use cardea_seal::Digest;
use jiff::Timestamp;
use tokio::sync::Notify;

type Outcome<T> = Result<T, StoreUnavailable>;

#[derive(Default)]
pub(crate) struct FaultyStore {
    store: MemoryStore,
    /// It can open and load sessions, and nothing else.
    forgetful: bool,
    /// Somebody logs out while tokens are being renewed.
    pub(crate) logout_meanwhile: AtomicBool,
    /// A logout waits before it is carried out, and says so.
    pub(crate) logout_waits: AtomicBool,
    pub(crate) waiting: Notify,
    pub(crate) go_on: Notify,
    /// So many times it fails to keep renewed tokens.
    pub(crate) hiccups: AtomicUsize,
}

impl FaultyStore {
    pub(crate) fn forgetful() -> Self {
        Self {
            forgetful: true,
            ..Self::default()
        }
    }

    fn up(&self) -> Outcome<()> {
        match self.forgetful {
            true => Err(StoreUnavailable("down".to_owned())),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl SessionStore for FaultyStore {
    async fn begin_login(&self, state: Digest, login: KnownLogin) -> Outcome<()> {
        self.up()?;
        self.store.begin_login(state, login).await
    }

    async fn take_login(&self, login: TakeLogin, now: Timestamp) -> Outcome<TakenLogin> {
        self.up()?;
        self.store.take_login(login, now).await
    }

    async fn open_session(&self, new: NewSession, replaces: Option<Digest>) -> Outcome<bool> {
        self.store.open_session(new, replaces).await
    }

    async fn load_session(&self, id: Digest, now: Timestamp) -> Outcome<Option<StoredSession>> {
        self.store.load_session(id, now).await
    }

    async fn touch_session(
        &self,
        id: Digest,
        seen_at: Timestamp,
        ends_at: Timestamp,
    ) -> Outcome<()> {
        self.up()?;
        self.store.touch_session(id, seen_at, ends_at).await
    }

    async fn lease_refresh(
        &self,
        id: Digest,
        lease: Lease,
        now: Timestamp,
    ) -> Outcome<LeaseAnswer> {
        self.up()?;
        self.store.lease_refresh(id, lease, now).await
    }

    async fn finish_refresh(
        &self,
        id: Digest,
        lease: Lease,
        sealed: Option<Vec<u8>>,
    ) -> Outcome<bool> {
        if self.logout_meanwhile.load(Ordering::SeqCst) {
            self.store.end_session(id).await?;
        }
        let hiccup = |left: usize| left.checked_sub(1);
        if self
            .hiccups
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, hiccup)
            .is_ok()
        {
            return Err(StoreUnavailable("a hiccup".to_owned()));
        }
        self.store.finish_refresh(id, lease, sealed).await
    }

    async fn end_session(&self, id: Digest) -> Outcome<Option<Vec<u8>>> {
        self.up()?;
        if self.logout_waits.load(Ordering::SeqCst) {
            self.waiting.notify_one();
            self.go_on.notified().await;
        }
        self.store.end_session(id).await
    }

    async fn end_by_notice(&self, notice: LogoutNotice, now: Timestamp) -> Outcome<NoticeAnswer> {
        self.up()?;
        self.store.end_by_notice(notice, now).await
    }

    async fn sweep(&self, now: Timestamp, limit: usize) -> Outcome<usize> {
        self.up()?;
        self.store.sweep(now, limit).await
    }
}
