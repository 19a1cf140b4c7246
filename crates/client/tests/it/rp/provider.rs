//! A provider on loopback that answers what a test scripted.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use cardea_jose::{Algorithm, KeySet, SigningKey};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A scripted answer.
#[derive(Clone)]
pub(crate) struct Scripted {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Scripted {
    pub(crate) fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("content-type", content_type.to_owned())],
            body: body.into(),
        }
    }

    pub(crate) fn json(value: &Value) -> Self {
        Self::new(200, "application/json", value.to_string())
    }

    pub(crate) fn redirect(to: &str) -> Self {
        Self {
            status: 302,
            headers: vec![("location", to.to_owned())],
            body: Vec::new(),
        }
    }
}

/// What it was asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) form: HashMap<String, String>,
}

#[derive(Default)]
struct Script {
    answers: HashMap<String, Scripted>,
    asked: Vec<Asked>,
}

type Shared = Arc<Mutex<Script>>;

/// The provider. Its socket closes with it.
pub(crate) struct Provider {
    pub(crate) url: String,
    script: Shared,
    server: JoinHandle<()>,
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Provider {
    /// One that answers nothing yet.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let script = Shared::default();
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&script));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            url,
            script,
            server,
        }
    }

    pub(crate) fn says(&self, path: &str, answer: Scripted) {
        let mut script = self.script.lock().unwrap();
        script.answers.insert(path.to_owned(), answer);
    }

    /// Publishes these keys and no others.
    pub(crate) fn publishes(&self, path: &str, keys: &[&SigningKey]) {
        let keys = keys.iter().map(|key| key.public_jwk().clone());
        let set = KeySet::from_keys(keys).unwrap().to_json();
        self.says(path, Scripted::new(200, "application/json", set));
    }

    pub(crate) fn asked(&self, path: &str) -> Vec<Asked> {
        let script = self.script.lock().unwrap();
        let of_path = script.asked.iter().filter(|asked| asked.path == path);
        of_path.cloned().collect()
    }

    /// The metadata of an ordinary provider.
    pub(crate) fn metadata(&self) -> Value {
        let at = |path: &str| format!("{}{path}", self.url);
        json!({
            "issuer": self.url,
            "authorization_endpoint": at("/authorize?realm=one"),
            "token_endpoint": at("/token"),
            "jwks_uri": at("/jwks"),
            "revocation_endpoint": at("/revocation"),
            "end_session_endpoint": at("/end_session"),
            "code_challenge_methods_supported": ["plain", "S256"],
            "authorization_response_iss_parameter_supported": true,
        })
    }

    pub(crate) fn says_of_itself(&self, metadata: &Value) {
        self.says(
            "/.well-known/openid-configuration",
            Scripted::json(metadata),
        );
    }
}

/// A key of the kind that most providers have.
pub(crate) fn key() -> SigningKey {
    SigningKey::generate(Algorithm::ES256).unwrap()
}

async fn answer(State(script): State<Shared>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, 1024 * 1024).await.unwrap();
    let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        (name.to_string(), value.to_str().unwrap().to_owned())
    };
    let path = head.uri.path().to_owned();
    let mut script = script.lock().unwrap();
    script.asked.push(Asked {
        path: path.clone(),
        headers: head.headers.iter().map(header).collect(),
        form: form_urlencoded::parse(&body).into_owned().collect(),
    });
    let none = || Scripted::new(404, "text/html", "<html>");
    let said = script.answers.get(&path).cloned().unwrap_or_else(none);
    let mut response = Response::builder().status(said.status);
    for (name, value) in said.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(said.body)).unwrap()
}
