//! The password that must be changed at the next login.

use std::sync::Arc;

use cardea_protocol::{
    language::Lang,
    mail::{EmailAddress, Mail, MailTemplate},
    model::*,
};
use cardea_seal::Secret;
use jiff::Timestamp;

use super::{
    accounts::mails, factors::enrolled, neighbours::allow, sample::*, trusted_devices::trust,
    users::stored_hash,
};
use crate::*;

fn notice() -> Mail {
    let to = EmailAddress::parse("alice@example.test").unwrap();
    Mail::new(to, MailTemplate::PasswordChanged, Lang::Fr)
}

fn change(user: &User, proved: Timestamp, seconds: i64) -> ChangePasswordAtLogin {
    ChangePasswordAtLogin {
        subject: user.subject.clone(),
        proved_set_at: proved,
        hash: Secret::new(format!("$argon2id$new-{seconds}")),
        notice: Some(Notice {
            mail: notice(),
            not_me: None,
        }),
        cause: cause(seconds),
    }
}

async fn set_at(store: &AnyStore, user: &User) -> Timestamp {
    let found = store.login_user(&user.username).await.unwrap();
    found.unwrap().password.unwrap().set_at
}

async fn update(store: &AnyStore, user: &User, update: UserUpdate) {
    let command = UserChange {
        subject: user.subject.clone(),
        update,
        cause: cause(1),
    };
    assert!(store.change_user(command).await.unwrap());
}

async fn require_change(store: &AnyStore, user: &User, must: bool) {
    let must_change = UserUpdate {
        must_change_password: Some(must),
        ..UserUpdate::default()
    };
    update(store, user, must_change).await;
}

async fn must_change(store: &AnyStore, user: &User) -> bool {
    let user = store.user(&user.subject).await.unwrap().unwrap();
    user.account.must_change_password
}

async fn opens(store: &AnyStore, user: &User, name: &str, proved: Option<Timestamp>) -> bool {
    let command = OpenSession {
        session: session(name, user, 1),
        previous: None,
        passkey: None,
        password_set_at: proved,
        upstream: None,
        notice: None,
        cause: cause(1),
    };
    store.open_session(command).await.unwrap().is_some()
}

async fn is_alive(store: &AnyStore, id: SessionId) -> bool {
    store.session(id, at(5)).await.unwrap().is_some()
}

async fn audited(store: &AnyStore) -> usize {
    let filter = AuditFilter {
        event: Some(AuditEvent::PasswordChanged),
        ..AuditFilter::default()
    };
    store.audit(filter, page()).await.unwrap().items.len()
}

pub async fn a_password_that_must_be_changed_opens_no_session(store: AnyStore) {
    let (world, bob) = enrolled(store).await;
    let (store, alice) = (&world.store, &world.alice);
    let proved = set_at(store, alice).await;
    require_change(store, alice, true).await;
    assert!(!opens(store, alice, "password", Some(proved)).await);
    // Who signs in without it is not concerned, nor is another user, nor a session that is open.
    assert!(opens(store, alice, "passkey", None).await);
    let of_bob = set_at(store, &bob).await;
    assert!(opens(store, &bob, "bobs", Some(of_bob)).await);
    assert!(is_alive(store, world.session.id).await);
    require_change(store, alice, false).await;
    assert!(opens(store, alice, "again", Some(proved)).await);
}

pub async fn at_a_login_a_password_that_must_be_changed_is_replaced_and_nothing_of_it_is_left(
    store: AnyStore,
) {
    let (world, bob) = enrolled(store).await;
    let bobs = session("bobs", &bob, 0);
    world.open(&bobs, None, 0).await;
    let (store, alice) = (&world.store, &world.alice);
    require_change(store, alice, true).await;
    require_change(store, &bob, true).await;
    assert!(store.trust_device(trust(alice, "a", 1)).await.unwrap());
    assert!(store.trust_device(trust(&bob, "b", 1)).await.unwrap());
    let code = code("app", &world.session, &world.spa, OFFLINE, 1);
    allow(&world, &code, &world.spa).await;
    let before = set_at(store, alice).await;

    let renewed = store
        .change_password_at_login(change(alice, before, 2))
        .await
        .unwrap();
    assert_eq!(renewed, Some(set_at(store, alice).await));
    assert!(renewed > Some(before));
    let hash = stored_hash(store, "alice").await;
    assert_eq!(hash.as_deref(), Some("$argon2id$new-2"));
    assert!(!must_change(store, alice).await);
    assert!(must_change(store, &bob).await);
    assert!(!is_alive(store, world.session.id).await);
    assert!(is_alive(store, bobs.id).await);
    let grants = store.grants_of(&alice.subject, page(), at(5)).await;
    assert!(grants.unwrap().items.is_empty());
    for (user, left) in [(alice, 0), (&bob, 1)] {
        let devices = store.trusted_devices(&user.subject, at(5)).await.unwrap();
        assert_eq!(devices.len(), left);
    }
    assert_eq!(audited(store).await, 1);
    assert_eq!(mails(store, 3).await, [notice()]);
    // The login goes on with the new one only.
    assert!(!opens(store, alice, "late", Some(before)).await);
    assert!(opens(store, alice, "next", renewed).await);
}

pub async fn at_a_login_only_the_proved_password_of_who_may_log_in_is_replaced(store: AnyStore) {
    let (world, bob) = enrolled(store).await;
    let (store, alice) = (&world.store, &world.alice);
    let proved = set_at(store, alice).await;
    let refused = async |command| {
        let changed = store.change_password_at_login(command).await;
        assert_eq!(changed, Ok(None));
    };
    // It does not have to be changed.
    refused(change(alice, proved, 2)).await;
    require_change(store, alice, true).await;
    refused(change(&bob, set_at(store, &bob).await, 2)).await;
    // Another one was proved, or one that was replaced.
    refused(change(alice, at(-1), 2)).await;
    let reset = UserUpdate {
        password_hash: Some(Secret::new("$argon2id$reset".to_owned())),
        must_change_password: Some(true),
        ..UserUpdate::default()
    };
    update(store, alice, reset).await;
    assert!(must_change(store, alice).await);
    refused(change(alice, proved, 2)).await;
    let renewed = set_at(store, alice).await;
    let expired = UserUpdate {
        expires_at: Some(Some(at(3))),
        ..UserUpdate::default()
    };
    update(store, alice, expired).await;
    refused(change(alice, renewed, 3)).await;
    let disabled = UserUpdate {
        status: Some(UserStatus::Disabled),
        ..UserUpdate::default()
    };
    update(store, alice, disabled).await;
    refused(change(alice, renewed, 2)).await;
    let hash = stored_hash(store, "alice").await;
    assert_eq!(hash.as_deref(), Some("$argon2id$reset"));
    assert!(must_change(store, alice).await);
    assert_eq!(mails(store, 3).await, []);
}

pub async fn of_20_changes_of_a_password_at_a_login_one_wins(store: AnyStore) {
    let world = World::new(store).await;
    let alice = world.alice.clone();
    for round in 0..3 {
        require_change(&world.store, &alice, true).await;
        // At the time of the password before: the time alone does not tell them apart.
        let proved = set_at(&world.store, &alice).await;
        let won = race(|_| {
            let (store, command) = (Arc::clone(&world.store), change(&alice, proved, 0));
            async move { store.change_password_at_login(command).await.unwrap() }
        });
        let won: Vec<_> = won.await.into_iter().flatten().collect();
        assert_eq!(won, [set_at(&world.store, &alice).await], "round {round}");
        assert!(won > vec![proved]);
    }
    assert_eq!(audited(&world.store).await, 3);
}
