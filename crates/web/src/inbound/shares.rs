//! Amounts held by each network, so that no network can take everything.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use ipnet::IpNet;

use super::client_address::{is_trusted, network, normalise, wide_network};

/// The limits of a network, counted at two prefix lengths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// The limit of a /24 (IPv4) or /64 (IPv6).
    pub network: usize,
    /// The limit of a /16 (IPv4) or /48 (IPv6).
    pub wide_network: usize,
}

impl Share {
    /// How many times the limit of a network a wide network has.
    const WIDE_FACTOR: usize = 4;

    /// A limit for a network, and a proportionate one for a wide network.
    #[must_use]
    pub const fn of_network(limit: usize) -> Self {
        Self {
            network: limit,
            wide_network: limit.saturating_mul(Self::WIDE_FACTOR),
        }
    }
}

/// What each network holds. Bounded by what is held, since a network that holds nothing is not in the map.
pub(super) struct Shares {
    share: Share,
    trusted: Vec<IpNet>,
    held: Mutex<HashMap<IpNet, usize>>,
}

impl Shares {
    /// Without a limit for loopback and for `trusted`.
    pub(super) fn new(share: Share, trusted: Vec<IpNet>) -> Self {
        Self {
            share,
            trusted,
            held: Mutex::default(),
        }
    }

    /// Takes an amount for the networks of this address, or nothing if one of them would exceed its limit.
    pub(super) fn take(&self, ip: IpAddr, amount: usize) -> bool {
        let Some(limits) = self.limits(ip) else {
            return true;
        };
        let mut held = self.held();
        let is_within = limits.iter().all(|(network, limit)| {
            let now = held.get(network).copied().unwrap_or_default();
            now.saturating_add(amount) <= *limit
        });
        if is_within {
            for (network, _) in limits {
                *held.entry(network).or_default() += amount;
            }
        }
        is_within
    }

    /// Gives back what was taken.
    pub(super) fn give_back(&self, ip: IpAddr, amount: usize) {
        let Some(limits) = self.limits(ip) else {
            return;
        };
        let mut held = self.held();
        for (network, _) in limits {
            let Some(now) = held.get_mut(&network) else {
                continue;
            };
            *now = now.saturating_sub(amount);
            if *now == 0 {
                held.remove(&network);
            }
        }
    }

    fn limits(&self, ip: IpAddr) -> Option<[(IpNet, usize); 2]> {
        let ip = normalise(ip);
        // A trusted proxy has the connections of many clients, and local processes are not limited here.
        if ip.is_loopback() || is_trusted(ip, &self.trusted) {
            return None;
        }
        Some([
            (network(ip), self.share.network),
            (wide_network(ip), self.share.wide_network),
        ])
    }

    fn held(&self) -> MutexGuard<'_, HashMap<IpNet, usize>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.held().is_empty()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn s2_addresses_of_one_network_have_one_share() {
        for neighbours in [
            ["203.0.113.1", "203.0.113.2", "::ffff:203.0.113.3"],
            ["2001:db8::1", "2001:db8::2", "2001:db8:0:0:ffff::"],
        ] {
            let shares = Shares::new(Share::of_network(2), Vec::new());
            let [one, two, three] = neighbours.map(ip);
            assert!(shares.take(one, 1) && shares.take(two, 1));
            assert!(!shares.take(three, 1));
            shares.give_back(one, 1);
            assert!(shares.take(three, 1));
            shares.give_back(two, 1);
            shares.give_back(three, 1);
            assert!(
                shares.is_empty(),
                "a network without a holding is remembered"
            );
        }
    }

    #[test]
    fn s2_networks_of_one_wide_network_have_one_larger_share() {
        let shares = Shares::new(Share::of_network(2), Vec::new());
        let v6 = |subnet: u16| IpAddr::from([0x2001, 0xdb8, 7, subnet, 0, 0, 0, 1]);
        let v4 = |subnet: u8| IpAddr::from([198, 51, subnet, 1]);
        for ip in (0..4).flat_map(|n| [v6(n), v4(u8::try_from(n).unwrap())]) {
            assert!(shares.take(ip, 2) && !shares.take(ip, 1), "{ip}");
        }
        assert!(!shares.take(v6(4), 1) && !shares.take(v4(4), 1));
        assert!(shares.take(ip("2001:db8:8::1"), 1) && shares.take(ip("198.52.0.1"), 1));
    }

    #[test]
    fn s2_loopback_and_trusted_proxies_have_no_limit() {
        let shares = Shares::new(Share::of_network(1), vec!["10.0.0.0/8".parse().unwrap()]);
        for address in [
            "127.0.0.1",
            "::1",
            "::ffff:127.0.0.1",
            "10.1.2.3",
            "::ffff:10.1.2.3",
        ] {
            assert!(
                shares.take(ip(address), 1) && shares.take(ip(address), 1),
                "{address}"
            );
        }
        assert!(shares.take(ip("192.0.2.1"), 1) && !shares.take(ip("192.0.2.1"), 1));
    }
}
