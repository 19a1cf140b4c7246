use cardea_client::rp::ClientConfig;
use schemars::JsonSchema;
use serde::Deserialize;

/// Login for apps behind another proxy: nginx (`auth_request`), Caddy (`forward_auth`) or Traefik (`forwardAuth`) asks here about each
/// request. Changing it takes a restart.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ForwardAuthConfig {
    /// Where to listen for the proxies, in clear: an address that only they reach.
    pub listen: String,
    /// The path on each app's own origin that its proxy hands on to this address, for login, callback and logout.
    pub path: String,
    /// Addresses or networks of the proxies. Nobody else is answered.
    pub trusted: Vec<String>,
    /// A file with the key that seals the sessions: 32 bytes in base64, such as of `openssl rand -base64 32`.
    pub key_file: String,
    /// The claim that becomes `Remote-User`. `sub` is unique and never given to somebody else; most others may be.
    pub user_claim: String,
    /// The provider, and what this gateway is there. `redirect_uri` stays away: it is made for each app from `origin` and `path`, such as
    /// `https://wiki.example.com/forward-auth/callback`, and each is to be registered at the provider.
    pub login: ClientConfig,
    /// The apps that are protected. A request for any other host is refused.
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
    /// Whether a change can be told from this one. Secrets aren't compared.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
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

/// An app that is protected.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProtectedApp {
    /// Where browsers find it, such as `https://wiki.example.com`.
    pub origin: String,
    /// Who may see what. The longest prefix decides; what is under none takes a login alone.
    pub rules: Vec<AccessRule>,
}

/// Who may see what is under a path.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AccessRule {
    /// The path at whose segments the rule begins: `/admin` is `/admin` and `/admin/users`, not `/administration`.
    /// `/Admin`, `/admin;x` and `/admin.json` are under it as well, since many apps take them for the same.
    pub prefix: String,
    /// Any one of these roles is enough.
    pub roles: Vec<String>,
}
