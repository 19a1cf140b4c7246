//! A provider with an upstream, and the way of a browser between them.

use std::{collections::BTreeMap, io::Write as _, sync::LazyLock};

use cardea_jose::{Algorithm, SigningKey};
use cardea_protocol::model::{User, Username};
use cardea_server::config::{Config, UpstreamConfig, UpstreamPreset};
use cardea_testkit::{
    Browser, Form, Page, Scripted, ScriptedIssuer, TestServer, clients::SPA, flows::Authorization,
};
use cardea_web::clock::Clock as _;
use serde_json::{Value, json};
use tempfile::NamedTempFile;
use url::Url;

pub(super) static KEY: LazyLock<SigningKey> =
    LazyLock::new(|| SigningKey::generate(Algorithm::ES256).unwrap());

/// The provider and its upstream `up`.
pub(super) struct Stage {
    pub(super) server: TestServer,
    pub(super) up: ScriptedIssuer,
    /// The issuer in its tokens.
    pub(super) issuer: String,
    _secret: NamedTempFile,
}

/// Where a browser was sent to.
pub(super) struct Sent {
    pub(super) query: BTreeMap<String, String>,
}

impl Sent {
    pub(super) fn of(page: &Page) -> Self {
        let location = page.answer.header("location");
        let location = location.unwrap_or_else(|| panic!("{} {}", page.url, page.text()));
        let url = Url::parse(location).unwrap();
        Self {
            query: url.query_pairs().into_owned().collect(),
        }
    }

    pub(super) fn one(&self, name: &str) -> &str {
        self.query.get(name).map_or("", String::as_str)
    }
}

impl Stage {
    pub(super) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// With an upstream that is any OpenID provider.
    pub(super) async fn with(change: impl FnOnce(&mut UpstreamConfig)) -> Self {
        let stage = Self::of(UpstreamPreset::Openid, "", change).await;
        stage.up.says_of_itself(&stage.openid_metadata());
        stage
    }

    /// The same, with something else in the configuration.
    pub(super) async fn configured(change: impl FnOnce(&mut Config)) -> Self {
        let stage = Self::built(UpstreamPreset::Openid, "", |_| {}, change).await;
        stage.up.says_of_itself(&stage.openid_metadata());
        stage
    }

    fn openid_metadata(&self) -> Value {
        let mut metadata = self.up.metadata();
        metadata["authorization_endpoint"] = json!(format!("{}/authorize", self.up.url));
        metadata
    }

    /// With an upstream of a kind, whose issuer has this path. Its metadata is not published yet.
    pub(super) async fn of(
        preset: UpstreamPreset,
        path: &str,
        change: impl FnOnce(&mut UpstreamConfig),
    ) -> Self {
        Self::built(preset, path, change, |_| {}).await
    }

    async fn built(
        preset: UpstreamPreset,
        path: &str,
        change: impl FnOnce(&mut UpstreamConfig),
        more: impl FnOnce(&mut Config),
    ) -> Self {
        let up = ScriptedIssuer::start().await;
        up.publishes("/jwks", &[&KEY]);
        let mut secret = NamedTempFile::new().unwrap();
        secret.write_all(b"the-secret").unwrap();
        let mut upstream = UpstreamConfig {
            id: "up".to_owned(),
            name: Some("Example ID".to_owned()),
            preset,
            issuer: format!("{}{path}", up.url),
            client_id: "cardea".to_owned(),
            client_secret_file: Some(secret.path().display().to_string()),
            ..UpstreamConfig::default()
        };
        change(&mut upstream);
        let builder = TestServer::builder().config(|config| config.upstreams = vec![upstream]);
        let builder = builder.config(more);
        Self {
            server: builder.start().await,
            issuer: format!("{}{path}", up.url),
            up,
            _secret: secret,
        }
    }

    /// Presses the button of the upstream on the login page of a request.
    pub(super) async fn press(&self, browser: &mut Browser<'_>, request: &Authorization) -> Sent {
        Sent::of(&self.pressed(browser, request).await)
    }

    pub(super) async fn pressed(&self, browser: &mut Browser<'_>, request: &Authorization) -> Page {
        let page = browser.open(&request.url(&self.server)).await;
        assert!(page.path().ends_with("/login"), "{}", page.text());
        browser.submit(&page, button(&page), &[]).await
    }

    /// The claims of an ID token for a sign-in.
    pub(super) fn claims(&self, sent: &Sent, sub: &str, more: Value) -> Value {
        let now = self.server.clock.now().as_second();
        let mut claims = json!({
            "iss": self.issuer, "sub": sub, "aud": "cardea", "nonce": sent.one("nonce"),
            "iat": now, "exp": now + 300, "auth_time": now,
        });
        let Value::Object(more) = more else {
            panic!("no object")
        };
        for (name, value) in more {
            claims[name] = value;
        }
        claims
    }

    /// The token endpoint grants this ID token from now on.
    pub(super) fn grants(&self, claims: &Value) {
        self.grants_at("/token", claims);
    }

    pub(super) fn grants_at(&self, path: &str, claims: &Value) {
        let jwt = KEY.sign("JWT", claims.to_string().as_bytes()).unwrap();
        let answer = json!({"access_token": "at", "token_type": "Bearer", "id_token": jwt, "expires_in": 300});
        self.up.says(path, Scripted::json(&answer));
    }

    /// The address at which the browser comes back with a code.
    pub(super) fn back(&self, sent: &Sent) -> String {
        self.back_with(&[
            ("code", "the-code"),
            ("state", sent.one("state")),
            ("iss", &self.issuer),
        ])
    }

    pub(super) fn back_with(&self, pairs: &[(&str, &str)]) -> String {
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish();
        self.server.url(&format!("/federation/up/callback?{query}"))
    }

    /// A whole sign-in of this identity, to where it leads.
    pub(super) async fn sign_in(&self, browser: &mut Browser<'_>, sub: &str, more: Value) -> Page {
        let sent = self.press(browser, &request()).await;
        self.grants(&self.claims(&sent, sub, more));
        browser.open(&self.back(&sent)).await
    }

    pub(super) async fn user(&self, name: &str) -> Option<User> {
        let name = Username::parse(name).unwrap();
        self.server.store.user_by_name(&name).await.unwrap()
    }
}

pub(super) fn request() -> Authorization {
    Authorization::of(SPA)
}

/// The form of the upstream's button.
pub(super) fn button(page: &Page) -> Form {
    let forms = page.forms().into_iter();
    let mut ours = forms.filter(|form| form.action.ends_with("/federation/up"));
    ours.next().expect("a button")
}

/// Whether a sign-in led to an account: the page that asks for consent, in a session of this user.
pub(super) fn is_signed_in(page: &Page, name: &str) -> bool {
    page.path().ends_with("/consent") && page.status() == 200 && page.text().contains(name)
}

/// Whether nobody is signed in.
pub(super) fn has_no_session(browser: &Browser<'_>) -> bool {
    browser.cookie("__Host-cardea_session").is_none()
}
