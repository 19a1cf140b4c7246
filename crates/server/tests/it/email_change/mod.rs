//! `/account/profile/email`, `/verify_email` and `/email_undo`: a user changes the address, and the address before takes it back.

mod attacks;

use cardea_protocol::model::{AuditEvent, User};
use cardea_testkit::{
    Browser, Page, Person, TestServer,
    clients::WEB,
    eventually,
    flows::{is_active, log_in, log_in_at, tokens},
};
use jiff::SignedDuration;

use crate::mails::{link_to, mailbox_server, mails_to, press};

const NEW: &str = "new@example.test";
const OLD: &str = "alice@example.test";
const ASKED: &str = "Check your mail";
const CONFIRMED: &str = "Your address is confirmed";
const UNDONE: &str = "The change is undone";
const USED: &str = "This link no longer works";
const NOT_FROM_HERE: &str = "We didn’t accept that";

async fn question(browser: &mut Browser<'_>) -> Page {
    let url = browser.server().url("/account/profile/email");
    browser.open(&url).await
}

/// Asks for another address, signed in.
async fn ask(browser: &mut Browser<'_>, email: &str) -> Page {
    let page = question(browser).await;
    assert_eq!(
        (page.status(), page.path()),
        (200, "/account/profile/email")
    );
    browser
        .submit(
            &page,
            page.form_to("/account/profile/email"),
            &[("email", email)],
        )
        .await
}

async fn user(server: &TestServer, person: Person) -> User {
    let subject = server.subject(person).await;
    server.store.user(&subject).await.unwrap().unwrap()
}

async fn address(server: &TestServer) -> (Option<String>, bool) {
    let user = user(server, Person::ALICE).await;
    (user.email, user.email_verified)
}

fn verified(address: &str) -> (Option<String>, bool) {
    (Some(address.to_owned()), true)
}

/// Alice has changed her address; the link back.
async fn changed(server: &TestServer, browser: &mut Browser<'_>) -> String {
    log_in(browser, Person::ALICE).await;
    assert_eq!(ask(browser, NEW).await.heading(), "Your account");
    let url = link_to(server, NEW, "/verify_email").await;
    let done = press(&mut Browser::new(server), &url).await;
    assert_eq!((done.status(), done.heading().as_str()), (200, CONFIRMED));
    link_to(server, OLD, "/email_undo").await
}

#[tokio::test]
async fn an_address_is_changed_once_it_is_confirmed_and_both_addresses_are_told() {
    let server = mailbox_server().await;
    let mut browser = Browser::new(&server);
    log_in(&mut browser, Person::ALICE).await;
    let asked = ask(&mut browser, NEW).await;
    assert!(asked.text().contains(ASKED) && asked.text().contains(NEW));
    let url = link_to(&server, NEW, "/verify_email").await;
    let notices = mails_to(&server, OLD).await;
    assert!(notices[0].contains(NEW), "{}", notices[0]);
    assert!(!notices[0].contains("/verify_email"));
    // A mail scanner reads the link.
    let mut elsewhere = Browser::new(&server);
    for _ in 0..3 {
        assert_eq!(elsewhere.open(&url).await.status(), 200);
    }
    assert_eq!(address(&server).await, verified(OLD));
    let done = press(&mut elsewhere, &url).await;
    assert_eq!((done.status(), done.heading().as_str()), (200, CONFIRMED));
    assert_eq!(address(&server).await, verified(NEW));
    elsewhere.open(&url).await.is_trouble(400, USED);
    let profile = browser.open(&server.url("/account/profile")).await;
    assert!(profile.text().contains(NEW), "the session stays");
    assert_eq!(server.audited(AuditEvent::EmailVerified).await, 1);
    link_to(&server, OLD, "/email_undo").await;
}

#[tokio::test]
async fn the_address_before_takes_a_change_back_within_seven_days_and_locks_out() {
    let server = mailbox_server().await;
    let (mut eve, mut owner) = (Browser::new(&server), Browser::new(&server));
    let granted = tokens(
        &mut Browser::new(&server),
        WEB,
        (Person::ALICE, "openid offline_access"),
    )
    .await;
    let undo = changed(&server, &mut eve).await;
    // Whoever changes the address again does not take the way back.
    assert!(
        ask(&mut eve, "eve@example.test")
            .await
            .text()
            .contains(ASKED)
    );
    let url = link_to(&server, "eve@example.test", "/verify_email").await;
    assert_eq!(press(&mut eve, &url).await.heading(), CONFIRMED);
    let undo_of_eve = link_to(&server, NEW, "/email_undo").await;
    let deletion = eve.open(&server.url("/account/deletion")).await;
    let forms = deletion.forms();
    let delete = forms
        .into_iter()
        .find(|form| form.action.ends_with("/account/deletion"));
    eve.submit(&deletion, delete.unwrap(), &[]).await;

    server.advance(SignedDuration::from_hours(7 * 24) - SignedDuration::from_mins(1));
    assert_eq!(owner.open(&undo).await.status(), 200);
    assert_eq!(address(&server).await, verified("eve@example.test"));
    let done = press(&mut owner, &undo).await;
    assert_eq!((done.status(), done.heading().as_str()), (200, UNDONE));
    assert_eq!(address(&server).await, verified(OLD));
    let alice = user(&server, Person::ALICE).await;
    assert!(alice.account.must_change_password && alice.account.delete_at.is_none());
    assert_eq!(server.audited(AuditEvent::EmailUndone).await, 1);
    assert_eq!(eve.open(&server.url("/account")).await.path(), "/login");
    let token = granted["access_token"].as_str().unwrap();
    assert!(!is_active(&server, WEB, token).await);
    let login = eve.open(&server.url("/login")).await;
    let refused = log_in_at(&mut eve, &login, Person::ALICE).await;
    assert!(refused.text().contains("Incorrect user name or password."));
    // Neither link works again, nor that of the change in between.
    owner.open(&undo).await.is_trouble(400, USED);
    eve.open(&undo_of_eve).await.is_trouble(400, USED);
    let told = mails_to(&server, "eve@example.test").await;
    assert!(told.iter().any(|mail| mail.contains("no longer used")));
    let reset = link_to(&server, OLD, "/password_reset").await;
    let page = owner.open(&reset).await;
    let fill = [("password", "seven-otters-in-a-canoe")];
    let page = owner.submit(&page, page.form(), &fill).await;
    assert_eq!(page.heading(), "Your password is set");
}

#[tokio::test]
async fn an_undo_ends_after_seven_days() {
    let server = mailbox_server().await;
    let mut browser = Browser::new(&server);
    let undo = changed(&server, &mut browser).await;
    let page = browser.open(&undo).await;
    server.advance(SignedDuration::from_hours(7 * 24));
    browser
        .submit(&page, page.form(), &[])
        .await
        .is_trouble(400, USED);
    browser.open(&undo).await.is_trouble(400, USED);
    assert_eq!(address(&server).await, verified(NEW));
}

#[tokio::test]
async fn a_change_takes_a_recent_sign_in() {
    let server = mailbox_server().await;
    let mut browser = Browser::new(&server);
    let answer = server.get("/account/profile/email").send().await;
    assert_eq!(answer.location(), server.url("/login?return_to=email"));
    log_in(&mut browser, Person::ALICE).await;
    let page = question(&mut browser).await;
    server.advance(SignedDuration::from_mins(11));
    let asked = browser
        .submit(
            &page,
            page.form_to("/account/profile/email"),
            &[("email", NEW)],
        )
        .await;
    assert_eq!((asked.status(), asked.path()), (200, "/login"));
    let back = log_in_at(&mut browser, &asked, Person::ALICE).await;
    assert_eq!(back.path(), "/account/profile/email");
    assert!(mails_to(&server, NEW).await.is_empty());
}

#[tokio::test]
async fn a_user_without_an_address_adds_one_and_one_that_is_not_verified_gets_no_way_back() {
    let server = mailbox_server().await;
    for (number, before) in [None, Some(("stranger@example.test".to_owned(), false))]
        .into_iter()
        .enumerate()
    {
        let subject = server.subject(Person::ALICE).await;
        let command = cardea_store::UserChange {
            subject,
            update: cardea_store::UserUpdate {
                email: Some(before),
                ..Default::default()
            },
            cause: server.cause(),
        };
        assert!(server.store.change_user(command).await.unwrap());
        let mut browser = Browser::new(&server);
        log_in(&mut browser, Person::ALICE).await;
        let to = format!("first{number}@example.test");
        assert!(ask(&mut browser, &to).await.text().contains(ASKED));
        let url = link_to(&server, &to, "/verify_email").await;
        assert_eq!(press(&mut browser, &url).await.heading(), CONFIRMED);
        assert_eq!(address(&server).await, verified(&to));
    }
    assert!(mails_to(&server, "stranger@example.test").await.is_empty());
}

#[tokio::test]
async fn without_mail_an_administrator_changes_the_address() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    log_in(&mut browser, Person::ALICE).await;
    let page = question(&mut browser).await;
    assert!(page.text().contains("Ask your administrator"));
    assert!(!page.text().contains("name=\"email\""));
}
