//! `/not_me`: the link in mails about a sign-in or a change that the user did not make.

mod attacks;

use cardea_protocol::model::{AuditEvent, User};
use cardea_testkit::{
    Browser, Person, TestServer,
    clients::WEB,
    eventually,
    flows::{is_active, log_in, refresh, tokens},
};
use jiff::SignedDuration;

use crate::mails::{link_to, mailbox_server, mails_to, press};

const ADDRESS: &str = "alice@example.test";
const NEW: &str = "seven-rusty-hinges-of-oak";
const SECURED: &str = "Your account is secured";
const USED: &str = "This link no longer works";
const PASSWORD: &str = "/account/security/password";

/// Whoever knows Alice's password changes it. The link in the mail about that.
async fn taken_over(server: &TestServer, eve: &mut Browser<'_>) -> String {
    log_in(eve, Person::ALICE).await;
    change_password(eve, Person::ALICE.password, NEW).await;
    link_to(server, ADDRESS, "/not_me").await
}

async fn change_password(browser: &mut Browser<'_>, present: &str, new: &str) {
    let page = browser.open(&browser.server().url(PASSWORD)).await;
    let fill = [("present", present), ("password", new)];
    let done = browser.submit(&page, page.form_to(PASSWORD), &fill).await;
    assert_eq!(done.path(), "/account/security", "{}", done.text());
}

async fn alice(server: &TestServer) -> User {
    let subject = server.subject(Person::ALICE).await;
    server.store.user(&subject).await.unwrap().unwrap()
}

async fn has_password(server: &TestServer) -> bool {
    let subject = server.subject(Person::ALICE).await;
    server.store.has_password(&subject).await.unwrap()
}

#[tokio::test]
async fn a_user_who_did_not_change_the_password_locks_out_who_did() {
    let server = mailbox_server().await;
    let (mut eve, mut owner) = (Browser::new(&server), Browser::new(&server));
    let url = taken_over(&server, &mut eve).await;
    // A mail scanner reads the link.
    for _ in 0..3 {
        let page = owner.open(&url).await;
        assert_eq!(
            (page.status(), page.heading().as_str()),
            (200, "Secure your account")
        );
        assert!(page.text().contains("<bdi>alice</bdi>"));
    }
    assert!(has_password(&server).await);
    assert_eq!(eve.open(&server.url("/account")).await.status(), 200);
    let done = press(&mut owner, &url).await;
    assert_eq!((done.status(), done.heading().as_str()), (200, SECURED));
    assert!(done.text().contains(ADDRESS));
    assert_eq!(eve.open(&server.url("/account")).await.path(), "/login");
    assert!(!has_password(&server).await);
    assert_eq!(server.audited(AuditEvent::LoginDisowned).await, 1);
    owner.open(&url).await.is_trouble(400, USED);
    // The way back: a new password by mail, which the attacker does not know.
    let reset = link_to(&server, ADDRESS, "/password_reset").await;
    let page = owner.open(&reset).await;
    let fill = [("password", "seven-otters-in-a-canoe")];
    let page = owner.submit(&page, page.form(), &fill).await;
    assert_eq!(page.heading(), "Your password is set");
    let login = eve.open(&server.url("/login")).await;
    let fill = [("username", "alice"), ("password", NEW)];
    let refused = eve.submit(&login, login.form(), &fill).await;
    assert!(refused.text().contains("Incorrect user name or password."));
}

#[tokio::test]
async fn the_apps_of_who_did_it_lose_their_access() {
    let server = mailbox_server().await;
    let mut eve = Browser::new(&server);
    let url = taken_over(&server, &mut eve).await;
    let scope = (Person::ALICE, "openid offline_access");
    let granted = tokens(&mut eve, WEB, scope).await;
    let token = granted["access_token"].as_str().unwrap();
    assert!(is_active(&server, WEB, token).await);
    let done = press(&mut Browser::new(&server), &url).await;
    assert_eq!(done.heading(), SECURED);
    assert!(!is_active(&server, WEB, token).await);
    let refreshed = refresh(&server, WEB, granted["refresh_token"].as_str().unwrap()).await;
    refreshed.refused(400, "invalid_grant");
}

#[tokio::test]
async fn the_mail_says_when_where_and_in_which_browser() {
    let server = mailbox_server().await;
    taken_over(&server, &mut Browser::new(&server)).await;
    let mails = mails_to(&server, ADDRESS).await;
    let mail = mails.iter().find(|mail| mail.contains("/not_me?token="));
    let mail = mail.unwrap();
    for part in ["Device", "Network", "203.0.113.7", "Time", "UTC"] {
        assert!(mail.contains(part), "{part}: {mail}");
    }
}

#[tokio::test]
async fn a_password_set_by_a_link_is_told_with_a_link() {
    let server = mailbox_server().await;
    let mut browser = Browser::new(&server);
    let page = browser.open(&server.url("/password_reset")).await;
    let asked = browser
        .submit(&page, page.form(), &[("username", "alice")])
        .await;
    assert_eq!(asked.status(), 200);
    let reset = link_to(&server, ADDRESS, "/password_reset").await;
    let page = browser.open(&reset).await;
    let done = browser
        .submit(&page, page.form(), &[("password", NEW)])
        .await;
    assert_eq!(done.heading(), "Your password is set");
    let url = link_to(&server, ADDRESS, "/not_me").await;
    assert_eq!(press(&mut browser, &url).await.heading(), SECURED);
}

#[tokio::test]
async fn a_password_set_by_an_operator_is_told_in_the_language_of_the_user() {
    let server = mailbox_server().await;
    let command = cardea_store::UserChange {
        subject: server.subject(Person::ALICE).await,
        update: cardea_store::UserUpdate {
            locale: Some(Some(cardea_protocol::language::Lang::De)),
            ..Default::default()
        },
        cause: server.cause(),
    };
    assert!(server.store.change_user(command).await.unwrap());
    let body = serde_json::json!({ "password": NEW });
    let answer = server.administer("POST", "/users/alice/password", body);
    assert_eq!(answer.await.0, 200);
    let url = link_to(&server, ADDRESS, "/not_me").await;
    let mails = mails_to(&server, ADDRESS).await;
    assert!(mails[0].contains("Das Passwort Ihres Kontos wurde geändert"));
    assert!(!mails[0].contains("Netzwerk"), "that of the operator");
    assert_eq!(Browser::new(&server).open(&url).await.status(), 200);
}

#[tokio::test]
async fn a_link_ends_after_seven_days() {
    let server = mailbox_server().await;
    let (mut eve, mut owner) = (Browser::new(&server), Browser::new(&server));
    let url = taken_over(&server, &mut eve).await;
    server.advance(SignedDuration::from_hours(7 * 24) - SignedDuration::from_mins(1));
    let page = owner.open(&url).await;
    assert_eq!(page.status(), 200);
    server.advance(SignedDuration::from_mins(1));
    let late = owner.submit(&page, page.form(), &[]).await;
    late.is_trouble(400, USED);
    owner.open(&url).await.is_trouble(400, USED);
    assert!(has_password(&server).await);
}

#[tokio::test]
async fn a_user_without_a_verified_address_is_told_nothing_and_nothing_fails() {
    let server = mailbox_server().await;
    for email in [None, Some((ADDRESS.to_owned(), false))] {
        let command = cardea_store::UserChange {
            subject: server.subject(Person::ALICE).await,
            update: cardea_store::UserUpdate {
                email: Some(email),
                ..Default::default()
            },
            cause: server.cause(),
        };
        assert!(server.store.change_user(command).await.unwrap());
        let mut browser = Browser::new(&server);
        log_in(&mut browser, Person::ALICE).await;
        change_password(&mut browser, Person::ALICE.password, NEW).await;
        change_password(&mut browser, NEW, Person::ALICE.password).await;
    }
    assert!(mails_to(&server, ADDRESS).await.is_empty());
    assert_eq!(server.audited(AuditEvent::LinkMade).await, 0);
}
