use cardea_client::rp::{AuthenticationConfig, ClientConfig};
use cardea_web::config::SecretText;
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
    /// Whether the other one is the same.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let Self {
            listen,
            path,
            trusted,
            key_file,
            user_claim,
            login,
            apps,
        } = self;
        *listen == other.listen
            && *path == other.path
            && *trusted == other.trusted
            && *key_file == other.key_file
            && *user_claim == other.user_claim
            && *apps == other.apps
            && is_same_login(login, &other.login)
    }
}

// The patterns name every field, so that a new one is not forgotten.
fn is_same_login(one: &ClientConfig, other: &ClientConfig) -> bool {
    let ClientConfig {
        provider,
        issuer,
        client_id,
        redirect_uri,
        scopes,
        authentication,
        algorithms,
        allowed_tenants,
        trusted_audiences,
        post_logout_redirect_uri,
        authorization_parameters,
        resource,
        userinfo,
        allow,
        ca_file,
    } = one;
    *provider == other.provider
        && *issuer == other.issuer
        && *client_id == other.client_id
        && *redirect_uri == other.redirect_uri
        && *scopes == other.scopes
        && *algorithms == other.algorithms
        && *allowed_tenants == other.allowed_tenants
        && *trusted_audiences == other.trusted_audiences
        && *post_logout_redirect_uri == other.post_logout_redirect_uri
        && *authorization_parameters == other.authorization_parameters
        && *resource == other.resource
        && *userinfo == other.userinfo
        && *allow == other.allow
        && *ca_file == other.ca_file
        && is_same_authentication(authentication, &other.authentication)
}

fn is_same_authentication(one: &AuthenticationConfig, other: &AuthenticationConfig) -> bool {
    let AuthenticationConfig {
        method,
        client_secret,
        client_secret_file,
        private_key_file,
        certificate_file,
        algorithm,
    } = one;
    let secret = |secret: &Option<SecretText>| secret.as_ref().map(|one| one.expose().to_owned());
    *method == other.method
        && secret(client_secret) == secret(&other.client_secret)
        && *client_secret_file == other.client_secret_file
        && *private_key_file == other.private_key_file
        && *certificate_file == other.certificate_file
        && *algorithm == other.algorithm
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
    /// Literal: `*`, `?`, `#`, `{}` and other signs of patterns are refused.
    /// A path that some applications would read as one under another rule (`/Admin`, `/admin;x`, `/admin%20`) is refused;
    /// one with a format or behind a script (`/admin.json`, `/index.php/admin`) requires the roles of all rules that it could be under.
    pub prefix: String,
    /// The roles that have access; one of them is enough.
    pub roles: Vec<String>,
}
