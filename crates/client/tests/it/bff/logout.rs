//! Logout.

use http::StatusCode;

use super::world::{COOKIE, site};
use crate::rp::{
    provider::Scripted,
    world::{REFRESH_TOKEN, query},
};

#[tokio::test]
async fn a_logout_ends_the_session_and_the_refresh_token_and_leads_to_the_provider() {
    let site = site().await;
    let mut browser = site.logged_in().await;
    let mut copy = browser.clone();
    let answer = browser.post("/bff/logout", &[("x-csrf", "1")], "").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let to = answer.json()["redirect"].as_str().unwrap().to_owned();
    assert!(to.starts_with(&format!("{}/end_session?", site.world.provider.url)));
    assert_eq!(
        query(&to)["post_logout_redirect_uri"],
        "https://app.example.test/bye"
    );
    assert!(!browser.jar.contains_key(COOKIE));
    // A copied cookie is worthless.
    assert!(!copy.is_logged_in().await);
    assert_eq!(
        copy.get("/api/orders").await.status,
        StatusCode::UNAUTHORIZED
    );
    let revoked = site.world.provider.asked("/revocation");
    assert_eq!(revoked.len(), 1);
    assert_eq!(revoked[0].form["token"], REFRESH_TOKEN);
}

#[tokio::test]
async fn a_plain_form_logs_out_with_its_token_and_is_sent_on() {
    let site = site().await;
    let mut browser = site.logged_in().await;
    let body = format!("csrf_token={}", browser.csrf_token().await);
    let form = [
        (
            "content-type",
            "application/x-www-form-urlencoded; charset=utf-8",
        ),
        ("origin", "null"),
    ];
    let answer = browser.post("/bff/logout", &form, &body).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert!(answer.location().starts_with(&site.world.provider.url));
    assert!(!browser.is_logged_in().await);
}

#[tokio::test]
async fn a_provider_in_trouble_keeps_nobody_logged_in() {
    let site = site().await;
    let mut browser = site.logged_in().await;
    let down = Scripted::new(503, "text/plain", "");
    site.world.provider.says("/revocation", down);
    let answer = browser.post("/bff/logout", &[("x-csrf", "1")], "").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(!browser.is_logged_in().await);
}

#[tokio::test]
async fn a_provider_without_a_logout_leads_to_the_app() {
    let site = site().await;
    let mut metadata = site.world.provider.metadata();
    metadata
        .as_object_mut()
        .unwrap()
        .remove("end_session_endpoint");
    metadata
        .as_object_mut()
        .unwrap()
        .remove("revocation_endpoint");
    site.world.provider.says_of_itself(&metadata);
    let mut browser = site.logged_in().await;
    let answer = browser.post("/bff/logout", &[("x-csrf", "1")], "").await;
    assert_eq!(answer.json()["redirect"], "https://app.example.test/");
}

#[tokio::test]
async fn who_is_not_logged_in_is_logged_out() {
    let site = site().await;
    let answer = site.browser().post("/bff/logout", &[], "").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.json()["redirect"], "https://app.example.test/");
}
