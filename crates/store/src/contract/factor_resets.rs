//! Resets of second factors by an operator.

use cardea_protocol::{
    factor_reset::ResetWindow,
    language::Lang,
    mail::{EmailAddress, Mail, MailTemplate},
    model::*,
};
use jiff::SignedDuration;

use super::{
    factors::{enrolled, enrolment, tag, used},
    sample::*,
    trusted_devices::{trust, trusted},
};
use crate::*;

fn mail(template: MailTemplate) -> Mail {
    let to = EmailAddress::parse("alice@example.test").unwrap();
    Mail::new(to, template, Lang::En)
}

/// A link that works from the first minute to the first hour.
fn by_link(user: &User, name: &str) -> RequestFactorReset {
    RequestFactorReset {
        subject: user.subject.clone(),
        from: at(MINUTE),
        link: Some(NewResetLink {
            token: tag(name),
            expires_at: at(HOUR),
        }),
        mail: Some(mail(MailTemplate::FactorReset)),
        cause: cause(1),
    }
}

pub(super) fn delayed(user: &User, until: i64) -> RequestFactorReset {
    RequestFactorReset {
        from: at(until),
        link: None,
        mail: None,
        ..by_link(user, "")
    }
}

pub(super) async fn request(store: &AnyStore, command: RequestFactorReset) -> bool {
    store.request_factor_reset(command).await.unwrap()
}

async fn password_set_at(store: &AnyStore, user: &User) -> jiff::Timestamp {
    let found = store.login_user(&user.username).await.unwrap().unwrap();
    found.password.unwrap().set_at
}

async fn use_link(store: &AnyStore, user: &User, name: &str, seconds: i64) -> bool {
    let command = UseFactorReset {
        token: tag(name),
        subject: user.subject.clone(),
        password_set_at: password_set_at(store, user).await,
        mail: Some(mail(MailTemplate::FactorsReset)),
        cause: cause(seconds),
    };
    store.use_factor_reset(command).await.unwrap()
}

async fn has_factors(store: &AnyStore, user: &User) -> bool {
    let view = store.factors(&user.subject).await.unwrap();
    view.totp.is_some() || view.backup_codes > 0
}

pub(super) async fn pending(store: &AnyStore, user: &User, seconds: i64) -> Option<PendingReset> {
    let found = store.pending_factor_reset(&user.subject, at(seconds)).await;
    found.unwrap()
}

async fn mails(store: &AnyStore, seconds: i64) -> Vec<MailTemplate> {
    let claim = ClaimMessages {
        kind: MessageKind::Mail,
        sid: None,
        busy: Vec::new(),
        limit: 10,
        lease: SignedDuration::from_secs(60),
        now: at(seconds),
    };
    let claimed = store.claim_messages(claim).await.unwrap().into_iter();
    let template = |claimed: ClaimedMessage| match claimed.message {
        Message::Mail(mail) => Some(mail.template()),
        Message::LogoutToken { .. } => None,
    };
    claimed.filter_map(template).collect()
}

async fn prove(store: &AnyStore, user: &User, code: &str, seconds: i64) -> bool {
    let command = used(user, FactorUse::BackupCode(tag(code)), seconds);
    store.use_factor(command).await.unwrap().is_some()
}

pub async fn a_reset_link_removes_the_factors_of_its_user_once(store: AnyStore) {
    let (world, bob) = enrolled(store).await;
    let (store, alice) = (&world.store, &world.alice);
    for (name, user) in [("a", alice), ("b", &bob)] {
        assert!(store.trust_device(trust(user, name, 1)).await.unwrap());
        assert!(request(store, by_link(user, name)).await);
    }
    let found = store.factor_reset_link(tag("a"), at(2)).await.unwrap();
    let found = found.unwrap();
    let window = ResetWindow {
        from: at(MINUTE),
        until: at(HOUR),
    };
    assert_eq!(
        (&found.user.subject, found.window),
        (&alice.subject, window)
    );
    // Before its time, and after it.
    for seconds in [MINUTE - 1, HOUR] {
        assert!(!use_link(store, alice, "a", seconds).await, "{seconds}");
    }
    let late = store.factor_reset_link(tag("a"), at(HOUR)).await.unwrap();
    assert!(late.is_none() && has_factors(store, alice).await);
    assert!(use_link(store, alice, "a", MINUTE).await);
    assert!(!has_factors(store, alice).await);
    assert!(!trusted(store, alice, "a", MINUTE).await);
    assert_eq!(pending(store, alice, MINUTE).await, None);
    // Once: a factor that was set up since stays.
    let again = enrolment(alice, &["three"], MINUTE + 1);
    assert!(store.enrol_totp(again).await.unwrap());
    assert!(!use_link(store, alice, "a", MINUTE + 2).await);
    assert!(has_factors(store, alice).await);
    // Nothing of Bob's.
    assert!(has_factors(store, &bob).await && trusted(store, &bob, "b", 2).await);
    assert!(pending(store, &bob, 2).await.is_some());
    let hash = super::users::stored_hash(store, "alice").await;
    assert!(hash.is_some(), "the password stays");
    assert_eq!(world.count(AuditEvent::FactorResetRequested).await, 2);
    assert_eq!(world.count(AuditEvent::FactorsReset).await, 1);
    assert_eq!(world.count(AuditEvent::FactorResetCancelled).await, 0);
    let mut sent = mails(store, MINUTE).await;
    sent.sort_by_key(|template| template.name());
    assert_eq!(
        sent,
        [
            MailTemplate::FactorReset,
            MailTemplate::FactorReset,
            MailTemplate::FactorsReset
        ]
    );
}

pub async fn of_20_parallel_uses_of_a_reset_link_one_counts(store: AnyStore) {
    let (world, _) = enrolled(store).await;
    assert!(request(&world.store, by_link(&world.alice, "a")).await);
    let won = race(|_| {
        let (store, alice) = (world.store.clone(), world.alice.clone());
        async move { use_link(&store, &alice, "a", MINUTE).await }
    });
    let won = won.await.into_iter().filter(|won| *won).count();
    assert_eq!(won, 1);
    assert_eq!(world.count(AuditEvent::FactorsReset).await, 1);
}

pub async fn a_reset_link_works_with_the_current_password_of_its_user_only(store: AnyStore) {
    let (world, bob) = enrolled(store).await;
    let (store, alice) = (&world.store, &world.alice);
    assert!(request(store, by_link(alice, "a")).await);
    assert!(!use_link(store, &bob, "a", MINUTE).await, "Bob's password");
    assert!(!use_link(store, alice, "b", MINUTE).await, "no such link");
    let before = password_set_at(store, alice).await;
    let change = UserChange {
        subject: alice.subject.clone(),
        update: UserUpdate {
            password_hash: password(),
            ..UserUpdate::default()
        },
        cause: cause(30),
    };
    assert!(store.change_user(change).await.unwrap());
    let command = UseFactorReset {
        token: tag("a"),
        subject: alice.subject.clone(),
        password_set_at: before,
        mail: None,
        cause: cause(MINUTE),
    };
    assert!(!store.use_factor_reset(command).await.unwrap());
    for user in [alice, &bob] {
        assert!(has_factors(store, user).await, "{}", user.username);
    }
    assert!(use_link(store, alice, "a", MINUTE).await);
    assert!(!has_factors(store, alice).await && has_factors(store, &bob).await);
}

pub async fn a_proof_of_a_factor_cancels_a_reset(store: AnyStore) {
    let (world, bob) = enrolled(store).await;
    let (store, alice) = (&world.store, &world.alice);
    for (name, user) in [("a", alice), ("b", &bob)] {
        assert!(request(store, by_link(user, name)).await);
    }
    assert!(!prove(store, alice, "unknown", 2).await);
    assert!(pending(store, alice, 2).await.is_some(), "a wrong code");
    assert!(prove(store, alice, "one", 3).await);
    assert_eq!(pending(store, alice, 3).await, None);
    assert!(!use_link(store, alice, "a", MINUTE).await);
    assert!(has_factors(store, alice).await);
    assert!(pending(store, &bob, 3).await.is_some(), "Bob's");
    assert_eq!(world.count(AuditEvent::FactorResetCancelled).await, 1);
    // An operator cancels one too, and so does a factor that is set up.
    assert!(request(store, delayed(alice, MINUTE)).await);
    let cancel = async |user: &User| {
        let cancelled = store.cancel_factor_reset(user.subject.clone(), cause(4));
        cancelled.await.unwrap()
    };
    assert!(cancel(alice).await && !cancel(alice).await);
    assert!(pending(store, &bob, 4).await.is_some(), "Bob's");
    assert_eq!(world.count(AuditEvent::FactorResetCancelled).await, 2);
    let due = store.due_factor_resets(at(HOUR), 10).await.unwrap();
    assert!(due.is_empty());
}

pub async fn of_a_reset_and_a_proof_at_once_one_counts(store: AnyStore) {
    let (world, _) = enrolled(store).await;
    let codes = |number: u32| format!("code {number}");
    let command = ReplaceBackupCodes {
        subject: world.alice.subject.clone(),
        backup_codes: (0..20).map(|number| tag(&codes(number))).collect(),
        notice: None,
        cause: cause(1),
    };
    assert!(world.store.replace_backup_codes(command).await.unwrap());
    assert!(request(&world.store, by_link(&world.alice, "a")).await);
    let won = race(|number| {
        let (store, alice) = (world.store.clone(), world.alice.clone());
        async move {
            match number % 2 {
                0 => (use_link(&store, &alice, "a", MINUTE).await, false),
                _ => (false, prove(&store, &alice, &codes(number), MINUTE).await),
            }
        }
    });
    let won = won.await;
    let resets = won.iter().filter(|(reset, _)| *reset).count();
    let proofs = won.iter().filter(|(_, proof)| *proof).count();
    // Either a proof came first, and all of them count, or the reset did, and none.
    assert!(
        matches!((resets, proofs), (1, 0) | (0, 10)),
        "{resets} {proofs}"
    );
    let has = has_factors(&world.store, &world.alice).await;
    assert_eq!(has, resets == 0);
}

fn removal(user: &User, when: ResetWhen, seconds: i64) -> ResetFactors {
    ResetFactors {
        subject: user.subject.clone(),
        when,
        mail: Some(mail(MailTemplate::FactorsReset)),
        cause: cause(seconds),
    }
}

pub async fn a_delayed_reset_is_due_and_done_once(store: AnyStore) {
    let (world, bob) = enrolled(store).await;
    let (store, alice) = (&world.store, &world.alice);
    assert!(request(store, delayed(alice, MINUTE)).await);
    assert!(request(store, by_link(&bob, "b")).await);
    let expected = PendingReset {
        from: at(MINUTE),
        link_expires_at: None,
    };
    assert_eq!(pending(store, alice, 2).await, Some(expected));
    let due = async |seconds, limit| {
        let due = store.due_factor_resets(at(seconds), limit).await.unwrap();
        let subjects = due.into_iter().map(|user| user.subject);
        subjects.collect::<Vec<_>>()
    };
    assert!(due(MINUTE - 1, 10).await.is_empty());
    assert_eq!(due(MINUTE, 10).await, std::slice::from_ref(&alice.subject));
    assert!(due(MINUTE, 0).await.is_empty());
    let reset = async |user: &User, when, seconds| {
        let command = removal(user, when, seconds);
        store.reset_factors(command).await.unwrap()
    };
    assert!(!reset(alice, ResetWhen::Due, MINUTE - 1).await);
    assert!(!reset(&bob, ResetWhen::Due, MINUTE).await, "only a link");
    assert!(has_factors(store, alice).await && has_factors(store, &bob).await);
    assert!(reset(alice, ResetWhen::Due, MINUTE).await);
    assert!(!reset(alice, ResetWhen::Due, MINUTE).await);
    assert!(!has_factors(store, alice).await && has_factors(store, &bob).await);
    assert!(due(MINUTE, 10).await.is_empty());
    assert!(pending(store, &bob, 2).await.is_some());
    // At once, whatever is pending.
    assert!(reset(&bob, ResetWhen::Now, 3).await);
    assert!(!reset(&bob, ResetWhen::Now, 3).await);
    assert_eq!(pending(store, &bob, 3).await, None);
    assert_eq!(world.count(AuditEvent::FactorsReset).await, 2);
    let done = mails(store, MINUTE).await.into_iter();
    let done = done.filter(|template| *template == MailTemplate::FactorsReset);
    assert_eq!(done.count(), 2, "no mail about nothing");
}

pub async fn a_reset_takes_a_factor_and_a_new_request_replaces_the_old(store: AnyStore) {
    let (world, bob) = enrolled(store).await;
    let (store, alice) = (&world.store, &world.alice);
    super::users::add(store, "carol").await.unwrap();
    for without in [user("carol"), user("eve")] {
        assert!(!request(store, by_link(&without, "c")).await);
        assert!(!request(store, delayed(&without, MINUTE)).await);
    }
    assert!(mails(store, 2).await.is_empty());
    assert!(request(store, by_link(&bob, "b")).await);
    for name in ["first", "second"] {
        assert!(request(store, by_link(alice, name)).await);
    }
    assert!(!use_link(store, alice, "first", MINUTE).await);
    assert!(request(store, delayed(alice, HOUR)).await);
    assert!(!use_link(store, alice, "second", MINUTE).await);
    // The factor that it was for is gone.
    let command = RemoveFactors {
        subject: alice.subject.clone(),
        which: WhichFactors::Totp,
        notice: None,
        cause: cause(3),
    };
    assert!(store.remove_factors(command).await.unwrap());
    assert_eq!(pending(store, alice, 3).await, None);
    assert!(use_link(store, &bob, "b", MINUTE).await);
}

pub async fn a_reset_ends_with_its_account_and_its_time(store: AnyStore) {
    let (world, bob) = enrolled(store).await;
    let (store, alice) = (&world.store, &world.alice);
    for (name, user) in [("a", alice), ("b", &bob)] {
        assert!(request(store, by_link(user, name)).await);
    }
    let disable = UserChange {
        subject: alice.subject.clone(),
        update: UserUpdate {
            status: Some(UserStatus::Disabled),
            ..UserUpdate::default()
        },
        cause: cause(2),
    };
    assert!(store.change_user(disable).await.unwrap());
    let found = store.factor_reset_link(tag("a"), at(2)).await.unwrap();
    assert!(found.is_none() && !use_link(store, alice, "a", MINUTE).await);
    assert!(!request(store, by_link(alice, "other")).await);
    assert!(request(store, delayed(alice, MINUTE)).await, "by itself");
    assert_eq!(
        pending(store, &bob, HOUR - 1).await.map(|p| p.from),
        Some(at(MINUTE))
    );
    assert_eq!(pending(store, &bob, HOUR).await, None);
    store
        .sweep(at(HOUR), 100, SignedDuration::from_hours(1))
        .await
        .unwrap();
    assert_eq!(pending(store, &bob, HOUR - 1).await, None, "swept");
    assert!(pending(store, alice, HOUR).await.is_some(), "has no end");
}
