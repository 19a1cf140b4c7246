//! Calls of the API through the app.

use std::{sync::Arc, time::Duration};

use axum::body::Body;
use cardea_client::session::MemoryStore;
use futures_util::{StreamExt as _, stream};
use http::{Method, StatusCode};

use super::world::{COOKIE, site, site_with};
use crate::rp::world::ACCESS_TOKEN;

#[tokio::test]
async fn a_call_is_handed_on_with_the_token_and_without_the_cookie() {
    let site = site().await;
    let mut browser = site.logged_in().await;
    let headers = [
        ("x-csrf", "1"),
        ("x-csrf-token", "t"),
        ("authorization", "Bearer forged"),
        ("content-type", "application/json"),
        ("idempotency-key", "k1"),
        ("connection", "x-hop"),
        ("x-hop", "1"),
        ("te", "trailers"),
        ("x-forwarded-for", "6.6.6.6"),
        ("x-forwarded-host", "evil.test"),
        ("forwarded", "for=6.6.6.6"),
        ("x-real-ip", "6.6.6.6"),
        ("origin", "https://app.example.test"),
        ("sec-fetch-site", "same-origin"),
    ];
    let answer = browser
        .post("/api/orders?x=1&y=%20", &headers, "{\"a\":1}")
        .await;
    assert_eq!((answer.status, answer.text()), (StatusCode::OK, "7 bytes"));
    assert_eq!(answer.header("etag"), Some("\"7\""));
    let call = site.api.calls().remove(0);
    assert_eq!(
        (call.method.as_str(), call.target.as_str()),
        ("POST", "/v1/orders?x=1&y=%20")
    );
    assert_eq!(call.body, b"{\"a\":1}");
    assert_eq!(
        call.header("authorization"),
        Some(format!("Bearer {ACCESS_TOKEN}").as_str())
    );
    assert_eq!(call.header("idempotency-key"), Some("k1"));
    assert_eq!(call.header("x-forwarded-for"), Some("127.0.0.1"));
    assert_eq!(call.header("x-request-id"), answer.header("x-request-id"));
    assert_eq!(call.header("host"), site.api.url.split('/').nth(2));
    for gone in [
        "cookie",
        "x-csrf",
        "x-csrf-token",
        "x-hop",
        "te",
        "x-forwarded-host",
        "forwarded",
        "x-real-ip",
        "origin",
        "sec-fetch-site",
    ] {
        assert_eq!(call.header(gone), None, "{gone}");
    }
}

#[tokio::test]
async fn a_connection_field_does_not_take_out_what_the_proxy_puts_in() {
    let site = site().await;
    let mut browser = site.logged_in().await;
    let named = "authorization, x-forwarded-for, x-request-id";
    let answer = browser
        .post("/api/orders", &[("x-csrf", "1"), ("connection", named)], "")
        .await;
    assert_eq!(answer.status, StatusCode::OK);
    let call = site.api.calls().remove(0);
    let token = format!("Bearer {ACCESS_TOKEN}");
    assert_eq!(call.header("authorization"), Some(token.as_str()));
    assert_eq!(call.header("x-forwarded-for"), Some("127.0.0.1"));
    assert_eq!(call.header("x-request-id"), answer.header("x-request-id"));
}

#[tokio::test]
async fn an_answer_is_handed_back_but_does_not_speak_for_the_app() {
    let site = site().await;
    let mut browser = site.logged_in().await;
    let missing = browser.get("/api/missing").await;
    assert_eq!(
        (missing.status, missing.text()),
        (StatusCode::NOT_FOUND, "no such order")
    );
    let before = browser.jar[COOKIE].clone();
    let bold = browser.get("/api/bold").await;
    assert_eq!(bold.status, StatusCode::OK);
    for gone in [
        "set-cookie",
        "access-control-allow-origin",
        "clear-site-data",
        "keep-alive",
        "nel",
        "report-to",
        "refresh",
        "cdn-cache-control",
        "surrogate-control",
        "x-accel-redirect",
    ] {
        assert_eq!(bold.header(gone), None, "{gone}");
    }
    assert_eq!(bold.header("cache-control"), Some("no-store"));
    assert_eq!(bold.header("vary"), Some("Cookie"));
    assert_eq!(bold.header("x-content-type-options"), Some("nosniff"));
    let resource_policy = bold.header("cross-origin-resource-policy");
    assert_eq!(resource_policy, Some("same-origin"));
    let policy = bold.header("content-security-policy").unwrap();
    assert!(
        policy.contains("sandbox") && policy.contains("default-src 'none'"),
        "{policy}"
    );
    assert_eq!(browser.jar[COOKIE], before);
}

#[tokio::test]
async fn nobody_leaves_the_api() {
    let site = site().await;
    let mut browser = site.logged_in().await;
    for path in [
        "/api/../admin",
        "/api/%2e%2e/admin",
        "/api/..%2fadmin",
        "/api/a/..;/b",
        "/api//evil.test/",
        "/api/a%5cb",
        "/api/%252e%252e/admin",
    ] {
        let refused = browser.get(path).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{path}");
    }
    let other = browser.get("/apiary").await;
    assert_eq!(other.status, StatusCode::NOT_FOUND);
    let trace = browser
        .send(Method::TRACE, "/api/orders", &[("x-csrf", "1")], "")
        .await;
    assert_eq!(trace.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(site.api.calls().len(), 0);
}

#[tokio::test]
async fn who_is_not_logged_in_calls_nothing() {
    let site = site().await;
    let refused = site.browser().get("/api/orders").await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        refused.header("content-type"),
        Some("application/problem+json")
    );
    assert_eq!(site.api.calls().len(), 0);
}

#[tokio::test]
async fn bodies_stream_both_ways() {
    let site = site().await;
    let mut browser = site.logged_in().await;
    assert_eq!(browser.get("/api/stream").await.text(), "one two three");
    let chunks = stream::iter(0..100).map(|_| Ok::<_, std::convert::Infallible>(vec![b'x'; 1000]));
    let body = Body::from_stream(chunks);
    let answer = browser
        .send(Method::PUT, "/api/big", &[("x-csrf", "1")], body)
        .await;
    assert_eq!(answer.text(), "100000 bytes");
}

#[tokio::test]
async fn bodies_are_bounded_whether_they_say_their_length_or_not() {
    let store = Arc::new(MemoryStore::default());
    let site = site_with(store, |config| {
        let api = config.api.as_mut().unwrap();
        api.upstream.max_request_bytes = 1000;
        api.upstream.max_response_bytes = 100_000;
    })
    .await;
    let mut browser = site.logged_in().await;
    let csrf = [("x-csrf", "1")];
    let largest = browser.post("/api/orders", &csrf, &"x".repeat(1000)).await;
    assert_eq!(largest.text(), "1000 bytes");
    let declared = [("x-csrf", "1"), ("content-length", "1001")];
    let refused = browser
        .post("/api/orders", &declared, &"x".repeat(1001))
        .await;
    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
    let chunks = stream::iter(0..11).map(|_| Ok::<_, std::convert::Infallible>(vec![b'x'; 100]));
    let refused = browser
        .send(
            Method::POST,
            "/api/orders",
            &csrf,
            Body::from_stream(chunks),
        )
        .await;
    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(site.api.calls().len(), 1);
    // An endless answer breaks off.
    let endless = browser.get("/api/endless").await;
    assert!(
        endless.body.is_empty(),
        "the test's reader gives up a broken body"
    );
}

#[tokio::test]
async fn an_api_that_is_slow_or_gone_is_answered_for() {
    let store = Arc::new(MemoryStore::default());
    let mut site = site_with(store, |config| {
        config.api.as_mut().unwrap().upstream.timeout = Duration::from_millis(200);
    })
    .await;
    let mut browser = site.logged_in().await;
    let late = browser.get("/api/late").await;
    assert_eq!(late.status, StatusCode::GATEWAY_TIMEOUT);
    site.api = super::api::Api::start().await;
    let gone = browser.get("/api/orders").await;
    assert_eq!(gone.status, StatusCode::BAD_GATEWAY);
    assert!(!gone.text().contains("127.0.0.1"), "{}", gone.text());
}
