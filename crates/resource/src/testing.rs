//! Keys and tokens for tests of handlers, without a provider and without a network.
//!
//! With the feature `testing`, in `[dev-dependencies]`:
//!
//! ```
//! use axum::{Router, body::Body, http::Request, routing::get};
//! use cardea_resource::{AccessToken, require_scope, testing::TestIssuer};
//! use tower::ServiceExt as _;
//!
//! fn routes() -> Router {
//!     let orders = get(async |token: AccessToken| format!("the orders of {}", token.subject()));
//!     Router::new().route("/orders", orders.layer(require_scope("orders:read")))
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let issuer = TestIssuer::new("https://id.example.com", "api://orders");
//! let app = issuer.api().protect(routes());
//!
//! let token = issuer.token("alice").scope("orders:read").sign();
//! let request = Request::get("/orders").header("authorization", format!("Bearer {token}"));
//! let answer = app.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
//! assert_eq!(answer.status(), 200);
//! # }
//! ```
//!
//! Tokens are checked as in production: a wrong audience, an expired token or one of another [`TestIssuer`] is refused.

use std::sync::Arc;

use cardea_jose::{Algorithm, KeySet, SigningKey};
use cardea_seal::Entropy;
use cardea_web::clock::{Clock, SystemClock};
use serde_json::{Map, Value, json};

use crate::{
    api::Api,
    config::{ApiConfig, ConfigError},
};

/// How long a token lives unless a test says otherwise, in seconds.
const LIFE: i64 = 300;

/// An issuer that exists only in a test: it has a key of its own, drawn anew for each.
pub struct TestIssuer {
    issuer: String,
    audience: String,
    key: SigningKey,
    clock: Arc<dyn Clock>,
}

/// An access token in the making; what isn't set is as in a token of Cardea.
#[must_use = "a token is made by `sign`"]
pub struct TestToken<'a> {
    issuer: &'a TestIssuer,
    typ: &'static str,
    claims: Map<String, Value>,
}

impl TestIssuer {
    /// An issuer of tokens for this audience.
    ///
    /// # Panics
    /// When the system has no randomness for a key.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test that can't begin has failed")]
    pub fn new(issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            audience: audience.into(),
            key: SigningKey::generate(Algorithm::ES256).expect("a key can be generated"),
            clock: Arc::new(SystemClock),
        }
    }

    /// The same by a clock of the test's.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// An API that takes this issuer's tokens, with the defaults of [`ApiConfig`].
    ///
    /// # Panics
    /// When issuer or audience can't be used.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test that can't begin has failed")]
    pub fn api(&self) -> Api {
        let config = ApiConfig::new(&self.issuer, &self.audience);
        self.api_with(&config)
            .expect("the issuer and the audience are usable")
    }

    /// An API with these settings. Its keys are this issuer's, and nothing is fetched; all tokens are checked as JWTs.
    ///
    /// # Errors
    /// When a setting is invalid.
    pub fn api_with(&self, config: &ApiConfig) -> Result<Api, ConfigError> {
        let keys = KeySet::from_keys([self.key.public_jwk().clone()]);
        let keys = keys.map_err(|error| ConfigError::Issuer {
            issuer: self.issuer.clone(),
            reason: error.to_string(),
        })?;
        Api::with_keys(config, keys, Arc::clone(&self.clock))
    }

    /// An access token for this subject, without scope and roles, that is valid for five minutes.
    pub fn token(&self, subject: &str) -> TestToken<'_> {
        let now = self.clock.now().as_second();
        let claims = json!({
            "iss": self.issuer,
            "aud": self.audience,
            "sub": subject,
            "client_id": "test",
            "jti": Entropy::system().text(16),
            "iat": now,
            "exp": now.saturating_add(LIFE),
        });
        TestToken {
            issuer: self,
            typ: "at+jwt",
            claims: match claims {
                Value::Object(claims) => claims,
                _ => Map::new(),
            },
        }
    }
}

impl TestToken<'_> {
    /// The scope, separated by spaces.
    pub fn scope(self, scope: &str) -> Self {
        self.claim("scope", scope)
    }

    /// One more role.
    pub fn role(mut self, role: &str) -> Self {
        match self.claims.get_mut("roles") {
            Some(Value::Array(roles)) => roles.push(role.into()),
            _ => return self.claim("roles", json!([role])),
        }
        self
    }

    /// One more permission.
    pub fn permission(mut self, permission: &str) -> Self {
        match self.claims.get_mut("permissions") {
            Some(Value::Array(permissions)) => permissions.push(permission.into()),
            _ => return self.claim("permissions", json!([permission])),
        }
        self
    }

    /// The tenant.
    pub fn tenant(self, tenant: &str) -> Self {
        self.claim("tenant", tenant)
    }

    /// The client that it was issued to.
    pub fn client_id(self, client_id: &str) -> Self {
        self.claim("client_id", client_id)
    }

    /// The end of its life, from now in seconds; negative for a token that has expired.
    pub fn expires_in(self, seconds: i64) -> Self {
        let now = self.issuer.clock.now().as_second();
        let from = now.saturating_add(seconds.min(0)).saturating_sub(LIFE);
        self.claim("iat", from)
            .claim("exp", now.saturating_add(seconds))
    }

    /// Any claim; it replaces one that is set.
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
        self
    }

    /// The type in its header: `at+jwt` unless a test says otherwise.
    pub fn typ(mut self, typ: &'static str) -> Self {
        self.typ = typ;
        self
    }

    /// The token.
    ///
    /// # Panics
    /// When it can't be signed.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test that can't go on has failed")]
    pub fn sign(self) -> String {
        let claims = Value::Object(self.claims).to_string();
        let signed = self.issuer.key.sign(self.typ, claims.as_bytes());
        signed.expect("a token can be signed")
    }
}
