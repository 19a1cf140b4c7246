//! Mails about what only the owner of an account should do.

use cardea_testkit::{Browser, Page, Person, TestServer, eventually, flows::log_in};
use jiff::SignedDuration;

use crate::mails::{link_to, mails_to};

const ADDRESS: &str = "alice@example.test";
const NEW_DEVICE: &str = "on a device that we don";
const FAILED: &str = "failed attempts to sign in";

/// A provider with a mailbox.
async fn server() -> TestServer {
    let builder = TestServer::builder().config(|config| {
        config.development = true;
        config.limits.login_per_account_per_minute = 100;
    });
    builder.issuer("http://localhost:9000").start().await
}

async fn about(server: &TestServer, text: &str) -> Vec<String> {
    let mails = mails_to(server, ADDRESS).await;
    mails
        .into_iter()
        .filter(|mail| mail.contains(text))
        .collect()
}

async fn fail(server: &TestServer) -> Page {
    let mut stranger = Browser::new(server);
    let page = stranger.open(&server.url("/login")).await;
    let fill = [("username", "alice"), ("password", "not-the-password")];
    stranger.submit(&page, page.form(), &fill).await
}

async fn failures(server: &TestServer) -> u32 {
    let subject = server.subject(Person::ALICE).await;
    let user = server.store.user(&subject).await.unwrap().unwrap();
    user.failures.count
}

#[tokio::test]
async fn a_sign_in_in_another_browser_is_mailed_and_can_be_disowned() {
    let server = server().await;
    let (mut first, mut second) = (Browser::new(&server), Browser::new(&server));
    log_in(&mut first, Person::ALICE).await;
    assert!(
        mails_to(&server, ADDRESS).await.is_empty(),
        "the first of all"
    );
    first.open(&server.url("/logout")).await;
    let page = first.open(&server.url("/login")).await;
    first
        .submit(
            &page,
            page.form(),
            &[("username", "alice"), ("password", Person::ALICE.password)],
        )
        .await;
    assert!(
        mails_to(&server, ADDRESS).await.is_empty(),
        "a known browser"
    );
    log_in(&mut second, Person::ALICE).await;
    let mails = about(&server, NEW_DEVICE).await;
    assert_eq!(mails.len(), 1);
    for part in ["Firefox on Linux", "203.0.113.7", "UTC"] {
        assert!(mails[0].contains(part), "{part}: {}", mails[0]);
    }
    let url = link_to(&server, ADDRESS, "/not_me").await;
    let mut owner = Browser::new(&server);
    let page = owner.open(&url).await;
    let done = owner.submit(&page, page.form(), &[]).await;
    assert_eq!(done.heading(), "Your account is secured");
    for browser in [&mut first, &mut second] {
        let account = browser.open(&server.url("/account")).await;
        assert_eq!(account.path(), "/login");
    }
}

#[tokio::test]
async fn a_stranger_causes_one_mail_an_hour_without_a_link() {
    let server = server().await;
    log_in(&mut Browser::new(&server), Person::ALICE).await;
    for number in 1..=15 {
        assert_eq!(fail(&server).await.status(), 422);
        eventually("it is counted", async || failures(&server).await == number).await;
        // The waits are longer by and by.
        server.advance(SignedDuration::from_secs(150));
        if number < 10 {
            assert!(about(&server, FAILED).await.is_empty());
        }
        if number > 7 {
            server.advance(SignedDuration::from_secs(170));
        }
    }
    let mails = about(&server, FAILED).await;
    assert_eq!(mails.len(), 1);
    assert!(mails[0].contains("10") && !mails[0].contains("/not_me"));
    server.advance(SignedDuration::from_hours(1));
    assert_eq!(fail(&server).await.status(), 422);
    eventually("a second mail", async || {
        about(&server, FAILED).await.len() == 2
    })
    .await;
}
