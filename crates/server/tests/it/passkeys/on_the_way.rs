//! A passkey that is set up on the way of a sign-in that needs a second factor.

use cardea_protocol::mfa::Requirement;
use cardea_testkit::factors::{App, enter};

use super::*;

async fn requiring() -> TestServer {
    let server = TestServer::builder().config(|c| c.mfa.policy = Requirement::Required);
    server.start().await
}

/// The page after the password of a user without a second factor.
async fn offered(browser: &mut Browser<'_>, person: Person) -> Page {
    let page = login_page(browser, &request()).await;
    let page = log_in_at(browser, &page, person).await;
    assert_eq!(page.path(), "/second_factor", "{}", page.text());
    assert!(browser.cookie(SESSION).is_none());
    page
}

async fn make(
    browser: &mut Browser<'_>,
    page: &Page,
    authenticator: &mut SoftAuthenticator,
) -> Page {
    let form = passkey_form(page);
    let answer = authenticator.create(&form).await;
    browser.submit(page, form, &[("credential", &answer)]).await
}

#[tokio::test]
async fn a_passkey_is_made_in_place_of_an_app_and_brings_backup_codes() {
    let server = requiring().await;
    let mut browser = Browser::new(&server).named("Firefox on Linux");
    let page = offered(&mut browser, Person::ALICE).await;
    let mut authenticator = SoftAuthenticator::new();
    let page = make(&mut browser, &page, &mut authenticator).await;
    assert_eq!(backup_codes(&page).len(), 10, "{}", page.text());
    assert!(browser.cookie(SESSION).is_some());
    let page = browser.open(&request().url(&server)).await;
    let token = id_token(&mut browser, page).await;
    assert_eq!(token["acr"], STRONGEST);
    assert_eq!(token["amr"], json!(["pwd", "swk", "user", "mfa"]));

    // From now on it is asked for, and signs in without a password.
    let mut other = Browser::new(&server);
    let page = login_page(&mut other, &request()).await;
    let page = prove(&mut other, &page, &mut authenticator).await;
    assert_eq!(id_token(&mut other, page).await["acr"], STRONGEST);
    let mut third = Browser::new(&server);
    let page = login_page(&mut third, &request()).await;
    let page = log_in_at(&mut third, &page, Person::ALICE).await;
    let create = passkey_form(&page).options.unwrap();
    assert!(!create.contains("attestation"), "it is asked for: {create}");
}

#[tokio::test]
async fn an_answer_of_another_page_makes_no_passkey() {
    let server = requiring().await;
    let (mut alice, mut bob) = (Browser::new(&server), Browser::new(&server));
    let hers = offered(&mut alice, Person::ALICE).await;
    let his = offered(&mut bob, Person::BOB).await;
    let mut authenticator = SoftAuthenticator::new();
    let foreign = passkey_form(&his);
    let answer = authenticator.create(&foreign).await;
    let challenge = foreign.value("challenge").to_owned();
    for (challenge, answer) in [
        (challenge.as_str(), answer.as_str()),
        (passkey_form(&hers).value("challenge"), &answer),
        ("", "{}"),
        ("", ""),
    ] {
        let fill = [("challenge", challenge), ("credential", answer)];
        let refused = alice.submit(&hers, passkey_form(&hers), &fill).await;
        assert_eq!(refused.status(), 422, "{}", refused.text());
        assert!(refused.text().contains("The passkey was not added"));
        assert!(alice.cookie(SESSION).is_none());
    }
}

#[tokio::test]
async fn who_knows_only_the_password_adds_no_passkey_beside_the_factor_of_the_owner() {
    let server = requiring().await;
    // The attacker's page was shown before the owner had a factor.
    let mut attacker = Browser::new(&server);
    let page = offered(&mut attacker, Person::ALICE).await;
    let form = passkey_form(&page);
    let answer = SoftAuthenticator::new().create(&form).await;

    let mut owner = Browser::new(&server);
    let own = offered(&mut owner, Person::ALICE).await;
    let app = App::scan(&own);
    let own = enter(&mut owner, &own, &app.code(&server)).await;
    assert_eq!(backup_codes(&own).len(), 10);

    let refused = attacker
        .submit(&page, form, &[("credential", &answer)])
        .await;
    assert_eq!(
        refused.status(),
        422,
        "it asks for a code: {}",
        refused.text()
    );
    assert!(attacker.cookie(SESSION).is_none());
    let owned = passkeys_page(&mut owner).await;
    let removable = owned.forms();
    assert!(
        !removable
            .iter()
            .any(|form| form.value("action") == "remove")
    );
}
