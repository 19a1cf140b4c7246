//! The second factor: how it is set up and asked for, and what an attacker gets.

mod account;
mod anomaly;
mod attacks;
mod detours;
mod guesses;
mod policy;
mod step_up;

use cardea_testkit::{
    Browser, Page, Person, TestServer,
    clients::SPA,
    factors::{App, backup_codes, enter, follow},
    flows::{Authorization, decide, log_in, log_in_at, redeem},
    jwt,
};
use jiff::SignedDuration;
use serde_json::Value;

const MFA: &str = "urn:cardea:acr:mfa";
const PASSWORD: &str = "urn:cardea:acr:password";
const ESSENTIAL: &str = r#"{"id_token":{"acr":{"essential":true,"value":"urn:cardea:acr:mfa"}}}"#;
const SESSION: &str = "__Host-cardea_session";
const TRUSTED: &str = "__Host-cardea_trusted";

fn request() -> Authorization {
    Authorization::of(SPA)
}

fn demanding() -> Authorization {
    request().with("claims", ESSENTIAL)
}

/// The page after the login of a request.
async fn after_password(
    browser: &mut Browser<'_>,
    request: &Authorization,
    person: Person,
) -> Page {
    let page = browser.open(&request.url(browser.server())).await;
    log_in_at(browser, &page, person).await
}

/// Goes through the consent, if it is asked for, and reads the ID token.
async fn id_token(browser: &mut Browser<'_>, page: Page) -> Value {
    let page = match page.path().ends_with("/consent") && page.status() == 200 {
        true => decide(browser, &page, "allow").await,
        false => page,
    };
    let code = page.callback()["code"].clone();
    let tokens = redeem(browser.server(), SPA, &code).await.granted();
    jwt::claims(tokens["id_token"].as_str().unwrap())
}

/// Sets up an authenticator app where a request demands it; the codes are those of the page.
async fn enrolled(browser: &mut Browser<'_>, person: Person) -> (App, Vec<String>) {
    let page = after_password(browser, &demanding(), person).await;
    assert_eq!(page.path(), "/second_factor", "{}", page.text());
    let app = App::scan(&page);
    let page = enter(browser, &page, &app.code(browser.server())).await;
    let codes = backup_codes(&page);
    assert_eq!(codes.len(), 10, "{}", page.text());
    // The code that proved the app is used.
    browser.server().advance(SignedDuration::from_secs(30));
    (app, codes)
}

#[tokio::test]
async fn an_app_is_set_up_proved_and_asked_for_at_the_next_login() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let page = after_password(&mut browser, &demanding(), Person::ALICE).await;
    assert_eq!((page.status(), page.path()), (200, "/second_factor"));
    assert!(browser.cookie(SESSION).is_none(), "no session yet");
    let html = page.text();
    assert!(html.contains("<svg class=\"qr\"") && html.contains("autocomplete=\"one-time-code\""));
    let app = App::scan(&page);

    let wrong = enter(&mut browser, &page, "000000").await;
    assert_eq!(wrong.status(), 422);
    assert_eq!(
        App::scan(&wrong).code(&server),
        app.code(&server),
        "the same key"
    );
    assert!(browser.cookie(SESSION).is_none());

    let page = enter(&mut browser, &wrong, &app.code(&server)).await;
    assert_eq!(page.status(), 200);
    let codes = backup_codes(&page);
    assert_eq!(codes.len(), 10);
    assert!(browser.cookie(SESSION).is_some());
    let page = follow(&mut browser, &page, "/consent").await;
    let claims = id_token(&mut browser, page).await;
    assert_eq!(claims["acr"], MFA);
    assert_eq!(claims["amr"], serde_json::json!(["pwd", "otp", "mfa"]));

    // Another browser, with no wish: the policy is "optional", and Alice has a second factor.
    server.advance(SignedDuration::from_secs(30));
    let mut other = Browser::new(&server);
    let page = after_password(&mut other, &request(), Person::ALICE).await;
    assert_eq!(page.path(), "/second_factor");
    assert!(other.cookie(SESSION).is_none());
    let page = enter(&mut other, &page, &app.code(&server)).await;
    let claims = id_token(&mut other, page).await;
    assert_eq!(claims["acr"], MFA);
}

#[tokio::test]
async fn a_backup_code_stands_in_for_the_app_once() {
    let server = TestServer::start().await;
    let (_, codes) = enrolled(&mut Browser::new(&server), Person::ALICE).await;
    let mut browser = Browser::new(&server);
    let page = after_password(&mut browser, &request(), Person::ALICE).await;
    let typed = codes[0].to_lowercase().replace('-', " ");
    let page = enter(&mut browser, &page, &typed).await;
    let claims = id_token(&mut browser, page).await;
    assert_eq!(
        (&claims["acr"], &claims["amr"][1]),
        (&MFA.into(), &"otp".into())
    );
    let mut again = Browser::new(&server);
    let page = after_password(&mut again, &request(), Person::ALICE).await;
    let page = enter(&mut again, &page, &codes[0]).await;
    assert_eq!((page.status(), page.path()), (422, "/second_factor"));
}

#[tokio::test]
async fn the_last_three_backup_codes_are_announced() {
    let server = TestServer::start().await;
    let (_, codes) = enrolled(&mut Browser::new(&server), Person::ALICE).await;
    for (used, code) in codes.iter().enumerate() {
        let mut browser = Browser::new(&server);
        let page = after_password(&mut browser, &request(), Person::ALICE).await;
        let page = enter(&mut browser, &page, code).await;
        let left = 9 - used;
        if left > 3 {
            assert_ne!(page.path(), "/second_factor", "{left}");
            continue;
        }
        assert_eq!(
            (page.status(), page.heading()),
            (200, "Backup codes are running out".to_owned())
        );
        let page = follow(&mut browser, &page, "/consent").await;
        assert_eq!(id_token(&mut browser, page).await["acr"], MFA);
    }
}

#[tokio::test]
async fn a_trusted_device_is_not_asked_and_does_not_claim_a_second_factor() {
    let server = TestServer::start().await;
    let (app, _) = enrolled(&mut Browser::new(&server), Person::ALICE).await;
    let mut browser = Browser::new(&server);
    let page = after_password(&mut browser, &request(), Person::ALICE).await;
    let fill = [("code", app.code(&server)), ("trust", "on".to_owned())];
    let fill: Vec<_> = fill.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let page = browser.submit(&page, page.form(), &fill).await;
    assert_eq!(id_token(&mut browser, page).await["acr"], MFA);
    assert!(browser.cookie(TRUSTED).is_some());
    browser.lose(SESSION);

    let page = after_password(&mut browser, &request(), Person::ALICE).await;
    let claims = id_token(&mut browser, page).await;
    assert_eq!(
        (&claims["acr"], &claims["amr"]),
        (&PASSWORD.into(), &serde_json::json!(["pwd"]))
    );
    // An application that asks for a second factor gets one.
    let wish = request().with("acr_values", MFA);
    let page = browser.open(&wish.url(&server)).await;
    assert_eq!(page.path(), "/second_factor");
    // The cookie is Alice's: it says nothing about Bob.
    enrolled(&mut Browser::new(&server), Person::BOB).await;
    browser.lose(SESSION);
    let page = after_password(&mut browser, &request(), Person::BOB).await;
    assert_eq!(page.path(), "/second_factor");
    // A month later it is asked again.
    server.advance(SignedDuration::from_hours(24 * 30));
    browser.lose(SESSION);
    let page = after_password(&mut browser, &request(), Person::ALICE).await;
    assert_eq!(page.path(), "/second_factor");
}
