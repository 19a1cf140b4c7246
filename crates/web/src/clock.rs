//! Time as a dependency, so that tests decide what "now" is.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

/// Longer than anything that is measured. A clock that leaps by centuries must not exhaust a counter of nanoseconds.
const LONGEST_STEP: Duration = Duration::from_hours(7 * 24);

/// Tells the time.
pub trait Clock: Send + Sync + 'static {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// The machine's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the system's time"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// The time that passed by a clock that may be set.
///
/// A step back counts as nothing, with what passed since the last look: what is to end in a minute ends a minute after
/// the first look at the clock that was set back, not when the clock has come to where it was.
pub(crate) struct Stopwatch {
    clock: Arc<dyn Clock>,
    seen: Mutex<Seen>,
}

struct Seen {
    at: Timestamp,
    passed: Duration,
}

impl Stopwatch {
    /// Begins now.
    pub(crate) fn start(clock: Arc<dyn Clock>) -> Self {
        let at = clock.now();
        let passed = Duration::ZERO;
        Self {
            clock,
            seen: Mutex::new(Seen { at, passed }),
        }
    }

    /// What has passed since the start; never less than it was before.
    pub(crate) fn passed(&self) -> Duration {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        // Read under the lock, or two threads that overtake each other look like a step back.
        let now = self.clock.now();
        let step = Duration::try_from(now.duration_since(seen.at)).unwrap_or_default();
        seen.at = now;
        seen.passed = seen.passed.saturating_add(step.min(LONGEST_STEP));
        seen.passed
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    struct Hands(Mutex<Timestamp>);

    impl Clock for Hands {
        fn now(&self) -> Timestamp {
            *self.0.lock().unwrap()
        }
    }

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_clock_set_back_takes_no_time_away_and_goes_on() {
        let hands = Arc::new(Hands(Mutex::new(second(1_800_000_000))));
        let watch = Stopwatch::start(hands.clone());
        let passed_at = |at: i64| {
            *hands.0.lock().unwrap() = second(at);
            watch.passed().as_secs()
        };
        assert_eq!(passed_at(1_800_000_010), 10);
        assert_eq!(passed_at(1_700_000_000), 10);
        assert_eq!(passed_at(1_700_000_005), 15);
    }

    #[test]
    fn an_absurd_time_is_a_long_time_and_no_overflow() {
        let hands = Arc::new(Hands(Mutex::new(Timestamp::MIN)));
        let watch = Stopwatch::start(hands.clone());
        *hands.0.lock().unwrap() = Timestamp::MAX;
        assert_eq!(watch.passed(), LONGEST_STEP);
    }
}
