use cardea_client::rp::ClientConfig;
use schemars::JsonSchema;
use serde::Deserialize;

/// Login for apps behind another proxy: nginx (`auth_request`), Caddy (`forward_auth`) or Traefik (`forwardAuth`) asks the gateway about
/// each request. A change requires a restart.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ForwardAuthConfig {
    /// The address to listen on for the proxies, with plain HTTP. Only they should be able to reach it.
    pub listen: String,
    /// The path on the origin of each app that its proxy forwards to this address, for login, callback and logout.
    pub path: String,
    /// Addresses or networks of the proxies. All others are refused.
    pub trusted: Vec<String>,
    /// A file with the key that seals the sessions: 32 bytes in base64, such as of `openssl rand -base64 32`.
    pub key_file: String,
    /// The claim that becomes `Remote-User`. `sub` is unique and never reassigned; most other claims can be.
    pub user_claim: String,
    /// The provider, and this gateway as its client. `redirect_uri` must not be set: it is made for each app from `origin` and `path`, such
    /// as `https://wiki.example.com/forward-auth/callback`, and each must be registered at the provider.
    pub login: ClientConfig,
    /// The protected apps. Requests for other hosts are refused.
    pub apps: Vec<ProtectedApp>,
}

impl Default for ForwardAuthConfig {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8444".to_owned(),
            path: "/forward-auth".to_owned(),
            trusted: vec!["127.0.0.0/8".to_owned(), "::1/128".to_owned()],
            key_file: String::new(),
            user_claim: "sub".to_owned(),
            login: ClientConfig::default(),
            apps: Vec::new(),
        }
    }
}

impl ForwardAuthConfig {
    /// Whether the other one is the same. Secrets are not compared.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.listen == other.listen
            && self.path == other.path
            && self.trusted == other.trusted
            && self.key_file == other.key_file
            && self.user_claim == other.user_claim
            && self.apps == other.apps
            && self.login.issuer == other.login.issuer
            && self.login.client_id == other.login.client_id
            && self.login.scopes == other.login.scopes
    }
}

/// A protected app.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProtectedApp {
    /// Its origin in browsers, such as `https://wiki.example.com`.
    pub origin: String,
    /// Access rules. The longest prefix decides; a path under none only requires a login.
    pub rules: Vec<AccessRule>,
}

/// An access rule for the paths under a prefix.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AccessRule {
    /// The path prefix, matched by whole segments: `/admin` matches `/admin` and `/admin/users`, not `/administration`.
    /// A path that some applications would read as one under another rule (`/Admin`, `/admin;x`, `/admin%20`) is refused;
    /// one with a format or behind a script (`/admin.json`, `/index.php/admin`) requires the roles of both.
    pub prefix: String,
    /// The roles that have access; one of them is enough.
    pub roles: Vec<String>,
}
