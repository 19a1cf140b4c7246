//! The configuration of the provider: what stands in `cardea.toml` (design §5).

mod brand;
pub mod development;
mod keys;
mod limits;
mod settings;
mod tokens;
mod users;

use cardea_protocol::{model::ClientMetadata, resources::ResourceConfig};
use schemars::JsonSchema;
use serde::Deserialize;

pub use brand::BrandConfig;
pub use keys::KeysConfig;
pub use limits::LimitsConfig;
pub use settings::{ConfigProblem, Settings};
pub use tokens::{SessionsConfig, TokensConfig};
pub use users::SeedUser;

/// The provider.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The URL that names this provider, without a slash at its end; it may have a path. Every URL that Cardea gives out begins with it.
    pub issuer: String,
    /// The address and port to listen at.
    pub listen: String,
    /// Where everything is kept.
    pub store: StoreConfig,
    /// The master key.
    pub keys: KeysConfig,
    /// TLS by certificate files; without it Cardea speaks plain HTTP, behind a proxy.
    pub tls: Option<TlsConfig>,
    /// Proxies in front.
    pub proxy: ProxyConfig,
    /// Lifetimes of codes and tokens.
    pub tokens: TokensConfig,
    /// Lifetimes of sessions.
    pub sessions: SessionsConfig,
    /// Rate limits.
    pub limits: LimitsConfig,
    /// What Cardea may fetch.
    pub outbound: OutboundConfig,
    /// How the pages look.
    pub brand: BrandConfig,
    /// Clients owned by this file: applied at each start, read-only to the command line; taken out of the file they are disabled.
    pub clients: Vec<ClientMetadata>,
    /// APIs.
    pub resources: Vec<ResourceConfig>,
    /// People to begin with: each is added once and never touched again.
    pub users: Vec<SeedUser>,
    /// Whether this is `cardea dev` (D23); it can't be set in a file.
    #[serde(skip)]
    #[schemars(skip)]
    pub development: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            issuer: String::new(),
            listen: "127.0.0.1:9000".to_owned(),
            store: StoreConfig::default(),
            keys: KeysConfig::default(),
            tls: None,
            proxy: ProxyConfig::default(),
            tokens: TokensConfig::default(),
            sessions: SessionsConfig::default(),
            limits: LimitsConfig::default(),
            outbound: OutboundConfig::default(),
            brand: BrandConfig::default(),
            clients: Vec::new(),
            resources: Vec::new(),
            users: Vec::new(),
            development: false,
        }
    }
}

/// Where everything is kept.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StoreConfig {
    /// `sqlite:` and the path of a file.
    pub url: String,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            url: "sqlite:cardea.db".to_owned(),
        }
    }
}

/// TLS by certificate files, which are read again when they change.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TlsConfig {
    /// The certificate and its chain, PEM.
    pub cert_file: String,
    /// Its private key, PEM.
    pub key_file: String,
}

/// Proxies in front.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProxyConfig {
    /// Networks whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed, such as `10.0.0.0/8`; nobody else's are.
    pub trusted: Vec<String>,
}

/// What Cardea may fetch of URLs that came as data, such as a client's `jwks_uri`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OutboundConfig {
    /// Private and loopback addresses are refused but for these, each `host:port`.
    pub allow: Vec<String>,
    /// More certificate authorities to trust, PEM.
    pub ca_file: Option<String>,
}

#[cfg(test)]
mod reference_tests;
