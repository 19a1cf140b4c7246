use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    response::Response,
};
use cardea_jose::{KeySet, SigningKey};
use http::{HeaderName, HeaderValue};
use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinHandle};

use crate::{listen, until};

/// A scripted answer.
#[derive(Clone, Debug)]
pub struct Scripted {
    /// The HTTP status.
    pub status: u16,
    /// Its headers.
    pub headers: Vec<(&'static str, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

impl Scripted {
    /// An answer with a body of this type.
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("content-type", content_type.to_owned())],
            body: body.into(),
        }
    }

    /// 200 with a JSON document.
    #[must_use]
    pub fn json(value: &Value) -> Self {
        Self::new(200, "application/json", value.to_string())
    }

    /// 302.
    #[must_use]
    pub fn redirect(to: &str) -> Self {
        Self {
            status: 302,
            headers: vec![("location", to.to_owned())],
            body: Vec::new(),
        }
    }
}

/// A request that it got.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The path, without the query.
    pub path: String,
    /// The headers.
    pub headers: HashMap<String, String>,
    /// The body as it came.
    pub body: String,
    /// The body as a form.
    pub form: HashMap<String, String>,
}

#[derive(Debug, Default)]
struct Script {
    answers: HashMap<String, Scripted>,
    asked: Vec<Asked>,
    down: bool,
}

#[derive(Debug)]
struct Shared {
    script: Mutex<Script>,
    held: watch::Sender<HashSet<String>>,
}

impl Shared {
    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An issuer on loopback that answers what a test scripts. Its socket closes with it.
#[derive(Debug)]
pub struct ScriptedIssuer {
    /// Its issuer, a URL without a path.
    pub url: String,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

impl Drop for ScriptedIssuer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Where the metadata document is.
const DISCOVERY: &str = "/.well-known/openid-configuration";

impl ScriptedIssuer {
    /// One that answers 404 to everything.
    pub async fn start() -> Self {
        let (listener, url) = listen().await;
        let shared = Arc::new(Shared {
            script: Mutex::default(),
            held: watch::Sender::default(),
        });
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("a server");
        });
        Self {
            url,
            shared,
            server,
        }
    }

    /// Answers this at this path from now on.
    pub fn says(&self, path: &str, answer: Scripted) {
        self.shared.script().answers.insert(path.to_owned(), answer);
    }

    /// Publishes these keys and no others.
    pub fn publishes(&self, path: &str, keys: &[&SigningKey]) {
        let keys = keys.iter().map(|key| key.public_jwk().clone());
        let set = KeySet::from_keys(keys).expect("a key set").to_json();
        self.says(path, Scripted::new(200, "application/json", set));
    }

    /// The requests to this path so far.
    #[must_use]
    pub fn asked(&self, path: &str) -> Vec<Asked> {
        let script = self.shared.script();
        let of_path = script.asked.iter().filter(|asked| asked.path == path);
        of_path.cloned().collect()
    }

    /// Waits for that many requests to this path.
    pub async fn is_asked(&self, path: &str, times: usize) {
        until(path, || self.asked(path).len() >= times).await;
    }

    /// Answers 502 to everything while it is down.
    pub fn is_down(&self, down: bool) {
        self.shared.script().down = down;
    }

    /// Holds the answers at this path back until `release`. What was asked is known all the same.
    pub fn hold(&self, path: &str) {
        let hold = |held: &mut HashSet<String>| {
            held.insert(path.to_owned());
        };
        self.shared.held.send_modify(hold);
    }

    /// Gives all answers that are held.
    pub fn release(&self) {
        self.shared.held.send_modify(HashSet::clear);
    }

    /// The metadata of an ordinary provider.
    #[must_use]
    pub fn metadata(&self) -> Value {
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

    /// Publishes this as its metadata.
    pub fn says_of_itself(&self, metadata: &Value) {
        self.says(DISCOVERY, Scripted::json(metadata));
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, 1024 * 1024).await.expect("a small body");
    let header = |(name, value): (&HeaderName, &HeaderValue)| {
        (name.to_string(), value.to_str().expect("a text").to_owned())
    };
    let path = head.uri.path().to_owned();
    shared.script().asked.push(Asked {
        path: path.clone(),
        headers: head.headers.iter().map(header).collect(),
        body: String::from_utf8_lossy(&body).into_owned(),
        form: form_urlencoded::parse(&body).into_owned().collect(),
    });
    let mut held = shared.held.subscribe();
    // The sender lives as long as this server.
    let _ = held.wait_for(|held| !held.contains(&path)).await;
    let said = {
        let script = shared.script();
        if script.down {
            Some(Scripted::new(502, "text/html", "<html>"))
        } else {
            script.answers.get(&path).cloned()
        }
    };
    let said = said.unwrap_or_else(|| Scripted::new(404, "text/html", "<html>"));
    let mut response = Response::builder().status(said.status);
    for (name, value) in said.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(said.body)).expect("a response")
}
