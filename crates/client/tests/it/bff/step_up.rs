//! An API that asks for a stronger or more recent sign-in: RFC 9470.

use cardea_client::bff::STEP_UP_REQUIRED;
use cardea_web::clock::Clock as _;
use http::StatusCode;
use jiff::SignedDuration;
use serde_json::json;

use super::world::{Browser, Site, site};
use crate::rp::world::query;

const LOGIN: &str = "/bff/login?acr_values=urn%3Aa%26b+urn%3Ac&max_age=60";

#[tokio::test]
async fn rfc_9470_a_challenge_of_the_api_says_where_to_log_in() {
    let site = site().await;
    let mut browser = site.logged_in().await;
    let answer = browser.get("/api/sensitive").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    let problem = answer.json();
    assert_eq!(problem["type"], STEP_UP_REQUIRED);
    assert_eq!(problem["login"], LOGIN);
    let challenge = answer.headers["www-authenticate"].to_str().unwrap();
    assert!(
        challenge.contains("insufficient_user_authentication"),
        "{challenge}"
    );
    assert!(!answer.headers.contains_key("set-cookie"));
    assert_eq!(answer.headers["cache-control"], "no-store");
    // Another challenge is the API's own matter.
    let answer = browser.get("/api/unread").await;
    assert_eq!(
        (answer.status, answer.text()),
        (StatusCode::UNAUTHORIZED, "no token")
    );
}

/// Goes to the step-up login; the provider answers with these claims.
async fn step_up(
    site: &Site,
    browser: &mut Browser,
    claims: serde_json::Value,
) -> (StatusCode, String, String) {
    let sent = browser
        .get(&format!("{LOGIN}&return_to=%2Forders%3Fa%3D1%23x"))
        .await;
    let login: std::collections::BTreeMap<_, _> = query(sent.location()).into_iter().collect();
    assert_eq!(login["acr_values"], "urn:a&b urn:c");
    assert_eq!(login["max_age"], "60");
    let mut all = site.world.claims(&login["nonce"]);
    all.as_object_mut()
        .unwrap()
        .extend(claims.as_object().unwrap().clone());
    site.world.grants(&site.world.sign(&all));
    let back = browser.get(&site.callback(&login)).await;
    let location = back
        .headers
        .get("location")
        .map(|to| to.to_str().unwrap().to_owned());
    (
        back.status,
        location.unwrap_or_default(),
        back.text().to_owned(),
    )
}

#[tokio::test]
async fn rfc_9470_the_login_that_was_asked_for_comes_back_to_the_page() {
    let site = site().await;
    let mut browser = site.logged_in().await;
    let now = site.world.clock.now().as_second();
    let claims = json!({"acr": "urn:c", "auth_time": now});
    let (status, location, _) = step_up(&site, &mut browser, claims).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert!(location.ends_with("/orders?a=1#x"), "{location}");
    let user = browser.get("/bff/user").await.json();
    assert_eq!(user["claims"]["acr"], "urn:c");
}

#[tokio::test]
async fn rfc_9470_a_login_that_did_not_reach_it_is_refused_and_the_session_stays() {
    let site = site().await;
    let mut browser = site.logged_in().await;
    let now = site.world.clock.now().as_second();
    for claims in [
        json!({"acr": "urn:weak", "auth_time": now}),
        json!({"acr": null, "auth_time": now}),
        json!({"acr": "urn:c", "auth_time": now - 600}),
        json!({"acr": "urn:c", "auth_time": null}),
    ] {
        let (status, _, page) = step_up(&site, &mut browser, claims.clone()).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{claims}");
        assert!(page.contains("Stronger sign-in needed"), "{page}");
        assert_eq!(browser.get("/bff/user").await.status, StatusCode::OK);
        site.world.clock.advance(SignedDuration::from_millis(1));
    }
}

#[tokio::test]
async fn the_provider_that_cannot_reach_it_is_no_failed_login() {
    let site = site().await;
    let mut browser = site.logged_in().await;
    let sent = browser.get(LOGIN).await;
    let login: std::collections::BTreeMap<_, _> = query(sent.location()).into_iter().collect();
    let callback = format!(
        "/bff/callback?error=unmet_authentication_requirements&state={}&iss={}",
        login["state"], site.world.provider.url
    );
    let page = browser.get(&callback).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.text().contains("Stronger sign-in needed"));
}

#[tokio::test]
async fn a_link_to_a_login_asks_for_nothing_that_is_out_of_bounds() {
    let site = site().await;
    let long = "x".repeat(600);
    for query in [
        "acr_values=".to_owned(),
        format!("acr_values={long}"),
        "acr_values=a%22b".to_owned(),
        "acr_values=a%0d%0ab".to_owned(),
        "acr_values=a&acr_values=b".to_owned(),
        "max_age=-1".to_owned(),
        "max_age=99999999999".to_owned(),
        "acr_values=a&max_age=".to_owned(),
        "acr_values=a&return_to=//evil.test".to_owned(),
    ] {
        let answer = site.browser().get(&format!("/bff/login?{query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
    }
}
