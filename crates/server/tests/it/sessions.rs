//! Cookies and the session behind them (D7, D8): new at each login, one user per browser, dead in time.

use cardea_testkit::{
    Browser, Person, TestServer,
    clients::SPA,
    flows::{log_in, log_in_at, refresh, tokens},
};
use jiff::SignedDuration;

const SESSION: &str = "__Host-cardea_session";
const BROWSER: &str = "__Host-cardea_browser";

#[tokio::test]
async fn cookies_are_host_bound_and_out_of_reach_for_scripts() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let page = browser.open(&server.url("/login")).await;
    let before = page.answer.set_cookie(BROWSER).unwrap().to_owned();
    assert!(
        before.ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure"),
        "{before}"
    );
    assert_eq!(
        browser.cookies().len(),
        1,
        "nothing else is set for a stranger"
    );
    let fill = [("username", "alice"), ("password", Person::ALICE.password)];
    let answer = browser.submit_once(&page, page.form(), &fill).await;
    for name in [SESSION, BROWSER] {
        let cookie = answer.set_cookie(name).unwrap();
        assert!(
            cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure"),
            "{cookie}"
        );
        assert!(!before.starts_with(cookie.split(';').next().unwrap()));
    }
    let device = answer.set_cookie("__Host-cardea_device").unwrap();
    assert!(
        device.contains("; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age="),
        "{device}"
    );
}

#[tokio::test]
async fn over_plain_http_on_loopback_cookies_have_no_prefix() {
    let server = TestServer::builder()
        .issuer("http://localhost:9000")
        .start()
        .await;
    let mut browser = Browser::new(&server);
    log_in(&mut browser, Person::ALICE).await;
    let names: Vec<_> = browser.cookies().keys().map(String::as_str).collect();
    assert_eq!(names, ["cardea_browser", "cardea_device", "cardea_session"]);
    let answer = server.get("/login").send().await;
    assert_eq!(answer.header("strict-transport-security"), None);
}

#[tokio::test]
async fn a_planted_session_never_becomes_a_living_one() {
    let server = TestServer::start().await;
    let mut thief = Browser::new(&server);
    thief.open(&server.url("/login")).await;
    let planted = "A".repeat(43);
    let id = thief.cookie(BROWSER).unwrap().to_owned();
    let mut victim = Browser::new(&server);
    victim.plant(SESSION, &planted);
    victim.plant(BROWSER, &id);
    log_in(&mut victim, Person::ALICE).await;
    assert_ne!(victim.cookie(SESSION).unwrap(), planted);
    assert_ne!(victim.cookie(BROWSER).unwrap(), id);
    thief.plant(SESSION, &planted);
    assert_eq!(thief.open(&server.url("/account")).await.path(), "/login");
}

#[tokio::test]
async fn an_attackers_living_session_in_the_victims_browser_ends_at_the_victims_login() {
    let server = TestServer::start().await;
    let mut attacker = Browser::new(&server);
    log_in(&mut attacker, Person::BOB).await;
    let mut victim = Browser::new(&server);
    for (name, value) in attacker.cookies() {
        victim.plant(name, value);
    }
    log_in(&mut victim, Person::ALICE).await;
    for (name, value) in attacker.cookies() {
        assert_ne!(victim.cookie(name), Some(value.as_str()));
    }
    let page = attacker.open(&server.url("/account")).await;
    assert_eq!(page.path(), "/login", "one user per browser (D8)");
}

#[tokio::test]
async fn malformed_cookies_are_no_cookies() {
    let server = TestServer::start().await;
    let hash_like = "é".repeat(20);
    for value in [
        "",
        "x",
        "\"quoted\"",
        &"A".repeat(44),
        &"A".repeat(9000),
        &hash_like,
    ] {
        let call = server
            .get("/account")
            .header("cookie", &format!("{SESSION}={value}"));
        let answer = call.send().await;
        assert_eq!(answer.status, 303, "{value}");
        assert_eq!(answer.location(), "https://id.example.test/login");
    }
}

#[tokio::test]
async fn two_session_cookies_are_none() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    log_in(&mut browser, Person::ALICE).await;
    let own = browser.cookie(SESSION).unwrap();
    let call = server.get("/account");
    let both = format!("{SESSION}={own}; {SESSION}={}", "A".repeat(43));
    assert_eq!(call.header("cookie", &both).send().await.status, 303);
}

#[tokio::test]
async fn a_session_dies_by_idleness_and_by_age() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let account = server.url("/account");
    log_in(&mut browser, Person::ALICE).await;
    for _ in 0..15 {
        server.advance(SignedDuration::from_mins(29));
        assert_eq!(browser.open(&account).await.path(), "/account");
    }
    server.advance(SignedDuration::from_mins(30));
    assert_eq!(browser.open(&account).await.path(), "/login");

    log_in(&mut browser, Person::ALICE).await;
    for _ in 0..16 {
        server.advance(SignedDuration::from_mins(29));
        browser.open(&account).await;
    }
    server.advance(SignedDuration::from_mins(16));
    assert_eq!(browser.open(&account).await.path(), "/login", "eight hours");
}

#[tokio::test]
async fn t1_a_new_password_ends_what_a_thief_holds() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let scope = "openid offline_access";
    let tokens = tokens(&mut browser, SPA, (Person::ALICE, scope)).await;
    let refresh_token = tokens["refresh_token"].as_str().unwrap();
    let hash = "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    server.set_password_hash(Person::ALICE, hash).await;
    let refused = refresh(&server, SPA, refresh_token).await;
    refused.refused(400, "invalid_grant");
}

#[tokio::test]
async fn t1_a_new_password_forgets_the_browsers_that_were_known() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    log_in(&mut browser, Person::ALICE).await;
    let lock = async || {
        for _ in 0..7 {
            let subject = server.subject(Person::ALICE).await;
            let failure = server
                .store
                .record_login_failure(subject, None, server.cause());
            failure.await.unwrap();
        }
    };
    // A known browser is let in while the account waits after failed logins of others.
    lock().await;
    browser.lose(SESSION);
    let page = log_in(&mut browser, Person::ALICE).await;
    assert_eq!(page.heading(), "Your account");
    // The same browser is a stranger after a new password.
    let before = browser.cookie("__Host-cardea_device").unwrap().to_owned();
    server.clock.advance(SignedDuration::from_secs(1));
    let hash = server.password_hash(Person::ALICE).await;
    server.set_password_hash(Person::ALICE, &hash).await;
    lock().await;
    browser.lose(SESSION);
    browser.plant("__Host-cardea_device", &before);
    let page = browser.open(&server.url("/login")).await;
    let page = log_in_at(&mut browser, &page, Person::ALICE).await;
    assert_eq!(page.status(), 422, "{}", page.text());
}
