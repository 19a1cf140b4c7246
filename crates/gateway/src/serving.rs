//! The gateway with its listeners.

use std::{io, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use axum::Router;
use cardea_web::inbound::{
    ClientCertificates,
    listener::{ListenerConfig, serve},
    tls::{Certificates, POLL_EVERY},
};
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    checked::ConfigProblem, config::GatewayConfig, forward_auth, gateway::Gateway, redirect,
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
    gateway: Gateway,
    listeners: Vec<TcpListener>,
    redirect: Option<TcpListener>,
    forward_auth: Option<(TcpListener, Router)>,
    certificates: Option<Arc<Certificates>>,
    bounds: ListenerConfig,
}

impl Serving {
    /// Listens on the configured addresses.
    ///
    /// # Errors
    /// Names the key of an address that cannot be listened on, or of a file that cannot be used.
    pub async fn bind(config: &GatewayConfig, gateway: Gateway) -> Result<Self, ConfigProblem> {
        let mut listeners = Listeners::default();
        if !config.is_forward_auth_only() {
            for text in &config.listen {
                listeners.main.push(bind("listen", text).await?);
            }
        }
        if let Some(text) = &config.redirect.listen {
            listeners.redirect = Some(bind("redirect.listen", text).await?);
        }
        if let Some(forward_auth) = &config.forward_auth {
            let listener = bind("forward_auth.listen", &forward_auth.listen).await?;
            listeners.forward_auth = Some(listener);
        }
        Self::at(config, gateway, listeners)
    }

    /// Serves on existing listeners.
    ///
    /// # Errors
    /// Names the key of a file that cannot be used.
    pub fn at(
        config: &GatewayConfig,
        gateway: Gateway,
        listeners: Listeners,
    ) -> Result<Self, ConfigProblem> {
        if listeners.main.is_empty() && !config.is_forward_auth_only() {
            return Err(ConfigProblem::new(
                "listen",
                "not set; add at least one address",
            ));
        }
        if listeners.redirect.is_some() && config.tls.is_none() {
            let what = "requires [tls]";
            return Err(ConfigProblem::new("redirect.listen", what));
        }
        let shared = &gateway.0;
        let forward_auth = match (&config.forward_auth, listeners.forward_auth) {
            (Some(config), Some(listener)) => {
                let router = forward_auth::router(config, &shared.clock, &shared.entropy)?;
                Some((listener, router))
            }
            _ => None,
        };
        let (certificates, client_certificates) = tls(config)?;
        let bounds = ListenerConfig {
            tls: certificates.clone(),
            client_certificates,
            // A proxy has the connections of many clients.
            trusted: shared.table.load().trusted.clone(),
            idle_timeout: KEEP_ALIVE.max(gateway.longest_idle() + Duration::from_secs(15)),
            ..ListenerConfig::default()
        };
        Ok(Self {
            gateway,
            listeners: listeners.main,
            redirect: listeners.redirect,
            forward_auth,
            certificates,
            bounds,
        })
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

async fn bind(key: &str, text: &str) -> Result<TcpListener, ConfigProblem> {
    let problem = |what: String| ConfigProblem::new(key, format!("\"{text}\": {what}"));
    let address: SocketAddr = text
        .parse()
        .map_err(|_| problem("not an address and port such as 127.0.0.1:8443".to_owned()))?;
    let listener = TcpListener::bind(address).await;
    listener.map_err(|error| problem(format!("cannot listen: {error}")))
}

type Tls = (Option<Arc<Certificates>>, Option<ClientCertificates>);

fn tls(config: &GatewayConfig) -> Result<Tls, ConfigProblem> {
    let Some(tls) = &config.tls else {
        return Ok((None, None));
    };
    let certificates = Certificates::load(Path::new(&tls.cert_file), Path::new(&tls.key_file))
        .map_err(|error| ConfigProblem::new("tls", error.to_string()))?;
    let clients = match &tls.client_ca_file {
        None if tls.client_certificate_required => {
            let what = "requires client_ca_file";
            return Err(ConfigProblem::new("tls.client_certificate_required", what));
        }
        None => None,
        Some(file) => {
            let ca_pem = std::fs::read(file).map_err(|error| {
                ConfigProblem::new("tls.client_ca_file", format!("{file}: {error}"))
            })?;
            let required = tls.client_certificate_required;
            Some(ClientCertificates { ca_pem, required })
        }
    };
    Ok((Some(certificates), clients))
}
