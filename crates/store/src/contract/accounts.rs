//! What users do with their accounts as a whole, and the ends of accounts.

use cardea_protocol::{
    language::Lang,
    mail::{EmailAddress, Mail, MailTemplate, MailValue},
    model::*,
};
use jiff::SignedDuration;

use super::{
    factors::enrolled,
    neighbours::allow,
    organizations::{self, admit, organization},
    roles::{self, group, put_group},
    sample::*,
    trusted_devices::trust,
    upstreams::{self, linked},
    users::add,
};
use crate::*;

fn mail_to_alice() -> Mail {
    let to = EmailAddress::parse("alice@example.test").unwrap();
    Mail::new(to, MailTemplate::AccountDeletion, Lang::De)
        .with(MailValue::User, "alice")
        .at(at(DAY))
}

/// In the session that has the user's name.
fn request(name: &str, seconds: i64) -> RequestDeletion {
    RequestDeletion {
        subject: user(name).subject,
        session: session(name, &user(name), 0).id,
        delete_at: at(DAY),
        mail: Some(mail_to_alice()),
        cause: cause(seconds),
    }
}

async fn open(store: &AnyStore, session: Session, seconds: i64) -> bool {
    let command = OpenSession {
        passkey: None,
        session,
        previous: None,
        password_set_at: None,
        upstream: None,
        notice: None,
        cause: cause(seconds),
    };
    store.open_session(command).await.unwrap().is_some()
}

async fn log_in(store: &AnyStore, name: &str, seconds: i64) -> bool {
    open(store, session(name, &user(name), seconds), seconds).await
}

/// Another login than that of [`log_in`].
async fn log_in_again(store: &AnyStore, name: &str, seconds: i64) -> bool {
    let again = session(&format!("{name}-{seconds}"), &user(name), seconds);
    open(store, again, seconds).await
}

async fn is_logged_in(store: &AnyStore, name: &str, seconds: i64) -> bool {
    let id = session(name, &user(name), seconds).id;
    store.session(id, at(seconds)).await.unwrap().is_some()
}

pub(super) async fn end_due(store: &AnyStore, seconds: i64) -> u64 {
    let command = EndDueAccounts {
        limit: 10,
        mail: Some(Lang::Fr),
        cause: cause(seconds),
    };
    store.end_due_accounts(command).await.unwrap()
}

/// When the account is removed; `None` if the user does not exist.
async fn delete_at(store: &AnyStore, name: &str) -> Option<Option<i64>> {
    let found = store.user(&user(name).subject).await.unwrap()?;
    let after = |at: jiff::Timestamp| at.duration_since(START).as_secs();
    Some(found.account.delete_at.map(after))
}

async fn audited(store: &AnyStore, name: &str, event: AuditEvent) -> usize {
    let filter = AuditFilter {
        subject: Some(user(name).subject),
        event: Some(event),
        ..AuditFilter::default()
    };
    store.audit(filter, page()).await.unwrap().items.len()
}

pub(super) async fn mails(store: &AnyStore, seconds: i64) -> Vec<Mail> {
    let command = ClaimMessages {
        kind: MessageKind::Mail,
        sid: None,
        busy: Vec::new(),
        limit: 1000,
        lease: SignedDuration::from_secs(60),
        now: at(seconds),
    };
    let claimed = store.claim_messages(command).await.unwrap();
    let mails = claimed
        .into_iter()
        .filter_map(|claimed| match claimed.message {
            Message::Mail(mail) => Some(*mail),
            Message::LogoutToken { .. } => None,
        });
    mails.collect()
}

pub async fn a_deletion_ends_sessions_and_is_requested_once(store: AnyStore) {
    for name in ["alice", "bob"] {
        add(&store, name).await.unwrap();
        assert!(log_in(&store, name, 1).await);
    }
    let twice = tokio::join!(
        store.request_deletion(request("alice", 2)),
        store.request_deletion(request("alice", 2))
    );
    let written = [twice.0.unwrap(), twice.1.unwrap()];
    assert_eq!(written.iter().filter(|once| **once).count(), 1);
    assert!(!is_logged_in(&store, "alice", 2).await);
    assert!(is_logged_in(&store, "bob", 2).await);
    assert_eq!(delete_at(&store, "alice").await, Some(Some(DAY)));
    assert_eq!(delete_at(&store, "bob").await, Some(None));
    let requested = AuditEvent::DeletionRequested;
    assert_eq!(audited(&store, "alice", requested).await, 1);
    assert_eq!(audited(&store, "bob", requested).await, 0);
    assert_eq!(mails(&store, 3).await, [mail_to_alice()]);
}

pub async fn a_deletion_needs_a_living_session_of_its_user(store: AnyStore) {
    for name in ["alice", "bob", "carol", "dave"] {
        add(&store, name).await.unwrap();
        assert!(log_in(&store, name, 0).await);
    }
    let session_of = |name: &str| session(name, &user(name), 0).id;
    let by_another = RequestDeletion {
        session: session_of("bob"),
        ..request("alice", 1)
    };
    assert!(!store.request_deletion(by_another).await.unwrap());
    // It is idle.
    let late = request("alice", 30 * MINUTE);
    assert!(!store.request_deletion(late).await.unwrap());
    let ended = EndSessions {
        which: EndWhich::Id(session_of("bob")),
        why: SessionEnd::Remote,
        applications: Applications::Keep,
        cause: cause(1),
    };
    assert_eq!(store.end_sessions(ended).await.unwrap(), 1);
    let change = async |name, update| {
        let command = UserChange {
            subject: user(name).subject,
            update,
            cause: cause(1),
        };
        assert!(store.change_user(command).await.unwrap());
    };
    let disabled = UserUpdate {
        status: Some(UserStatus::Disabled),
        ..UserUpdate::default()
    };
    change("carol", disabled).await;
    let expired = UserUpdate {
        expires_at: Some(Some(at(2))),
        ..UserUpdate::default()
    };
    change("dave", expired).await;
    for name in ["bob", "carol", "dave", "nobody"] {
        let refused = store.request_deletion(request(name, 2)).await.unwrap();
        assert!(!refused, "{name}");
    }
    for name in ["alice", "bob", "carol", "dave"] {
        assert_eq!(delete_at(&store, name).await, Some(None));
        assert_eq!(
            audited(&store, name, AuditEvent::DeletionRequested).await,
            0
        );
    }
    assert_eq!(mails(&store, 3).await, []);
}

pub async fn a_login_keeps_the_account_and_says_so(store: AnyStore) {
    for name in ["alice", "bob"] {
        add(&store, name).await.unwrap();
        assert!(log_in(&store, name, 0).await);
        assert!(store.request_deletion(request(name, 1)).await.unwrap());
    }
    assert!(log_in_again(&store, "alice", 2).await);
    assert!(log_in_again(&store, "alice", 3).await);
    let cancelled = AuditEvent::DeletionCancelled;
    assert_eq!(audited(&store, "alice", cancelled).await, 1);
    assert_eq!(audited(&store, "bob", cancelled).await, 0);
    assert_eq!(end_due(&store, DAY).await, 1);
    assert_eq!(delete_at(&store, "alice").await, Some(None));
    assert_eq!(delete_at(&store, "bob").await, None);
}

pub async fn a_removed_user_gets_a_last_mail(store: AnyStore) {
    for (name, verified) in [("alice", true), ("bob", false)] {
        add(&store, name).await.unwrap();
        assert!(log_in(&store, name, 0).await);
        let address = UserChange {
            subject: user(name).subject,
            update: UserUpdate {
                email: Some(Some((format!("{name}@example.test"), verified))),
                ..UserUpdate::default()
            },
            cause: cause(1),
        };
        assert!(store.change_user(address).await.unwrap());
        let silent = RequestDeletion {
            mail: None,
            ..request(name, 1)
        };
        assert!(store.request_deletion(silent).await.unwrap());
    }
    assert_eq!(end_due(&store, DAY - 1).await, 0);
    assert_eq!(mails(&store, DAY - 1).await, []);
    assert_eq!(end_due(&store, DAY).await, 2);
    let last = mails(&store, DAY).await;
    let [last] = last.as_slice() else {
        panic!("an address that nobody verified gets none: {last:?}");
    };
    let expected = (MailTemplate::AccountDeleted, "alice@example.test");
    assert_eq!((last.template(), last.to().as_str()), expected);
    assert_eq!((last.lang(), last.subject()), (Lang::Fr, None));
}

/// What lists show of a user, and how much of it there is.
async fn owned(store: &AnyStore, user: &User) -> Vec<(&'static str, usize)> {
    let (subject, now) = (&user.subject, at(DAY - HOUR));
    let search = UserSearch::parse(user.username.as_str()).unwrap();
    let key = upstreams::key(user.username.as_str());
    let linked = store.linked_user(&key).await.unwrap();
    let factors = store.factors(subject).await.unwrap();
    let found = store.search_users(&search, page()).await.unwrap().items;
    let found = found.iter().filter(|view| view.user.subject == *subject);
    let grants = store.grants_of(subject, page(), now).await.unwrap();
    let devices = store.trusted_devices(subject, now).await.unwrap();
    vec![
        (
            "user",
            usize::from(store.user(subject).await.unwrap().is_some()),
        ),
        (
            "password",
            usize::from(store.has_password(subject).await.unwrap()),
        ),
        ("app", usize::from(factors.totp.is_some())),
        ("codes", factors.backup_codes as usize),
        ("devices", devices.len()),
        ("search", found.count()),
        ("grants", grants.items.len()),
        ("consents", store.consents_of(subject).await.unwrap().len()),
        ("groups", store.groups_of(subject).await.unwrap().len()),
        (
            "organizations",
            store.memberships_of(subject).await.unwrap().len(),
        ),
        ("links", store.links_of(subject).await.unwrap().len()),
        ("linked", usize::from(linked.is_some())),
    ]
}

pub async fn of_a_removed_account_only_the_audit_is_left(store: AnyStore) {
    let (world, bob) = enrolled(store).await;
    let (store, alice) = (&world.store, &world.alice);
    put_group(store, group("staff", &[]), None).await.unwrap();
    let acme = organization("acme", &[]);
    assert!(organizations::put(store, acme, None).await.unwrap());
    for (user, session) in [
        (alice, world.session.clone()),
        (&bob, session("two", &bob, 0)),
    ] {
        let name = user.username.as_str();
        assert!(roles::join(store, "staff", user, true).await.unwrap());
        assert!(admit(store, "acme", user, &[]).await.unwrap());
        assert!(store.trust_device(trust(user, name, 0)).await.unwrap());
        assert_eq!(upstreams::add(store, user, name).await, Linked::Now);
        let code = code(name, &session, &world.spa, OFFLINE, 0);
        allow(&world, &code, &world.spa).await;
        assert!(owned(store, user).await.iter().all(|(_, n)| *n > 0));
    }
    let (bobs, before) = (owned(store, &bob).await, mails(store, 0).await.len());
    let command = RequestDeletion {
        session: world.session.id,
        ..request("alice", 1)
    };
    assert!(store.request_deletion(command).await.unwrap());
    // What lets others in is gone at once, what makes the account again is there.
    let pending = owned(store, alice).await;
    for (what, number) in &pending {
        let gone = ["devices", "grants"].contains(what);
        assert_eq!(*number == 0, gone, "{what}");
    }
    assert_eq!(end_due(store, DAY).await, 1);
    assert!(owned(store, alice).await.iter().all(|(_, n)| *n == 0));
    assert_eq!(owned(store, &bob).await, bobs);
    assert_eq!(before, 0);
    assert_eq!(audited(store, "alice", AuditEvent::UserAdded).await, 1);
    assert_eq!(audited(store, "alice", AuditEvent::UserRemoved).await, 1);
    assert_eq!(audited(store, "bob", AuditEvent::UserRemoved).await, 0);
    // Name and identity are free again, for another user.
    linked(store, "alice", "alice").await;
}

pub async fn of_20_logins_and_requests_at_once_the_last_counts(store: AnyStore) {
    add(&store, "alice").await.unwrap();
    add(&store, "bob").await.unwrap();
    for round in 0..20 {
        let own = session(&format!("own-{round}"), &user("alice"), round);
        assert!(open(&store, own.clone(), round).await);
        let command = RequestDeletion {
            session: own.id,
            ..request("alice", round)
        };
        let (asked, opened) = tokio::join!(
            store.request_deletion(command),
            log_in_again(&store, "alice", round)
        );
        assert!(asked.unwrap() && opened);
        let due = delete_at(&store, "alice").await.unwrap().is_some();
        let alive = is_logged_in(&store, &format!("alice-{round}"), round).await;
        assert_ne!(due, alive, "a session of an account that is to be removed");
        let own = store.session(own.id, at(round)).await.unwrap();
        assert!(own.is_none());
    }
    assert_eq!(delete_at(&store, "bob").await, Some(None));
}

pub async fn of_20_logins_and_removals_at_once_one_wins(store: AnyStore) {
    add(&store, "neighbour").await.unwrap();
    for round in 0..20 {
        let name = format!("alice{round}");
        add(&store, &name).await.unwrap();
        assert!(log_in(&store, &name, 0).await);
        assert!(store.request_deletion(request(&name, 1)).await.unwrap());
        let (opened, ended) = tokio::join!(log_in_again(&store, &name, DAY), end_due(&store, DAY));
        assert_eq!(ended, u64::from(!opened));
        let expected = opened.then_some(None);
        assert_eq!(delete_at(&store, &name).await, expected);
        let session = format!("{name}-{DAY}");
        assert_eq!(is_logged_in(&store, &session, DAY).await, opened);
    }
    assert_eq!(delete_at(&store, "neighbour").await, Some(None));
}

pub async fn an_export_is_recorded_for_its_user(store: AnyStore) {
    for name in ["alice", "bob"] {
        add(&store, name).await.unwrap();
    }
    let export = |name| store.record_export(user(name).subject, cause(1));
    assert!(export("alice").await.unwrap());
    assert!(!export("carol").await.unwrap());
    for (name, expected) in [("alice", 1), ("bob", 0), ("carol", 0)] {
        assert_eq!(
            audited(&store, name, AuditEvent::DataExported).await,
            expected
        );
    }
}
