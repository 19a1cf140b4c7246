//! What an untrusted URL can and cannot reach.

use std::time::Duration;

use axum::{
    Router,
    body::Body,
    response::Redirect,
    routing::{get, post},
};
use cardea_web::{
    inbound::listener::ListenerConfig,
    outbound::{FetchError, GuardedClient},
};

use crate::{
    serving::{Running, start_with},
    tls::Files,
};

const JSON: [&str; 1] = ["application/json"];

fn inside() -> Router {
    let json = [("content-type", "application/json; charset=utf-8")];
    Router::new()
        .route("/keys", get(move || async move { (json, "{}") }))
        .route("/form", post(form))
        .route(
            "/elsewhere",
            post(|| async { Redirect::temporary("/form") }),
        )
        .route("/html", get(|| async { axum::response::Html("<p>") }))
        .route(
            "/away",
            get(|| async { Redirect::temporary("http://127.0.0.1:1/") }),
        )
        .route(
            "/large",
            get(move || async move { (json, "x".repeat(256 * 1024 + 1)) }),
        )
        .route(
            "/stuck",
            get(move || async move { (json, Body::from_stream(stuck())) }),
        )
}

async fn form(headers: http::HeaderMap, body: String) -> http::StatusCode {
    let kind = headers.get("content-type").unwrap();
    assert_eq!(kind, "application/x-www-form-urlencoded");
    assert_eq!(body, "logout_token=a.b.c");
    http::StatusCode::NO_CONTENT
}

fn stuck() -> impl futures_util::Stream<Item = Result<bytes::Bytes, std::io::Error>> {
    futures_util::stream::pending()
}

async fn server() -> Running {
    start_with(inside(), ListenerConfig::default()).await
}

fn allowing(server: &Running) -> GuardedClient {
    GuardedClient::new(&[server.address.to_string()], None).unwrap()
}

#[tokio::test]
async fn nothing_inside_is_reached_by_any_spelling() {
    let server = server().await;
    let client = GuardedClient::new(&[], None).unwrap();
    let port = server.address.port();
    for host in [
        "127.0.0.1",
        "[::1]",
        "169.254.169.254",
        "10.0.0.1",
        "0.0.0.0",
        "[::ffff:127.0.0.1]",
        "localhost",
        "2130706433",
        "0x7f.1",
        "127.1",
        "017700000001",
        "[::]",
        "[fe80::1]",
        "[64:ff9b::7f00:1]",
    ] {
        let answer = client
            .get(&format!("https://{host}:{port}/keys"), &JSON)
            .await;
        assert!(
            matches!(answer, Err(FetchError::Address(_))),
            "{host}: {answer:?}"
        );
    }
    // Not every resolver knows the dot at the end.
    let dotted = client
        .get(&format!("https://localhost.:{port}/keys"), &JSON)
        .await;
    assert!(
        matches!(dotted, Err(FetchError::Address(_) | FetchError::Name(_))),
        "{dotted:?}"
    );
}

#[tokio::test]
async fn what_the_operator_allowed_is_reached_also_by_a_name() {
    let server = server().await;
    let client = allowing(&server);
    let url = format!("http://{}/keys", server.address);
    assert_eq!(client.get(&url, &JSON).await.unwrap(), b"{}");

    let place = format!("localhost:{}", server.address.port());
    let client = GuardedClient::new(std::slice::from_ref(&place), None).unwrap();
    assert_eq!(
        client
            .get(&format!("http://{place}/keys"), &JSON)
            .await
            .unwrap(),
        b"{}"
    );
}

#[tokio::test]
async fn allowing_one_port_does_not_allow_another() {
    let server = server().await;
    let client = GuardedClient::new(&["127.0.0.1:1".to_owned()], None).unwrap();
    let url = format!("https://{}/keys", server.address);
    assert!(matches!(
        client.get(&url, &JSON).await,
        Err(FetchError::Address(_))
    ));
}

#[tokio::test]
async fn odd_urls_are_refused_before_any_connection() {
    let client = GuardedClient::new(&[], None).unwrap();
    let long = format!("https://example.com/{}", "x".repeat(2048));
    for url in [
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "data:,x",
        "",
        "example.com",
        "https://user@example.com/",
        "https://:pass@example.com/",
        "https://",
        &long,
    ] {
        let answer = client.get(url, &JSON).await;
        assert!(
            matches!(answer, Err(FetchError::Url(_))),
            "{url}: {answer:?}"
        );
    }
}

#[tokio::test]
async fn redirects_other_kinds_and_large_answers_are_not_taken() {
    let server = server().await;
    let client = allowing(&server);
    for (path, expected) in [
        ("away", FetchError::Status(307)),
        ("nowhere", FetchError::Status(404)),
        ("html", FetchError::ContentType),
        ("large", FetchError::TooLarge),
    ] {
        let answer = client
            .get(&format!("http://{}/{path}", server.address), &JSON)
            .await;
        assert_eq!(answer, Err(expected));
    }
}

#[tokio::test]
async fn an_answer_that_stops_halfway_is_given_up() {
    let server = server().await;
    let client = allowing(&server);
    let url = format!("http://{}/stuck", server.address);
    let answer = tokio::time::timeout(Duration::from_secs(8), client.get(&url, &JSON)).await;
    assert_eq!(answer.unwrap(), Err(FetchError::TooSlow));
}

#[tokio::test]
async fn https_is_verified_by_the_authorities_given_and_no_others() {
    let (files, certificate) = Files::new();
    let config = ListenerConfig {
        tls: Some(files.load()),
        ..ListenerConfig::default()
    };
    let server = start_with(inside(), config).await;
    let place = format!("localhost:{}", server.address.port());
    let url = format!("https://{place}/keys");
    let allow = [place];
    let trusting = GuardedClient::new(&allow, Some(certificate.cert.pem().as_bytes())).unwrap();
    assert_eq!(trusting.get(&url, &JSON).await.unwrap(), b"{}");
    let (_, other) = Files::new();
    let wary = GuardedClient::new(&allow, Some(other.cert.pem().as_bytes())).unwrap();
    let answer = wary.get(&url, &JSON).await;
    assert!(
        matches!(answer, Err(FetchError::Connection(_))),
        "{answer:?}"
    );
}

#[test]
fn an_authority_file_without_a_certificate_is_refused() {
    let broken = GuardedClient::new(&[], Some(b"hello"));
    assert!(matches!(broken.err(), Some(FetchError::Authorities(_))));
}

#[tokio::test]
async fn a_form_is_posted_under_the_same_rules() {
    let server = server().await;
    let client = allowing(&server);
    let post = async |path: &str| {
        let url = format!("http://{}{path}", server.address);
        client
            .post_form(&url, "logout_token=a.b.c".to_owned())
            .await
    };
    assert_eq!(post("/form").await.unwrap(), 204);
    assert_eq!(post("/keys").await.unwrap(), 405);
    assert_eq!(post("/nowhere").await.unwrap(), 404);
    assert_eq!(
        post("/elsewhere").await.unwrap(),
        307,
        "a redirect is not followed"
    );
    let untrusting = GuardedClient::new(&[], None).unwrap();
    for url in [
        format!("https://{}/form", server.address),
        "https://169.254.169.254/form".to_owned(),
    ] {
        let answer = untrusting.post_form(&url, String::new()).await;
        assert!(matches!(answer, Err(FetchError::Address(_))), "{answer:?}");
    }
    let plain = untrusting.post_form("http://8.8.8.8/form", String::new());
    assert!(matches!(plain.await, Err(FetchError::Url(_))));
}
