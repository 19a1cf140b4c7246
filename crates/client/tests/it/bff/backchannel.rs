//! The provider ends sessions.

use cardea_web::clock::Clock as _;
use http::StatusCode;
use serde_json::{Value, json};

use super::world::{Answer, Site, site};
use crate::rp::world::CLIENT;

fn claims(site: &Site, jti: &str) -> Value {
    let at = site.world.clock.now().as_second();
    json!({"iss": site.world.provider.url, "aud": CLIENT, "iat": at, "exp": at + 120, "jti": jti,
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}}})
}

async fn tell(site: &Site, claims: &Value) -> Answer {
    let token = site
        .world
        .key
        .sign("logout+jwt", claims.to_string().as_bytes())
        .unwrap();
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let body = format!("logout_token={token}");
    site.browser()
        .post("/bff/backchannel-logout", &form, &body)
        .await
}

#[tokio::test]
async fn a_session_at_the_provider_ends_ours() {
    let site = site().await;
    let mut browser = site.logged_in().await;
    let mut notice = claims(&site, "j1");
    notice["sid"] = json!("another");
    assert_eq!(tell(&site, &notice).await.status, StatusCode::OK);
    assert!(browser.is_logged_in().await);
    let mut notice = claims(&site, "j2");
    notice["sid"] = json!("s1");
    let answer = tell(&site, &notice).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(!browser.is_logged_in().await);
}

#[tokio::test]
async fn a_person_ends_in_all_browsers() {
    let site = site().await;
    let (mut one, mut two) = (site.logged_in().await, site.logged_in().await);
    let mut notice = claims(&site, "j1");
    notice["sub"] = json!("bob");
    assert_eq!(tell(&site, &notice).await.status, StatusCode::OK);
    assert!(one.is_logged_in().await);
    let mut notice = claims(&site, "j2");
    notice["sub"] = json!("alice");
    assert_eq!(tell(&site, &notice).await.status, StatusCode::OK);
    assert!(!one.is_logged_in().await);
    assert!(!two.is_logged_in().await);
}

#[tokio::test]
async fn a_replayed_logout_token_ends_nothing() {
    let site = site().await;
    let mut notice = claims(&site, "j1");
    notice["sub"] = json!("alice");
    assert_eq!(tell(&site, &notice).await.status, StatusCode::OK);
    let mut browser = site.logged_in().await;
    let again = tell(&site, &notice).await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST);
    assert_eq!(again.json()["error"], "invalid_request");
    assert_eq!(again.header("cache-control"), Some("no-store"));
    assert!(browser.is_logged_in().await);
}

#[tokio::test]
async fn what_is_no_logout_token_is_refused() {
    let site = site().await;
    let mut browser = site.logged_in().await;
    let mut id_token = site.world.claims("n");
    id_token["jti"] = json!("j");
    let mut nonce = claims(&site, "j");
    nonce["sub"] = json!("alice");
    nonce["nonce"] = json!("n");
    let mut foreign = claims(&site, "j");
    foreign["sub"] = json!("alice");
    foreign["aud"] = json!("another-app");
    for claims in [id_token, nonce, foreign, claims(&site, "j")] {
        assert_eq!(
            tell(&site, &claims).await.status,
            StatusCode::BAD_REQUEST,
            "{claims}"
        );
    }
    let form = ("content-type", "application/x-www-form-urlencoded");
    for (headers, body) in [
        (&[form][..], ""),
        (&[form], "logout_token="),
        (&[form], "logout_token=a.b.c"),
        (&[form], "logout_token=x&logout_token=y"),
        (&[], "logout_token=x"),
        (&[("content-type", "application/json")], "{}"),
    ] {
        let answer = site
            .browser()
            .post("/bff/backchannel-logout", headers, body)
            .await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
    }
    assert!(browser.is_logged_in().await);
}

#[tokio::test]
async fn a_logout_that_overtakes_the_login_is_not_lost() {
    let site = site().await;
    let mut browser = site.browser();
    let login = site.begin(&mut browser, "/").await;
    site.grant(&login);
    // The code is granted, and before the browser brings it the user has logged out elsewhere.
    let mut notice = claims(&site, "j1");
    notice["sid"] = json!("s1");
    assert_eq!(tell(&site, &notice).await.status, StatusCode::OK);
    let refused = browser.get(&site.callback(&login)).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(!browser.is_logged_in().await);
}
