use cardea_testkit::{Browser, Scripted};
use jiff::SignedDuration;
use serde_json::json;

use super::stage::{Stage, has_no_session, is_signed_in, request};

#[tokio::test]
async fn a_refusal_of_the_upstream_has_a_way_on() {
    let stage = Stage::new().await;
    let mut browser = Browser::new(&stage.server);
    let sent = stage.press(&mut browser, &request()).await;
    let url = stage.back_with(&[
        ("error", "access_denied"),
        ("error_description", "<script>alert(1)</script>"),
        ("state", sent.one("state")),
        ("iss", &stage.issuer),
    ]);
    let page = browser.open(&url).await;
    page.is_trouble(403, "You were not signed in");
    assert!(!page.text().contains("alert(1)"));
    assert!(page.text().contains("/authorize?ticket="));
}

#[tokio::test]
async fn an_upstream_that_is_down_has_a_page_with_a_way_on() {
    let stage = Stage::new().await;
    stage.up.is_down(true);
    let mut browser = Browser::new(&stage.server);
    let page = stage.pressed(&mut browser, &request()).await;
    page.is_trouble(502, "Example ID does not answer");
    assert!(page.text().contains("/authorize?ticket="));
    stage.up.is_down(false);
    // The failure is remembered for a moment.
    stage.server.advance(SignedDuration::from_mins(1));
    let sent = stage.press(&mut browser, &request()).await;
    stage.up.is_down(true);
    let page = browser.open(&stage.back(&sent)).await;
    page.is_trouble(502, "Example ID does not answer");
    assert!(has_no_session(&browser));
}

#[tokio::test]
async fn an_upstream_that_never_answers_holds_nobody_up() {
    let stage = Stage::new().await;
    let mut browser = Browser::new(&stage.server);
    let sent = stage.press(&mut browser, &request()).await;
    stage.up.hold("/token");
    let url = stage.back(&sent);
    let waiting = browser.open(&url);
    let others = async {
        stage.up.is_asked("/token", 1).await;
        // Others are served meanwhile.
        assert_eq!(stage.server.get("/login").send().await.status, 200);
    };
    let (page, ()) = tokio::join!(waiting, others);
    page.is_trouble(502, "Example ID does not answer");
}

#[tokio::test]
async fn answers_that_do_not_hold_sign_nobody_in() {
    let stage = Stage::new().await;
    for (what, change) in [
        ("a stale nonce", json!({"nonce": "another"})),
        ("no nonce", json!({"nonce": null})),
        ("another issuer", json!({"iss": "https://evil.example"})),
        ("another audience", json!({"aud": "other"})),
        ("expired", json!({"exp": 1})),
        ("of the future", json!({"iat": 4_000_000_000_i64})),
        ("no subject", json!({"sub": null})),
        ("a long subject", json!({"sub": "x".repeat(300)})),
        ("huge", json!({"x": "x".repeat(100_000)})),
    ] {
        let mut browser = Browser::new(&stage.server);
        let sent = stage.press(&mut browser, &request()).await;
        stage.grants(&stage.claims(&sent, "42", change));
        let page = browser.open(&stage.back(&sent)).await;
        assert_eq!(page.heading(), "The sign-in did not work", "{what}");
        assert!(has_no_session(&browser), "{what}");
    }
    for (status, body) in [
        (200, "<html>"),
        (200, "{}"),
        (400, r#"{"error":"invalid_grant"}"#),
    ] {
        let mut browser = Browser::new(&stage.server);
        let sent = stage.press(&mut browser, &request()).await;
        let answer = Scripted::new(status, "application/json", body);
        stage.up.says("/token", answer);
        let page = browser.open(&stage.back(&sent)).await;
        page.is_trouble(502, "The sign-in did not work");
    }
}

#[tokio::test]
async fn a_new_sign_in_that_was_asked_for_is_checked() {
    let stage = Stage::new().await;
    let fresh = request().with("prompt", "login");
    let now = cardea_web::clock::Clock::now(&*stage.server.clock).as_second();
    for (auth_time, accepted) in [
        (json!(now), true),
        (json!(now - 3600), false),
        (json!(null), false),
    ] {
        let mut browser = Browser::new(&stage.server);
        let sent = stage.press(&mut browser, &fresh).await;
        assert_eq!(sent.one("prompt"), "login");
        let more = json!({"auth_time": auth_time, "name": "Dana"});
        stage.grants(&stage.claims(&sent, "42", more));
        let page = browser.open(&stage.back(&sent)).await;
        if accepted {
            assert!(is_signed_in(&page, "Dana"), "{}", page.text());
        } else {
            page.is_trouble(403, "Please sign in there again");
            assert!(has_no_session(&browser));
        }
    }
    // `max_age` too.
    let mut browser = Browser::new(&stage.server);
    let sent = stage
        .press(&mut browser, &request().with("max_age", "60"))
        .await;
    let more = json!({"auth_time": now - 3600});
    stage.grants(&stage.claims(&sent, "42", more));
    let page = browser.open(&stage.back(&sent)).await;
    page.is_trouble(502, "The sign-in did not work");
}

#[tokio::test]
async fn a_sign_in_that_took_too_long_starts_again() {
    let stage = Stage::new().await;
    let mut browser = Browser::new(&stage.server);
    let sent = stage.press(&mut browser, &request()).await;
    stage.server.advance(SignedDuration::from_mins(16));
    let page = browser.open(&stage.back(&sent)).await;
    page.is_trouble(400, "This took too long");
    assert!(page.text().contains("/authorize?ticket="));
}

#[tokio::test]
async fn a_request_with_a_long_state_comes_through() {
    let stage = Stage::new().await;
    let mut browser = Browser::new(&stage.server);
    let long = request()
        .with("state", &"s".repeat(1000))
        .with("nonce", &"n".repeat(500))
        .with("scope", "openid profile email");
    let sent = stage.press(&mut browser, &long).await;
    assert!(browser.cookie("__Host-cardea_federation").is_some());
    stage.grants(&stage.claims(&sent, "42", json!({"name": "Dana"})));
    let page = browser.open(&stage.back(&sent)).await;
    assert!(is_signed_in(&page, "Dana"), "{}", page.text());
    assert!(browser.cookie("__Host-cardea_federation").is_none());
    assert!(browser.cookie("__Host-cardea_federation_2").is_none());
}
