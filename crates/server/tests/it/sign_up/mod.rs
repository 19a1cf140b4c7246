//! `/sign_up` and `/verify_email`: how a stranger gets an account, and what an enemy gets (2.1).

mod attacks;

use cardea_protocol::model::Username;
use cardea_server::config::SignUpMode;
use cardea_testkit::{
    Browser, Page, Person, TestServer,
    clients::SPA,
    flows::{Authorization, decide},
};
use cardea_web::config::SecretText;

use crate::mails::link_to;

const PASSWORD: &str = "seven-otters-in-a-canoe";

/// A provider at which strangers can sign up, with a mailbox.
async fn server() -> TestServer {
    let builder = TestServer::builder().config(|config| {
        config.development = true;
        config.sign_up.mode = SignUpMode::Open;
    });
    builder.issuer("http://localhost:9000").start().await
}

/// Fills in the form of the page.
async fn ask_at(browser: &mut Browser<'_>, page: &Page, username: &str, email: &str) -> Page {
    let fill = [
        ("username", username),
        ("email", email),
        ("password", PASSWORD),
    ];
    browser.submit(page, page.form(), &fill).await
}

async fn ask(browser: &mut Browser<'_>, username: &str, email: &str) -> Page {
    let url = browser.server().url("/sign_up");
    let page = browser.open(&url).await;
    assert_eq!(page.status(), 200, "{}", page.text());
    ask_at(browser, &page, username, email).await
}

/// The link that was mailed to an address.
async fn link(server: &TestServer, to: &str) -> String {
    link_to(server, to, "/verify_email").await
}

async fn exists(server: &TestServer, name: &str) -> bool {
    let name = Username::parse(name).unwrap();
    server.store.login_user(&name).await.unwrap().is_some()
}

#[tokio::test]
async fn a_stranger_confirms_the_address_and_has_an_account_with_the_least() {
    let server = server().await;
    let mut browser = Browser::new(&server);
    let login = browser.open(&server.url("/login")).await;
    assert!(login.text().contains("href=\"/sign_up?ticket="));
    let sent = ask(&mut browser, "dora", "Dora@example.test").await;
    assert_eq!(sent.status(), 200);
    assert!(sent.text().contains("role=\"status\""));
    let url = link(&server, "Dora@example.test").await;
    // A mail scanner reads the link; nothing is made by it.
    for _ in 0..3 {
        Browser::new(&server).open(&url).await;
    }
    assert!(!exists(&server, "dora").await);
    let page = browser.open(&url).await;
    assert!(!page.text().contains("type=\"password\""));
    let done = browser.submit(&page, page.form(), &[]).await;
    assert_eq!(done.path(), "/account/profile", "{}", done.text());
    for name in ["dora", "dora@EXAMPLE.test"] {
        let name = Username::parse(name).unwrap();
        let user = server.store.login_user(&name).await.unwrap().unwrap().user;
        assert_eq!(user.email.as_deref(), Some("Dora@example.test"));
        assert!(user.email_verified && user.roles.is_empty());
    }
}

#[tokio::test]
async fn prompt_create_leads_to_sign_up_and_the_app_gets_its_code() {
    let server = server().await;
    let mut browser = Browser::new(&server);
    let request = Authorization::of(SPA).with("prompt", "create");
    let page = browser.open(&request.url(&server)).await;
    assert_eq!(page.path(), "/sign_up");
    ask_at(&mut browser, &page, "dora", "dora@example.test").await;
    let url = link(&server, "dora@example.test").await;
    let page = browser.open(&url).await;
    let mut page = browser.submit(&page, page.form(), &[]).await;
    if page.path() == "/consent" {
        page = decide(&mut browser, &page, "allow").await;
    }
    assert!(page.callback().contains_key("code"));
    let metadata = server.get("/.well-known/openid-configuration").send().await;
    assert!(metadata.text().contains("\"create\""));
}

#[tokio::test]
async fn while_sign_up_is_off_there_is_no_page_and_no_link() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let page = browser.open(&server.url("/sign_up")).await;
    assert_eq!(page.status(), 404);
    let login = browser.open(&server.url("/login")).await;
    assert!(!login.text().contains("/sign_up"));
    let metadata = server.get("/.well-known/openid-configuration").send().await;
    assert!(!metadata.text().contains("\"create\""));
    let request = Authorization::of(SPA).with("prompt", "create");
    let refused = browser.open(&request.url(&server)).await;
    refused.client_is_told("invalid_request");
}

#[tokio::test]
async fn an_invitation_or_mail_that_is_missing_is_said_kindly() {
    for (mode, words) in [
        (SignUpMode::Invite, "you need an invitation"),
        (SignUpMode::Open, "sends no mail"),
    ] {
        let builder = TestServer::builder().config(|config| config.sign_up.mode = mode);
        let server = builder.start().await;
        let page = Browser::new(&server).open(&server.url("/sign_up")).await;
        assert_eq!(page.status(), 200);
        assert!(page.text().contains(words) && page.forms().is_empty());
    }
}

#[tokio::test]
async fn only_listed_domains_sign_up() {
    let builder = TestServer::builder().config(|config| {
        config.mail.url = Some(SecretText::new("smtp://127.0.0.1:1".to_owned()));
        config.mail.from = Some("no-reply@example.test".to_owned());
        config.sign_up.mode = SignUpMode::Open;
        config.sign_up.domains = vec!["example.test".to_owned()];
    });
    let server = builder.start().await;
    let mut browser = Browser::new(&server);
    let refused = ask(&mut browser, "dora", "dora@evil.example").await;
    assert_eq!(refused.status(), 422);
    assert!(refused.text().contains("Addresses of this domain"));
    assert_eq!(
        ask(&mut browser, "dora", "dora@example.test")
            .await
            .status(),
        200
    );
}

#[tokio::test]
async fn a_name_or_address_that_is_taken_meanwhile_is_told_to_the_owner_of_the_address() {
    let server = server().await;
    let mut browser = Browser::new(&server);
    ask(&mut browser, Person::ALICE.username, "dora@example.test").await;
    let url = link(&server, "dora@example.test").await;
    let page = browser.open(&url).await;
    let taken = browser.submit(&page, page.form(), &[]).await;
    assert_eq!(taken.status(), 422);
    assert!(taken.text().contains("This user name is taken"));
    // A second link of the same address, which is confirmed first.
    let mut other = Browser::new(&server);
    let page = other.open(&url).await;
    let fill = [("username", "dora"), ("password", "nine-herons-on-a-roof")];
    let done = other.submit(&page, page.form(), &fill).await;
    assert_eq!(done.path(), "/account/profile", "{}", done.text());
    let fill = [("username", "dora2")];
    let late = browser.submit(&taken, taken.form(), &fill).await;
    late.is_trouble(400, "This link no longer works");
    assert!(!exists(&server, "dora2").await);
}
