//! The gateway with its listeners.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use cardea_web::inbound::ClientCertificates;
use cardea_web::inbound::listener::{ListenerConfig, serve};
use cardea_web::inbound::tls::{Certificates, POLL_EVERY};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::checked::ConfigProblem;
use crate::config::GatewayConfig;
use crate::forward_auth;
use crate::gateway::Gateway;
use crate::redirect;

/// How long a connection between two requests stays, and an answer may stand still at the least.
pub(crate) const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// The sockets of a gateway.
#[derive(Default)]
pub struct Listeners {
    /// For the requests that are passed on.
    pub main: Vec<TcpListener>,
    /// For plain HTTP, which leads to https.
    pub redirect: Option<TcpListener>,
    /// For the proxies that ask who is logged in.
    pub forward_auth: Option<TcpListener>,
}

/// A gateway that is about to serve.
pub struct Serving {
    gateway: Gateway,
    listeners: Vec<TcpListener>,
    redirect: Option<TcpListener>,
    forward_auth: Option<(TcpListener, Router)>,
    certificates: Option<Arc<Certificates>>,
    bounds: ListenerConfig,
}

impl Serving {
    /// Listens at the addresses of the configuration.
    ///
    /// # Errors
    /// Names the key of an address that can't be listened at, or of a file that can't be used.
    pub async fn bind(config: &GatewayConfig, gateway: Gateway) -> Result<Self, ConfigProblem> {
        let mut listeners = Listeners::default();
        if !config.asks_alone() {
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

    /// Serves on listeners that are there already.
    ///
    /// # Errors
    /// Names the key of a file that can't be used.
    pub fn at(
        config: &GatewayConfig,
        gateway: Gateway,
        listeners: Listeners,
    ) -> Result<Self, ConfigProblem> {
        if listeners.main.is_empty() && !config.asks_alone() {
            return Err(ConfigProblem::new(
                "listen",
                "there is no address to listen at",
            ));
        }
        if listeners.redirect.is_some() && config.tls.is_none() {
            let what = "without [tls] there is no https to lead to";
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
            // Through one proxy come the connections of many people.
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

    /// Where it listens for the requests that it passes on.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        let addresses = self.listeners.iter().map(TcpListener::local_addr);
        addresses.filter_map(Result::ok).collect()
    }

    /// Serves until `shutdown`, then finishes what is under way.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub async fn run(self, shutdown: CancellationToken) -> io::Result<()> {
        if let Some(certificates) = self.certificates {
            tokio::spawn(certificates.reload(POLL_EVERY, shutdown.clone()));
        }
        let beside = TaskTracker::new();
        if let Some(listener) = self.redirect {
            let router = redirect::router(self.gateway.clone());
            let stop = shutdown.clone();
            beside.spawn(serve(
                vec![listener],
                router,
                ListenerConfig::default(),
                stop,
            ));
        }
        if let Some((listener, router)) = self.forward_auth {
            // Whoever asks here is a proxy, with the connections of all its clients.
            let bounds = ListenerConfig {
                max_connections_per_network: ListenerConfig::default().max_connections,
                ..ListenerConfig::default()
            };
            beside.spawn(serve(vec![listener], router, bounds, shutdown.clone()));
        }
        let served = serve(self.listeners, self.gateway, self.bounds, shutdown).await;
        beside.close();
        beside.wait().await;
        served
    }
}

async fn bind(key: &str, text: &str) -> Result<TcpListener, ConfigProblem> {
    let problem = |what: String| ConfigProblem::new(key, format!("\"{text}\": {what}"));
    let address: SocketAddr = text
        .parse()
        .map_err(|_| problem("not an address and port such as 127.0.0.1:8443".to_owned()))?;
    let listener = TcpListener::bind(address).await;
    listener.map_err(|error| problem(format!("can't be listened at: {error}")))
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
            let what = "it takes a client_ca_file";
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
