//! Invitations.

use cardea_protocol::{
    invitation::{Invitation, MAX_INVITATIONS},
    language::Lang,
    mail::{EmailAddress, Mail, MailTemplate},
    model::*,
    roles::Membership,
};
use cardea_seal::{Digest, Secret};
use jiff::SignedDuration;

use super::{
    organizations::{admit, id, organization, put, texts},
    sample::*,
    users::{add, stored_hash},
};
use crate::*;

pub(super) fn token(name: &str) -> Digest {
    Digest::of(name.as_bytes())
}

fn address(name: &str) -> EmailAddress {
    EmailAddress::parse(&format!("{name}@example.test")).unwrap()
}

fn invitation(name: &str, to: &str, org: Option<&str>) -> Invitation {
    Invitation {
        id: InvitationId::parse(name).unwrap(),
        email: address(to),
        username: Some(Username::parse(to).unwrap()),
        organization: org.map(id),
        roles: vec!["buyer".to_owned()],
        lang: Some(Lang::De),
        invited_by: Actor::Person(subject("boss")),
        inviter: Some("The boss".to_owned()),
        created_at: at(1),
        expires_at: at(HOUR),
    }
}

pub(super) async fn invite(store: &AnyStore, name: &str, to: &str, org: Option<&str>) -> bool {
    let command = AddInvitation {
        token: token(name),
        invitation: invitation(name, to, org),
        mail: None,
        cause: cause(1),
    };
    store.add_invitation(command).await.unwrap()
}

pub(super) async fn lives(store: &AnyStore, name: &str) -> bool {
    let found = store.invitation(token(name), at(2)).await.unwrap();
    found.is_some()
}

/// The names of the living invitations of an organization, or of all.
pub(super) async fn listed(store: &AnyStore, org: Option<&str>) -> Vec<String> {
    let org = org.map(id);
    let found = store.invitations(org.as_ref(), page(), at(2)).await;
    let items = found.unwrap().items.into_iter();
    items.map(|i| i.id.as_str().to_owned()).collect()
}

pub(super) fn by(name: &str, invitee: Invitee, seconds: i64) -> AcceptInvitation {
    AcceptInvitation {
        token: token(name),
        by: invitee,
        cause: cause(seconds),
    }
}

pub(super) fn new_user(name: &str) -> Invitee {
    Invitee::New {
        user: Box::new(User {
            email: Some("forged@example.test".to_owned()),
            roles: vec!["admin".to_owned()],
            ..user(name)
        }),
        password_hash: Secret::new("$argon2id$new".to_owned()),
    }
}

pub(super) fn owner(name: &str) -> Invitee {
    Invitee::Owner(user(name).subject)
}

pub(super) async fn memberships(store: &AnyStore, name: &str) -> Vec<Membership> {
    store.memberships_of(&user(name).subject).await.unwrap()
}

pub(super) async fn acme_and_beta(store: &AnyStore) {
    for name in ["acme", "beta"] {
        assert!(put(store, organization(name, &[]), None).await.unwrap());
    }
}

pub async fn an_invitation_survives_and_is_listed_by_its_organization(store: AnyStore) {
    acme_and_beta(&store).await;
    assert!(invite(&store, "a", "carol", Some("acme")).await);
    assert!(invite(&store, "b", "carol", Some("beta")).await);
    assert!(invite(&store, "c", "carol", None).await);
    let found = store.invitation(token("a"), at(2)).await.unwrap().unwrap();
    let expected = LivingInvitation {
        invitation: invitation("a", "carol", Some("acme")),
        organization: Some("ACME".to_owned()),
        owner: None,
    };
    assert_eq!(found, expected);
    assert!(lives(&store, "a").await, "a look does not use it");
    assert!(invite(&store, "d", "dave", Some("acme")).await);
    assert_eq!(listed(&store, Some("beta")).await, ["b"]);
    for (org, expected) in [
        (None, vec!["a", "b", "c", "d"]),
        (Some("acme"), vec!["a", "d"]),
    ] {
        assert_eq!(listed(&store, org).await, expected);
        let org = org.map(id);
        let mut page = Page::first(1);
        let mut all = Vec::new();
        for _ in &expected {
            let rows = store.invitations(org.as_ref(), page.clone(), at(2)).await;
            let rows = rows.unwrap();
            all.extend(rows.items.into_iter().map(|i| i.id.as_str().to_owned()));
            page.after = rows.next;
        }
        assert_eq!((all, page.after), (texts(&expected), None));
    }
    assert!(!invite(&store, "x", "carol", Some("gone")).await);
}

pub async fn an_invitation_of_the_same_address_replaces_the_earlier(store: AnyStore) {
    acme_and_beta(&store).await;
    for (name, to, org) in [
        ("first", "carol", Some("acme")),
        ("other", "carol", Some("beta")),
        ("dave", "dave", Some("acme")),
        ("plain", "carol", None),
        ("second", "CAROL", Some("acme")),
        ("plain2", "Carol", None),
    ] {
        assert!(invite(&store, name, to, org).await);
    }
    assert!(!lives(&store, "first").await && !lives(&store, "plain").await);
    let all = listed(&store, None).await;
    assert_eq!(all, ["other", "dave", "second", "plain2"]);
}

pub async fn an_invitation_makes_one_account_with_its_address_and_roles(store: AnyStore) {
    let world = World::new(store.clone()).await;
    acme_and_beta(&store).await;
    assert!(invite(&store, "a", "carol", Some("acme")).await);
    assert!(invite(&store, "b", "dave", None).await);
    assert!(invite(&store, "c", "carol", Some("beta")).await);
    let used = store.accept_invitation(by("a", new_user("carol"), 2)).await;
    assert_eq!(used.unwrap(), Some(invitation("a", "carol", Some("acme"))));
    let carol = store.user(&user("carol").subject).await.unwrap().unwrap();
    assert_eq!(carol.email.as_deref(), Some("carol@example.test"));
    assert!(carol.email_verified);
    assert!(carol.roles.is_empty(), "its roles are inside");
    let hash = stored_hash(&store, "carol").await;
    assert_eq!(hash.as_deref(), Some("$argon2id$new"));
    let mine = memberships(&store, "carol").await;
    assert_eq!(mine.len(), 1);
    assert_eq!(
        (mine[0].id.as_str(), &*mine[0].roles),
        ("acme", &["buyer".to_owned()][..])
    );
    let again = store.accept_invitation(by("a", new_user("eve"), 2)).await;
    assert_eq!(again.unwrap(), None);
    assert!(store.user(&user("eve").subject).await.unwrap().is_none());
    // The address has an account now.
    let late = store.accept_invitation(by("c", new_user("eve"), 2)).await;
    assert_eq!(late, Err(conflict(Constraint::Email)));
    let found = store.invitation(token("c"), at(2)).await.unwrap().unwrap();
    assert_eq!(found.owner, Some(carol.subject));

    let taken = store.accept_invitation(by("b", new_user("alice"), 2)).await;
    assert!(
        matches!(taken, Err(StoreError::Conflict { .. })),
        "{taken:?}"
    );
    assert!(lives(&store, "b").await, "another name can be chosen");
    let used = store.accept_invitation(by("b", new_user("dave"), 2)).await;
    assert!(used.unwrap().is_some());
    let dave = store.user(&user("dave").subject).await.unwrap().unwrap();
    assert_eq!(dave.roles, ["buyer"]);
    assert!(memberships(&store, "dave").await.is_empty());
    assert_eq!(world.count(AuditEvent::InvitationUsed).await, 2);
    assert_eq!(world.count(AuditEvent::InvitationMade).await, 3);
    assert_eq!(world.count(AuditEvent::OrganizationMemberAdded).await, 1);
}

pub async fn of_20_parallel_uses_of_an_invitation_one_counts(store: AnyStore) {
    acme_and_beta(&store).await;
    assert!(invite(&store, "a", "carol", Some("acme")).await);
    assert!(invite(&store, "b", "dave", Some("acme")).await);
    let used = race(|i| {
        let store = store.clone();
        let command = by("a", new_user(&format!("carol{i}")), 2);
        async move { store.accept_invitation(command).await }
    })
    .await;
    let used: Vec<_> = used.into_iter().map(Result::unwrap).collect();
    assert_eq!(used.iter().flatten().count(), 1);
    let members = store.members(&id("acme"), page()).await.unwrap();
    assert_eq!(members.items.len(), 1);
    assert!(lives(&store, "b").await, "a neighbour stays");
}

pub async fn of_20_parallel_accounts_of_an_address_one_is_made(store: AnyStore) {
    acme_and_beta(&store).await;
    assert!(invite(&store, "a", "carol", Some("acme")).await);
    assert!(invite(&store, "b", "carol", None).await);
    let made = race(|i| {
        let store = store.clone();
        let name = if i % 2 == 0 { "a" } else { "b" };
        let command = by(name, new_user(&format!("carol{i}")), 2);
        async move { store.accept_invitation(command).await }
    })
    .await;
    assert_eq!(made.iter().filter(|m| matches!(m, Ok(Some(_)))).count(), 1);
}

pub async fn an_invitation_is_for_the_user_of_its_address_only(store: AnyStore) {
    let world = World::new(store.clone()).await;
    acme_and_beta(&store).await;
    add(&store, "bob").await.unwrap();
    assert!(invite(&store, "a", "alice", Some("acme")).await);
    let refused = store.accept_invitation(by("a", owner("bob"), 2)).await;
    assert_eq!(refused.unwrap(), None);
    // An address that is entered, and not verified, is nobody's.
    let update = UserUpdate {
        email: Some(Some(("alice@example.test".to_owned(), false))),
        ..UserUpdate::default()
    };
    let change = UserChange {
        subject: user("bob").subject,
        update,
        cause: cause(2),
    };
    assert!(store.change_user(change).await.unwrap());
    let refused = store.accept_invitation(by("a", owner("bob"), 2)).await;
    assert_eq!(refused.unwrap(), None);
    assert!(lives(&store, "a").await && memberships(&store, "bob").await.is_empty());
    let joined = store.accept_invitation(by("a", owner("alice"), 2)).await;
    assert!(joined.unwrap().is_some());
    assert_eq!(memberships(&store, "alice").await.len(), 1);
    // A member keeps the roles.
    assert!(
        admit(&store, "beta", &world.alice, &["owner"])
            .await
            .unwrap()
    );
    assert!(invite(&store, "b", "alice", Some("beta")).await);
    let again = store.accept_invitation(by("b", owner("alice"), 2)).await;
    assert!(again.unwrap().is_some() && !lives(&store, "b").await);
    let mine = memberships(&store, "alice").await;
    assert_eq!(mine[1].roles, ["owner"]);
    // Without an organization there is nothing to join.
    assert!(invite(&store, "c", "alice", None).await);
    let nothing = store.accept_invitation(by("c", owner("alice"), 2)).await;
    assert_eq!(nothing.unwrap(), None);
    let alice = store.user(&world.alice.subject).await.unwrap().unwrap();
    assert_eq!(alice.roles, world.alice.roles);
}

pub async fn an_invitation_and_its_mail_are_written_together(store: AnyStore) {
    acme_and_beta(&store).await;
    let command = |org: &str| AddInvitation {
        token: token(org),
        invitation: invitation(org, "carol", Some(org)),
        mail: Some(Mail::new(
            address("carol"),
            MailTemplate::OrganizationInvitation,
            Lang::De,
        )),
        cause: cause(1),
    };
    assert!(store.add_invitation(command("acme")).await.unwrap());
    assert!(!store.add_invitation(command("gone")).await.unwrap());
    let claim = ClaimMessages {
        kind: MessageKind::Mail,
        sid: None,
        busy: Vec::new(),
        limit: 10,
        lease: SignedDuration::from_secs(60),
        now: at(2),
    };
    assert_eq!(store.claim_messages(claim).await.unwrap().len(), 1);
}

pub async fn an_organization_has_so_many_invitations_at_most(store: AnyStore) {
    acme_and_beta(&store).await;
    for i in 0..MAX_INVITATIONS {
        let name = format!("i{i}");
        assert!(invite(&store, &name, &name, Some("acme")).await);
    }
    let more = AddInvitation {
        token: token("more"),
        invitation: invitation("more", "more", Some("acme")),
        mail: None,
        cause: cause(2),
    };
    let refused = store.add_invitation(more).await;
    let too_many = |error: &StoreError| {
        let StoreError::Conflict { constraint } = error else {
            return false;
        };
        matches!(constraint, Constraint::TooLarge(_))
    };
    assert!(refused.as_ref().is_err_and(too_many), "{refused:?}");
    // One in the place of another is none more, and the others have room.
    assert!(invite(&store, "again", "i0", Some("acme")).await);
    assert!(invite(&store, "beta", "i0", Some("beta")).await);
    assert!(invite(&store, "plain", "i0", None).await);
    // What has expired takes no place.
    let later = AddInvitation {
        token: token("later"),
        invitation: Invitation {
            expires_at: at(2 * HOUR),
            ..invitation("later", "later", Some("acme"))
        },
        mail: None,
        cause: cause(HOUR),
    };
    assert_eq!(store.add_invitation(later).await, Ok(true));
}
