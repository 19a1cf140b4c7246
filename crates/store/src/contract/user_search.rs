use std::collections::BTreeMap;

use cardea_protocol::model::*;
use serde_json::json;

use super::sample::*;
use crate::*;

async fn add(store: &AnyStore, name: &str, claims: &[(&str, &str)]) {
    let claims = claims
        .iter()
        .map(|(name, value)| ((*name).to_owned(), json!(value)))
        .collect();
    let user = User {
        claims,
        email: Some(format!("{name}@Mail.Example.test")),
        ..user(name)
    };
    let command = AddUser {
        user,
        password_hash: password(),
        cause: cause(0),
    };
    store.add_user(command).await.unwrap();
}

async fn found(store: &AnyStore, text: &str) -> Vec<String> {
    let search = UserSearch::parse(text).unwrap();
    let rows = store.search_users(&search, Page::first(50)).await.unwrap();
    assert_eq!(rows.next, None);
    rows.items
        .iter()
        .map(|view| view.user.username.to_string())
        .collect()
}

pub async fn users_are_found_by_the_beginnings_of_their_words(store: AnyStore) {
    add(&store, "zoe", &[("name", "Zoë Müller")]).await;
    add(&store, "alice", &[("name", "Alice Liddell")]).await;
    add(
        &store,
        "bob",
        &[("given_name", "Alistair"), ("family_name", "O’Brien")],
    )
    .await;
    // The oldest first.
    assert_eq!(found(&store, "ali").await, ["alice", "bob"]);
    assert_eq!(found(&store, "ALICE").await, ["alice"]);
    assert_eq!(found(&store, "lidd al").await, ["alice"]);
    assert_eq!(found(&store, "zoë").await, ["zoe"]);
    assert_eq!(found(&store, "muller").await, ["zoe"]);
    assert_eq!(found(&store, "o'brien").await, ["bob"]);
    assert_eq!(found(&store, "bob@mail.ex").await, ["bob"]);
    assert_eq!(
        found(&store, "mail").await,
        ["zoe", "alice", "bob"],
        "of the address"
    );
    assert!(found(&store, "lice").await.is_empty(), "not a beginning");
    assert!(found(&store, "alice bob").await.is_empty());
    let search = UserSearch::parse("alice").unwrap();
    let rows = store.search_users(&search, Page::first(50)).await.unwrap();
    assert!(rows.items[0].has_password);
}

pub async fn a_search_follows_changes_and_removals(store: AnyStore) {
    add(&store, "alice", &[("name", "Alice Liddell")]).await;
    add(&store, "bob", &[("name", "Bob Liddell")]).await;
    let change = |update| UserChange {
        subject: user("alice").subject,
        update,
        cause: cause(1),
    };
    let claims = BTreeMap::from([("name".to_owned(), json!("Alice Hargreaves"))]);
    let update = UserUpdate {
        claims: Some(claims),
        ..UserUpdate::default()
    };
    assert!(store.change_user(change(update)).await.unwrap());
    assert_eq!(found(&store, "liddell").await, ["bob"]);
    assert_eq!(found(&store, "hargreaves").await, ["alice"]);
    let update = UserUpdate {
        email: Some(Some(("liddell@other.test".to_owned(), true))),
        ..UserUpdate::default()
    };
    assert!(store.change_user(change(update)).await.unwrap());
    assert_eq!(found(&store, "liddell").await, ["alice", "bob"]);
    assert_eq!(found(&store, "mail").await, ["bob"]);
    let removed = store.remove_user(user("alice").subject, cause(2)).await;
    assert!(removed.unwrap());
    assert!(found(&store, "alice").await.is_empty());
    assert_eq!(found(&store, "liddell").await, ["bob"]);
}

pub async fn what_is_found_is_paged(store: AnyStore) {
    for name in ["ada", "amy", "bob", "ann"] {
        add(&store, name, &[("name", "Same Name")]).await;
    }
    let search = UserSearch::parse("a").unwrap();
    let mut page = Page::first(2);
    let mut names = Vec::new();
    for _ in 0..4 {
        let rows = store.search_users(&search, page.clone()).await.unwrap();
        assert!(rows.items.len() <= 2);
        names.extend(rows.items.iter().map(|u| u.user.username.to_string()));
        match rows.next {
            Some(next) => page.after = Some(next),
            None => break,
        }
    }
    assert_eq!(names, ["ada", "amy", "ann"]);
}

pub async fn a_search_is_no_expression(store: AnyStore) {
    add(&store, "alice", &[("name", "Alice \"Queen\" Liddell")]).await;
    add(&store, "bob", &[("name", "Near Or Not")]).await;
    for text in [
        "alice OR bob",
        "NOT bob alice",
        "username:alice bob",
        "{username}:alice",
        "alice\"* OR \"bob",
        "NEAR(alice bob)",
        "^alice -bob",
        "alice' OR '1'='1",
    ] {
        assert!(found(&store, text).await.len() < 2, "{text}");
    }
    assert_eq!(found(&store, "\"queen\"").await, ["alice"]);
    assert_eq!(found(&store, "or near").await, ["bob"]);
    assert_eq!(found(&store, "alice*").await, ["alice"]);
}
