//! The password that a user changes in a session.

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
    Mail::new(to, MailTemplate::PasswordChanged, Lang::Es)
}

fn change(world: &World, proved: Option<Timestamp>, seconds: i64) -> ChangeOwnPassword {
    ChangeOwnPassword {
        subject: world.alice.subject.clone(),
        session: world.session.id,
        proved_set_at: proved,
        hash: Secret::new(format!("$argon2id$new-{seconds}")),
        notice: Some(Notice {
            mail: notice(),
            not_me: None,
        }),
        cause: cause(seconds),
    }
}

async fn set_at(world: &World) -> Option<Timestamp> {
    let found = world.store.login_user(&world.alice.username).await.unwrap();
    found.unwrap().password.map(|password| password.set_at)
}

async fn open(world: &World, name: &str, proved: Option<Timestamp>) -> Option<Sid> {
    let command = OpenSession {
        session: session(name, &world.alice, 1),
        previous: None,
        passkey: None,
        password_set_at: proved,
        upstream: None,
        notice: None,
        cause: cause(1),
    };
    world.store.open_session(command).await.unwrap()
}

async fn is_alive(world: &World, id: SessionId) -> bool {
    world.store.session(id, at(5)).await.unwrap().is_some()
}

async fn audited(world: &World) -> usize {
    let filter = AuditFilter {
        event: Some(AuditEvent::PasswordChanged),
        ..AuditFilter::default()
    };
    world.store.audit(filter, page()).await.unwrap().items.len()
}

pub async fn a_new_password_ends_all_sessions_but_that_of_the_change(store: AnyStore) {
    let (world, bob) = enrolled(store).await;
    let bobs = session("bobs", &bob, 0);
    world.open(&bobs, None, 0).await;
    let (store, alice) = (&world.store, &world.alice);
    let before = set_at(&world).await;
    assert!(open(&world, "other", before).await.is_some());
    assert!(store.trust_device(trust(alice, "a", 1)).await.unwrap());
    assert!(store.trust_device(trust(&bob, "b", 1)).await.unwrap());
    let code = code("app", &world.session, &world.spa, OFFLINE, 1);
    allow(&world, &code, &world.spa).await;

    assert!(
        store
            .change_own_password(change(&world, before, 2))
            .await
            .unwrap()
    );
    let hash = stored_hash(store, "alice").await;
    assert_eq!(hash.as_deref(), Some("$argon2id$new-2"));
    assert!(is_alive(&world, world.session.id).await);
    assert!(!is_alive(&world, session("other", alice, 1).id).await);
    assert!(is_alive(&world, bobs.id).await);
    let grants = store
        .grants_of(&alice.subject, page(), at(5))
        .await
        .unwrap();
    assert!(grants.items.is_empty());
    for (user, left) in [(alice, 0), (&bob, 1)] {
        let devices = store.trusted_devices(&user.subject, at(5)).await.unwrap();
        assert_eq!(devices.len(), left);
    }
    assert_eq!(audited(&world).await, 1);
    assert_eq!(mails(store, 3).await, [notice()]);
    // A login in progress does not survive it, and the proof counts no more.
    assert!(open(&world, "late", before).await.is_none());
    assert!(
        !store
            .change_own_password(change(&world, before, 3))
            .await
            .unwrap()
    );
    assert!(
        !store
            .change_own_password(change(&world, None, 3))
            .await
            .unwrap()
    );
    assert!(open(&world, "next", set_at(&world).await).await.is_some());
}

pub async fn a_new_password_needs_a_living_session_of_its_user(store: AnyStore) {
    let world = World::new(store).await;
    let (bob, bobs, _) = super::neighbours::others(&world).await;
    let store = &world.store;
    let before = set_at(&world).await;
    let by_another = ChangeOwnPassword {
        session: bobs.id,
        ..change(&world, before, 2)
    };
    assert!(!store.change_own_password(by_another).await.unwrap());
    let of_another = ChangeOwnPassword {
        subject: bob.subject.clone(),
        ..change(&world, before, 2)
    };
    assert!(!store.change_own_password(of_another).await.unwrap());
    let idle = change(&world, before, 30 * MINUTE);
    assert!(!store.change_own_password(idle).await.unwrap());
    let disabled = UserChange {
        subject: world.alice.subject.clone(),
        update: UserUpdate {
            expires_at: Some(Some(at(2))),
            ..UserUpdate::default()
        },
        cause: cause(1),
    };
    assert!(store.change_user(disabled).await.unwrap());
    assert!(
        !store
            .change_own_password(change(&world, before, 2))
            .await
            .unwrap()
    );
    assert_eq!(audited(&world).await, 0);
    assert_eq!(mails(store, 3).await, []);
    for name in ["alice", "bob"] {
        assert_ne!(
            stored_hash(store, name).await.as_deref(),
            Some("$argon2id$new-2")
        );
    }
}

pub async fn who_has_no_password_gets_a_first_one(store: AnyStore) {
    let world = World::new(store).await;
    let (store, alice) = (&world.store, &world.alice);
    // Removed by its owner's link.
    let token = cardea_seal::Digest::of(b"not me");
    let link = MakeLink {
        subject: alice.subject.clone(),
        link: NewLink {
            token,
            purpose: LinkPurpose::NotMe,
            payload: super::not_me::of_alice("", 1).payload,
            expires_at: at(DAY),
        },
        mail: None,
        cause: cause(1),
    };
    assert!(store.make_link(link).await.unwrap());
    let taken = TakeLink {
        token,
        effect: LinkEffect::NotMe,
        next: None,
        mails: Vec::new(),
        cause: cause(1),
    };
    assert!(store.take_link(taken).await.unwrap().is_some());
    assert_eq!(set_at(&world).await, None);
    assert!(open(&world, "passkey", None).await.is_some());
    // Only in a session of the user that is alive.
    let foreign = ChangeOwnPassword {
        session: SessionId(cardea_seal::Digest::of(b"no session")),
        ..change(&world, None, 2)
    };
    assert_eq!(world.store.change_own_password(foreign).await, Ok(false));
    assert_eq!(set_at(&world).await, None);
    let command = || ChangeOwnPassword {
        session: session("passkey", alice, 1).id,
        ..change(&world, None, 2)
    };
    let (one, two) = tokio::join!(
        store.change_own_password(command()),
        store.change_own_password(command())
    );
    assert!(one.unwrap() != two.unwrap());
    assert!(set_at(&world).await.is_some());
    assert_eq!(audited(&world).await, 1);
}

pub async fn of_two_changes_of_a_password_at_once_one_wins(store: AnyStore) {
    let world = World::new(store).await;
    for round in 0..20 {
        let proved = set_at(&world).await;
        // At the time of the password before: the time alone does not tell them apart.
        let other = ChangeOwnPassword {
            hash: Secret::new("$argon2id$other".to_owned()),
            ..change(&world, proved, 0)
        };
        let (one, two) = tokio::join!(
            world.store.change_own_password(change(&world, proved, 0)),
            world.store.change_own_password(other)
        );
        assert!(one.unwrap() != two.unwrap(), "round {round}");
        assert!(set_at(&world).await > proved);
    }
    assert_eq!(audited(&world).await, 20);
}
