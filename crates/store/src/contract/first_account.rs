//! The link to the first account.

use cardea_protocol::{model::*, roles::Membership};
use cardea_seal::Digest;

use super::{
    invitations::{acme_and_beta, memberships, token},
    organizations::id,
    sample::*,
    users::add,
};
use crate::*;

async fn offer(store: &AnyStore, name: &str) -> bool {
    let offered = store.offer_first_account(token(name), at(HOUR)).await;
    offered.unwrap()
}

fn first(token: Digest, name: &str, seconds: i64) -> MakeFirstAccount {
    MakeFirstAccount {
        token,
        add: AddUser {
            user: user(name),
            password_hash: password(),
            cause: cause(seconds),
        },
        organizations: Vec::new(),
    }
}

async fn lives(store: &AnyStore, name: &str, seconds: i64) -> bool {
    let found = store.has_first_account_link(token(name), at(seconds)).await;
    found.unwrap()
}

async fn users(store: &AnyStore) -> usize {
    store.users(page()).await.unwrap().items.len()
}

pub async fn the_last_link_makes_the_first_account(store: AnyStore) {
    assert!(!lives(&store, "a", 1).await);
    assert!(offer(&store, "a").await);
    assert!(offer(&store, "b").await);
    assert!(!lives(&store, "a", 1).await, "the later link replaces it");
    assert!(lives(&store, "b", 1).await);
    assert!(lives(&store, "b", 1).await, "a look does not use it");
    let with = async |name| {
        store
            .make_first_account(first(token(name), "alice", 2))
            .await
    };
    assert!(!with("a").await.unwrap());
    assert_eq!(users(&store).await, 0);
    assert!(with("b").await.unwrap());
    let found = store.login_user(&user("alice").username).await;
    let found = found.unwrap().unwrap();
    assert_eq!(found.user.subject, user("alice").subject);
    assert!(found.password.is_some());
    assert_eq!(events(&store).await, [AuditEvent::UserAdded]);
    assert!(!lives(&store, "b", 3).await);
    assert!(!with("b").await.unwrap());
    // Without a user there is no account, and the link that was used is no more.
    let removed = store.remove_user(user("alice").subject, cause(3)).await;
    assert!(removed.unwrap());
    assert!(!lives(&store, "b", 4).await);
    assert!(!with("b").await.unwrap());
    assert!(offer(&store, "c").await);
    assert!(lives(&store, "c", 4).await);
}

pub async fn the_first_account_administers_organizations(store: AnyStore) {
    acme_and_beta(&store).await;
    assert!(offer(&store, "a").await);
    let roles = vec!["owner".to_owned()];
    let of = |names: &[&str]| MakeFirstAccount {
        organizations: names.iter().map(|name| (id(name), roles.clone())).collect(),
        ..first(token("a"), "alice", 2)
    };
    let Err(StoreError::Conflict { constraint }) =
        store.make_first_account(of(&["acme", "gone"])).await
    else {
        panic!("an organization is gone");
    };
    assert_eq!(constraint, Constraint::ChangedMeanwhile);
    assert_eq!(users(&store).await, 0);
    assert!(lives(&store, "a", 2).await, "nothing was written");
    assert!(store.make_first_account(of(&["acme"])).await.unwrap());
    let [
        Membership {
            id: joined,
            roles: inside,
            ..
        },
    ] = &memberships(&store, "alice").await[..]
    else {
        panic!("one organization");
    };
    assert_eq!((joined, inside), (&id("acme"), &roles));
}

pub async fn a_link_to_the_first_account_expires(store: AnyStore) {
    assert!(offer(&store, "a").await);
    assert!(lives(&store, "a", HOUR - 1).await);
    assert!(!lives(&store, "a", HOUR).await);
    let late = first(token("a"), "alice", HOUR);
    assert!(!store.make_first_account(late).await.unwrap());
    assert_eq!(users(&store).await, 0);
    let in_time = first(token("a"), "alice", HOUR - 1);
    assert!(store.make_first_account(in_time).await.unwrap());
}

pub async fn a_user_voids_the_link_to_the_first_account(store: AnyStore) {
    assert!(offer(&store, "a").await);
    add(&store, "bob").await.unwrap();
    assert!(!lives(&store, "a", 2).await);
    let command = first(token("a"), "alice", 2);
    assert!(!store.make_first_account(command).await.unwrap());
    assert!(!offer(&store, "b").await);
    assert!(!lives(&store, "b", 2).await);
    assert_eq!(users(&store).await, 1);
}

pub async fn of_20_parallel_first_accounts_one_is_made(store: AnyStore) {
    assert!(offer(&store, "a").await);
    let made = race(|i| {
        let store = store.clone();
        let command = first(token("a"), &format!("user{i}"), 2);
        async move { store.make_first_account(command).await.unwrap() }
    });
    let made = made.await.into_iter().filter(|made| *made).count();
    assert_eq!(made, 1);
    assert_eq!(users(&store).await, 1);
}
