use cardea_protocol::mail::{MailTemplate, MailValue};
use cardea_testkit::{Form, flows::log_in};

use super::*;
use crate::mails::{link_to, with_mail, written};

/// The form of an action.
fn action(page: &Page, name: &str) -> Form {
    let forms = page.forms().into_iter();
    let mut named = forms.filter(|form| form.value("action") == name);
    named
        .next()
        .unwrap_or_else(|| panic!("no {name}: {}", page.text()))
}

fn has(page: &Page, name: &str) -> bool {
    page.forms().iter().any(|form| form.value("action") == name)
}

async fn security(browser: &mut Browser<'_>) -> Page {
    let url = browser.server().url("/account/security");
    browser.open(&url).await
}

/// Alice, signed in and with an authenticator app that she has just set up on her account page.
async fn set_up(browser: &mut Browser<'_>) -> (App, Vec<String>) {
    log_in(browser, Person::ALICE).await;
    let page = security(browser).await;
    assert!(!has(&page, "remove_totp") && !has(&page, "backup_codes"));
    let page = follow(browser, &page, "/account/security/authenticator_app").await;
    let app = App::scan(&page);
    let form = page.forms().into_iter().nth(1).unwrap();
    let wrong = browser.submit(&page, form, &[("code", "000000")]).await;
    assert_eq!(wrong.status(), 422);
    let form = wrong.forms().into_iter().nth(1).unwrap();
    let code = app.code(browser.server());
    let page = browser.submit(&wrong, form, &[("code", &code)]).await;
    let codes = backup_codes(&page);
    assert_eq!(codes.len(), 10, "{}", page.text());
    browser.server().advance(SignedDuration::from_secs(30));
    (app, codes)
}

#[tokio::test]
async fn an_app_is_set_up_and_removed_on_the_account_page() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let (app, codes) = set_up(&mut browser).await;
    let page = security(&mut browser).await;
    assert!(page.text().contains("10 left"), "{}", page.text());
    // New codes replace those before, and are shown once.
    let form = action(&page, "backup_codes");
    let new = browser.submit(&page, form, &[]).await;
    let new = backup_codes(&new);
    assert_eq!(new.len(), 10);
    assert!(new.iter().all(|code| !codes.contains(code)));
    let page = security(&mut browser).await;
    assert!(!page.text().contains(&new[0]));

    let mut other = Browser::new(&server);
    let asked = after_password(&mut other, &request(), Person::ALICE).await;
    let refused = enter(&mut other, &asked, &codes[0]).await;
    assert_eq!(refused.status(), 422);
    enter(&mut other, &refused, &app.code(&server)).await;
    assert!(other.cookie(SESSION).is_some());

    let form = action(&page, "remove_totp");
    let page = browser.submit(&page, form, &[]).await;
    assert!(
        !has(&page, "remove_totp") && !has(&page, "backup_codes"),
        "{}",
        page.text()
    );
    let mut next = Browser::new(&server);
    let page = after_password(&mut next, &request(), Person::ALICE).await;
    assert_ne!(page.path(), "/second_factor");
}

#[tokio::test]
async fn an_app_and_backup_codes_are_mailed_when_they_are_added_and_removed() {
    let server = TestServer::builder().config(with_mail).start().await;
    let mut browser = Browser::new(&server);
    set_up(&mut browser).await;
    let page = security(&mut browser).await;
    for name in ["backup_codes", "remove_totp", "remove_totp"] {
        browser.submit(&page, action(&page, name), &[]).await;
    }
    let mails = written(&server).await;
    let told = mails.iter().map(|mail| {
        let way = mail.value(MailValue::Factor).unwrap();
        (mail.template(), way)
    });
    let told: Vec<_> = told.collect();
    let expected = [
        (MailTemplate::FactorAdded, "An authenticator app"),
        (MailTemplate::FactorAdded, "A new set of backup codes"),
        (MailTemplate::FactorRemoved, "An authenticator app"),
    ];
    assert_eq!(told, expected);
    assert!(mails.iter().all(|mail| mail.link().is_some()));
}

#[tokio::test]
async fn theft_an_app_of_whoever_had_the_password_does_not_keep_the_owner_out() {
    let builder = TestServer::builder().config(|config| config.development = true);
    let server = builder.issuer("http://localhost:9000").start().await;
    let mut eve = Browser::new(&server);
    set_up(&mut eve).await;
    let mut owner = Browser::new(&server);
    let url = link_to(&server, "alice@example.test", "/not_me").await;
    let page = owner.open(&url).await;
    let done = owner.submit(&page, page.form(), &[]).await;
    assert_eq!(done.heading(), "Your account is secured");
    let url = link_to(&server, "alice@example.test", "/password_reset").await;
    let page = owner.open(&url).await;
    let fill = [("password", "seven-otters-in-a-canoe")];
    owner.submit(&page, page.form(), &fill).await;
    let page = owner.open(&server.url("/login")).await;
    let fill = [
        ("username", "alice"),
        ("password", "seven-otters-in-a-canoe"),
    ];
    let page = owner.submit(&page, page.form(), &fill).await;
    assert_eq!(page.path(), "/account/profile", "{}", page.text());
    let alice = server.subject(Person::ALICE).await;
    let factors = server.store.factors(&alice).await.unwrap();
    assert!(factors.totp.is_none() && factors.backup_codes == 0);
}

#[tokio::test]
async fn sensitive_changes_take_a_recent_sign_in_with_the_second_factor() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let (app, _) = set_up(&mut browser).await;
    let page = security(&mut browser).await;
    server.advance(SignedDuration::from_mins(11));
    for name in ["remove_totp", "backup_codes"] {
        let asked = browser.submit(&page, action(&page, name), &[]).await;
        assert_eq!(
            (asked.status(), asked.path()),
            (200, "/second_factor"),
            "{name}"
        );
    }
    let asked = browser
        .submit(&page, action(&page, "remove_totp"), &[])
        .await;
    let back = enter(&mut browser, &asked, &app.code(&server)).await;
    assert_eq!(back.path(), "/account/security");
    let page = browser
        .submit(&back, action(&back, "remove_totp"), &[])
        .await;
    assert!(!has(&page, "remove_totp"));
    // Without a factor it is the password.
    server.advance(SignedDuration::from_mins(11));
    let url = server.url("/account/security/authenticator_app");
    let page = browser.open(&url).await;
    assert_eq!(page.path(), "/login");
    assert_eq!(page.form().value("username"), "alice");
    assert!(page.text().contains("readonly"));
    // Nobody else signs in in her place.
    let bob = [
        ("username", Person::BOB.username),
        ("password", Person::BOB.password),
    ];
    let page = browser.submit(&page, page.form(), &bob).await;
    assert_eq!(
        (page.path(), page.text().contains("readonly")),
        ("/login", true)
    );
    let alice = [("password", Person::ALICE.password)];
    let back = browser.submit(&page, page.form(), &alice).await;
    assert_eq!(back.path(), "/account/security");
    assert!(back.text().contains("Alice A"));
    assert_eq!(
        browser.open(&url).await.path(),
        "/account/security/authenticator_app"
    );
}

#[tokio::test]
async fn a_session_of_the_first_factor_only_changes_nothing() {
    let server = TestServer::start().await;
    // Open before the app was set up.
    let mut thief = Browser::new(&server);
    log_in(&mut thief, Person::ALICE).await;
    let before = security(&mut thief).await;
    set_up(&mut Browser::new(&server)).await;
    let page = security(&mut thief).await;
    for name in ["remove_totp", "backup_codes"] {
        let asked = thief.submit(&page, action(&page, name), &[]).await;
        assert_eq!(asked.path(), "/second_factor", "{name}");
    }
    let url = server.url("/account/security/authenticator_app");
    assert_eq!(thief.open(&url).await.path(), "/account/security");
    assert!(!has(&before, "remove_totp"));
    let subject = server.subject(Person::ALICE).await;
    let found = server.store.factors(&subject).await.unwrap();
    assert!(found.totp.is_some() && found.backup_codes == 10);
}

#[tokio::test]
async fn a_trusted_device_is_listed_and_forgotten() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let (app, _) = set_up(&mut browser).await;
    let mut trusted = Browser::new(&server);
    let page = after_password(&mut trusted, &request(), Person::ALICE).await;
    let code = app.code(&server);
    trusted.submit(&page, page.form(), &[("code", &code)]).await;
    assert!(trusted.cookie(TRUSTED).is_some());
    let page = security(&mut browser).await;
    let form = action(&page, "forget_device");
    // Another user's page forgets nothing of Alice.
    let mut bob = Browser::new(&server);
    log_in(&mut bob, Person::BOB).await;
    let bobs = security(&mut bob).await;
    let own = bobs.forms().into_iter().next().unwrap();
    let forged = Form {
        action: form.action.clone(),
        ..own
            .with("action", "forget_device")
            .with("id", form.value("id"))
    };
    bob.submit(&bobs, forged, &[]).await;
    let page = security(&mut browser).await;
    assert!(has(&page, "forget_device"));
    let page = browser
        .submit(&page, action(&page, "forget_device"), &[])
        .await;
    assert!(!has(&page, "forget_device"), "{}", page.text());
    trusted.lose(SESSION);
    let page = after_password(&mut trusted, &request(), Person::ALICE).await;
    assert_eq!(page.path(), "/second_factor");
}

#[tokio::test]
async fn a_form_of_another_origin_changes_nothing() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    set_up(&mut browser).await;
    let url = server.url("/account/security/factors");
    let answer = browser
        .cross_site_post(&url, &[("action", "remove_totp")])
        .await;
    // The cookie is not sent with it.
    assert_eq!(answer.path(), "/login");
    let page = security(&mut browser).await;
    assert!(has(&page, "remove_totp"));
}
