//! The cells of a rate limit, in bounded memory.
//!
//! Each caller has its own cell while there is room. When a shard is full of active callers, new ones share cells: those
//! of one region (/16, /32) share one, so that a flood from one region affects mostly that region.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{
    Decision,
    gcra::{FullAt, Gcra},
};

const SHARDS: usize = 16;
/// Own cells of one shard; 65,536 in all, about 3 MB when full.
const OWN_CELLS: usize = 4096;
/// Shared cells of one shard.
const SHARED_CELLS: u64 = 256;

/// The key of a cell: hashes under a key of this process, so that a client cannot aim at the cell of another one, and
/// names take no memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) own: u64,
    pub(super) shared: u64,
}

/// Whether a request counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Count,
    Peek,
}

pub(super) struct Cells {
    rule: Gcra,
    shards: [Mutex<Shard>; SHARDS],
}

#[derive(Default)]
struct Shard {
    own: HashMap<u64, FullAt>,
    shared: HashMap<u64, FullAt>,
}

impl Cells {
    pub(super) fn new(rule: Gcra) -> Self {
        Self {
            rule,
            shards: std::array::from_fn(|_| Mutex::default()),
        }
    }

    /// Judges a request of this caller.
    pub(super) fn judge(&self, key: Key, now: Duration, mode: Mode) -> Decision {
        if let Some(mut shard) = self.shard(key.own) {
            let full = shard.own.len() >= OWN_CELLS;
            match shard.own.entry(key.own) {
                Entry::Vacant(_) if full => {}
                entry => return self.step(entry, now, mode),
            }
        }
        match self.shard(key.shared) {
            Some(mut shard) => {
                let entry = shard.shared.entry(key.shared % SHARED_CELLS);
                self.step(entry, now, mode)
            }
            None => self.rule.judge(None, now).0,
        }
    }

    fn step(&self, entry: Entry<'_, u64, FullAt>, now: Duration, mode: Mode) -> Decision {
        let before = match &entry {
            Entry::Occupied(cell) => Some(*cell.get()),
            Entry::Vacant(_) => None,
        };
        let (decision, after) = self.rule.judge(before, now);
        if mode == Mode::Count && decision.allowed {
            entry.insert_entry(after);
        }
        decision
    }

    /// Removes the cells that are full again.
    pub(super) fn sweep(&self, now: Duration) {
        for shard in &self.shards {
            lock(shard).own.retain(|_, full_at| *full_at > now);
        }
    }

    fn shard(&self, hash: u64) -> Option<MutexGuard<'_, Shard>> {
        let index = usize::try_from(hash >> 32).unwrap_or_default() % SHARDS;
        self.shards.get(index).map(lock)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).own.len()).sum()
    }
}

/// A cell is one number, so a panic elsewhere cannot leave it inconsistent.
fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}
