use cardea_testkit::flows::introspect;

use super::*;

/// Alice in a browser that she trusts, so that a login reaches a password only.
async fn with_password_only<'a>(server: &'a TestServer) -> (Browser<'a>, App) {
    let mut browser = Browser::new(server);
    let page = after_password(&mut browser, &request(), Person::ALICE).await;
    id_token(&mut browser, page).await;
    let (app, _) = enrolled(&mut Browser::new(server), Person::ALICE).await;
    (browser, app)
}

#[tokio::test]
async fn a_session_gets_the_second_factor_without_the_password_and_keeps_its_name() {
    let server = TestServer::start().await;
    let (mut browser, app) = with_password_only(&server).await;
    let page = browser.open(&request().url(&server)).await;
    assert_eq!(
        page.path(),
        "/second_factor",
        "the policy asks who has a factor"
    );
    let before = browser.cookie(SESSION).unwrap().to_owned();
    let wish = request().with("acr_values", MFA);
    let page = browser.open(&wish.url(&server)).await;
    assert_eq!((page.status(), page.path()), (200, "/second_factor"));
    let now = server.cause().now;
    let page = enter(&mut browser, &page, &app.code(&server)).await;
    let claims = id_token(&mut browser, page).await;
    assert_eq!(
        (&claims["acr"], &claims["auth_time"]),
        (&MFA.into(), &now.as_second().into())
    );
    assert_eq!(claims["amr"], serde_json::json!(["pwd", "otp", "mfa"]));
    assert_ne!(browser.cookie(SESSION), Some(before.as_str()));
    // The cookie from before is worth nothing, so not the second factor either.
    let mut thief = Browser::new(&server);
    thief.plant(SESSION, &before);
    let page = thief.open(&request().url(&server)).await;
    assert_eq!(page.path(), "/login");
    // From now on nothing is asked.
    let page = browser.open(&demanding().url(&server)).await;
    let again = id_token(&mut browser, page).await;
    assert_eq!(
        (&again["acr"], &again["sid"]),
        (&MFA.into(), &claims["sid"])
    );
    let subject = server.subject(Person::ALICE).await;
    let page = cardea_store::Page::first(10);
    let sessions = server.store.sessions_of(&subject, page, server.cause().now);
    let sids: Vec<_> = sessions.await.unwrap().items;
    assert!(sids.iter().any(|s| claims["sid"] == s.sid.as_str()));
}

#[tokio::test]
async fn rfc_9470_an_access_token_and_its_introspection_say_what_was_reached() {
    let server = TestServer::start().await;
    let (mut browser, app) = with_password_only(&server).await;
    let wish = request()
        .with("acr_values", MFA)
        .scope("openid orders:read");
    let page = browser.open(&wish.url(&server)).await;
    let page = enter(&mut browser, &page, &app.code(&server)).await;
    let page = match page.path().ends_with("/consent") && page.status() == 200 {
        true => decide(&mut browser, &page, "allow").await,
        false => page,
    };
    let code = page.callback()["code"].clone();
    let tokens = redeem(&server, SPA, &code).await.granted();
    let token = tokens["access_token"].as_str().unwrap();
    let claims = jwt::claims(token);
    assert_eq!(claims["acr"], MFA);
    assert!(claims["auth_time"].is_i64());
    let seen = introspect(&server, cardea_testkit::clients::ORDERS_API, token).await;
    assert_eq!(
        (&seen["acr"], &seen["auth_time"]),
        (&claims["acr"], &claims["auth_time"])
    );
}

#[tokio::test]
async fn prompt_login_and_max_age_ask_for_the_whole_login() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let (app, _) = enrolled(&mut browser, Person::ALICE).await;
    for request in [
        request().with("prompt", "login"),
        request().with("max_age", "0"),
    ] {
        server.advance(SignedDuration::from_secs(60));
        let page = browser.open(&request.url(&server)).await;
        let page = log_in_at(&mut browser, &page, Person::ALICE).await;
        assert_eq!(page.path(), "/second_factor");
        let page = enter(&mut browser, &page, &app.code(&server)).await;
        assert_eq!(id_token(&mut browser, page).await["acr"], MFA);
    }
}
