//! The rule of a rate limit: the generic cell rate algorithm (ITU-T I.371), pure.

use std::{num::NonZeroU32, time::Duration};

use super::{Decision, Rate};

/// The time at which a cell is full again, since the start of the limiter. A cell without one is full.
pub(super) type FullAt = Duration;

/// A burst of requests, replenished one by one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gcra {
    burst: NonZeroU32,
    interval: Duration,
}

impl Gcra {
    pub(super) fn new(rate: Rate) -> Self {
        let interval = rate.per / rate.requests.get();
        // The configuration refuses a period of zero, which is no limit; one second is used instead.
        let interval = match interval.is_zero() {
            true => Duration::from_secs(1) / rate.requests.get(),
            false => interval,
        };
        Self {
            burst: rate.requests,
            interval: interval.max(Duration::from_nanos(1)),
        }
    }

    /// The same rate for `factor` times as many requests.
    pub(super) fn times(self, factor: NonZeroU32) -> Self {
        Self {
            burst: self.burst.saturating_mul(factor),
            interval: (self.interval / factor.get()).max(Duration::from_nanos(1)),
        }
    }

    /// Judges a request at `now`, and says when the cell is full again if the request counts.
    pub(super) fn judge(&self, full_at: Option<FullAt>, now: Duration) -> (Decision, FullAt) {
        let full_at = full_at.unwrap_or(now).max(now);
        let whole = self.interval.saturating_mul(self.burst.get());
        let next = full_at.saturating_add(self.interval);
        let limit = self.burst.get();
        // The request is too early if the burst would have to be larger than it is.
        let wait = next.saturating_sub(now).saturating_sub(whole);
        if !wait.is_zero() {
            let decision = Decision {
                allowed: false,
                limit,
                remaining: 0,
                reset_after: full_at.saturating_sub(now),
                retry_after: wait,
            };
            return (decision, full_at);
        }
        let left = whole.saturating_sub(next.saturating_sub(now));
        let remaining = left.as_nanos() / self.interval.as_nanos().max(1);
        let decision = Decision {
            allowed: true,
            limit,
            remaining: u32::try_from(remaining).unwrap_or(u32::MAX),
            reset_after: next.saturating_sub(now),
            retry_after: Duration::ZERO,
        };
        (decision, next)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn rule(requests: u32, seconds: u64) -> Gcra {
        Gcra::new(Rate {
            requests: NonZeroU32::new(requests).unwrap(),
            per: Duration::from_secs(seconds),
        })
    }

    /// How many of these requests are allowed, each at its time in milliseconds.
    fn allowed(rule: Gcra, times: impl IntoIterator<Item = u64>) -> u64 {
        let mut full_at = None;
        let judged = times.into_iter().map(|at| {
            let (decision, next) = rule.judge(full_at, Duration::from_millis(at));
            full_at = Some(next);
            u64::from(decision.allowed)
        });
        judged.sum()
    }

    #[test]
    fn a_burst_is_allowed_at_once_and_afterwards_one_request_per_interval() {
        assert_eq!(allowed(rule(5, 10), [0; 20]), 5);
        assert_eq!(allowed(rule(5, 10), (0..100).map(|n| n * 100)), 5 + 4);
        assert_eq!(allowed(rule(1, 60), [0, 59_999, 60_000]), 2);
    }

    #[test]
    fn a_refused_request_says_exactly_when_the_next_one_is_allowed() {
        let rule = rule(2, 10);
        let mut full_at = None;
        for _ in 0..2 {
            full_at = Some(rule.judge(full_at, Duration::ZERO).1);
        }
        let (refused, same) = rule.judge(full_at, Duration::from_secs(1));
        assert!(!refused.allowed && Some(same) == full_at);
        let then = Duration::from_secs(1) + refused.retry_after;
        assert!(rule.judge(full_at, then).0.allowed);
        let early = then - Duration::from_nanos(1);
        assert!(!rule.judge(full_at, early).0.allowed);
    }

    #[test]
    fn extreme_rates_neither_panic_nor_lift_the_limit() {
        let fast = Gcra::new(Rate {
            requests: NonZeroU32::MAX,
            per: Duration::from_nanos(1),
        });
        let factor = NonZeroU32::MAX;
        for rule in [
            fast,
            fast.times(factor),
            rule(1, u64::MAX),
            rule(1, 0),
            rule(7, 1).times(factor),
        ] {
            let (first, next) = rule.judge(None, Duration::ZERO);
            assert!(first.allowed);
            let _ = rule.judge(Some(next), Duration::ZERO);
            let _ = rule.judge(Some(Duration::MAX), Duration::ZERO);
            let _ = rule.judge(Some(Duration::ZERO), Duration::MAX);
        }
        assert_eq!(allowed(rule(1, 0), [0, 0, 0]), 1);
    }

    proptest::proptest! {
        #[test]
        fn no_window_has_more_than_the_burst_and_what_was_replenished(
            burst in 1..20_u32, gaps in proptest::collection::vec(0..3000_u64, 1..60)
        ) {
            let rule = rule(burst, 10);
            let mut now = 0;
            let times: Vec<_> = gaps.iter().map(|gap| { now += gap; now }).collect();
            let most = u64::from(burst) + u64::from(burst) * now / 10_000 + 1;
            proptest::prop_assert!(allowed(rule, times) <= most);
        }
    }
}
