//! The minimum rate of a client that sends or reads a body, as long as the other side waits for it.

use std::time::Duration;

/// Bytes per second.
const MIN_RATE: u32 = 1024;

/// The time that a client may keep the other side waiting. Bytes that it moves earn some of it back.
#[derive(Debug)]
pub(crate) struct Pace {
    most: Duration,
    left: Duration,
}

impl Pace {
    /// Of a client that sends.
    pub(crate) fn of_sender() -> Self {
        Self::new(Duration::from_secs(10))
    }

    /// Of a client that reads. The kernel takes its data in large pieces, so that a slow reader seems to stand still between them.
    pub(crate) fn of_reader() -> Self {
        Self::new(Duration::from_secs(30))
    }

    fn new(most: Duration) -> Self {
        Self { most, left: most }
    }

    /// How long it may wait now.
    pub(crate) fn left(&self) -> Duration {
        self.left
    }

    /// Records a wait for the client.
    pub(crate) fn waited(&mut self, time: Duration) {
        self.left = self.left.saturating_sub(time);
    }

    /// Records bytes that the client moved.
    pub(crate) fn moved(&mut self, bytes: usize) {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let earned = Duration::from_secs(1).saturating_mul(bytes) / MIN_RATE;
        self.left = self.left.saturating_add(earned).min(self.most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s3_bytes_earn_time_up_to_a_maximum() {
        let mut pace = Pace::of_sender();
        for _ in 0..100 {
            pace.waited(Duration::from_secs(1));
            pace.moved(1100);
        }
        assert_eq!(pace.left(), Duration::from_secs(10));
        for _ in 0..10 {
            pace.waited(Duration::from_secs(1));
            pace.moved(10);
        }
        assert!(pace.left() < Duration::from_millis(200));
        pace.waited(Duration::from_secs(1));
        assert_eq!(pace.left(), Duration::ZERO);
        pace.moved(usize::MAX);
        assert_eq!(pace.left(), Duration::from_secs(10));
    }
}
