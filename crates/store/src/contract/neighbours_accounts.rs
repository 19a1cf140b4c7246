//! Roles, groups, organizations and credentials: a verb reads and changes what it names, and nothing of a neighbour.

use cardea_protocol::{
    mail::EmailAddress,
    model::*,
    roles::{Group, Organization, Role},
};
use cardea_seal::Secret;

use super::{
    factors::{enrolled, enrolment, tag},
    organizations::{id, member, organization, put, two_organizations},
    roles::{group, join, put_group, put_role, role, role_of, two_groups},
    sample::{self, *},
};
use crate::*;

fn after<P>(next: Option<P>, limit: u32) -> Page<P> {
    Page { limit, after: next }
}

pub async fn pages_of_organizations_members_and_groups_continue(store: AnyStore) {
    let (world, bob) = two_organizations(&store).await;
    assert!(put(&store, organization("gamma", &[]), None).await.unwrap());
    let first = store.organizations(Page::first(2)).await.unwrap();
    let rest = store.organizations(after(first.next, 2)).await.unwrap();
    let ids = |found: Vec<Organization>| found.into_iter().map(|o| o.id).collect::<Vec<_>>();
    assert_eq!(ids(first.items), [id("acme"), id("beta")]);
    assert_eq!((ids(rest.items), rest.next), (vec![id("gamma")], None));

    let acme = id("acme");
    let first = store.members(&acme, Page::first(1)).await.unwrap();
    let rest = store.members(&acme, after(first.next, 1)).await.unwrap();
    let of = |found: &[Member]| found[0].user.user.subject.clone();
    assert_eq!(of(&first.items), world.alice.subject);
    assert_eq!((of(&rest.items), rest.next), (bob.subject.clone(), None));

    let sales = group("sales", &[]);
    assert!(put_group(&store, sales, None).await.unwrap());
    for user in [&world.alice, &bob] {
        assert!(join(&store, "sales", user, true).await.unwrap());
    }
    let first = store.group_members("sales", Page::first(1)).await.unwrap();
    let rest = store.group_members("sales", after(first.next, 1)).await;
    let rest = rest.unwrap();
    assert_eq!(first.items[0].user.subject, world.alice.subject);
    assert_eq!(rest.items[0].user.subject, bob.subject);
    assert_eq!(rest.next, None);
}

pub async fn a_member_is_changed_and_removed_alone(store: AnyStore) {
    let (world, bob) = two_organizations(&store).await;
    let bobs = session("two", &bob, 0);
    world.open(&bobs, None, 0).await;
    let mut made = Vec::new();
    for (user, session) in [("alice", &world.session), ("bob", &bobs)] {
        for org in ["acme", "beta"] {
            let mut codes = ["grant", "code"].map(|what| {
                let name = format!("{user} {org} {what}");
                code(&name, session, &world.spa, OFFLINE, 3)
            });
            for code in &mut codes {
                code.organization = Some(id(org));
                assert!(world.issue(code, 3).await);
            }
            let [redeemed, pending] = codes;
            assert!(matches!(world.redeem(&redeemed, 3).await, Redeemed::Done));
            made.push((user, org, grant(&redeemed, 3), pending));
        }
    }
    let changed = member(&store, "beta", &bob, &["owner"], Some(&["buyer"])).await;
    assert_eq!(changed, Ok(true));
    let roles = async |user: &User| {
        let found = store.memberships_of(&user.subject).await.unwrap();
        found.into_iter().flat_map(|m| m.roles).collect::<Vec<_>>()
    };
    assert_eq!(roles(&world.alice).await, ["buyer", "buyer"]);
    assert_eq!(roles(&bob).await, ["buyer", "owner"]);
    let gone = store.remove_member(id("beta"), bob.subject.clone(), cause(4));
    assert!(gone.await.unwrap());
    assert_eq!(roles(&world.alice).await, ["buyer", "buyer"]);
    assert_eq!(roles(&bob).await, ["buyer"]);
    for (user, org, grant, pending) in made {
        let is_his = (user, org) == ("bob", "beta");
        let dead = world.dead(&grant, 5).await.is_some();
        assert_eq!(dead, is_his, "the grant of {user} in {org}");
        let found = store.code(pending.hash, at(5)).await.unwrap();
        let dead = !matches!(found, Some(CodeLookup::Unused(_)));
        assert_eq!(dead, is_his, "the code of {user} in {org}");
    }
}

pub async fn a_role_and_a_group_are_changed_and_removed_alone(store: AnyStore) {
    let world = World::new(store.clone()).await;
    let web = sample::put(client("web"), ClientChange::Add, 0);
    assert!(store.put_client(web).await.unwrap());
    let bob = two_groups(&store).await;
    let mut roles = vec![
        role("clerk", &["a"]),
        role_of("spa", "clerk", &["a"]),
        role_of("web", "clerk", &["a"]),
        role_of("web", "other", &["a"]),
    ];
    for role in &roles {
        assert!(put_role(&store, role.clone(), None).await.unwrap());
    }
    let all = async || store.role_catalog().await.unwrap();
    let new = role_of("web", "clerk", &["b"]);
    let change = put_role(&store, new.clone(), Some(roles[2].clone())).await;
    assert_eq!(change, Ok(true));
    roles[2] = new;
    assert_eq!(all().await.roles(), roles);
    let remove = async |role: Role| {
        let removed = store.remove_role(role.name, role.client, cause(2)).await;
        assert_eq!(removed, Ok(true));
    };
    remove(roles.remove(2)).await;
    assert_eq!(all().await.roles(), roles);
    remove(roles.remove(0)).await;
    assert_eq!(all().await.roles(), roles);

    let new = group("staff", &["boss"]);
    let change = put_group(&store, new.clone(), Some(group("staff", &["clerk"]))).await;
    assert_eq!(change, Ok(true));
    let sales = group("sales", &["clerk"]);
    assert_eq!(all().await.groups(), [sales.clone(), new]);
    for user in [&world.alice, &bob] {
        for name in ["sales", "staff"] {
            assert!(join(&store, name, user, true).await.unwrap());
        }
    }
    assert!(join(&store, "staff", &bob, false).await.unwrap());
    let of = async |user: &User| store.groups_of(&user.subject).await.unwrap();
    assert_eq!(of(&bob).await, ["sales"]);
    assert_eq!(of(&world.alice).await, ["sales", "staff"]);
    assert!(
        store
            .remove_group("staff".to_owned(), cause(3))
            .await
            .unwrap()
    );
    assert_eq!(all().await.groups(), [sales]);
    assert_eq!(of(&world.alice).await, ["sales"]);
}

fn file(roles: Vec<Role>, groups: Vec<Group>, organizations: Vec<Organization>) -> ApplyFileRoles {
    let owner = Owner::File;
    let roles = roles.into_iter().map(|role| Role { owner, ..role });
    let groups = groups.into_iter().map(|group| Group { owner, ..group });
    let organizations = organizations.into_iter();
    ApplyFileRoles {
        roles: roles.collect(),
        groups: groups.collect(),
        organizations: organizations.map(|o| Organization { owner, ..o }).collect(),
        cause: cause(2),
    }
}

pub async fn d19_what_leaves_the_file_leaves_alone(store: AnyStore) {
    let world = World::new(store.clone()).await;
    assert!(put_role(&store, role("own", &[]), None).await.unwrap());
    assert!(put_group(&store, group("own", &[]), None).await.unwrap());
    let own = organization("own", &["own.example"]);
    assert!(put(&store, own.clone(), None).await.unwrap());
    let all = file(
        vec![role("a", &[]), role("b", &[]), role_of("spa", "b", &[])],
        vec![group("a", &[]), group("b", &[])],
        vec![
            organization("a", &["a.example"]),
            organization("b", &["b.example"]),
        ],
    );
    store.apply_file_roles(all).await.unwrap();
    let left = || {
        file(
            vec![role("a", &[]), role_of("spa", "b", &[])],
            vec![group("a", &[])],
            vec![organization("a", &["a.example"])],
        )
    };
    store.apply_file_roles(left()).await.unwrap();
    let catalog = store.role_catalog().await.unwrap();
    let roles = catalog.roles().iter();
    let roles: Vec<_> = roles
        .map(|r| (r.name.as_str(), r.client.is_some()))
        .collect();
    assert_eq!(roles, [("a", false), ("b", true), ("own", false)]);
    let groups = catalog.groups().iter().filter(|group| group.enabled);
    let groups: Vec<_> = groups.map(|group| group.name.as_str()).collect();
    assert_eq!(groups, ["a", "own"]);
    let organizations = store.organizations(page()).await.unwrap().items;
    let enabled = organizations.iter().filter(|o| o.enabled);
    let enabled: Vec<_> = enabled.map(|o| (o.id.as_str(), o.domains.len())).collect();
    assert_eq!(enabled, [("a", 1), ("own", 1)]);
    let count = world.events().await.len();
    store.apply_file_roles(left()).await.unwrap();
    assert_eq!(world.events().await.len(), count, "disabled once");
    // A domain that leaves takes no other along.
    let without = file(Vec::new(), Vec::new(), vec![organization("a", &[])]);
    store.apply_file_roles(without).await.unwrap();
    assert_eq!(store.organization(&own.id).await.unwrap(), Some(own));
}

/// Alice with a password and an app, Bob with another, and Carol with an app only.
pub async fn a_password_is_read_and_changed_beside_other_credentials(store: AnyStore) {
    let (world, bob) = enrolled(store).await;
    let (store, alice) = (&world.store, &world.alice);
    let carol = user("carol");
    let add = AddUser {
        user: carol.clone(),
        password_hash: None,
        cause: cause(0),
    };
    store.add_user(add).await.unwrap();
    let app = enrolment(&carol, &["one"], 5);
    assert!(store.enrol_totp(app).await.unwrap());
    let hash = password().map(|hash| hash.expose().clone());
    for typed in ["alice", "alice@example.test"] {
        let name = Username::parse(typed).unwrap();
        let found = store.login_user(&name).await.unwrap().unwrap();
        let found = found
            .password
            .map(|password| password.hash.expose().clone());
        assert_eq!(found, hash);
    }
    for typed in ["carol", "carol@example.test"] {
        let name = Username::parse(typed).unwrap();
        let found = store.login_user(&name).await.unwrap().unwrap();
        assert!(found.password.is_none());
    }
    assert!(!store.has_password(&carol.subject).await.unwrap());
    let mut exported = Vec::new();
    let mut next = None;
    for _ in 0..4 {
        let rows = store.export_users(after(next, 1)).await.unwrap();
        exported.extend(rows.items.into_iter().map(|user| {
            let hash = user.password_hash.map(|hash| hash.expose().clone());
            (user.user.subject, hash)
        }));
        next = rows.next;
        if next.is_none() {
            break;
        }
    }
    let expected = [
        (alice.subject.clone(), hash.clone()),
        (bob.subject.clone(), hash),
        (carol.subject.clone(), None),
    ];
    assert_eq!(exported, expected);
    // The secret of an app is no password, whatever it is.
    let [sealed, new] = ["sealed of carol", "new"].map(|text| Secret::new(text.to_owned()));
    let upgrade = store.upgrade_password_hash(carol.subject.clone(), sealed, new);
    upgrade.await.unwrap();
    let attempt = AttemptFactor {
        subject: carol.subject.clone(),
        lane: FactorLane::Others,
        cause: cause(6),
    };
    let FactorAttempt::Begun { totp: Some(totp) } = store.attempt_factor(attempt).await.unwrap()
    else {
        panic!("no app")
    };
    assert_eq!(totp.sealed.expose(), "sealed of carol");
    let login = OpenSession {
        session: session("three", &carol, 6),
        previous: None,
        passkey: None,
        password_set_at: Some(at(5)),
        upstream: None,
        notice: None,
        cause: cause(6),
    };
    assert!(store.open_session(login).await.unwrap().is_none());
}

pub async fn an_account_that_has_expired_has_no_links(store: AnyStore) {
    super::users::add(&store, "alice").await.unwrap();
    let alice = user("alice").subject;
    let make = |name: &str, seconds| MakeLink {
        subject: alice.clone(),
        link: NewLink {
            token: tag(name),
            purpose: LinkPurpose::PasswordReset,
            payload: None,
            expires_at: at(DAY),
        },
        mail: None,
        cause: cause(seconds),
    };
    assert!(store.make_link(make("one", 1)).await.unwrap());
    let expiry = UserChange {
        subject: alice.clone(),
        update: UserUpdate {
            expires_at: Some(Some(at(HOUR))),
            ..UserUpdate::default()
        },
        cause: cause(2),
    };
    assert!(store.change_user(expiry).await.unwrap());
    for (seconds, lives) in [(HOUR - 1, true), (HOUR, false)] {
        let found = store.link(tag("one"), at(seconds)).await.unwrap();
        assert_eq!(found.is_some(), lives);
        let made = store.make_link(make("two", seconds)).await;
        assert_eq!(made, Ok(lives));
    }
}

pub async fn a_link_ends_what_it_says_of_its_own_user(store: AnyStore) {
    use LinkPurpose::{EmailUndo, NotMe, PasswordReset, VerifyEmail};
    let (world, bob) = enrolled(store).await;
    let (store, alice) = (&world.store, &world.alice);
    let name = |user: &User, purpose| tag(&format!("{} {purpose:?}", user.username));
    let purposes = [PasswordReset, VerifyEmail, EmailUndo, NotMe];
    for user in [alice, &bob] {
        let change = EmailChange {
            from: user.email.clone(),
            to: EmailAddress::parse(user.email.as_deref().unwrap()).unwrap(),
        };
        for purpose in purposes {
            let command = MakeLink {
                subject: user.subject.clone(),
                link: NewLink {
                    token: name(user, purpose),
                    purpose,
                    payload: match purpose {
                        VerifyEmail => Some(change.to_payload()),
                        NotMe => {
                            super::not_me::not_me("", user.email.as_deref().unwrap(), 1).payload
                        }
                        _ => user.email.clone(),
                    },
                    expires_at: at(HOUR),
                },
                mail: None,
                cause: cause(1),
            };
            assert!(store.make_link(command).await.unwrap());
        }
    }
    let take = async |user: &User, purpose, effect| {
        let command = TakeLink {
            token: name(user, purpose),
            effect,
            next: None,
            mails: Vec::new(),
            cause: cause(2),
        };
        let taken = store.take_link(command).await.unwrap();
        assert_eq!(taken.unwrap().subject, user.subject);
    };
    let left = async |user: &User| {
        let mut left = Vec::new();
        for purpose in purposes {
            let found = store.link(name(user, purpose), at(3)).await.unwrap();
            left.extend(found.map(|found| found.purpose));
        }
        left
    };
    take(&bob, NotMe, LinkEffect::NotMe).await;
    assert_eq!(left(&bob).await, [EmailUndo]);
    assert_eq!(left(alice).await, purposes);
    assert!(!store.has_password(&bob.subject).await.unwrap());
    assert!(store.has_password(&alice.subject).await.unwrap());
    let factors = store.factors(&bob.subject).await.unwrap();
    assert!(factors.totp.is_some(), "only the password was stolen");
    let hash = Secret::new("$argon2id$new".to_owned());
    let effect = LinkEffect::SetPassword(hash);
    take(alice, PasswordReset, effect).await;
    assert_eq!(left(alice).await, [EmailUndo, NotMe]);
}
