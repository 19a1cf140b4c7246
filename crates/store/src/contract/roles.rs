use cardea_protocol::{
    model::*,
    roles::{Group, Role, RoleCatalog},
};

use super::sample::*;
use crate::*;

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

pub(super) fn role(name: &str, permissions: &[&str]) -> Role {
    Role {
        name: name.to_owned(),
        client: None,
        permissions: texts(permissions),
        owner: Owner::Store,
    }
}

pub(super) fn role_of(client: &str, name: &str, permissions: &[&str]) -> Role {
    Role {
        client: Some(ClientId::parse(client).unwrap()),
        ..role(name, permissions)
    }
}

pub(super) fn group(name: &str, roles: &[&str]) -> Group {
    Group {
        name: name.to_owned(),
        roles: texts(roles),
        owner: Owner::Store,
        enabled: true,
    }
}

pub(super) async fn put_role(store: &AnyStore, role: Role, before: Option<Role>) -> Result<bool> {
    let command = PutRole {
        role,
        before,
        cause: cause(1),
    };
    store.put_role(command).await
}

pub(super) async fn put_group(
    store: &AnyStore,
    group: Group,
    before: Option<Group>,
) -> Result<bool> {
    let command = PutGroup {
        group,
        before,
        cause: cause(1),
    };
    store.put_group(command).await
}

pub(super) async fn join(store: &AnyStore, group: &str, user: &User, member: bool) -> Result<bool> {
    let command = SetGroupMember {
        group: group.to_owned(),
        subject: user.subject.clone(),
        member,
        cause: cause(2),
    };
    store.set_group_member(command).await
}

async fn catalog(store: &AnyStore) -> RoleCatalog {
    store.role_catalog().await.unwrap()
}

pub async fn a_role_survives_and_its_name_is_unique(store: AnyStore) {
    let world = World::new(store.clone()).await;
    let (clerk, of_spa) = (role("clerk", &["a", "b"]), role_of("spa", "clerk", &["c"]));
    assert!(put_role(&store, clerk.clone(), None).await.unwrap());
    assert!(put_role(&store, of_spa.clone(), None).await.unwrap());
    assert_eq!(
        catalog(&store).await.roles(),
        [clerk.clone(), of_spa.clone()]
    );
    for taken in [clerk.clone(), of_spa.clone()] {
        let again = put_role(&store, taken, None).await;
        assert_eq!(again, Err(conflict(Constraint::RoleName)));
    }
    let unknown = put_role(&store, role_of("nobody", "x", &[]), None).await;
    assert_eq!(unknown, Err(conflict(Constraint::NoClient)));
    assert_eq!(world.count(AuditEvent::RoleAdded).await, 2);
    let client = of_spa.client.clone();
    assert!(
        store
            .remove_role("clerk".to_owned(), client.clone(), cause(2))
            .await
            .unwrap()
    );
    assert!(
        !store
            .remove_role("clerk".to_owned(), client, cause(2))
            .await
            .unwrap()
    );
    assert_eq!(catalog(&store).await.roles(), [clerk]);
    assert_eq!(world.count(AuditEvent::RoleRemoved).await, 1);
}

pub async fn a_changed_role_is_not_changed_by_what_was_computed_before(store: AnyStore) {
    let before = role("clerk", &["a"]);
    let neighbour = role("other", &["a"]);
    for role in [&before, &neighbour] {
        assert!(put_role(&store, role.clone(), None).await.unwrap());
    }
    assert!(
        put_role(&store, role("clerk", &[]), Some(before.clone()))
            .await
            .unwrap()
    );
    let late = put_role(&store, role("clerk", &["a", "z"]), Some(before)).await;
    assert_eq!(late, Err(conflict(Constraint::ChangedMeanwhile)));
    assert_eq!(
        catalog(&store).await.roles(),
        [role("clerk", &[]), neighbour]
    );
    let missing = put_role(&store, role("gone", &[]), Some(role("gone", &[]))).await;
    assert_eq!(missing, Ok(false));
}

pub async fn of_20_parallel_changes_of_a_role_one_is_made(store: AnyStore) {
    let before = role("clerk", &[]);
    assert!(put_role(&store, before.clone(), None).await.unwrap());
    let results = race(|i| {
        let (store, before) = (store.clone(), before.clone());
        async move { put_role(&store, role("clerk", &[&format!("p{i}")]), Some(before)).await }
    })
    .await;
    assert_eq!(results.iter().filter(|r| **r == Ok(true)).count(), 1);
    let late = Err(conflict(Constraint::ChangedMeanwhile));
    assert_eq!(results.iter().filter(|r| **r == late).count(), 19);
}

pub async fn d27_more_permissions_than_fit_into_a_token_are_not_stored(store: AnyStore) {
    let long = |prefix: &str| {
        let names: Vec<String> = (0..64).map(|i| format!("{prefix}{i:0>62}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        role(prefix, &names)
    };
    assert!(put_role(&store, long("aa"), None).await.unwrap());
    let refused = put_role(&store, role("more", &["x"]), None).await;
    assert!(
        matches!(
            &refused,
            Err(StoreError::Conflict {
                constraint: Constraint::TooLarge(_)
            })
        ),
        "{refused:?}"
    );
    assert_eq!(
        catalog(&store).await.roles().len(),
        1,
        "nothing was written"
    );
}

pub async fn the_revision_changes_with_each_change_of_a_role_or_a_group(store: AnyStore) {
    let world = World::new(store.clone()).await;
    let mut seen = vec![catalog(&store).await.revision()];
    let mut changed = async |what: &str| {
        let revision = catalog(&store).await.revision();
        assert!(!seen.contains(&revision), "{what}");
        seen.push(revision);
    };
    put_role(&store, role("clerk", &[]), None).await.unwrap();
    changed("a new role").await;
    put_role(&store, role("clerk", &["a"]), Some(role("clerk", &[])))
        .await
        .unwrap();
    changed("a changed role").await;
    store
        .remove_role("clerk".to_owned(), None, cause(2))
        .await
        .unwrap();
    changed("a removed role").await;
    put_group(&store, group("sales", &[]), None).await.unwrap();
    changed("a new group").await;
    put_group(
        &store,
        group("sales", &["clerk"]),
        Some(group("sales", &[])),
    )
    .await
    .unwrap();
    changed("a changed group").await;
    store
        .remove_group("sales".to_owned(), cause(2))
        .await
        .unwrap();
    changed("a removed group").await;
    put_role(&store, role_of("spa", "x", &[]), None)
        .await
        .unwrap();
    changed("a role of a client").await;
    store
        .remove_client(world.spa.id().clone(), cause(3))
        .await
        .unwrap();
    changed("a client that was removed with its roles").await;
    assert!(catalog(&store).await.roles().is_empty());
}

/// Two groups, and a user beside that of the world.
pub(super) async fn two_groups(store: &AnyStore) -> User {
    let bob = user("bob");
    super::users::add(store, "bob").await.unwrap();
    for name in ["sales", "staff"] {
        assert!(
            put_group(store, group(name, &["clerk"]), None)
                .await
                .unwrap()
        );
    }
    bob
}

pub async fn a_user_is_in_the_groups_that_are_read_with_each_token(store: AnyStore) {
    let world = World::new(store.clone()).await;
    let bob = two_groups(&store).await;
    let grant = world.grant("a", OFFLINE, 0).await;
    let unused = world.code("b", ONLINE, 0).await;
    assert!(join(&store, "staff", &world.alice, true).await.unwrap());
    assert!(join(&store, "sales", &world.alice, true).await.unwrap());
    assert!(put_group(&store, group("board", &[]), None).await.unwrap());
    assert!(join(&store, "board", &bob, true).await.unwrap());

    let revision = catalog(&store).await.revision();
    let mut all = Vec::new();
    let id = RefreshTokenId::of_grant(grant.id);
    all.push(
        store
            .refresh_context(id, at(5))
            .await
            .unwrap()
            .unwrap()
            .assigned,
    );
    let state = store
        .token_state(grant.id, &jti("x"), at(5))
        .await
        .unwrap()
        .unwrap();
    all.push(state.assigned);
    let life = store
        .token_life(grant.id, &jti("x"), at(5))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(life.roles, world.alice.roles);
    all.push(life.assigned);
    let Some(CodeLookup::Unused(context)) = store.code(unused.hash, at(5)).await.unwrap() else {
        panic!("it was not redeemed")
    };
    all.push(context.assigned);
    for assigned in all {
        assert_eq!(assigned.groups, ["sales", "staff"]);
        assert_eq!((assigned.revision, assigned.organization), (revision, None));
    }
    // A group that is left, and one that is removed with its memberships.
    assert!(join(&store, "staff", &world.alice, false).await.unwrap());
    let groups = async || {
        let context = store.refresh_context(id, at(5)).await.unwrap();
        context.unwrap().assigned.groups
    };
    assert_eq!(groups().await, ["sales"]);
    assert!(
        store
            .remove_group("sales".to_owned(), cause(5))
            .await
            .unwrap()
    );
    assert_eq!(groups().await, [""; 0]);
    assert!(join(&store, "staff", &world.alice, true).await.unwrap());
    assert_eq!(groups().await, ["staff"]);
}

pub async fn a_group_is_joined_and_left_once(store: AnyStore) {
    let world = World::new(store.clone()).await;
    let bob = two_groups(&store).await;
    assert!(join(&store, "staff", &world.alice, true).await.unwrap());
    assert!(join(&store, "sales", &world.alice, true).await.unwrap());
    assert!(join(&store, "sales", &bob, true).await.unwrap());
    assert_eq!(
        join(&store, "sales", &bob, true).await,
        Ok(false),
        "already"
    );
    assert_eq!(join(&store, "gone", &bob, true).await, Ok(false));
    assert_eq!(
        join(&store, "sales", &user("nobody"), true).await,
        Ok(false)
    );

    assert_eq!(store.groups_of(&bob.subject).await.unwrap(), ["sales"]);
    let members = store.group_members("sales", page()).await.unwrap();
    let names: Vec<_> = members
        .items
        .iter()
        .map(|m| m.user.username.as_str())
        .collect();
    assert_eq!(names, ["alice", "bob"]);

    assert!(join(&store, "sales", &world.alice, false).await.unwrap());
    assert_eq!(join(&store, "sales", &world.alice, false).await, Ok(false));
    assert_eq!(
        store.groups_of(&world.alice.subject).await.unwrap(),
        ["staff"]
    );
    assert_eq!(
        store.groups_of(&bob.subject).await.unwrap(),
        ["sales"],
        "a neighbour stays"
    );
    assert!(
        store
            .remove_group("staff".to_owned(), cause(3))
            .await
            .unwrap()
    );
    assert!(
        store
            .groups_of(&world.alice.subject)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        store
            .remove_user(bob.subject.clone(), cause(3))
            .await
            .unwrap()
    );
    assert!(
        store
            .group_members("sales", page())
            .await
            .unwrap()
            .items
            .is_empty()
    );
    assert_eq!(world.count(AuditEvent::GroupMemberAdded).await, 3);
    assert_eq!(world.count(AuditEvent::GroupMemberRemoved).await, 1);
}

pub async fn a_user_is_in_64_groups_at_most(store: AnyStore) {
    let world = World::new(store.clone()).await;
    for i in 0..65 {
        put_group(&store, group(&format!("g{i}"), &[]), None)
            .await
            .unwrap();
    }
    super::users::add(&store, "bob").await.unwrap();
    assert!(join(&store, "g0", &user("bob"), true).await.unwrap());
    for i in 0..64 {
        assert!(
            join(&store, &format!("g{i}"), &world.alice, true)
                .await
                .unwrap()
        );
    }
    let refused = join(&store, "g64", &world.alice, true).await;
    assert!(
        matches!(
            &refused,
            Err(StoreError::Conflict {
                constraint: Constraint::TooLarge(_)
            })
        ),
        "{refused:?}"
    );
    assert_eq!(
        store.groups_of(&world.alice.subject).await.unwrap().len(),
        64
    );
}

pub async fn of_20_parallel_changes_of_a_group_one_is_made(store: AnyStore) {
    let before = group("sales", &[]);
    assert!(put_group(&store, before.clone(), None).await.unwrap());
    let other = group("other", &[]);
    assert!(put_group(&store, other.clone(), None).await.unwrap());
    let results = race(|i| {
        let (store, before) = (store.clone(), before.clone());
        async move { put_group(&store, group("sales", &[&format!("r{i}")]), Some(before)).await }
    })
    .await;
    assert_eq!(results.iter().filter(|r| **r == Ok(true)).count(), 1);
    assert!(catalog(&store).await.groups().contains(&other));
    let again = put_group(&store, group("sales", &[]), None).await;
    assert_eq!(again, Err(conflict(Constraint::GroupName)));
}
