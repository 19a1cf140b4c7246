//! Passkeys.

use cardea_protocol::model::*;

use super::{
    factor_resets::{delayed, pending, request},
    factors::{enrolled, enrolment, tag},
    neighbours::others,
    sample::*,
    trusted_devices::{trust, trusted},
};
use crate::*;

fn id(text: &str) -> PasskeyId {
    PasskeyId::parse(text).unwrap()
}

pub(super) fn new(user: &User, name: &str, seconds: i64) -> AddPasskey {
    AddPasskey {
        subject: user.subject.clone(),
        id: id(name),
        credential: format!(r#"{{"key":"{name}"}}"#),
        label: format!("Laptop {name}"),
        synced: name == "synced",
        backup_codes: vec![tag("first"), tag("second")],
        first: false,
        notice: None,
        cause: cause(seconds),
    }
}

async fn add(store: &AnyStore, user: &User, name: &str, seconds: i64) -> PasskeyAdded {
    store.add_passkey(new(user, name, seconds)).await.unwrap()
}

fn using(user: &User, name: &str, challenged: i64) -> UsePasskey {
    UsePasskey {
        subject: user.subject.clone(),
        id: id(name),
        verified_with: format!(r#"{{"key":"{name}"}}"#),
        credential: format!(r#"{{"key":"{name}"}}"#),
        challenged_at: at(challenged),
        cause: cause(challenged + 5),
    }
}

async fn remove(store: &AnyStore, user: &User, name: &str) -> PasskeyRemoved {
    let command = RemovePasskey {
        subject: user.subject.clone(),
        id: id(name),
        notice: None,
        cause: cause(9),
    };
    store.remove_passkey(command).await.unwrap()
}

pub(super) async fn names(store: &AnyStore, user: &User) -> Vec<String> {
    let view = store.factors(&user.subject).await.unwrap();
    let names = view.passkeys.into_iter();
    names.map(|p| p.id.as_str().to_owned()).collect()
}

async fn codes(store: &AnyStore, user: &User) -> u32 {
    store.factors(&user.subject).await.unwrap().backup_codes
}

/// Alice has the passkeys `a` and `synced`, Bob has `b`.
async fn with_passkeys(store: AnyStore) -> (World, User) {
    let world = World::new(store).await;
    let (bob, ..) = others(&world).await;
    for (user, name, seconds) in [
        (&world.alice, "a", 1),
        (&bob, "b", 2),
        (&world.alice, "synced", 3),
    ] {
        let added = add(&world.store, user, name, seconds).await;
        let backup_codes = name != "synced";
        assert_eq!(added, PasskeyAdded::Now { backup_codes });
    }
    (world, bob)
}

pub async fn a_passkey_survives_and_is_its_users(store: AnyStore) {
    let (world, bob) = with_passkeys(store).await;
    let (store, alice) = (&world.store, &world.alice);
    let view = store.factors(&alice.subject).await.unwrap();
    let expected = PasskeyView {
        id: id("synced"),
        label: "Laptop synced".to_owned(),
        synced: true,
        created_at: at(3),
        last_used_at: None,
    };
    assert_eq!((view.passkeys.len(), view.backup_codes), (2, 2));
    assert_eq!(view.passkeys[1], expected);
    assert!(!view.passkeys[0].synced);
    assert_eq!(names(store, &bob).await, ["b"]);
    let found = store.passkey(&id("b")).await.unwrap().unwrap();
    assert_eq!(found.user.subject, bob.subject);
    assert_eq!(found.credential, r#"{"key":"b"}"#);
    assert_eq!(found.created_at, at(2));
    assert!(store.passkey(&id("c")).await.unwrap().is_none());
    // It has one owner.
    let taken = add(store, &bob, "a", 5).await;
    assert_eq!(taken, PasskeyAdded::Refused);
    assert_eq!(add(store, alice, "a", 5).await, PasskeyAdded::Refused);
    assert_eq!(world.count(AuditEvent::FactorAdded).await, 3);
    assert_eq!(world.count(AuditEvent::BackupCodesMade).await, 2);
}

pub async fn backup_codes_come_with_a_passkey_only_to_who_has_none(store: AnyStore) {
    let (world, bob) = enrolled(store).await;
    let (store, alice) = (&world.store, &world.alice);
    let added = add(store, alice, "a", 5).await;
    let backup_codes = false;
    assert_eq!(added, PasskeyAdded::Now { backup_codes });
    for code in ["one", "two"] {
        let command = super::factors::used(alice, FactorUse::BackupCode(tag(code)), 6);
        assert!(store.use_factor(command).await.unwrap().is_some());
    }
    // Bob has codes still, Alice has used hers up.
    let backup_codes = true;
    let added = add(store, alice, "another", 7).await;
    assert_eq!(added, PasskeyAdded::Now { backup_codes });
    assert_eq!(codes(store, alice).await, 2);
    assert_eq!(codes(store, &bob).await, 2);
}

pub async fn passkeys_are_bounded_and_a_disabled_user_gets_none(store: AnyStore) {
    let (world, bob) = with_passkeys(store).await;
    let (store, alice) = (&world.store, &world.alice);
    for number in 2..MAX_PASSKEYS {
        let added = add(store, alice, &format!("k{number}"), 5).await;
        assert_ne!(added, PasskeyAdded::Refused);
    }
    let one_more = add(store, alice, "more", 6).await;
    assert_eq!(one_more, PasskeyAdded::Refused);
    assert_ne!(add(store, &bob, "b2", 6).await, PasskeyAdded::Refused);
    disable(store, &bob).await;
    assert_eq!(add(store, &bob, "b3", 8).await, PasskeyAdded::Refused);
    let use_it = store.use_passkey(using(&bob, "b", 9)).await;
    assert_eq!(use_it, Ok(false), "of a disabled user");
}

async fn disable(store: &AnyStore, user: &User) {
    let change = UserChange {
        subject: user.subject.clone(),
        update: UserUpdate {
            status: Some(UserStatus::Disabled),
            ..UserUpdate::default()
        },
        cause: cause(7),
    };
    assert!(store.change_user(change).await.unwrap());
}

pub async fn a_challenge_counts_once(store: AnyStore) {
    let (world, bob) = with_passkeys(store).await;
    let (store, alice) = (&world.store, &world.alice);
    let use_it = async |command| store.use_passkey(command).await.unwrap();
    assert!(!use_it(using(&bob, "a", 10)).await, "the passkey of Alice");
    assert!(!use_it(using(alice, "b", 10)).await);
    assert!(use_it(using(alice, "a", 10)).await);
    assert!(!use_it(using(alice, "a", 10)).await, "a replay");
    assert!(!use_it(using(alice, "a", 9)).await, "an older one");
    // Each passkey has its own.
    assert!(use_it(using(alice, "synced", 9)).await);
    assert!(use_it(using(&bob, "b", 8)).await);
    assert!(use_it(using(alice, "a", 11)).await);
    let view = store.factors(&alice.subject).await.unwrap();
    let used: Vec<_> = view.passkeys.iter().map(|p| p.last_used_at).collect();
    assert_eq!(used, [Some(at(16)), Some(at(14))]);
    let view = store.factors(&bob.subject).await.unwrap();
    assert_eq!(view.passkeys[0].last_used_at, Some(at(13)));
}

pub async fn a_passkey_that_changed_since_it_was_verified_does_not_count(store: AnyStore) {
    let (world, bob) = with_passkeys(store).await;
    let (store, alice) = (&world.store, &world.alice);
    let first = UsePasskey {
        credential: r#"{"key":"a","counter":1}"#.to_owned(),
        ..using(alice, "a", 10)
    };
    assert_eq!(store.use_passkey(first).await, Ok(true));
    let found = store.passkey(&id("a")).await.unwrap().unwrap();
    assert_eq!(found.credential, r#"{"key":"a","counter":1}"#);
    let late = using(alice, "a", 11);
    assert_eq!(store.use_passkey(late).await, Ok(false), "a cloned counter");
    for other in ["b", "synced"] {
        let found = store.passkey(&id(other)).await.unwrap().unwrap();
        assert!(!found.credential.contains("counter"), "{other}");
    }
    assert_eq!(store.use_passkey(using(&bob, "b", 11)).await, Ok(true));
}

pub async fn of_20_parallel_uses_of_a_challenge_one_counts(store: AnyStore) {
    let (world, _) = with_passkeys(store).await;
    let won = race(|_| {
        let (store, alice) = (world.store.clone(), world.alice.clone());
        async move { store.use_passkey(using(&alice, "a", 7)).await.unwrap() }
    });
    let won = won.await.into_iter().filter(|won| *won).count();
    assert_eq!(won, 1);
}

pub async fn a_passkey_is_named_by_its_user(store: AnyStore) {
    let (world, bob) = with_passkeys(store).await;
    let store = &world.store;
    let rename = async |user: &User, name: &str| {
        let command = RenamePasskey {
            subject: user.subject.clone(),
            id: id(name),
            label: "Key ring".to_owned(),
            cause: cause(5),
        };
        store.rename_passkey(command).await.unwrap()
    };
    assert!(!rename(&bob, "a").await, "that of Alice");
    assert!(!rename(&bob, "none").await);
    assert!(rename(&bob, "b").await);
    let labels = async |user: &User| {
        let view = store.factors(&user.subject).await.unwrap();
        let labels = view.passkeys.into_iter().map(|p| p.label);
        labels.collect::<Vec<_>>()
    };
    assert_eq!(labels(&bob).await, ["Key ring"]);
    assert_eq!(labels(&world.alice).await, ["Laptop a", "Laptop synced"]);
}

pub async fn with_the_last_factor_backup_codes_and_trusted_devices_go(store: AnyStore) {
    let (world, bob) = with_passkeys(store).await;
    let (store, alice) = (&world.store, &world.alice);
    for (name, user) in [("ta", alice), ("tb", &bob)] {
        assert!(store.trust_device(trust(user, name, 1)).await.unwrap());
    }
    assert_eq!(remove(store, &bob, "a").await, PasskeyRemoved::Missing);
    assert_eq!(remove(store, alice, "a").await, PasskeyRemoved::Now);
    assert_eq!(remove(store, alice, "a").await, PasskeyRemoved::Missing);
    assert_eq!(names(store, alice).await, ["synced"]);
    assert_eq!(codes(store, alice).await, 2, "another passkey is left");
    assert!(trusted(store, alice, "ta", 2).await);
    assert_eq!(remove(store, alice, "synced").await, PasskeyRemoved::Now);
    assert_eq!(codes(store, alice).await, 0);
    assert!(!trusted(store, alice, "ta", 2).await);
    assert_eq!(names(store, &bob).await, ["b"]);
    assert_eq!(codes(store, &bob).await, 2);
    assert!(trusted(store, &bob, "tb", 2).await);
    // With an authenticator app beside it they stay.
    let app = enrolment(&bob, &["one"], 3);
    assert!(store.enrol_totp(app).await.unwrap());
    assert_eq!(remove(store, &bob, "b").await, PasskeyRemoved::Now);
    assert_eq!(codes(store, &bob).await, 1);
    assert_eq!(world.count(AuditEvent::FactorRemoved).await, 3);
}

pub async fn the_last_way_in_is_not_removed(store: AnyStore) {
    let (world, bob) = with_passkeys(store).await;
    let (store, alice) = (&world.store, &world.alice);
    let carol = user("carol");
    let command = AddUser {
        user: carol.clone(),
        password_hash: None,
        cause: cause(0),
    };
    assert_eq!(store.add_user(command).await, Ok(()));
    for name in ["c", "c2"] {
        assert_ne!(add(store, &carol, name, 1).await, PasskeyAdded::Refused);
    }
    assert_eq!(remove(store, &carol, "c").await, PasskeyRemoved::Now);
    let last = remove(store, &carol, "c2").await;
    assert_eq!(last, PasskeyRemoved::LastWayIn);
    assert_eq!(names(store, &carol).await, ["c2"]);
    assert_eq!(codes(store, &carol).await, 2);
    // Of an authenticator app alone nobody gets in.
    let app = enrolment(&carol, &["one"], 3);
    assert!(store.enrol_totp(app).await.unwrap());
    let last = remove(store, &carol, "c2").await;
    assert_eq!(last, PasskeyRemoved::LastWayIn);
    assert_eq!(remove(store, &bob, "b").await, PasskeyRemoved::Now);
    assert_eq!(names(store, alice).await.len(), 2);
}

pub async fn of_20_parallel_removals_the_last_way_in_is_left(store: AnyStore) {
    let (world, _) = with_passkeys(store).await;
    let carol = user("carol");
    let command = AddUser {
        user: carol.clone(),
        password_hash: None,
        cause: cause(0),
    };
    assert_eq!(world.store.add_user(command).await, Ok(()));
    for number in 0..8 {
        add(&world.store, &carol, &format!("c{number}"), 1).await;
    }
    let removed = race(|number| {
        let (store, carol) = (world.store.clone(), carol.clone());
        async move { remove(&store, &carol, &format!("c{}", number % 8)).await }
    });
    let removed = removed.await.into_iter();
    let removed = removed.filter(|r| *r == PasskeyRemoved::Now).count();
    assert_eq!(removed, 7);
    assert_eq!(names(&world.store, &carol).await.len(), 1);
}

pub async fn a_session_begins_only_with_a_passkey_that_is_still_there(store: AnyStore) {
    let (world, bob) = with_passkeys(store).await;
    let (store, alice) = (&world.store, &world.alice);
    let open = async |user: &User, name: &str, passkey: &str| {
        let command = OpenSession {
            session: session(name, user, 5),
            previous: None,
            password_set_at: None,
            upstream: None,
            passkey: Some(id(passkey)),
            notice: None,
            cause: cause(5),
        };
        store.open_session(command).await.unwrap().is_some()
    };
    assert!(open(alice, "p1", "a").await);
    assert!(!open(alice, "p2", "b").await, "the passkey of Bob");
    assert!(open(&bob, "p3", "b").await);
    assert_eq!(remove(store, alice, "a").await, PasskeyRemoved::Now);
    assert!(!open(alice, "p4", "a").await);
    assert!(open(alice, "p5", "synced").await);
}

pub async fn a_reset_of_all_factors_takes_the_passkeys_of_one_user(store: AnyStore) {
    let (world, bob) = with_passkeys(store).await;
    let (store, alice) = (&world.store, &world.alice);
    let command = RemoveFactors {
        subject: alice.subject.clone(),
        which: WhichFactors::All,
        notice: None,
        cause: cause(5),
    };
    assert_eq!(store.remove_factors(command).await, Ok(true));
    assert!(names(store, alice).await.is_empty());
    assert_eq!(codes(store, alice).await, 0);
    assert_eq!(names(store, &bob).await, ["b"]);
    assert!(store.passkey(&id("a")).await.unwrap().is_none());
}

pub async fn a_sign_in_with_a_passkey_cancels_a_reset_of_its_user(store: AnyStore) {
    let (world, bob) = with_passkeys(store).await;
    let (store, alice) = (&world.store, &world.alice);
    for user in [alice, &bob] {
        assert!(request(store, delayed(user, DAY)).await);
    }
    let refused = store.use_passkey(using(&bob, "a", 10)).await;
    assert_eq!(refused, Ok(false));
    assert!(pending(store, alice, 11).await.is_some());
    assert_eq!(store.use_passkey(using(alice, "a", 10)).await, Ok(true));
    assert!(pending(store, alice, 11).await.is_none());
    assert!(pending(store, &bob, 11).await.is_some(), "that of Bob");
}
