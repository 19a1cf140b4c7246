//! The machine with a mock of the provider and the API.
#![allow(clippy::unwrap_used, reason = "tests")]

use axum::{
    Json, Router,
    extract::Form,
    routing::{get, post},
};
use cardea_machine::{Config, Machine};
use cardea_web::config::SecretText;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The id `a b`, the secret `s&cret`, form-encoded and joined.
const BASIC: &str = "Basic YStiOnMlMjZjcmV0";

async fn token(
    headers: HeaderMap,
    Form(form): Form<Vec<(String, String)>>,
) -> (StatusCode, Json<Value>) {
    if headers
        .get("authorization")
        .is_none_or(|value| value != BASIC)
    {
        let why = json!({ "error": "invalid_client", "error_description": "the secret is wrong" });
        return (StatusCode::UNAUTHORIZED, Json(why));
    }
    let grant = ("grant_type".to_owned(), "client_credentials".to_owned());
    assert!(form.contains(&grant));
    let (_, scope) = form.iter().find(|(name, _)| name == "scope").unwrap();
    let token = json!({ "access_token": format!("may {scope}"), "token_type": "Bearer", "expires_in": 900 });
    (StatusCode::OK, Json(token))
}

async fn orders(headers: HeaderMap) -> (StatusCode, &'static str) {
    match headers.get("authorization") {
        Some(value) if value == "Bearer may orders:read" => (StatusCode::OK, "[7]"),
        _ => (StatusCode::FORBIDDEN, "the scope orders:read is needed"),
    }
}

/// Provider and API at one address.
async fn world() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let metadata = json!({ "issuer": url, "token_endpoint": format!("{url}/token") });
    let router = Router::new()
        .route(
            "/.well-known/openid-configuration",
            get(async || Json(metadata)),
        )
        .route("/token", post(token))
        .route("/orders", get(orders));
    tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
    url
}

fn config(url: &str) -> Config {
    Config {
        issuer: url.to_owned(),
        client_id: "a b".to_owned(),
        client_secret: SecretText::new("s&cret".to_owned()),
        scope: "orders:read".to_owned(),
        url: format!("{url}/orders"),
        ca_file: None,
    }
}

async fn run(config: Config) -> Result<String, String> {
    let told = |error: anyhow::Error| format!("{error:#}");
    let machine = Machine::new(config).map_err(told)?;
    let token = machine.token().await.map_err(told)?;
    machine.call(&token).await.map_err(told)
}

#[tokio::test]
async fn it_gets_a_token_and_calls_the_api() {
    let url = world().await;
    assert_eq!(run(config(&url)).await.unwrap(), "[7]");
}

#[tokio::test]
async fn what_goes_wrong_is_said() {
    let url = world().await;
    let secret = SecretText::new("wrong".to_owned());
    let refused = run(Config {
        client_secret: secret,
        ..config(&url)
    })
    .await;
    assert_eq!(
        refused.unwrap_err(),
        "no token: invalid_client: the secret is wrong"
    );
    let refused = run(Config {
        scope: "other".to_owned(),
        ..config(&url)
    })
    .await;
    let said = refused.unwrap_err();
    assert_eq!(
        said,
        format!("{url}/orders answered 403 Forbidden: the scope orders:read is needed")
    );
    let gone = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let said = run(config(&format!("http://{gone}"))).await.unwrap_err();
    assert!(
        said.starts_with(&format!("the provider http://{gone} can't be asked")),
        "{said}"
    );
    let said = run(Config {
        ca_file: Some("nowhere.pem".to_owned()),
        ..config(&url)
    })
    .await
    .unwrap_err();
    assert!(said.contains("nowhere.pem"), "{said}");
}
