//! The connection slots of a listener. When they are taken, the connection that has been idle longest gives way.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use ipnet::IpNet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::activity::{Activity, Standing};
use crate::{
    inbound::{
        client_address::{is_trusted, network, normalise, wide_network},
        shares::Share,
    },
    metric_names,
};

/// Slots that are kept for loopback and trusted proxies, unless there are few slots in all.
const RESERVED: usize = 32;

/// How many connections there may be.
pub(super) struct Bounds {
    pub(super) slots: usize,
    pub(super) share: Share,
    pub(super) trusted: Vec<IpNet>,
}

pub(super) struct Slots {
    bounds: Bounds,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    next: u64,
    connections: BTreeMap<u64, Connection>,
    // By wide network and by network. What is empty is removed.
    networks: HashMap<IpNet, BTreeSet<u64>>,
    // Connections that count by network, by wide network.
    sizes: BTreeSet<(usize, IpNet)>,
    // A list of the connections that were idle longest when it was made, the longest last.
    idle: Vec<(Instant, u64)>,
}

struct Connection {
    // None: loopback or a trusted proxy.
    networks: Option<[IpNet; 2]>,
    activity: Activity,
    // Ends the connection.
    close: CancellationToken,
}

impl Slots {
    pub(super) fn new(bounds: Bounds) -> Arc<Self> {
        Arc::new(Self {
            bounds,
            open: Mutex::default(),
        })
    }

    /// A slot for a connection from this address, if need be that of another connection. `None` when all connections that
    /// could give way are busy. `close` ends the connection that gets the slot.
    pub(super) fn take(
        self: &Arc<Self>,
        ip: Option<IpAddr>,
        activity: &Activity,
        close: &CancellationToken,
    ) -> Option<Slot> {
        let networks = ip.and_then(|ip| self.networks(ip));
        let mut open = self.open();
        if let Some([own, wide]) = networks {
            for (network, most) in [
                (own, self.bounds.share.network),
                (wide, self.bounds.share.wide_network),
            ] {
                if open.size(network) >= most && !open.close_idle_of(network) {
                    count_closed("refused");
                    return None;
                }
            }
        }
        let slots = match networks {
            None => self.bounds.slots,
            // Few slots are not divided.
            Some(_) if self.bounds.slots < 4 * RESERVED => self.bounds.slots,
            Some(_) => self.bounds.slots - RESERVED,
        };
        if open.connections.len() >= slots
            && !open.close_idle()
            && !open.close_busy(networks.map(|[_, wide]| wide))
        {
            count_closed("refused");
            return None;
        }
        let id = open.add(Connection {
            networks,
            activity: activity.clone(),
            close: close.clone(),
        });
        Some(Slot {
            slots: Arc::clone(self),
            id,
        })
    }

    /// Closes the connection that has been idle longest; whether there was one.
    pub(super) fn close_idle(&self) -> bool {
        self.open().close_idle()
    }

    fn networks(&self, ip: IpAddr) -> Option<[IpNet; 2]> {
        let ip = normalise(ip);
        // A trusted proxy has the connections of many clients, and local processes are not limited by network.
        let counts = !ip.is_loopback() && !is_trusted(ip, &self.bounds.trusted);
        counts.then(|| [network(ip), wide_network(ip)])
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn size(&self, network: IpNet) -> usize {
        self.networks.get(&network).map_or(0, BTreeSet::len)
    }

    fn add(&mut self, connection: Connection) -> u64 {
        let id = self.next;
        self.next += 1;
        if let Some([own, wide]) = connection.networks {
            self.networks.entry(own).or_default().insert(id);
            let size = self.size(wide);
            self.networks.entry(wide).or_default().insert(id);
            self.sizes.remove(&(size, wide));
            self.sizes.insert((size + 1, wide));
        }
        self.connections.insert(id, connection);
        id
    }

    fn remove(&mut self, id: u64) -> Option<Connection> {
        let connection = self.connections.remove(&id)?;
        if let Some([own, wide]) = connection.networks {
            let size = self.size(wide);
            for network in [own, wide] {
                if let Some(ids) = self.networks.get_mut(&network) {
                    ids.remove(&id);
                    if ids.is_empty() {
                        self.networks.remove(&network);
                    }
                }
            }
            self.sizes.remove(&(size, wide));
            if size > 1 {
                self.sizes.insert((size - 1, wide));
            }
        }
        Some(connection)
    }

    /// The connection no longer counts from now on. Its task notices in a moment.
    fn close(&mut self, id: u64, reason: &'static str) {
        if let Some(connection) = self.remove(id) {
            connection.close.cancel();
            count_closed(reason);
        }
    }

    /// Closes the connection of this network that has been idle longest.
    fn close_idle_of(&mut self, network: IpNet) -> bool {
        let ids = self.networks.get(&network).into_iter().flatten();
        let idle = ids.filter_map(|id| Some((self.idle_since(*id)?, *id)));
        match idle.min() {
            Some((_, id)) => self.close(id, "idle"),
            None => return false,
        }
        true
    }

    /// Closes the connection that has been idle longest, those of loopback and trusted proxies last.
    fn close_idle(&mut self) -> bool {
        for is_second in [false, true] {
            while let Some((since, id)) = self.idle.pop() {
                // It may have become busy since the list was made.
                if self.idle_since(id) == Some(since) {
                    self.close(id, "idle");
                    return true;
                }
            }
            if !is_second {
                self.list_idle();
            }
        }
        false
    }

    /// A whole list at a time: in a flood of connections each one would otherwise have to look at all.
    fn list_idle(&mut self) {
        const LENGTH: usize = 64;
        let all = self.connections.iter();
        let idle = all.filter_map(|(id, connection)| match connection.activity.standing() {
            Standing::Idle(since) => Some((connection.networks.is_none(), since, *id)),
            Standing::Busy(_) => None,
        });
        let mut idle: Vec<_> = idle.collect();
        idle.sort_unstable();
        // One of loopback and trusted proxies only when there is no other one.
        let length = match idle.first() {
            Some((true, _, _)) => 1,
            _ => LENGTH,
        };
        let idle = idle.into_iter().take(length);
        let idle = idle.filter(|(is_local, _, _)| length == 1 || !is_local);
        self.idle = idle.map(|(_, since, id)| (since, id)).collect();
        self.idle.reverse();
    }

    /// When all are busy, the wide network with the most connections gives one up: the one with the longest request. It must
    /// have more connections than the network that asks.
    fn close_busy(&mut self, asking: Option<IpNet>) -> bool {
        let Some((size, network)) = self.sizes.last().copied() else {
            return false;
        };
        if asking.is_some_and(|asking| self.size(asking) + 1 >= size) {
            return false;
        }
        let ids = self.networks.get(&network).into_iter().flatten();
        let busy = ids.filter_map(|id| {
            let connection = self.connections.get(id)?;
            match connection.activity.standing() {
                Standing::Idle(since) | Standing::Busy(since) => Some((since, *id)),
            }
        });
        match busy.min() {
            Some((_, id)) => self.close(id, "busy"),
            None => return false,
        }
        true
    }

    fn idle_since(&self, id: u64) -> Option<Instant> {
        match self.connections.get(&id)?.activity.standing() {
            Standing::Idle(since) => Some(since),
            Standing::Busy(_) => None,
        }
    }
}

fn count_closed(reason: &'static str) {
    metrics::counter!(metric_names::CONNECTIONS_CLOSED, "reason" => reason).increment(1);
}

/// A slot, free again when dropped.
pub(super) struct Slot {
    slots: Arc<Slots>,
    id: u64,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.slots.open().remove(self.id);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
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
}
