//! Requests that other sites make in a user's name.

use std::sync::Arc;

use cardea_client::{
    bff::{self, CsrfPolicy},
    session::MemoryStore,
};
use http::{Method, StatusCode};

use super::world::{Browser, ORIGIN, Site, site, site_with};

async fn under(policy: CsrfPolicy) -> Site {
    site_with(Arc::new(MemoryStore::default()), |config| {
        config.csrf = policy;
    })
    .await
}

async fn post(browser: &mut Browser, headers: &[(&str, &str)]) -> StatusCode {
    let answer = browser.post("/api/orders", headers, "{}").await;
    if answer.status == StatusCode::FORBIDDEN {
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json")
        );
        assert_eq!(answer.json()["type"], bff::CSRF);
        assert!(answer.json()["correlation_id"].is_string());
    }
    answer.status
}

const OK: StatusCode = StatusCode::OK;
const FORBIDDEN: StatusCode = StatusCode::FORBIDDEN;

#[tokio::test]
async fn by_default_the_header_is_demanded_of_what_changes_something() {
    let site = site().await;
    let mut browser = site.logged_in().await;
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        let answer = browser.send(method.clone(), "/api/orders", &[], "").await;
        assert_eq!(answer.status, FORBIDDEN, "{method}");
        let answer = browser
            .send(method, "/api/orders", &[("x-csrf", "1")], "")
            .await;
        assert_eq!(answer.status, OK);
    }
    for wrong in ["0", "", "true"] {
        assert_eq!(post(&mut browser, &[("x-csrf", wrong)]).await, FORBIDDEN);
    }
    assert_eq!(browser.get("/api/orders").await.status, OK);
    assert_eq!(site.api.calls().len(), 5);
}

#[tokio::test]
async fn another_sites_request_is_refused_though_it_has_all_proofs() {
    for policy in [CsrfPolicy::Header, CsrfPolicy::Token, CsrfPolicy::Both] {
        let site = under(policy).await;
        let mut browser = site.logged_in().await;
        let token = browser.csrf_token().await;
        let proofs = [("x-csrf", "1"), ("x-csrf-token", token.as_str())];
        for foreign in [
            ("origin", "https://evil.test"),
            ("origin", "https://app.example.test.evil.test"),
            ("origin", "http://app.example.test"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            let headers = [proofs[0], proofs[1], foreign];
            assert_eq!(post(&mut browser, &headers).await, FORBIDDEN, "{foreign:?}");
        }
        let own = [
            proofs[0],
            proofs[1],
            ("origin", ORIGIN),
            ("sec-fetch-site", "same-origin"),
        ];
        assert_eq!(post(&mut browser, &own).await, OK);
    }
}

#[tokio::test]
async fn g2_the_handshake_of_a_websocket_needs_the_proof_like_a_change() {
    let site = site().await;
    let mut browser = site.logged_in().await;
    for handshake in [
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-fetch-mode", "websocket"),
    ] {
        for headers in [
            &[handshake][..],
            &[handshake, ("origin", "https://sibling.example.test")],
            &[handshake, ("origin", ORIGIN)],
            &[handshake, ("x-csrf", "1"), ("origin", "https://evil.test")],
        ] {
            let answer = browser.send(Method::GET, "/api/orders", headers, "").await;
            assert_eq!(answer.status, FORBIDDEN, "{headers:?}");
        }
    }
    assert_eq!(site.api.calls().len(), 0);
    assert_eq!(browser.get("/api/orders").await.status, OK);
}

#[tokio::test]
async fn a_token_is_good_for_its_session_alone() {
    let site = under(CsrfPolicy::Token).await;
    let mut browser = site.logged_in().await;
    let mut attacker = site.logged_in().await;
    let (token, other) = (browser.csrf_token().await, attacker.csrf_token().await);
    assert_ne!(token, other);
    assert_eq!(post(&mut browser, &[("x-csrf-token", &token)]).await, OK);
    for wrong in [other.as_str(), "", "x", &token[1..]] {
        assert_eq!(
            post(&mut browser, &[("x-csrf-token", wrong)]).await,
            FORBIDDEN
        );
    }
    assert_eq!(post(&mut browser, &[("x-csrf", "1")]).await, FORBIDDEN);
}

#[tokio::test]
async fn both_are_demanded_when_both_are_configured() {
    let site = under(CsrfPolicy::Both).await;
    let mut browser = site.logged_in().await;
    let token = browser.csrf_token().await;
    assert_eq!(post(&mut browser, &[("x-csrf", "1")]).await, FORBIDDEN);
    assert_eq!(
        post(&mut browser, &[("x-csrf-token", &token)]).await,
        FORBIDDEN
    );
    let both = [("x-csrf", "1"), ("x-csrf-token", token.as_str())];
    assert_eq!(post(&mut browser, &both).await, OK);
}

#[tokio::test]
async fn a_forged_logout_logs_nobody_out() {
    let site = site().await;
    let mut browser = site.logged_in().await;
    let form = [("content-type", "application/x-www-form-urlencoded")];
    for (headers, body) in [
        (&form[..], ""),
        (&form, "csrf_token=x"),
        (&[], ""),
        (&[("x-csrf", "1"), ("origin", "https://evil.test")], ""),
    ] {
        let refused = browser.post("/bff/logout", headers, body).await;
        assert_eq!(refused.status, FORBIDDEN, "{body}");
    }
    assert_eq!(
        browser.get("/bff/logout").await.status,
        StatusCode::METHOD_NOT_ALLOWED
    );
    assert!(browser.is_logged_in().await);
    let token = browser.csrf_token().await;
    let twice = format!("csrf_token={token}&csrf_token={token}");
    assert_eq!(
        browser.post("/bff/logout", &form, &twice).await.status,
        FORBIDDEN
    );
}

#[tokio::test]
async fn another_sites_form_takes_no_cookie_away_though_it_comes_without_them() {
    let site = site().await;
    let mut browser = site.logged_in().await;
    let jar = browser.jar.clone();
    // Browsers leave Lax cookies out of another site's POST, and take from its answer what is set there.
    for foreign in [
        &[
            ("content-type", "application/x-www-form-urlencoded"),
            ("origin", "https://evil.test"),
            ("sec-fetch-site", "cross-site"),
        ][..],
        &[("content-type", "application/x-www-form-urlencoded")],
        &[],
    ] {
        browser.jar.clear();
        browser.post("/bff/logout", foreign, "").await;
        browser.jar = jar.clone();
        let answer = site.browser().post("/bff/logout", foreign, "").await;
        assert_eq!(answer.header("set-cookie"), None);
    }
    assert!(browser.is_logged_in().await);
}
