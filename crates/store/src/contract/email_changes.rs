//! The change of an address: who confirms first, and the way back.

use cardea_protocol::model::*;
use jiff::SignedDuration;

use super::{
    links::{
        changing, found_by, is_logged_in, limit, lives, log_in, make, new_link, set_email, take,
        taking,
    },
    not_me::not_me,
    sample::*,
    users::{add, stored_hash},
};
use crate::*;

const ALICE: Option<&str> = Some("alice@example.test");

pub(super) async fn address(store: &AnyStore, name: &str) -> (Option<String>, bool) {
    let found = store.user(&user(name).subject).await.unwrap().unwrap();
    (found.email, found.email_verified)
}

fn verified(address: &str) -> (Option<String>, bool) {
    (Some(address.to_owned()), true)
}

/// Confirms a change. The address before gets a link back.
async fn confirm(store: &AnyStore, name: &str, undo: &str, before: &str) -> Result<bool> {
    let command = TakeLink {
        next: Some(new_link(undo, LinkPurpose::EmailUndo, Some(before))),
        ..taking(name, LinkEffect::VerifyEmail, 2)
    };
    Ok(store.take_link(command).await?.is_some())
}

pub async fn an_address_counts_for_nothing_until_it_is_confirmed(store: AnyStore) {
    add(&store, "alice").await.unwrap();
    let link = changing("new", ALICE, "new@example.test");
    assert!(make(&store, "alice", link).await);
    assert_eq!(address(&store, "alice").await.0.as_deref(), ALICE);
    assert_eq!(found_by(&store, "new@example.test").await, None);
    assert_eq!(
        confirm(&store, "new", "undo", "alice@example.test").await,
        Ok(true)
    );
    assert_eq!(address(&store, "alice").await, verified("new@example.test"));
    assert_eq!(
        confirm(&store, "new", "undo2", "x@example.test").await,
        Ok(false)
    );
    let audited = audited(&store).await;
    for event in [AuditEvent::EmailVerified, AuditEvent::UserChanged] {
        assert!(audited.contains(&event), "{event:?}");
    }
}

pub async fn a_change_of_another_address_than_it_was_asked_from_does_nothing(store: AnyStore) {
    for name in ["alice", "bob"] {
        add(&store, name).await.unwrap();
    }
    assert!(make(&store, "alice", changing("new", ALICE, "new@example.test")).await);
    set_email(&store, "alice", Some(("other@example.test", true))).await;
    assert!(!lives(&store, "new").await);
    assert_eq!(
        confirm(&store, "new", "undo", "alice@example.test").await,
        Ok(false)
    );
    assert!(!lives(&store, "undo").await, "nothing was written");
    assert_eq!(
        address(&store, "alice").await,
        verified("other@example.test")
    );
    // The first address of a user who has none.
    set_email(&store, "bob", None).await;
    assert!(make(&store, "bob", changing("first", None, "bob@example.test")).await);
    let none = changing("none", ALICE, "bob@example.test");
    assert!(make(&store, "bob", none).await);
    assert!(!lives(&store, "none").await);
    assert!(
        take(&store, "first", LinkEffect::VerifyEmail)
            .await
            .is_some()
    );
    assert_eq!(address(&store, "bob").await, verified("bob@example.test"));
}

pub async fn of_20_parallel_confirmations_of_a_user_one_succeeds(store: AnyStore) {
    add(&store, "alice").await.unwrap();
    for name in ["one", "two", "three"] {
        let link = changing(name, ALICE, &format!("{name}@example.test"));
        assert!(make(&store, "alice", link).await);
    }
    let confirmed = race(|number| {
        let store = store.clone();
        async move {
            let name = ["one", "two", "three"][number as usize % 3];
            let undo = format!("undo {number}");
            let done = confirm(&store, name, &undo, "alice@example.test").await;
            done.unwrap_or_default().then_some(name)
        }
    })
    .await;
    let confirmed: Vec<_> = confirmed.into_iter().flatten().collect();
    let [name] = confirmed.as_slice() else {
        panic!("{confirmed:?}");
    };
    let now = address(&store, "alice").await;
    assert_eq!(now, verified(&format!("{name}@example.test")));
}

pub async fn of_users_who_confirm_one_address_at_once_one_gets_it(store: AnyStore) {
    for number in 0..20 {
        let name = format!("user{number}");
        add(&store, &name).await.unwrap();
        let from = format!("{name}@example.test");
        let link = changing(&name, Some(&from), "same@example.test");
        assert!(make(&store, &name, link).await);
    }
    let confirmed = race(|number| {
        let store = store.clone();
        async move {
            let name = format!("user{number}");
            let effect = LinkEffect::VerifyEmail;
            store.take_link(taking(&name, effect, 2)).await
        }
    })
    .await;
    let taken = conflict(Constraint::Email);
    assert_eq!(confirmed.iter().filter(|one| one.is_ok()).count(), 1);
    assert!(
        confirmed
            .iter()
            .flat_map(|one| one.as_ref().err())
            .all(|e| *e == taken)
    );
    let owner = confirmed.into_iter().flatten().flatten().next();
    let owner = owner.map(|taken| taken.subject);
    assert_eq!(found_by(&store, "same@example.test").await, owner);
}

pub async fn an_undo_wins_against_a_confirmation_at_once(store: AnyStore) {
    add(&store, "alice").await.unwrap();
    assert!(make(&store, "alice", changing("b", ALICE, "b@example.test")).await);
    assert_eq!(
        confirm(&store, "b", "undo a", "alice@example.test").await,
        Ok(true)
    );
    let link = changing("c", Some("b@example.test"), "c@example.test");
    assert!(make(&store, "alice", link).await);
    let undone = race(|number| {
        let store = store.clone();
        async move {
            if number % 2 == 0 {
                let undo = format!("undo b {number}");
                confirm(&store, "c", &undo, "b@example.test").await.unwrap();
                return None;
            }
            take(&store, "undo a", LinkEffect::UndoEmail).await
        }
    })
    .await;
    assert_eq!(undone.iter().flatten().count(), 1);
    assert_eq!(
        address(&store, "alice").await,
        verified("alice@example.test")
    );
    for number in 0..20 {
        let undo = format!("undo b {number}");
        assert!(!lives(&store, &undo).await, "the way back of the attacker");
    }
}

pub async fn a_further_change_does_not_take_the_way_back(store: AnyStore) {
    add(&store, "alice").await.unwrap();
    log_in(&store, "alice", 0).await;
    let mut before = "alice@example.test".to_owned();
    for number in 0..5 {
        let (name, to) = (
            format!("change {number}"),
            format!("eve{number}@example.test"),
        );
        assert!(make(&store, "alice", changing(&name, Some(&before), &to)).await);
        let undo = format!("undo {number}");
        assert_eq!(confirm(&store, &name, &undo, &before).await, Ok(true));
        before = to;
    }
    // Whoever has the addresses in between goes back one step; the first address still goes back to itself.
    assert!(
        take(&store, "undo 4", LinkEffect::UndoEmail)
            .await
            .is_some()
    );
    assert_eq!(
        address(&store, "alice").await,
        verified("eve3@example.test")
    );
    let deletion = UserUpdate {
        delete_at: Some(Some(at(DAY))),
        ..UserUpdate::default()
    };
    limit(&store, "alice", deletion).await;
    assert!(
        take(&store, "undo 0", LinkEffect::UndoEmail)
            .await
            .is_some()
    );
    assert_eq!(
        address(&store, "alice").await,
        verified("alice@example.test")
    );
    for number in 0..5 {
        assert!(!lives(&store, &format!("undo {number}")).await, "{number}");
    }
    let alice = store.user(&user("alice").subject).await.unwrap().unwrap();
    assert!(alice.account.must_change_password);
    assert_eq!(alice.account.delete_at, None);
    assert!(!is_logged_in(&store, "alice").await);
    assert_eq!(stored_hash(&store, "alice").await, None);
    assert!(audited(&store).await.contains(&AuditEvent::EmailUndone));
}

pub async fn so_many_changes_can_be_undone_at_once(store: AnyStore) {
    for name in ["alice", "bob"] {
        add(&store, name).await.unwrap();
    }
    let change = async |name: &str, number: u32| {
        let (from, to) = (
            format!("{name}{number}@example.test"),
            format!("{name}{}@example.test", number + 1),
        );
        let before = match number {
            0 => format!("{name}@example.test"),
            _ => from,
        };
        let link = format!("{name} {number}");
        assert!(make(&store, name, changing(&link, Some(&before), &to)).await);
        confirm(&store, &link, &format!("undo {link}"), &before).await
    };
    assert_eq!(change("bob", 0).await, Ok(true));
    // Neither links for something else count nor those that are expired.
    let reset = new_link("reset", LinkPurpose::PasswordReset, None);
    let expired = NewLink {
        expires_at: at(2),
        ..new_link(
            "expired",
            LinkPurpose::EmailUndo,
            Some("alice@example.test"),
        )
    };
    for link in [reset, expired] {
        assert!(make(&store, "alice", link).await);
    }
    for number in 0..MAX_UNDO_LINKS {
        assert_eq!(change("alice", number).await, Ok(true));
    }
    let Err(StoreError::Conflict { constraint }) = change("alice", MAX_UNDO_LINKS).await else {
        panic!("a change too many");
    };
    assert!(matches!(constraint, Constraint::TooLarge(_)));
    let last = format!("alice{MAX_UNDO_LINKS}@example.test");
    assert_eq!(address(&store, "alice").await, verified(&last));
    assert!(lives(&store, "undo alice 0").await);
    assert!(lives(&store, &format!("alice {MAX_UNDO_LINKS}")).await);
    assert_eq!(change("bob", 1).await, Ok(true), "of each user");
}

pub async fn an_undo_forgets_later_undos_of_its_user_only(store: AnyStore) {
    for name in ["bob", "alice"] {
        add(&store, name).await.unwrap();
    }
    for (name, link, purpose) in [
        ("bob", "of bob before", LinkPurpose::EmailUndo),
        ("alice", "first", LinkPurpose::EmailUndo),
        ("alice", "second", LinkPurpose::EmailUndo),
        ("bob", "of bob after", LinkPurpose::EmailUndo),
    ] {
        let link = new_link(link, purpose, Some("before@example.test"));
        assert!(make(&store, name, link).await);
    }
    let of_a_login = not_me("of a login", "alice@example.test", 1);
    assert!(make(&store, "alice", of_a_login).await);
    assert!(
        make(
            &store,
            "alice",
            new_link("reset", LinkPurpose::Invite, None)
        )
        .await
    );
    assert!(take(&store, "first", LinkEffect::UndoEmail).await.is_some());
    assert!(!lives(&store, "second").await && !lives(&store, "of a login").await);
    for other in ["of bob before", "of bob after", "reset"] {
        assert!(lives(&store, other).await, "{other}");
    }
}

pub async fn an_undo_ends_when_it_expires(store: AnyStore) {
    add(&store, "alice").await.unwrap();
    let undo = NewLink {
        expires_at: at(2).saturating_add(SignedDuration::from_hours(1)).unwrap(),
        ..new_link("late", LinkPurpose::EmailUndo, Some("old@example.test"))
    };
    assert!(make(&store, "alice", undo).await);
    let late = taking("late", LinkEffect::UndoEmail, 2 + HOUR);
    assert_eq!(store.take_link(late).await.unwrap(), None);
    assert_eq!(address(&store, "alice").await.0.as_deref(), ALICE);
}

async fn audited(store: &AnyStore) -> Vec<AuditEvent> {
    let rows = store.audit(AuditFilter::default(), Page::first(100)).await;
    rows.unwrap()
        .items
        .into_iter()
        .filter_map(|row| row.event.known())
        .collect()
}
