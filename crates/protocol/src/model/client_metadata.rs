//! Client metadata by RFC 7591 and OpenID Registration: one struct for the configuration file,
//! the administration API and the store.

use cardea_jose::Algorithm;
use cardea_seal::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::redirect_uri::ApplicationType;

/// How a client authenticates at the token endpoint (RFC 7591 §2, OpenID Core §9).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthMethod {
    /// A public client: no authentication.
    None,
    /// The secret in the `Authorization` header.
    #[default]
    ClientSecretBasic,
    /// The secret in the body.
    ClientSecretPost,
    /// A JWT signed with the client's own key (RFC 7523).
    PrivateKeyJwt,
}

impl AuthMethod {
    /// The wire name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::PrivateKeyJwt => "private_key_jwt",
        }
    }

    /// Whether the client presents a secret.
    #[must_use]
    pub const fn is_secret(self) -> bool {
        matches!(self, Self::ClientSecretBasic | Self::ClientSecretPost)
    }
}

/// A grant type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    /// RFC 6749 §4.1
    AuthorizationCode,
    /// RFC 6749 §6
    RefreshToken,
    /// RFC 6749 §4.4
    ClientCredentials,
}

impl GrantType {
    /// The wire name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
            Self::ClientCredentials => "client_credentials",
        }
    }
}

/// The response type of `/authorize`; only `code` exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResponseType {
    /// RFC 6749 §4.1.1
    Code,
}

/// The format of an access token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccessTokenFormat {
    /// RFC 9068, verified offline.
    #[default]
    Jwt,
    /// A sealed handle, verified by introspection.
    Opaque,
}

/// What happens when the previous refresh token is presented again (D11).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefreshRotation {
    /// A retry gets the same successor; theft is still detected.
    #[default]
    Idempotent,
    /// Any second use revokes the grant.
    Strict,
}

/// Who decides whether a client may act for a user.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConsentMode {
    /// The user, on the consent page.
    #[default]
    Ask,
    /// The operator has decided for all users.
    Implicit,
}

/// A client as it is registered. Names and defaults are those of RFC 7591 and OpenID Registration
/// where they have one.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClientMetadata {
    /// The client's identifier: 1 to 128 printable ASCII characters, the space included.
    pub client_id: String,
    /// The secret of a confidential client, at least 32 bytes. Only its SHA-256 is kept.
    #[serde(skip_serializing, deserialize_with = "secret")]
    #[schemars(with = "Option<String>", extend("format" = "password"))]
    pub client_secret: Option<Secret<String>>,
    /// A file with the secret, instead of `client_secret`; only in the configuration file.
    #[serde(skip_serializing)]
    pub client_secret_file: Option<String>,
    /// The SHA-256 of the secret in hexadecimal, instead of `client_secret`: `printf %s "$secret" | sha256sum`. The secret must be
    /// random, such as from `openssl rand -hex 32`.
    #[serde(skip_serializing)]
    pub client_secret_hash: Option<String>,
    /// The name shown at login and consent.
    pub client_name: Option<String>,
    /// The URL of the client's logo, a PNG or SVG of at most 64 KiB; https. Cardea fetches it and shows it from its own address.
    pub logo_uri: Option<String>,
    /// The URL of the client's privacy policy, linked on the consent page.
    pub policy_uri: Option<String>,
    /// The URL of the client's terms of service, linked on the consent page.
    pub tos_uri: Option<String>,
    /// A `native` app may use any port of `http://127.0.0.1` and `http://[::1]`, and a private scheme.
    pub application_type: ApplicationType,
    /// Where a browser may be sent with a code, at most 32. Compared character by character.
    pub redirect_uris: Vec<String>,
    /// Where a browser may be sent after logout, at most 32. Compared character by character.
    pub post_logout_redirect_uris: Vec<String>,
    /// How the client authenticates. A client with a secret may send it in either way; `private_key_jwt` accepts nothing else; `none` is
    /// for public clients: browsers and apps.
    pub token_endpoint_auth_method: AuthMethod,
    /// The algorithm of the client's assertions: RS256, PS256, ES256, ES384 or EdDSA; without it any of these.
    #[schemars(with = "Option<String>")]
    pub token_endpoint_auth_signing_alg: Option<Algorithm>,
    /// Whether the audience of an assertion must be the issuer, and not the token endpoint.
    pub issuer_only: bool,
    /// The grant types that the client may use. `refresh_token` needs `authorization_code` too; `client_credentials` is
    /// for confidential clients only.
    pub grant_types: Vec<GrantType>,
    /// The response types of `/authorize`.
    pub response_types: Vec<ResponseType>,
    /// The scopes that the client may ask for, separated by spaces.
    pub scope: String,
    /// The client's public keys as a JWK set, for `private_key_jwt`.
    #[schemars(with = "Option<serde_json::Value>")]
    pub jwks: Option<serde_json::Value>,
    /// The URL of the client's public keys, instead of `jwks`; https.
    pub jwks_uri: Option<String>,
    /// A `jwt` is verified offline; an `opaque` token by introspection.
    pub access_token_format: AccessTokenFormat,
    /// The algorithm of the client's access tokens; the server's default is ES256.
    #[schemars(with = "Option<String>")]
    pub access_token_signing_alg: Option<Algorithm>,
    /// The algorithm of the client's ID tokens; the server's default is RS256.
    #[schemars(with = "Option<String>")]
    pub id_token_signed_response_alg: Option<Algorithm>,
    /// The claims of the user that ID tokens carry, each if a granted scope gives it; at most 4 KiB together. If it is not set: `name`,
    /// `preferred_username`, `email`, `email_verified`, `roles`, `groups`, `org_id`, `org_name`. `[]` is none. Userinfo has all claims.
    pub id_token_claims: Option<Vec<String>>,
    /// The algorithm of signed userinfo responses; if it is not set, userinfo is plain JSON.
    #[schemars(with = "Option<String>")]
    pub userinfo_signed_response_alg: Option<Algorithm>,
    /// What happens when a used refresh token comes again: with `idempotent` a retry gets the same successor, and theft is
    /// still detected; with `strict` any second use revokes the grant.
    pub refresh_rotation: RefreshRotation,
    /// Whether a request must have a `code_challenge` (PKCE with S256). If it is not set, a confidential client may send a `nonce`
    /// with the scope `openid` instead (OAuth 2.1 §7.5.1). `false` is for confidential clients only. A challenge that was sent is
    /// always verified.
    pub require_pkce: Option<bool>,
    /// Whether a request must have a `state`.
    pub require_state: bool,
    /// Whether an OpenID request must have a `nonce`.
    pub require_nonce: bool,
    /// The `max_age` in seconds of requests that have none.
    pub default_max_age: Option<u64>,
    /// Whether `auth_time` is always in the ID token.
    pub require_auth_time: bool,
    /// With `ask` each user is asked once on the consent page. `implicit` is for the operator's own applications: nobody is asked, unless
    /// the client asks for it by `prompt=consent`, or the redirect URI is on loopback or has a private scheme, which any program of the
    /// device can use.
    pub consent: ConsentMode,
    /// Origins that may call `/token`, `/userinfo` and `/revocation` from a browser, beside those of a public client's redirect URIs.
    pub allowed_origins: Vec<String>,
    /// Whether userinfo also accepts this client's access tokens for an API, if they have the scope `openid`.
    pub userinfo_with_api_token: bool,
    /// The URL that receives a logout token when a session of one of its users ends (OpenID Back-Channel Logout); https, without a fragment.
    pub backchannel_logout_uri: Option<String>,
    /// Whether the client needs `sid` in logout tokens; Cardea always sends it.
    pub backchannel_logout_session_required: bool,
    /// Whether users must act in one of their organizations: each request has the scope `organization`, and who is a member of none is
    /// refused.
    pub require_organization: bool,
}

impl Default for ClientMetadata {
    fn default() -> Self {
        Self {
            client_id: String::new(),
            client_secret: None,
            client_secret_file: None,
            client_secret_hash: None,
            client_name: None,
            logo_uri: None,
            policy_uri: None,
            tos_uri: None,
            application_type: ApplicationType::Web,
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            token_endpoint_auth_method: AuthMethod::ClientSecretBasic,
            token_endpoint_auth_signing_alg: None,
            issuer_only: false,
            grant_types: vec![GrantType::AuthorizationCode],
            response_types: vec![ResponseType::Code],
            scope: "openid".to_owned(),
            jwks: None,
            jwks_uri: None,
            access_token_format: AccessTokenFormat::Jwt,
            access_token_signing_alg: None,
            id_token_signed_response_alg: None,
            id_token_claims: None,
            userinfo_signed_response_alg: None,
            refresh_rotation: RefreshRotation::Idempotent,
            require_pkce: None,
            require_state: false,
            require_nonce: false,
            default_max_age: None,
            require_auth_time: false,
            consent: ConsentMode::Ask,
            allowed_origins: Vec::new(),
            userinfo_with_api_token: false,
            backchannel_logout_uri: None,
            backchannel_logout_session_required: false,
            require_organization: false,
        }
    }
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret<String>>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(Secret::new))
}
