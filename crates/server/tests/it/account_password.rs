//! `/account/security/password`: a user changes the password.

use cardea_protocol::{mail::MailTemplate, model::AuditEvent};
use cardea_store::{AuditFilter, ClaimMessages, Message, MessageKind};
use cardea_testkit::{
    Browser, Form, Page, Person, TestServer,
    clients::WEB,
    flows::{is_active, log_in, log_in_at, tokens},
};
use cardea_web::config::SecretText;
use jiff::SignedDuration;

const PATH: &str = "/account/security/password";
const NEW: &str = "seven-rusty-hinges-of-oak";
const NOT_FROM_HERE: &str = "We didn’t accept that";
const WRONG: &str = "Incorrect password.";

/// The page, after a sign-in.
async fn question(browser: &mut Browser<'_>) -> Page {
    log_in(browser, Person::ALICE).await;
    let page = browser.open(&browser.server().url(PATH)).await;
    assert_eq!((page.status(), page.path()), (200, PATH));
    page
}

fn filled(page: &Page, present: &str, new: &str) -> Form {
    page.form_to(PATH)
        .with("present", present)
        .with("password", new)
}

async fn change(browser: &mut Browser<'_>, page: &Page, present: &str, new: &str) -> Page {
    browser.submit(page, filled(page, present, new), &[]).await
}

async fn sign_in(server: &TestServer, password: &str) -> Page {
    let mut browser = Browser::new(server);
    let page = browser.open(&server.url("/login")).await;
    let form = page.form();
    let form = form.with("username", "alice").with("password", password);
    browser.submit(&page, form, &[]).await
}

async fn changes(server: &TestServer) -> usize {
    let filter = AuditFilter {
        event: Some(AuditEvent::PasswordChanged),
        ..AuditFilter::default()
    };
    let rows = server.store.audit(filter, cardea_store::Page::first(10));
    rows.await.unwrap().items.len()
}

#[tokio::test]
async fn a_user_changes_the_password_and_stays_signed_in_here_only() {
    let server = TestServer::start().await;
    let (mut alice, mut other) = (Browser::new(&server), Browser::new(&server));
    let granted = tokens(&mut other, WEB, (Person::ALICE, "openid offline_access")).await;
    let page = question(&mut alice).await;
    let done = change(&mut alice, &page, Person::ALICE.password, NEW).await;
    assert_eq!((done.status(), done.path()), (200, "/account/security"));
    assert!(done.text().contains("Your password is changed."));
    let account = server.url("/account");
    assert_eq!(alice.open(&account).await.path(), "/account");
    assert_eq!(other.open(&account).await.path(), "/login");
    let token = granted["access_token"].as_str().unwrap();
    assert!(!is_active(&server, WEB, token).await);
    assert_eq!(sign_in(&server, Person::ALICE.password).await.status(), 422);
    let page = sign_in(&server, NEW).await;
    assert_eq!(page.path(), "/account/profile");
    assert_eq!(changes(&server).await, 1);
}

#[tokio::test]
async fn a_wrong_present_password_and_a_weak_new_one_change_nothing() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let page = question(&mut browser).await;
    let present = Person::ALICE.password;
    for (typed, new, said) in [
        ("not-the-password", NEW, WRONG),
        ("", NEW, "password"),
        (present, "password", "one of the most common passwords"),
        (present, "correct horse battery staple", "well-known phrase"),
        (present, "qwertyuiop asdfghjkl zxcvbnm", "row of keys"),
        (present, "x9Qax9Qax9Qax9Qa", "one part is repeated"),
        (present, "alice alice", "names of yours"),
        (present, "short", "8 to 128 characters"),
        (present, present, "That is your current password."),
    ] {
        let refused = change(&mut browser, &page, typed, new).await;
        assert_eq!((refused.status(), refused.path()), (422, PATH), "{new}");
        assert!(refused.text().contains(said), "{new}: {}", refused.text());
        assert!(!refused.text().contains(new) || new == "password", "{new}");
    }
    assert_eq!(changes(&server).await, 0);
    let page = sign_in(&server, present).await;
    assert_eq!(page.path(), "/account/profile");
}

#[tokio::test]
async fn a_change_takes_a_recent_sign_in() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let page = question(&mut browser).await;
    server.advance(SignedDuration::from_mins(11));
    let asked = change(&mut browser, &page, Person::ALICE.password, NEW).await;
    assert_eq!((asked.status(), asked.path()), (200, "/login"));
    assert_eq!(changes(&server).await, 0);
    let back = log_in_at(&mut browser, &asked, Person::ALICE).await;
    assert_eq!(back.path(), PATH);
    let done = change(&mut browser, &back, Person::ALICE.password, NEW).await;
    assert_eq!(done.path(), "/account/security");
}

#[tokio::test]
async fn neither_another_site_nor_another_session_changes_a_password() {
    let server = TestServer::start().await;
    let mut alice = Browser::new(&server);
    let page = question(&mut alice).await;
    let of_another = question(&mut Browser::new(&server)).await;
    let present = Person::ALICE.password;
    for form in [
        filled(&page, present, NEW).without("csrf"),
        filled(&page, present, NEW).with("csrf", ""),
        filled(&of_another, present, NEW),
    ] {
        let refused = alice.submit(&page, form, &[]).await;
        refused.is_trouble(403, NOT_FROM_HERE);
    }
    let stranger = server.post(PATH).form(&[("password", NEW)]).send().await;
    assert_eq!(stranger.location(), server.url("/login?return_to=password"));
    assert_eq!(changes(&server).await, 0);
}

#[tokio::test]
async fn whoever_has_a_session_guesses_no_more_passwords_than_at_the_login() {
    let builder = TestServer::builder().config(|config| {
        config.limits.enabled = true;
        config.limits.login_per_account_per_minute = 3;
    });
    let server = builder.start().await;
    let mut browser = Browser::new(&server);
    let page = question(&mut browser).await;
    let mut limited = false;
    for _ in 0..5 {
        let refused = change(&mut browser, &page, "not-the-password", NEW).await;
        limited |= refused.status() == 429;
    }
    assert!(limited);
    let refused = change(&mut browser, &page, Person::ALICE.password, NEW).await;
    assert_eq!(refused.status(), 429);
    assert_eq!(changes(&server).await, 0);
}

#[tokio::test]
async fn the_verified_address_is_told() {
    let builder = TestServer::builder().config(|config| {
        config.mail.url = Some(SecretText::new("smtp://127.0.0.1:9".to_owned()));
        config.mail.from = Some("no-reply@id.example".to_owned());
    });
    let server = builder.start().await;
    let mut browser = Browser::new(&server);
    let page = question(&mut browser).await;
    change(&mut browser, &page, Person::ALICE.password, NEW).await;
    let command = ClaimMessages {
        kind: MessageKind::Mail,
        sid: None,
        busy: Vec::new(),
        limit: 10,
        lease: SignedDuration::from_hours(1),
        now: server.cause().now,
    };
    let claimed = server.store.claim_messages(command).await.unwrap();
    let mails = claimed.into_iter().filter_map(|one| match one.message {
        Message::Mail(mail) => Some(*mail),
        Message::LogoutToken { .. } => None,
    });
    let mails: Vec<_> = mails.collect();
    let [mail] = mails.as_slice() else {
        panic!("one mail: {}", mails.len());
    };
    assert_eq!(mail.template(), MailTemplate::PasswordChanged);
    assert_eq!(mail.to().as_str(), "alice@example.test");
}
