//! What is in the mailbox of a development server.

use cardea_protocol::mail::Mail;
use cardea_server::config::Config;
use cardea_store::{ClaimMessages, Message, MessageKind};
use cardea_testkit::{Browser, Page, TestServer, eventually};
use cardea_web::config::SecretText;
use jiff::SignedDuration;

/// Mails are written, and not sent.
pub(crate) fn with_mail(config: &mut Config) {
    config.mail.url = Some(SecretText::new("smtp://127.0.0.1:9".to_owned()));
    config.mail.from = Some("no-reply@id.example".to_owned());
}

/// The mails that were written since the last call, in their order.
pub(crate) async fn written(server: &TestServer) -> Vec<Mail> {
    let command = ClaimMessages {
        kind: MessageKind::Mail,
        sid: None,
        busy: Vec::new(),
        limit: 100,
        lease: SignedDuration::from_hours(1000),
        now: server.cause().now,
    };
    let claimed = server.store.claim_messages(command).await.unwrap();
    let mails = claimed.into_iter().filter_map(|one| match one.message {
        Message::Mail(mail) => Some(*mail),
        Message::LogoutToken { .. } => None,
    });
    mails.collect()
}

/// A provider with a mailbox.
pub(crate) async fn mailbox_server() -> TestServer {
    let builder = TestServer::builder().config(|config| {
        config.development = true;
        config.limits.login_per_account_per_minute = 100;
    });
    builder.issuer("http://localhost:9000").start().await
}

/// Opens a link and presses its button.
pub(crate) async fn press(browser: &mut Browser<'_>, url: &str) -> Page {
    let page = browser.open(url).await;
    assert_eq!(page.status(), 200, "{}", page.text());
    browser.submit(&page, page.form(), &[]).await
}

/// The texts of the mails to an address, the newest first.
pub(crate) async fn mails_to(server: &TestServer, to: &str) -> Vec<String> {
    server.send_mails().await;
    let mut browser = Browser::new(server);
    let list = browser.open(&server.url("/dev/mailbox")).await;
    let mut found = Vec::new();
    for piece in list.text().split("href=\"/dev/mailbox/").skip(1) {
        let (id, rest) = piece.split_once('"').unwrap();
        let row = rest.split("</li>").next().unwrap();
        if row.contains(&format!("<bdi>{to}</bdi>")) {
            let url = server.url(&format!("/dev/mailbox/{id}"));
            found.push(browser.open(&url).await.text().to_owned());
        }
    }
    found
}

/// The newest link to a page that was mailed to an address.
pub(crate) async fn link_to(server: &TestServer, to: &str, page: &str) -> String {
    let mut found = None;
    let page = format!("{page}?token=");
    eventually("the link is mailed", async || {
        let mails = mails_to(server, to).await;
        found = mails.iter().find_map(|mail| {
            let (_, rest) = mail.split_once(&page)?;
            let token = rest.get(..rest.find(['"', '<'])?)?;
            Some(server.url(&format!("{page}{token}")))
        });
        found.is_some()
    })
    .await;
    found.unwrap()
}
