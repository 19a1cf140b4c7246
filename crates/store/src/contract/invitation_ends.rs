//! Ends of invitations: revoked, expired, without an organization that invites.

use cardea_protocol::{model::*, roles::Organization};
use jiff::SignedDuration;

use super::{
    invitations::{acme_and_beta, by, invite, listed, lives, memberships, new_user, owner, token},
    organizations::{id, organization},
    sample::*,
};
use crate::*;

pub async fn an_invitation_is_revoked_by_its_own_organization(store: AnyStore) {
    let world = World::new(store.clone()).await;
    acme_and_beta(&store).await;
    assert!(invite(&store, "a", "carol", Some("acme")).await);
    assert!(invite(&store, "b", "carol", None).await);
    assert!(invite(&store, "c", "carol", Some("beta")).await);
    let revoke = async |name: &str, org: Option<&str>| {
        let command = RevokeInvitation {
            id: InvitationId::parse(name).unwrap(),
            organization: org.map(id),
            cause: cause(2),
        };
        store.revoke_invitation(command).await.unwrap()
    };
    assert!(!revoke("a", Some("beta")).await);
    assert!(!revoke("b", Some("beta")).await);
    assert!(!revoke("a", Some("gone")).await);
    assert!(!revoke("x", None).await);
    assert_eq!(listed(&store, None).await, ["a", "b", "c"]);
    assert!(revoke("a", Some("acme")).await);
    assert!(!revoke("a", Some("acme")).await);
    assert!(revoke("b", None).await);
    assert_eq!(listed(&store, None).await, ["c"]);
    let used = store.accept_invitation(by("a", new_user("carol"), 2)).await;
    assert_eq!(used.unwrap(), None);
    assert_eq!(world.count(AuditEvent::InvitationRevoked).await, 2);
}

pub async fn an_invitation_expires_and_ends_with_its_organization(store: AnyStore) {
    acme_and_beta(&store).await;
    for (name, org) in [("a", Some("acme")), ("b", Some("beta")), ("c", None)] {
        assert!(invite(&store, name, "carol", org).await);
    }
    let late = store.invitation(token("a"), at(HOUR)).await.unwrap();
    assert!(late.is_none());
    let late = by("a", new_user("carol"), HOUR);
    assert_eq!(store.accept_invitation(late).await.unwrap(), None);
    for org in [None, Some(&id("acme"))] {
        let rows = store.invitations(org, page(), at(HOUR)).await.unwrap();
        assert!(rows.items.is_empty());
    }
    let removed = store.remove_organization(id("acme"), cause(2)).await;
    assert!(removed.unwrap());
    assert_eq!(listed(&store, None).await, ["b", "c"]);
    store
        .sweep(at(HOUR), 100, SignedDuration::from_hours(1))
        .await
        .unwrap();
    assert!(listed(&store, None).await.is_empty(), "they are swept");
}

pub async fn a_disabled_organization_invites_nobody(store: AnyStore) {
    let world = World::new(store.clone()).await;
    let acme = Organization {
        owner: Owner::File,
        ..organization("acme", &[])
    };
    for (organizations, lives_on) in [(vec![acme], true), (Vec::new(), false)] {
        let file = ApplyFileRoles {
            roles: Vec::new(),
            groups: Vec::new(),
            organizations,
            cause: cause(1),
        };
        store.apply_file_roles(file).await.unwrap();
        let new = if lives_on { "a" } else { "b" };
        assert_eq!(invite(&store, new, new, Some("acme")).await, lives_on);
        if lives_on {
            assert!(invite(&store, "alice", "alice", Some("acme")).await);
        }
        for name in ["a", "alice"] {
            assert_eq!(lives(&store, name).await, lives_on);
        }
    }
    // A link that was mailed before makes no account and no member.
    for command in [
        by("a", new_user("carol"), 2),
        by("alice", owner("alice"), 2),
    ] {
        assert_eq!(store.accept_invitation(command).await, Ok(None));
    }
    assert!(store.user(&user("carol").subject).await.unwrap().is_none());
    assert!(memberships(&store, "alice").await.is_empty());
    assert_eq!(world.count(AuditEvent::InvitationUsed).await, 0);
    // They are listed: a link counts again when the organization is enabled again.
    assert_eq!(listed(&store, Some("acme")).await, ["a", "alice"]);
}
