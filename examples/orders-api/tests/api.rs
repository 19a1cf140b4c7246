//! The API as its callers see it, with tokens of a mock issuer.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use axum::{Json, Router, body::Body, routing::get};
use cardea_jose::{Algorithm, SigningKey};
use cardea_orders_api::{Config, router};
use cardea_resource::{ApiConfig, Clock as _, SystemClock};
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower::ServiceExt as _;

const ISSUER: &str = "http://localhost:9000";
const READ_WRITE: &str = "orders:read orders:write";

struct Stage {
    api: Router,
    key: SigningKey,
}

struct Answer {
    status: StatusCode,
    challenge: String,
    body: Value,
}

impl Stage {
    async fn set() -> Self {
        Self::with(Config::default()).await
    }

    async fn with(config: Config) -> Self {
        let key = SigningKey::generate(Algorithm::ES256).unwrap();
        let keys = json!({ "keys": [key.public_jwk()] });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let jwks_uri = format!("http://{}/keys", listener.local_addr().unwrap());
        let issuer = Router::new().route("/keys", get(async || Json(keys)));
        tokio::spawn(async { axum::serve(listener, issuer).await.unwrap() });
        let api = ApiConfig {
            jwks_uri: Some(jwks_uri),
            ..ApiConfig::new(ISSUER, "api://orders")
        };
        let config = Config { api, ..config };
        Self {
            api: router(&config).unwrap(),
            key,
        }
    }

    fn token(&self, sub: &str, scope: &str, more: &Value) -> String {
        let now = SystemClock.now().as_second();
        let mut claims = json!({
            "iss": ISSUER, "aud": "api://orders", "sub": sub, "client_id": "test", "scope": scope, "jti": "1",
            "iat": now, "exp": now + 60,
        });
        claims
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        self.key
            .sign("at+jwt", claims.to_string().as_bytes())
            .unwrap()
    }

    async fn call(&self, method: &str, path: &str, token: &str, body: Option<&Value>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let answer = self
            .api
            .clone()
            .oneshot(request.body(body).unwrap())
            .await
            .unwrap();
        let header = |name: &str| {
            let value = answer.headers().get(name);
            value
                .map(|value| value.to_str().unwrap().to_owned())
                .unwrap_or_default()
        };
        let status = answer.status();
        if !status.is_success() {
            assert_eq!(header("content-type"), "application/problem+json");
        }
        let challenge = header("www-authenticate");
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        Answer {
            status,
            challenge,
            // A 204 has no body.
            body: serde_json::from_slice(&body).unwrap_or(Value::Null),
        }
    }

    async fn get(&self, path: &str, token: &str) -> Answer {
        self.call("GET", path, token, None).await
    }
}

#[tokio::test]
async fn an_order_that_was_placed_is_listed_and_shown() {
    let stage = Stage::set().await;
    let alice = stage.token("alice", READ_WRITE, &json!({}));
    let order = json!({ "item": " Brass hinge ", "quantity": 2 });
    let placed = stage.call("POST", "/orders", &alice, Some(&order)).await;
    assert_eq!(placed.status, StatusCode::CREATED);
    assert_eq!(placed.body["item"], "Brass hinge");
    assert_eq!(placed.body["placed_by"], "alice");
    let list = stage.get("/orders", &alice).await.body;
    assert_eq!(list["orders"], json!([placed.body]));
    let shown = stage
        .get(&format!("/orders/{}", placed.body["id"]), &alice)
        .await;
    assert_eq!(shown.body, placed.body);
}

#[tokio::test]
async fn an_order_of_another_tenant_is_not_there() {
    let stage = Stage::set().await;
    let alice = stage.token("alice", READ_WRITE, &json!({ "tenant": "a" }));
    let order = json!({ "item": "Lock", "quantity": 1 });
    let id = stage
        .call("POST", "/orders", &alice, Some(&order))
        .await
        .body["id"]
        .clone();
    let path = format!("/orders/{id}");
    for (sub, more) in [
        ("bob", json!({})),
        ("bob", json!({ "tenant": "b" })),
        ("alice", json!({})),
    ] {
        let stranger = stage.token(sub, READ_WRITE, &more);
        assert_eq!(
            stage.get(&path, &stranger).await.status,
            StatusCode::NOT_FOUND
        );
        assert_eq!(
            stage.get("/orders", &stranger).await.body["orders"],
            json!([])
        );
    }
    let colleague = stage.token("carol", READ_WRITE, &json!({ "tenant": "a" }));
    assert_eq!(stage.get(&path, &colleague).await.status, StatusCode::OK);
    // An order that does not exist gets the same answer.
    for path in ["/orders/999", "/orders/x", "/orders/-1"] {
        assert_eq!(
            stage.get(path, &colleague).await.status,
            StatusCode::NOT_FOUND
        );
    }
}

#[tokio::test]
async fn d27_organizations_of_cardea_are_tenants() {
    let stage = Stage::set().await;
    let alice = stage.token("alice", READ_WRITE, &json!({ "org_id": "acme" }));
    let order = json!({ "item": "Lock", "quantity": 1 });
    let placed = stage.call("POST", "/orders", &alice, Some(&order)).await;
    let path = format!("/orders/{}", placed.body["id"]);
    let colleague = stage.token("bob", READ_WRITE, &json!({ "org_id": "acme" }));
    assert_eq!(stage.get(&path, &colleague).await.status, StatusCode::OK);
    // The same user in another organization, and in none.
    for more in [json!({ "org_id": "globex" }), json!({})] {
        let elsewhere = stage.token("alice", READ_WRITE, &more);
        assert_eq!(
            stage.get(&path, &elsewhere).await.status,
            StatusCode::NOT_FOUND
        );
        let list = stage.get("/orders", &elsewhere).await.body;
        assert_eq!(list["orders"], json!([]));
    }
}

#[tokio::test]
async fn a_tenant_that_calls_itself_as_somebodys_own_is_another() {
    let stage = Stage::set().await;
    let alice = stage.token("alice", READ_WRITE, &json!({}));
    let order = json!({ "item": "Lock", "quantity": 1 });
    stage.call("POST", "/orders", &alice, Some(&order)).await;
    let sly = stage.token("mallory", READ_WRITE, &json!({ "tenant": "own:alice" }));
    assert_eq!(stage.get("/orders", &sly).await.body["orders"], json!([]));
}

#[tokio::test]
async fn no_token_is_401_and_too_small_a_scope_403() {
    let stage = Stage::set().await;
    let missing = stage.get("/orders", "").await;
    assert_eq!(missing.status, StatusCode::UNAUTHORIZED);
    assert!(
        missing.challenge.starts_with("Bearer "),
        "{}",
        missing.challenge
    );
    let reader = stage.token("alice", "orders:read", &json!({}));
    let order = json!({ "item": "Lock", "quantity": 1 });
    let refused = stage.call("POST", "/orders", &reader, Some(&order)).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(
        refused.challenge.contains("insufficient_scope"),
        "{}",
        refused.challenge
    );
    assert!(
        refused.challenge.contains("orders:write"),
        "{}",
        refused.challenge
    );
    assert_eq!(
        stage.get("/elsewhere", &reader).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn what_is_no_order_is_refused_and_said_why() {
    let stage = Stage::set().await;
    let alice = stage.token("alice", READ_WRITE, &json!({}));
    for (order, why) in [
        (json!({ "item": " ", "quantity": 1 }), "item: 1 to 200"),
        (
            json!({ "item": "x".repeat(201), "quantity": 1 }),
            "item: 1 to 200",
        ),
        (json!({ "item": "a\nb", "quantity": 1 }), "item: 1 to 200"),
        (
            json!({ "item": "Lock", "quantity": 0 }),
            "quantity: 1 to 1000",
        ),
        (json!({ "item": "Lock", "quantity": -1 }), "quantity"),
        (
            json!({ "item": "Lock", "quantity": 1, "tenant": "b" }),
            "tenant",
        ),
        (json!({ "item": "Lock" }), "quantity"),
    ] {
        let refused = stage.call("POST", "/orders", &alice, Some(&order)).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{order}");
        assert!(
            refused.body["detail"].as_str().unwrap().contains(why),
            "{}",
            refused.body
        );
    }
    let large = json!({ "item": "x".repeat(100_000), "quantity": 1 });
    let refused = stage.call("POST", "/orders", &alice, Some(&large)).await;
    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn numbers_are_for_administrators() {
    let stage = Stage::set().await;
    let alice = stage.token("alice", READ_WRITE, &json!({ "roles": ["user"] }));
    let order = json!({ "item": "Lock", "quantity": 1 });
    stage.call("POST", "/orders", &alice, Some(&order)).await;
    assert_eq!(
        stage.get("/admin/metrics", &alice).await.status,
        StatusCode::FORBIDDEN
    );
    let bob = stage.token("bob", "", &json!({ "roles": ["user", "admin"] }));
    let metrics = stage.get("/admin/metrics", &bob).await;
    assert_eq!(metrics.body, json!({ "orders": 1, "tenants": 1 }));
}

#[tokio::test]
async fn everybody_may_ask_who_they_are() {
    let stage = Stage::set().await;
    let bob = stage.token(
        "bob",
        "orders:read",
        &json!({ "roles": ["admin"], "tenant": "b" }),
    );
    let me = stage.get("/me", &bob).await.body;
    assert_eq!(me["subject"], "bob");
    assert_eq!(me["roles"], json!(["admin"]));
    assert_eq!(me["tenant"], "tenant:b");
}

#[tokio::test]
async fn n16_a_new_user_finds_three_sample_orders_where_they_are_wanted() {
    let stage = Stage::with(Config {
        sample_orders: true,
        ..Config::default()
    })
    .await;
    let alice = stage.token("alice", READ_WRITE, &json!({}));
    for _ in 0..2 {
        let list = stage.get("/orders", &alice).await.body;
        let orders = list["orders"].as_array().unwrap();
        let items: Vec<_> = orders.iter().map(|order| &order["item"]).collect();
        assert_eq!(items, ["Letterbox", "Door chain", "Oak door"]);
        assert!(orders.iter().all(|order| order["placed_by"] == "alice"));
    }
    // Each user has their own.
    let id = stage.get("/orders", &alice).await.body["orders"][0]["id"].clone();
    let bob = stage.token("bob", READ_WRITE, &json!({}));
    let shown = stage.get(&format!("/orders/{id}"), &bob).await;
    assert_eq!(shown.status, StatusCode::NOT_FOUND);
    let list = stage.get("/orders", &bob).await.body;
    assert_eq!(list["orders"].as_array().unwrap().len(), 3);
    // The members of an organization share three.
    for member in ["carol", "dave"] {
        let member = stage.token(member, READ_WRITE, &json!({ "org_id": "acme" }));
        let list = stage.get("/orders", &member).await.body;
        let orders = list["orders"].as_array().unwrap();
        assert_eq!(orders.len(), 3);
        assert!(orders.iter().all(|order| order["placed_by"] == "carol"));
    }
}

#[tokio::test]
async fn rfc_9470_an_order_is_cancelled_only_after_a_sign_in_with_a_second_factor() {
    let stage = Stage::set().await;
    let tenant = json!({ "tenant": "a" });
    let password = json!({ "tenant": "a", "acr": "urn:cardea:acr:password" });
    let second = json!({ "tenant": "a", "acr": "urn:cardea:acr:mfa" });
    let order = json!({ "item": "Lock", "quantity": 1 });
    let alice = stage.token("alice", READ_WRITE, &tenant);
    let placed = stage.call("POST", "/orders", &alice, Some(&order)).await;
    let path = format!("/orders/{}", placed.body["id"]);
    for claims in [&tenant, &password] {
        let weak = stage.token("alice", READ_WRITE, claims);
        let refused = stage.call("DELETE", &path, &weak, None).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
        let challenge = refused.challenge;
        assert!(
            challenge.contains("error=\"insufficient_user_authentication\"")
                && challenge.contains("acr_values=\"urn:cardea:acr:mfa"),
            "{challenge}"
        );
    }
    let elsewhere = json!({ "tenant": "b", "acr": "urn:cardea:acr:mfa" });
    let stranger = stage.token("bob", READ_WRITE, &elsewhere);
    let refused = stage.call("DELETE", &path, &stranger, None).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
    let reader = stage.token("alice", "orders:read", &second);
    let refused = stage.call("DELETE", &path, &reader, None).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let strong = stage.token("alice", READ_WRITE, &second);
    let gone = stage.call("DELETE", &path, &strong, None).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    assert_eq!(stage.get(&path, &alice).await.status, StatusCode::NOT_FOUND);
}
