//! What an app's configuration file says of its login.

use std::{collections::BTreeMap, fmt};

use cardea_jose::Algorithm;
use cardea_web::config::SecretText;
use schemars::JsonSchema;
use serde::Deserialize;

/// How users are logged in.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClientConfig {
    /// What kind of provider it is: `openid` (Cardea, Keycloak, Auth0 and all others), `entra`, `google` or `github`.
    pub provider: Provider,
    /// The provider's issuer, exactly as it writes itself. Google and GitHub need none; for a GitHub Enterprise Server it is the
    /// server's address. Entra ID: `https://login.microsoftonline.com/<tenant id>/v2.0`, or with `common` or `organizations` in
    /// the tenant's place.
    pub issuer: String,
    /// The app's identifier at the provider.
    pub client_id: String,
    /// Where the provider sends users back to, as registered there.
    pub redirect_uri: String,
    /// What is asked for. Default: `openid`, `profile` and `email`. Add `offline_access` for refresh tokens where the provider
    /// wants it.
    pub scopes: Vec<String>,
    /// How the app proves who it is. Without it the app is a public client.
    pub authentication: AuthenticationConfig,
    /// The algorithms that ID tokens may be signed with. Default: `RS256`, `PS256`, `ES256`, `ES384` and `EdDSA`.
    #[schemars(with = "Vec<String>")]
    pub algorithms: Vec<Algorithm>,
    /// The tenants whose users may log in at a provider with many tenants, by tenant id; `["*"]` is anybody. Without it an issuer with
    /// `common` or `organizations` is refused at start.
    pub allowed_tenants: Vec<String>,
    /// Other audiences that an ID token for this app may also have. Default: none.
    pub trusted_audiences: Vec<String>,
    /// Where the provider sends users back to after a logout, as registered there. Without it they stay at the provider.
    pub post_logout_redirect_uri: Option<String>,
    /// More parameters of the authorization request, such as `audience` or `ui_locales`.
    pub authorization_parameters: BTreeMap<String, String>,
    /// The API that the access token is for (RFC 8707).
    pub resource: Option<String>,
    /// Whether claims are also read from userinfo at each login. Default: yes for `openid`, no for `entra` and `google`, whose
    /// ID tokens hold them.
    pub userinfo: Option<bool>,
    /// Places besides the issuer's own that are trusted though they are not public or not https, each `host:port` or a URL.
    pub allow: Vec<String>,
    /// A PEM file with more certificate authorities to trust.
    pub ca_file: Option<String>,
}

/// How a client proves who it is at the token endpoint (OpenID Core §9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthMethod {
    /// A public client: it proves nothing.
    None,
    /// The secret in the `Authorization` header.
    ClientSecretBasic,
    /// The secret in the body.
    ClientSecretPost,
    /// A JWT signed with the client's own key (RFC 7523).
    PrivateKeyJwt,
}

/// Kinds of provider.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// Any OpenID provider.
    #[default]
    Openid,
    /// Microsoft Entra ID.
    Entra,
    /// Google.
    Google,
    /// GitHub, which has OAuth and no ID tokens.
    Github,
}

/// How an app proves who it is.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AuthenticationConfig {
    /// `none`, `client_secret_basic`, `client_secret_post` or `private_key_jwt`. Default: what the other keys call for.
    pub method: Option<AuthMethod>,
    /// The secret; meant for a variable of the environment.
    #[schemars(with = "Option<SecretText>")]
    pub client_secret: Option<SecretText>,
    /// A file with the secret.
    pub client_secret_file: Option<String>,
    /// A PEM file with the private key (PKCS #8), for `private_key_jwt`.
    pub private_key_file: Option<String>,
    /// A PEM file with the key's certificate, for a provider that knows the app by it: Entra ID does.
    pub certificate_file: Option<String>,
    /// How the key signs. Default: what fits the key; an RSA key `RS256`, and with a certificate `PS256`.
    #[schemars(with = "Option<String>")]
    pub algorithm: Option<Algorithm>,
}

/// An invalid client configuration. `Debug` is the same sentence as `Display`, so that `main() -> Result` prints it.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {what}")]
pub struct ClientConfigError {
    /// Which key.
    pub key: &'static str,
    /// What is wrong with it.
    pub what: String,
}

impl ClientConfigError {
    pub(super) fn new(key: &'static str, what: impl Into<String>) -> Self {
        Self {
            key,
            what: what.into(),
        }
    }
}

impl fmt::Debug for ClientConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
