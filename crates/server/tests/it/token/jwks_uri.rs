//! A client whose keys are fetched: through the guarded client, and only from where the operator allows (D20).

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{Json, Router, routing::get};
use cardea_testkit::{Answer, ISSUER, TestServer, clients::SIGNED_KEY, jwt};
use serde_json::json;
use tokio::net::TcpListener;

/// A client's own server with its keys; its address and how often it was asked.
async fn keys_of_the_client() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let jwks = get(move || async move {
        counter.fetch_add(1, Ordering::Relaxed);
        Json(json!({ "keys": [SIGNED_KEY.public_jwk()] }))
    });
    let router = Router::new().route("/jwks", jwks);
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, asked)
}

async fn provider(address: &str, allowed: bool) -> TestServer {
    let uri = format!("http://{address}/jwks");
    TestServer::builder()
        .client("signed", |c| (c.jwks, c.jwks_uri) = (None, Some(uri)))
        .config(|config| {
            if allowed {
                config.outbound.allow = vec![address.to_owned()];
            }
        })
        .start()
        .await
}

async fn ask(server: &TestServer, assertion: &str) -> Answer {
    let call = server.post("/introspection").form(&[("token", "x")]);
    call.assertion(assertion).send().await
}

#[tokio::test]
async fn keys_are_fetched_once_and_kept() {
    let (address, asked) = keys_of_the_client().await;
    let server = provider(&address, true).await;
    for _ in 0..3 {
        ask(&server, &jwt::assertion("signed", ISSUER))
            .await
            .granted();
    }
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    let expired = {
        let mut claims = jwt::assertion_claims("signed", ISSUER);
        claims["exp"] = 1.into();
        jwt::signed(&claims)
    };
    ask(&server, &expired).await.refused(401, "invalid_client");
}

#[tokio::test]
async fn an_address_that_is_not_allowed_is_never_asked() {
    let (address, asked) = keys_of_the_client().await;
    let server = provider(&address, false).await;
    let answer = ask(&server, &jwt::assertion("signed", ISSUER)).await;
    answer.refused(401, "invalid_client");
    assert_eq!(asked.load(Ordering::Relaxed), 0);
}
