use cardea_testkit::{
    Browser, Person, TestServer,
    clients::SPA,
    flows::{Authorization, code_for, decide, log_in_at, redeem, tokens, walk},
    jwt,
};
use jiff::SignedDuration;

fn request() -> Authorization {
    Authorization::of(SPA)
}

#[tokio::test]
async fn t4_prompt_none_does_not_tell_a_client_without_consent_who_is_logged_in() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let silent = request().with("prompt", "none").url(&server);
    browser.open(&silent).await.client_is_told("login_required");
    cardea_testkit::flows::log_in(&mut browser, Person::ALICE).await;
    browser.open(&silent).await.client_is_told("login_required");
    for guess in ["alice", "bob", "nobody", "ALICE"] {
        let guess = request().with("prompt", "none").with("login_hint", guess);
        let page = browser.open(&guess.url(&server)).await;
        page.client_is_told("login_required");
    }
    walk(&mut browser, &request(), Person::ALICE).await;
    assert!(browser.open(&silent).await.callback().contains_key("code"));
}

#[tokio::test]
async fn prompt_login_is_not_satisfied_by_an_older_login() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    walk(&mut browser, &request(), Person::ALICE).await;
    let login = browser
        .open(&request().with("prompt", "login").url(&server))
        .await;
    assert_eq!((login.status(), login.path()), (200, "/login"));
    // Neither by asking for the end, nor by coming again.
    let ticket = login.form().value("ticket").to_owned();
    for page in ["/consent", "/choose_account", "/login"] {
        let url = server.url(&format!("{page}?ticket={ticket}"));
        assert_eq!(browser.open(&url).await.path(), "/login", "{page}");
    }
    let back = log_in_at(&mut browser, &login, Person::ALICE).await;
    assert!(back.callback().contains_key("code"));
}

#[tokio::test]
async fn prompt_login_of_one_request_does_not_serve_another() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let fresh = request().with("prompt", "login");
    walk(&mut browser, &fresh, Person::ALICE).await;
    let login = browser.open(&fresh.url(&server)).await;
    assert_eq!((login.status(), login.path()), (200, "/login"));
}

#[tokio::test]
async fn logging_in_again_keeps_the_sessions_name_and_renews_auth_time() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let first = tokens(&mut browser, SPA, (Person::ALICE, "openid")).await;
    let before = browser.cookie("__Host-cardea_session").unwrap().to_owned();
    server.advance(SignedDuration::from_mins(5));
    let again = request().with("prompt", "login");
    let code = code_for(&mut browser, &again, Person::ALICE).await;
    let second = redeem(&server, SPA, &code).await.granted();
    let claims = |tokens: &serde_json::Value| jwt::claims(tokens["id_token"].as_str().unwrap());
    let (first, second) = (claims(&first), claims(&second));
    assert_eq!(first["sid"], second["sid"]);
    let seconds = |claims: &serde_json::Value| claims["auth_time"].as_i64().unwrap();
    assert_eq!(seconds(&second) - seconds(&first), 300);
    assert_ne!(browser.cookie("__Host-cardea_session").unwrap(), before);
}

#[tokio::test]
async fn prompt_consent_asks_again() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    walk(&mut browser, &request(), Person::ALICE).await;
    let again = request().with("prompt", "consent").url(&server);
    let page = browser.open(&again).await;
    assert_eq!((page.status(), page.path()), (200, "/consent"));
    let back = decide(&mut browser, &page, "allow").await;
    assert!(back.callback().contains_key("code"));
}

#[tokio::test]
async fn select_account_offers_this_user_or_another() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    walk(&mut browser, &request(), Person::ALICE).await;
    let choose = request().with("prompt", "select_account").url(&server);
    let page = browser.open(&choose).await;
    assert_eq!((page.status(), page.path()), (200, "/choose_account"));
    assert!(page.text().contains("Alice A"));
    let back = decide(&mut browser, &page, "continue").await;
    assert!(back.callback().contains_key("code"));

    let page = browser.open(&choose).await;
    let login = decide(&mut browser, &page, "other").await;
    assert_eq!(login.path(), "/login");
    let consent = log_in_at(&mut browser, &login, Person::BOB).await;
    assert_eq!(consent.path(), "/consent", "a login is a choice");
    assert!(consent.text().contains("bob"));
}

#[tokio::test]
async fn max_age_asks_for_a_login_that_is_young_enough() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    walk(&mut browser, &request(), Person::ALICE).await;
    server.advance(SignedDuration::from_secs(600));
    let aged = |seconds: &str| request().with("max_age", seconds).url(&server);
    assert!(
        browser
            .open(&aged("600"))
            .await
            .callback()
            .contains_key("code")
    );
    assert_eq!(browser.open(&aged("599")).await.path(), "/login");
    assert_eq!(browser.open(&aged("0")).await.path(), "/login");
    let silent = request().with("max_age", "1").with("prompt", "none");
    browser
        .open(&silent.url(&server))
        .await
        .client_is_told("login_required");

    let login = browser.open(&aged("0")).await;
    server.advance(SignedDuration::from_secs(60));
    let back = log_in_at(&mut browser, &login, Person::ALICE).await;
    assert!(
        back.callback().contains_key("code"),
        "typing takes its time"
    );
}

#[tokio::test]
async fn a_client_has_a_max_age_of_its_own() {
    let server = TestServer::builder()
        .client("spa", |c| c.default_max_age = Some(60))
        .start()
        .await;
    let mut browser = Browser::new(&server);
    walk(&mut browser, &request(), Person::ALICE).await;
    server.advance(SignedDuration::from_secs(61));
    assert_eq!(browser.open(&request().url(&server)).await.path(), "/login");
    let wider = request().with("max_age", "3600").url(&server);
    assert!(browser.open(&wider).await.callback().contains_key("code"));
}

#[tokio::test]
async fn a_login_hint_stands_in_the_form() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let page = browser
        .open(&request().with("login_hint", "bob\"><script>").url(&server))
        .await;
    assert_eq!(page.form().value("username"), "bob\"><script>");
    assert!(!page.text().contains("bob\"><script>"));
}

#[tokio::test]
async fn a_hint_at_another_user_gives_the_chooser() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    walk(&mut browser, &request(), Person::ALICE).await;
    for own in ["alice", "ALICE", "Alice@Example.test"] {
        let page = browser
            .open(&request().with("login_hint", own).url(&server))
            .await;
        assert!(page.callback().contains_key("code"), "{own}");
    }
    let other = request().with("login_hint", "bob");
    let page = browser.open(&other.url(&server)).await;
    assert_eq!((page.status(), page.path()), (200, "/choose_account"));
    assert!(page.text().contains("bob"));
    let silent = other.clone().with("prompt", "none").url(&server);
    browser.open(&silent).await.client_is_told("login_required");
    let back = decide(&mut browser, &page, "continue").await;
    assert!(back.callback().contains_key("code"), "a hint is a wish");
}

#[tokio::test]
async fn an_id_token_hint_demands_its_user() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let alices = tokens(&mut browser, SPA, (Person::ALICE, "openid")).await;
    let hint = alices["id_token"].as_str().unwrap();
    server.advance(SignedDuration::from_hours(2));
    let mut other = Browser::new(&server);
    walk(&mut other, &request(), Person::BOB).await;

    let hinted = request().with("id_token_hint", hint);
    let silent = hinted.clone().with("prompt", "none").url(&server);
    other.open(&silent).await.client_is_told("login_required");
    let page = other.open(&hinted.url(&server)).await;
    assert_eq!(page.path(), "/choose_account");
    let told = decide(&mut other, &page, "continue").await;
    told.client_is_told("login_required");

    let page = other.open(&hinted.url(&server)).await;
    let login = decide(&mut other, &page, "other").await;
    let back = log_in_at(&mut other, &login, Person::ALICE).await;
    assert!(
        back.callback().contains_key("code"),
        "an expired hint is still a hint"
    );
}

#[tokio::test]
async fn an_access_token_is_no_id_token_hint() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let tokens = tokens(&mut browser, SPA, (Person::ALICE, "openid")).await;
    let hint = tokens["access_token"].as_str().unwrap();
    let page = browser
        .open(&request().with("id_token_hint", hint).url(&server))
        .await;
    page.client_is_told("invalid_request");
}
