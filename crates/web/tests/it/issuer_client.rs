//! Requests to the issuer that the operator wrote down.

use std::time::Duration;

use axum::{
    Router,
    body::Body,
    extract::Request,
    response::Redirect,
    routing::{get, post},
};
use cardea_testkit::slowly;
use cardea_web::{
    inbound::{Peer, listener::ListenerConfig},
    outbound::{FetchError, IssuerClient, IssuerClientConfig},
};
use futures_util::{StreamExt as _, stream};
use http::header::AUTHORIZATION;

use crate::{
    serving::{Running, start_with},
    tls::Files,
};

fn issuer() -> Router {
    Router::new()
        .route(
            "/peer",
            get(|request: Request| async move { peer(&request) }),
        )
        .route(
            "/bearer",
            get(|request: Request| async move { authorization(&request) }),
        )
        .route(
            "/form",
            post(|request: Request| async move { form(request).await }),
        )
        .route("/away", get(|| async { Redirect::temporary("/peer") }))
        .route("/large", get(|| async { "x".repeat(256 * 1024 + 1) }))
        .route(
            "/stuck",
            get(|| async { std::future::pending::<()>().await }),
        )
        .route("/drip", get(|| async { drip() }))
}

/// A body that never ends, a byte at a time.
fn drip() -> Body {
    let drops = stream::repeat(()).then(|()| async {
        // Below the 5 s that a whole answer may take.
        slowly(Duration::from_millis(100)).await;
        Ok::<_, std::convert::Infallible>(" ")
    });
    Body::from_stream(drops)
}

fn peer(request: &Request) -> String {
    format!("{:?}", request.extensions().get::<Peer>())
}

fn authorization(request: &Request) -> String {
    let value = request.headers().get(AUTHORIZATION);
    value
        .map_or("none", |value| value.to_str().unwrap())
        .to_owned()
}

async fn form(request: Request) -> String {
    let authorization = authorization(&request);
    let kind = request.headers()["content-type"]
        .to_str()
        .unwrap()
        .to_owned();
    let body = axum::body::to_bytes(request.into_body(), 1000)
        .await
        .unwrap();
    format!("{authorization} {kind} {}", String::from_utf8_lossy(&body))
}

async fn world() -> (Running, IssuerClient) {
    let server = start_with(issuer(), ListenerConfig::default()).await;
    let client = of(&format!("http://{}", server.address), None);
    (server, client.unwrap())
}

fn of(issuer: &str, ca_pem: Option<Vec<u8>>) -> Result<IssuerClient, FetchError> {
    IssuerClient::new(&IssuerClientConfig {
        issuer: issuer.to_owned(),
        allow: Vec::new(),
        ca_pem,
    })
}

async fn body(client: &IssuerClient, path: &str) -> String {
    let url = format!("{}{path}", client.issuer());
    let answer = client
        .get(&url, &["text/plain"], Some("t0k"))
        .await
        .unwrap();
    String::from_utf8(answer.body).unwrap()
}

#[tokio::test]
async fn connections_are_kept() {
    let (_server, client) = world().await;
    let first = body(&client, "/peer").await;
    assert!(first.contains("127.0.0.1"), "{first}");
    assert_eq!(body(&client, "/peer").await, first);
}

#[tokio::test]
async fn a_bearer_token_and_a_form_arrive_as_they_are() {
    let (_server, client) = world().await;
    assert_eq!(body(&client, "/bearer").await, "Bearer t0k");
    let url = format!("{}/form", client.issuer());
    let answer = client
        .post_form(&url, Some("Basic abc"), "a=b%20c&d=e")
        .await;
    let answer = String::from_utf8(answer.unwrap().body).unwrap();
    assert_eq!(
        answer,
        "Basic abc application/x-www-form-urlencoded a=b%20c&d=e"
    );
}

#[tokio::test]
async fn redirects_are_answers_and_not_followed() {
    let (_server, client) = world().await;
    for (path, status) in [("/away", 307), ("/nowhere", 404)] {
        let url = format!("{}{path}", client.issuer());
        let answer = client.get(&url, &[], None).await.unwrap();
        assert_eq!(answer.status.as_u16(), status);
    }
}

#[tokio::test]
async fn what_is_too_large_or_too_slow_is_given_up() {
    let (_server, client) = world().await;
    for (path, expected) in [
        ("/large", FetchError::TooLarge),
        ("/stuck", FetchError::TooSlow),
        ("/drip", FetchError::TooSlow),
    ] {
        let url = format!("{}{path}", client.issuer());
        let get = client.get(&url, &[], None);
        let answer = tokio::time::timeout(Duration::from_secs(8), get).await;
        assert_eq!(answer.unwrap(), Err(expected), "{path}");
    }
}

#[tokio::test]
async fn a_name_that_a_document_gave_is_judged_when_it_is_resolved() {
    let (server, client) = world().await;
    let url = format!("https://localhost:{}/peer", server.address.port());
    let answer = client.get(&url, &[], None).await;
    assert_eq!(answer, Err(FetchError::Address("localhost".to_owned())));
}

#[tokio::test]
async fn an_issuer_with_its_own_authority_is_reached_by_https() {
    let (files, certificate) = Files::new();
    let config = ListenerConfig {
        tls: Some(files.load()),
        ..ListenerConfig::default()
    };
    let server = start_with(issuer(), config).await;
    let place = format!("https://localhost:{}", server.address.port());
    let trusting = of(&place, Some(certificate.cert.pem().into_bytes())).unwrap();
    assert_eq!(body(&trusting, "/bearer").await, "Bearer t0k");
    let wary = of(&place, None).unwrap();
    let answer = wary.get(&format!("{place}/peer"), &[], None).await;
    assert!(
        matches!(answer, Err(FetchError::Connection(_))),
        "{answer:?}"
    );
    assert!(matches!(
        of(&place, Some(b"hello".to_vec())).err(),
        Some(FetchError::Authorities(_))
    ));
}
