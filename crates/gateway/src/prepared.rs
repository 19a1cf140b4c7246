//! Everything of a configuration that is checked before the gateway listens.

use std::{
    io,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Duration,
};

use axum::Router;
use cardea_client::Entropy;
use cardea_web::{
    clock::Clock,
    inbound::{ClientCertificates, listener::ListenerConfig, tls::Certificates},
};
use rustix::net::sockopt::set_ipv6_v6only;
use tokio::net::{TcpListener, TcpSocket};
use tokio_util::sync::CancellationToken;

use crate::{
    checked::address,
    config::{GatewayConfig, TlsConfig},
    forward_auth,
    gateway::Gateway,
    problem::{ConfigProblem, ConfigProblems, Entry, Places, Problems},
    serving::{KEEP_ALIVE, Listeners, Serving},
};

/// A gateway whose configuration was checked entirely; nothing listens yet. `cardea gateway` and `cardea check` both begin with it.
pub struct Prepared {
    gateway: Gateway,
    parts: Parts,
    places: Places,
}

/// An address to listen on, and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The key in the configuration.
    pub key: &'static str,
    /// The address.
    pub address: SocketAddr,
    path: String,
}

/// What a gateway needs besides its table.
struct Parts {
    listen: Vec<Address>,
    redirect: Option<Address>,
    forward_auth: Option<(Address, Router)>,
    certificates: Option<Arc<Certificates>>,
    clients: Option<ClientCertificates>,
    login_warning: Option<ConfigProblem>,
}

impl Prepared {
    /// Checks a configuration, with all files that it names. When `stop` is cancelled the gateway reports that it is not ready.
    ///
    /// # Errors
    /// Names each invalid key, where it is, and what is expected.
    pub fn new(
        config: &GatewayConfig,
        clock: Arc<dyn Clock>,
        entropy: Entropy,
        stop: CancellationToken,
    ) -> Result<Self, ConfigProblems> {
        let mut problems = Problems::default();
        let parts = problems.keep(Parts::read(config, &clock, &entropy));
        let gateway = problems.keep(Gateway::new(config.clone(), clock, entropy, stop));
        let places = config.places.clone();
        let prepared = gateway.zip(parts).map(|(gateway, parts)| Self {
            gateway,
            parts,
            places: places.clone(),
        });
        let prepared = problems.settle(prepared);
        prepared.map_err(|problems| problems.located(&places))
    }

    /// The same for a gateway that was made before.
    pub(crate) fn of(config: &GatewayConfig, gateway: Gateway) -> Result<Self, ConfigProblems> {
        let places = config.places.clone();
        let shared = &gateway.0;
        match Parts::read(config, &shared.clock, &shared.entropy) {
            Ok(parts) => Ok(Self {
                gateway,
                parts,
                places,
            }),
            Err(problems) => Err(problems.located(&places)),
        }
    }

    /// The gateway.
    #[must_use]
    pub fn gateway(&self) -> Gateway {
        self.gateway.clone()
    }

    /// All addresses to listen on.
    pub fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.parts.addresses()
    }

    /// What is not wrong, but probably not meant.
    #[must_use]
    pub fn warnings(&self) -> Vec<ConfigProblem> {
        let table = self.gateway.0.table.load();
        let loops = table.upstreams().iter().enumerate();
        let loops = loops.filter_map(|(index, upstream)| {
            let own = self.addresses().find(|at| upstream.leads_to(at.address))?;
            let what = format!(
                "leads back to this gateway, which listens on {}",
                own.address
            );
            let entry = Entry::new("upstreams", index, upstream.name());
            Some(entry.problem("url", what))
        });
        let warnings = loops.chain(self.parts.login_warning.clone());
        warnings.map(|one| one.located(&self.places)).collect()
    }

    /// Listens on the addresses.
    ///
    /// # Errors
    /// Names the key of an address that cannot be listened on.
    pub async fn bind(self) -> Result<Serving, ConfigProblem> {
        let mut listeners = Listeners::default();
        for address in &self.parts.listen {
            listeners.main.push(self.listen(address).await?);
        }
        if let Some(address) = &self.parts.redirect {
            listeners.redirect = Some(self.listen(address).await?);
        }
        if let Some((address, _)) = &self.parts.forward_auth {
            listeners.forward_auth = Some(self.listen(address).await?);
        }
        Ok(self.at(listeners))
    }

    async fn listen(&self, at: &Address) -> Result<TcpListener, ConfigProblem> {
        let beside_ipv4 = self.addresses().any(|other| at.covers_ipv4_of(other));
        let listener = match beside_ipv4 {
            true => bind_ipv6_only(at.address),
            false => TcpListener::bind(at.address).await,
        };
        listener.map_err(|error| {
            let what = format!("\"{}\": cannot listen: {error}", at.address);
            let problem = ConfigProblem::new(at.key, what).at(&at.path);
            problem.located(&self.places)
        })
    }

    /// Serves on existing listeners.
    pub(crate) fn at(self, listeners: Listeners) -> Serving {
        let Self { gateway, parts, .. } = self;
        let shared = &gateway.0;
        let bounds = ListenerConfig {
            tls: parts.certificates.clone(),
            client_certificates: parts.clients,
            // A proxy has the connections of many clients.
            trusted: shared.table.load().trusted.clone(),
            idle_timeout: KEEP_ALIVE.max(gateway.longest_idle() + Duration::from_secs(15)),
            ..ListenerConfig::default()
        };
        let routers = parts.forward_auth.map(|(_, router)| router);
        Serving {
            listeners: listeners.main,
            redirect: listeners.redirect,
            forward_auth: listeners.forward_auth.zip(routers),
            certificates: parts.certificates,
            bounds,
            gateway,
        }
    }
}

impl Parts {
    fn read(
        config: &GatewayConfig,
        clock: &Arc<dyn Clock>,
        entropy: &Entropy,
    ) -> Result<Self, ConfigProblems> {
        let mut problems = Problems::default();
        let listen = listen(config, &mut problems);
        let redirect = config.redirect.listen.as_ref();
        if redirect.is_some() && config.tls.is_none() {
            problems.add(ConfigProblem::new("redirect.listen", "requires [tls]"));
        }
        let redirect = redirect.map(|text| single("redirect.listen", text));
        let redirect = problems.keep(redirect.transpose()).flatten();
        let forward_auth = config.forward_auth.as_ref().and_then(|config| {
            let address = problems.keep(single("forward_auth.listen", &config.listen));
            let router = problems.keep(forward_auth::router(config, clock, entropy));
            address.zip(router)
        });
        let mut parts = Self {
            listen,
            redirect,
            forward_auth,
            certificates: None,
            clients: None,
            login_warning: config.forward_auth.as_ref().and_then(forward_auth::warning),
        };
        if let Some(tls) = &config.tls {
            parts.certificates = problems.keep(certificates(tls));
            parts.clients = problems.keep(clients(tls)).flatten();
        }
        parts.conflicts(&mut problems);
        problems.settle(Some(parts))
    }

    fn addresses(&self) -> impl Iterator<Item = &Address> {
        let forward_auth = self.forward_auth.iter().map(|(address, _)| address);
        self.listen.iter().chain(&self.redirect).chain(forward_auth)
    }

    /// Addresses of which only one can be listened on.
    fn conflicts(&self, problems: &mut Problems) {
        let all: Vec<_> = self.addresses().collect();
        for (index, one) in all.iter().enumerate() {
            let earlier = all.iter().take(index).find(|other| one.overlaps(other));
            if let Some(earlier) = earlier {
                let (here, there) = (one.address, earlier.address);
                let what = format!("\"{here}\": {} already listens on {there}", earlier.key);
                problems.add(ConfigProblem::new(one.key, what).at(&one.path));
            }
        }
    }
}

impl Address {
    fn overlaps(&self, other: &Self) -> bool {
        let (one, other) = (self.address, other.address);
        let (ip, other_ip) = (one.ip().to_canonical(), other.ip().to_canonical());
        let all = ip.is_unspecified() || other_ip.is_unspecified();
        let same_family = ip.is_ipv4() == other_ip.is_ipv4();
        // Port 0 is any free port.
        one.port() != 0 && one.port() == other.port() && (ip == other_ip || (all && same_family))
    }

    /// Whether this is `[::]`, which receives IPv4 as well, and the other one an IPv4 address at the same port.
    fn covers_ipv4_of(&self, other: &Self) -> bool {
        let (ip, other_ip) = (self.address.ip(), other.address.ip().to_canonical());
        let is_any = ip == IpAddr::V6(Ipv6Addr::UNSPECIFIED);
        is_any && other_ip.is_ipv4() && self.address.port() == other.address.port()
    }
}

/// Listens without IPv4, which another address has.
fn bind_ipv6_only(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v6()?;
    // As `TcpListener::bind` does.
    socket.set_reuseaddr(true)?;
    set_ipv6_v6only(&socket, true)?;
    socket.bind(address)?;
    socket.listen(1024)
}

fn single(key: &'static str, text: &str) -> Result<Address, ConfigProblem> {
    Ok(Address {
        key,
        address: address(key, text)?,
        path: key.to_owned(),
    })
}

fn listen(config: &GatewayConfig, problems: &mut Problems) -> Vec<Address> {
    if config.is_forward_auth_only() {
        return Vec::new();
    }
    if config.listen.is_empty() {
        let what = "not set; add at least one address";
        problems.add(ConfigProblem::new("listen", what));
    }
    let mut addresses = Vec::with_capacity(config.listen.len());
    for (index, text) in config.listen.iter().enumerate() {
        let path = format!("listen[{index}]");
        let read = address("listen", text).map_err(|problem| problem.at(&path));
        addresses.extend(problems.keep(read).map(|address| Address {
            key: "listen",
            address,
            path,
        }));
    }
    addresses
}

fn certificates(tls: &TlsConfig) -> Result<Arc<Certificates>, ConfigProblem> {
    for (key, file) in [
        ("tls.cert_file", &tls.cert_file),
        ("tls.key_file", &tls.key_file),
    ] {
        if file.is_empty() {
            return Err(ConfigProblem::new(key, "not set"));
        }
    }
    let (cert, key) = (Path::new(&tls.cert_file), Path::new(&tls.key_file));
    Certificates::load(cert, key).map_err(|error| {
        let is_key = error.file() == key;
        let key = if is_key {
            "tls.key_file"
        } else {
            "tls.cert_file"
        };
        ConfigProblem::new(key, error.to_string())
    })
}

fn clients(tls: &TlsConfig) -> Result<Option<ClientCertificates>, ConfigProblem> {
    let Some(file) = &tls.client_ca_file else {
        return match tls.client_certificate_required {
            true => {
                let what = "requires client_ca_file";
                Err(ConfigProblem::new("tls.client_certificate_required", what))
            }
            false => Ok(None),
        };
    };
    let problem = |error| ConfigProblem::new("tls.client_ca_file", format!("{file}: {error}"));
    let clients = ClientCertificates {
        ca_pem: std::fs::read(file).map_err(problem)?,
        required: tls.client_certificate_required,
    };
    clients.check().map_err(problem)?;
    Ok(Some(clients))
}
