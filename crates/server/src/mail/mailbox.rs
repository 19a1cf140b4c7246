//! The mails of this process, for the mailbox page of `cardea dev` (D23).

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;

/// Older mails are dropped.
const KEPT: usize = 100;

/// A mail as it was written.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    /// The first part of its message id.
    pub(crate) id: String,
    pub(crate) at: Timestamp,
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

/// The newest first.
#[derive(Default)]
pub(crate) struct Mailbox(Mutex<VecDeque<Kept>>);

impl Mailbox {
    /// Keeps a mail, once.
    pub(super) fn keep(&self, mail: Kept) {
        let mut all = self.all();
        if all.iter().all(|kept| kept.id != mail.id) {
            all.push_front(mail);
            all.truncate(KEPT);
        }
    }

    pub(crate) fn list(&self) -> Vec<Kept> {
        self.all().iter().cloned().collect()
    }

    pub(crate) fn find(&self, id: &str) -> Option<Kept> {
        self.all().iter().find(|kept| kept.id == id).cloned()
    }

    fn all(&self) -> MutexGuard<'_, VecDeque<Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
