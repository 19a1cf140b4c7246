//! Slots by network, so that no network can hold them all.

use std::{net::IpAddr, sync::Arc};

use ipnet::IpNet;

use crate::inbound::shares::{Share, Shares};

/// The slots that are taken, by network.
pub struct Networks(Shares);

impl Networks {
    /// At most this share for a network; connections of loopback and of `trusted` are not counted.
    #[must_use]
    pub fn new(share: Share, trusted: Vec<IpNet>) -> Arc<Self> {
        Arc::new(Self(Shares::new(share, trusted)))
    }

    /// Takes a slot for this address; `None` when its network has its share.
    pub fn admit(self: &Arc<Self>, ip: IpAddr) -> Option<Guest> {
        self.0.take(ip, 1).then(|| Guest {
            networks: Arc::clone(self),
            ip,
        })
    }
}

/// A slot, given back when dropped.
pub struct Guest {
    networks: Arc<Networks>,
    ip: IpAddr,
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.networks.0.give_back(self.ip, 1);
    }
}
