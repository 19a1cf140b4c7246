//! Rate limits (GCRA) in bounded memory.

mod cells;

use std::hash::{BuildHasher, Hash, RandomState};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use governor::middleware::StateInformationMiddleware;
use governor::nanos::Nanos;
use governor::{Quota, RateLimiter};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use self::cells::Cells;
use super::client_address::ClientAddress;
use super::problem::Problem;
use crate::clock::{Clock, Stopwatch};

/// Stale keys are removed after this many checks.
const SWEEP_EVERY: u32 = 4096;

/// A number of requests per time. All of them may come at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// The maximum number of requests in a burst.
    pub requests: NonZeroU32,
    /// The time in which a spent burst is replenished.
    pub per: Duration,
}

/// The key of a cell: hashes under a key of this process, so that a client cannot aim at the cell of another one, and
/// names take no memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key {
    own: u64,
    shared: u64,
}

/// One rate limit over many callers.
pub struct Limiter {
    // None: no limit.
    governor: Option<Governor>,
    hasher: RandomState,
    checks: AtomicU32,
}

type Governor = RateLimiter<Key, Cells, OurClock, StateInformationMiddleware>;

impl Limiter {
    /// A limit on this clock.
    #[must_use]
    pub fn new(rate: Rate, clock: Arc<dyn Clock>) -> Self {
        // A period of zero is no valid quota. The configuration refuses it; one second is used instead.
        let quota = Quota::with_period(rate.per / rate.requests.get())
            .map_or(Quota::per_second(rate.requests), |quota| {
                quota.allow_burst(rate.requests)
            });
        let governor = RateLimiter::new(quota, Cells::default(), OurClock(Stopwatch::start(clock)));
        Self {
            governor: Some(governor),
            hasher: RandomState::new(),
            checks: AtomicU32::new(0),
        }
    }

    /// No limit.
    #[must_use]
    pub fn lifted() -> Self {
        Self {
            governor: None,
            hasher: RandomState::new(),
            checks: AtomicU32::new(0),
        }
    }

    /// Counts a request of this caller's network.
    pub fn check_address(&self, client: &ClientAddress) -> Decision {
        self.decide(|hasher| Key {
            own: hasher.hash_one(client.network()),
            shared: hasher.hash_one(client.region()),
        })
    }

    /// Counts a request for this name: a client, an account.
    pub fn check<K: Hash + ?Sized>(&self, name: &K) -> Decision {
        self.decide(|hasher| {
            let own = hasher.hash_one(name);
            Key { own, shared: own }
        })
    }

    fn decide(&self, key: impl FnOnce(&RandomState) -> Key) -> Decision {
        let Some(governor) = &self.governor else {
            return Decision::UNLIMITED;
        };
        if self.checks.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            governor.retain_recent();
        }
        match governor.check_key(&key(&self.hasher)) {
            Ok(state) => Decision::allowed(state.quota(), state.remaining_burst_capacity()),
            Err(until) => {
                let wait = until.wait_time_from(governor.clock().instant());
                Decision::refused(until.quota(), wait)
            }
        }
    }
}

/// The result of a limiter for one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// Whether the request is allowed.
    pub allowed: bool,
    /// The maximum number of requests in a burst; 0 without a limit.
    pub limit: u32,
    /// How many more requests are allowed now.
    pub remaining: u32,
    /// When the whole `limit` is available again.
    pub reset_after: Duration,
    /// When to retry; zero for an allowed request.
    pub retry_after: Duration,
}

impl Decision {
    const UNLIMITED: Self = Self {
        allowed: true,
        limit: 0,
        remaining: 0,
        reset_after: Duration::ZERO,
        retry_after: Duration::ZERO,
    };

    fn allowed(quota: Quota, remaining: u32) -> Self {
        let limit = quota.burst_size().get();
        let missing = limit.saturating_sub(remaining);
        Self {
            allowed: true,
            limit,
            remaining,
            reset_after: quota.replenish_interval().saturating_mul(missing),
            retry_after: Duration::ZERO,
        }
    }

    fn refused(quota: Quota, wait: Duration) -> Self {
        let limit = quota.burst_size().get();
        let rest = quota
            .replenish_interval()
            .saturating_mul(limit.saturating_sub(1));
        Self {
            allowed: false,
            limit,
            remaining: 0,
            reset_after: wait.saturating_add(rest),
            retry_after: wait,
        }
    }

    /// Writes `RateLimit-Limit`, `-Remaining` and `-Reset`, the three fields of draft-ietf-httpapi-ratelimit-headers up to
    /// -06 (the form that clients read today), and `Retry-After` on a refusal.
    pub fn write(&self, headers: &mut HeaderMap) {
        if self.limit == 0 {
            return;
        }
        headers.insert(LIMIT, HeaderValue::from(self.limit));
        headers.insert(REMAINING, HeaderValue::from(self.remaining));
        headers.insert(RESET, HeaderValue::from(whole_seconds(self.reset_after)));
        if !self.allowed {
            let seconds = HeaderValue::from(self.retry_after_seconds());
            headers.insert(http::header::RETRY_AFTER, seconds);
        }
    }

    /// The text for the caller of a refused request.
    #[must_use]
    pub fn message(&self) -> String {
        let seconds = self.retry_after_seconds();
        let unit = if seconds == 1 { "second" } else { "seconds" };
        format!("rate limit exceeded; retry after {seconds} {unit}")
    }

    fn retry_after_seconds(&self) -> u64 {
        whole_seconds(self.retry_after).max(1)
    }

    /// The 429 response for a refused request, as a problem document.
    #[must_use]
    pub fn too_many(&self) -> Response {
        let mut response = Problem::new(StatusCode::TOO_MANY_REQUESTS, "Too many requests")
            .detail(self.message())
            .into_response();
        self.write(response.headers_mut());
        response
    }
}

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// Rounded up: a client that retries after exactly this time must not be too early.
fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

/// A stopwatch and not the clock: cells hold times, and after the clock is set back they would all be in the future, so that
/// every caller is refused for as long as the step was.
struct OurClock(Stopwatch);

impl OurClock {
    fn instant(&self) -> Nanos {
        let passed = self.0.passed().as_nanos();
        Nanos::from(u64::try_from(passed).unwrap_or(u64::MAX))
    }
}

impl governor::clock::Clock for OurClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.instant()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests;
