//! Passkeys: how they are added and used, and what an attacker gets.

mod account;
mod attacks;
mod attestation;
mod on_the_way;

use cardea_testkit::{
    Browser, Form, Page, Person, TestServer,
    clients::SPA,
    factors::backup_codes,
    flows::{Authorization, decide, log_in, log_in_at, redeem},
    jwt,
    passkeys::{SoftAuthenticator, passkey_form},
};
use serde_json::{Value, json};

const STRONGEST: &str = "urn:cardea:acr:phishing-resistant";
const MFA: &str = "urn:cardea:acr:mfa";
const SESSION: &str = "__Host-cardea_session";

fn request() -> Authorization {
    Authorization::of(SPA)
}

/// Demands a passkey.
fn demanding() -> Authorization {
    let claims = json!({"id_token": {"acr": {"essential": true, "value": STRONGEST}}});
    request().with("claims", &claims.to_string())
}

async fn passkeys_page(browser: &mut Browser<'_>) -> Page {
    let url = browser.server().url("/account/security/passkeys");
    browser.open(&url).await
}

/// Adds a passkey on the account page of a user who has just signed in; the page after it.
async fn add(browser: &mut Browser<'_>, authenticator: &mut SoftAuthenticator, name: &str) -> Page {
    let page = passkeys_page(browser).await;
    let form = passkey_form(&page);
    let answer = authenticator.create(&form).await;
    let fill = [("credential", answer.as_str()), ("name", name)];
    browser.submit(&page, form, &fill).await
}

/// A user with a passkey, whose browser is not the one that comes back.
async fn enrolled(server: &TestServer, person: Person) -> SoftAuthenticator {
    let mut authenticator = SoftAuthenticator::new();
    let mut browser = Browser::new(server);
    log_in(&mut browser, person).await;
    let page = add(&mut browser, &mut authenticator, "Laptop").await;
    assert_eq!(backup_codes(&page).len(), 10, "{}", page.text());
    authenticator
}

/// Answers the form for a passkey of a page.
async fn prove(
    browser: &mut Browser<'_>,
    page: &Page,
    authenticator: &mut SoftAuthenticator,
) -> Page {
    let form = passkey_form(page);
    let answer = authenticator.sign(&form).await;
    browser.submit(page, form, &[("credential", &answer)]).await
}

async fn login_page(browser: &mut Browser<'_>, request: &Authorization) -> Page {
    let page = browser.open(&request.url(browser.server())).await;
    assert_eq!(page.path(), "/login", "{}", page.text());
    page
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

#[tokio::test]
async fn a_passkey_signs_in_without_a_user_name_and_is_both_factors() {
    let server = TestServer::start().await;
    let mut authenticator = enrolled(&server, Person::ALICE).await;
    let mut browser = Browser::new(&server);
    let page = login_page(&mut browser, &request()).await;
    assert!(page.text().contains("autocomplete=\"username webauthn\""));
    let page = prove(&mut browser, &page, &mut authenticator).await;
    assert!(browser.cookie(SESSION).is_some(), "{}", page.text());
    let claims = id_token(&mut browser, page).await;
    assert_eq!(claims["acr"], STRONGEST);
    assert_eq!(claims["amr"], json!(["swk", "user", "mfa"]));
    // The next sign-in, after the counter of the passkey has risen.
    server.advance(jiff::SignedDuration::from_secs(1));
    let mut again = Browser::new(&server);
    let page = login_page(&mut again, &request()).await;
    prove(&mut again, &page, &mut authenticator).await;
    assert!(again.cookie(SESSION).is_some());
}

#[tokio::test]
async fn a_passkey_is_asked_for_after_the_password() {
    let server = TestServer::start().await;
    let mut authenticator = enrolled(&server, Person::ALICE).await;
    let mut browser = Browser::new(&server);
    let page = login_page(&mut browser, &request()).await;
    let page = log_in_at(&mut browser, &page, Person::ALICE).await;
    assert_eq!(page.path(), "/second_factor", "{}", page.text());
    assert!(browser.cookie(SESSION).is_none());
    assert!(page.text().contains("name=\"code\""), "or a backup code");
    let page = prove(&mut browser, &page, &mut authenticator).await;
    let claims = id_token(&mut browser, page).await;
    assert_eq!(claims["acr"], STRONGEST);
    assert_eq!(claims["amr"], json!(["pwd", "swk", "user", "mfa"]));
}

#[tokio::test]
async fn an_essential_acr_of_phishing_resistance_takes_a_passkey() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let page = login_page(&mut browser, &demanding()).await;
    let page = log_in_at(&mut browser, &page, Person::BOB).await;
    page.client_is_told("unmet_authentication_requirements");
    // Alice has one: neither the password nor a backup code is enough.
    let mut authenticator = enrolled(&server, Person::ALICE).await;
    let mut browser = Browser::new(&server);
    let page = login_page(&mut browser, &demanding()).await;
    let page = log_in_at(&mut browser, &page, Person::ALICE).await;
    assert_eq!(page.path(), "/second_factor");
    assert!(!page.text().contains("name=\"code\""), "{}", page.text());
    let page = prove(&mut browser, &page, &mut authenticator).await;
    let claims = id_token(&mut browser, page).await;
    assert_eq!(claims["acr"], STRONGEST);
}

#[tokio::test]
async fn a_session_is_stepped_up_by_a_passkey() {
    let server = TestServer::start().await;
    let mut authenticator = enrolled(&server, Person::ALICE).await;
    let mut browser = Browser::new(&server);
    let page = login_page(&mut browser, &request()).await;
    let page = log_in_at(&mut browser, &page, Person::ALICE).await;
    let page = prove(&mut browser, &page, &mut authenticator).await;
    let before = id_token(&mut browser, page).await;
    // A new session without it, by a backup code; then the request demands more.
    server.advance(jiff::SignedDuration::from_secs(30));
    let page = browser
        .open(&demanding().with("max_age", "10").url(&server))
        .await;
    assert_eq!(page.path(), "/login", "{}", page.text());
    let page = prove(&mut browser, &page, &mut authenticator).await;
    let after = id_token(&mut browser, page).await;
    assert_eq!(before["sub"], after["sub"]);
    assert_ne!(before["auth_time"], after["auth_time"]);
}

#[tokio::test]
async fn who_only_wishes_for_a_passkey_may_use_a_code() {
    let server = TestServer::start().await;
    let mut owner = Browser::new(&server);
    log_in(&mut owner, Person::ALICE).await;
    let mut authenticator = SoftAuthenticator::new();
    let codes = backup_codes(&add(&mut owner, &mut authenticator, "Laptop").await);
    let mut browser = Browser::new(&server);
    let wish = request().with("acr_values", STRONGEST);
    let page = login_page(&mut browser, &wish).await;
    let page = log_in_at(&mut browser, &page, Person::ALICE).await;
    let form = page.form().without("trust");
    let page = browser.submit(&page, form, &[("code", &codes[0])]).await;
    let claims = id_token(&mut browser, page).await;
    assert_eq!(claims["acr"], MFA, "what was reached");
}

#[tokio::test]
async fn the_page_of_passkeys_leads_to_the_other_way_and_back() {
    let server = TestServer::start().await;
    let mut authenticator = enrolled(&server, Person::ALICE).await;
    let mut browser = Browser::new(&server);
    let page = browser.open(&server.url("/passkey")).await;
    assert_eq!(page.path(), "/login", "there is nothing to sign in to yet");
    let page = login_page(&mut browser, &request()).await;
    let ticket = page.form().value("ticket").to_owned();
    let page = browser
        .open(&server.url(&format!("/passkey?ticket={ticket}")))
        .await;
    assert_eq!((page.status(), page.path()), (200, "/passkey"));
    assert!(page.text().contains("href=\"/login?ticket="));
    assert!(page.text().contains("passkey-missing"));
    prove(&mut browser, &page, &mut authenticator).await;
    assert!(browser.cookie(SESSION).is_some());
}

fn value(form: &Form, name: &str) -> String {
    form.value(name).to_owned()
}

#[tokio::test]
async fn the_tick_to_stay_signed_in_counts_with_a_passkey_too() {
    let server = TestServer::builder()
        .config(|config| {
            let days = cardea_web::config::Duration::from_secs(30 * 86_400);
            config.sessions.remember = Some(days);
        })
        .start()
        .await;
    let mut authenticator = enrolled(&server, Person::ALICE).await;
    let mut browser = Browser::new(&server);
    let page = login_page(&mut browser, &request()).await;
    let form = passkey_form(&page);
    let answer = authenticator.sign(&form).await;
    let fill = [("credential", answer.as_str()), ("remember", "on")];
    let answer = browser.submit_once(&page, form, &fill).await;
    let cookies = answer.headers.get_all("set-cookie").iter();
    let mut cookies = cookies.filter_map(|cookie| cookie.to_str().ok());
    assert!(
        cookies.any(|cookie| cookie.starts_with(SESSION) && cookie.contains("Max-Age=")),
        "{answer:?}"
    );
}
