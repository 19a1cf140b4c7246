//! What an API says about itself and its issuer.

use std::{fmt, path::PathBuf};

use cardea_jose::Algorithm;
use cardea_web::config::{Duration, SecretText};
use schemars::JsonSchema;
use serde::Deserialize;

/// The settings of an API. Issuer and audience suffice; they can be read from a TOML file too.
///
/// ```
/// use cardea_resource::ApiConfig;
///
/// let config = ApiConfig {
///     cors: cardea_resource::CorsConfig {
///         allowed_origins: vec!["https://app.example.com".to_owned()],
///         ..Default::default()
///     },
///     ..ApiConfig::new("https://id.example.com", "api://orders")
/// };
/// assert_eq!(config.audience, "api://orders");
/// ```
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ApiConfig {
    /// The issuer whose access tokens are taken, exactly as it writes itself.
    pub issuer: String,
    /// The name of this API, which must stand in a token's `aud`.
    pub audience: String,
    /// Which tokens are taken. `introspection` and `both` need the section `[introspection]`.
    pub tokens: Tokens,
    /// Where the issuer's keys are. Without it the issuer's metadata document says so.
    pub jwks_uri: Option<String>,
    /// The signature algorithms that are taken.
    #[schemars(with = "Vec<String>")]
    pub algorithms: Vec<Algorithm>,
    /// By how much the issuer's clock and ours may differ.
    pub clock_skew: Duration,
    /// Whether JWTs are taken whose `typ` is `JWT` or absent, as Entra ID and Keycloak write it. An ID token is refused then
    /// only by claims that no access token has; give the API an audience that is no client's id.
    pub plain_jwt: bool,
    /// Asking the issuer about opaque tokens.
    pub introspection: Option<IntrospectionConfig>,
    /// Places beside the issuer's own that may be fetched though they aren't https on a public address: `host:port` or a URL.
    pub allow: Vec<String>,
    /// A PEM file with certificate authorities to trust beside the system's.
    pub ca_file: Option<PathBuf>,
    /// The URL of this API, as the metadata document of RFC 9728 names it. Without it an audience that is an https URL serves;
    /// with neither there is no such document. With https in it, answers carry HSTS.
    pub resource: Option<String>,
    /// The scopes that the metadata document names.
    pub scopes: Vec<String>,
    /// Which pages in a browser may call this API.
    pub cors: CorsConfig,
    /// The hosts this API answers to, such as `api.example.com` or `localhost:4000`. Empty: all.
    pub hosts: Vec<String>,
    /// Proxies whose `X-Forwarded-For` is believed, such as `10.0.0.0/8`.
    pub trusted_proxies: Vec<String>,
    /// Rate limits.
    pub limits: LimitsConfig,
}

/// Which tokens an API takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tokens {
    /// JWTs, verified here with the issuer's keys.
    #[default]
    Jwt,
    /// All tokens, by asking the issuer.
    Introspection,
    /// What looks like a JWT is verified here, the issuer is asked about all else.
    Both,
}

/// How the issuer is asked about a token (RFC 7662).
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IntrospectionConfig {
    /// Who this API is to the issuer.
    pub client_id: String,
    /// Its secret.
    pub client_secret: SecretText,
    /// How the secret is sent.
    #[serde(default)]
    pub auth_method: SecretMethod,
    /// The endpoint. Without it the issuer's metadata document says so.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// As long an answer is believed, and a revoked token passes; never longer than the token lives.
    #[serde(default = "half_a_minute")]
    pub freshness: Duration,
    /// How many answers are remembered.
    #[serde(default = "a_hundred_thousand")]
    pub capacity: u64,
}

/// How a client secret is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecretMethod {
    /// In the `Authorization` header.
    #[default]
    ClientSecretBasic,
    /// In the form.
    ClientSecretPost,
}

/// Which origins may call an API from a browser.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CorsConfig {
    /// Origins such as `https://app.example.com`; `*` is every origin. Empty: none.
    pub allowed_origins: Vec<String>,
    /// Whether pages may send cookies along. An API by bearer token needs none.
    pub allow_credentials: bool,
}

/// Rate limits in requests a minute; 0 lifts one.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsConfig {
    /// Requests of one network (IPv4 /24, IPv6 /64), with or without a token.
    pub per_network: u32,
    /// Requests of one subject by one client.
    pub per_subject: u32,
    /// Tokens of one network that the issuer was asked about and that were not valid. Over it the issuer is asked about none
    /// of its new tokens; tokens that were valid before are not affected. Default: 60.
    pub invalid_tokens: u32,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            per_network: 0,
            per_subject: 0,
            invalid_tokens: 60,
        }
    }
}

impl ApiConfig {
    /// An API that takes this issuer's JWTs for this audience, and nothing else of note.
    #[must_use]
    pub fn new(issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            audience: audience.into(),
            ..Self::default()
        }
    }
}

impl IntrospectionConfig {
    /// By this client, with `client_secret_basic`, at the endpoint that the issuer names.
    #[must_use]
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<String>) -> Self {
        Self {
            client_id: client_id.into(),
            client_secret: SecretText::new(client_secret.into()),
            auth_method: SecretMethod::default(),
            endpoint: None,
            freshness: half_a_minute(),
            capacity: a_hundred_thousand(),
        }
    }
}

impl Default for ApiConfig {
    fn default() -> Self {
        Self {
            issuer: String::new(),
            audience: String::new(),
            tokens: Tokens::default(),
            jwks_uri: None,
            algorithms: Algorithm::ALL.to_vec(),
            clock_skew: Duration::from_secs(30),
            plain_jwt: false,
            introspection: None,
            allow: Vec::new(),
            ca_file: None,
            resource: None,
            scopes: Vec::new(),
            cors: CorsConfig::default(),
            hosts: Vec::new(),
            trusted_proxies: Vec::new(),
            limits: LimitsConfig::default(),
        }
    }
}

const fn half_a_minute() -> Duration {
    Duration::from_secs(30)
}

const fn a_hundred_thousand() -> u64 {
    100_000
}

/// What is wrong with a configuration. `Debug` is the same sentence as `Display`, so that `main() -> Result` prints it.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Issuer or `ca_file`.
    #[error("the issuer {issuer:?} can't be used: {reason}")]
    Issuer {
        /// The issuer, as written.
        issuer: String,
        /// Why.
        reason: String,
    },
    /// Nothing to compare `aud` with.
    #[error("audience is missing: the name of this API, which must stand in a token's aud")]
    Audience,
    /// Nothing would be taken.
    #[error("algorithms is empty, so that no JWT could be taken")]
    Algorithms,
    /// `tokens` says `introspection` or `both`.
    #[error("tokens = \"introspection\" and \"both\" need the section [introspection]")]
    Introspection,
    /// The file can't be read.
    #[error("ca_file {path}: {reason}")]
    Authorities {
        /// Which file.
        path: PathBuf,
        /// Why.
        reason: std::io::Error,
    },
    /// Every page on the internet could act with its visitors' cookies.
    #[error(
        "cors: allowed_origins = [\"*\"] and allow_credentials = true exclude each other: name the origins"
    )]
    WildcardWithCredentials,
    /// Not scheme, host and port.
    #[error("cors: {0:?} is no origin such as \"https://app.example.com\"")]
    Origin(String),
    /// Not a host, or with more than a port behind it.
    #[error("hosts: {0:?} is no host such as \"api.example.com\" or \"localhost:4000\"")]
    Host(String),
    /// Not a network.
    #[error("trusted_proxies: {0:?} is no address or network such as \"10.0.0.0/8\"")]
    Proxy(String),
    /// Not an http or https URL.
    #[error("resource: {0:?} is no URL such as \"https://api.example.com\"")]
    Resource(String),
}

impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
