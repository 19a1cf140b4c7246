//! How long a session lasts.

use http::StatusCode;

use super::world::{COOKIE, site};

#[tokio::test]
async fn a_session_ends_when_it_is_not_used() {
    let site = site().await;
    let mut browser = site.logged_in().await;
    site.passes(29 * 60);
    assert!(browser.is_logged_in().await);
    site.passes(29 * 60);
    assert!(browser.is_logged_in().await);
    let mut idle = site.logged_in().await;
    site.passes(30 * 60);
    assert!(!idle.is_logged_in().await);
}

#[tokio::test]
async fn a_session_ends_after_an_hour_however_it_is_used() {
    let site = site().await;
    let mut browser = site.logged_in().await;
    for _ in 0..5 {
        site.passes(10 * 60);
        assert!(browser.is_logged_in().await);
    }
    site.passes(10 * 60);
    assert!(!browser.is_logged_in().await);
    let refused = browser.get("/api/orders").await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert_eq!(refused.json()["type"], cardea_client::bff::LOGIN_REQUIRED);
    assert_eq!(site.api.calls().len(), 0);
}

#[tokio::test]
async fn a_session_lives_as_long_as_it_is_said_to() {
    let site = site().await;
    let mut browser = site.logged_in().await;
    site.passes(59);
    let user = browser.get("/bff/user").await.json();
    assert_eq!(user["session"]["idle_ends_at"], "2026-07-01T12:30:00Z");
    site.passes(1);
    let user = browser.get("/bff/user").await.json();
    assert_eq!(user["session"]["idle_ends_at"], "2026-07-01T12:31:00Z");
    site.passes(30 * 60 - 1);
    assert!(browser.clone().is_logged_in().await);
}

#[tokio::test]
async fn calls_of_the_api_are_uses_too() {
    let site = site().await;
    let mut browser = site.logged_in().await;
    site.passes(20 * 60);
    site.renews();
    assert_eq!(browser.get("/api/orders").await.status, StatusCode::OK);
    site.passes(20 * 60);
    assert!(browser.is_logged_in().await);
}

#[tokio::test]
async fn a_session_cookie_is_good_in_one_spelling() {
    let site = site().await;
    let browser = site.logged_in().await;
    let value = browser.jar[COOKIE].clone();
    for wrong in [
        format!("{value}="),
        value.to_uppercase(),
        value[..42].to_owned(),
        String::new(),
        "A".repeat(43),
    ] {
        let mut other = browser.clone();
        other.jar.insert(COOKIE.to_owned(), wrong.clone());
        assert!(!other.is_logged_in().await, "{wrong}");
    }
    // A neighbour that plants a second cookie of this name gains nothing.
    let twice = format!("{COOKIE}={value}; {COOKIE}={}", "A".repeat(43));
    let mut other = site.browser();
    let answer = other
        .send(http::Method::GET, "/bff/user", &[("cookie", &twice)], "")
        .await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_session_of_another_key_counts_as_none() {
    use cardea_client::session::{MemoryStore, SessionConfig, Sessions};
    use cardea_client::{Entropy, MasterKey};
    use cardea_web::clock::Clock;
    use std::sync::Arc;

    let site = site().await;
    let browser = site.logged_in().await;
    let cookie = format!("{COOKIE}={}", browser.jar[COOKIE]);
    let mut headers = http::HeaderMap::new();
    headers.insert("cookie", cookie.parse().unwrap());
    let with_key = |seed, store| {
        let key = MasterKey::generate(&Entropy::seeded(seed));
        let config = SessionConfig::new(key, super::world::ORIGIN);
        let clock = Arc::clone(&site.world.clock) as Arc<dyn Clock>;
        Sessions::new(config, store, clock, Entropy::system()).unwrap()
    };
    let same = with_key(7, Arc::clone(&site.store));
    assert!(same.load(&headers).await.unwrap().is_some());
    let other = with_key(8, Arc::clone(&site.store));
    assert!(other.load(&headers).await.unwrap().is_none());
    let elsewhere = with_key(7, Arc::new(MemoryStore::default()));
    assert!(elsewhere.load(&headers).await.unwrap().is_none());
}

#[tokio::test]
async fn a_clock_set_back_lengthens_no_session() {
    let site = site().await;
    let mut browser = site.logged_in().await;
    site.passes(-60);
    assert!(browser.is_logged_in().await, "clocks differ a little");
    site.passes(-2 * 3600);
    assert!(!browser.is_logged_in().await);
    let mut other = site.logged_in().await;
    assert!(other.is_logged_in().await);
}
