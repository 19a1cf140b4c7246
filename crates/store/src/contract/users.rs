use cardea_protocol::model::*;
use cardea_seal::Secret;

use super::sample::*;
use crate::*;

async fn add(store: &AnyStore, name: &str) -> Result<()> {
    store
        .add_user(AddUser {
            user: user(name),
            password_hash: password(),
            cause: cause(0),
        })
        .await
}

async fn add_without_password(store: &AnyStore, name: &str) {
    let command = AddUser {
        user: user(name),
        password_hash: None,
        cause: cause(0),
    };
    store.add_user(command).await.unwrap();
}

/// What a login of this user would be checked with.
async fn stored_hash(store: &AnyStore, name: &str) -> Option<String> {
    let name = Username::parse(name).unwrap();
    let found = store.login_user(&name).await.unwrap().unwrap();
    found.password_hash.map(|hash| hash.expose().clone())
}

async fn alice(store: &AnyStore) -> User {
    store.user(&user("alice").subject).await.unwrap().unwrap()
}

pub async fn a_user_survives(store: AnyStore) {
    add(&store, "bob").await.unwrap();
    add(&store, "alice").await.unwrap();
    let (found, made) = (alice(&store).await, user("alice"));
    assert_eq!(
        (found.subject, found.username),
        (made.subject, made.username)
    );
    assert_eq!((found.email, found.email_verified), (made.email, true));
    assert_eq!((found.roles, found.claims), (made.roles, made.claims));
    assert_eq!((found.status, found.failures), (made.status, made.failures));
    assert_eq!((found.created_at, found.updated_at), (at(0), at(0)));
    assert!(store.user(&user("eve").subject).await.unwrap().is_none());
    let names = |users: Vec<UserView>| {
        users
            .iter()
            .map(|u| u.user.username.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        names(store.users(page()).await.unwrap().items),
        ["alice", "bob"]
    );
}

pub async fn a_name_is_unique_in_any_case(store: AnyStore) {
    add(&store, "Ålice").await.unwrap();
    let taken = User {
        subject: user("other").subject,
        ..user("åLICE")
    };
    let again = store
        .add_user(AddUser {
            user: taken,
            password_hash: password(),
            cause: cause(0),
        })
        .await;
    assert_eq!(again, Err(conflict(Constraint::UserName)));
    let found = store
        .user_by_name(&Username::parse("ÅLICE").unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.username.as_str(), "Ålice");
    let subject_taken = User {
        subject: user("ålice").subject,
        ..user("bob")
    };
    let again = store
        .add_user(AddUser {
            user: subject_taken,
            password_hash: password(),
            cause: cause(0),
        })
        .await;
    assert_eq!(again, Err(conflict(Constraint::Subject)));
    assert_eq!(events(&store).await, [AuditEvent::UserAdded]);
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
    assert_eq!(alice.password_hash.unwrap().expose(), "$argon2id$old");
    let bob = login("bob").await.unwrap();
    assert!(bob.password_hash.is_none() && !bob.user.is_enabled());
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

async fn seed(store: &AnyStore, name: &str) -> Seeded {
    store
        .seed_user(AddUser {
            user: user(name),
            password_hash: password(),
            cause: cause(0),
        })
        .await
        .unwrap()
}

pub async fn a_seed_is_applied_once(store: AnyStore) {
    assert_eq!(seed(&store, "alice").await, Seeded::Added);
    assert_eq!(seed(&store, "Alice").await, Seeded::Known);
    assert!(
        store
            .remove_user(user("alice").subject, cause(0))
            .await
            .unwrap()
    );
    assert_eq!(
        seed(&store, "alice").await,
        Seeded::Known,
        "a seed that was removed is not sown again"
    );
    assert!(store.user(&user("alice").subject).await.unwrap().is_none());
    add(&store, "bob").await.unwrap();
    assert_eq!(
        seed(&store, "bob").await,
        Seeded::Known,
        "an existing user is not changed"
    );
}

pub async fn of_20_parallel_seeds_one_is_applied(store: AnyStore) {
    let results = race(|n| {
        let store = store.clone();
        let user = User {
            subject: user(&format!("s{n}")).subject,
            ..user("alice")
        };
        async move {
            store
                .seed_user(AddUser {
                    user,
                    password_hash: password(),
                    cause: cause(0),
                })
                .await
                .unwrap()
        }
    })
    .await;
    assert_eq!(
        results
            .into_iter()
            .filter(|seeded| *seeded == Seeded::Added)
            .count(),
        1
    );
    assert_eq!(store.users(page()).await.unwrap().items.len(), 1);
}

async fn change(store: &AnyStore, update: UserUpdate, seconds: i64) -> bool {
    let subject = user("alice").subject;
    store
        .change_user(UserChange {
            subject,
            update,
            cause: cause(seconds),
        })
        .await
        .unwrap()
}

pub async fn a_user_is_changed(store: AnyStore) {
    assert!(
        !change(&store, UserUpdate::default(), 0).await,
        "the user does not exist"
    );
    add(&store, "alice").await.unwrap();
    let update = UserUpdate {
        email: Some(None),
        roles: Some(vec!["admin".to_owned()]),
        ..Default::default()
    };
    assert!(change(&store, update, 5).await);
    let found = alice(&store).await;
    assert_eq!((found.email, found.email_verified), (None, false));
    assert_eq!(
        (found.roles, found.claims),
        (vec!["admin".to_owned()], user("alice").claims)
    );
    assert_eq!(found.updated_at, at(5));

    let claims = Some(std::collections::BTreeMap::new());
    let email = Some(Some(("new@example.test".to_owned(), false)));
    let password_hash = Some(Secret::new("$argon2id$new".to_owned()));
    assert!(
        change(
            &store,
            UserUpdate {
                email,
                claims,
                password_hash,
                ..Default::default()
            },
            6
        )
        .await
    );
    let found = alice(&store).await;
    assert_eq!(
        (found.email.as_deref(), found.email_verified),
        (Some("new@example.test"), false)
    );
    assert!(found.claims.is_empty());
    assert_eq!(
        stored_hash(&store, "alice").await.as_deref(),
        Some("$argon2id$new")
    );
    let expected = [
        AuditEvent::UserAdded,
        AuditEvent::UserChanged,
        AuditEvent::UserChanged,
        AuditEvent::PasswordChanged,
    ];
    assert_eq!(events(&store).await, expected);
}

pub async fn a_disabled_user_is_logged_out(store: AnyStore) {
    let world = World::new(store).await;
    let (online, offline) = (
        world.grant("a", ONLINE, 0).await,
        world.grant("b", OFFLINE, 0).await,
    );
    let status = |status| UserUpdate {
        status: Some(status),
        applications: Applications::Keep,
        ..Default::default()
    };
    assert!(change(&world.store, status(UserStatus::Disabled), 1).await);
    assert!(
        world
            .store
            .session(world.session.id, at(1))
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(world.dead(&online, 1).await, Some("the grant was revoked"));
    assert_eq!(world.dead(&offline, 1).await, Some("the user is disabled"));
    assert!(change(&world.store, status(UserStatus::Disabled), 2).await);
    assert!(change(&world.store, status(UserStatus::Enabled), 2).await);
    assert!(
        world
            .store
            .session(world.session.id, at(2))
            .await
            .unwrap()
            .is_none(),
        "the session stays ended"
    );
    assert_eq!(world.dead(&offline, 2).await, None);
    let last = world.events().await.split_off(3);
    assert_eq!(
        last,
        [
            AuditEvent::UserDisabled,
            AuditEvent::SessionEnded,
            AuditEvent::UserEnabled
        ]
    );
}

pub async fn failures_lock_and_are_audited_once_a_minute(store: AnyStore) {
    add(&store, "alice").await.unwrap();
    let subject = user("alice").subject;
    for n in 0..6 {
        assert_eq!(
            store.locked_until(&subject).await.unwrap(),
            (n >= 5).then(|| at(9))
        );
        store
            .record_login_failure(subject.clone(), cause(n))
            .await
            .unwrap();
    }
    assert_eq!(
        store.locked_until(&subject).await.unwrap(),
        Some(at(5 + 10))
    );
    assert_eq!(
        alice(&store).await.failures,
        LoginFailures {
            count: 6,
            last_at: Some(at(5))
        }
    );
    store
        .record_login_failure(subject, cause(60))
        .await
        .unwrap();
    store
        .record_login_failure(user("nobody").subject, cause(60))
        .await
        .unwrap();
    let failed = events(&store)
        .await
        .into_iter()
        .filter(|e| *e == AuditEvent::LoginFailed)
        .count();
    assert_eq!(failed, 2, "at 0 s and at 60 s");
}

pub async fn a_hash_is_upgraded_only_if_it_is_still_the_old(store: AnyStore) {
    add(&store, "alice").await.unwrap();
    let upgrade = |old: &str, new: &str| {
        let (old, new) = (Secret::new(old.to_owned()), Secret::new(new.to_owned()));
        store.upgrade_password_hash(user("alice").subject, old, new)
    };
    upgrade("$argon2id$old", "$argon2id$better").await.unwrap();
    upgrade("$argon2id$old", "$argon2id$worse").await.unwrap();
    assert_eq!(
        stored_hash(&store, "alice").await.as_deref(),
        Some("$argon2id$better")
    );
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
    let world = World::new(store).await;
    let hash = |cost: &str| Some(Secret::new(format!("$argon2id$v=19${cost}$c2FsdA$aGFzaA")));
    let counted = async || {
        let mut costs = world.store.password_costs().await.unwrap();
        costs.retain(|(cost, _)| cost.starts_with("m="));
        costs.sort();
        costs
    };
    let count = |cost: &str, users| (cost.to_owned(), users);
    for (name, cost) in [
        ("u1", "m=8,t=1,p=1"),
        ("u2", "m=8,t=1,p=1"),
        ("u3", "m=9,t=1,p=1"),
    ] {
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
    assert!(before.contains(&count("m=8,t=1,p=1", 2)) && before.contains(&count("m=9,t=1,p=1", 1)));
    let update = UserUpdate {
        password_hash: hash("m=9,t=1,p=1"),
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
    let after = counted().await;
    assert!(after.contains(&count("m=9,t=1,p=1", 2)));
    assert!(!after.iter().any(|(cost, _)| cost == "m=8,t=1,p=1"));
}

pub async fn rows_added_or_removed_between_pages_repeat_and_hide_no_other(store: AnyStore) {
    for name in ["b", "d", "f", "h", "j"] {
        add(&store, name).await.unwrap();
    }
    let names = async |after: Option<UserPosition>| {
        let rows = store.users(Page { limit: 2, after }).await.unwrap();
        let names = rows.items.iter().map(|view| view.user.username.to_string());
        (names.collect::<Vec<_>>(), rows.next)
    };
    let (first, next) = names(None).await;
    assert_eq!(first, ["b", "d"]);
    // The row at the position is removed, others come before and behind it.
    for name in ["b", "d"] {
        assert!(
            store
                .remove_user(user(name).subject, cause(1))
                .await
                .unwrap()
        );
    }
    for name in ["a", "E"] {
        add(&store, name).await.unwrap();
    }
    let (second, next) = names(next).await;
    assert_eq!(second, ["E", "f"]);
    let (third, next) = names(next).await;
    assert_eq!(third, ["h", "j"]);
    assert_eq!(next, None, "a full last page is the last one");
    assert_eq!(names(Some(UserPosition("j".to_owned()))).await.0, [""; 0]);
}
