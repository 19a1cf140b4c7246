use cardea_protocol::{
    model::*,
    roles::{Group, Organization},
    token::Inactive,
};

use super::{
    organizations::{admit, granted, id, organization, put},
    roles::{group, join, put_group, role},
    sample::*,
};
use crate::*;

pub(super) fn of_file(organizations: Vec<Organization>, seconds: i64) -> ApplyFileRoles {
    ApplyFileRoles {
        roles: Vec::new(),
        groups: Vec::new(),
        organizations: organizations
            .into_iter()
            .map(|o| Organization {
                owner: Owner::File,
                ..o
            })
            .collect(),
        cause: cause(seconds),
    }
}

pub async fn d19_an_organization_that_leaves_the_file_is_disabled_with_its_grants(store: AnyStore) {
    let world = World::new(store.clone()).await;
    let both = || {
        vec![
            organization("acme", &["a.example"]),
            organization("beta", &[]),
        ]
    };
    store.apply_file_roles(of_file(both(), 1)).await.unwrap();
    for name in ["acme", "beta"] {
        assert!(admit(&store, name, &world.alice, &[]).await.unwrap());
    }
    let in_acme = granted(&world, "a", Some("acme"), OFFLINE).await;
    let in_beta = granted(&world, "b", Some("beta"), OFFLINE).await;
    store
        .apply_file_roles(of_file(vec![organization("beta", &["a.example"])], 4))
        .await
        .unwrap_err();
    store
        .apply_file_roles(of_file(vec![organization("beta", &[])], 4))
        .await
        .unwrap();
    assert_eq!(
        world.dead(&in_acme, 5).await,
        Some(Inactive::NotMember.as_str())
    );
    assert_eq!(world.dead(&in_beta, 5).await, None);
    let id_of = |grant: &Grant| RefreshTokenId::of_grant(grant.id);
    for (grant, expected) in [(&in_acme, None), (&in_beta, Some(id("beta")))] {
        let context = store.refresh_context(id_of(grant), at(5)).await.unwrap();
        let membership = context.unwrap().assigned.organization;
        assert_eq!(membership.map(|m| m.id), expected);
    }
    let rotated = world.rotate(rotation(&in_acme, 0, 5)).await;
    assert_eq!(
        format!("{:?}", rotated.write),
        "Nothing",
        "not by the fast path either"
    );
    let left = store.memberships_of(&world.alice.subject).await.unwrap();
    assert_eq!(left.len(), 1);
    store.apply_file_roles(of_file(both(), 6)).await.unwrap();
    assert_eq!(world.dead(&in_acme, 7).await, None);
    let acme = store.organization(&id("acme")).await.unwrap().unwrap();
    let change = put(&store, organization("acme", &[]), Some(acme.clone())).await;
    assert_eq!(
        change,
        Err(conflict(Constraint::OwnedByFile("acme".to_owned())))
    );
    let removal = store.remove_organization(id("acme"), cause(8)).await;
    assert_eq!(
        removal,
        Err(conflict(Constraint::OwnedByFile("acme".to_owned())))
    );
}

pub async fn a_domain_that_leaves_or_changes_its_organization_is_audited(store: AnyStore) {
    let world = World::new(store.clone()).await;
    let apply = async |acme: &[&str], beta: &[&str], seconds| {
        let both = vec![organization("acme", acme), organization("beta", beta)];
        store.apply_file_roles(of_file(both, seconds)).await
    };
    apply(&["a.example", "b.example"], &[], 1).await.unwrap();
    let changed = async || world.count(AuditEvent::OrganizationChanged).await;
    assert_eq!(changed().await, 0);
    apply(&["a.example"], &[], 2).await.unwrap();
    assert_eq!(changed().await, 1);
    apply(&[], &["a.example"], 3).await.unwrap();
    assert_eq!(changed().await, 3);
    let beta = store.organization(&id("beta")).await.unwrap().unwrap();
    assert_eq!(beta.domains, ["a.example"]);
    apply(&[], &["a.example"], 4).await.unwrap();
    assert_eq!(changed().await, 3, "nothing has changed");
}

pub async fn d19_the_file_owns_its_roles_groups_and_organizations(store: AnyStore) {
    let world = World::new(store.clone()).await;
    let all = |cause_at: i64| {
        let (mut clerk, mut sales) = (role("clerk", &["a"]), group("sales", &["clerk"]));
        (clerk.owner, sales.owner) = (Owner::File, Owner::File);
        ApplyFileRoles {
            roles: vec![clerk],
            groups: vec![sales],
            ..of_file(
                vec![organization("acme", &["b.example", "c.example"])],
                cause_at,
            )
        }
    };
    store.apply_file_roles(all(1)).await.unwrap();
    assert!(join(&store, "sales", &world.alice, true).await.unwrap());
    let (count, catalog) = (
        world.events().await.len(),
        store.role_catalog().await.unwrap(),
    );
    store.apply_file_roles(all(2)).await.unwrap();
    assert_eq!(world.events().await.len(), count, "nothing has changed");
    assert_eq!(
        store.role_catalog().await.unwrap().revision(),
        catalog.revision()
    );
    let owned = |what: &str| Err(conflict(Constraint::OwnedByFile(what.to_owned())));
    assert_eq!(
        store.remove_role("clerk".to_owned(), None, cause(3)).await,
        owned("clerk")
    );
    assert_eq!(
        store.remove_group("sales".to_owned(), cause(3)).await,
        owned("sales")
    );
    let before = store.role_catalog().await.unwrap().groups()[0].clone();
    assert_eq!(
        put_group(&store, group("sales", &[]), Some(before)).await,
        owned("sales")
    );

    store
        .apply_file_roles(of_file(Vec::new(), 4))
        .await
        .unwrap();
    let gone = store.role_catalog().await.unwrap();
    assert!(gone.roles().is_empty());
    assert!(!gone.groups()[0].enabled);
    store.apply_file_roles(all(5)).await.unwrap();
    assert_eq!(
        store.groups_of(&world.alice.subject).await.unwrap(),
        ["sales"],
        "users are kept"
    );
    assert!(store.role_catalog().await.unwrap().groups()[0].enabled);

    assert!(put_group(&store, group("mine", &[]), None).await.unwrap());
    let mut mine = all(6);
    mine.groups.push(Group {
        owner: Owner::File,
        ..group("mine", &[])
    });
    let refused = store.apply_file_roles(mine).await;
    assert_eq!(
        refused,
        Err(conflict(Constraint::OwnedByStore("mine".to_owned())))
    );
}
