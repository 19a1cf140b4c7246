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
#[path = "slots_tests.rs"]
mod tests;
