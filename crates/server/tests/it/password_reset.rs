//! `/password_reset` and `/invitation`: links for one use, and what a request for one shows.

use cardea_protocol::model::LinkPurpose;
use cardea_seal::RandomToken;
use cardea_store::{ClaimMessages, MakeLink, Message, MessageKind, NewLink};
use cardea_testkit::{
    Browser, Page, Person, TestServer,
    clients::SPA,
    eventually,
    flows::{log_in, refresh, tokens},
};
use cardea_web::config::SecretText;
use jiff::SignedDuration;

use crate::mails::{with_mail, written};

const NEW: &str = "seven-otters-in-a-canoe";
const USED: &str = "This link no longer works";

/// A link of a person, made by its number.
async fn link(server: &TestServer, person: Person, number: u8, purpose: LinkPurpose) -> String {
    let token = RandomToken::from_bytes([number; 32]);
    let cause = server.cause();
    let command = MakeLink {
        subject: server.subject(person).await,
        link: NewLink {
            token: token.hash(),
            purpose,
            payload: None,
            expires_at: cause.now + SignedDuration::from_mins(60),
        },
        mail: None,
        cause,
    };
    assert!(server.store.make_link(command).await.unwrap());
    let token = token.to_text();
    server.url(&format!("/password_reset?token={}", token.expose()))
}

async fn set(browser: &mut Browser<'_>, url: &str, password: &str) -> Page {
    let page = browser.open(url).await;
    assert_eq!(page.status(), 200, "{}", page.text());
    browser
        .submit(&page, page.form(), &[("password", password)])
        .await
}

async fn can_log_in(server: &TestServer, username: &str, password: &str) -> bool {
    let mut browser = Browser::new(server);
    let page = browser.open(&server.url("/login")).await;
    let fill = [("username", username), ("password", password)];
    let page = browser.submit(&page, page.form(), &fill).await;
    page.path() == "/account/profile"
}

#[tokio::test]
async fn a_link_sets_a_password_once_and_ends_everything_else() {
    let server = TestServer::start().await;
    let (mut alice, mut bob) = (Browser::new(&server), Browser::new(&server));
    let granted = tokens(&mut alice, SPA, (Person::ALICE, "openid offline_access")).await;
    log_in(&mut bob, Person::BOB).await;
    let url = link(&server, Person::ALICE, 1, LinkPurpose::PasswordReset).await;
    let mut browser = Browser::new(&server);
    // A mail scanner reads the link before the user does.
    for _ in 0..3 {
        assert_eq!(
            server
                .get(url.strip_prefix(server.issuer()).unwrap())
                .send()
                .await
                .status,
            200
        );
    }
    let done = set(&mut browser, &url, NEW).await;
    assert_eq!(
        (done.status(), done.heading().as_str()),
        (200, "Your password is set")
    );
    // It opens no session: a second factor is not skipped.
    assert_eq!(browser.open(&server.url("/account")).await.path(), "/login");
    assert_eq!(alice.open(&server.url("/account")).await.path(), "/login");
    assert_eq!(bob.open(&server.url("/account")).await.path(), "/account");
    let token = granted["refresh_token"].as_str().unwrap();
    refresh(&server, SPA, token)
        .await
        .refused(400, "invalid_grant");
    assert!(can_log_in(&server, "alice", NEW).await);
    assert!(can_log_in(&server, "alice@example.test", NEW).await);
    assert!(!can_log_in(&server, "alice", Person::ALICE.password).await);
    browser.open(&url).await.is_trouble(400, USED);
}

#[tokio::test]
async fn two_uses_of_a_link_at_once_set_one_password() {
    let server = TestServer::start().await;
    let url = link(&server, Person::ALICE, 1, LinkPurpose::Invite).await;
    let url = url.replace("/password_reset", "/invitation");
    let (mut one, mut two) = (Browser::new(&server), Browser::new(&server));
    let (first, second) = (one.open(&url).await, two.open(&url).await);
    assert_eq!(first.heading(), "Welcome");
    let (fill_one, fill_two) = ([("password", NEW)], [("password", "nine-herons-on-a-roof")]);
    let (first, second) = tokio::join!(
        one.submit(&first, first.form(), &fill_one),
        two.submit(&second, second.form(), &fill_two)
    );
    let mut statuses = [first.status(), second.status()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400]);
}

#[tokio::test]
async fn a_forged_expired_or_foreign_link_does_nothing() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let good = link(&server, Person::ALICE, 1, LinkPurpose::PasswordReset).await;
    let undo = link(&server, Person::ALICE, 2, LinkPurpose::EmailUndo).await;
    browser.open(&undo).await.is_trouble(400, USED);
    for (token, heading) in [
        ("x", "This link doesn’t work"),
        (&"é".repeat(40), "This link doesn’t work"),
        (&"A".repeat(4000), "This link doesn’t work"),
        (&"A".repeat(43), USED),
    ] {
        let url = server.url(&format!("/password_reset?token={token}"));
        browser.open(&url).await.is_trouble(400, heading);
    }
    // The form of one link does not use another, and that of another browser none.
    let page = browser.open(&good).await;
    let other = link(&server, Person::BOB, 3, LinkPurpose::PasswordReset).await;
    let (_, other) = other.split_once("token=").unwrap();
    let form = page.form().with("token", other).with("password", NEW);
    browser
        .submit(&page, form, &[])
        .await
        .is_trouble(403, "We didn’t accept that");
    let mut elsewhere = Browser::new(&server);
    elsewhere.open(&server.url("/login")).await;
    let form = page.form().with("password", NEW);
    elsewhere
        .submit(&page, form, &[])
        .await
        .is_trouble(403, "We didn’t accept that");
    server.advance(SignedDuration::from_mins(60));
    let late = browser
        .submit(&page, page.form(), &[("password", NEW)])
        .await;
    late.is_trouble(400, USED);
    assert!(can_log_in(&server, "alice", Person::ALICE.password).await);
    assert!(can_log_in(&server, "bob", Person::BOB.password).await);
}

#[tokio::test]
async fn a_weak_password_is_refused_and_the_link_can_still_be_used() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let url = link(&server, Person::ALICE, 1, LinkPurpose::PasswordReset).await;
    for weak in [
        "",
        "short",
        "password",
        "alice alice",
        "a\tb-c-d-e-f-g",
        &"x".repeat(129),
    ] {
        let page = set(&mut browser, &url, weak).await;
        assert_eq!(page.status(), 422, "{weak}");
        assert!(page.text().contains("role=\"alert\""));
    }
    assert_eq!(set(&mut browser, &url, NEW).await.status(), 200);
}

async fn mails(server: &TestServer) -> Vec<(String, String)> {
    let claim = ClaimMessages {
        kind: MessageKind::Mail,
        sid: None,
        busy: Vec::new(),
        limit: 100,
        lease: SignedDuration::from_secs(60),
        now: server.cause().now,
    };
    let claimed = server.store.claim_messages(claim).await.unwrap();
    let mail = |message| match message {
        Message::Mail(mail) => Some((mail.to().to_string(), mail.link()?.path.clone())),
        Message::LogoutToken { .. } => None,
    };
    claimed
        .into_iter()
        .filter_map(|c| mail(c.message))
        .collect()
}

#[tokio::test]
async fn a_request_for_a_link_shows_nobody_who_has_an_account() {
    let server = TestServer::builder()
        .config(|config| {
            config.mail.url = Some(SecretText::new("smtp://127.0.0.1:1".to_owned()));
            config.mail.from = Some("no-reply@example.test".to_owned());
        })
        .start()
        .await;
    let mut browser = Browser::new(&server);
    let login = browser.open(&server.url("/login")).await;
    assert!(login.text().contains("href=\"/password_reset\""));
    let page = browser.open(&server.url("/password_reset")).await;
    let mut answers = Vec::new();
    let long = "x".repeat(3000);
    for name in [
        "nobody",
        "alice",
        "nobody@example.test",
        "ALICE@example.test",
        "",
        "a\r\nBcc: eve@example.test",
        "<b>alice</b>",
        &long,
    ] {
        let answer = browser
            .submit(&page, page.form(), &[("username", name)])
            .await;
        assert_eq!(answer.status(), 200, "{name}");
        answers.push(answer.text().to_owned());
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    let mut found = Vec::new();
    eventually("both mails are written", async || {
        found.extend(mails(&server).await);
        found.len() == 2
    })
    .await;
    let expected = (
        "alice@example.test".to_owned(),
        "/password_reset".to_owned(),
    );
    assert_eq!(found, [expected.clone(), expected]);
}

#[tokio::test]
async fn attack_a_flood_of_requests_neither_fills_a_mailbox_nor_ends_a_link() {
    let server = TestServer::builder().config(with_mail).start().await;
    let mut browser = Browser::new(&server);
    let page = browser.open(&server.url("/password_reset")).await;
    let mut found = Vec::new();
    for _ in 0..6 {
        for name in ["alice", "alice@example.test"] {
            browser
                .submit(&page, page.form(), &[("username", name)])
                .await;
        }
        server.advance(SignedDuration::from_mins(1));
    }
    // The requests are done in their order.
    browser
        .submit(&page, page.form(), &[("username", "bob")])
        .await;
    eventually("the last mail is written", async || {
        found.extend(written(&server).await);
        found
            .iter()
            .any(|mail| mail.to().as_str() == "bob@example.test")
    })
    .await;
    assert_eq!(found.len(), 3 + 1);
}

#[tokio::test]
async fn without_mail_the_page_says_whom_to_ask() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let page = browser.open(&server.url("/password_reset")).await;
    assert_eq!(page.status(), 200);
    assert!(page.text().contains("Ask your administrator"));
    assert!(page.forms().is_empty());
    let login = browser.open(&server.url("/login")).await;
    assert!(!login.text().contains("/password_reset"));
}
