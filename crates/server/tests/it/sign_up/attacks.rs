//! Attacks on sign-up.

use cardea_protocol::model::Username;
use cardea_server::config::SignUpMode;
use cardea_store::Page as Rows;
use cardea_testkit::{Browser, Person, TestServer, eventually};
use jiff::SignedDuration;

use super::{PASSWORD, ask, ask_at, exists, link, server};
use crate::mails::mails_to;

const USED: &str = "This link no longer works";
const OTHER: &str = "nine-herons-on-a-roof";

async fn logs_in(server: &TestServer, username: &str, password: &str) -> bool {
    let mut browser = Browser::new(server);
    let page = browser.open(&server.url("/login")).await;
    let fill = [("username", username), ("password", password)];
    let page = browser.submit(&page, page.form(), &fill).await;
    page.path() == "/account/profile"
}

#[tokio::test]
async fn pre_hijacking_the_password_of_who_signed_up_elsewhere_is_not_used() {
    let server = server().await;
    let mut enemy = Browser::new(&server);
    ask(&mut enemy, "dora", "dora@example.test").await;
    let url = link(&server, "dora@example.test").await;
    let mut owner = Browser::new(&server);
    let page = owner.open(&url).await;
    assert!(page.text().contains("type=\"password\""));
    let without = owner.submit(&page, page.form(), &[]).await;
    assert_eq!(without.status(), 422);
    assert!(!exists(&server, "dora").await);
    let done = owner
        .submit(&page, page.form(), &[("password", OTHER)])
        .await;
    assert_eq!(done.path(), "/account/profile");
    assert!(!logs_in(&server, "dora", PASSWORD).await);
    assert!(logs_in(&server, "dora", OTHER).await);
    assert_eq!(enemy.open(&server.url("/account")).await.path(), "/login");
}

#[tokio::test]
async fn session_fixation_a_confirmation_gives_new_cookies() {
    let server = server().await;
    let mut browser = Browser::new(&server);
    ask(&mut browser, "dora", "dora@example.test").await;
    let before = browser.cookies().clone();
    let url = link(&server, "dora@example.test").await;
    let page = browser.open(&url).await;
    browser.submit(&page, page.form(), &[]).await;
    let after = browser.cookies();
    for (name, value) in &before {
        assert_ne!(after.get(name), Some(value), "{name}");
    }
    let mut enemy = Browser::new(&server);
    for (name, value) in &before {
        enemy.plant(name, value);
    }
    assert_eq!(enemy.open(&server.url("/account")).await.path(), "/login");
}

#[tokio::test]
async fn a_replayed_forged_expired_or_foreign_link_makes_no_account() {
    let server = server().await;
    let mut browser = Browser::new(&server);
    ask(&mut browser, "dora", "dora@example.test").await;
    let url = link(&server, "dora@example.test").await;
    let first = browser.open(&url).await;
    let other_link = {
        let mut other = Browser::new(&server);
        ask(&mut other, "emil", "emil@example.test").await;
        link(&server, "emil@example.test").await
    };
    // The form of one link does not use another one.
    let (_, foreign) = other_link.split_once("token=").unwrap();
    let swapped = first.form().with("token", foreign);
    let refused = browser.submit(&first, swapped, &[]).await;
    refused.is_trouble(403, "We didn’t accept that");
    browser.submit(&first, first.form(), &[]).await;
    browser.open(&url).await.is_trouble(400, USED);
    let broken = "This link doesn’t work";
    let flipped = format!("{}x{}", &url[..url.len() - 20], &url[url.len() - 19..]);
    for forged in [
        flipped,
        server.url("/verify_email"),
        server.url("/verify_email?token="),
        server.url(&format!("/verify_email?token={}", "A".repeat(9000))),
    ] {
        browser.open(&forged).await.is_trouble(400, broken);
    }
    // It could be the link of a user who changes the address.
    let unknown = server.url(&format!("/verify_email?token={}", "A".repeat(43)));
    browser.open(&unknown).await.is_trouble(400, USED);
    server.advance(SignedDuration::from_hours(24));
    browser.open(&other_link).await.is_trouble(400, USED);
    assert!(!exists(&server, "emil").await);
}

#[tokio::test]
async fn two_confirmations_at_once_make_one_account() {
    let server = server().await;
    let (mut one, mut two) = (Browser::new(&server), Browser::new(&server));
    ask(&mut one, "dora", "dora@example.test").await;
    let url = link(&server, "dora@example.test").await;
    let (first, second) = (one.open(&url).await, two.open(&url).await);
    let fill = [("username", "other-dora"), ("password", OTHER)];
    let (first, second) = tokio::join!(
        one.submit(&first, first.form(), &[]),
        two.submit(&second, second.form(), &fill)
    );
    let mut statuses = [first.status(), second.status()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400]);
    assert!(exists(&server, "dora").await != exists(&server, "other-dora").await);
}

#[tokio::test]
async fn enumeration_the_answer_is_the_same_and_the_owner_of_a_taken_address_is_notified() {
    let server = server().await;
    let mut browser = Browser::new(&server);
    let page = browser.open(&server.url("/sign_up")).await;
    let mut answers = Vec::new();
    for (name, email) in [
        ("dora", "dora@example.test"),
        (Person::ALICE.username, "emil@example.test"),
        ("frida", "alice@example.test"),
        (Person::ALICE.username, "ALICE@example.test"),
    ] {
        let answer = ask_at(&mut browser, &page, name, email).await;
        assert_eq!(answer.status(), 200);
        answers.push(answer.text().to_owned());
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    let mut taken = Vec::new();
    eventually("the owner is notified", async || {
        taken = mails_to(&server, "alice@example.test").await;
        !taken.is_empty()
    })
    .await;
    assert!(taken[0].contains("already"));
    assert!(!taken[0].contains("/verify_email"));
}

#[tokio::test]
async fn header_injection_html_and_oversized_fields_are_refused_or_stay_text() {
    let server = server().await;
    let mut browser = Browser::new(&server);
    let long = "x".repeat(300);
    for (name, email) in [
        ("dora", "dora@example.test\r\nBcc: eve@example.test"),
        ("dora", "<script>alert(1)</script>@example.test"),
        ("dora", ""),
        ("", "dora@example.test"),
        ("a@b.example", "dora@example.test"),
        ("dora\u{202e}", "dora@example.test"),
        (long.as_str(), "dora@example.test"),
        ("dora", &format!("{long}@example.test")),
    ] {
        let refused = ask(&mut browser, name, email).await;
        assert_eq!(refused.status(), 422, "{name} {email}");
        assert!(!refused.text().contains("<script>alert(1)"));
    }
    let huge = "x".repeat(20_000);
    let page = browser.open(&server.url("/sign_up")).await;
    assert_eq!(
        ask_at(&mut browser, &page, &huge, "a@b.example")
            .await
            .status(),
        413
    );
    for weak in ["", "short", "password", "dora dora dora"] {
        let page = browser.open(&server.url("/sign_up")).await;
        let fill = [
            ("username", "dora"),
            ("email", "dora@example.test"),
            ("password", weak),
        ];
        let refused = browser.submit(&page, page.form(), &fill).await;
        assert_eq!(refused.status(), 422, "{weak}");
    }
    server.send_mails().await;
    assert!(mails_to(&server, "dora@example.test").await.is_empty());
}

#[tokio::test]
async fn the_mail_of_a_sign_up_carries_no_text_of_the_stranger() {
    let server = server().await;
    let mut browser = Browser::new(&server);
    let name = "you won! http://evil.example/prize";
    ask(&mut browser, name, "victim@example.test").await;
    link(&server, "victim@example.test").await;
    let found = mails_to(&server, "victim@example.test").await;
    assert_eq!(found.len(), 1);
    assert!(!found[0].contains("evil.example") && !found[0].contains("you won"));
}

/// How many strangers sign up; what is in the store afterwards is bounded.
async fn flood(strangers: usize) {
    let server = server().await;
    let mut browser = Browser::new(&server);
    let page = browser.open(&server.url("/sign_up")).await;
    let before = server
        .store
        .users(Rows::first(1000))
        .await
        .unwrap()
        .items
        .len();
    for n in 0..strangers {
        let to = format!("stranger{n}@example.test");
        let answer = ask_at(&mut browser, &page, &format!("stranger{n}"), &to).await;
        assert_eq!(answer.status(), 200);
    }
    let after = server
        .store
        .users(Rows::first(1000))
        .await
        .unwrap()
        .items
        .len();
    assert_eq!(before, after);
    server.tamper("CREATE TABLE IF NOT EXISTS bounded (n INTEGER CHECK (n <= 1000)); INSERT INTO bounded SELECT count(*) FROM outbox");
}

#[tokio::test]
async fn many_strangers_leave_no_row_but_their_mails() {
    flood(20).await;
}

#[tokio::test]
#[ignore = "takes an hour: each sign-up hashes a password"]
async fn a_hundred_thousand_strangers_leave_the_store_bounded() {
    flood(100_000).await;
}

#[tokio::test]
async fn a_flood_of_sign_ups_fills_no_mailbox() {
    const VICTIM: &str = "victim@example.test";
    let builder = TestServer::builder().config(|config| {
        config.development = true;
        config.sign_up.mode = SignUpMode::Open;
        config.limits.enabled = true;
        config.limits.authorize_per_minute = 10_000;
        config.limits.login_per_minute = 10_000;
        config.limits.other_per_minute = 10_000;
    });
    let server = builder.issuer("http://localhost:9000").start().await;
    let mut enemy = Browser::new(&server);
    for number in 1..=8 {
        ask(&mut enemy, &format!("victim{number}"), VICTIM).await;
        // They are delivered, so that it is not the number of those that wait which ends it.
        let marker = format!("marker{number}@example.test");
        ask(&mut enemy, &format!("marker{number}"), &marker).await;
        link(&server, &marker).await;
        let expected = number.min(5);
        assert_eq!(mails_to(&server, VICTIM).await.len(), expected, "{number}");
    }
    server.advance(SignedDuration::from_mins(12));
    ask(&mut enemy, "victim", VICTIM).await;
    eventually("one more is mailed", async || {
        mails_to(&server, VICTIM).await.len() == 6
    })
    .await;
}

#[tokio::test]
async fn an_enemy_whose_mails_wait_keeps_nobody_else_from_signing_up() {
    let server = server().await;
    let mut enemy = Browser::new(&server);
    let page = enemy.open(&server.url("/sign_up")).await;
    for n in 0..60 {
        let to = format!("victim{n}@example.test");
        ask_at(&mut enemy, &page, &format!("victim{n}"), &to).await;
    }
    // The share of a network, whatever the host.
    server.tamper(
        "CREATE TABLE share (n INTEGER CHECK (n <= 50)); INSERT INTO share SELECT count(*) FROM outbox",
    );
    let mut neighbour = Browser::new(&server).at([203, 0, 113, 99]);
    ask(&mut neighbour, "dora", "dora@example.test").await;
    let mut other = Browser::new(&server).at([198, 51, 100, 1]);
    ask(&mut other, "emil", "emil@example.test").await;
    link(&server, "emil@example.test").await;
    assert!(mails_to(&server, "dora@example.test").await.is_empty());
}

#[tokio::test]
async fn a_removed_account_is_not_made_again_by_the_link_of_its_sign_up() {
    let server = server().await;
    let mut browser = Browser::new(&server);
    ask(&mut browser, "dora", "dora@example.test").await;
    let url = link(&server, "dora@example.test").await;
    let page = browser.open(&url).await;
    let done = browser.submit(&page, page.form(), &[]).await;
    assert_eq!(done.path(), "/account/profile");
    let name = Username::parse("dora").unwrap();
    let dora = server.store.login_user(&name).await.unwrap().unwrap().user;
    let removed = server.store.remove_user(dora.subject, server.cause()).await;
    assert!(removed.unwrap());
    let page = browser.open(&url).await;
    browser
        .submit(&page, page.form(), &[("password", OTHER)])
        .await
        .is_trouble(400, USED);
    assert!(!exists(&server, "dora").await);
}
