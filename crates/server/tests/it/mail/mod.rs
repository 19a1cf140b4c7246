//! Mails from the outbox to a mail server on loopback (2.1). `tests/interop` has a mail server of others, with TLS and
//! authentication.

mod foreign;
pub(crate) mod sink;

use cardea_protocol::{
    language::Lang,
    mail::{EmailAddress, Mail, MailTemplate, MailValue},
    model::AuditEvent,
};
use cardea_store::{AuditFilter, ClaimMessages, ClaimedMessage, MessageKind, Page, PutMail};
use cardea_testkit::{Fault, Log, Person, TestServer, listen, until};
use cardea_web::config::SecretText;
use jiff::SignedDuration;

use self::sink::{Act, Sink};

/// A provider that sends mail to this port.
async fn provider(port: u16) -> TestServer {
    let builder = TestServer::builder().config(|config| {
        config.mail.url = Some(SecretText::new(format!("smtp://127.0.0.1:{port}")));
        config.mail.from = Some("Ållo Login <no-reply@id.example>".to_owned());
    });
    builder.start().await
}

async fn put(server: &TestServer, mail: Mail) {
    let command = PutMail {
        mail,
        limits: None,
        cause: server.cause(),
    };
    assert!(server.store.put_mail(command).await.unwrap());
}

fn mail(to: &str) -> Mail {
    let to = EmailAddress::parse(to).unwrap();
    Mail::new(to, MailTemplate::NewDevice, Lang::En).with(MailValue::User, "Alice")
}

/// What waits in the outbox, due or not.
async fn waiting(server: &TestServer) -> Vec<ClaimedMessage> {
    let command = ClaimMessages {
        kind: MessageKind::Mail,
        sid: None,
        busy: Vec::new(),
        limit: 10,
        lease: SignedDuration::ZERO,
        now: server.cause().now + SignedDuration::from_hours(1000),
    };
    server.store.claim_messages(command).await.unwrap()
}

async fn given_up(server: &TestServer) -> Vec<Option<String>> {
    let filter = AuditFilter {
        event: Some(AuditEvent::MailUndelivered),
        ..AuditFilter::default()
    };
    let rows = server.store.audit(filter, Page::first(10)).await.unwrap();
    rows.items.into_iter().map(|row| row.detail).collect()
}

/// A header of a mail, unfolded.
fn header<'a>(mail: &'a str, name: &str) -> Option<&'a str> {
    let lines = mail.split("\r\n").take_while(|line| !line.is_empty());
    let mut found = lines.filter_map(|line| line.split_once(": "));
    let (_, value) = found.find(|(n, _)| n.eq_ignore_ascii_case(name))?;
    Some(value)
}

#[tokio::test]
async fn a_mail_is_sent_once_with_a_text_and_an_html_part() {
    let sink = Sink::start(&[]).await;
    let server = provider(sink.port).await;
    let hostile = mail("alice@example.com")
        .with(MailValue::User, "<b>Eve</b>\r\nBcc: eve@example.com")
        .with(MailValue::Device, "Firefox <script>");
    put(&server, hostile).await;
    server.send_mails().await;
    server.send_mails().await;
    let taken = sink.taken();
    assert_eq!(taken.len(), 1);
    let mail = &taken[0];
    assert_eq!(header(mail, "To"), Some("alice@example.com"));
    assert!(
        header(mail, "From")
            .unwrap()
            .ends_with("<no-reply@id.example>")
    );
    assert!(header(mail, "From").unwrap().starts_with("=?utf-8?"));
    assert_eq!(header(mail, "Auto-Submitted"), Some("auto-generated"));
    assert!(
        header(mail, "Message-ID")
            .unwrap()
            .ends_with("@id.example>")
    );
    let heads = mail.split("\r\n").filter(|line| line.starts_with("Bcc"));
    assert_eq!(heads.count(), 0, "no header of a value");
    assert!(mail.contains("text/plain") && mail.contains("text/html"));
    let (_, html) = mail.split_once("text/html").unwrap();
    assert!(
        !html.contains("<script>") && !html.contains("<b>Eve"),
        "{html}"
    );
    assert!(waiting(&server).await.is_empty());
    assert!(given_up(&server).await.is_empty());
}

#[tokio::test]
async fn a_mail_that_is_put_off_or_cut_off_is_sent_again_with_the_same_message_id() {
    let sink = Sink::start(&[
        Act::Rcpt("451 4.7.1 greylisted"),
        Act::Cut,
        Act::Data("452 4.3.1 full"),
    ])
    .await;
    let server = provider(sink.port).await;
    put(&server, mail("alice@example.com")).await;
    let mut minutes = 1;
    for tries in 1..=3 {
        server.send_mails().await;
        assert!(sink.taken().is_empty(), "try {tries}");
        server
            .clock
            .advance(SignedDuration::from_mins(minutes) - SignedDuration::from_secs(1));
        server.send_mails().await;
        assert!(sink.taken().is_empty(), "too early after try {tries}");
        server.clock.advance(SignedDuration::from_secs(1));
        minutes *= 2;
    }
    server.send_mails().await;
    assert_eq!(sink.taken().len(), 1);
    assert!(waiting(&server).await.is_empty());
    assert!(given_up(&server).await.is_empty());
}

#[tokio::test]
async fn a_mail_that_is_sent_twice_after_a_crash_has_the_same_message_id() {
    let sink = Sink::start(&[Act::Hold, Act::Hold]).await;
    let server = provider(sink.port).await;
    put(&server, mail("alice@example.com")).await;
    put(&server, mail("alice@example.com")).await;
    // The mail server has taken both, and nothing can be written when it says so.
    let crash = async {
        until("both mails are taken", || sink.taken().len() == 2).await;
        server.faults.bring(Fault::Locked);
        sink.release(2);
    };
    tokio::join!(server.send_mails(), crash);
    server.faults.mend();
    server.clock.advance(SignedDuration::from_mins(3));
    server.send_mails().await;
    let taken = sink.taken();
    let mut ids: Vec<_> = taken
        .iter()
        .map(|mail| header(mail, "Message-ID"))
        .collect();
    assert_eq!(ids.len(), 4);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 2, "one for each mail");
}

#[tokio::test]
async fn a_refused_mail_is_given_up_and_audited_without_its_address() {
    let (log, _guard) = Log::capture();
    let sink = Sink::start(&[Act::Rcpt("550 5.1.1 <alice@example.com> unknown")]).await;
    let server = provider(sink.port).await;
    let alice = server.subject(Person::ALICE).await;
    put(&server, mail("alice@example.com").of(alice)).await;
    put(&server, mail("bob@example.com")).await;
    server.send_mails().await;
    assert!(waiting(&server).await.is_empty());
    assert_eq!(sink.taken().len(), 1, "the other mail");
    let details = given_up(&server).await;
    assert_eq!(details.len(), 1);
    let detail = details[0].as_deref().unwrap();
    assert!(
        detail.contains("550") && detail.contains("new_device"),
        "{detail}"
    );
    assert!(!detail.contains("alice"), "{detail}");
    assert!(!log.text().contains("alice@example.com"));
}

#[tokio::test]
async fn mails_wait_for_a_mail_server_that_is_down_for_a_day_at_most() {
    // Nothing listens there.
    let (listener, _) = listen().await;
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let server = provider(port).await;
    let alice = server.subject(Person::ALICE).await;
    put(&server, mail("alice@example.com").of(alice)).await;
    for _ in 0..12 {
        server.send_mails().await;
        server.clock.advance(SignedDuration::from_mins(61));
    }
    assert!(given_up(&server).await.is_empty());
    server.clock.advance(SignedDuration::from_hours(24));
    server.send_mails().await;
    let details = given_up(&server).await;
    assert_eq!(details.len(), 1);
    assert!(
        details[0].as_deref().unwrap().contains("tries: 13"),
        "{details:?}"
    );
    assert!(waiting(&server).await.is_empty());
}

#[tokio::test]
async fn many_mails_are_each_sent_once() {
    let sink = Sink::start(&[]).await;
    let server = provider(sink.port).await;
    for n in 0..50 {
        put(&server, mail(&format!("user{n}@example.com"))).await;
    }
    // Two rounds at once, as of two nodes.
    tokio::join!(server.send_mails(), server.send_mails());
    let taken = sink.taken();
    let mut to: Vec<_> = taken.iter().map(|mail| header(mail, "To")).collect();
    assert_eq!(to.len(), 50);
    to.sort_unstable();
    to.dedup();
    assert_eq!(to.len(), 50);
}

#[tokio::test]
async fn mails_of_development_are_on_a_page_that_exists_nowhere_else() {
    let development = TestServer::builder()
        .issuer("http://localhost:9000")
        .config(|config| config.development = true);
    let server = development.start().await;
    let hostile = mail("alice@example.com")
        .with(MailValue::User, "<script>alert(1)</script>")
        .with(MailValue::Device, "<script>alert(1)</script>");
    put(&server, hostile).await;
    server.send_mails().await;
    let list = server.get("/dev/mailbox").send().await;
    assert_eq!(list.status, 200, "{}", list.text());
    assert!(list.text().contains("New sign-in to your account"));
    assert!(list.text().contains("alice@example.com"));
    let page = list.text();
    let (_, rest) = page.split_once("href=\"/dev/mailbox/").unwrap();
    let (id, _) = rest.split_once('"').unwrap();
    let one = server.get(&format!("/dev/mailbox/{id}")).send().await;
    assert_eq!(one.status, 200);
    let html = server.get(&format!("/dev/mailbox/{id}/html")).send().await;
    assert_eq!(html.status, 200);
    let csp = html.header("content-security-policy").unwrap();
    assert!(
        csp.starts_with("default-src 'none'") && csp.contains("sandbox"),
        "{csp}"
    );
    for answer in [&one, &html] {
        assert!(
            !answer.text().contains("<script>alert"),
            "{}",
            answer.text()
        );
    }
    assert_eq!(server.get("/dev/mailbox/x").send().await.status, 404);
    assert!(waiting(&server).await.is_empty());

    let sink = Sink::start(&[]).await;
    let server = provider(sink.port).await;
    put(&server, mail("alice@example.com")).await;
    server.send_mails().await;
    for path in ["/dev/mailbox", "/dev/mailbox/x", "/dev/mailbox/x/html"] {
        assert_eq!(server.get(path).send().await.status, 404, "{path}");
    }
}
