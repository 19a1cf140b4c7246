//! An issuer whose keys turn and whose introspection says what a test tells it.

use std::sync::{Arc, Mutex};

use cardea_jose::{Algorithm, SigningKey};
use cardea_testkit::{Scripted, ScriptedIssuer};
use serde_json::{Value, json};

pub(crate) const KEYS: &str = "/keys";
pub(crate) const INTROSPECTION: &str = "/introspection";

pub(crate) struct Issuer {
    pub(crate) url: String,
    pub(crate) scripted: ScriptedIssuer,
    pub(crate) key: Mutex<Arc<SigningKey>>,
    published: Mutex<Vec<Arc<SigningKey>>>,
}

impl Issuer {
    pub(crate) async fn start() -> Arc<Self> {
        let scripted = ScriptedIssuer::start().await;
        let url = scripted.url.clone();
        scripted.says_of_itself(&json!({
            "issuer": url,
            "jwks_uri": format!("{url}{KEYS}"),
            "introspection_endpoint": format!("{url}{INTROSPECTION}"),
        }));
        let issuer = Arc::new(Self {
            url,
            scripted,
            key: Mutex::new(new_key()),
            published: Mutex::default(),
        });
        issuer.publish();
        issuer.says(&json!({"active": false}));
        issuer
    }

    /// Publishes the present key beside what is published.
    pub(crate) fn publish(&self) {
        let mut published = self.published.lock().unwrap();
        published.push(Arc::clone(&self.key.lock().unwrap()));
        let keys: Vec<&SigningKey> = published.iter().map(AsRef::as_ref).collect();
        self.scripted.publishes(KEYS, &keys);
    }

    /// Signs with a new key from now on.
    pub(crate) fn roll(&self) {
        *self.key.lock().unwrap() = new_key();
    }

    pub(crate) fn sign(&self, typ: &str, claims: &Value) -> String {
        let key = self.key.lock().unwrap();
        key.sign(typ, claims.to_string().as_bytes()).unwrap()
    }

    /// What introspection says, whatever the token.
    pub(crate) fn says(&self, answer: &Value) {
        self.scripted.says(INTROSPECTION, Scripted::json(answer));
    }

    pub(crate) fn is_down(&self, down: bool) {
        self.scripted.is_down(down);
    }

    pub(crate) fn asked_for_keys(&self) -> usize {
        self.scripted.asked(KEYS).len()
    }

    pub(crate) fn asked_about_tokens(&self) -> usize {
        self.scripted.asked(INTROSPECTION).len()
    }

    pub(crate) async fn is_asked_for_keys(&self) {
        self.scripted.is_asked(KEYS, 1).await;
    }

    pub(crate) async fn is_asked_about_tokens(&self) {
        self.scripted.is_asked(INTROSPECTION, 1).await;
    }

    /// What the last question about a token looked like: its authorization and its body.
    pub(crate) fn question(&self) -> String {
        let asked = self.scripted.asked(INTROSPECTION);
        let last = asked.last().expect("a question");
        let authorization = last.headers.get("authorization");
        let authorization = authorization.map_or("", String::as_str);
        format!("{authorization} {}", last.body)
    }
}

fn new_key() -> Arc<SigningKey> {
    Arc::new(SigningKey::generate(Algorithm::ES256).unwrap())
}
