use cardea_protocol::model::*;

use super::sample::*;
use crate::*;

/// A sign-up of `name`, whose link has this subject, with a confirmed address.
fn sign_up(name: &str, number: u32, email: &str) -> AddUser {
    AddUser {
        user: User {
            subject: subject(&format!("subject{number}")),
            email: Some(email.to_owned()),
            roles: Vec::new(),
            ..user(name)
        },
        password_hash: password(),
        cause: cause(1),
    }
}

pub async fn a_sign_up_makes_one_account_of_an_address(store: AnyStore) {
    let first = sign_up("alice", 1, "Alice@example.test");
    store.sign_up(first).await.unwrap();
    let name = Username::parse("alice@EXAMPLE.test").unwrap();
    let found = store.login_user(&name).await.unwrap().unwrap().user;
    assert_eq!(found.username.as_str(), "alice");
    assert!(found.roles.is_empty() && found.email_verified);
    let refused = [
        (sign_up("bob", 2, "ALICE@example.test"), Constraint::Email),
        (
            sign_up("Alice", 3, "bob@example.test"),
            Constraint::UserName,
        ),
        // A link that is used again, when its user has another name and address by now.
        (sign_up("bob", 1, "bob@example.test"), Constraint::Subject),
    ];
    for (again, expected) in refused {
        let Err(StoreError::Conflict { constraint }) = store.sign_up(again).await else {
            panic!("{expected}");
        };
        assert_eq!(constraint, expected);
    }
    let neighbour = sign_up("bob", 4, "bob@example.test");
    store.sign_up(neighbour).await.unwrap();
    let all = store.users(page()).await.unwrap().items;
    assert_eq!(all.len(), 2);
}

pub async fn of_20_parallel_sign_ups_of_an_address_one_is_made(store: AnyStore) {
    let made = race(|i| {
        let store = store.clone();
        let command = sign_up(&format!("user{i}"), i, "alice@example.test");
        async move { store.sign_up(command).await.is_ok() }
    });
    let made = made.await.into_iter().filter(|made| *made).count();
    assert_eq!(made, 1);
    assert_eq!(store.users(page()).await.unwrap().items.len(), 1);
}
