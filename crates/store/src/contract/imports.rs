use std::sync::Arc;

use cardea_protocol::model::*;
use cardea_seal::Secret;

use super::{sample::*, users::stored_hash};
use crate::*;

fn portable(name: &str) -> PortableUser {
    PortableUser {
        user: user(name),
        password_hash: Some(Secret::new(format!("$2b$12${name}"))),
    }
}

fn import(users: Vec<PortableUser>, dry_run: bool) -> ImportUsers {
    ImportUsers {
        users,
        dry_run,
        cause: cause(1),
    }
}

async fn names(store: &AnyStore) -> Vec<String> {
    let users = store.users(Page::first(100)).await.unwrap().items;
    let name = |user: UserView| user.user.username.to_string();
    users.into_iter().map(name).collect()
}

pub async fn users_are_imported_and_a_taken_name_refuses_only_its_row(store: AnyStore) {
    let before = import(vec![portable("bob")], false);
    let added = store.import_users(before).await.unwrap();
    assert_eq!(added, [Imported::Added]);
    let taken = PortableUser {
        user: User {
            subject: user("another").subject,
            ..user("BOB")
        },
        password_hash: None,
    };
    let same_subject = PortableUser {
        user: User {
            subject: user("bob").subject,
            ..user("carol")
        },
        password_hash: None,
    };
    let mut disabled = portable("dave");
    disabled.user.status = UserStatus::Disabled;
    let rows = || {
        vec![
            portable("alice"),
            taken.clone(),
            portable("b\u{43e}b"),
            same_subject.clone(),
            disabled.clone(),
            // Twice in one import.
            portable("alice"),
        ]
    };
    let expected = [
        Imported::Added,
        Imported::Refused(Constraint::UserName),
        Imported::Refused(Constraint::UserNameLooksAlike),
        Imported::Refused(Constraint::Subject),
        Imported::Added,
        Imported::Refused(Constraint::Subject),
    ];
    let kept = events(&store).await;
    let dry = store.import_users(import(rows(), true)).await.unwrap();
    let is_like = |results: &[Imported]| {
        let (last, others) = results.split_last().unwrap();
        others == &expected[..5] && matches!(last, Imported::Refused(_))
    };
    assert!(is_like(&dry), "{dry:?}");
    assert_eq!(names(&store).await, ["bob"], "nothing was written");
    assert_eq!(events(&store).await, kept);
    let done = store.import_users(import(rows(), false)).await.unwrap();
    assert!(is_like(&done), "{done:?}");
    assert_eq!(names(&store).await, ["alice", "bob", "dave"]);
    assert_eq!(
        stored_hash(&store, "bob").await.as_deref(),
        Some("$2b$12$bob"),
        "never overwritten"
    );
    let login = store.login_user(&Username::parse("dave").unwrap()).await;
    assert!(!login.unwrap().unwrap().user.is_enabled());
    let costs = store.password_costs().await.unwrap();
    assert_eq!(costs, [("$2b$12".to_owned(), 3)]);
}

pub async fn of_20_parallel_imports_of_a_name_one_adds_it(store: AnyStore) {
    let tasks: Vec<_> = (0..20)
        .map(|n| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let mut again = portable("alice");
                again.user.subject = user(&format!("subject-{n}")).subject;
                let rows = vec![portable(&format!("user-{n}")), again];
                let results = store.import_users(import(rows, false)).await.unwrap();
                assert_eq!(results[0], Imported::Added);
                results[1] == Imported::Added
            })
        })
        .collect();
    let mut added = 0;
    for task in tasks {
        added += usize::from(task.await.unwrap());
    }
    assert_eq!(added, 1);
    assert_eq!(names(&store).await.len(), 21);
}

pub async fn users_are_exported_with_their_hashes(store: AnyStore) {
    let mut without = portable("carol");
    without.password_hash = None;
    let rows = vec![portable("alice"), portable("bob"), without];
    store.import_users(import(rows, false)).await.unwrap();
    let mut exported = Vec::new();
    let mut page = Page::first(2);
    for _ in 0..9 {
        let rows = store.export_users(page).await.unwrap();
        exported.extend(rows.items.into_iter().map(|row| {
            let hash = row.password_hash.map(|hash| hash.expose().clone());
            (row.user.username.to_string(), row.user.subject, hash)
        }));
        match rows.next {
            Some(next) => {
                page = Page {
                    limit: 2,
                    after: Some(next),
                }
            }
            None => break,
        }
    }
    let row = |name: &str, hash: Option<&str>| {
        (name.to_owned(), user(name).subject, hash.map(str::to_owned))
    };
    assert_eq!(
        exported,
        [
            row("alice", Some("$2b$12$alice")),
            row("bob", Some("$2b$12$bob")),
            row("carol", None)
        ]
    );
}
