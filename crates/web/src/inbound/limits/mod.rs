//! Rate limits (GCRA) in bounded memory.

mod cells;
mod gcra;

use std::{
    hash::{BuildHasher, Hash, RandomState},
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use self::{
    cells::{Cells, Key, Mode},
    gcra::Gcra,
};
use super::{client_address::ClientAddress, problem::Problem};
use crate::clock::{Clock, Stopwatch};

/// Stale cells are removed after this many checks.
const SWEEP_EVERY: u32 = 4096;

/// How many times the quota of a network (/24, /64) a wide network (/16, /48) has. A site usually has a whole /48, so
/// that it could change its network with each request.
const WIDE_FACTOR: NonZeroU32 = NonZeroU32::MIN.saturating_add(15);

/// A number of requests per time. All of them may come at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// The maximum number of requests in a burst.
    pub requests: NonZeroU32,
    /// The time in which a spent burst is replenished.
    pub per: Duration,
}

/// One rate limit over many callers.
pub struct Limiter {
    // None: no limit.
    cells: Option<Levels>,
    hasher: RandomState,
    checks: AtomicU32,
}

struct Levels {
    // A stopwatch and not the clock: cells hold times, and after the clock is set back they would all be in the future, so
    // that every caller is refused for as long as the step was.
    watch: Stopwatch,
    names: Cells,
    wide: Cells,
}

impl Limiter {
    /// A limit on this clock.
    #[must_use]
    pub fn new(rate: Rate, clock: Arc<dyn Clock>) -> Self {
        let rule = Gcra::new(rate);
        Self {
            cells: Some(Levels {
                watch: Stopwatch::start(clock),
                names: Cells::new(rule),
                wide: Cells::new(rule.times(WIDE_FACTOR)),
            }),
            hasher: RandomState::new(),
            checks: AtomicU32::new(0),
        }
    }

    /// No limit.
    #[must_use]
    pub fn lifted() -> Self {
        Self {
            cells: None,
            hasher: RandomState::new(),
            checks: AtomicU32::new(0),
        }
    }

    /// Counts a request of this client's network (/24, /64), and of its wide network (/16, /48) with a larger quota.
    pub fn check_address(&self, client: &ClientAddress) -> Decision {
        self.address(client, Mode::Count)
    }

    /// What [`check_address`](Self::check_address) would say, without counting the request.
    pub fn peek_address(&self, client: &ClientAddress) -> Decision {
        self.address(client, Mode::Peek)
    }

    /// Counts a request for this name: a client, an account.
    pub fn check<K: Hash + ?Sized>(&self, name: &K) -> Decision {
        self.name(name, Mode::Count)
    }

    /// What [`check`](Self::check) would say, without counting the request.
    pub fn peek<K: Hash + ?Sized>(&self, name: &K) -> Decision {
        self.name(name, Mode::Peek)
    }

    fn address(&self, client: &ClientAddress, mode: Mode) -> Decision {
        let Some((levels, now)) = self.levels() else {
            return Decision::UNLIMITED;
        };
        let shared = self.hasher.hash_one(client.region());
        let key = |network| Key {
            own: self.hasher.hash_one(network),
            shared,
        };
        // Asked first, so that a refused wide network takes no memory for its networks.
        let wide_key = key(client.wide_network());
        let wide = levels.wide.judge(wide_key, now, Mode::Peek);
        if !wide.allowed {
            return wide;
        }
        let own = levels.names.judge(key(client.network()), now, mode);
        if !own.allowed {
            return own;
        }
        let wide = levels.wide.judge(wide_key, now, mode);
        if !wide.allowed || wide.remaining < own.remaining {
            return wide;
        }
        own
    }

    fn name<K: Hash + ?Sized>(&self, name: &K, mode: Mode) -> Decision {
        let Some((levels, now)) = self.levels() else {
            return Decision::UNLIMITED;
        };
        let own = self.hasher.hash_one(name);
        levels.names.judge(Key { own, shared: own }, now, mode)
    }

    fn levels(&self) -> Option<(&Levels, Duration)> {
        let levels = self.cells.as_ref()?;
        let now = levels.watch.passed();
        if self.checks.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            levels.names.sweep(now);
            levels.wide.sweep(now);
        }
        Some((levels, now))
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests;
