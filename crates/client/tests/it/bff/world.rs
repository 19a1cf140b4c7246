//! An app, its provider, its API, and browsers that visit it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    routing::get,
};
use cardea_client::{
    Entropy, MasterKey, Permissions,
    bff::{Bff, BffConfig},
    guard::{self, LoggedIn},
    rp::ClientConfig,
    session::{MemoryStore, SessionConfig, SessionStore, Sessions},
};
use cardea_web::{clock::Clock, inbound::Inbound};
use http::{HeaderMap, Method, Request, StatusCode};
use serde_json::Value;
use tower::ServiceExt as _;

use super::api::Api;
use crate::rp::{
    provider::Scripted,
    world::{CODE, World, query, world_with},
};

pub(crate) const ORIGIN: &str = "https://app.example.test";
pub(crate) const SECRET: &str = "the-client-secret-of-the-tests-which-is-long";
pub(crate) const COOKIE: &str = "__Host-cardea_app";
pub(crate) const SECOND_ACCESS_TOKEN: &str = "the-second-access-token-of-the-tests";
pub(crate) const SECOND_REFRESH_TOKEN: &str = "the-second-refresh-token-of-the-tests";

/// All that ever went to browsers, headers and bodies.
type Transcript = Arc<Mutex<Vec<String>>>;

pub(crate) struct Site {
    pub(crate) world: World,
    pub(crate) api: Api,
    pub(crate) store: Arc<dyn SessionStore>,
    pub(crate) transcript: Transcript,
    pub(crate) router: Router,
    config: BffConfig,
}

/// A single-page app at `https://app.example.test`.
pub(crate) async fn site() -> Site {
    site_with(Arc::new(MemoryStore::default()), |_| {}).await
}

pub(crate) async fn site_with(
    store: Arc<dyn SessionStore>,
    change: impl FnOnce(&mut BffConfig),
) -> Site {
    let confidential = |config: &mut ClientConfig| {
        config.redirect_uri = format!("{ORIGIN}/bff/callback");
        config.authentication.client_secret = Some(serde_json::from_value(SECRET.into()).unwrap());
        config.post_logout_redirect_uri = Some(format!("{ORIGIN}/bye"));
    };
    let world = world_with(confidential).await;
    world
        .provider
        .says("/revocation", Scripted::new(200, "text/plain", ""));
    let api = Api::start().await;
    let mut config = BffConfig::spa().api(&api.url);
    change(&mut config);
    let router = router(&world, Arc::clone(&store), config.clone());
    Site {
        world,
        api,
        store,
        transcript: Transcript::default(),
        router,
        config,
    }
}

fn router(world: &World, store: Arc<dyn SessionStore>, config: BffConfig) -> Router {
    let key = MasterKey::generate(&Entropy::seeded(7));
    let clock = Arc::clone(&world.clock) as Arc<dyn Clock>;
    let sessions = SessionConfig::new(key, ORIGIN);
    let sessions = Sessions::new(sessions, store, clock, Entropy::system()).unwrap();
    let bff = Bff::new(config, world.party.clone(), sessions).unwrap();
    let permissions = Permissions::new().role("user", ["report:read"]);
    let guarded = |permission| guard::require_permission(&bff, &permissions, permission);
    let pages = Router::new()
        .route(
            "/public",
            get(|user: Option<LoggedIn>| async move {
                user.map_or("nobody".to_owned(), |user| user.identity().sub.clone())
            }),
        )
        .route(
            "/account",
            get(|user: LoggedIn| async move { user.identity().sub.clone() })
                .post(|_: LoggedIn| async { "changed" }),
        )
        .route(
            "/members",
            get(async || "members")
                .post(async || "changed")
                .layer(guard::require_login(&bff)),
        )
        .route(
            "/users",
            get(async || "users").layer(guard::require_role(&bff, "user")),
        )
        .route(
            "/admin",
            get(async || "admin").layer(guard::require_role(&bff, "admin")),
        )
        .route(
            "/report",
            get(async || "report").layer(guarded("report:read")),
        )
        .route(
            "/report/edit",
            get(async || "edit").layer(guarded("report:write")),
        )
        .nest(
            "/deep",
            Router::new().route("/page", get(async |_: LoggedIn| "deep")),
        )
        .merge(bff.routes())
        .with_state(bff);
    Inbound::new(true, 1).wrap(pages)
}

impl Site {
    pub(crate) fn browser(&self) -> Browser {
        Browser {
            router: self.router.clone(),
            transcript: Arc::clone(&self.transcript),
            jar: BTreeMap::new(),
        }
    }

    /// The same app in another process, with another store perhaps.
    pub(crate) fn move_to(&mut self, store: Arc<dyn SessionStore>) {
        self.router = router(&self.world, Arc::clone(&store), self.config.clone());
        self.store = store;
    }

    /// Has a browser logged in as alice.
    pub(crate) async fn logged_in(&self) -> Browser {
        let mut browser = self.browser();
        let answer = self.log_in(&mut browser, "/orders").await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
        browser
    }

    pub(crate) async fn log_in(&self, browser: &mut Browser, return_to: &str) -> Answer {
        let login = self.begin(browser, return_to).await;
        self.grant(&login);
        browser.get(&self.callback(&login)).await
    }

    /// Begins a login; what the provider is asked.
    pub(crate) async fn begin(
        &self,
        browser: &mut Browser,
        return_to: &str,
    ) -> BTreeMap<String, String> {
        let return_to: String = form_urlencoded::byte_serialize(return_to.as_bytes()).collect();
        let answer = browser
            .get(&format!("/bff/login?return_to={return_to}"))
            .await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
        query(answer.location()).into_iter().collect()
    }

    /// Lets the provider grant tokens for a login.
    pub(crate) fn grant(&self, login: &BTreeMap<String, String>) {
        let claims = self.world.claims(&login["nonce"]);
        self.world.grants(&self.world.sign(&claims));
    }

    pub(crate) fn callback(&self, login: &BTreeMap<String, String>) -> String {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("code", CODE)
            .append_pair("state", &login["state"])
            .append_pair("iss", &self.world.provider.url)
            .finish();
        format!("/bff/callback?{query}")
    }

    /// Lets the provider renew tokens.
    pub(crate) fn renews(&self) {
        let renewed = serde_json::json!({"access_token": SECOND_ACCESS_TOKEN, "token_type": "Bearer",
            "expires_in": 600, "refresh_token": SECOND_REFRESH_TOKEN, "scope": "openid profile"});
        self.world.provider.says("/token", Scripted::json(&renewed));
    }

    pub(crate) fn passes(&self, seconds: i64) {
        self.world
            .clock
            .advance(jiff::SignedDuration::from_secs(seconds));
    }

    /// How often the provider was asked to renew.
    pub(crate) fn refreshes(&self) -> usize {
        let asked = self.world.provider.asked("/token");
        asked
            .iter()
            .filter(|one| one.form["grant_type"] == "refresh_token")
            .count()
    }
}

#[derive(Clone)]
pub(crate) struct Browser {
    router: Router,
    transcript: Transcript,
    pub(crate) jar: BTreeMap<String, String>,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn location(&self) -> &str {
        self.headers["location"].to_str().unwrap()
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

impl Browser {
    /// A browser that visits this app.
    pub(crate) fn of(router: Router) -> Self {
        Self {
            router,
            transcript: Transcript::default(),
            jar: BTreeMap::new(),
        }
    }

    pub(crate) async fn get(&mut self, target: &str) -> Answer {
        self.send(Method::GET, target, &[], "").await
    }

    pub(crate) async fn post(
        &mut self,
        target: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        self.send(Method::POST, target, headers, body.to_owned())
            .await
    }

    pub(crate) async fn send(
        &mut self,
        method: Method,
        target: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !self.jar.is_empty() {
            let pairs: Vec<_> = self
                .jar
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            request = request.header("cookie", pairs.join("; "));
        }
        let request = request.body(body.into()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = to_bytes(body, 10 * 1024 * 1024).await.unwrap_or_default();
        let said = format!("{:?}\n{}", head.headers, String::from_utf8_lossy(&body));
        self.transcript.lock().unwrap().push(said);
        for cookie in head.headers.get_all("set-cookie") {
            self.keep(cookie.to_str().unwrap());
        }
        Answer {
            status: head.status,
            headers: head.headers,
            body,
        }
    }

    fn keep(&mut self, cookie: &str) {
        assert!(cookie.starts_with("__Host-"), "{cookie}");
        for attribute in ["; Path=/", "; HttpOnly", "; SameSite=Lax", "; Secure"] {
            assert!(cookie.contains(attribute), "{cookie}");
        }
        let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
        if cookie.contains("Max-Age=0") {
            self.jar.remove(name);
        } else {
            self.jar.insert(name.to_owned(), value.to_owned());
        }
    }

    /// The status of the page that says who is logged in.
    pub(crate) async fn is_logged_in(&mut self) -> bool {
        let answer = self.get("/bff/user").await;
        assert!(
            matches!(answer.status.as_u16(), 200 | 401),
            "{}",
            answer.text()
        );
        answer.status == StatusCode::OK
    }

    pub(crate) async fn csrf_token(&mut self) -> String {
        let user = self.get("/bff/user").await.json();
        user["csrf_token"].as_str().unwrap().to_owned()
    }
}
