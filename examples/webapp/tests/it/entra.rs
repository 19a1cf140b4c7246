//! The documented responses of Entra ID, from a mock; no test calls the service.

use std::sync::{Arc, Mutex};

use axum::{
    Json, Router,
    routing::{get, post},
};
use cardea_client::{
    Clock as _, SystemClock,
    rp::{AuthenticationConfig, ClientConfig},
};
use cardea_jose::{Algorithm, SigningKey};
use cardea_web::config::SecretText;
use cardea_webapp::Config;
use http::StatusCode;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::visitor::{ORIGIN, Visitor};

const TENANT: &str = "5ab1e7e5-0000-4000-8000-00000000000a";
const APP: &str = "6731de76-14a6-49ae-97bc-6eba6914391e";

/// The mock, and the answer that its token endpoint gives next.
struct Entra {
    url: String,
    key: SigningKey,
    answer: Arc<Mutex<Value>>,
}

impl Entra {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let key = SigningKey::generate(Algorithm::RS256).unwrap();
        let base = format!("{url}/{TENANT}");
        let metadata = json!({
            "issuer": format!("{base}/v2.0"),
            "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
            "token_endpoint": format!("{base}/oauth2/v2.0/token"),
            "jwks_uri": format!("{base}/discovery/v2.0/keys"),
            "end_session_endpoint": format!("{base}/oauth2/v2.0/logout"),
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "id_token_signing_alg_values_supported": ["RS256"],
        });
        let keys = json!({ "keys": [key.public_jwk()] });
        let answer = Arc::new(Mutex::new(Value::Null));
        let told = Arc::clone(&answer);
        let at = |path: &str| format!("/{TENANT}{path}");
        let router = Router::new()
            .route(
                &at("/v2.0/.well-known/openid-configuration"),
                get(async || Json(metadata)),
            )
            .route(&at("/discovery/v2.0/keys"), get(async || Json(keys)))
            .route(
                &at("/oauth2/v2.0/token"),
                post(async move || Json(told.lock().unwrap().clone())),
            );
        tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
        Self { url, key, answer }
    }

    /// The only differences from Cardea in the app's file.
    fn config(&self) -> Config {
        let secret = SecretText::new("a secret of the app".to_owned());
        let login = ClientConfig {
            issuer: format!("{}/{TENANT}/v2.0", self.url),
            authentication: AuthenticationConfig {
                client_secret: Some(secret),
                ..AuthenticationConfig::default()
            },
            ..ClientConfig::entra(TENANT, APP, &format!("{ORIGIN}/callback"))
        };
        Config {
            origin: ORIGIN.to_owned(),
            login,
            ..Config::default()
        }
    }

    fn grants(&self, tenant: &str, nonce: &str) {
        let now = SystemClock.now().as_second();
        let claims = json!({
            "ver": "2.0", "iss": format!("{}/{tenant}/v2.0", self.url), "aud": APP, "tid": tenant,
            "sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ", "iat": now - 300, "nbf": now - 300, "exp": now + 3600,
            "name": "Abe Lincoln", "preferred_username": "AbeLi@microsoft.com", "nonce": nonce, "roles": ["Task.Approver"],
        });
        let id_token = self.key.sign("JWT", claims.to_string().as_bytes()).unwrap();
        *self.answer.lock().unwrap() = json!({
            "token_type": "Bearer", "scope": "openid profile email", "expires_in": 3599, "access_token": "eyJ0", "id_token": id_token,
        });
    }
}

/// Logs in with a token of this tenant; returns the answer to the callback.
async fn log_in(visitor: &mut Visitor, entra: &Entra, tenant: &str) -> crate::visitor::Page {
    let url = visitor.begin_login("/calculator").await;
    assert!(
        url.as_str()
            .starts_with(&format!("{}/{TENANT}/oauth2/v2.0/authorize?", entra.url)),
        "{url}"
    );
    let value = |name: &str| {
        url.query_pairs()
            .find(|(own, _)| own == name)
            .unwrap()
            .1
            .into_owned()
    };
    entra.grants(tenant, &value("nonce"));
    visitor
        .get(&format!("/callback?code=0.AQ&state={}", value("state")))
        .await
}

#[tokio::test]
async fn a_person_of_entra_logs_in() {
    let entra = Entra::start().await;
    let mut visitor = Visitor::new(&entra.config());
    let back = log_in(&mut visitor, &entra, TENANT).await;
    assert_eq!(back.location(), format!("{ORIGIN}/calculator"));
    let home = visitor.get("/").await;
    assert!(home.text.contains("Hello, Abe Lincoln"), "{}", home.text);
    assert!(home.text.contains("Task.Approver"), "{}", home.text);
    let farewell = visitor
        .post("/logout", &[("csrf_token", home.field("csrf_token"))])
        .await;
    assert!(farewell.location().contains("/oauth2/v2.0/logout"));
}

#[tokio::test]
async fn a_person_of_another_tenant_does_not() {
    let entra = Entra::start().await;
    let mut visitor = Visitor::new(&entra.config());
    let refused = log_in(&mut visitor, &entra, "5ab1e7e5-0000-4000-8000-00000000000b").await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(visitor.get("/").await.text.contains("Sign in"));
}
