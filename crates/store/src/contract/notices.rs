//! Mails that tell users what was done with their accounts.

use cardea_protocol::{
    disowned::Disowned,
    language::Lang,
    mail::{EmailAddress, Mail, MailTemplate, MailValue},
    model::*,
    outbox::Verdict,
};
use jiff::SignedDuration;

use super::{
    factors::enrolment,
    links::{lives, make, new_link, token},
    not_me::not_me,
    passkeys,
    sample::*,
    upstreams,
    users::add,
};
use crate::*;

fn mail_to(address: &str, template: MailTemplate) -> Mail {
    let to = EmailAddress::parse(address).unwrap();
    Mail::new(to, template, Lang::En)
}

fn mail(template: MailTemplate) -> Mail {
    mail_to("alice@example.test", template)
}

/// A mail to Alice with a link that works for as long as they do.
pub(super) fn notice(template: MailTemplate, name: &str, seconds: i64) -> Option<Notice> {
    notice_to("alice@example.test", template, (name, seconds))
}

fn notice_to(
    address: &str,
    template: MailTemplate,
    (name, seconds): (&str, i64),
) -> Option<Notice> {
    Some(Notice {
        mail: mail_to(address, template),
        not_me: Some(NewLink {
            expires_at: at(seconds) + Disowned::TTL,
            ..not_me(name, address, seconds)
        }),
    })
}

/// The mails that wait; they are delivered.
async fn delivered(store: &AnyStore, seconds: i64) -> Vec<Mail> {
    let claim = ClaimMessages {
        kind: MessageKind::Mail,
        sid: None,
        busy: Vec::new(),
        limit: 1000,
        lease: SignedDuration::from_secs(60),
        now: at(seconds),
    };
    let mut mails = Vec::new();
    for claimed in store.claim_messages(claim).await.unwrap() {
        if let Message::Mail(mail) = &claimed.message {
            mails.push(*mail.clone());
        }
        let command = SettleMessage {
            claimed,
            verdict: Verdict::Delivered,
            cause: cause(seconds),
        };
        assert!(store.settle_message(command).await.unwrap());
    }
    mails
}

/// The templates of the mails that wait; they are delivered.
pub(super) async fn told(store: &AnyStore, seconds: i64) -> Vec<MailTemplate> {
    let mails = delivered(store, seconds).await;
    mails.iter().map(Mail::template).collect()
}

pub(super) async fn log_in(store: &AnyStore, name: &str, browser: &str, seconds: i64) -> bool {
    let command = OpenSession {
        session: session(browser, &user(name), seconds),
        previous: None,
        passkey: None,
        password_set_at: None,
        upstream: None,
        notice: notice_to(
            &format!("{name}@example.test"),
            MailTemplate::NewDevice,
            (browser, seconds),
        ),
        cause: cause(seconds),
    };
    store.open_session(command).await.unwrap().is_some()
}

pub async fn a_login_in_another_browser_is_told_but_not_the_first(store: AnyStore) {
    for name in ["alice", "bob"] {
        add(&store, name).await.unwrap();
    }
    assert!(log_in(&store, "alice", "first", 1).await);
    assert_eq!(told(&store, 2).await, []);
    assert!(!lives(&store, "first").await);
    assert!(log_in(&store, "alice", "second", 2).await);
    assert_eq!(told(&store, 3).await, [MailTemplate::NewDevice]);
    assert!(lives(&store, "second").await);
    // The first login of one is not that of another.
    assert!(log_in(&store, "bob", "of-bob", 3).await);
    assert!(!lives(&store, "of-bob").await);
    let disable = UserChange {
        subject: user("alice").subject,
        update: UserUpdate {
            status: Some(UserStatus::Disabled),
            ..UserUpdate::default()
        },
        cause: cause(4),
    };
    assert!(store.change_user(disable).await.unwrap());
    assert!(!log_in(&store, "alice", "third", 5).await);
    assert_eq!(told(&store, 6).await, []);
}

pub async fn of_parallel_first_logins_one_is_not_told(store: AnyStore) {
    add(&store, "alice").await.unwrap();
    race(|number| {
        let store = store.clone();
        async move { number < 5 && log_in(&store, "alice", &format!("browser-{number}"), 1).await }
    })
    .await;
    assert_eq!(told(&store, 2).await, [MailTemplate::NewDevice; 4]);
}

pub async fn whoever_has_an_account_sends_few_mails_an_hour(store: AnyStore) {
    for name in ["alice", "bob"] {
        add(&store, name).await.unwrap();
        assert!(log_in(&store, name, name, 0).await);
    }
    for number in 0..30 {
        assert!(log_in(&store, "alice", &format!("browser-{number}"), 1).await);
    }
    assert_eq!(told(&store, 2).await.len(), MAX_NOT_ME_LINKS as usize);
    for number in 0..MAX_NOT_ME_LINKS {
        assert!(lives(&store, &format!("browser-{number}")).await);
    }
    assert!(log_in(&store, "bob", "of-bob", 2).await);
    assert_eq!(told(&store, 3).await.len(), 1, "another user");
    let later = 2 + HOUR;
    assert!(log_in(&store, "alice", "an-hour-later", later).await);
    assert_eq!(told(&store, later).await.len(), 1);
    let link = store.link(token("browser-0"), at(later)).await.unwrap();
    assert!(link.is_some(), "the first one stays");
}

pub async fn links_for_something_else_stop_no_mail(store: AnyStore) {
    add(&store, "alice").await.unwrap();
    assert!(log_in(&store, "alice", "first", 0).await);
    for number in 0..MAX_NOT_ME_LINKS {
        let undo = NewLink {
            expires_at: at(1) + Disowned::TTL,
            ..new_link(&number.to_string(), LinkPurpose::EmailUndo, None)
        };
        assert!(make(&store, "alice", undo).await);
    }
    assert!(log_in(&store, "alice", "second", 1).await);
    assert_eq!(told(&store, 1).await, [MailTemplate::NewDevice]);
    assert!(lives(&store, "second").await);
}

async fn fail(store: &AnyStore, name: &str, times: u32, seconds: i64) {
    for _ in 0..times {
        let mail = Some(mail(MailTemplate::ManyFailures));
        let subject = user(name).subject;
        let counted = store.record_login_failure(subject, mail, cause(seconds));
        counted.await.unwrap();
    }
}

pub async fn many_failed_logins_are_told_once_an_hour(store: AnyStore) {
    for name in ["alice", "bob"] {
        add(&store, name).await.unwrap();
    }
    assert!(log_in(&store, "alice", "first", 0).await);
    assert!(log_in(&store, "alice", "second", 0).await);
    assert_eq!(told(&store, 0).await, [MailTemplate::NewDevice]);
    let many = LoginFailures::MANY;
    fail(&store, "alice", many - 1, 1).await;
    fail(&store, "bob", 1, 1).await;
    assert_eq!(told(&store, 1).await, []);
    fail(&store, "alice", 1, 1).await;
    let mails = delivered(&store, 1).await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].value(MailValue::Count), Some("10"));
    fail(&store, "alice", 20, HOUR).await;
    assert_eq!(told(&store, HOUR).await, []);
    fail(&store, "alice", 1, HOUR + 1).await;
    assert_eq!(told(&store, HOUR + 1).await.len(), 1);
    // A stranger takes no link away, and makes none.
    assert!(lives(&store, "second").await);
    // A login begins to count again.
    let later = 3 * HOUR;
    assert!(log_in(&store, "alice", "third", later).await);
    assert_eq!(told(&store, later).await, [MailTemplate::NewDevice]);
    fail(&store, "alice", many - 1, later).await;
    assert_eq!(told(&store, later).await, []);
    // Without mail nothing is marked as told.
    let subject = user("alice").subject;
    let counted = store.record_login_failure(subject, None, cause(later));
    counted.await.unwrap();
    fail(&store, "alice", 1, later).await;
    assert_eq!(told(&store, later).await.len(), 1);
}

pub async fn a_mail_to_one_user_is_none_to_another(store: AnyStore) {
    for name in ["alice", "bob"] {
        add(&store, name).await.unwrap();
        let subject = user(name).subject;
        for _ in 0..LoginFailures::MANY {
            let counted = store.record_login_failure(subject.clone(), None, cause(1));
            counted.await.unwrap();
        }
    }
    fail(&store, "alice", 1, 1).await;
    fail(&store, "bob", 1, 1).await;
    assert_eq!(told(&store, 1).await.len(), 2);
}

pub async fn of_20_parallel_failures_one_is_told(store: AnyStore) {
    add(&store, "alice").await.unwrap();
    fail(&store, "alice", LoginFailures::MANY - 1, 1).await;
    race(|_| {
        let store = store.clone();
        async move { fail(&store, "alice", 1, 1).await }
    })
    .await;
    assert_eq!(told(&store, 1).await, [MailTemplate::ManyFailures]);
}

pub async fn ways_to_sign_in_are_told_when_they_are_added_and_removed(store: AnyStore) {
    use MailTemplate::{AccountLinked, AccountUnlinked, FactorAdded, FactorRemoved};
    add(&store, "alice").await.unwrap();
    let alice = user("alice");
    let subject = || alice.subject.clone();
    let app = || EnrolTotp {
        notice: notice(FactorAdded, "app", 1),
        ..enrolment(&alice, &["code"], 1)
    };
    let codes = |name: &str| ReplaceBackupCodes {
        subject: subject(),
        backup_codes: vec![token(name)],
        notice: notice(FactorAdded, name, 1),
        cause: cause(1),
    };
    assert!(!store.replace_backup_codes(codes("none")).await.unwrap());
    assert!(store.enrol_totp(app()).await.unwrap());
    let again = EnrolTotp {
        notice: notice(FactorAdded, "again", 1),
        ..app()
    };
    assert!(!store.enrol_totp(again).await.unwrap());
    assert!(store.replace_backup_codes(codes("codes")).await.unwrap());
    let passkey = |name: &str| AddPasskey {
        notice: notice(FactorAdded, name, 1),
        ..passkeys::new(&alice, "key", 1)
    };
    store.add_passkey(passkey("key")).await.unwrap();
    let refused = store.add_passkey(passkey("key again")).await.unwrap();
    assert_eq!(refused, PasskeyAdded::Refused);
    let link = |name: &str| AddLink {
        subject: subject(),
        link: upstreams::link("sub"),
        notice: notice(AccountLinked, name, 1),
        cause: cause(1),
    };
    store.add_link(link("link")).await.unwrap();
    store.add_link(link("link again")).await.unwrap();
    for refused in ["none", "again", "key again", "link again"] {
        assert!(!lives(&store, refused).await, "{refused}");
    }
    let added = [FactorAdded, FactorAdded, FactorAdded, AccountLinked];
    assert_eq!(told(&store, 1).await, added);

    for (round, name) in ["", " again"].into_iter().enumerate() {
        let named = |what: &str| format!("no {what}{name}");
        let removed = RemoveFactors {
            subject: subject(),
            which: WhichFactors::Totp,
            notice: notice(FactorRemoved, &named("app"), 2),
            cause: cause(2),
        };
        assert_eq!(store.remove_factors(removed).await.unwrap(), round == 0);
        let removed = RemovePasskey {
            subject: subject(),
            id: passkeys::new(&alice, "key", 1).id,
            notice: notice(FactorRemoved, &named("key"), 2),
            cause: cause(2),
        };
        store.remove_passkey(removed).await.unwrap();
        let removed = RemoveLink {
            notice: notice(AccountUnlinked, &named("link"), 2),
            ..upstreams::removal(&alice, "sub")
        };
        store.remove_link(removed).await.unwrap();
    }
    for refused in ["no app again", "no key again", "no link again"] {
        assert!(!lives(&store, refused).await, "{refused}");
    }
    let removed = [FactorRemoved, FactorRemoved, AccountUnlinked];
    assert_eq!(told(&store, HOUR).await, removed);
    for made in ["app", "codes", "key", "link", "no app", "no key", "no link"] {
        assert!(lives(&store, made).await, "{made}");
    }
}
