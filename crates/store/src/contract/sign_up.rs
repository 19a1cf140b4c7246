use cardea_protocol::model::*;

use super::sample::*;
use crate::*;

/// A sign-up of `name`, whose link has this subject, with a confirmed address.
fn sign_up(name: &str, number: u32, email: &str) -> SignUp {
    let add = AddUser {
        user: User {
            subject: subject(&format!("subject{number}")),
            email: Some(email.to_owned()),
            roles: Vec::new(),
            ..user(name)
        },
        password_hash: password(),
        cause: cause(1),
    };
    SignUp {
        add,
        expires_at: at(DAY),
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

pub async fn the_link_of_a_sign_up_does_not_make_a_removed_user_again(store: AnyStore) {
    let link = || sign_up("alice", 1, "alice@example.test");
    store.sign_up(link()).await.unwrap();
    let other = sign_up("bob", 2, "bob@example.test");
    store.sign_up(other).await.unwrap();
    let removed = store.remove_user(subject("subject1"), cause(2)).await;
    assert!(removed.unwrap());
    let sweep = async |seconds| {
        let ttl = jiff::SignedDuration::from_hours(24);
        store.sweep(at(seconds), 100, ttl).await.unwrap();
    };
    sweep(DAY - 1).await;
    let Err(StoreError::Conflict { constraint }) = store.sign_up(link()).await else {
        panic!("it was used again");
    };
    assert_eq!(constraint, Constraint::Subject);
    assert_eq!(store.users(page()).await.unwrap().items.len(), 1);
    // Another link of the address does.
    let new = sign_up("alice", 3, "alice@example.test");
    store.sign_up(new).await.unwrap();
    // What has expired, and is refused by its time, is not kept.
    sweep(DAY).await;
    let removed = store.remove_user(subject("subject3"), cause(2)).await;
    assert!(removed.unwrap());
    store.sign_up(link()).await.unwrap();
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
