//! The router in process: who may call it, and what it takes.

use std::sync::Arc;

use axum::{Router, body::Body};
use cardea_protocol::model::{AuthMethod, ClientMetadata, GrantType};
use cardea_seal::{Entropy, MasterKey, Secret};
use cardea_store::{
    Audit as _, AuditFilter, Page, Store,
    sqlite::{Options, SqliteStore},
};
use cardea_web::{clock::SystemClock, inbound::Peer};
use http::{Request, StatusCode, header::CONTENT_TYPE};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::{App, Parts, config::Config};

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const OPERATOR: Peer = Peer::Unix { uid: 1234 };

#[derive(Clone)]
pub(super) struct Stage {
    router: Router,
    /// What everybody reaches.
    outside: Router,
    store: Arc<SqliteStore>,
    // Last, so that the store is closed before its folder goes.
    _folder: Arc<tempfile::TempDir>,
}

pub(super) async fn stage() -> Stage {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cardea.db");
    let store = Arc::new(
        SqliteStore::open(Options {
            path,
            migrate: true,
        })
        .unwrap(),
    );
    let entropy = Entropy::seeded(1);
    let parts = Parts {
        store: Arc::clone(&store) as Arc<dyn Store>,
        clock: Arc::new(SystemClock),
        master_key: MasterKey::generate(&entropy),
        applies_config: true,
        entropy,
    };
    let script = ClientMetadata {
        client_id: "script".to_owned(),
        client_secret: Some(Secret::new(SECRET.to_owned())),
        token_endpoint_auth_method: AuthMethod::ClientSecretPost,
        grant_types: vec![GrantType::ClientCredentials],
        ..ClientMetadata::default()
    };
    let config = Config {
        issuer: "https://id.example.test".to_owned(),
        clients: vec![script],
        ..Config::default()
    };
    let app = App::start(config, parts).await.unwrap();
    Stage {
        router: super::router(&app),
        outside: crate::router(&app),
        store,
        _folder: Arc::new(folder),
    }
}

impl Stage {
    async fn send(&self, peer: Option<Peer>, request: Request<Body>) -> (StatusCode, Value) {
        let mut request = request;
        request
            .extensions_mut()
            .extend(peer.map(extensions).unwrap_or_default());
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 20)
            .await
            .unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    /// The status of a request from the network.
    pub(super) async fn stranger(&self, method: &str, path: &str) -> u16 {
        let address = "127.0.0.1:5000".parse().unwrap();
        let request = Request::builder()
            .method(method)
            .uri(path.replace(['{', '}'], ""));
        let request = request.body(Body::empty()).unwrap();
        let peer = Peer::Tcp { address, tls: true };
        self.send(Some(peer), request).await.0.as_u16()
    }

    /// A form from the client `script`.
    async fn form(&self, path: &str, more: &str) -> Value {
        let body = format!("client_id=script&client_secret={SECRET}&{more}");
        self.form_of(path, body).await
    }

    /// A form from the network.
    pub(super) async fn form_of(&self, path: &str, body: String) -> Value {
        let request = Request::post(path)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body))
            .unwrap();
        let response = self.outside.clone().oneshot(request).await.unwrap();
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await;
        serde_json::from_slice(&bytes.unwrap()).unwrap()
    }

    pub(super) async fn get(&self, path: &str) -> (StatusCode, Value) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        self.send(Some(OPERATOR), request).await
    }

    pub(super) async fn patch(&self, path: &str, body: Value) -> (StatusCode, Value) {
        let request = Request::patch(path).header(CONTENT_TYPE, "application/json");
        let body = body.to_string().into();
        self.send(Some(OPERATOR), request.body(body).unwrap()).await
    }

    pub(super) async fn post(
        &self,
        path: &str,
        media_type: &str,
        body: String,
    ) -> (StatusCode, Value) {
        let request = Request::post(path).header(CONTENT_TYPE, media_type);
        self.send(Some(OPERATOR), request.body(body.into()).unwrap())
            .await
    }
}

fn extensions(peer: Peer) -> http::Extensions {
    let mut extensions = http::Extensions::new();
    extensions.insert(peer);
    extensions
}

#[tokio::test]
async fn a_caller_from_the_network_has_no_proof() {
    let stage = stage().await;
    let address = "127.0.0.1:5000".parse().unwrap();
    for peer in [None, Some(Peer::Tcp { address, tls: true })] {
        for path in [
            "/users",
            "/clients",
            "/sessions",
            "/grants",
            "/keys",
            "/status",
            "/users/x/grants",
        ] {
            let request = Request::get(path).body(Body::empty()).unwrap();
            let (status, problem) = stage.send(peer, request).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{path}");
            assert_eq!(problem["status"], 403);
        }
        let request = Request::post("/keys/rotate").body(Body::empty()).unwrap();
        assert_eq!(stage.send(peer, request).await.0, StatusCode::FORBIDDEN);
    }
}

#[tokio::test]
async fn what_an_operator_does_is_audited_under_their_user_id() {
    let stage = stage().await;
    let body = json!({ "username": "alice", "password": "a-rabbit-hole-deep-7" });
    let (status, user) = stage
        .post("/users", "application/json", body.to_string())
        .await;
    assert_eq!(status, StatusCode::CREATED);
    assert!(!user.to_string().contains("argon2") && !user.to_string().contains("rabbit"));
    let rows = stage
        .store
        .audit(AuditFilter::default(), Page::first(1))
        .await
        .unwrap()
        .items;
    assert_eq!(rows[0].event.name(), "user_added");
    assert_eq!(
        serde_json::to_value(&rows[0].actor).unwrap(),
        json!({ "kind": "operator", "id": "1234" })
    );
    assert_eq!(rows[0].address, None);
}

#[tokio::test]
async fn a_body_is_json_of_bounded_size_with_known_members() {
    let stage = stage().await;
    let long = json!({ "username": "x".repeat(70_000) }).to_string();
    for (media_type, body, expected, said) in [
        ("text/plain", "{}".to_owned(), 415, "application/json"),
        ("application/json", String::new(), 400, "EOF"),
        ("application/json", "{} {}".to_owned(), 400, "username"),
        (
            "application/json",
            r#"{"username":"x","admin":true}"#.to_owned(),
            400,
            "`admin`",
        ),
        (
            "application/json",
            r#"{"username":"x"} x"#.to_owned(),
            400,
            "follows",
        ),
        (
            "application/json",
            r#"{"username":7}"#.to_owned(),
            400,
            "username: invalid type",
        ),
        (
            "application/json",
            r#"{"username":"x","password":12345678}"#.to_owned(),
            400,
            "password",
        ),
        ("application/json", long, 413, ""),
    ] {
        let (status, problem) = stage.post("/users", media_type, body.clone()).await;
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert_eq!(status.as_u16(), expected, "{detail}");
        assert!(detail.contains(said), "{detail}");
        assert!(!detail.contains("12345678"), "a password is not repeated");
        assert_eq!(problem["correlation_id"].as_str().map(str::len), Some(12));
    }
}

#[tokio::test]
async fn d29_a_list_has_pages_of_at_most_500_and_a_cursor() {
    let stage = stage().await;
    for name in ["a", "b", "c"] {
        let body = json!({ "username": name }).to_string();
        stage.post("/users", "application/json", body).await;
    }
    let (_, first) = stage.get("/users?limit=2").await;
    assert_eq!(first["items"].as_array().unwrap().len(), 2);
    let next = first["next"].as_str().unwrap();
    let (_, rest) = stage.get(&format!("/users?limit=2&after={next}")).await;
    assert_eq!(rest["items"][0]["username"], "c");
    assert_eq!(rest.get("next"), Some(&Value::Null));
    for query in [
        "limit=0",
        "limit=501",
        "limit=-1",
        "page=2",
        "limit=x",
        "offset=2",
        "after=",
        "after=2",
        "after=c",
        "after=%00",
    ] {
        let (status, _) = stage.get(&format!("/users?{query}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}");
    }
}

#[tokio::test]
async fn d29_a_cursor_of_another_list_is_refused() {
    let stage = stage().await;
    for name in ["a", "b"] {
        let body = json!({ "username": name }).to_string();
        stage.post("/users", "application/json", body).await;
    }
    let lists = ["/users", "/clients", "/sessions", "/grants", "/audit"];
    for from in ["/users", "/audit"] {
        let (_, first) = stage.get(&format!("{from}?limit=1")).await;
        let next = first["next"].as_str().unwrap();
        for list in lists {
            let (status, answer) = stage.get(&format!("{list}?after={next}")).await;
            if list == from {
                assert_eq!(status, StatusCode::OK);
                continue;
            }
            assert_eq!(status, StatusCode::BAD_REQUEST, "{list}");
            let said = answer["detail"].as_str().unwrap();
            let (from, list) = (from.trim_start_matches('/'), list.trim_start_matches('/'));
            assert_eq!(
                said,
                format!(
                    "after: this is a cursor of the list {from}, not of {list}; leave it out for the first page"
                )
            );
        }
    }
}

#[tokio::test]
async fn a_subject_is_nobodys_name() {
    let stage = stage().await;
    let add = async |name: &str| {
        let body = json!({ "username": name }).to_string();
        stage.post("/users", "application/json", body).await.1["sub"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let alice = add("alice").await;
    // Mallory takes Alice's subject as a name; the subject still means Alice.
    add(&alice).await;
    let (_, found) = stage.get(&format!("/users/{alice}")).await;
    assert_eq!(found["username"], "alice");
}

#[tokio::test]
async fn what_is_no_address_or_no_method_is_a_problem_document_too() {
    let stage = stage().await;
    let (status, problem) = stage.get("/nothing").await;
    assert_eq!((status.as_u16(), &problem["status"]), (404, &json!(404)));
    let (status, problem) = stage
        .post("/status", "application/json", "{}".to_owned())
        .await;
    assert_eq!((status.as_u16(), &problem["status"]), (405, &json!(405)));
    assert_eq!(stage.get("/users/%ff").await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_password_of_dev_is_refused_when_it_is_set() {
    let stage = stage().await;
    for body in [
        json!({ "username": "alice", "password": "wonderland-7-doors" }),
        json!({ "username": "bob", "password": "hinge-of-the-door-9" }),
    ] {
        let (status, problem) = stage
            .post("/users", "application/json", body.to_string())
            .await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(problem["detail"].as_str().unwrap().contains("cardea dev"));
    }
    stage
        .post(
            "/users",
            "application/json",
            r#"{"username":"alice"}"#.to_owned(),
        )
        .await;
    let body = json!({ "password": "wonderland-7-doors" }).to_string();
    let (status, _) = stage
        .post("/users/alice/password", "application/json", body)
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn what_a_removed_key_signed_is_dead_at_once() {
    let stage = stage().await;
    let grant = "grant_type=client_credentials";
    let token = stage.form("/token", grant).await["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let (_, keys) = stage.get("/keys").await;
    let mut key = keys["items"].as_array().unwrap().iter();
    let kid = key.find(|k| k["algorithm"] == "ES256").unwrap()["kid"].clone();
    let path = format!("/keys/{}", kid.as_str().unwrap());
    let remove = async || {
        let request = Request::delete(&path).body(Body::empty()).unwrap();
        stage.send(Some(OPERATOR), request).await
    };
    let (status, problem) = remove().await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(problem["detail"].as_str().unwrap().contains("is active"));
    let body = r#"{"now":true}"#.to_owned();
    stage.post("/keys/rotate", "application/json", body).await;
    let active = async || {
        let answer = stage
            .form("/introspection", &format!("token={token}"))
            .await;
        answer["active"].as_bool().unwrap()
    };
    assert!(active().await, "a rotation takes no token");
    assert_eq!(remove().await.0, StatusCode::NO_CONTENT);
    assert!(!active().await);
    assert_eq!(remove().await.0, StatusCode::NOT_FOUND);
    let rows = stage
        .store
        .audit(AuditFilter::default(), Page::first(1))
        .await;
    let row = &rows.unwrap().items[0];
    assert_eq!(row.event.name(), "key_removed");
    assert_eq!(row.detail.as_deref(), kid.as_str());
}
