use std::net::{IpAddr, Ipv4Addr};

use jiff::Timestamp;

use super::*;
use crate::clock::tests::ManualClock;

fn clock() -> Arc<ManualClock> {
    ManualClock::at(Timestamp::from_second(1_800_000_000).unwrap())
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
    let clock = clock();
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
    let limiter = Limiter::new(rate(1, 60), clock());
    assert!(limiter.check_address(&from(0xc000_0201)).allowed);
    assert!(!limiter.check_address(&from(0xc000_0202)).allowed);
    assert!(limiter.check_address(&from(0xc000_0301)).allowed);
}

#[test]
fn a_refusal_says_when_to_retry() {
    let limiter = Limiter::new(rate(1, 60), clock());
    let _ = limiter.check("a");
    let refused = limiter.check("a");
    let message = "rate limit exceeded; retry after 60 seconds";
    assert_eq!(refused.message(), message);
    let response = refused.too_many();
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
    let limiter = Limiter::new(rate(2, 3600), clock());
    let mut allowed = 0;
    for network in 0..200_000_u32 {
        allowed += u32::from(limiter.check_address(&from(network << 8)).allowed);
    }
    let kept = limiter.cells.as_ref().unwrap().names.len();
    assert!(kept <= 65_536, "{kept}");
    // 200,000 networks of 782 wide networks, each of which has 16 times the quota.
    assert!(allowed <= 782 * 32, "{allowed}");
}

#[test]
fn idle_networks_are_removed() {
    let clock = clock();
    let limiter = Limiter::new(rate(2, 10), clock.clone());
    for network in 0..100_u32 {
        let _ = limiter.check_address(&from(network << 8));
    }
    clock.advance(60);
    for _ in 0..SWEEP_EVERY {
        let _ = limiter.check("one");
    }
    assert!(limiter.cells.as_ref().unwrap().names.len() <= 2);
}

#[test]
fn a_clock_set_back_neither_refuses_callers_nor_lifts_the_limit() {
    let clock = clock();
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

fn six(text: &str) -> ClientAddress {
    ClientAddress {
        ip: text.parse().unwrap(),
        https: true,
    }
}

#[test]
fn s7_all_networks_of_a_site_share_a_larger_quota() {
    let limiter = Limiter::new(rate(10, 3600), clock());
    let networks = (0..65_535_u32).map(|subnet| six(&format!("2001:db8:7:{subnet:x}::1")));
    let allowed = networks.filter(|client| limiter.check_address(client).allowed);
    assert_eq!(allowed.count(), 160);
    assert!(limiter.check_address(&six("2001:db8:8::1")).allowed);

    let limiter = Limiter::new(rate(10, 3600), clock());
    let addresses = (0..65_536_u32).map(|low| from(0xc633_0000 | low));
    let allowed = addresses.filter(|client| limiter.check_address(client).allowed);
    assert_eq!(allowed.count(), 160);
    assert!(limiter.check_address(&from(0xc634_0001)).allowed);
}

#[test]
fn s7_one_network_cannot_spend_the_quota_of_its_wide_network() {
    let limiter = Limiter::new(rate(10, 3600), clock());
    for _ in 0..1000 {
        let _ = limiter.check_address(&six("2001:db8:7:1::1"));
    }
    let neighbours = (2..17).map(|subnet| six(&format!("2001:db8:7:{subnet:x}::1")));
    for client in neighbours {
        for _ in 0..10 {
            assert!(limiter.check_address(&client).allowed, "{client:?}");
        }
        assert!(!limiter.check_address(&client).allowed);
    }
}

#[test]
fn s7_an_ipv4_address_mapped_into_ipv6_counts_as_ipv4() {
    let limiter = Limiter::new(rate(1, 3600), clock());
    let peer = |text: &str| {
        let address = text.parse().unwrap();
        let peer = crate::inbound::Peer::Tcp {
            address,
            tls: false,
        };
        ClientAddress::resolve(Some(&peer), &HeaderMap::new(), &[])
    };
    assert!(limiter.check_address(&peer("[::ffff:192.0.2.1]:1")).allowed);
    assert!(!limiter.check_address(&peer("192.0.2.2:1")).allowed);
    assert!(
        limiter
            .check_address(&peer("[::ffff:198.51.100.1]:1"))
            .allowed
    );
}

#[test]
fn s7_a_refused_wide_network_takes_no_memory_for_its_networks() {
    let limiter = Limiter::new(rate(2, 3600), clock());
    for subnet in 0..10_000_u32 {
        let _ = limiter.check_address(&six(&format!("2001:db8:7:{subnet:x}::1")));
    }
    assert!(limiter.cells.as_ref().unwrap().names.len() <= 32);
}

#[test]
fn a_peek_says_the_same_and_does_not_count() {
    let limiter = Limiter::new(rate(2, 60), clock());
    let client = from(0xc000_0201);
    for _ in 0..10 {
        assert!(limiter.peek_address(&client).allowed && limiter.peek("a").allowed);
    }
    for _ in 0..2 {
        let peeked = limiter.peek_address(&client);
        assert_eq!(limiter.check_address(&client), peeked);
        let peeked = limiter.peek("a");
        assert_eq!(limiter.check("a"), peeked);
    }
    assert!(!limiter.peek_address(&client).allowed && !limiter.peek("a").allowed);
}
