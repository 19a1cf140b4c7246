//! The configuration of the provider: `cardea.toml` (D19).

mod brand;
pub(crate) mod checked_upstreams;
mod clients;
mod demo_secrets;
pub mod development;
mod keys;
mod lifetimes;
mod limits;
pub(crate) mod mail;
mod metrics;
mod mfa;
mod networks;
mod passkeys;
mod passwords;
mod places;
pub(crate) mod problem;
mod problems;
pub(crate) mod roles;
pub mod settings;
pub(crate) mod sign_up;
mod tokens;
mod upstreams;
mod users;
mod warnings;

use cardea_protocol::{
    claims::ScopeConfig,
    language::Lang,
    model::ClientMetadata,
    resources::ResourceConfig,
    roles::{GroupConfig, OrganizationConfig, RoleConfig},
};
use cardea_web::config::{Duration, SecretText};
use schemars::JsonSchema;
use serde::Deserialize;

pub use brand::BrandConfig;
pub use keys::KeysConfig;
pub use limits::LimitsConfig;
pub use mail::MailConfig;
pub use metrics::MetricsConfig;
pub use mfa::{MfaConfig, MfaRule};
pub use passkeys::{AuthenticatorConfig, PasskeysConfig};
pub use passwords::PasswordsConfig;
pub use places::Places;
pub use problem::{ConfigProblem, ConfigProblems};
pub use sign_up::{SignUpConfig, SignUpMode};
pub use tokens::{SessionsConfig, TokensConfig};
pub use upstreams::{UpstreamConfig, UpstreamPreset};
pub use users::SeedUser;

/// The provider.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The URL that names this provider, https, without a slash at its end; it may have a path. Every URL that Cardea gives out
    /// begins with it, and clients compare it character by character: it can't be changed later. Plain http is for loopback only.
    pub issuer: String,
    /// The IP address and port to listen on.
    pub listen: String,
    /// How long Cardea goes on serving after SIGTERM, with `/health/ready` answering 503, so that a load balancer sends it no more
    /// requests when it stops; at most 5 minutes. A bit longer than the time that the balancer takes to notice. Whatever supervises Cardea must let it have
    /// 30 seconds more than this: `TimeoutStopSec` of systemd, `terminationGracePeriodSeconds` of Kubernetes.
    pub shutdown_delay: Option<Duration>,
    /// The database.
    pub store: StoreConfig,
    /// The master key, which seals every secret in the store: exactly one of these. Without it the store can't be read, so keep a
    /// copy elsewhere.
    pub keys: KeysConfig,
    /// TLS by certificate files, which are read again when they change. Without this section Cardea speaks plain HTTP, for a proxy.
    pub tls: Option<TlsConfig>,
    /// Proxies in front of Cardea.
    pub proxy: ProxyConfig,
    /// Lifetimes of codes and tokens.
    pub tokens: TokensConfig,
    /// Lifetimes of sessions.
    pub sessions: SessionsConfig,
    /// Which passwords are refused.
    pub passwords: PasswordsConfig,
    /// When a second factor is asked for.
    pub mfa: MfaConfig,
    /// Which authenticators can make passkeys.
    pub passkeys: PasskeysConfig,
    /// Who can make an account.
    pub sign_up: SignUpConfig,
    /// Rate limits: requests a minute, counted by network (IPv4 /24, IPv6 /64), by client or by account. What is over them is
    /// answered 429 with `Retry-After`. `0` lifts one.
    pub limits: LimitsConfig,
    /// Who may read the metrics.
    pub metrics: MetricsConfig,
    /// What Cardea may fetch of URLs that came as data, such as a client's `jwks_uri`.
    pub outbound: OutboundConfig,
    /// The language of pages for users whose own is not known, or not among those that there are texts in: `en`, `de`, `fr` or
    /// `es`. It is chosen by `ui_locales` of the application, the user's claim `locale`, and the browser's `Accept-Language`.
    pub language: Lang,
    /// The mail server. Without `url` no mail is sent: pages and commands that would send one give out links or say so.
    pub mail: MailConfig,
    /// How the pages look.
    pub brand: BrandConfig,
    /// Applications. This file owns them: they are applied at each start, and disabled when they are no longer in it. The names
    /// are those of RFC 7591 where it has one.
    pub clients: Vec<ClientMetadata>,
    /// APIs that access tokens are for.
    pub resources: Vec<ResourceConfig>,
    /// Scopes of your own, and texts for those of APIs. `profile`, `email`, `address`, `phone`, `roles`, `groups`, `permissions`,
    /// `organization` and `tenants:admin` exist without it.
    pub scopes: Vec<ScopeConfig>,
    /// Other providers at which users can sign in.
    pub upstreams: Vec<UpstreamConfig>,
    /// What the roles of users allow. This file owns them, as it owns clients. A role that is not listed allows nothing.
    pub roles: Vec<RoleConfig>,
    /// Groups of users, which give roles. This file owns them; who is in a group is in the store.
    pub groups: Vec<GroupConfig>,
    /// Organizations, in which users have roles of their own. This file owns them; who is a member is in the store. One that is taken
    /// out of the file is disabled.
    pub organizations: Vec<OrganizationConfig>,
    /// The first users: each is added once, and later changes here change nothing.
    pub users: Vec<SeedUser>,
    /// Whether this is `cardea dev` (D23); it can't be set in a file.
    #[serde(skip)]
    #[schemars(skip)]
    pub development: bool,
    /// The lines of the keys in the file, for messages.
    #[serde(skip)]
    #[schemars(skip)]
    pub places: Places,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            issuer: String::new(),
            listen: "127.0.0.1:9000".to_owned(),
            shutdown_delay: None,
            store: StoreConfig::default(),
            keys: KeysConfig::default(),
            tls: None,
            proxy: ProxyConfig::default(),
            tokens: TokensConfig::default(),
            sessions: SessionsConfig::default(),
            passwords: PasswordsConfig::default(),
            mfa: MfaConfig::default(),
            passkeys: PasskeysConfig::default(),
            sign_up: SignUpConfig::default(),
            limits: LimitsConfig::default(),
            metrics: MetricsConfig::default(),
            outbound: OutboundConfig::default(),
            language: Lang::default(),
            mail: MailConfig::default(),
            brand: BrandConfig::default(),
            clients: Vec::new(),
            resources: Vec::new(),
            scopes: Vec::new(),
            upstreams: Vec::new(),
            roles: Vec::new(),
            groups: Vec::new(),
            organizations: Vec::new(),
            users: Vec::new(),
            development: false,
            places: Places::default(),
        }
    }
}

/// The database.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StoreConfig {
    /// `sqlite:` and the path of a file, which is created if it does not exist; two more files are beside it (`-wal`, `.lock`). Or
    /// PostgreSQL, which any number of nodes share: `postgres://cardea@db.example.com/cardea`. Its parameters: `sslmode`, which is
    /// `verify-full` unless the server is on this machine; `sslrootcert`, a file with certificate authorities; and
    /// `prepared_statements=false` for PgBouncer in transaction mode. Of several hosts, separated by commas, the one that takes writes is used.
    pub url: SecretText,
    /// A file with the password for PostgreSQL, so that it isn't in the URL.
    pub password_file: Option<String>,
    /// How many connections to PostgreSQL this node has at most. All nodes together must stay below `max_connections` of the server.
    pub connections: u16,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            url: SecretText::new("sqlite:cardea.db".to_owned()),
            password_file: None,
            connections: 16,
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
    /// Addresses or networks, such as `10.0.0.0/8`, whose `X-Forwarded-For` and `X-Forwarded-Proto` are used; those of other clients are ignored.
    pub trusted: Vec<String>,
}

/// What Cardea may fetch of URLs that came as data, such as a client's `jwks_uri`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OutboundConfig {
    /// Private and loopback addresses are refused but for these, each `host:port`.
    pub allow: Vec<String>,
    /// A PEM file with more certificate authorities to trust.
    pub ca_file: Option<String>,
}

#[cfg(test)]
mod reference_tests;
