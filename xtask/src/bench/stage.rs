//! The folder, the programs, the ports and the configuration of one bench.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;

use super::{
    Plan,
    seeds::Seeds,
    server::{Cores, Server, pinned},
};
use crate::{
    command::{cargo, find, output, root, stream},
    setup::install_npm,
};

pub(super) const SECRET: &str = "0123456789abcdef0123456789abcdef";
pub(super) const PASSWORD: &str = "hinge-of-the-bench-9";
pub(super) const REDIRECT_URI: &str = "http://127.0.0.1:9999/callback";
/// Users who log in at once.
pub(super) const USERS: usize = 8;
/// The client that asks for a second factor.
pub(super) const MFA: &str = "mfa";
/// The client of the app with the BFF.
pub(super) const BFF: &str = "bff";
/// Rows of the ceiling, as many as Cardea has grants.
const CEILING_ROWS: &str = "10000";

/// The measured system.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum System {
    Cardea,
    Ceiling,
    Peer,
}

impl System {
    /// The first word of its series.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Cardea => "cardea",
            Self::Ceiling => "ceiling",
            Self::Peer => "oidc-provider",
        }
    }
}

pub(super) struct Programs {
    pub(super) cardea: PathBuf,
    pub(super) load: PathBuf,
    ceiling: PathBuf,
}

/// The environment of one bench.
pub(super) struct Stage {
    pub(super) plan: Plan,
    pub(super) programs: Programs,
    pub(super) seeds: Seeds,
    pub(super) ports: Ports,
    folder: TempDir,
}

/// The ports on loopback.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ports {
    /// The provider, be it Cardea, the ceiling or the peer.
    pub(super) provider: u16,
    /// The server in front of an API: the gateway, nginx, the app with the BFF, `cardea dev`.
    pub(super) front: u16,
    /// The API.
    pub(super) upstream: u16,
}

impl Stage {
    /// Builds the programs, starts Cardea once on an empty folder, and seeds its store.
    pub(super) fn set(plan: Plan) -> Result<Self> {
        if std::thread::available_parallelism().map_or(1, usize::from) < 2 {
            bail!(
                "the bench needs two cores, one for the server and one for the load; this machine has one"
            );
        }
        for tool in ["wrk", "openssl", "taskset", "node", "npm", "nginx", "curl"] {
            if find(tool).is_none() {
                bail!(
                    "{tool} is missing; Debian's packages are wrk, openssl, util-linux, nodejs, npm, nginx, curl"
                );
            }
        }
        install_npm(&root().join("bench/peers/oidc-provider"))?;
        let programs = build()?;
        let folder = tempfile::tempdir()?;
        let ports = Ports::free()?;
        let key = output(Command::new("openssl").args(["rand", "-base64", "32"]))?;
        std::fs::write(folder.path().join("master.key"), key)?;
        std::fs::write(folder.path().join("cardea.toml"), configuration(ports))?;
        let mut stage = Self {
            plan,
            programs,
            seeds: Seeds::default(),
            ports,
            folder,
        };
        stage.start(System::Cardea, Cores::Server)?.stop()?;
        println!("seeding");
        stage.seeds = Seeds::sow(&stage)?;
        Ok(stage)
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A file of the folder.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.ports.provider)
    }

    pub(super) fn issuer(&self) -> String {
        format!("http://localhost:{}", self.ports.provider)
    }

    /// Starts Cardea with another configuration of the folder.
    pub(super) fn serve(&self, configuration: &str, cores: Cores) -> Result<Server> {
        let mut command = pinned(cores, &self.programs.cardea);
        command.arg("serve").arg("--config").arg(configuration);
        command.current_dir(self.folder.path());
        Server::start(command, self.ports.provider, "/health/ready")
    }

    /// Starts one of the three; they run one at a time, so one port is enough.
    pub(super) fn start(&self, system: System, cores: Cores) -> Result<Server> {
        let port = self.ports.provider.to_string();
        let (command, ready) = match system {
            System::Cardea => return self.serve("cardea.toml", cores),
            System::Ceiling => {
                for name in ["ceiling.db", "ceiling.db-wal", "ceiling.db-shm"] {
                    let _ = std::fs::remove_file(self.file(name));
                }
                let mut command = pinned(cores, &self.programs.ceiling);
                command.args([&port, ".", CEILING_ROWS]);
                (command, "/health/ready")
            }
            System::Peer => {
                let script = root().join("bench/peers/oidc-provider/server.js");
                let mut command = pinned(cores, "node");
                command.env("NODE_ENV", "production").arg(script).arg(&port);
                (command, "/.well-known/openid-configuration")
            }
        };
        let mut command = command;
        command.current_dir(self.folder.path());
        Server::start(command, self.ports.provider, ready)
    }
}

fn build() -> Result<Programs> {
    let packages = ["cardea-cli", "cardea-bench-load", "cardea-bench-ceiling"];
    let mut arguments = vec!["build", "--release"];
    arguments.extend(packages.iter().flat_map(|package| ["-p", *package]));
    if !stream(&mut cargo(arguments))? {
        bail!("the programs do not build");
    }
    let metadata = crate::check::Metadata::read()?;
    let program = |name: &str| metadata.target_directory.join("release").join(name);
    Ok(Programs {
        cardea: program("cardea"),
        load: program("cardea-bench-load"),
        ceiling: program("cardea-bench-ceiling"),
    })
}

impl Ports {
    fn free() -> Result<Self> {
        // All are held until the end, so that the ports differ.
        let listener = || TcpListener::bind("127.0.0.1:0").context("no free port");
        let [provider, front, upstream] = [listener()?, listener()?, listener()?];
        Ok(Self {
            provider: provider.local_addr()?.port(),
            front: front.local_addr()?.port(),
            upstream: upstream.local_addr()?.port(),
        })
    }
}

/// With the defaults of the product; only the limits are too high to be reached.
pub(super) fn defaults(ports: Ports, database: &str) -> String {
    let port = ports.provider;
    let mut text = format!(
        r#"issuer = "http://localhost:{port}"
listen = "127.0.0.1:{port}"
store = {{ url = "sqlite:{database}" }}
keys = {{ master_key_file = "master.key" }}

[limits]
enabled = true
"#
    );
    for limit in [
        "authorize",
        "login",
        "login_per_account",
        "token",
        "token_per_client",
        "introspection_per_client",
        "other",
    ] {
        text.push_str(&format!("{limit}_per_minute = 100000000\n"));
    }
    text
}

fn configuration(ports: Ports) -> String {
    let mut text = defaults(ports, "cardea.db");
    text.push_str(
        r#"
[[resources]]
audience = "api://orders"
scopes = ["orders:read"]
introspection_clients = ["api"]
"#,
    );
    for (client, more) in [
        ("script", ""),
        ("script-rs256", r#"access_token_signing_alg = "RS256""#),
        ("script-eddsa", r#"access_token_signing_alg = "EdDSA""#),
        ("api", ""),
    ] {
        text.push_str(&client_of(client, r#"["client_credentials"]"#, more));
    }
    let redirect = format!("redirect_uris = [\"{REDIRECT_URI}\"]");
    let opaque = format!("{redirect}\naccess_token_format = \"opaque\"");
    for (client, more) in [("web", &redirect), ("opaque", &opaque), (MFA, &redirect)] {
        let grant_types = r#"["authorization_code", "refresh_token"]"#;
        text.push_str(&client_of(client, grant_types, more));
    }
    let callback = format!("http://localhost:{}/bff/callback", ports.front);
    let redirect = format!("redirect_uris = [\"{callback}\"]");
    let grant_types = r#"["authorization_code", "refresh_token"]"#;
    text.push_str(&client_of(BFF, grant_types, &redirect));
    text.push_str(&format!(
        "\n[[mfa.rules]]\nclients = [\"{MFA}\"]\nrequire = \"required\"\n"
    ));
    for user in 0..USERS {
        text.push_str(&format!(
            "\n[[users]]\nusername = \"person{user}\"\npassword = \"{PASSWORD}\"\n"
        ));
    }
    text
}

fn client_of(id: &str, grant_types: &str, more: &str) -> String {
    format!(
        r#"
[[clients]]
client_id = "{id}"
client_secret = "{SECRET}"
token_endpoint_auth_method = "client_secret_post"
grant_types = {grant_types}
scope = "openid orders:read"
{more}
"#
    )
}
