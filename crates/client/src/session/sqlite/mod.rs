//! Sessions in a SQLite file: they outlive the process, and several processes of one machine share them.
//!
//! `open.rs` opens the file and migrates it, `writer.rs` is the one thread of this process that writes, `verbs.rs` has the
//! steps.

mod open;
mod verbs;
mod writer;

pub use self::open::OpenError;

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use cardea_seal::Digest;
use jiff::Timestamp;
use rusqlite::Connection;
use tokio::sync::Semaphore;

use self::writer::{QUEUE, Writer};
use super::store::{
    KnownLogin, Lease, LeaseAnswer, LogoutNotice, NewSession, NoticeAnswer, SessionStore,
    StoreUnavailable, StoredSession, TakeLogin, TakenLogin,
};

/// Connections to read from.
const READERS: usize = 4;
/// Logins that may wait to be written. Strangers begin them, and can't take the place of those who are logged in.
const BEGINNING: usize = QUEUE / 2;

/// A store in a SQLite file. What waits is written before it is closed.
pub struct SqliteStore {
    writer: Writer,
    readers: Vec<Mutex<Connection>>,
    beginning: Arc<Semaphore>,
}

impl SqliteStore {
    /// Opens the file, and creates it when it does not exist, readable only to this user.
    ///
    /// # Errors
    /// When the file can't be opened, is something else, or was written by a newer version.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let connection = open::writer(path)?;
        let readers = (0..READERS)
            .map(|_| open::reader(path).map(Mutex::new))
            .collect::<Result<_, _>>()?;
        let writer = Writer::spawn(connection).map_err(OpenError::File)?;
        Ok(Self {
            writer,
            readers,
            beginning: Arc::new(Semaphore::new(BEGINNING)),
        })
    }

    fn reader(&self) -> Result<MutexGuard<'_, Connection>, StoreUnavailable> {
        let free = self.readers.iter().find_map(|one| one.try_lock().ok());
        let wait = || self.readers.first().map(Mutex::lock);
        free.or_else(|| wait().map(|one| one.unwrap_or_else(PoisonError::into_inner)))
            .ok_or_else(|| StoreUnavailable("no connection".to_owned()))
    }
}

#[async_trait]
impl SessionStore for SqliteStore {
    async fn begin_login(&self, state: Digest, login: KnownLogin) -> Result<(), StoreUnavailable> {
        let full = |_| StoreUnavailable("too many logins begin at once".to_owned());
        let place = Arc::clone(&self.beginning)
            .try_acquire_owned()
            .map_err(full)?;
        self.writer
            .write(move |db| {
                let _until_written = place;
                verbs::begin_login(db, state, &login)
            })
            .await
    }

    async fn take_login(
        &self,
        login: TakeLogin,
        now: Timestamp,
    ) -> Result<TakenLogin, StoreUnavailable> {
        self.writer
            .write(move |db| verbs::take_login(db, login, now))
            .await
    }

    async fn open_session(
        &self,
        session: NewSession,
        replaces: Option<Digest>,
    ) -> Result<bool, StoreUnavailable> {
        self.writer
            .write(move |db| verbs::open_session(db, &session, replaces))
            .await
    }

    async fn load_session(
        &self,
        id: Digest,
        now: Timestamp,
    ) -> Result<Option<StoredSession>, StoreUnavailable> {
        // Inline: a row by its key takes less than a change of threads.
        verbs::load_session(&*self.reader()?, id, now).map_err(|error| open::unavailable(&error))
    }

    async fn touch_session(
        &self,
        id: Digest,
        seen_at: Timestamp,
        ends_at: Timestamp,
    ) -> Result<(), StoreUnavailable> {
        self.writer
            .write(move |db| verbs::touch_session(db, id, seen_at, ends_at))
            .await
    }

    async fn lease_refresh(
        &self,
        id: Digest,
        lease: Lease,
        now: Timestamp,
    ) -> Result<LeaseAnswer, StoreUnavailable> {
        self.writer
            .write(move |db| verbs::lease_refresh(db, id, lease, now))
            .await
    }

    async fn finish_refresh(
        &self,
        id: Digest,
        lease: Lease,
        sealed: Option<Vec<u8>>,
    ) -> Result<bool, StoreUnavailable> {
        self.writer
            .write(move |db| verbs::finish_refresh(db, id, lease, sealed.as_deref()))
            .await
    }

    async fn end_session(&self, id: Digest) -> Result<Option<Vec<u8>>, StoreUnavailable> {
        self.writer
            .write(move |db| verbs::end_session(db, id))
            .await
    }

    async fn end_by_notice(
        &self,
        notice: LogoutNotice,
        now: Timestamp,
    ) -> Result<NoticeAnswer, StoreUnavailable> {
        self.writer
            .write(move |db| verbs::end_by_notice(db, &notice, now))
            .await
    }

    async fn sweep(&self, now: Timestamp, limit: usize) -> Result<usize, StoreUnavailable> {
        self.writer
            .write(move |db| verbs::sweep(db, now, limit))
            .await
    }
}
