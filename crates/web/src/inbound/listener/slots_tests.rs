#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use super::*;

struct Held {
    slot: Slot,
    activity: Activity,
    close: CancellationToken,
}

impl Held {
    fn is_closed(&self) -> bool {
        self.close.is_cancelled()
    }
}

fn slots(slots: usize, share: usize) -> Arc<Slots> {
    Slots::new(Bounds {
        slots,
        share: Share::of_network(share),
        trusted: vec!["10.0.0.0/8".parse().unwrap()],
    })
}

fn take(slots: &Arc<Slots>, ip: &str) -> Option<Held> {
    let (activity, close) = (Activity::new(), CancellationToken::new());
    let slot = slots.take(Some(ip.parse().unwrap()), &activity, &close)?;
    Some(Held {
        slot,
        activity,
        close,
    })
}

async fn later() {
    tokio::time::advance(Duration::from_millis(10)).await;
}

#[tokio::test(start_paused = true)]
async fn s2_the_connection_that_has_been_idle_longest_gives_way() {
    let slots = slots(3, 100);
    let mut held = Vec::new();
    for ip in ["203.0.113.1", "198.51.100.1", "192.0.2.1"] {
        held.push(take(&slots, ip).unwrap());
        later().await;
    }
    // The first one is busy, then idle for a shorter time than the others.
    drop(held[0].activity.request(false));
    later().await;
    let busy = held[1].activity.request(false);
    let next = take(&slots, "2001:db8::1").unwrap();
    let closed: Vec<_> = held.iter().map(Held::is_closed).collect();
    assert_eq!(closed, [false, false, true]);
    let _after = take(&slots, "2001:db8:1::1").unwrap();
    assert!(held[0].is_closed() && !held[1].is_closed() && !next.is_closed());
    drop(busy);
}

#[tokio::test(start_paused = true)]
async fn s2_a_network_at_its_share_gives_up_its_own_idle_connection() {
    let slots = slots(100, 2);
    let other = take(&slots, "198.51.100.1").unwrap();
    later().await;
    let first = take(&slots, "203.0.113.1").unwrap();
    later().await;
    let second = take(&slots, "203.0.113.2").unwrap();
    let third = take(&slots, "::ffff:203.0.113.3").unwrap();
    assert!(first.is_closed() && !second.is_closed() && !other.is_closed());
    let requests = [second.activity.request(false), third.activity.request(true)];
    assert!(take(&slots, "203.0.113.4").is_none(), "all are busy");
    drop(requests);
    assert!(take(&slots, "203.0.113.4").is_some());
}

#[tokio::test(start_paused = true)]
async fn s2_a_wide_network_has_a_share_too() {
    let slots = slots(1000, 2);
    let mut held = Vec::new();
    for subnet in 0..20 {
        let ip = format!("2001:db8:7:{subnet:x}::1");
        held.extend(take(&slots, &ip));
        later().await;
    }
    let open = held.iter().filter(|held| !held.is_closed()).count();
    assert_eq!(open, 8);
    assert!(held[..12].iter().all(Held::is_closed));
}

#[tokio::test(start_paused = true)]
async fn s2_loopback_and_proxies_have_slots_of_their_own() {
    let slots = slots(4 * RESERVED, 1000);
    let mut held = Vec::new();
    for n in 0..4 * RESERVED {
        let ip = format!("20.{n}.0.1");
        let Some(one) = take(&slots, &ip) else { break };
        std::mem::forget(one.activity.request(false));
        held.push(one);
    }
    assert_eq!(
        held.len(),
        3 * RESERVED,
        "all are busy, and none has more than the others"
    );
    for n in 0..RESERVED {
        let ip = if n % 2 == 0 { "127.0.0.1" } else { "10.0.0.7" };
        held.push(take(&slots, ip).unwrap());
    }
    assert!(held.iter().all(|held| !held.is_closed()));
    // Beyond them it takes the oldest of its own before it is refused.
    assert!(take(&slots, "127.0.0.1").is_some());
    assert!(held[3 * RESERVED].is_closed());
}

#[tokio::test(start_paused = true)]
async fn s2_when_all_are_busy_the_largest_network_gives_way() {
    let slots = slots(40, 100);
    let mut held = Vec::new();
    for _ in 0..40 {
        let one = take(&slots, "203.0.113.1").unwrap();
        std::mem::forget(one.activity.request(true));
        held.push(one);
        later().await;
    }
    assert!(
        take(&slots, "203.0.114.1").is_none(),
        "of the same wide network"
    );
    let mut newcomers = Vec::new();
    for n in 0..60 {
        if let Some(one) = take(&slots, &format!("198.{}.100.1", n % 3)) {
            std::mem::forget(one.activity.request(true));
            newcomers.push(one);
        }
    }
    let open = |all: &[Held]| all.iter().filter(|one| !one.is_closed()).count();
    assert_eq!(open(&held) + open(&newcomers), 40);
    assert!((9..=11).contains(&open(&held)), "{}", open(&held));
    assert!(
        held[0].is_closed() && !held[39].is_closed(),
        "the longest request ends first"
    );
}

#[tokio::test(start_paused = true)]
async fn s2_nothing_is_remembered_of_connections_that_ended() {
    let slots = slots(8, 4);
    for n in 0..100 {
        let held: Vec<_> = (0..5)
            .filter_map(|k| take(&slots, &format!("20.{n}.{k}.1")))
            .collect();
        drop(held.into_iter().map(|held| held.slot).collect::<Vec<_>>());
    }
    let open = slots.open();
    assert!(open.connections.is_empty() && open.networks.is_empty() && open.sizes.is_empty());
}
