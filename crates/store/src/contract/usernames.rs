use std::sync::Arc;

use cardea_protocol::model::*;

use super::{sample::*, users::seed};
use crate::*;

async fn add(store: &AnyStore, name: &str) -> Result<()> {
    let command = AddUser {
        user: user(name),
        password_hash: password(),
        cause: cause(0),
    };
    store.add_user(command).await
}

async fn found(store: &AnyStore, name: &str) -> Option<String> {
    let name = Username::parse(name).unwrap();
    let user = store.user_by_name(&name).await.unwrap();
    let login = store.login_user(&name).await.unwrap();
    let user = user.map(|user| user.username.as_str().to_owned());
    let login = login.map(|login| login.user.username.as_str().to_owned());
    assert_eq!(user, login);
    user
}

pub async fn a_name_is_unique_by_rfc_8265(store: AnyStore) {
    add(&store, "e\u{301}mile").await.unwrap();
    add(&store, "bob").await.unwrap();
    for same in ["\u{e9}mile", "\u{c9}MILE", "\u{ff45}\u{301}mile"] {
        assert_eq!(
            add(&store, same).await,
            Err(conflict(Constraint::UserName)),
            "{same}"
        );
        assert_eq!(found(&store, same).await.as_deref(), Some("e\u{301}mile"));
        assert_eq!(seed(&store, same).await, Seeded::Known);
    }
    assert_eq!(found(&store, "emile").await, None);
    assert_eq!(found(&store, "\u{ff22}OB").await.as_deref(), Some("bob"));
}

pub async fn a_name_that_looks_like_another_is_refused(store: AnyStore) {
    let like = || Err(conflict(Constraint::UserNameLooksAlike));
    add(&store, "coca").await.unwrap();
    add(&store, "paul1").await.unwrap();
    let before = events(&store).await;
    // Cyrillic throughout.
    assert_eq!(add(&store, "\u{441}\u{43e}\u{441}\u{430}").await, like());
    assert_eq!(found(&store, "\u{441}\u{43e}\u{441}\u{430}").await, None);
    assert_eq!(events(&store).await, before);
    // What is typed on one keyboard is told apart.
    add(&store, "paull").await.unwrap();
    add(&store, "\u{440}\u{43e}\u{440}").await.unwrap();
    assert_eq!(add(&store, "pop").await, like());
    // A name that is gone is like no other.
    let removed = store.remove_user(user("coca").subject, cause(1));
    assert!(removed.await.unwrap());
    add(&store, "\u{441}\u{43e}\u{441}\u{430}").await.unwrap();
}

pub async fn of_20_parallel_look_alikes_one_is_added(store: AnyStore) {
    let names = ["coca", "\u{441}\u{43e}\u{441}\u{430}"];
    let tasks = names.into_iter().cycle().take(20).map(|name| {
        let store = Arc::clone(&store);
        tokio::spawn(async move { add(&store, name).await.is_ok() })
    });
    let mut added = 0;
    for task in tasks.collect::<Vec<_>>() {
        added += usize::from(task.await.unwrap());
    }
    assert_eq!(added, 1);
}
