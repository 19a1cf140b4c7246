//! A relying party at a scripted provider, and a login that succeeds unless a test breaks it.

use std::{collections::HashMap, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cardea_client::rp::{
    Callback, ClientConfig, LoggedIn, LoginOptions, RelyingParty, RpError, StartedLogin,
};
use cardea_jose::SigningKey;
use cardea_seal::Entropy;
use cardea_testkit::TestClock;
use cardea_web::clock::Clock;
use serde_json::{Value, json};
use url::Url;

use super::provider::{Provider, Scripted, key};

pub(crate) const CLIENT: &str = "app";
pub(crate) const CALLBACK: &str = "https://app.example.test/callback";
pub(crate) const ACCESS_TOKEN: &str = "the-access-token-of-the-tests";
pub(crate) const REFRESH_TOKEN: &str = "the-refresh-token-of-the-tests";
pub(crate) const CODE: &str = "the-code-of-the-tests";

pub(crate) struct World {
    pub(crate) provider: Provider,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) party: RelyingParty,
    pub(crate) key: SigningKey,
}

/// A party with a changed configuration at an ordinary provider.
pub(crate) async fn world_with(change: impl FnOnce(&mut ClientConfig)) -> World {
    let provider = Provider::start().await;
    let key = key();
    provider.says_of_itself(&provider.metadata());
    provider.publishes("/jwks", &[&key]);
    let mut config = ClientConfig::cardea(&provider.url, CLIENT, CALLBACK);
    change(&mut config);
    let clock = Arc::new(TestClock::new());
    let party = party(&config, &clock);
    World {
        provider,
        clock,
        party,
        key,
    }
}

pub(crate) async fn world() -> World {
    world_with(|_| {}).await
}

pub(crate) fn party(config: &ClientConfig, clock: &Arc<TestClock>) -> RelyingParty {
    let clock = Arc::clone(clock) as Arc<dyn Clock>;
    RelyingParty::new(config, clock, Entropy::system()).unwrap()
}

/// The parameters of a URL.
pub(crate) fn query(url: &str) -> HashMap<String, String> {
    let url = Url::parse(url).unwrap();
    url.query_pairs().into_owned().collect()
}

pub(crate) fn nonce(login: &StartedLogin) -> String {
    query(&login.authorization_url)["nonce"].clone()
}

/// A file's text.
pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}

/// A callback with these parameters.
pub(crate) fn callback(pairs: &[(&str, &str)]) -> Callback {
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    Callback::parse(&query).unwrap()
}

impl World {
    pub(crate) async fn begin(&self) -> StartedLogin {
        self.party.begin(LoginOptions::to("/orders")).await.unwrap()
    }

    /// The claims of an ID token in which everything is right.
    pub(crate) fn claims(&self, nonce: &str) -> Value {
        let at = self.clock.now().as_second();
        json!({"iss": self.provider.url, "sub": "alice", "aud": CLIENT, "exp": at + 300, "iat": at, "nonce": nonce,
            "sid": "s1", "roles": ["user"], "name": "Alice"})
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        self.key.sign("JWT", claims.to_string().as_bytes()).unwrap()
    }

    /// The token endpoint grants tokens with this ID token.
    pub(crate) fn grants(&self, id_token: &str) {
        let granted = json!({"access_token": ACCESS_TOKEN, "token_type": "Bearer", "expires_in": 600,
            "refresh_token": REFRESH_TOKEN, "id_token": id_token, "scope": "openid profile"});
        self.provider.says("/token", Scripted::json(&granted));
    }

    /// The callback that an honest provider would send.
    pub(crate) fn callback(&self, login: &StartedLogin) -> Callback {
        callback(&[
            ("code", CODE),
            ("state", login.state.state()),
            ("iss", &self.provider.url),
        ])
    }

    pub(crate) async fn finish(&self, login: &StartedLogin) -> Result<LoggedIn, RpError> {
        self.party.finish(&self.callback(login), &login.state).await
    }

    /// A whole login with the claims changed on their way.
    pub(crate) async fn log_in(
        &self,
        change: impl FnOnce(&mut Value),
    ) -> Result<LoggedIn, RpError> {
        let login = self.begin().await;
        let mut claims = self.claims(&nonce(&login));
        change(&mut claims);
        self.grants(&self.sign(&claims));
        self.finish(&login).await
    }
}
