use cardea_protocol::model::*;
use cardea_seal::Secret;

use super::{
    sample::*,
    users::{add, alice, seed, stored_hash},
};
use crate::*;

async fn add_without_password(store: &AnyStore, name: &str) {
    let command = AddUser {
        user: user(name),
        password_hash: None,
        cause: cause(0),
    };
    store.add_user(command).await.unwrap();
}

pub async fn d25_a_login_reads_the_user_with_the_password(store: AnyStore) {
    add(&store, "Alice").await.unwrap();
    let mut bob = user("bob");
    bob.status = UserStatus::Disabled;
    let command = AddUser {
        user: bob,
        password_hash: None,
        cause: cause(0),
    };
    store.add_user(command).await.unwrap();
    let login = async |name| {
        let name = Username::parse(name).unwrap();
        store.login_user(&name).await.unwrap()
    };
    let alice = login("aLICE").await.unwrap();
    assert_eq!(alice.user.subject, user("alice").subject);
    assert_eq!(alice.user.roles, user("alice").roles);
    assert_eq!(alice.password.unwrap().hash.expose(), "$argon2id$old");
    let bob = login("bob").await.unwrap();
    assert!(bob.password.is_none() && !bob.user.is_enabled());
    assert!(login("eve").await.is_none());
}

pub async fn d25_it_is_known_who_has_a_password_without_reading_it(store: AnyStore) {
    add(&store, "alice").await.unwrap();
    add_without_password(&store, "bob").await;
    let has_password = async |name: &str| {
        let listed = store.users(page()).await.unwrap();
        let listed = listed
            .items
            .iter()
            .find(|u| u.user.username.as_str() == name);
        let has_password = store.has_password(&user(name).subject).await.unwrap();
        assert_eq!(listed.map(|u| u.has_password), Some(has_password), "{name}");
        has_password
    };
    assert!(has_password("alice").await);
    assert!(!has_password("bob").await);
    assert!(!store.has_password(&user("eve").subject).await.unwrap());
    let update = UserUpdate {
        password_hash: password(),
        ..UserUpdate::default()
    };
    let command = UserChange {
        subject: user("bob").subject,
        update,
        cause: cause(1),
    };
    assert!(store.change_user(command).await.unwrap());
    assert!(has_password("bob").await);
    // A removed user leaves no credential to the next one of the same name and subject.
    let removed = store.remove_user(user("bob").subject, cause(2));
    assert!(removed.await.unwrap());
    add_without_password(&store, "bob").await;
    assert!(!has_password("bob").await);
}

pub async fn d25_a_refused_user_leaves_no_password(store: AnyStore) {
    add_without_password(&store, "alice").await;
    // The name is taken, then the subject.
    for taken in [
        User {
            subject: user("other").subject,
            ..user("alice")
        },
        User {
            subject: user("alice").subject,
            ..user("bob")
        },
    ] {
        let command = AddUser {
            user: taken,
            password_hash: password(),
            cause: cause(0),
        };
        assert!(store.add_user(command).await.is_err());
    }
    assert_eq!(seed(&store, "alice").await, Seeded::Known);
    assert_eq!(stored_hash(&store, "alice").await, None);
    assert_eq!(store.password_costs().await.unwrap(), []);
}

pub async fn a_hash_is_upgraded_only_if_it_is_still_the_old(store: AnyStore) {
    // Each has the same hash, and is upgraded without the others.
    add(&store, "eve").await.unwrap();
    add(&store, "alice").await.unwrap();
    for (name, old, new, expected) in [
        ("alice", "old", "better", ["better", "old"]),
        ("alice", "old", "worse", ["better", "old"]),
        ("eve", "old", "best", ["better", "best"]),
    ] {
        let [old, new] = [old, new].map(|hash| Secret::new(format!("$argon2id${hash}")));
        let upgrade = store.upgrade_password_hash(user(name).subject, old, new);
        upgrade.await.unwrap();
        for (name, hash) in ["alice", "eve"].into_iter().zip(expected) {
            let expected = format!("$argon2id${hash}");
            assert_eq!(stored_hash(&store, name).await, Some(expected));
        }
    }
    let updated_at = alice(&store).await.updated_at;
    assert_eq!(updated_at, at(0), "the user has changed nothing");
    // An upgrade gives no password to a user who has none.
    add_without_password(&store, "bob").await;
    let (old, new) = (
        Secret::new(String::new()),
        Secret::new("$argon2id$better".to_owned()),
    );
    let upgrade = store.upgrade_password_hash(user("bob").subject, old, new);
    upgrade.await.unwrap();
    assert_eq!(stored_hash(&store, "bob").await, None);
}

pub async fn t3_the_costs_of_password_hashes_are_counted(store: AnyStore) {
    const CHEAP: &str = "$argon2id$v=19$m=8,t=1,p=1";
    const BCRYPT: &str = "$2b$12";
    let world = World::new(store).await;
    let hash = |cost: &str| Some(Secret::new(format!("{cost}$c2FsdA$aGFzaA")));
    let counted = async || {
        let mut costs = world.store.password_costs().await.unwrap();
        costs.retain(|(cost, _)| cost != "$argon2id");
        costs.sort();
        costs
    };
    let count = |cost: &str, users| (cost.to_owned(), users);
    for (name, cost) in [("u1", CHEAP), ("u2", CHEAP), ("u3", BCRYPT)] {
        let (user, password_hash, cause) = (user(name), hash(cost), cause(0));
        world
            .store
            .add_user(AddUser {
                user,
                password_hash,
                cause,
            })
            .await
            .unwrap();
    }
    let before = counted().await;
    assert!(before.contains(&count(CHEAP, 2)) && before.contains(&count(BCRYPT, 1)));
    let update = UserUpdate {
        password_hash: hash(BCRYPT),
        ..UserUpdate::default()
    };
    let command = UserChange {
        subject: user("u1").subject,
        update,
        cause: cause(1),
    };
    assert!(world.store.change_user(command).await.unwrap());
    world
        .store
        .remove_user(user("u2").subject, cause(2))
        .await
        .unwrap();
    for (name, cost) in [
        ("u4", "$argon2i$v=16$m=8,t=1,p=1"),
        ("u5", "$pbkdf2-sha256$i=600000,l=32"),
        ("u6", "$scrypt$ln=14,r=8,p=5"),
        ("u7", "$6$rounds=5000"),
    ] {
        let command = AddUser {
            user: user(name),
            password_hash: hash(cost),
            cause: cause(3),
        };
        world.store.add_user(command).await.unwrap();
        assert!(counted().await.contains(&count(cost, 1)));
    }
    let after = counted().await;
    assert!(after.contains(&count(BCRYPT, 2)));
    assert!(!after.iter().any(|(cost, _)| cost == CHEAP));
}

pub async fn a_login_in_progress_does_not_survive_a_new_password(store: AnyStore) {
    let world = World::new(store).await;
    let name = world.alice.username.clone();
    let read = || async {
        let found = world.store.login_user(&name).await.unwrap().unwrap();
        found.password.unwrap()
    };
    let before = read().await;
    let open = |name: &'static str, set_at| {
        world.store.open_session(OpenSession {
            session: session(name, &world.alice, 9),
            previous: None,
            passkey: None,
            password_set_at: Some(set_at),
            upstream: None,
            notice: None,
            cause: cause(9),
        })
    };
    assert!(open("two", before.set_at).await.unwrap().is_some());
    // The same password with another cost is no new password.
    let upgraded = Secret::new("$argon2id$upgraded".to_owned());
    let subject = world.alice.subject.clone();
    let upgrade = world
        .store
        .upgrade_password_hash(subject, before.hash, upgraded);
    upgrade.await.unwrap();
    assert!(open("three", before.set_at).await.unwrap().is_some());

    let new = UserChange {
        subject: world.alice.subject.clone(),
        update: UserUpdate {
            password_hash: Some(Secret::new("$argon2id$new".to_owned())),
            ..UserUpdate::default()
        },
        cause: cause(5),
    };
    assert!(world.store.change_user(new).await.unwrap());
    assert!(open("four", before.set_at).await.unwrap().is_none());
    assert_eq!(
        world
            .store
            .sessions_of(&world.alice.subject, Page::first(10), at(9))
            .await
            .unwrap()
            .items,
        []
    );
    assert!(open("five", read().await.set_at).await.unwrap().is_some());
}

pub async fn a_password_of_another_user_opens_no_session(store: AnyStore) {
    let world = World::new(store).await;
    let (bob, ..) = super::neighbours::others(&world).await;
    let (store, alice) = (&world.store, &world.alice);
    let change = UserChange {
        subject: alice.subject.clone(),
        update: UserUpdate {
            password_hash: Some(cardea_seal::Secret::new("another".to_owned())),
            ..Default::default()
        },
        cause: cause(5),
    };
    assert!(store.change_user(change).await.unwrap());
    let open = |user: &User, name: &str| OpenSession {
        session: session(name, user, 6),
        previous: None,
        passkey: None,
        password_set_at: Some(at(0)),
        upstream: None,
        notice: None,
        cause: cause(6),
    };
    assert!(
        store
            .open_session(open(alice, "a"))
            .await
            .unwrap()
            .is_none()
    );
    assert!(store.open_session(open(&bob, "b")).await.unwrap().is_some());
}
