//! Slots by network, so that no network can hold them all.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ipnet::IpNet;

use crate::inbound::client_address::{is_trusted, normalise, own_network};

/// The places that are taken, by network (/24, /64); never more networks than places.
pub struct Networks {
    most: usize,
    trusted: Vec<IpNet>,
    open: Mutex<HashMap<IpNet, usize>>,
}

impl Networks {
    /// At most so many places for one network; those of `trusted` are not counted.
    #[must_use]
    pub fn new(most: usize, trusted: Vec<IpNet>) -> Arc<Self> {
        Arc::new(Self {
            most,
            trusted,
            open: Mutex::default(),
        })
    }

    /// One more place for this address; `None` when its network has its share.
    pub fn admit(self: &Arc<Self>, ip: IpAddr) -> Option<Guest> {
        let ip = normalise(ip);
        // Many people come through one proxy, and whoever is on this machine has better ways to do harm.
        if ip.is_loopback() || is_trusted(ip, &self.trusted) {
            return Some(Guest(None));
        }
        let network = own_network(ip);
        let mut open = self.open();
        let count = open.entry(network).or_insert(0);
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Guest(Some((Arc::clone(self), network))))
    }

    fn open(&self) -> MutexGuard<'_, HashMap<IpNet, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place, given back when dropped.
pub struct Guest(Option<(Arc<Networks>, IpNet)>);

impl Drop for Guest {
    fn drop(&mut self) {
        let Some((networks, network)) = self.0.take() else {
            return;
        };
        let mut open = networks.open();
        match open.get_mut(&network) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                open.remove(&network);
            }
        }
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
    fn a_stranger_with_many_addresses_has_one_share() {
        let networks = Networks::new(2, Vec::new());
        for neighbours in [
            ["203.0.113.1", "203.0.113.2", "::ffff:203.0.113.3"],
            ["2001:db8::1", "2001:db8::2", "2001:db8:0:0:ffff::"],
        ] {
            let [one, two, three] = neighbours.map(ip);
            let first = networks.admit(one);
            let second = networks.admit(two);
            assert!(first.is_some() && second.is_some());
            assert!(networks.admit(three).is_none());
            drop(first);
            assert!(networks.admit(three).is_some());
        }
        assert!(networks.open().is_empty(), "who left is remembered");
    }

    #[test]
    fn this_machine_and_trusted_proxies_are_not_counted() {
        let networks = Networks::new(1, vec!["10.0.0.0/8".parse().unwrap()]);
        for address in ["127.0.0.1", "::1", "10.1.2.3", "::ffff:10.1.2.3"] {
            let guests = [networks.admit(ip(address)), networks.admit(ip(address))];
            assert!(guests.iter().all(Option::is_some), "{address}");
        }
        let _guest = networks.admit(ip("192.0.2.1")).unwrap();
        assert!(networks.admit(ip("192.0.2.1")).is_none());
    }
}
