//! Loopback ports: 127.0.0.1, and ::1 where the machine has it.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use anyhow::bail;
use tokio::net::TcpListener;

use crate::holder::Holder;

const API: u16 = 4000;
const SPA: u16 = 5173;
const WEBAPP: u16 = 5174;
/// How far to look for a free port to offer.
const LOOK: u16 = 50;

/// The ports of all parts, listened at.
pub(crate) struct Ports {
    pub(crate) provider: Bound,
    pub(crate) api: Bound,
    pub(crate) spa: Bound,
    pub(crate) webapp: Bound,
    pub(crate) gateway: Option<Bound>,
    /// What was taken, each in a sentence.
    pub(crate) moved: Vec<String>,
}

/// A port of ours.
pub(crate) struct Bound {
    pub(crate) port: u16,
    pub(crate) listeners: Vec<TcpListener>,
}

/// Why a port can't be listened at.
struct Refused {
    address: IpAddr,
    error: io::Error,
}

impl Ports {
    /// Each part at its usual port. The provider's is part of its name, so it doesn't move without being told; your own app may be
    /// at one of the others, which then move out of its way.
    pub(crate) async fn in_the_open(provider: u16) -> anyhow::Result<Self> {
        let provider = exactly(provider, "--port ").await?;
        let mut moved = Vec::new();
        let usual = [
            ("orders API", API),
            ("single-page app", SPA),
            ("webapp", WEBAPP),
        ];
        // First all that are free: none moves to where another usually is.
        let mut bound = [None, None, None];
        for (place, (_, port)) in bound.iter_mut().zip(usual) {
            *place = both(port).await.ok();
        }
        for (place, (name, port)) in bound.iter_mut().zip(usual) {
            if place.is_none() {
                let next = next_to(port).await?;
                let whose = holder(port);
                moved.push(format!(
                    "Port {port} is taken{whose}; the {name} is at {}.",
                    next.port
                ));
                *place = Some(next);
            }
        }
        match bound {
            [Some(api), Some(spa), Some(webapp)] => Ok(Self {
                provider,
                api,
                spa,
                webapp,
                gateway: None,
                moved,
            }),
            _ => bail!("there are no free ports"),
        }
    }

    /// The gateway's port, and for what is behind it any that are free.
    pub(crate) async fn behind_a_gateway(port: u16) -> anyhow::Result<Self> {
        Ok(Self {
            gateway: Some(exactly(port, "--gateway=").await?),
            provider: any().await?,
            api: any().await?,
            spa: any().await?,
            webapp: any().await?,
            moved: Vec::new(),
        })
    }
}

/// The port of this option. A taken one is named, and the next free one offered.
async fn exactly(port: u16, option: &str) -> anyhow::Result<Bound> {
    match both(port).await {
        Ok(bound) => Ok(bound),
        Err(Refused { address, error }) if error.kind() == io::ErrorKind::AddrInUse => {
            let whose = holder(port);
            let free = next_to(port).await?.port;
            bail!(
                "port {port} is taken on {address}{whose}; stop that, or take the next free one: {option}{free}"
            )
        }
        Err(Refused { address, error }) => {
            bail!("can't listen on port {port} of {address}: {error}")
        }
    }
}

/// The next port that is free on both addresses.
async fn next_to(port: u16) -> anyhow::Result<Bound> {
    for candidate in port.saturating_add(1)..port.saturating_add(LOOK) {
        if let Ok(bound) = both(candidate).await {
            return Ok(bound);
        }
    }
    bail!("port {port} is taken, and so are the {LOOK} next to it")
}

/// A port that is free, for what is found by another.
async fn any() -> anyhow::Result<Bound> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let port = listener.local_addr()?.port();
    Ok(Bound {
        port,
        listeners: vec![listener],
    })
}

async fn both(port: u16) -> Result<Bound, Refused> {
    let listen = async |address: IpAddr| {
        let bound = TcpListener::bind((address, port)).await;
        bound.map_err(|error| Refused { address, error })
    };
    let mut listeners = vec![listen(Ipv4Addr::LOCALHOST.into()).await?];
    match listen(Ipv6Addr::LOCALHOST.into()).await {
        Ok(listener) => listeners.push(listener),
        Err(refused) if refused.error.kind() == io::ErrorKind::AddrInUse => return Err(refused),
        // No IPv6 on this machine.
        Err(_) => {}
    }
    Ok(Bound { port, listeners })
}

/// ` by node (process 4711)`, where that can be known.
fn holder(port: u16) -> String {
    Holder::of(port).map_or(String::new(), |holder| format!(" by {holder}"))
}
