//! `/second_factor/reset`: an administrator's link to the removal of second factors, its delay, and what an attacker gets.

mod administration;

use cardea_protocol::{mail::MailTemplate, model::AuditEvent};
use cardea_seal::RandomToken;
use cardea_store::{ClaimMessages, Message, MessageKind, NewResetLink, RequestFactorReset};
use cardea_testkit::{
    Browser, Builder, Page, Person, TestServer,
    clients::SPA,
    factors::{App, backup_codes, enter},
    flows::{Authorization, log_in_at},
};
use cardea_web::config::SecretText;
use jiff::SignedDuration;

const USED: &str = "This link no longer works";
const BROKEN: &str = "This link doesn’t work";
const ESSENTIAL: &str = r#"{"id_token":{"acr":{"essential":true,"value":"urn:cardea:acr:mfa"}}}"#;
const SESSION: &str = "__Host-cardea_session";

fn with_mail() -> Builder {
    TestServer::builder().config(|config| {
        config.mail.url = Some(SecretText::new("smtp://127.0.0.1:1".to_owned()));
        config.mail.from = Some("no-reply@example.test".to_owned());
    })
}

/// A link that can be used from `from` minutes on, for an hour.
async fn link(server: &TestServer, person: Person, number: u8, from: i64) -> String {
    let token = RandomToken::from_bytes([number; 32]);
    let cause = server.cause();
    let from = cause.now + SignedDuration::from_mins(from);
    let command = RequestFactorReset {
        subject: server.subject(person).await,
        from,
        link: Some(NewResetLink {
            token: token.hash(),
            expires_at: from + SignedDuration::from_mins(60),
        }),
        mail: None,
        cause,
    };
    assert!(server.store.request_factor_reset(command).await.unwrap());
    let token = token.to_text();
    server.url(&format!("/second_factor/reset?token={}", token.expose()))
}

/// The page after the password, at a request that demands a second factor.
async fn after_password(browser: &mut Browser<'_>, person: Person) -> Page {
    let request = Authorization::of(SPA).with("claims", ESSENTIAL);
    let page = browser.open(&request.url(browser.server())).await;
    log_in_at(browser, &page, person).await
}

async fn enrolled(server: &TestServer, person: Person) -> (App, Vec<String>) {
    let mut browser = Browser::new(server);
    let page = after_password(&mut browser, person).await;
    let app = App::scan(&page);
    let page = enter(&mut browser, &page, &app.code(server)).await;
    server.advance(SignedDuration::from_secs(30));
    (app, backup_codes(&page))
}

async fn has_factors(server: &TestServer, person: Person) -> bool {
    let subject = server.subject(person).await;
    let view = server.store.factors(&subject).await.unwrap();
    view.totp.is_some() || view.backup_codes > 0
}

async fn confirm(browser: &mut Browser<'_>, page: &Page, password: &str) -> Page {
    browser
        .submit(page, page.form(), &[("password", password)])
        .await
}

async fn mails(server: &TestServer) -> Vec<MailTemplate> {
    let claim = ClaimMessages {
        kind: MessageKind::Mail,
        sid: None,
        busy: Vec::new(),
        limit: 100,
        lease: SignedDuration::from_secs(60),
        now: server.cause().now,
    };
    let claimed = server.store.claim_messages(claim).await.unwrap();
    let template = |message| match message {
        Message::Mail(mail) => Some(mail.template()),
        Message::LogoutToken { .. } => None,
    };
    claimed
        .into_iter()
        .filter_map(|claimed| template(claimed.message))
        // Of setting the factors up.
        .filter(|template| *template != MailTemplate::FactorAdded)
        .collect()
}

#[tokio::test]
async fn a_link_and_the_password_remove_all_factors_and_open_no_session() {
    let server = with_mail().start().await;
    enrolled(&server, Person::ALICE).await;
    enrolled(&server, Person::BOB).await;
    let url = link(&server, Person::ALICE, 1, 0).await;
    // A mail scanner reads the link before the user does.
    for _ in 0..3 {
        let path = url.strip_prefix(server.issuer()).unwrap();
        assert_eq!(server.get(path).send().await.status, 200);
    }
    assert!(has_factors(&server, Person::ALICE).await);
    let mut browser = Browser::new(&server);
    let page = browser.open(&url).await;
    assert_eq!(page.heading(), "Remove your second steps");
    assert!(page.text().contains("alice"));
    let done = confirm(&mut browser, &page, Person::ALICE.password).await;
    assert_eq!(
        (done.status(), done.heading().as_str()),
        (200, "Your second steps are removed")
    );
    assert!(browser.cookie(SESSION).is_none());
    assert_eq!(browser.open(&server.url("/account")).await.path(), "/login");
    assert!(!has_factors(&server, Person::ALICE).await);
    assert!(has_factors(&server, Person::BOB).await);
    assert_eq!(server.audited(AuditEvent::FactorsReset).await, 1);
    assert_eq!(mails(&server).await, [MailTemplate::FactorsReset]);
    // The policy asks for a new one where it is required.
    let page = after_password(&mut browser, Person::ALICE).await;
    assert_eq!(page.path(), "/second_factor");
    assert!(page.text().contains("class=\"qr\""), "a new enrolment");
    browser.open(&url).await.is_trouble(400, USED);
}

#[tokio::test]
async fn a_link_without_the_password_of_its_user_does_nothing() {
    let server = TestServer::start().await;
    let (app, codes) = enrolled(&server, Person::ALICE).await;
    enrolled(&server, Person::BOB).await;
    let url = link(&server, Person::ALICE, 1, 0).await;
    let mut browser = Browser::new(&server);
    let page = browser.open(&url).await;
    let code = app.code(&server);
    for wrong in ["", "guess", Person::BOB.password, &code, &codes[0]] {
        let refused = confirm(&mut browser, &page, wrong).await;
        assert_eq!(refused.status(), 422, "{wrong}");
        assert!(refused.text().contains("role=\"alert\""));
    }
    // Bob's name beside Bob's password is not the link's user.
    let form = page.form().with("username", "bob");
    let fill = [("password", Person::BOB.password)];
    let refused = browser.submit(&page, form, &fill).await;
    assert_eq!(refused.status(), 422);
    for person in [Person::ALICE, Person::BOB] {
        assert!(has_factors(&server, person).await, "{}", person.username);
    }
    assert!(browser.cookie(SESSION).is_none());
    // The link can still be used, when the wait after the wrong passwords is over.
    server.advance(SignedDuration::from_mins(5));
    let done = confirm(&mut browser, &page, Person::ALICE.password).await;
    assert_eq!(done.status(), 200);
    assert!(!has_factors(&server, Person::ALICE).await);
}

#[tokio::test]
async fn guesses_at_the_password_of_a_link_are_limited_as_at_the_login() {
    let server = TestServer::builder().config(|config| {
        config.limits.enabled = true;
        config.limits.login_per_account_per_minute = 3;
    });
    let server = server.start().await;
    enrolled(&server, Person::ALICE).await;
    server.advance(SignedDuration::from_mins(1));
    let url = link(&server, Person::ALICE, 1, 0).await;
    let mut statuses = Vec::new();
    for network in 0..5 {
        let mut browser = Browser::new(&server).at([203, 0, network, 1]);
        let page = browser.open(&url).await;
        statuses.push(confirm(&mut browser, &page, "guess").await.status());
    }
    assert_eq!(statuses, [422, 422, 422, 429, 429]);
    assert!(has_factors(&server, Person::ALICE).await);
}

#[tokio::test]
async fn two_uses_of_a_reset_link_at_once_remove_once() {
    let server = TestServer::start().await;
    enrolled(&server, Person::ALICE).await;
    let url = link(&server, Person::ALICE, 1, 0).await;
    let (mut one, mut two) = (Browser::new(&server), Browser::new(&server));
    let (first, second) = (one.open(&url).await, two.open(&url).await);
    let (first, second) = tokio::join!(
        confirm(&mut one, &first, Person::ALICE.password),
        confirm(&mut two, &second, Person::ALICE.password)
    );
    let mut statuses = [first.status(), second.status()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400]);
    assert_eq!(server.audited(AuditEvent::FactorsReset).await, 1);
}

#[tokio::test]
async fn a_forged_expired_replayed_or_foreign_reset_link_does_nothing() {
    let server = TestServer::start().await;
    for person in [Person::ALICE, Person::BOB] {
        enrolled(&server, person).await;
    }
    let mut browser = Browser::new(&server);
    browser
        .open(&server.url("/second_factor/reset"))
        .await
        .is_trouble(400, BROKEN);
    for (token, heading) in [
        ("x", BROKEN),
        (&"é".repeat(40), BROKEN),
        (&"A".repeat(4000), BROKEN),
        (&"A".repeat(43), USED),
    ] {
        let url = server.url(&format!("/second_factor/reset?token={token}"));
        browser.open(&url).await.is_trouble(400, heading);
    }
    let url = link(&server, Person::ALICE, 1, 0).await;
    // It is no link to a password or an account.
    for path in ["/password_reset", "/invitation", "/verify_email"] {
        let elsewhere = url.replace("/second_factor/reset", path);
        assert_eq!(browser.open(&elsewhere).await.status(), 400, "{path}");
    }
    // The form of one link does not use another, and that of another browser none.
    let page = browser.open(&url).await;
    let bobs = link(&server, Person::BOB, 2, 0).await;
    let (_, bobs) = bobs.split_once("token=").unwrap();
    let refused = "We didn’t accept that";
    let form = page.form().with("token", bobs);
    let fill = [("password", Person::BOB.password)];
    browser
        .submit(&page, form, &fill)
        .await
        .is_trouble(403, refused);
    let fill = [("password", Person::ALICE.password)];
    let mut elsewhere = Browser::new(&server);
    elsewhere.open(&server.url("/login")).await;
    elsewhere
        .submit(&page, page.form(), &fill)
        .await
        .is_trouble(403, refused);
    // A newer link replaces it.
    let newer = link(&server, Person::ALICE, 3, 0).await;
    let replaced = confirm(&mut browser, &page, Person::ALICE.password).await;
    replaced.is_trouble(400, USED);
    let page = browser.open(&newer).await;
    server.advance(SignedDuration::from_mins(60));
    let late = confirm(&mut browser, &page, Person::ALICE.password).await;
    late.is_trouble(400, USED);
    for person in [Person::ALICE, Person::BOB] {
        assert!(has_factors(&server, person).await, "{}", person.username);
    }
}

#[tokio::test]
async fn before_its_delay_a_link_does_nothing_and_a_sign_in_with_the_factor_cancels_it() {
    let server = TestServer::start().await;
    let (app, _) = enrolled(&server, Person::ALICE).await;
    let url = link(&server, Person::ALICE, 1, 60).await;
    let mut thief = Browser::new(&server);
    let early = thief.open(&url).await;
    assert_eq!(early.status(), 200);
    assert!(early.text().contains("This link works from"));
    assert!(early.forms().is_empty());
    // The form of a link that could be used, with the token of this one: it is bound to its own.
    server.advance(SignedDuration::from_mins(60));
    let page = thief.open(&url).await;
    assert_eq!(page.forms().len(), 1);
    // Just then the owner signs in with the second factor.
    let mut owner = Browser::new(&server);
    let asked = after_password(&mut owner, Person::ALICE).await;
    assert_eq!(server.audited(AuditEvent::FactorResetCancelled).await, 0);
    enter(&mut owner, &asked, &app.code(&server)).await;
    assert!(owner.cookie(SESSION).is_some());
    assert_eq!(server.audited(AuditEvent::FactorResetCancelled).await, 1);
    let refused = confirm(&mut thief, &page, Person::ALICE.password).await;
    refused.is_trouble(400, USED);
    assert!(has_factors(&server, Person::ALICE).await);
}

#[tokio::test]
async fn the_password_alone_does_not_cancel_a_reset() {
    let server = TestServer::start().await;
    enrolled(&server, Person::ALICE).await;
    let url = link(&server, Person::ALICE, 1, 0).await;
    let mut thief = Browser::new(&server);
    let page = after_password(&mut thief, Person::ALICE).await;
    assert_eq!(enter(&mut thief, &page, "000000").await.status(), 422);
    let mut browser = Browser::new(&server);
    let page = browser.open(&url).await;
    let done = confirm(&mut browser, &page, Person::ALICE.password).await;
    assert_eq!(done.status(), 200);
}

#[tokio::test]
async fn a_reset_without_a_link_happens_after_its_delay_once() {
    let server = with_mail().start().await;
    enrolled(&server, Person::ALICE).await;
    let cause = server.cause();
    let command = RequestFactorReset {
        subject: server.subject(Person::ALICE).await,
        from: cause.now + SignedDuration::from_hours(1),
        link: None,
        mail: None,
        cause,
    };
    assert!(server.store.request_factor_reset(command).await.unwrap());
    server.reset_due_factors().await;
    assert!(has_factors(&server, Person::ALICE).await);
    server.advance(SignedDuration::from_hours(1));
    for _ in 0..2 {
        server.reset_due_factors().await;
    }
    assert!(!has_factors(&server, Person::ALICE).await);
    assert_eq!(server.audited(AuditEvent::FactorsReset).await, 1);
    assert_eq!(mails(&server).await, [MailTemplate::FactorsReset]);
}
