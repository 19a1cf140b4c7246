//! Links to identities of other providers.

use cardea_protocol::{
    federation::{LinkKey, UpstreamId},
    model::*,
};

use super::{
    factors::{enrolled, enrolment, tag, used},
    sample::*,
};
use crate::*;

const ISSUER: &str = "https://up.example";

pub(super) fn google() -> UpstreamId {
    UpstreamId::parse("google").unwrap()
}

pub(super) fn key(sub: &str) -> LinkKey {
    LinkKey::of(&google(), ISSUER, sub)
}

pub(super) fn link(sub: &str) -> UpstreamLink {
    UpstreamLink {
        key: key(sub),
        upstream: google(),
        issuer: ISSUER.to_owned(),
        subject: sub.to_owned(),
        label: Some("Alice at Google".to_owned()),
    }
}

pub(super) async fn add(store: &AnyStore, user: &User, sub: &str) -> Linked {
    let command = AddLink {
        subject: user.subject.clone(),
        link: link(sub),
        notice: None,
        cause: cause(1),
    };
    store.add_link(command).await.unwrap()
}

/// A user without a password.
pub(super) async fn linked(store: &AnyStore, name: &str, sub: &str) -> User {
    let user = user(name);
    let command = AddLinkedUser {
        user: user.clone(),
        link: link(sub),
        cause: cause(1),
    };
    assert_eq!(store.add_linked_user(command).await.unwrap(), Linked::Now);
    user
}

pub(super) fn removal(user: &User, sub: &str) -> RemoveLink {
    RemoveLink {
        subject: user.subject.clone(),
        key: key(sub),
        keep: None,
        notice: None,
        cause: cause(5),
    }
}

async fn owner(store: &AnyStore, sub: &str) -> Option<Subject> {
    let user = store.linked_user(&key(sub)).await.unwrap();
    user.map(|user| user.subject)
}

pub async fn a_link_survives(store: AnyStore) {
    let world = World::new(store).await;
    let (store, alice) = (&world.store, &world.alice);
    let bob = linked(store, "bob", "b").await;
    assert_eq!(add(store, alice, "a").await, Linked::Now);
    assert_eq!(owner(store, "a").await.as_ref(), Some(&alice.subject));
    assert_eq!(owner(store, "b").await.as_ref(), Some(&bob.subject));
    assert_eq!(owner(store, "c").await, None);
    let expected = LinkView {
        link: link("a"),
        created_at: at(1),
        last_used_at: None,
    };
    assert_eq!(store.links_of(&alice.subject).await.unwrap(), [expected]);
    assert_eq!(world.count(AuditEvent::AccountLinked).await, 2);
    assert!(store.user(&bob.subject).await.unwrap().is_some());
    assert!(!store.has_password(&bob.subject).await.unwrap());
}

pub async fn an_identity_has_one_user(store: AnyStore) {
    let world = World::new(store).await;
    let (store, alice) = (&world.store, &world.alice);
    let bob = linked(store, "bob", "b").await;
    let taken = Linked::Already(bob.subject.clone());
    assert_eq!(add(store, alice, "b").await, taken);
    assert_eq!(add(store, &bob, "b").await, taken);
    let command = AddLinkedUser {
        user: user("carol"),
        link: link("b"),
        cause: cause(2),
    };
    assert_eq!(store.add_linked_user(command).await.unwrap(), taken);
    assert!(store.user(&subject("carol")).await.unwrap().is_none());
    assert_eq!(store.links_of(&alice.subject).await.unwrap(), []);
    assert_eq!(world.count(AuditEvent::AccountLinked).await, 1);
}

pub async fn only_a_verified_address_finds_its_user(store: AnyStore) {
    let with = |name: &str, email: &str, verified| AddUser {
        user: User {
            email: Some(email.to_owned()),
            email_verified: verified,
            ..user(name)
        },
        password_hash: None,
        cause: cause(0),
    };
    for command in [
        with("unverified", "Alice@example.test", false),
        with("first", "alice@example.test", true),
        with("second", "ALICE@example.test", true),
        with("other", "bob@example.test", true),
    ] {
        store.add_user(command).await.unwrap();
    }
    let find = |email: &'static str| {
        let store = AnyStore::clone(&store);
        async move {
            let user = store.user_by_verified_email(email).await.unwrap();
            user.map(|user| user.username.to_string())
        }
    };
    assert_eq!(find("alicE@example.test").await.as_deref(), Some("first"));
    assert_eq!(find("bob@example.test").await.as_deref(), Some("other"));
    assert_eq!(find("nobody@example.test").await, None);
}

pub async fn a_user_of_an_upstream_logs_in_with_a_verified_address(store: AnyStore) {
    for (name, verified) in [("dana", true), ("erin", false)] {
        let user = User {
            email: Some(format!("{name}@corp.example")),
            email_verified: verified,
            ..user(name)
        };
        let command = AddLinkedUser {
            user,
            link: link(name),
            cause: cause(1),
        };
        assert_eq!(store.add_linked_user(command).await.unwrap(), Linked::Now);
        let address = Username::parse(&format!("{name}@corp.example")).unwrap();
        let found = store.login_user(&address).await.unwrap();
        assert_eq!(found.is_some(), verified, "{name}");
    }
    // It is taken, as that of any other user.
    let command = AddUser {
        user: User {
            email: Some("DANA@corp.example".to_owned()),
            email_verified: true,
            ..user("other")
        },
        password_hash: None,
        cause: cause(2),
    };
    store.add_user(command).await.unwrap();
    let address = Username::parse("dana@corp.example").unwrap();
    let found = store.login_user(&address).await.unwrap().unwrap();
    assert_eq!(found.user.subject, subject("dana"));
}

pub async fn a_taken_name_leaves_no_link(store: AnyStore) {
    let world = World::new(store).await;
    let command = AddLinkedUser {
        user: User {
            subject: subject("other"),
            ..user("ALICE")
        },
        link: link("x"),
        cause: cause(2),
    };
    let refused = world.store.add_linked_user(command).await.err();
    assert_eq!(refused, Some(conflict(Constraint::UserName)));
    assert_eq!(owner(&world.store, "x").await, None);
}

pub async fn a_disabled_or_missing_user_gets_no_link_and_links_are_bounded(store: AnyStore) {
    let world = World::new(store).await;
    let (store, alice) = (&world.store, &world.alice);
    assert_eq!(add(store, &user("nobody"), "x").await, Linked::Refused);
    for i in 0..MAX_LINKS {
        assert_eq!(add(store, alice, &format!("a{i}")).await, Linked::Now);
    }
    assert_eq!(add(store, alice, "one more").await, Linked::Refused);
    assert_eq!(
        store.links_of(&alice.subject).await.unwrap().len(),
        MAX_LINKS
    );
    let bob = linked(store, "bob", "b").await;
    let disable = UserChange {
        subject: bob.subject.clone(),
        update: UserUpdate {
            status: Some(UserStatus::Disabled),
            ..UserUpdate::default()
        },
        cause: cause(2),
    };
    assert!(store.change_user(disable).await.unwrap());
    assert_eq!(add(store, &bob, "b2").await, Linked::Refused);
}

pub async fn of_20_parallel_logins_of_one_identity_one_adds_the_user(store: AnyStore) {
    let outcomes = race(|i| {
        let store = AnyStore::clone(&store);
        async move {
            let command = AddLinkedUser {
                user: user(&format!("u{i}")),
                link: link("same"),
                cause: cause(1),
            };
            store.add_linked_user(command).await.unwrap()
        }
    })
    .await;
    let won = outcomes.iter().filter(|one| **one == Linked::Now).count();
    assert_eq!(won, 1);
    let owner = owner(&store, "same").await.unwrap();
    let others = outcomes.iter().filter(|one| **one != Linked::Now);
    assert!(
        others
            .into_iter()
            .all(|one| *one == Linked::Already(owner.clone()))
    );
    let users = store.users(page()).await.unwrap();
    assert_eq!(users.items.len(), 1);
}

pub async fn of_20_parallel_users_one_gets_the_identity(store: AnyStore) {
    for i in 0..20 {
        linked(&store, &format!("u{i}"), &format!("own{i}")).await;
    }
    let outcomes = race(|i| {
        let store = AnyStore::clone(&store);
        async move { add(&store, &user(&format!("u{i}")), "wanted").await }
    })
    .await;
    assert_eq!(
        outcomes.iter().filter(|one| **one == Linked::Now).count(),
        1
    );
}

pub async fn unlinking_never_leaves_an_account_without_a_way_in(store: AnyStore) {
    let world = World::new(store).await;
    let (store, alice) = (&world.store, &world.alice);
    let bob = linked(store, "bob", "b1").await;
    // Alice's password is no way in for Bob.
    let last = store.remove_link(removal(&bob, "b1")).await.unwrap();
    assert_eq!(last, Unlinked::LastWayIn);
    assert_eq!(owner(store, "b1").await.as_ref(), Some(&bob.subject));
    assert_eq!(add(store, &bob, "b2").await, Linked::Now);
    let gone = store.remove_link(removal(&bob, "b1")).await.unwrap();
    assert_eq!(gone, Unlinked::Now);
    assert_eq!(owner(store, "b1").await, None);
    let last = store.remove_link(removal(&bob, "b2")).await.unwrap();
    assert_eq!(last, Unlinked::LastWayIn);
    // Of another user, and one that is not there.
    let missing = store.remove_link(removal(alice, "b2")).await.unwrap();
    assert_eq!(missing, Unlinked::Missing);
    let missing = store.remove_link(removal(&bob, "b1")).await.unwrap();
    assert_eq!(missing, Unlinked::Missing);
    // A user with a password needs no link.
    assert_eq!(add(store, alice, "a").await, Linked::Now);
    let gone = store.remove_link(removal(alice, "a")).await.unwrap();
    assert_eq!(gone, Unlinked::Now);
    assert_eq!(world.count(AuditEvent::AccountUnlinked).await, 2);
}

pub async fn of_20_parallel_removals_one_link_is_left(store: AnyStore) {
    let bob = linked(&store, "bob", "b0").await;
    for i in 1..20 {
        assert_eq!(add(&store, &bob, &format!("b{i}")).await, Linked::Now);
    }
    let outcomes = race(|i| {
        let (store, command) = (AnyStore::clone(&store), removal(&bob, &format!("b{i}")));
        async move { store.remove_link(command).await.unwrap() }
    })
    .await;
    let kept = outcomes.iter().filter(|one| **one == Unlinked::LastWayIn);
    assert_eq!(kept.count(), 1);
    assert_eq!(store.links_of(&bob.subject).await.unwrap().len(), 1);
}

pub async fn a_login_refreshes_its_own_user(store: AnyStore) {
    let world = World::new(store).await;
    let (store, alice) = (&world.store, &world.alice);
    let bob = linked(store, "bob", "b").await;
    assert_eq!(add(store, alice, "a").await, Linked::Now);
    let using = |user: &User, sub: &str, roles: &[&str]| UseLink {
        subject: user.subject.clone(),
        key: key(sub),
        update: Some(UserUpdate {
            roles: Some(roles.iter().map(|&role| role.to_owned()).collect()),
            ..UserUpdate::default()
        }),
        cause: cause(4),
    };
    assert!(store.use_link(using(alice, "a", &["ops"])).await.unwrap());
    assert!(!store.use_link(using(alice, "b", &["admin"])).await.unwrap());
    assert!(!store.use_link(using(&bob, "x", &["admin"])).await.unwrap());
    let roles = |user: &User| {
        let (store, subject) = (AnyStore::clone(store), user.subject.clone());
        async move { store.user(&subject).await.unwrap().unwrap().roles }
    };
    assert_eq!(roles(alice).await, ["ops"]);
    assert_eq!(roles(&bob).await, ["user"]);
    let last_used = async |user: &User| {
        let links = store.links_of(&user.subject).await.unwrap();
        links[0].last_used_at
    };
    assert_eq!(last_used(alice).await, Some(at(4)));
    assert_eq!(last_used(&bob).await, None);
    assert!(store.use_link(using(&bob, "b", &["user"])).await.unwrap());
    assert_eq!(last_used(&bob).await, Some(at(4)));
    let stale = UseLink {
        update: Some(UserUpdate {
            before: Some(Box::new(alice.clone())),
            roles: Some(Vec::new()),
            ..UserUpdate::default()
        }),
        ..using(alice, "a", &[])
    };
    let refused = store.use_link(stale).await.err();
    assert_eq!(refused, Some(conflict(Constraint::ChangedMeanwhile)));
}

pub async fn a_credential_of_another_kind_is_no_link(store: AnyStore) {
    let (world, bob) = enrolled(store).await;
    let (store, alice) = (&world.store, &world.alice);
    // Alice has a backup code, and Bob a link, of the same id.
    let same = LinkKey::stored(tag("one").to_text());
    let code = FactorUse::BackupCode(tag("one"));
    assert!(store.linked_user(&same).await.unwrap().is_none());
    let removal = |user: &User| RemoveLink {
        key: same.clone(),
        ..removal(user, "any")
    };
    let missing = store.remove_link(removal(alice)).await.unwrap();
    assert_eq!(missing, Unlinked::Missing);
    let using = UseLink {
        subject: alice.subject.clone(),
        key: same.clone(),
        update: None,
        cause: cause(2),
    };
    assert!(!store.use_link(using).await.unwrap());
    let login = OpenSession {
        session: session("by-code", alice, 2),
        previous: None,
        passkey: None,
        password_set_at: None,
        upstream: Some(UpstreamSession {
            upstream: google(),
            link: same.clone(),
            session: None,
        }),
        notice: None,
        cause: cause(2),
    };
    assert!(store.open_session(login).await.unwrap().is_none());
    let command = used(&bob, code, 3);
    assert!(store.use_factor(command).await.unwrap().is_some());
    let command = AddLink {
        subject: bob.subject.clone(),
        link: UpstreamLink {
            key: same.clone(),
            ..link("b")
        },
        notice: None,
        cause: cause(4),
    };
    assert_eq!(store.add_link(command).await.unwrap(), Linked::Now);
    let spent = store.use_factor(used(&bob, code, 5)).await.unwrap();
    assert_eq!(spent, None, "the link is no code");
    let found = store.linked_user(&same).await.unwrap().unwrap();
    assert_eq!(found.subject, bob.subject);
    let gone = store.remove_link(removal(&bob)).await.unwrap();
    assert_eq!(gone, Unlinked::Now);
    let spent = store.use_factor(used(alice, code, 6)).await.unwrap();
    assert!(spent.is_some());
}

pub async fn a_second_factor_is_no_way_in(store: AnyStore) {
    let carol = linked(&store, "carol", "c").await;
    let enrolment = enrolment(&carol, &["one"], 2);
    assert!(store.enrol_totp(enrolment).await.unwrap());
    let last = store.remove_link(removal(&carol, "c")).await.unwrap();
    assert_eq!(last, Unlinked::LastWayIn);
}
