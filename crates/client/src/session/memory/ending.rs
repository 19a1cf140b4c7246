use std::collections::{BTreeSet, HashMap};

use cardea_seal::Digest;
use jiff::Timestamp;

type Key = [u8; 32];

/// Rows that end, at most so many. When there is no room, the one that would end first goes.
pub(super) struct Ending<V> {
    rows: HashMap<Key, (Timestamp, V)>,
    ends: BTreeSet<(Timestamp, Key)>,
    capacity: usize,
}

impl<V> Ending<V> {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            rows: HashMap::new(),
            ends: BTreeSet::new(),
            capacity: capacity.max(1),
        }
    }

    pub(super) fn insert(&mut self, key: Digest, ends_at: Timestamp, row: V) {
        self.remove(key);
        while self.rows.len() >= self.capacity {
            let Some((_, first)) = self.ends.pop_first() else {
                break;
            };
            self.rows.remove(&first);
        }
        let key = *key.as_bytes();
        self.ends.insert((ends_at, key));
        self.rows.insert(key, (ends_at, row));
    }

    /// The row, unless it has ended.
    pub(super) fn get(&mut self, key: Digest, now: Timestamp) -> Option<&mut V> {
        let (ends_at, row) = self.rows.get_mut(key.as_bytes())?;
        (now < *ends_at).then_some(row)
    }

    /// The row, whatever the time.
    pub(super) fn row(&mut self, key: Digest) -> Option<&mut V> {
        self.rows.get_mut(key.as_bytes()).map(|(_, row)| row)
    }

    pub(super) fn move_end(&mut self, key: Digest, to: Timestamp) {
        let key = *key.as_bytes();
        if let Some((ends_at, _)) = self.rows.get_mut(&key) {
            self.ends.remove(&(*ends_at, key));
            self.ends.insert((to, key));
            *ends_at = to;
        }
    }

    pub(super) fn remove(&mut self, key: Digest) -> Option<V> {
        let key = *key.as_bytes();
        let (ends_at, row) = self.rows.remove(&key)?;
        self.ends.remove(&(ends_at, key));
        Some(row)
    }

    /// Removes what has not ended yet and is wanted gone; how many.
    pub(super) fn remove_where(&mut self, now: Timestamp, gone: impl Fn(&V) -> bool) -> usize {
        let mut removed = 0;
        let ends = &mut self.ends;
        self.rows.retain(|key, (ends_at, row)| {
            if !gone(row) {
                return true;
            }
            removed += usize::from(now < *ends_at);
            ends.remove(&(*ends_at, *key));
            false
        });
        removed
    }

    pub(super) fn sweep(&mut self, now: Timestamp, limit: usize) -> usize {
        let mut swept = 0;
        while swept < limit
            && self
                .ends
                .first()
                .is_some_and(|(ends_at, _)| *ends_at <= now)
        {
            if let Some((_, key)) = self.ends.pop_first() {
                self.rows.remove(&key);
                swept += 1;
            }
        }
        swept
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn key(n: u8) -> Digest {
        Digest::of(&[n])
    }

    #[test]
    fn a_full_map_lets_go_of_what_ends_first() {
        let mut map = Ending::new(2);
        map.insert(key(1), at(10), 1);
        map.insert(key(2), at(5), 2);
        map.insert(key(3), at(20), 3);
        assert!(map.get(key(2), at(0)).is_none());
        assert_eq!(map.get(key(1), at(0)), Some(&mut 1));
        map.move_end(key(1), at(30));
        map.insert(key(4), at(40), 4);
        assert!(map.get(key(3), at(0)).is_none());
        assert_eq!(map.get(key(1), at(29)), Some(&mut 1));
    }

    #[test]
    fn what_has_ended_is_not_found_and_is_swept_in_batches() {
        let mut map = Ending::new(10);
        for n in 0..5 {
            map.insert(key(n), at(10), n);
        }
        map.insert(key(9), at(11), 9);
        assert!(map.get(key(1), at(10)).is_none());
        assert_eq!(map.sweep(at(10), 3), 3);
        assert_eq!(map.sweep(at(10), 3), 2);
        assert_eq!(map.sweep(at(10), 3), 0);
        assert_eq!((map.rows.len(), map.ends.len()), (1, 1));
    }

    #[test]
    fn the_order_of_ends_follows_every_change() {
        let mut map = Ending::new(10);
        map.insert(key(1), at(10), 1);
        map.insert(key(1), at(20), 2);
        map.move_end(key(1), at(30));
        map.insert(key(2), at(40), 7);
        assert_eq!(map.remove_where(at(0), |n| *n == 7), 1);
        assert_eq!(map.remove(key(1)), Some(2));
        assert_eq!((map.rows.len(), map.ends.len()), (0, 0));
    }
}
