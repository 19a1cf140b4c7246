//! `kill -9` while mails are sent: none is lost, and none is sent twice while its claim holds.

use std::{collections::BTreeSet, path::Path};

use cardea_protocol::{
    language::Lang,
    mail::{EmailAddress, Mail, MailTemplate},
    model::{Actor, Cause},
};
use cardea_store::{
    ClaimMessages, Message, MessageKind, Outbox as _, PutMail,
    sqlite::{Options, SqliteStore},
};
use cardea_testkit::block_until;
use cardea_web::clock::{Clock as _, SystemClock};
use jiff::SignedDuration;

use crate::{http, provider::Provider, sink::Sink};

const MAILS: usize = 60;
const ANSWERED: usize = 20;
/// How many mails are sent at once.
const AT_ONCE: usize = 8;
/// Longer than a claim.
const LATER: SignedDuration = SignedDuration::from_mins(10);

#[test]
fn kill_9_while_mails_are_sent_loses_none_and_sends_none_twice_while_its_claim_holds() {
    let folder = tempfile::tempdir().unwrap();
    let sink = Sink::start(ANSWERED);
    Provider::start(folder.path()).kill_9();
    configure(folder.path(), sink.port);
    put_all(folder.path());

    // The mail server takes some mails and does not answer: whether they were sent is not known.
    let mut provider = Provider::start(folder.path());
    let answered = |provider: &Provider| delivered(provider) == ANSWERED;
    let held = || sink.taken().iter().filter(|mail| !mail.answered).count();
    block_until("mails are sent", || {
        answered(&provider) && held() == AT_ONCE
    });
    provider.kill_9();
    let unknown: BTreeSet<_> = sink
        .taken()
        .into_iter()
        .filter(|mail| !mail.answered)
        .collect();
    assert_eq!(unknown.len(), AT_ONCE);

    // All others are sent once, and those are not sent again while their claim holds.
    sink.answer_all();
    let mut provider = Provider::start(folder.path());
    let rest = MAILS - ANSWERED - unknown.len();
    block_until("the others are sent", || delivered(&provider) == rest);
    provider.kill_9();
    let taken = sink.taken();
    let receivers: BTreeSet<_> = taken.iter().map(|mail| mail.to.clone()).collect();
    assert_eq!((taken.len(), receivers.len()), (MAILS, MAILS));

    // They are in the outbox, and are sent when their claims have ended, with the same Message-ID.
    let to: BTreeSet<_> = unknown.iter().map(|mail| mail.to.clone()).collect();
    assert_eq!(end_claims(folder.path()), to);
    let mut provider = Provider::start(folder.path());
    block_until("they are sent again", || {
        delivered(&provider) == unknown.len()
    });
    provider.kill_9();
    let again: BTreeSet<_> = sink
        .taken()
        .split_off(MAILS)
        .into_iter()
        .map(|mail| mail.message_id)
        .collect();
    let ids: BTreeSet<_> = unknown.into_iter().map(|mail| mail.message_id).collect();
    assert_eq!(again, ids);
    assert_eq!(end_claims(folder.path()), BTreeSet::new());
}

fn configure(folder: &Path, port: u16) {
    let file = folder.join("cardea.toml");
    let mut text = std::fs::read_to_string(&file).unwrap();
    text.push_str(&format!(
        "[mail]\nurl = \"smtp://127.0.0.1:{port}\"\nfrom = \"no-reply@id.example\"\n[metrics]\nallow = [\"127.0.0.1\"]\n"
    ));
    std::fs::write(file, text).unwrap();
}

fn store(folder: &Path) -> SqliteStore {
    let path = folder.join("cardea.db");
    SqliteStore::open(Options {
        path,
        migrate: false,
    })
    .unwrap()
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().unwrap().block_on(future)
}

fn put_all(folder: &Path) {
    run(async {
        let store = store(folder);
        for number in 0..MAILS {
            let to = EmailAddress::parse(&format!("user{number}@example.com")).unwrap();
            let command = PutMail {
                mail: Mail::new(to, MailTemplate::Test, Lang::En),
                limits: None,
                cause: Cause {
                    now: SystemClock.now(),
                    request_id: format!("r{number}"),
                    address: None,
                    user_agent: None,
                    actor: Actor::System,
                },
            };
            assert!(store.put_mail(command).await.unwrap());
        }
    });
}

/// Ends the claims of all mails in the outbox, as time would; to whom they are.
fn end_claims(folder: &Path) -> BTreeSet<String> {
    run(async {
        let command = ClaimMessages {
            kind: MessageKind::Mail,
            sid: None,
            busy: Vec::new(),
            limit: 100,
            lease: -LATER - LATER,
            now: SystemClock.now() + LATER,
        };
        let claimed = store(folder).claim_messages(command).await.unwrap();
        let to = |message: &Message| match message {
            Message::Mail(mail) => mail.to().to_string(),
            Message::LogoutToken { .. } => panic!("no mail"),
        };
        claimed.iter().map(|one| to(&one.message)).collect()
    })
}

/// How many mails this process has sent and settled.
fn delivered(provider: &Provider) -> usize {
    let answer = http::get(&provider.address(), "/metrics", "");
    let text = answer.map_or(String::new(), |answer| answer.body);
    let mut lines = text.lines();
    let line =
        lines.find(|line| line.starts_with("cardea_mail_total") && line.contains("delivered"));
    let value = line.and_then(|line| line.rsplit(' ').next());
    value.map_or(0, |number| number.parse().unwrap())
}
