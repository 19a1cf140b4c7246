use cardea_protocol::model::*;
use cardea_seal::Secret;

use super::sample::*;
use crate::*;

pub(super) async fn add(store: &AnyStore, name: &str) -> Result<()> {
    store
        .add_user(AddUser {
            user: user(name),
            password_hash: password(),
            cause: cause(0),
        })
        .await
}

/// What a login of this user would be checked with.
pub(super) async fn stored_hash(store: &AnyStore, name: &str) -> Option<String> {
    let name = Username::parse(name).unwrap();
    let found = store.login_user(&name).await.unwrap().unwrap();
    found
        .password
        .map(|password| password.hash.expose().clone())
}

pub(super) async fn alice(store: &AnyStore) -> User {
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
    let by_name = store.user_by_name(&user("alice").username).await.unwrap();
    assert_eq!(by_name.unwrap().subject, user("alice").subject);
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

pub(super) async fn seed(store: &AnyStore, name: &str) -> Seeded {
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
    add(&store, "eve").await.unwrap();
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
            .record_login_failure(subject.clone(), None, cause(n))
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
        .record_login_failure(subject, None, cause(60))
        .await
        .unwrap();
    store
        .record_login_failure(user("nobody").subject, None, cause(60))
        .await
        .unwrap();
    let failed = events(&store)
        .await
        .into_iter()
        .filter(|e| *e == AuditEvent::LoginFailed)
        .count();
    assert_eq!(failed, 2, "at 0 s and at 60 s");
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
