//! Mails to a mail server that was not written here: npm's `smtp-server`, with TLS by an authority of its own and a password.
//! `cargo xtask test --only interop` runs this.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
};

use cardea_testkit::{Person, TestServer, until};
use cardea_web::config::SecretText;
use jiff::SignedDuration;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::Value;
use tempfile::TempDir;

use super::{given_up, mail, put, waiting};

const SCRIPT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../tests/interop/smtp-server.js"
);

struct MailServer {
    process: Child,
    port: u16,
    taken: Arc<Mutex<Vec<Value>>>,
    folder: TempDir,
}

impl MailServer {
    fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca_key = KeyPair::generate().unwrap();
        let ca = params.self_signed(&ca_key).unwrap();
        let issuer = Issuer::new(params, ca_key);
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &issuer).unwrap();
        std::fs::write(file("ca.pem"), ca.pem()).unwrap();
        std::fs::write(file("cert.pem"), certificate.pem()).unwrap();
        std::fs::write(file("key.pem"), key.serialize_pem()).unwrap();
        std::fs::write(file("password"), "a long pass/word\n").unwrap();
        let mut process = Command::new("node")
            .arg(SCRIPT)
            .args([file("cert.pem"), file("key.pem")])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node, and what `cargo xtask setup` installs");
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut said = String::new();
        output.read_line(&mut said).unwrap();
        let port = said.trim().strip_prefix("ready ").unwrap().parse().unwrap();
        let taken = Arc::<Mutex<Vec<Value>>>::default();
        let into = Arc::clone(&taken);
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                into.lock()
                    .unwrap()
                    .push(serde_json::from_str(&line).unwrap());
            }
        });
        Self {
            process,
            port,
            taken,
            folder,
        }
    }

    async fn provider(&self, url: &str, trusted: bool) -> TestServer {
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        let builder = TestServer::builder().config(|config| {
            let url = url.replace("PORT", &self.port.to_string());
            config.mail.url = Some(SecretText::new(url));
            config.mail.from = Some("Login <no-reply@id.example>".to_owned());
            config.mail.password_file = Some(path("password"));
            config.outbound.ca_file = trusted.then(|| path("ca.pem"));
        });
        builder.start().await
    }

    /// To whom the mails went that were taken, when there are so many.
    async fn receivers(&self, count: usize) -> Vec<String> {
        let all = || self.taken.lock().unwrap().clone();
        until("the mails are taken", || all().len() >= count).await;
        let mut to: Vec<_> = all()
            .iter()
            .map(|mail| mail["to"].as_str().unwrap().to_owned())
            .collect();
        to.sort_unstable();
        to
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

const STARTTLS: &str = "smtp://cardea%40mail.example@127.0.0.1:PORT?tls=starttls";

#[tokio::test]
#[ignore = "needs npm's smtp-server: cargo xtask test --only interop"]
async fn each_mail_is_sent_once_by_starttls_with_a_password() {
    let smtp = MailServer::start(&[]);
    let server = smtp.provider(STARTTLS, true).await;
    let alice = server.subject(Person::ALICE).await;
    for to in ["one", "busy", "cut", "unknown"] {
        put(
            &server,
            mail(&format!("{to}@example.com")).of(alice.clone()),
        )
        .await;
        server.send_mails().await;
    }
    assert_eq!(smtp.receivers(1).await, ["one@example.com"]);
    assert_eq!(given_up(&server).await.len(), 1, "the unknown one");
    for _ in 0..3 {
        server.clock.advance(SignedDuration::from_mins(2));
        server.send_mails().await;
    }
    let receivers = ["busy@example.com", "cut@example.com", "one@example.com"];
    assert_eq!(smtp.receivers(3).await, receivers);
    for mail in smtp.taken.lock().unwrap().iter() {
        assert_eq!(mail["secure"], true, "{mail}");
        assert_eq!(mail["user"], "cardea@mail.example");
    }
    assert!(waiting(&server).await.is_empty());
    assert_eq!(given_up(&server).await.len(), 1);
}

#[tokio::test]
#[ignore = "needs npm's smtp-server: cargo xtask test --only interop"]
async fn a_mail_is_sent_by_implicit_tls() {
    let smtp = MailServer::start(&["implicit"]);
    let url = "smtps://cardea%40mail.example@127.0.0.1:PORT";
    let server = smtp.provider(url, true).await;
    put(&server, mail("one@example.com")).await;
    server.send_mails().await;
    assert_eq!(smtp.receivers(1).await, ["one@example.com"]);
    assert_eq!(smtp.taken.lock().unwrap()[0]["secure"], true);
}

#[tokio::test]
#[ignore = "needs npm's smtp-server: cargo xtask test --only interop"]
async fn nothing_is_sent_to_a_server_that_is_not_trusted() {
    for (arguments, url) in [
        (&[][..], STARTTLS),
        (
            &["implicit"][..],
            "smtps://cardea%40mail.example@127.0.0.1:PORT",
        ),
    ] {
        let smtp = MailServer::start(arguments);
        let server = smtp.provider(url, false).await;
        put(&server, mail("one@example.com")).await;
        server.send_mails().await;
        assert!(smtp.taken.lock().unwrap().is_empty());
        assert_eq!(waiting(&server).await.len(), 1, "it is tried again");
    }
}

#[tokio::test]
#[ignore = "needs npm's smtp-server: cargo xtask test --only interop"]
async fn a_wrong_password_loses_no_mail() {
    let smtp = MailServer::start(&[]);
    let url = STARTTLS.replace("cardea%40", "other%40");
    let server = smtp.provider(&url, true).await;
    put(&server, mail("one@example.com")).await;
    server.send_mails().await;
    assert!(smtp.taken.lock().unwrap().is_empty());
    assert!(given_up(&server).await.is_empty());
    assert_eq!(waiting(&server).await.len(), 1, "it is tried again");
}
