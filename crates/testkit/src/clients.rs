//! The clients that every [`TestServer`](crate::TestServer) has, one of each kind.

use std::sync::LazyLock;

use cardea_jose::{Algorithm, SigningKey};
use cardea_protocol::{
    model::{AccessTokenFormat, AuthMethod, ClientMetadata, GrantType, RefreshRotation},
    redirect_uri::ApplicationType,
    resources::ResourceConfig,
};
use cardea_seal::Secret;
use serde_json::{Value, json};

/// All scopes there are.
pub const ALL_SCOPES: &str = "openid profile email address phone offline_access orders:read orders:write mail:read mail:send";

/// A client as a test uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TestClient {
    /// `client_id`
    pub id: &'static str,
    /// How it authenticates.
    pub method: AuthMethod,
    /// Its secret, where it has one.
    pub secret: &'static str,
    /// Where its codes go.
    pub redirect_uri: &'static str,
}

const fn public(id: &'static str, redirect_uri: &'static str) -> TestClient {
    TestClient {
        id,
        method: AuthMethod::None,
        secret: "",
        redirect_uri,
    }
}

const fn confidential(
    id: &'static str,
    method: AuthMethod,
    secret: &'static str,
    redirect_uri: &'static str,
) -> TestClient {
    TestClient {
        id,
        method,
        secret,
        redirect_uri,
    }
}

/// A browser application.
pub const SPA: TestClient = public("spa", "https://app.example.test/callback");
/// Another one, of somebody else.
pub const OTHER_SPA: TestClient = public("other-spa", "https://other.example.test/callback");
/// A native application on loopback.
pub const NATIVE: TestClient = public("native", "http://127.0.0.1/callback");
/// A browser application with `refresh_rotation = "strict"`.
pub const STRICT: TestClient = public("strict", "https://strict.example.test/callback");
/// A browser application with opaque access tokens.
pub const OPAQUE: TestClient = public("opaque", "https://opaque.example.test/callback");
/// `client_secret_basic`
pub const WEB: TestClient = confidential(
    "web",
    AuthMethod::ClientSecretBasic,
    "web-secret-of-at-least-32-bytes-%+:&",
    "https://web.example.test/callback",
);
/// `client_secret_post`
pub const POST: TestClient = confidential(
    "post",
    AuthMethod::ClientSecretPost,
    "post-secret-of-at-least-32-bytes-000",
    "https://post.example.test/callback",
);
/// `private_key_jwt`
pub const SIGNED: TestClient = confidential(
    "signed",
    AuthMethod::PrivateKeyJwt,
    "",
    "https://signed.example.test/callback",
);
/// Excused from PKCE; userinfo signed; its tokens for APIs are nothing at userinfo.
pub const EXCUSED: TestClient = confidential(
    "excused",
    AuthMethod::ClientSecretBasic,
    "excused-secret-of-at-least-32-bytes-0",
    "https://excused.example.test/callback?from=cardea",
);
/// `client_credentials` alone.
pub const SCRIPT: TestClient = confidential(
    "script",
    AuthMethod::ClientSecretBasic,
    "script-secret-of-at-least-32-bytes-00",
    "",
);
/// The API of `api://orders`, which may introspect.
pub const ORDERS_API: TestClient = confidential(
    "orders-api",
    AuthMethod::ClientSecretBasic,
    "orders-secret-of-at-least-32-bytes-00",
    "",
);
/// The API of `api://mail`, which may introspect.
pub const MAIL_API: TestClient = confidential(
    "mail-api",
    AuthMethod::ClientSecretBasic,
    "mail-secret-of-at-least-32-bytes-0000",
    "",
);

/// The key of [`SIGNED`].
pub static SIGNED_KEY: LazyLock<SigningKey> =
    LazyLock::new(|| SigningKey::generate(Algorithm::ES256).expect("a key"));

impl TestClient {
    /// Its metadata, before what is special about it.
    fn metadata(&self) -> ClientMetadata {
        let origin = self.redirect_uri.trim_end_matches("callback").to_owned();
        ClientMetadata {
            client_id: self.id.to_owned(),
            client_name: Some(format!("Test client {}", self.id)),
            client_secret: Some(self.secret)
                .filter(|s| !s.is_empty())
                .map(|s| Secret::new(s.to_owned())),
            redirect_uris: vec![self.redirect_uri.to_owned()],
            post_logout_redirect_uris: vec![origin],
            token_endpoint_auth_method: self.method,
            grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
            scope: ALL_SCOPES.to_owned(),
            ..ClientMetadata::default()
        }
    }

    fn machine(&self, scope: &str) -> ClientMetadata {
        ClientMetadata {
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            grant_types: vec![GrantType::ClientCredentials],
            scope: scope.to_owned(),
            ..self.metadata()
        }
    }
}

/// The metadata of all clients.
pub(crate) fn all() -> Vec<ClientMetadata> {
    let jwk: Value = serde_json::to_value(SIGNED_KEY.public_jwk()).expect("a key is JSON");
    vec![
        SPA.metadata(),
        OTHER_SPA.metadata(),
        ClientMetadata {
            application_type: ApplicationType::Native,
            ..NATIVE.metadata()
        },
        ClientMetadata {
            refresh_rotation: RefreshRotation::Strict,
            ..STRICT.metadata()
        },
        ClientMetadata {
            access_token_format: AccessTokenFormat::Opaque,
            ..OPAQUE.metadata()
        },
        ClientMetadata {
            post_logout_redirect_uris: vec![
                "https://web.example.test/".to_owned(),
                "https://web.example.test/bye?from=cardea".to_owned(),
            ],
            ..WEB.metadata()
        },
        POST.metadata(),
        ClientMetadata {
            jwks: Some(json!({ "keys": [jwk] })),
            ..SIGNED.metadata()
        },
        ClientMetadata {
            require_pkce: Some(false),
            userinfo_with_api_token: false,
            userinfo_signed_response_alg: Some(Algorithm::ES256),
            allowed_origins: vec!["https://allowed.example.test".to_owned()],
            post_logout_redirect_uris: Vec::new(),
            grant_types: vec![GrantType::AuthorizationCode],
            ..EXCUSED.metadata()
        },
        SCRIPT.machine("orders:read orders:write mail:send"),
        ORDERS_API.machine("orders:read"),
        MAIL_API.machine("mail:read"),
    ]
}

/// The APIs.
pub(crate) fn resources() -> Vec<ResourceConfig> {
    let api = |audience: &str, scopes: &[&str], client: TestClient| ResourceConfig {
        audience: audience.to_owned(),
        scopes: scopes.iter().map(|s| (*s).to_owned()).collect(),
        introspection_clients: vec![client.id.to_owned()],
        ..ResourceConfig::default()
    };
    vec![
        api("api://orders", &["orders:read", "orders:write"], ORDERS_API),
        api("api://mail", &["mail:read", "mail:send"], MAIL_API),
    ]
}
