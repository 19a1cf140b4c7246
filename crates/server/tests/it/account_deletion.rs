//! `/account/deletion`: a user deletes the account, and a sign-in before the time is over keeps it.

use cardea_protocol::{
    mail::{Mail, MailTemplate},
    model::AuditEvent,
};
use cardea_testkit::{
    Browser, Page, Person, TestServer,
    clients::{SPA, WEB},
    flows::{Authorization, is_active, log_in, log_in_at, refresh, tokens, walk},
};
use cardea_web::config::SecretText;
use jiff::SignedDuration;

use crate::mails::written;

const REQUESTED: &str = "Your account will be deleted";
const KEPT: &str = "Your account is kept";
const NOT_FROM_HERE: &str = "We didn’t accept that";
const GRACE: SignedDuration = SignedDuration::from_hours(14 * 24);

async fn deletion(browser: &mut Browser<'_>) -> Page {
    let url = browser.server().url("/account/deletion");
    browser.open(&url).await
}

/// The page with the question, after a sign-in.
async fn question(browser: &mut Browser<'_>, person: Person) -> Page {
    log_in(browser, person).await;
    let page = deletion(browser).await;
    assert_eq!((page.status(), page.path()), (200, "/account/deletion"));
    page
}

/// Signs in and deletes the account.
async fn delete(browser: &mut Browser<'_>, person: Person) -> Page {
    let page = question(browser, person).await;
    let page = browser
        .submit(&page, page.form_to("/account/deletion"), &[])
        .await;
    assert_eq!((page.status(), page.heading().as_str()), (200, REQUESTED));
    page
}

/// Signs in; what comes of it.
async fn sign_in(browser: &mut Browser<'_>, person: Person) -> Page {
    let page = browser.open(&browser.server().url("/login")).await;
    log_in_at(browser, &page, person).await
}

#[tokio::test]
async fn a_stranger_is_led_to_the_login() {
    let server = TestServer::start().await;
    let login = server.url("/login?return_to=deletion");
    let answer = server.get("/account/deletion").send().await;
    assert_eq!(answer.location(), login);
    let post = server.post("/account/deletion").form(&[("csrf", "x")]);
    assert_eq!(post.send().await.location(), login);
}

#[tokio::test]
async fn a_deletion_ends_everything_at_once_and_removes_the_account_after_14_days() {
    let server = TestServer::start().await;
    let (mut alice, mut other) = (Browser::new(&server), Browser::new(&server));
    let granted = tokens(&mut other, WEB, (Person::ALICE, "openid offline_access")).await;
    let mut bob = Browser::new(&server);
    log_in(&mut bob, Person::BOB).await;
    let page = delete(&mut alice, Person::ALICE).await;
    assert!(page.text().contains("<time datetime="), "{}", page.text());
    for browser in [&mut alice, &mut other] {
        let url = browser.server().url("/account");
        assert_eq!(browser.open(&url).await.path(), "/login");
    }
    assert_eq!(bob.open(&server.url("/account")).await.path(), "/account");
    let token = |name: &str| granted[name].as_str().unwrap();
    let refused = refresh(&server, WEB, token("refresh_token")).await;
    refused.refused(400, "invalid_grant");
    assert!(!is_active(&server, WEB, token("access_token")).await);

    server.advance(GRACE - SignedDuration::from_secs(1));
    server.end_due_accounts().await;
    let subject = server.subject(Person::ALICE).await;
    server.advance(SignedDuration::from_secs(1));
    server.end_due_accounts().await;
    assert!(server.store.user(&subject).await.unwrap().is_none());
    let page = sign_in(&mut alice, Person::ALICE).await;
    assert_eq!(page.path(), "/login");
    assert!(page.text().contains("Incorrect user name or password."));
    assert_eq!(server.audited(AuditEvent::DeletionRequested).await, 1);
    assert_eq!(server.audited(AuditEvent::UserRemoved).await, 1);
    server.subject(Person::BOB).await;
}

#[tokio::test]
async fn a_sign_in_keeps_the_account_and_says_so_on_the_way_to_where_it_leads() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    delete(&mut browser, Person::ALICE).await;
    server.advance(GRACE - SignedDuration::from_secs(1));
    let page = sign_in(&mut browser, Person::ALICE).await;
    assert_eq!((page.status(), page.heading().as_str()), (200, KEPT));
    let go_on = page
        .text()
        .split("class=\"primary\" href=\"")
        .nth(1)
        .unwrap();
    let go_on = go_on.split('"').next().unwrap().replace("&#38;", "&");
    let page = browser.open(&server.url(&go_on)).await;
    assert_eq!(page.path(), "/account/profile");
    let page = sign_in(&mut Browser::new(&server), Person::ALICE).await;
    assert_eq!(page.path(), "/account/profile", "it is said once");
    server.advance(SignedDuration::from_hours(48));
    server.end_due_accounts().await;
    server.subject(Person::ALICE).await;
    assert_eq!(server.audited(AuditEvent::DeletionCancelled).await, 1);

    // On the way to a client, too.
    let mut browser = Browser::new(&server);
    delete(&mut browser, Person::ALICE).await;
    let request = Authorization::of(SPA);
    let page = walk(&mut browser, &request, Person::ALICE).await;
    assert_eq!(page.heading(), KEPT);
    let page = walk(&mut browser, &request, Person::ALICE).await;
    assert!(page.callback().contains_key("code"));
}

#[tokio::test]
async fn a_deletion_takes_a_recent_sign_in_of_the_same_user() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let page = question(&mut browser, Person::ALICE).await;
    server.advance(SignedDuration::from_mins(11));
    // Both the question and the answer ask for it, and lead back to the question.
    let asked = browser
        .submit(&page, page.form_to("/account/deletion"), &[])
        .await;
    assert_eq!((asked.status(), asked.path()), (200, "/login"));
    let asked = deletion(&mut browser).await;
    assert_eq!((asked.status(), asked.path()), (200, "/login"));
    let bob = log_in_at(&mut browser, &asked, Person::BOB).await;
    assert_eq!(bob.path(), "/login", "nobody else signs in in her place");
    let back = log_in_at(&mut browser, &bob, Person::ALICE).await;
    assert_eq!(back.path(), "/account/deletion");
    assert_eq!(server.audited(AuditEvent::DeletionRequested).await, 0);
    let page = browser
        .submit(&back, back.form_to("/account/deletion"), &[])
        .await;
    assert_eq!(page.heading(), REQUESTED);
}

#[tokio::test]
async fn neither_another_site_nor_another_session_deletes_an_account() {
    let server = TestServer::start().await;
    let (mut alice, mut bob) = (Browser::new(&server), Browser::new(&server));
    let page = question(&mut alice, Person::ALICE).await;
    let of_bob = question(&mut bob, Person::BOB).await;
    for form in [
        of_bob.form_to("/account/deletion"),
        page.form_to("/account/deletion")
            .without("csrf")
            .with("action", "delete"),
        page.form_to("/account/deletion").with("csrf", ""),
    ] {
        let refused = alice.submit(&page, form, &[]).await;
        refused.is_trouble(403, NOT_FROM_HERE);
    }
    let fields = page.form_to("/account/deletion");
    let fields: Vec<_> = fields
        .fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let url = server.url("/account/deletion");
    let answer = alice.cross_site_post(&url, &fields).await;
    assert_eq!(answer.path(), "/login", "no cookie comes along");
    let call = alice.call("POST", &url, true);
    let call = call.header("origin", "https://evil.example.test");
    assert_eq!(call.form(&fields).send().await.status, 403);
    let oversized = page
        .form_to("/account/deletion")
        .with("csrf", &"x".repeat(9000));
    let refused = alice.submit_once(&page, oversized, &[]).await;
    assert_eq!(refused.status, 413);
    assert_eq!(server.audited(AuditEvent::DeletionRequested).await, 0);

    // Whom the form names makes no difference.
    let named = of_bob
        .form_to("/account/deletion")
        .with("sub", server.subject(Person::ALICE).await.as_str());
    let named = named.with("username", "alice");
    let page = bob.submit(&of_bob, named, &[]).await;
    assert_eq!(page.heading(), REQUESTED);
    assert_eq!(alice.open(&server.url("/account")).await.path(), "/account");
}

#[tokio::test]
async fn a_form_that_is_sent_again_deletes_nothing() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let page = question(&mut browser, Person::ALICE).await;
    let done = browser
        .submit(&page, page.form_to("/account/deletion"), &[])
        .await;
    assert_eq!(done.heading(), REQUESTED);
    let again = browser
        .submit(&page, page.form_to("/account/deletion"), &[])
        .await;
    assert_eq!(again.path(), "/login");
    // Nor after the account was kept, in a new session.
    let kept = log_in_at(&mut browser, &again, Person::ALICE).await;
    assert_eq!(kept.heading(), KEPT);
    let again = browser
        .submit(&page, page.form_to("/account/deletion"), &[])
        .await;
    again.is_trouble(403, NOT_FROM_HERE);
    assert_eq!(server.audited(AuditEvent::DeletionRequested).await, 1);
    server.advance(GRACE);
    server.end_due_accounts().await;
    server.subject(Person::ALICE).await;
}

#[tokio::test]
async fn a_verified_address_gets_mails_about_it_where_mail_is_on() {
    let builder = TestServer::builder().config(|config| {
        config.mail.url = Some(SecretText::new("smtp://127.0.0.1:9".to_owned()));
        config.mail.from = Some("no-reply@id.example".to_owned());
    });
    let server = builder.start().await;
    let mut browser = Browser::new(&server).reading("fr");
    let page = question(&mut browser, Person::ALICE).await;
    assert!(page.text().contains("alice@example.test"));
    browser
        .submit(&page, page.form_to("/account/deletion"), &[])
        .await;
    let sent = written(&server).await;
    let [mail] = sent.as_slice() else {
        panic!("one mail: {}", sent.len());
    };
    assert_eq!(mail.template(), MailTemplate::AccountDeletion);
    assert_eq!(mail.to().as_str(), "alice@example.test");
    let due = mail.time().unwrap();
    assert_eq!(due.duration_since(server.cause().now), GRACE);
    assert_eq!(mail.link().unwrap().path, "/login");
    server.advance(GRACE);
    server.end_due_accounts().await;
    let sent = written(&server).await;
    let templates: Vec<_> = sent.iter().map(Mail::template).collect();
    assert!(templates.contains(&MailTemplate::AccountDeleted));

    let server = TestServer::start().await;
    let page = delete(&mut Browser::new(&server), Person::ALICE).await;
    assert!(!page.text().contains("alice@example.test"));
    assert!(written(&server).await.is_empty());
}
