use std::sync::{Mutex, PoisonError};

use cardea_web::clock::Clock;
use jiff::{SignedDuration, Timestamp};

/// A clock that stands still until a test turns it.
#[derive(Debug)]
pub struct TestClock(Mutex<Timestamp>);

impl TestClock {
    /// A clock that stands at noon of the first of July 2026.
    #[must_use]
    pub fn new() -> Self {
        Self(Mutex::new(
            Timestamp::from_second(1_782_907_200).expect("a time of this century"),
        ))
    }

    /// Turns it, forward or back.
    pub fn advance(&self, by: SignedDuration) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = now.checked_add(by).expect("a time of this era");
    }
}

impl Default for TestClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
