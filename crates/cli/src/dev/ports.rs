//! Loopback ports: 127.0.0.1, and ::1 where the machine has it.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use anyhow::bail;
use tokio::net::TcpListener;

/// How far to look for a free port to offer.
const LOOK: u16 = 50;

/// A port of loopback.
pub(crate) enum Port {
    Ours(Vec<TcpListener>),
    /// Another program listens there, on this address.
    Taken(IpAddr),
}

/// Listens on a port that one can do without.
pub(crate) async fn try_bind(port: u16) -> anyhow::Result<Port> {
    match both(port).await {
        Ok(listeners) => Ok(Port::Ours(listeners)),
        Err((address, error)) if error.kind() == io::ErrorKind::AddrInUse => {
            Ok(Port::Taken(address))
        }
        Err((address, error)) => bail!("can't listen on port {port} of {address}: {error}"),
    }
}

/// Listens on the port of this option. A taken one is named, and the next free one offered.
pub(crate) async fn bind(port: u16, option: &str) -> anyhow::Result<Vec<TcpListener>> {
    match try_bind(port).await? {
        Port::Ours(listeners) => Ok(listeners),
        Port::Taken(address) => {
            let offer = match next_free(port).await {
                None => String::new(),
                Some(free) => format!(", or take the next free one: {option} {free}"),
            };
            bail!("port {port} is taken on {address}; stop what listens there{offer}")
        }
    }
}

async fn both(port: u16) -> Result<Vec<TcpListener>, (IpAddr, io::Error)> {
    let (v4, v6) = (
        IpAddr::from(Ipv4Addr::LOCALHOST),
        IpAddr::from(Ipv6Addr::LOCALHOST),
    );
    let mut listeners = vec![TcpListener::bind((v4, port)).await.map_err(|e| (v4, e))?];
    match TcpListener::bind((v6, port)).await {
        Ok(listener) => listeners.push(listener),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err((v6, error)),
        // No IPv6 on this machine.
        Err(_) => {}
    }
    Ok(listeners)
}

async fn next_free(port: u16) -> Option<u16> {
    for candidate in port.saturating_add(1)..port.saturating_add(LOOK) {
        if both(candidate).await.is_ok() {
            return Some(candidate);
        }
    }
    None
}
