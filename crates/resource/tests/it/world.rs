//! An API, its issuer and its clock.

use std::{net::SocketAddr, sync::Arc};

use axum::{Router, body::Body, extract::Request, routing::get};
use cardea_resource::{
    AccessToken, Api, ApiConfig, Clock, Forbidden, Guarded, IntrospectionConfig, Permissions,
    Tokens, owner, require_any_scope, require_permission, require_role, require_scope,
};
use cardea_testkit::TestClock;
use cardea_web::inbound::Peer;
use http::{HeaderMap, StatusCode};
use jiff::SignedDuration;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::issuer::Issuer;

pub(crate) const API: &str = "api://orders";
pub(crate) const APP: &str = "https://app.example.com";

pub(crate) struct World {
    pub(crate) issuer: Arc<Issuer>,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) api: Api,
    router: Router,
}

/// Marks a request that is sent as it is, without a `Host`.
#[derive(Clone)]
pub(crate) struct WithoutHost;

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_| ()).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut ApiConfig)) -> Self {
        let issuer = Issuer::start().await;
        let mut config = ApiConfig {
            resource: Some("https://api.example.com".to_owned()),
            scopes: vec!["orders:read".to_owned()],
            ..ApiConfig::new(&issuer.url, API)
        };
        change(&mut config);
        let clock = Arc::new(TestClock::new());
        let api = Api::with_clock(&config, Arc::clone(&clock) as Arc<dyn Clock>).unwrap();
        let router = api.protect_beside(open(), routes());
        Self {
            issuer,
            clock,
            api,
            router,
        }
    }

    /// One that asks its issuer about what is no JWT.
    pub(crate) async fn asking() -> Self {
        Self::with(|config| {
            config.tokens = Tokens::Both;
            config.introspection = Some(IntrospectionConfig::new("orders api", "s:e&c"));
        })
        .await
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }

    /// The claims of a good token.
    pub(crate) fn claims(&self) -> Value {
        let now = self.clock.now().as_second();
        json!({"iss": self.issuer.url, "aud": API, "sub": "alice", "client_id": "app", "iat": now, "exp": now + 900,
            "scope": "orders:read", "roles": ["viewer"], "tenant": "acme"})
    }

    /// A token like the good one but for a claim.
    pub(crate) fn token_with(&self, name: &str, value: Value) -> String {
        let mut claims = self.claims();
        claims[name] = value;
        self.issuer.sign("at+jwt", &claims)
    }

    pub(crate) fn token(&self) -> String {
        self.issuer.sign("at+jwt", &self.claims())
    }

    /// What introspection says of the good token.
    pub(crate) fn active(&self) -> Value {
        let mut claims = self.claims();
        claims["active"] = json!(true);
        claims
    }

    pub(crate) async fn send(&self, request: Request) -> Answer {
        send(self.router.clone(), request).await
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Answer {
        self.send(with_token(path, token)).await
    }

    /// The status for a token that comes from this address.
    pub(crate) async fn status_from(&self, address: &str, token: &str) -> u16 {
        let request = with_token("/me", token);
        let answer = send_from(self.router.clone(), address, request).await;
        answer.status.as_u16()
    }

    pub(crate) async fn status(&self, token: &str) -> u16 {
        self.get("/me", token).await.status.as_u16()
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

pub(crate) fn with_token(path: &str, token: &str) -> Request {
    let request = Request::get(path).header("authorization", format!("Bearer {token}"));
    request.body(Body::empty()).unwrap()
}

pub(crate) async fn send(router: Router, request: Request) -> Answer {
    send_from(router, "203.0.113.7:4711", request).await
}

async fn send_from(router: Router, address: &str, mut request: Request) -> Answer {
    let address: SocketAddr = address.parse().unwrap();
    let is_complete = request.headers().contains_key("host") || request.uri().authority().is_some();
    if !is_complete && request.extensions().get::<WithoutHost>().is_none() {
        let host = "api.example.com".parse().unwrap();
        request.headers_mut().insert("host", host);
    }
    request.extensions_mut().insert(Peer::Tcp {
        address,
        tls: false,
    });
    let response = router.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, 100_000).await.unwrap();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

fn open() -> Router {
    Router::new().route("/health", get(async || "up"))
}

fn routes() -> Router {
    let permissions = Permissions::new()
        .role("viewer", ["orders:see"])
        .role("superadmin", ["*"]);
    let orders = get(async || "orders").layer(require_scope("orders:read"));
    let create = axum::routing::post(async || "created").layer(require_scope("orders:write"));
    Router::new()
        .route("/me", get(me))
        .route("/orders", orders.merge(create))
        .route("/orders/{owner}", get(order))
        .route("/found/{owner}", get(found))
        .route(
            "/any",
            get(async || "any").layer(require_any_scope(["a", "orders:read"])),
        )
        .route(
            "/neither",
            get(async || "no").layer(require_any_scope(["a", "b"])),
        )
        .route("/admin", get(async || "admin").layer(require_role("admin")))
        .route(
            "/see",
            get(async || "see").layer(require_permission(&permissions, "orders:see")),
        )
        .route(
            "/drop",
            get(async || "drop").layer(require_permission(&permissions, "orders:drop")),
        )
}

async fn me(token: AccessToken) -> String {
    let roles: Vec<&str> = token.roles().collect();
    format!(
        "{} {:?} {:?} {}",
        token.subject(),
        token.client_id(),
        roles,
        token.scope()
    )
}

/// Finds an order of this owner, unless it is called so.
fn find(owner: String) -> Guarded<Option<String>> {
    Guarded::new(Some(owner).filter(|owner| owner != "missing"))
}

async fn found(
    token: AccessToken,
    axum::extract::Path(id): axum::extract::Path<String>,
) -> Result<String, Forbidden> {
    find(id).authorize_found(&token, owner(|order: &String| order))
}

/// Loads an order of this owner.
fn load(owner: String) -> Guarded<String> {
    Guarded::new(owner)
}

async fn order(
    token: AccessToken,
    axum::extract::Path(id): axum::extract::Path<String>,
) -> Result<String, Forbidden> {
    let hidden = id == "hidden";
    let order = load(id).authorize(&token, owner(|order: &String| order));
    order.map_err(|error| if hidden { error.as_not_found() } else { error })
}
