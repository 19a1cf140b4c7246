//! The gateway with its listeners.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use cardea_web::inbound::{
    listener::{ListenerConfig, serve},
    tls::{Certificates, POLL_EVERY},
};
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    config::GatewayConfig, gateway::Gateway, prepared::Prepared, problem::ConfigProblems, redirect,
};

/// The idle timeout of connections, and the least for a pause in a response.
pub(crate) const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// The sockets of a gateway.
#[derive(Default)]
pub struct Listeners {
    /// For requests that are forwarded.
    pub main: Vec<TcpListener>,
    /// For plain HTTP, which is redirected to https.
    pub redirect: Option<TcpListener>,
    /// For the proxies that use forward-auth.
    pub forward_auth: Option<TcpListener>,
}

/// A gateway that is ready to serve.
pub struct Serving {
    pub(crate) gateway: Gateway,
    pub(crate) listeners: Vec<TcpListener>,
    pub(crate) redirect: Option<TcpListener>,
    pub(crate) forward_auth: Option<(TcpListener, Router)>,
    pub(crate) certificates: Option<Arc<Certificates>>,
    pub(crate) bounds: ListenerConfig,
}

impl Serving {
    /// Serves on existing listeners.
    ///
    /// # Errors
    /// Names each invalid key, and what is expected.
    pub fn at(
        config: &GatewayConfig,
        gateway: Gateway,
        listeners: Listeners,
    ) -> Result<Self, ConfigProblems> {
        Ok(Prepared::of(config, gateway)?.at(listeners))
    }

    /// The addresses of the main listeners.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        let addresses = self.listeners.iter().map(TcpListener::local_addr);
        addresses.filter_map(Result::ok).collect()
    }

    /// Serves until `shutdown`, then finishes the requests in progress.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub async fn run(self, shutdown: CancellationToken) -> io::Result<()> {
        if let Some(certificates) = self.certificates {
            tokio::spawn(certificates.reload(POLL_EVERY, shutdown.clone()));
        }
        let others = TaskTracker::new();
        if let Some(listener) = self.redirect {
            let router = redirect::router(self.gateway.clone());
            let stop = shutdown.clone();
            others.spawn(serve(
                vec![listener],
                router,
                ListenerConfig::default(),
                stop,
            ));
        }
        if let Some((listener, router)) = self.forward_auth {
            // The only clients are proxies, with the connections of all their clients.
            let bounds = ListenerConfig {
                max_connections_per_network: ListenerConfig::default().max_connections,
                ..ListenerConfig::default()
            };
            others.spawn(serve(vec![listener], router, bounds, shutdown.clone()));
        }
        let served = serve(self.listeners, self.gateway, self.bounds, shutdown).await;
        others.close();
        others.wait().await;
        served
    }
}
