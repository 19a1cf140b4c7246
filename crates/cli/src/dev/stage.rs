//! Where everything is: in the open, each part at a port of its own, or behind a gateway, each under a path.

use std::path::{Path, PathBuf};

use cardea_gateway::dev_ca::DevCertificates;
use cardea_server::config::development::Addresses;
use cardea_web::clock::{Clock as _, SystemClock};

use super::ports::Ports;

/// Where everything is.
pub(crate) struct Stage {
    /// Where browsers find the provider and the apps.
    pub(crate) addresses: Addresses,
    /// Where programs find the API.
    pub(crate) api: String,
    /// Where the API listens.
    pub(crate) api_listens: String,
    /// The path under which the page calls the API through its own server.
    pub(crate) api_of_page: &'static str,
    /// The path that the web app is under.
    pub(crate) webapp_path: &'static str,
    /// The ports of the provider, the API, the single-page app and the web app.
    pub(crate) listens: [u16; 4],
    /// The gateway, if there is one.
    pub(crate) gateway: Option<Door>,
    /// Where keys and data are.
    pub(crate) data: PathBuf,
    /// Ports that were taken, each in a sentence.
    pub(crate) moved: Vec<String>,
}

/// Where the gateway listens, what it shows, and who vouches for it.
pub(crate) struct Door {
    pub(crate) port: u16,
    pub(crate) certificates: DevCertificates,
}

impl Stage {
    /// Finds a place for everything.
    pub(crate) fn set(ports: &Ports, data: &Path) -> anyhow::Result<Self> {
        let listens = [&ports.provider, &ports.api, &ports.spa, &ports.webapp].map(|at| at.port);
        let [provider, api, spa, webapp] = listens;
        let local = |port: u16| format!("http://localhost:{port}");
        let stage = Self {
            addresses: Addresses {
                issuer: local(provider),
                spa: local(spa),
                webapp: local(webapp),
            },
            api: local(api),
            api_listens: format!("http://127.0.0.1:{api}"),
            api_of_page: "/api",
            webapp_path: "",
            listens,
            gateway: None,
            data: data.to_owned(),
            moved: ports.moved.clone(),
        };
        match &ports.gateway {
            None => Ok(stage),
            Some(gateway) => stage.behind(gateway.port),
        }
    }

    /// The same behind a gateway. `/api` is the API itself there, so the page calls it elsewhere.
    fn behind(self, port: u16) -> anyhow::Result<Self> {
        let origin = format!("https://localhost:{port}");
        let certificates = DevCertificates::ensure(&self.data, SystemClock.now())?;
        Ok(Self {
            addresses: Addresses {
                issuer: format!("{origin}/auth"),
                webapp: format!("{origin}/app"),
                spa: origin.clone(),
            },
            api: format!("{origin}/api"),
            api_of_page: "/bff/api",
            webapp_path: "/app",
            gateway: Some(Door { port, certificates }),
            ..self
        })
    }

    /// The file with the authority that vouches for the gateway.
    pub(crate) fn ca_file(&self) -> Option<PathBuf> {
        let door = self.gateway.as_ref();
        door.map(|door| door.certificates.ca_file.clone())
    }

    /// The hosts that are answered at a port (D23), whatever a page elsewhere calls this machine.
    pub(crate) fn names(&self, port: u16) -> Vec<String> {
        let door = self.gateway.as_ref().map(|door| door.port);
        let ports = door.into_iter().chain([port]);
        let of_port =
            |port| ["localhost", "127.0.0.1", "[::1]"].map(|name| format!("{name}:{port}"));
        ports.flat_map(of_port).collect()
    }
}
