//! Something limited that clients hold for a time: the connections of an upstream, the memory of request bodies.
//!
//! A network may hold as much as is left free. So one network can hold half, two can hold a third each, and whatever a number of
//! networks do, the next one finds something.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use ipnet::IpNet;

/// How many times as much as a network a wide network may hold.
const WIDE_FACTOR: usize = 2;

/// What is limited, and who holds how much of it.
pub(crate) struct Shares {
    total: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    held: usize,
    // By network (IPv4 /24 and /16, IPv6 /64 and /48). Networks that hold nothing are not in it.
    by_network: HashMap<IpNet, usize>,
}

/// Why nothing is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spent {
    /// Everything is held.
    All,
    /// The client's network has its share.
    Share,
}

impl Shares {
    /// So much in all.
    pub(crate) fn new(total: usize) -> Arc<Self> {
        Arc::new(Self {
            total,
            state: Mutex::default(),
        })
    }

    /// Takes an amount for a client. Clients on this machine have no share: they are limited by the total only.
    pub(crate) fn take(self: &Arc<Self>, ip: IpAddr, amount: usize) -> Result<Held, Spent> {
        let networks = networks(ip);
        let mut state = self.state();
        let free = self.total.saturating_sub(state.held);
        if amount > free {
            return Err(Spent::All);
        }
        for (network, factor) in networks.into_iter().flatten() {
            let held = state.by_network.get(&network).copied().unwrap_or_default();
            if held.saturating_add(amount) > free.saturating_mul(factor) {
                return Err(Spent::Share);
            }
        }
        state.held += amount;
        for (network, _) in networks.into_iter().flatten() {
            *state.by_network.entry(network).or_default() += amount;
        }
        Ok(Held {
            shares: Arc::clone(self),
            networks,
            amount,
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Counted = Option<[(IpNet, usize); 2]>;

fn networks(ip: IpAddr) -> Counted {
    let ip = ip.to_canonical();
    if ip.is_loopback() {
        return None;
    }
    let (network, wide) = match ip {
        IpAddr::V4(_) => (24, 16),
        IpAddr::V6(_) => (64, 48),
    };
    let of = |prefix| {
        let all = IpNet::from(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        IpNet::new(ip, prefix).map_or(all, |network| network.trunc())
    };
    Some([(of(network), 1), (of(wide), WIDE_FACTOR)])
}

/// An amount that a client holds, given back when dropped.
pub(crate) struct Held {
    shares: Arc<Shares>,
    networks: Counted,
    amount: usize,
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut state = self.shares.state();
        state.held = state.held.saturating_sub(self.amount);
        for (network, _) in self.networks.into_iter().flatten() {
            let Some(held) = state.by_network.get_mut(&network) else {
                continue;
            };
            *held = held.saturating_sub(self.amount);
            if *held == 0 {
                state.by_network.remove(&network);
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn all_of(shares: &Arc<Shares>, ip: &str) -> Vec<Held> {
        let ip: IpAddr = ip.parse().unwrap();
        std::iter::from_fn(|| shares.take(ip, 1).ok()).collect()
    }

    #[test]
    fn s3_however_many_networks_take_all_they_can_the_next_one_is_served() {
        let shares = Shares::new(512);
        let first = all_of(&shares, "203.0.113.1");
        assert_eq!(first.len(), 256);
        let neighbour = shares.take("203.0.113.200".parse().unwrap(), 1);
        assert_eq!(neighbour.err(), Some(Spent::Share));
        let mut kept = vec![first];
        for n in 0..7 {
            let more = all_of(&shares, &format!("198.{n}.100.1"));
            assert!(!more.is_empty(), "network {n} is served");
            kept.push(more);
        }
        drop(kept);
        assert_eq!(shares.state().held, 0);
        assert!(shares.state().by_network.is_empty());
    }

    #[test]
    fn s3_the_networks_of_one_wide_network_leave_a_third() {
        for address in ["198.51.{}.1", "2001:db8:0:{}::1"] {
            let shares = Shares::new(300);
            let mut kept = Vec::new();
            for n in 0..100 {
                kept.extend(all_of(&shares, &address.replace("{}", &n.to_string())));
            }
            assert_eq!(kept.len(), 200, "{address}");
            assert!(shares.take("192.0.2.1".parse().unwrap(), 1).is_ok());
        }
    }

    #[test]
    fn s3_what_is_given_back_can_be_taken_again_and_amounts_count() {
        let shares = Shares::new(100);
        let ip: IpAddr = "::ffff:203.0.113.1".parse().unwrap();
        let large = shares.take(ip, 50).unwrap();
        assert_eq!(shares.take(ip, 1).err(), Some(Spent::Share));
        assert_eq!(shares.take(ip, 51).err(), Some(Spent::All));
        drop(large);
        assert!(shares.take(ip, 50).is_ok());
        let local: IpAddr = "127.0.0.1".parse().unwrap();
        let all = shares.take(local, 100).unwrap();
        assert_eq!(shares.take(local, 1).err(), Some(Spent::All));
        drop(all);
    }
}
