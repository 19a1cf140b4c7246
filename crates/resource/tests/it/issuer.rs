//! An issuer that does what a test tells it.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use cardea_jose::{Algorithm, KeySet, SigningKey};
use http::StatusCode;
use serde_json::{Value, json};

pub(crate) struct Issuer {
    pub(crate) url: String,
    pub(crate) key: Mutex<SigningKey>,
    published: Mutex<KeySet>,
    /// What introspection says, whatever the token.
    pub(crate) answer: Mutex<Value>,
    /// What the last question looked like.
    pub(crate) question: Mutex<String>,
    pub(crate) down: AtomicBool,
    pub(crate) delay: AtomicU64,
    asked_for_keys: AtomicUsize,
    asked_about_tokens: AtomicUsize,
}

impl Issuer {
    pub(crate) async fn start() -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let issuer = Arc::new(Self {
            url,
            key: Mutex::new(SigningKey::generate(Algorithm::ES256).unwrap()),
            published: Mutex::default(),
            answer: Mutex::new(json!({"active": false})),
            question: Mutex::default(),
            down: AtomicBool::default(),
            delay: AtomicU64::default(),
            asked_for_keys: AtomicUsize::default(),
            asked_about_tokens: AtomicUsize::default(),
        });
        issuer.publish();
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(metadata))
            .route("/keys", get(keys))
            .route("/introspection", post(introspection))
            .with_state(Arc::clone(&issuer));
        tokio::spawn(async { axum::serve(listener, router).await });
        issuer
    }

    /// Publishes the present key beside what is published.
    pub(crate) fn publish(&self) {
        let mut published = self.published.lock().unwrap();
        let key = self.key.lock().unwrap().public_jwk().clone();
        *published = KeySet::from_keys(published.keys().iter().cloned().chain([key])).unwrap();
    }

    /// Signs with a new key from now on.
    pub(crate) fn roll(&self) {
        *self.key.lock().unwrap() = SigningKey::generate(Algorithm::ES256).unwrap();
    }

    pub(crate) fn sign(&self, typ: &str, claims: &Value) -> String {
        let key = self.key.lock().unwrap();
        key.sign(typ, claims.to_string().as_bytes()).unwrap()
    }

    pub(crate) fn says(&self, answer: Value) {
        *self.answer.lock().unwrap() = answer;
    }

    pub(crate) fn is_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    pub(crate) fn asked_for_keys(&self) -> usize {
        self.asked_for_keys.load(Ordering::SeqCst)
    }

    pub(crate) fn asked_about_tokens(&self) -> usize {
        self.asked_about_tokens.load(Ordering::SeqCst)
    }

    async fn answered(&self, answer: impl FnOnce() -> Response) -> Response {
        let delay = self.delay.load(Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(delay)).await;
        if self.down.load(Ordering::SeqCst) {
            return StatusCode::BAD_GATEWAY.into_response();
        }
        answer()
    }
}

async fn metadata(State(issuer): State<Arc<Issuer>>) -> Response {
    let url = &issuer.url;
    let document = json!({
        "issuer": url,
        "jwks_uri": format!("{url}/keys"),
        "introspection_endpoint": format!("{url}/introspection"),
    });
    issuer.answered(|| Json(document).into_response()).await
}

async fn keys(State(issuer): State<Arc<Issuer>>) -> Response {
    issuer.asked_for_keys.fetch_add(1, Ordering::SeqCst);
    let set = issuer.published.lock().unwrap().to_json();
    issuer.answered(|| set.into_response()).await
}

async fn introspection(State(issuer): State<Arc<Issuer>>, request: Request) -> Response {
    issuer.asked_about_tokens.fetch_add(1, Ordering::SeqCst);
    let authorization = request.headers().get("authorization").cloned();
    let authorization =
        authorization.map_or(String::new(), |value| value.to_str().unwrap().to_owned());
    let body = axum::body::to_bytes(request.into_body(), 10_000)
        .await
        .unwrap();
    let question = format!("{authorization} {}", String::from_utf8_lossy(&body));
    *issuer.question.lock().unwrap() = question;
    let answer = issuer.answer.lock().unwrap().clone();
    issuer.answered(|| Json(answer).into_response()).await
}
