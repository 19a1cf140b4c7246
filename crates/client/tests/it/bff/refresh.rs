//! One refresh at a time, whatever the page does.

use std::sync::{Arc, atomic::Ordering};

use cardea_client::session::MemoryStore;
use cardea_testkit::until;
use http::StatusCode;

use super::{
    faulty_store::FaultyStore,
    world::{SECOND_ACCESS_TOKEN, SECOND_REFRESH_TOKEN, Site, site, site_with},
};
use crate::rp::{
    provider::Scripted,
    world::{ACCESS_TOKEN, REFRESH_TOKEN},
};

/// Tokens live 600 s; they are renewed in their last 30.
const LAST_SECONDS: i64 = 575;

fn tokens_seen(site: &Site) -> Vec<String> {
    let calls = site.api.calls();
    let bearer = |call: &super::api::Call| call.header("authorization").unwrap()[7..].to_owned();
    calls.iter().map(bearer).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_calls_at_once_make_one_refresh() {
    let site = site().await;
    let browser = site.logged_in().await;
    site.passes(LAST_SECONDS);
    site.renews();
    let calls = (0..20).map(|_| {
        let mut tab = browser.clone();
        tokio::spawn(async move { tab.get("/api/orders").await.status })
    });
    for call in calls.collect::<Vec<_>>() {
        assert_eq!(call.await.unwrap(), StatusCode::OK);
    }
    assert_eq!(site.refreshes(), 1);
    assert_eq!(tokens_seen(&site), vec![SECOND_ACCESS_TOKEN; 20]);
    let asked = site.world.provider.asked("/token");
    assert_eq!(asked.last().unwrap().form["refresh_token"], REFRESH_TOKEN);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_with_one_store_make_one_refresh() {
    for (store, _folder) in [(Arc::new(MemoryStore::default()) as Arc<_>, None), {
        let (store, folder) = crate::session::contract::sqlite();
        (store, Some(folder))
    }] {
        let mut site = site_with(Arc::clone(&store), |_| {}).await;
        let here = site.logged_in().await;
        site.move_to(store);
        let mut there = site.browser();
        there.jar.clone_from(&here.jar);
        site.passes(LAST_SECONDS);
        site.renews();
        let calls = (0..20).map(|n| {
            let mut tab = if n % 2 == 0 {
                here.clone()
            } else {
                there.clone()
            };
            tokio::spawn(async move { tab.get("/api/orders").await.status })
        });
        for call in calls.collect::<Vec<_>>() {
            assert_eq!(call.await.unwrap(), StatusCode::OK);
        }
        assert_eq!(site.refreshes(), 1);
        assert_eq!(tokens_seen(&site), vec![SECOND_ACCESS_TOKEN; 20]);
    }
}

#[tokio::test]
async fn a_token_with_time_left_is_not_renewed() {
    let site = site().await;
    let mut browser = site.logged_in().await;
    site.passes(500);
    site.renews();
    assert_eq!(browser.get("/api/orders").await.status, StatusCode::OK);
    assert_eq!(site.refreshes(), 0);
}

#[tokio::test]
async fn a_dead_refresh_token_ends_the_session() {
    let site = site().await;
    let mut browser = site.logged_in().await;
    site.passes(LAST_SECONDS);
    let dead = Scripted::new(400, "application/json", r#"{"error":"invalid_grant"}"#);
    site.world.provider.says("/token", dead);
    let refused = browser.get("/api/orders").await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert_eq!(refused.json()["type"], cardea_client::bff::LOGIN_REQUIRED);
    assert!(!browser.is_logged_in().await);
    assert_eq!(site.api.calls().len(), 0);
}

#[tokio::test]
async fn a_token_that_lives_is_used_while_the_provider_is_down_and_then_there_is_none() {
    let site = site().await;
    let mut browser = site.logged_in().await;
    site.passes(LAST_SECONDS);
    let down = Scripted::new(503, "text/plain", "");
    site.world.provider.says("/token", down);
    for _ in 0..5 {
        assert_eq!(browser.get("/api/orders").await.status, StatusCode::OK);
    }
    assert_eq!(tokens_seen(&site), vec![ACCESS_TOKEN; 5]);
    assert_eq!(
        site.refreshes(),
        1,
        "a provider in trouble is not asked at each call"
    );
    site.passes(30);
    let refused = browser.get("/api/orders").await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.header("retry-after").is_some());
    assert!(
        browser.is_logged_in().await,
        "the session waits for the provider"
    );
    site.renews();
    site.passes(3);
    assert_eq!(browser.get("/api/orders").await.status, StatusCode::OK);
    assert_eq!(tokens_seen(&site).last().unwrap(), SECOND_ACCESS_TOKEN);
}

#[tokio::test]
async fn without_a_refresh_token_the_api_asks_for_a_login_when_the_token_ends() {
    let site = site().await;
    let mut browser = site.browser();
    let login = site.begin(&mut browser, "/").await;
    let id_token = site.world.sign(&site.world.claims(&login["nonce"]));
    let granted = serde_json::json!({"access_token": ACCESS_TOKEN, "token_type": "Bearer", "expires_in": 600,
        "id_token": id_token});
    site.world.provider.says("/token", Scripted::json(&granted));
    browser.get(&site.callback(&login)).await;
    site.passes(599);
    assert_eq!(browser.get("/api/orders").await.status, StatusCode::OK);
    site.passes(1);
    let refused = browser.get("/api/orders").await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert!(browser.is_logged_in().await);
    assert_eq!(site.refreshes(), 0);
}

#[tokio::test]
async fn a_refresh_goes_on_though_its_caller_hangs_up() {
    let site = site().await;
    let mut browser = site.logged_in().await;
    site.passes(LAST_SECONDS);
    site.renews();
    let mut impatient = browser.clone();
    let call = impatient.get("/api/orders");
    // Polled once, so that it has begun, then dropped.
    let _ = tokio::time::timeout(std::time::Duration::ZERO, call).await;
    until("the refresh", || site.refreshes() == 1).await;
    assert_eq!(browser.get("/api/orders").await.status, StatusCode::OK);
    assert_eq!(site.refreshes(), 1);
    assert_eq!(tokens_seen(&site).last().unwrap(), SECOND_ACCESS_TOKEN);
}

#[tokio::test]
async fn a_logout_during_a_refresh_leaves_no_refresh_token_behind() {
    let store = Arc::new(FaultyStore::default());
    let site = site_with(Arc::clone(&store) as Arc<_>, |_| {}).await;
    let mut browser = site.logged_in().await;
    site.passes(LAST_SECONDS);
    site.renews();
    store.logout_meanwhile.store(true, Ordering::SeqCst);
    let refused = browser.get("/api/orders").await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    let revoked = site.world.provider.asked("/revocation");
    assert_eq!(revoked.len(), 1);
    assert_eq!(revoked[0].form["token"], SECOND_REFRESH_TOKEN);
}

#[tokio::test]
async fn a_refresh_during_a_logout_leaves_no_refresh_token_behind() {
    let store = Arc::new(FaultyStore::default());
    let site = site_with(Arc::clone(&store) as Arc<_>, |_| {}).await;
    let mut browser = site.logged_in().await;
    site.passes(LAST_SECONDS);
    site.renews();
    store.logout_waits.store(true, Ordering::SeqCst);
    let mut tab = browser.clone();
    let logout = tokio::spawn(async move {
        let csrf = [("x-csrf", "1")];
        tab.post("/bff/logout", &csrf, "").await.status
    });
    // It has read the session, and before it ends it another tab renews the tokens.
    store.waiting.notified().await;
    assert_eq!(browser.get("/api/orders").await.status, StatusCode::OK);
    assert_eq!(site.refreshes(), 1);
    store.go_on.notify_one();
    assert_eq!(logout.await.unwrap(), StatusCode::OK);
    let revoked = site.world.provider.asked("/revocation");
    assert_eq!(revoked.len(), 1);
    assert_eq!(revoked[0].form["token"], SECOND_REFRESH_TOKEN);
}

#[tokio::test]
async fn a_hiccup_of_the_store_loses_no_renewed_token() {
    let store = Arc::new(FaultyStore::default());
    let site = site_with(Arc::clone(&store) as Arc<_>, |_| {}).await;
    let mut browser = site.logged_in().await;
    site.passes(LAST_SECONDS);
    site.renews();
    store.hiccups.store(2, Ordering::SeqCst);
    for _ in 0..2 {
        assert_eq!(browser.get("/api/orders").await.status, StatusCode::OK);
    }
    assert_eq!(site.refreshes(), 1);
    assert_eq!(tokens_seen(&site), vec![SECOND_ACCESS_TOKEN; 2]);
}

#[tokio::test]
async fn a_refresh_that_speaks_of_another_person_ends_the_session() {
    let site = site().await;
    let mut browser = site.logged_in().await;
    site.passes(LAST_SECONDS);
    let mut claims = site.world.claims("n");
    claims.as_object_mut().unwrap().remove("nonce");
    claims["sub"] = "mallory".into();
    let renewed = serde_json::json!({"access_token": SECOND_ACCESS_TOKEN, "token_type": "Bearer",
        "expires_in": 600, "id_token": site.world.sign(&claims)});
    site.world.provider.says("/token", Scripted::json(&renewed));
    let refused = browser.get("/api/orders").await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert!(!browser.is_logged_in().await);
}
