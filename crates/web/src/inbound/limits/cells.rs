//! The cells of a rate limit, in bounded memory.
//!
//! Each caller has its own cell while there is room. When a shard is full of active callers, new ones share cells: those
//! of one region (/16, /32) share one, so that a flood from one region affects mostly that region.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, MutexGuard, PoisonError};

use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::state::keyed::ShrinkableKeyedStateStore;

use super::Key;

const SHARDS: usize = 16;
/// Own cells of one shard; 65,536 in all, about 3 MB when full.
const OWN_CELLS: usize = 4096;
/// Shared cells of one shard.
const SHARED_CELLS: u64 = 256;

pub(super) struct Cells([Mutex<Shard>; SHARDS]);

#[derive(Default)]
struct Shard {
    own: HashMap<u64, Nanos>,
    shared: HashMap<u64, Nanos>,
}

impl Default for Cells {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Mutex::default()))
    }
}

impl Cells {
    fn shard(&self, hash: u64) -> Option<MutexGuard<'_, Shard>> {
        let index = usize::try_from(hash >> 32).unwrap_or_default() % SHARDS;
        self.0.get(index).map(lock)
    }
}

/// A cell is one number, so a panic elsewhere cannot leave it inconsistent.
fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl StateStore for Cells {
    type Key = Key;

    fn measure_and_replace<T, F, E>(&self, key: &Key, judge: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        if let Some(mut shard) = self.shard(key.own) {
            let full = shard.own.len() >= OWN_CELLS;
            match shard.own.entry(key.own) {
                Entry::Vacant(_) if full => {}
                entry => return replace(entry, judge),
            }
        }
        match self.shard(key.shared) {
            Some(mut shard) => replace(shard.shared.entry(key.shared % SHARED_CELLS), judge),
            None => judge(None).map(|(verdict, _)| verdict),
        }
    }
}

fn replace<T, F, E>(entry: Entry<'_, u64, Nanos>, judge: F) -> Result<T, E>
where
    F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
{
    let before = match &entry {
        Entry::Occupied(cell) => Some(*cell.get()),
        Entry::Vacant(_) => None,
    };
    let (verdict, after) = judge(before)?;
    entry.insert_entry(after);
    Ok(verdict)
}

impl ShrinkableKeyedStateStore<Key> for Cells {
    fn retain_recent(&self, drop_below: Nanos) {
        for shard in &self.0 {
            lock(shard).own.retain(|_, cell| *cell > drop_below);
        }
    }

    fn len(&self) -> usize {
        self.0.iter().map(|shard| lock(shard).own.len()).sum()
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
