//! Loopback ports: 127.0.0.1, and ::1 where the machine has it.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use anyhow::bail;
use tokio::net::TcpListener;

/// How far to look for a free port to offer.
const LOOK: u16 = 50;

/// Listens on a port of loopback. A taken one is named, and the next free one offered.
pub(crate) async fn bind(port: u16, option: &str) -> anyhow::Result<Vec<TcpListener>> {
    match both(port).await {
        Ok(listeners) => Ok(listeners),
        Err((address, error)) if error.kind() == io::ErrorKind::AddrInUse => {
            let offer = match (option, next_free(port).await) {
                ("", _) | (_, None) => "stop what listens there".to_owned(),
                (option, Some(free)) => {
                    format!("stop what listens there, or take the next free one: {option} {free}")
                }
            };
            bail!("port {port} is taken on {address}; {offer}")
        }
        Err((address, error)) => bail!("can't listen on port {port} of {address}: {error}"),
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
