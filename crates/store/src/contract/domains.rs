//! Membership by the domain of a verified address (D27).

use cardea_protocol::{
    model::*,
    roles::{Membership, Organization},
};

use super::{
    organizations::{admit, id, organization, put},
    sample::*,
    users::add,
};
use crate::*;

async fn memberships(store: &AnyStore, name: &str) -> Vec<Membership> {
    store.memberships_of(&user(name).subject).await.unwrap()
}

async fn open_to(store: &AnyStore, name: &str, domain: &str, by_domain: bool) {
    let organization = Organization {
        join_by_domain: by_domain,
        ..organization(name, &[domain])
    };
    assert!(put(store, organization, None).await.unwrap());
}

async fn join(store: &AnyStore, name: &str, org: &str) -> bool {
    let command = JoinByDomain {
        subject: user(name).subject,
        organization: id(org),
        cause: cause(3),
    };
    store.join_by_domain(command).await.unwrap()
}

async fn offered(store: &AnyStore, name: &str) -> Option<String> {
    let offer = store.domain_offer(&user(name).subject).await.unwrap();
    offer.map(|offer| offer.id.as_str().to_owned())
}

async fn set_email(store: &AnyStore, name: &str, email: &str, verified: bool) {
    let command = UserChange {
        subject: user(name).subject,
        update: UserUpdate {
            email: Some(Some((email.to_owned(), verified))),
            ..UserUpdate::default()
        },
        cause: cause(2),
    };
    assert!(store.change_user(command).await.unwrap());
}

pub async fn d27_only_a_verified_address_of_its_domain_joins_an_organization(store: AnyStore) {
    let world = World::new(store.clone()).await;
    open_to(&store, "acme", "acme.example", true).await;
    open_to(&store, "beta", "beta.example", false).await;
    for name in ["bob", "carol"] {
        add(&store, name).await.unwrap();
    }
    for (email, verified, offer) in [
        ("alice@example.test", true, None),
        ("alice@acme.example", false, None),
        ("alice@beta.example", true, None),
        ("alice@sub.acme.example", true, None),
        ("alice@notacme.example", true, None),
        ("Alice@ACME.example", true, Some("acme")),
    ] {
        set_email(&store, "alice", email, verified).await;
        assert_eq!(offered(&store, "alice").await.as_deref(), offer, "{email}");
        if offer.is_none() {
            assert!(!join(&store, "alice", "acme").await, "{email}");
            assert!(!join(&store, "alice", "beta").await, "{email}");
        }
    }
    let offer = store.domain_offer(&world.alice.subject).await.unwrap();
    let expected = DomainOffer {
        id: id("acme"),
        name: "ACME".to_owned(),
        domain: "acme.example".to_owned(),
    };
    assert_eq!(offer, Some(expected));
    // Of two users with one address only the one who logs in with it.
    set_email(&store, "bob", "alice@acme.example", true).await;
    assert!(!join(&store, "bob", "acme").await);
    assert!(!join(&store, "alice", "beta").await);
    assert!(join(&store, "alice", "acme").await);
    assert!(!join(&store, "alice", "acme").await, "already");
    assert_eq!(offered(&store, "alice").await, None);
    let mine = store.memberships_of(&user("alice").subject).await.unwrap();
    assert_eq!((mine.len(), mine[0].roles.len()), (1, 0), "no roles");
    for name in ["bob", "carol"] {
        assert!(memberships(&store, name).await.is_empty());
    }
    assert_eq!(world.count(AuditEvent::OrganizationMemberAdded).await, 1);
    // Another member and another membership change nothing for Carol.
    assert!(admit(&store, "beta", &user("carol"), &[]).await.unwrap());
    set_email(&store, "carol", "carol@acme.example", true).await;
    assert_eq!(offered(&store, "carol").await.as_deref(), Some("acme"));
    // The setting survives a change, and can be taken back.
    let acme = store.organization(&id("acme")).await.unwrap().unwrap();
    assert!(acme.join_by_domain);
    let closed = Organization {
        join_by_domain: false,
        ..acme.clone()
    };
    assert!(put(&store, closed, Some(acme)).await.unwrap());
    assert!(!join(&store, "carol", "acme").await);
}

pub async fn d27_a_disabled_organization_is_not_offered(store: AnyStore) {
    add(&store, "bob").await.unwrap();
    let acme = Organization {
        owner: Owner::File,
        join_by_domain: true,
        ..organization("acme", &["example.test"])
    };
    for (organizations, offer) in [(vec![acme], Some("acme")), (Vec::new(), None)] {
        let file = ApplyFileRoles {
            roles: Vec::new(),
            groups: Vec::new(),
            organizations,
            cause: cause(1),
        };
        store.apply_file_roles(file).await.unwrap();
        assert_eq!(offered(&store, "bob").await.as_deref(), offer);
    }
    assert!(!join(&store, "bob", "acme").await);
}

pub async fn d27_a_disabled_user_joins_nothing(store: AnyStore) {
    open_to(&store, "acme", "example.test", true).await;
    for name in ["bob", "carol"] {
        add(&store, name).await.unwrap();
    }
    let disable = UserChange {
        subject: user("bob").subject,
        update: UserUpdate {
            status: Some(UserStatus::Disabled),
            ..UserUpdate::default()
        },
        cause: cause(2),
    };
    assert!(store.change_user(disable).await.unwrap());
    assert!(!join(&store, "bob", "acme").await);
    assert!(join(&store, "carol", "acme").await);
}

pub async fn of_20_parallel_joins_by_domain_one_is_made(store: AnyStore) {
    open_to(&store, "acme", "example.test", true).await;
    for name in ["bob", "carol"] {
        add(&store, name).await.unwrap();
    }
    let joined = race(|_| {
        let store = store.clone();
        async move { join(&store, "bob", "acme").await }
    })
    .await;
    assert_eq!(joined.into_iter().filter(|joined| *joined).count(), 1);
    assert!(memberships(&store, "carol").await.is_empty());
}
