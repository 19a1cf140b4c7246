//! An issuer on loopback: a key, its key set, and introspection, for which every opaque token is active.

use anyhow::Context as _;
use axum::{
    Router,
    routing::{get, post},
};
use cardea_jose::{Algorithm, KeySet, SigningKey};
use cardea_seal::Entropy;
use cardea_web::clock::{Clock as _, SystemClock};
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub(crate) const AUDIENCE: &str = "api://orders";
/// Longer than any measurement, in seconds.
const LIFE: i64 = 3600;

pub(crate) struct Issuer {
    pub(crate) url: String,
    pub(crate) key: SigningKey,
}

impl Issuer {
    pub(crate) async fn start(algorithm: Algorithm) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let key = SigningKey::generate(algorithm)?;
        let keys = KeySet::from_keys([key.public_jwk().clone()])?.to_json();
        let issuer = Self { url, key };
        let mut answer = issuer.claims();
        answer
            .as_object_mut()
            .context("claims are an object")?
            .insert("active".to_owned(), true.into());
        let (keys, answer) = (documented(keys), documented(answer.to_string()));
        let router = Router::new()
            .route("/keys", get(async move || keys))
            .route("/introspection", post(async move || answer));
        tokio::spawn(async { axum::serve(listener, router).await });
        Ok(issuer)
    }

    pub(crate) fn token(&self) -> anyhow::Result<String> {
        Ok(self
            .key
            .sign("at+jwt", self.claims().to_string().as_bytes())?)
    }

    /// The claims of Cardea's access tokens for a user.
    fn claims(&self) -> Value {
        let now = SystemClock.now().as_second();
        json!({
            "iss": self.url,
            "exp": now + LIFE,
            "aud": AUDIENCE,
            "sub": Entropy::system().text(16),
            "client_id": "web",
            "iat": now,
            "jti": Entropy::system().text(16),
            "scope": "openid orders:read",
            "auth_time": now,
            "roles": ["user"],
        })
    }
}

fn documented(json: String) -> ([(http::HeaderName, &'static str); 1], String) {
    ([(http::header::CONTENT_TYPE, "application/json")], json)
}
