//! The clock as a dependency, so that tests can set the time.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

/// Longer than anything that is measured. A clock that jumps by centuries must not overflow a counter of nanoseconds.
const LONGEST_STEP: Duration = Duration::from_hours(7 * 24);

/// A source of the current time.
pub trait Clock: Send + Sync + 'static {
    /// The current time.
    fn now(&self) -> Timestamp;
}

/// The system clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the only place that reads the system time"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// Elapsed time by a clock that may be set.
///
/// A step back counts as zero: a timeout of one minute ends one minute after the first reading of the clock that was set
/// back, not when the clock reaches its old time again.
pub(crate) struct Stopwatch {
    clock: Arc<dyn Clock>,
    seen: Mutex<Seen>,
}

struct Seen {
    at: Timestamp,
    passed: Duration,
}

impl Stopwatch {
    /// Starts now.
    pub(crate) fn start(clock: Arc<dyn Clock>) -> Self {
        let at = clock.now();
        let passed = Duration::ZERO;
        Self {
            clock,
            seen: Mutex::new(Seen { at, passed }),
        }
    }

    /// The time since the start; never decreases.
    pub(crate) fn passed(&self) -> Duration {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        // Read under the lock; otherwise two threads that overtake each other look like a step back.
        let now = self.clock.now();
        let step = Duration::try_from(now.duration_since(seen.at)).unwrap_or_default();
        seen.at = now;
        seen.passed = seen.passed.saturating_add(step.min(LONGEST_STEP));
        seen.passed
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
pub(crate) mod tests {
    use super::*;

    /// The `TestClock` of the testkit is one of the crate as it is built without its own tests.
    pub(crate) struct ManualClock(Mutex<Timestamp>);

    impl ManualClock {
        pub(crate) fn at(now: Timestamp) -> Arc<Self> {
            Arc::new(Self(Mutex::new(now)))
        }

        pub(crate) fn set(&self, now: Timestamp) {
            *self.0.lock().unwrap() = now;
        }

        pub(crate) fn advance(&self, seconds: i64) {
            *self.0.lock().unwrap() += jiff::SignedDuration::from_secs(seconds);
        }
    }

    impl Clock for ManualClock {
        fn now(&self) -> Timestamp {
            *self.0.lock().unwrap()
        }
    }

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn elapsed_time_does_not_decrease_when_the_clock_is_set_back() {
        let clock = ManualClock::at(second(1_800_000_000));
        let watch = Stopwatch::start(clock.clone());
        let passed_at = |at: i64| {
            clock.set(second(at));
            watch.passed().as_secs()
        };
        assert_eq!(passed_at(1_800_000_010), 10);
        assert_eq!(passed_at(1_700_000_000), 10);
        assert_eq!(passed_at(1_700_000_005), 15);
    }

    #[test]
    fn an_extreme_time_is_capped_without_overflow() {
        let clock = ManualClock::at(Timestamp::MIN);
        let watch = Stopwatch::start(clock.clone());
        clock.set(Timestamp::MAX);
        assert_eq!(watch.passed(), LONGEST_STEP);
    }
}
