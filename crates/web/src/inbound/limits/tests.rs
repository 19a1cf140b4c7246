use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::AtomicI64;

use jiff::Timestamp;

use super::*;

struct ManualClock(AtomicI64);

impl ManualClock {
    fn new() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(1_800_000_000_000)))
    }

    fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1000, Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.load(Ordering::Relaxed)).unwrap()
    }
}

fn rate(requests: u32, seconds: u64) -> Rate {
    Rate {
        requests: NonZeroU32::new(requests).unwrap(),
        per: Duration::from_secs(seconds),
    }
}

fn from(bits: u32) -> ClientAddress {
    ClientAddress {
        ip: IpAddr::V4(Ipv4Addr::from(bits)),
        https: true,
    }
}

#[test]
fn a_spent_burst_is_refused_and_replenished_with_time() {
    let clock = ManualClock::new();
    let limiter = Limiter::new(rate(3, 30), clock.clone());
    for remaining in [2, 1, 0] {
        let decision = limiter.check("alice");
        assert!(decision.allowed);
        assert_eq!((decision.limit, decision.remaining), (3, remaining));
    }
    let refused = limiter.check("alice");
    assert!(!refused.allowed);
    assert_eq!(refused.retry_after, Duration::from_secs(10));
    assert_eq!(refused.reset_after, Duration::from_secs(30));
    clock.advance(10);
    assert!(limiter.check("alice").allowed);
    assert!(!limiter.check("alice").allowed);
}

#[test]
fn networks_are_counted_apart_and_addresses_of_one_network_together() {
    let limiter = Limiter::new(rate(1, 60), ManualClock::new());
    assert!(limiter.check_address(&from(0xc000_0201)).allowed);
    assert!(!limiter.check_address(&from(0xc000_0202)).allowed);
    assert!(limiter.check_address(&from(0xc000_0301)).allowed);
}

#[test]
fn a_refusal_says_when_to_retry() {
    let limiter = Limiter::new(rate(1, 60), ManualClock::new());
    let _ = limiter.check("a");
    let response = limiter.check("a").too_many();
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(response.headers()["retry-after"], "60");
    assert_eq!(response.headers()["ratelimit-limit"], "1");
    assert_eq!(response.headers()["ratelimit-remaining"], "0");
    assert_eq!(response.headers()["ratelimit-reset"], "60");
}

#[test]
fn no_limit_allows_everything_and_writes_no_headers() {
    let limiter = Limiter::lifted();
    let mut headers = HeaderMap::new();
    for _ in 0..1000 {
        let decision = limiter.check("a");
        assert!(decision.allowed);
        decision.write(&mut headers);
    }
    assert!(headers.is_empty());
}

#[test]
fn a_flood_of_networks_takes_bounded_memory_and_is_still_limited() {
    let limiter = Limiter::new(rate(2, 3600), ManualClock::new());
    let mut allowed = 0;
    for network in 0..200_000_u32 {
        allowed += u32::from(limiter.check_address(&from(network << 8)).allowed);
    }
    let kept = limiter.governor.as_ref().unwrap().len();
    assert!(kept <= 65_536, "{kept}");
    // 200,000 networks of 782 regions: beyond the map, the networks of a region share a cell of two requests.
    assert!(allowed <= 65_536 + 2 * 4096, "{allowed}");
}

#[test]
fn idle_networks_are_removed() {
    let clock = ManualClock::new();
    let limiter = Limiter::new(rate(2, 10), clock.clone());
    for network in 0..100_u32 {
        let _ = limiter.check_address(&from(network << 8));
    }
    clock.advance(60);
    for _ in 0..SWEEP_EVERY {
        let _ = limiter.check("one");
    }
    assert!(limiter.governor.as_ref().unwrap().len() <= 2);
}

#[test]
fn a_clock_set_back_neither_refuses_callers_nor_lifts_the_limit() {
    let clock = ManualClock::new();
    let limiter = Limiter::new(rate(2, 60), clock.clone());
    assert!(limiter.check("active").allowed);
    assert!(limiter.check("active").allowed);
    clock.advance(-365 * 86_400);
    let refused = limiter.check("active");
    assert!(!refused.allowed);
    assert_eq!(refused.retry_after, Duration::from_secs(30));
    assert!(limiter.check("another").allowed);
    clock.advance(30);
    assert!(limiter.check("active").allowed);
    assert!(!limiter.check("active").allowed);
}
