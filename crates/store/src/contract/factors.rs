use cardea_protocol::{model::*, totp::TimeStep};
use cardea_seal::{Digest, Secret};

use super::{
    neighbours::others,
    sample::*,
    trusted_devices::{trust, trusted},
};
use crate::*;

pub(super) fn tag(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

pub(super) fn enrolment(user: &User, codes: &[&str], seconds: i64) -> EnrolTotp {
    EnrolTotp {
        subject: user.subject.clone(),
        sealed: Secret::new(format!("sealed of {}", user.username)),
        step: TimeStep(100),
        backup_codes: codes.iter().map(|code| tag(code)).collect(),
        first: false,
        notice: None,
        cause: cause(seconds),
    }
}

/// Alice and Bob with an authenticator app and two backup codes each.
pub(super) async fn enrolled(store: AnyStore) -> (World, User) {
    let world = World::new(store).await;
    let (bob, ..) = others(&world).await;
    for user in [&world.alice, &bob] {
        let enrolment = enrolment(user, &["one", "two"], 0);
        assert!(world.store.enrol_totp(enrolment).await.unwrap());
    }
    (world, bob)
}

pub(super) fn used(user: &User, factor: FactorUse, seconds: i64) -> UseFactor {
    UseFactor {
        subject: user.subject.clone(),
        lane: FactorLane::Others,
        factor,
        cause: cause(seconds),
    }
}

fn totp(step: u32) -> FactorUse {
    FactorUse::Totp {
        step: TimeStep(step),
        set_at: at(0),
    }
}

fn backup(text: &str) -> FactorUse {
    FactorUse::BackupCode(tag(text))
}

async fn attempt(store: &AnyStore, user: &User, seconds: i64) -> FactorAttempt {
    let command = AttemptFactor {
        subject: user.subject.clone(),
        lane: FactorLane::Others,
        cause: cause(seconds),
    };
    store.attempt_factor(command).await.unwrap()
}

/// Until when the user has to wait, in seconds.
async fn wait(store: &AnyStore, user: &User, seconds: i64) -> Option<i64> {
    match attempt(store, user, seconds).await {
        FactorAttempt::Locked(until) => Some(until.duration_since(START).as_secs()),
        FactorAttempt::Begun { .. } => None,
        FactorAttempt::NoUser => panic!("no user"),
    }
}

async fn view(store: &AnyStore, user: &User) -> (bool, u32) {
    let view = store.factors(&user.subject).await.unwrap();
    (view.totp.is_some(), view.backup_codes)
}

pub async fn an_app_is_set_up_once_and_read_only_by_an_attempt(store: AnyStore) {
    let world = World::new(store).await;
    let (bob, ..) = others(&world).await;
    let (store, alice) = (&world.store, &world.alice);
    assert_eq!(
        store.factors(&alice.subject).await.unwrap(),
        FactorView::default()
    );
    let first = enrolment(alice, &["one", "two"], 5);
    assert!(store.enrol_totp(first).await.unwrap());
    let mut second = enrolment(alice, &["three"], 6);
    second.sealed = Secret::new("another".to_owned());
    assert!(!store.enrol_totp(second).await.unwrap());
    let found = store.factors(&alice.subject).await.unwrap();
    let expected = TotpView {
        created_at: at(5),
        last_used_at: None,
    };
    assert_eq!((found.totp, found.backup_codes), (Some(expected), 2));
    assert_eq!(view(store, &bob).await, (false, 0));
    let FactorAttempt::Begun { totp: Some(totp) } = attempt(store, alice, 9).await else {
        panic!("no app")
    };
    assert_eq!(totp.sealed.expose(), "sealed of alice");
    assert_eq!(totp.set_at, at(5));
    assert!(matches!(
        attempt(store, &bob, 9).await,
        FactorAttempt::Begun { totp: None }
    ));
    assert!(matches!(
        attempt(store, &user("eve"), 9).await,
        FactorAttempt::NoUser
    ));
    assert_eq!(world.count(AuditEvent::FactorAdded).await, 1);
}

pub async fn a_disabled_user_has_no_second_step(store: AnyStore) {
    let (world, bob) = enrolled(store).await;
    let change = UserChange {
        subject: bob.subject.clone(),
        update: UserUpdate {
            status: Some(UserStatus::Disabled),
            ..UserUpdate::default()
        },
        cause: cause(1),
    };
    assert!(world.store.change_user(change).await.unwrap());
    assert!(matches!(
        attempt(&world.store, &bob, 2).await,
        FactorAttempt::NoUser
    ));
    let using = world.store.use_factor(used(&bob, backup("one"), 2));
    assert_eq!(using.await.unwrap(), None);
    let command = trust(&bob, "token", 2);
    assert!(!world.store.trust_device(command).await.unwrap());
    let all = removal(&bob, WhichFactors::All, 3);
    assert!(world.store.remove_factors(all).await.unwrap());
    let again = enrolment(&bob, &[], 4);
    assert_eq!(world.store.enrol_totp(again).await, Ok(false));
}

pub async fn a_code_of_the_app_counts_once(store: AnyStore) {
    let (world, bob) = enrolled(store).await;
    let (store, alice) = (&world.store, &world.alice);
    let use_it = async |user: &User, factor| {
        let using = store.use_factor(used(user, factor, 7)).await.unwrap();
        using.is_some()
    };
    assert!(!use_it(alice, totp(100)).await, "the code that proved it");
    assert!(!use_it(alice, totp(99)).await);
    assert!(use_it(alice, totp(102)).await);
    assert!(!use_it(alice, totp(102)).await, "a replay");
    assert!(!use_it(alice, totp(101)).await, "an older one");
    let other = FactorUse::Totp {
        step: TimeStep(200),
        set_at: at(1),
    };
    assert!(!use_it(alice, other).await, "of an app that was replaced");
    assert!(use_it(&bob, totp(101)).await, "the steps of another user");
    let found = store.factors(&alice.subject).await.unwrap();
    assert_eq!(found.totp.unwrap().last_used_at, Some(at(7)));
}

pub async fn of_20_parallel_uses_of_one_code_one_counts(store: AnyStore) {
    let (world, _) = enrolled(store).await;
    for factor in [totp(101), backup("one")] {
        let won = race(|_| {
            let (store, alice) = (world.store.clone(), world.alice.clone());
            async move { store.use_factor(used(&alice, factor, 7)).await.unwrap() }
        });
        let won = won.await.into_iter().flatten().count();
        assert_eq!(won, 1, "{factor:?}");
    }
    assert_eq!(world.count(AuditEvent::BackupCodeUsed).await, 1);
}

pub async fn a_backup_code_counts_once_for_its_user(store: AnyStore) {
    let (world, bob) = enrolled(store).await;
    let (store, alice) = (&world.store, &world.alice);
    let use_it = async |code: &str| {
        let using = store.use_factor(used(alice, backup(code), 7)).await;
        using.unwrap().map(|used| used.backup_codes)
    };
    assert_eq!(use_it("three").await, None);
    assert_eq!(use_it("one").await, Some(1));
    assert_eq!(use_it("one").await, None);
    assert_eq!(view(store, &bob).await, (true, 2), "those of Bob");
    let replace = |user: &User| ReplaceBackupCodes {
        subject: user.subject.clone(),
        backup_codes: vec![tag("new"), tag("newer"), tag("newest")],
        notice: None,
        cause: cause(8),
    };
    assert!(store.replace_backup_codes(replace(alice)).await.unwrap());
    assert_eq!(use_it("two").await, None, "the set before");
    assert_eq!(use_it("new").await, Some(2));
    assert_eq!(view(store, &bob).await, (true, 2));
    let without = user("carol");
    super::users::add(store, "carol").await.unwrap();
    assert!(!store.replace_backup_codes(replace(&without)).await.unwrap());
    assert_eq!(world.count(AuditEvent::BackupCodesMade).await, 3);
}

pub async fn failed_attempts_wait_and_a_right_code_ends_that(store: AnyStore) {
    let (world, bob) = enrolled(store).await;
    let (store, alice) = (&world.store, &world.alice);
    for second in 0..5 {
        assert_eq!(wait(store, alice, second).await, None);
    }
    assert_eq!(wait(store, alice, 5).await, Some(4 + 15));
    assert_eq!(wait(store, alice, 18).await, Some(4 + 15), "not counted");
    assert_eq!(wait(store, &bob, 18).await, None, "another user");
    assert_eq!(wait(store, alice, 19).await, None);
    assert_eq!(wait(store, alice, 20).await, Some(19 + 30));
    let right = store.use_factor(used(alice, totp(101), 20)).await;
    assert!(right.unwrap().is_some());
    for second in 21..26 {
        assert_eq!(wait(store, alice, second).await, None);
    }
    // Bob has failed once, and Alice's right code forgets nothing of it.
    for second in 22..26 {
        assert_eq!(wait(store, &bob, second).await, None);
    }
    assert!(wait(store, &bob, 26).await.is_some());
    // A wrong password does not count here, nor the other way round.
    let locked = store.locked_until(&alice.subject).await.unwrap();
    assert_eq!(locked, None);
    for second in [30, 31, 90, 91] {
        let failure = store.record_factor_failure(alice.subject.clone(), cause(second));
        failure.await.unwrap();
    }
    assert_eq!(world.count(AuditEvent::FactorFailed).await, 2);
}

pub async fn of_20_parallel_attempts_no_more_begin_than_are_free(store: AnyStore) {
    let (world, _) = enrolled(store).await;
    let begun = race(|_| {
        let (store, alice) = (world.store.clone(), world.alice.clone());
        async move { wait(&store, &alice, 3).await.is_none() }
    });
    let begun = begun.await.into_iter().filter(|begun| *begun).count();
    assert_eq!(begun, 5);
}

fn removal(user: &User, which: WhichFactors, seconds: i64) -> RemoveFactors {
    RemoveFactors {
        subject: user.subject.clone(),
        which,
        notice: None,
        cause: cause(seconds),
    }
}

pub async fn without_the_app_backup_codes_and_trusted_devices_go(store: AnyStore) {
    let (world, bob) = enrolled(store).await;
    let (store, alice) = (&world.store, &world.alice);
    for (name, user) in [("a", alice), ("b", &bob)] {
        assert!(store.trust_device(trust(user, name, 1)).await.unwrap());
    }
    for _ in 0..5 {
        attempt(store, &bob, 1).await;
    }
    for which in [WhichFactors::Totp, WhichFactors::All] {
        assert!(
            store
                .remove_factors(removal(alice, which, 2))
                .await
                .unwrap()
        );
        assert!(
            !store
                .remove_factors(removal(alice, which, 3))
                .await
                .unwrap()
        );
        assert_eq!(view(store, alice).await, (false, 0));
        assert!(!trusted(store, alice, "a", 2).await);
        assert_eq!(view(store, &bob).await, (true, 2));
        assert!(trusted(store, &bob, "b", 2).await);
        let again = enrolment(alice, &["three"], 4);
        assert!(store.enrol_totp(again).await.unwrap());
        assert!(store.trust_device(trust(alice, "a", 5)).await.unwrap());
    }
    let hash = super::users::stored_hash(store, "alice").await;
    assert!(hash.is_some(), "the password stays");
    assert!(wait(store, &bob, 2).await.is_some(), "Bob has failed");
    let bobs = removal(&bob, WhichFactors::Totp, 6);
    assert!(store.remove_factors(bobs).await.unwrap());
    assert_eq!(view(store, &bob).await, (false, 0));
    assert_eq!(view(store, alice).await, (true, 1));
    assert_eq!(world.count(AuditEvent::FactorRemoved).await, 2);
    assert_eq!(world.count(AuditEvent::FactorsReset).await, 1);
}

fn step_up(id: &str, new: &str, user: &User, seconds: i64) -> StepUpSession {
    StepUpSession {
        id: SessionId(tag(id)),
        new_id: SessionId(tag(new)),
        subject: user.subject.clone(),
        context: AuthenticationContext {
            auth_time: at(seconds),
            acr: "urn:cardea:acr:mfa".to_owned(),
            amr: vec!["pwd".to_owned(), "otp".to_owned()],
        },
        cause: cause(seconds),
    }
}

pub async fn a_step_up_keeps_the_session_under_a_new_cookie(store: AnyStore) {
    let world = World::new(store).await;
    let (bob, ..) = others(&world).await;
    let (store, alice) = (&world.store, &world.alice);
    let code = world.code("pending", ONLINE, 0).await;
    let up = async |command| store.step_up_session(command).await.unwrap();
    assert!(!up(step_up("one", "new", &bob, 5)).await, "not Bob's");
    assert!(!up(step_up("none", "new", alice, 5)).await);
    assert!(!up(step_up("one", "new", alice, 31 * MINUTE)).await, "idle");
    assert!(up(step_up("one", "new", alice, 5)).await);
    assert!(!up(step_up("one", "newer", alice, 6)).await, "once");
    let find = async |name: &str| {
        let id = SessionId(tag(name));
        store.session(id, at(6)).await.unwrap()
    };
    assert_eq!(find("one").await, None);
    let found = find("new").await.unwrap();
    assert_eq!(found.sid, world.session.sid);
    assert_eq!(found.context, step_up("", "", alice, 5).context);
    assert_eq!(found.expires_at, world.session.expires_at);
    assert!(matches!(world.redeem(&code, 7).await, Redeemed::Done));
    let page = Page::first(10);
    let bobs = store.sessions_of(&bob.subject, page, at(6)).await.unwrap();
    assert!(
        bobs.items
            .iter()
            .all(|s| s.context.acr != "urn:cardea:acr:mfa")
    );
    assert_eq!(world.count(AuditEvent::SteppedUp).await, 1);
}
