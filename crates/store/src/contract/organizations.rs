use cardea_protocol::{
    model::*,
    roles::{Membership, Organization},
    token::Inactive,
};

use super::{role_file::of_file, sample::*};
use crate::*;

pub(super) fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

pub(super) fn id(text: &str) -> OrganizationId {
    OrganizationId::parse(text).unwrap()
}

pub(super) fn organization(name: &str, domains: &[&str]) -> Organization {
    Organization {
        id: id(name),
        name: name.to_uppercase(),
        domains: texts(domains),
        join_by_domain: false,
        owner: Owner::Store,
        enabled: true,
    }
}

pub(super) async fn put(
    store: &AnyStore,
    organization: Organization,
    before: Option<Organization>,
) -> Result<bool> {
    let command = PutOrganization {
        organization,
        before,
        cause: cause(1),
    };
    store.put_organization(command).await
}

pub(super) async fn admit(
    store: &AnyStore,
    org: &str,
    user: &User,
    roles: &[&str],
) -> Result<bool> {
    member(store, org, user, roles, None).await
}

pub(super) async fn member(
    store: &AnyStore,
    org: &str,
    user: &User,
    roles: &[&str],
    before: Option<&[&str]>,
) -> Result<bool> {
    let command = PutMember {
        organization: id(org),
        subject: user.subject.clone(),
        roles: texts(roles),
        before: before.map(texts),
        cause: cause(2),
    };
    store.put_member(command).await
}

/// Alice and Bob, members of `acme` and `beta`.
pub(super) async fn two_organizations(store: &AnyStore) -> (World, User) {
    let world = World::new(store.clone()).await;
    let bob = user("bob");
    super::users::add(store, "bob").await.unwrap();
    for name in ["acme", "beta"] {
        assert!(put(store, organization(name, &[]), None).await.unwrap());
        for user in [&world.alice, &bob] {
            assert!(admit(store, name, user, &["buyer"]).await.unwrap());
        }
    }
    (world, bob)
}

pub(super) async fn granted(world: &World, name: &str, org: Option<&str>, scope: &str) -> Grant {
    let mut code = code(name, &world.session, &world.spa, scope, 3);
    code.organization = org.map(id);
    assert!(world.issue(&code, 3).await);
    assert!(matches!(world.redeem(&code, 3).await, Redeemed::Done));
    grant(&code, 3)
}

pub async fn an_organization_survives_and_is_unique(store: AnyStore) {
    let acme = organization("acme", &["a.example", "b.example"]);
    assert!(put(&store, acme.clone(), None).await.unwrap());
    assert_eq!(
        store.organization(&acme.id).await.unwrap(),
        Some(acme.clone())
    );
    let with = |id: &str, name: &str, domains: &[&str]| Organization {
        name: name.to_owned(),
        ..organization(id, domains)
    };
    for (other, constraint) in [
        (with("acme", "Other", &[]), Constraint::OrganizationId),
        (with("beta", "Acme", &[]), Constraint::OrganizationName),
        (
            with("beta", "Beta", &["b.example"]),
            Constraint::OrganizationDomain,
        ),
    ] {
        assert_eq!(put(&store, other, None).await, Err(conflict(constraint)));
    }
    let beta = organization("beta", &["c.example"]);
    assert!(put(&store, beta.clone(), None).await.unwrap());
    let changed = Organization {
        name: "Acme 2".to_owned(),
        ..organization("acme", &["b.example"])
    };
    assert!(
        put(&store, changed.clone(), Some(acme.clone()))
            .await
            .unwrap()
    );
    let late = put(&store, acme.clone(), Some(acme.clone())).await;
    assert_eq!(late, Err(conflict(Constraint::ChangedMeanwhile)));
    let all = store.organizations(page()).await.unwrap().items;
    assert_eq!(all, [changed, beta], "a neighbour stays");
    assert_eq!(
        put(&store, organization("x", &[]), Some(organization("x", &[]))).await,
        Ok(false)
    );
    assert!(
        store
            .remove_organization(acme.id.clone(), cause(3))
            .await
            .unwrap()
    );
    assert!(!store.remove_organization(acme.id, cause(3)).await.unwrap());
    assert!(
        put(&store, with("new", "New", &["b.example"]), None)
            .await
            .unwrap(),
        "a free domain"
    );
    let expected = [
        AuditEvent::OrganizationAdded,
        AuditEvent::OrganizationAdded,
        AuditEvent::OrganizationChanged,
        AuditEvent::OrganizationRemoved,
        AuditEvent::OrganizationAdded,
    ];
    assert_eq!(events(&store).await, expected);
}

pub async fn a_member_has_roles_in_one_organization(store: AnyStore) {
    let (world, bob) = two_organizations(&store).await;
    let of = |name: &str, roles: &[&str]| Membership {
        id: id(name),
        name: name.to_uppercase(),
        roles: texts(roles),
    };
    assert!(
        member(&store, "acme", &world.alice, &["owner"], Some(&["buyer"]))
            .await
            .unwrap()
    );
    let late = member(&store, "acme", &world.alice, &["clerk"], Some(&["buyer"])).await;
    assert_eq!(late, Err(conflict(Constraint::ChangedMeanwhile)));
    let again = admit(&store, "acme", &world.alice, &[]).await;
    assert_eq!(again, Err(conflict(Constraint::Member)));
    for (org, who) in [("gone", &bob), ("acme", &user("nobody"))] {
        assert_eq!(admit(&store, org, who, &[]).await, Ok(false));
        assert_eq!(member(&store, org, who, &[], Some(&[])).await, Ok(false));
    }
    let alices = store.memberships_of(&world.alice.subject).await.unwrap();
    assert_eq!(alices, [of("acme", &["owner"]), of("beta", &["buyer"])]);
    let bobs = store.memberships_of(&bob.subject).await.unwrap();
    assert_eq!(bobs, [of("acme", &["buyer"]), of("beta", &["buyer"])]);
    let members = store.members(&id("acme"), page()).await.unwrap().items;
    let list: Vec<_> = members
        .iter()
        .map(|m| (m.user.user.username.as_str(), m.roles.clone()))
        .collect();
    assert_eq!(
        list,
        [("alice", texts(&["owner"])), ("bob", texts(&["buyer"]))]
    );
    let one = store
        .member(&id("acme"), &bob.subject)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((one.roles, one.joined_at), (texts(&["buyer"]), at(2)));

    let remove =
        |org: &str, who: &User| store.remove_member(id(org), who.subject.clone(), cause(4));
    assert!(remove("acme", &world.alice).await.unwrap());
    assert!(!remove("acme", &world.alice).await.unwrap());
    assert_eq!(
        store.memberships_of(&world.alice.subject).await.unwrap(),
        [of("beta", &["buyer"])]
    );
    assert_eq!(store.memberships_of(&bob.subject).await.unwrap().len(), 2);
    assert!(
        store
            .remove_user(bob.subject.clone(), cause(5))
            .await
            .unwrap()
    );
    assert!(
        store
            .members(&id("acme"), page())
            .await
            .unwrap()
            .items
            .is_empty()
    );
    assert_eq!(world.count(AuditEvent::OrganizationMemberAdded).await, 4);
    assert_eq!(world.count(AuditEvent::OrganizationMemberChanged).await, 1);
    assert_eq!(world.count(AuditEvent::OrganizationMemberRemoved).await, 1);
}

pub async fn of_20_parallel_admissions_one_is_made(store: AnyStore) {
    let world = World::new(store.clone()).await;
    assert!(put(&store, organization("acme", &[]), None).await.unwrap());
    let results = race(|i| {
        let (store, alice) = (store.clone(), world.alice.clone());
        async move { admit(&store, "acme", &alice, &[&format!("r{i}")]).await }
    })
    .await;
    assert_eq!(results.iter().filter(|r| **r == Ok(true)).count(), 1);
    let taken = Err(conflict(Constraint::Member));
    assert_eq!(results.iter().filter(|r| **r == taken).count(), 19);
}

pub async fn a_user_is_in_64_organizations_at_most(store: AnyStore) {
    let world = World::new(store.clone()).await;
    for i in 0..65 {
        let name = format!("o{i}");
        assert!(put(&store, organization(&name, &[]), None).await.unwrap());
        let admitted = admit(&store, &name, &world.alice, &[]).await;
        assert_eq!(admitted.is_ok(), i < 64, "{i}");
        if i == 0 {
            super::users::add(&store, "bob").await.unwrap();
            assert!(admit(&store, "o0", &user("bob"), &[]).await.unwrap());
        }
    }
    assert_eq!(
        store
            .memberships_of(&world.alice.subject)
            .await
            .unwrap()
            .len(),
        64
    );
}

pub async fn d27_a_grant_belongs_to_the_organization_of_its_code(store: AnyStore) {
    super::users::add(&store, "aaron").await.unwrap();
    let (world, _) = two_organizations(&store).await;
    assert!(
        admit(&store, "acme", &user("aaron"), &["auditor"])
            .await
            .unwrap()
    );
    let in_acme = granted(&world, "a", Some("acme"), OFFLINE).await;
    let outside = granted(&world, "b", None, OFFLINE).await;
    let read = async |grant: &Grant| {
        let state = store.token_state(grant.id, &jti("x"), at(4)).await;
        state.unwrap().unwrap()
    };
    assert_eq!(read(&in_acme).await.grant.organization, Some(id("acme")));
    let membership = read(&in_acme).await.assigned.organization.unwrap();
    assert_eq!(
        (membership.id, membership.roles),
        (id("acme"), texts(&["buyer"]))
    );
    let found = read(&outside).await;
    assert_eq!(
        (found.grant.organization, found.assigned.organization),
        (None, None)
    );
    for (name, organization) in [("c", None), ("d", Some(id("beta")))] {
        let mut unused = code(name, &world.session, &world.spa, OFFLINE, 3);
        unused.organization = organization;
        assert!(world.issue(&unused, 3).await);
        let Some(CodeLookup::Unused(found)) = store.code(unused.hash, at(3)).await.unwrap() else {
            panic!("it was not redeemed")
        };
        assert_eq!(found.code.organization, unused.organization);
    }
    // Roles inside the organization are those of the moment.
    assert!(
        member(&store, "acme", &world.alice, &["owner"], Some(&["buyer"]))
            .await
            .unwrap()
    );
    let context = store
        .refresh_context(RefreshTokenId::of_grant(in_acme.id), at(4))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(context.assigned.organization.unwrap().roles, ["owner"]);
    assert_eq!(context.grant.organization, Some(id("acme")));
    let life = store
        .token_life(in_acme.id, &jti("x"), at(4))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(life.assigned.organization.unwrap().roles, ["owner"]);
}

pub async fn d27_only_a_member_gets_a_code_and_a_grant_of_an_organization(store: AnyStore) {
    let (world, bob) = two_organizations(&store).await;
    assert!(put(&store, organization("gamma", &[]), None).await.unwrap());
    assert!(admit(&store, "gamma", &bob, &[]).await.unwrap());
    for org in ["gamma", "gone"] {
        let mut foreign = code("x", &world.session, &world.spa, ONLINE, 3);
        foreign.organization = Some(id(org));
        assert!(!world.issue(&foreign, 3).await, "{org}");
    }
    let mut pending = code("y", &world.session, &world.spa, ONLINE, 3);
    pending.organization = Some(id("acme"));
    assert!(world.issue(&pending, 3).await);
    let mut other = code("z", &world.session, &world.spa, ONLINE, 3);
    other.organization = Some(id("beta"));
    assert!(world.issue(&other, 3).await);
    assert!(
        store
            .remove_member(id("acme"), world.alice.subject.clone(), cause(4))
            .await
            .unwrap()
    );
    assert!(matches!(world.redeem(&pending, 5).await, Redeemed::Dead(_)));
    assert!(
        matches!(world.redeem(&other, 5).await, Redeemed::Done),
        "the other organization"
    );
}

pub async fn d27_a_disabled_organization_gets_no_code(store: AnyStore) {
    let world = World::new(store.clone()).await;
    let acme = Organization {
        owner: Owner::File,
        ..organization("acme", &[])
    };
    store
        .apply_file_roles(of_file(vec![acme], 1))
        .await
        .unwrap();
    assert!(admit(&store, "acme", &world.alice, &[]).await.unwrap());
    let ask = |name: &str| Code {
        organization: Some(id("acme")),
        ..code(name, &world.session, &world.spa, ONLINE, 3)
    };
    assert!(world.issue(&ask("before"), 3).await);
    // What leaves the file is disabled; who is a member stays.
    store
        .apply_file_roles(of_file(Vec::new(), 4))
        .await
        .unwrap();
    assert!(!world.issue(&ask("after"), 5).await);
}

pub async fn d27_who_leaves_an_organization_loses_the_grants_in_it_only(store: AnyStore) {
    let (world, _) = two_organizations(&store).await;
    let in_acme = granted(&world, "a", Some("acme"), OFFLINE).await;
    let in_beta = granted(&world, "b", Some("beta"), OFFLINE).await;
    let outside = granted(&world, "c", None, OFFLINE).await;
    let over = granted(&world, "d", Some("acme"), OFFLINE).await;
    let revocation = super::revocation::revocation(&over, 3);
    assert!(store.revoke_grant(revocation).await.unwrap());
    let before = world.stored(&over).await.state;
    assert!(
        store
            .remove_member(id("acme"), world.alice.subject.clone(), cause(4))
            .await
            .unwrap()
    );
    assert_eq!(world.stored(&over).await.state, before);
    let revoked = Some(Inactive::Revoked.as_str());
    assert_eq!(world.dead(&in_acme, 5).await, revoked);
    assert_eq!(world.dead(&in_beta, 5).await, None);
    assert_eq!(world.dead(&outside, 5).await, None);
    assert!(admit(&store, "acme", &world.alice, &[]).await.unwrap());
    assert_eq!(
        world.dead(&in_acme, 6).await,
        revoked,
        "it does not come back"
    );
    let rotated = world.rotate(rotation(&in_acme, 0, 6)).await;
    assert_eq!(format!("{:?}", rotated.write), "Nothing");
    assert!(
        store
            .remove_organization(id("beta"), cause(7))
            .await
            .unwrap()
    );
    assert_eq!(world.dead(&in_beta, 8).await, Some("the grant is gone"));
    assert_eq!(world.dead(&outside, 8).await, None);
}
