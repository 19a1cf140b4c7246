//! A pending login survives the loss of its store, or of its cookie.

use std::sync::Arc;

use cardea_client::session::{MemoryStore, SessionStore};
use http::StatusCode;

use super::{
    faulty_store::FaultyStore,
    world::{ORIGIN, site, site_with},
};

fn memory() -> Arc<dyn SessionStore> {
    Arc::new(MemoryStore::default())
}

#[tokio::test]
async fn a_login_survives_the_loss_of_the_store() {
    let mut site = site().await;
    let mut browser = site.browser();
    let login = site.begin(&mut browser, "/orders").await;
    site.move_to(memory());
    let mut restarted = site.browser();
    restarted.jar = browser.jar;
    let again = restarted.clone();
    site.grant(&login);
    let back = restarted.get(&site.callback(&login)).await;
    assert_eq!(back.location(), format!("{ORIGIN}/orders"));
    assert!(restarted.is_logged_in().await);
    // Once, though the store had never heard of it.
    let mut thief = again;
    let refused = thief.get(&site.callback(&login)).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_login_survives_the_loss_of_its_cookie() {
    let site = site().await;
    let mut browser = site.browser();
    let login = site.begin(&mut browser, "/orders").await;
    browser.jar.retain(|name, _| !name.contains("_login_"));
    site.grant(&login);
    let back = browser.get(&site.callback(&login)).await;
    assert_eq!(back.location(), format!("{ORIGIN}/orders"));
    assert!(browser.is_logged_in().await);
}

#[tokio::test]
async fn a_login_that_lost_both_is_refused() {
    let mut site = site().await;
    let mut browser = site.browser();
    let login = site.begin(&mut browser, "/orders").await;
    site.move_to(memory());
    let mut restarted = site.browser();
    restarted.jar = browser.jar;
    restarted.jar.retain(|name, _| !name.contains("_login_"));
    site.grant(&login);
    let refused = restarted.get(&site.callback(&login)).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_changed_login_cookie_is_no_login() {
    let mut site = site().await;
    let mut browser = site.browser();
    let login = site.begin(&mut browser, "/orders").await;
    site.move_to(memory());
    let mut restarted = site.browser();
    restarted.jar = browser.jar;
    for (name, value) in &mut restarted.jar {
        if name.contains("_login_") {
            let middle = value.len() / 2;
            let flipped = if value.as_bytes()[middle] == b'A' {
                "B"
            } else {
                "A"
            };
            value.replace_range(middle..=middle, flipped);
        }
    }
    site.grant(&login);
    let refused = restarted.get(&site.callback(&login)).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_login_needs_its_cookie_alone_when_the_store_is_down() {
    let site = site_with(Arc::new(FaultyStore::forgetful()), |_| {}).await;
    let browser = site.logged_in().await;
    let mut without = browser.clone();
    without.jar.clear();
    let login = site.begin(&mut without, "/").await;
    without.jar.retain(|name, _| !name.contains("_login_"));
    site.grant(&login);
    let refused = without.get(&site.callback(&login)).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_logout_that_the_store_did_not_carry_out_is_not_called_one() {
    let site = site_with(Arc::new(FaultyStore::forgetful()), |_| {}).await;
    let mut browser = site.logged_in().await;
    let failed = browser.post("/bff/logout", &[("x-csrf", "1")], "").await;
    assert_eq!(failed.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(failed.header("set-cookie").is_none());
}
