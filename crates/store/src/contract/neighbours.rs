//! A verb reads and changes what it names, and nothing of another user, client, session or grant.

use std::collections::{BTreeMap, BTreeSet};

use cardea_protocol::{model::*, scope::Scope};

use super::sample::*;
use crate::*;

/// Alice and Bob, each with a session and, at each of two clients, a consent and two grants.
struct Neighbours {
    world: World,
    bob: User,
    web: Client,
    grants: BTreeMap<String, Grant>,
}

impl Neighbours {
    async fn new(store: AnyStore) -> Self {
        let world = World::new(store).await;
        let (bob, web) = (user("bob"), client("web"));
        let add = AddUser {
            user: bob.clone(),
            password_hash: password(),
            cause: cause(0),
        };
        world.store.add_user(add).await.unwrap();
        let bobs = session("two", &bob, 0);
        world.open(&bobs, None, 0).await;
        let add = put(web.clone(), ClientChange::Add, 0);
        assert!(world.store.put_client(add).await.unwrap());
        let mut grants = BTreeMap::new();
        for (name, session) in [("alice", &world.session), ("bob", &bobs)] {
            for client in [&world.spa, &web] {
                for place in ["first", "second"] {
                    let name = format!("{name} {} {place}", client.id().as_str());
                    let code = code(&name, session, client, OFFLINE, 0);
                    grants.insert(name, grant(&code, 0));
                    allow(&world, &code, client).await;
                }
            }
        }
        Self {
            world,
            bob,
            web,
            grants,
        }
    }

    /// Everything that lists show, by the name of its row.
    async fn state(&self) -> BTreeMap<String, String> {
        let (store, now) = (&self.world.store, at(1));
        let mut state = BTreeMap::new();
        for view in store.users(Page::first(MAX_PAGE)).await.unwrap().items {
            let user = &view.user;
            let name = user.username.as_str().to_owned();
            let locked = store.locked_until(&user.subject).await.unwrap();
            let known = (user.status, &user.email, &user.roles, &user.claims);
            let login = store.login_user(&user.username).await.unwrap().unwrap();
            let hash = login.password.map(|p| p.hash.expose().clone());
            let text = format!("{known:?} {} {locked:?} {hash:?}", view.has_password);
            state.insert(format!("user {name}"), text);
            for consent in store.consents_of(&user.subject).await.unwrap() {
                assert_eq!(consent.subject, user.subject);
                let client = consent.client_id.as_str();
                let found = store.consent(&user.subject, &consent.client_id).await;
                assert_eq!(found.unwrap().as_ref(), Some(&consent));
                state.insert(format!("consent {name} {client}"), format!("{consent:?}"));
            }
            let page = Page::first(MAX_PAGE);
            for view in store
                .grants_of(&user.subject, page, now)
                .await
                .unwrap()
                .items
            {
                assert_eq!(view.grant.subject, user.subject);
            }
            let page = Page::first(MAX_PAGE);
            for session in store
                .sessions_of(&user.subject, page, now)
                .await
                .unwrap()
                .items
            {
                assert_eq!(session.subject, user.subject);
                let key = format!("session {name} {}", session.sid.as_str());
                state.insert(key, format!("{session:?}"));
            }
        }
        for client in store.clients(Page::first(MAX_PAGE)).await.unwrap().items {
            let metadata = serde_json::to_string(client.metadata()).unwrap();
            let text = format!(
                "{:?} {:?} {metadata}",
                client.status(),
                client.secret_hash()
            );
            state.insert(format!("client {}", client.id().as_str()), text);
        }
        for (name, grant) in &self.grants {
            let found = store.token_state(grant.id, &jti("any"), now).await.unwrap();
            let text = found.map(|found| (found.grant, found.standing, found.user.username));
            state.insert(format!("grant {name}"), format!("{text:?}"));
        }
        state
    }

    /// The rows that differ from those before.
    async fn changed(&self, before: &BTreeMap<String, String>) -> BTreeSet<String> {
        let after = self.state().await;
        let all = before.keys().chain(after.keys());
        let differ = all.filter(|name| before.get(*name) != after.get(*name));
        differ.cloned().collect()
    }

    fn grant(&self, name: &str) -> &Grant {
        &self.grants[name]
    }
}

async fn allow(world: &World, code: &Code, client: &Client) {
    let allow = IssueCode {
        code: code.clone(),
        consent: ConsentChange::Grow(code.scope.clone()),
        cause: cause(0),
    };
    assert!(world.store.issue_code(allow).await.unwrap());
    let redemption = RedeemCode {
        proof: proof(client, &code.binding),
        ..world.redemption(code, 0)
    };
    let redeemed = world.store.redeem_code(redemption).await.unwrap();
    assert!(matches!(redeemed, Redeemed::Done));
}

fn rows(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

pub async fn a_revocation_takes_only_what_it_names(store: AnyStore) {
    let all = Neighbours::new(store).await;
    let (store, alice) = (&all.world.store, &all.world.alice);
    let before = all.state().await;
    let grant = all.grant("alice spa first");
    let revoke = |subject: &User, client: &Client| RevokeGrant {
        id: grant.id,
        subject: Some(subject.subject.clone()),
        client_id: Some(client.id().clone()),
        reason: RevocationReason::Person,
        cause: cause(1),
    };
    assert!(
        !store
            .revoke_grant(revoke(&all.bob, &all.world.spa))
            .await
            .unwrap()
    );
    assert!(!store.revoke_grant(revoke(alice, &all.web)).await.unwrap());
    assert_eq!(all.changed(&before).await, rows(&[]));
    assert!(
        store
            .revoke_grant(revoke(alice, &all.world.spa))
            .await
            .unwrap()
    );
    assert_eq!(all.changed(&before).await, rows(&["grant alice spa first"]));

    let before = all.state().await;
    let application = RevokeApplication {
        subject: alice.subject.clone(),
        client_id: all.web.id().clone(),
        cause: cause(1),
    };
    store.revoke_application(application).await.unwrap();
    let expected = [
        "consent alice web",
        "grant alice web first",
        "grant alice web second",
    ];
    assert_eq!(all.changed(&before).await, rows(&expected));
}

pub async fn a_consent_grows_at_one_client_for_one_user(store: AnyStore) {
    let all = Neighbours::new(store).await;
    let before = all.state().await;
    let code = code("more", &all.world.session, &all.web, ONLINE, 1);
    let more = IssueCode {
        code,
        consent: ConsentChange::Grow(Scope::parse("openid orders:write").unwrap()),
        cause: cause(1),
    };
    assert!(all.world.store.issue_code(more).await.unwrap());
    assert_eq!(all.changed(&before).await, rows(&["consent alice web"]));
}

pub async fn a_session_ends_and_moves_alone(store: AnyStore) {
    let all = Neighbours::new(store).await;
    let (store, alice) = (&all.world.store, &all.world.alice);
    let before = all.state().await;
    let idle = jiff::SignedDuration::from_mins(40);
    let id = all.world.session.id;
    store.touch_session(id, at(120), idle).await.unwrap();
    assert_eq!(all.changed(&before).await, rows(&["session alice sid-one"]));

    let before = all.state().await;
    let sid = all.world.session.sid.clone();
    let foreign = EndWhich::Sid(sid.clone(), Some(all.bob.subject.clone()));
    assert_eq!(all.world.end(foreign, SessionEnd::Logout, 1).await, 0);
    assert_eq!(all.changed(&before).await, rows(&[]));
    let elsewhere = session("elsewhere", alice, 0);
    all.world.open(&elsewhere, None, 0).await;
    let code = code("elsewhere", &elsewhere, &all.world.spa, ONLINE, 0);
    allow(&all.world, &code, &all.world.spa).await;
    let own = EndWhich::Sid(sid, Some(alice.subject.clone()));
    assert_eq!(all.world.end(own, SessionEnd::Logout, 1).await, 1);
    let changed = all.changed(&before).await;
    assert!(changed.contains("session alice sid-one"));
    assert_eq!(all.world.dead(&grant(&code, 0), 1).await, None);
    assert!(
        changed.iter().all(|name| !name.contains("bob")),
        "{changed:?}"
    );
}

pub async fn a_user_is_changed_and_removed_alone(store: AnyStore) {
    let all = Neighbours::new(store).await;
    let (store, alice) = (&all.world.store, &all.world.alice);
    let before = all.state().await;
    for _ in 0..12 {
        let failure = store.record_login_failure(alice.subject.clone(), cause(1));
        failure.await.unwrap();
    }
    let change = |update| UserChange {
        subject: alice.subject.clone(),
        update,
        cause: cause(1),
    };
    let roles = UserUpdate {
        roles: Some(vec!["buyer".to_owned()]),
        ..Default::default()
    };
    assert!(store.change_user(change(roles)).await.unwrap());
    assert_eq!(all.changed(&before).await, rows(&["user alice"]));
    for update in [
        UserUpdate {
            password_hash: Some(cardea_seal::Secret::new("another".to_owned())),
            ..Default::default()
        },
        UserUpdate {
            status: Some(UserStatus::Disabled),
            ..Default::default()
        },
    ] {
        assert!(store.change_user(change(update)).await.unwrap());
    }
    assert!(
        store
            .remove_user(alice.subject.clone(), cause(1))
            .await
            .unwrap()
    );
    let changed = all.changed(&before).await;
    assert!(
        changed.iter().all(|name| name.contains("alice")),
        "{changed:?}"
    );
    assert_eq!(changed.len(), 8, "{changed:?}");
}

pub async fn a_client_is_disabled_and_removed_alone(store: AnyStore) {
    let all = Neighbours::new(store).await;
    let store = &all.world.store;
    let before = all.state().await;
    let id = all.web.id().clone();
    let disabled = store.set_client_status(id.clone(), ClientStatus::Disabled, cause(1));
    assert!(disabled.await.unwrap());
    assert!(store.remove_client(id, cause(1)).await.unwrap());
    let changed = all.changed(&before).await;
    assert!(
        changed.iter().all(|name| name.contains("web")),
        "{changed:?}"
    );
    assert_eq!(changed.len(), 7, "{changed:?}");
}

pub async fn a_refresh_token_is_rotated_alone(store: AnyStore) {
    let all = Neighbours::new(store).await;
    let store = &all.world.store;
    let grant = all.grant("bob web second");
    let now = |seconds| rotation(grant, 0, seconds);
    let name = rows(&["grant bob web second"]);
    let before = all.state().await;
    assert!(store.rotate_refresh(now(1)).await.unwrap().is_some());
    assert_eq!(all.changed(&before).await, name);
    // A retry.
    let before = all.state().await;
    assert!(store.rotate_refresh(now(2)).await.unwrap().is_some());
    assert_eq!(all.changed(&before).await, name);
}

pub async fn a_token_is_noted_as_seen_and_its_reuse_revoked_alone(store: AnyStore) {
    let all = Neighbours::new(store).await;
    let store = &all.world.store;
    let grant = all.grant("bob web second");
    let name = rows(&["grant bob web second"]);
    assert!(rotates(&all, grant, 1).await);
    let before = all.state().await;
    store.note_refresh_seen(grant.id, 0).await.unwrap();
    assert_eq!(all.changed(&before).await, rows(&[]), "not the current one");
    store.note_refresh_seen(grant.id, 1).await.unwrap();
    assert_eq!(all.changed(&before).await, name);
    // The token before one that was seen in use: reuse.
    let before = all.state().await;
    assert!(!rotates(&all, grant, 3).await);
    assert_eq!(all.changed(&before).await, name);
    assert!(all.state().await["grant bob web second"].contains("Revoked"));
}

pub async fn a_refresh_keeps_its_own_session_alive(store: AnyStore) {
    let all = Neighbours::new(store).await;
    let code = code("online", &all.world.session, &all.world.spa, ONLINE, 0);
    allow(&all.world, &code, &all.world.spa).await;
    let before = all.state().await;
    assert!(rotates(&all, &grant(&code, 0), 120).await);
    assert_eq!(all.changed(&before).await, rows(&["session alice sid-one"]));
}

/// Whether a refresh token of the grant, as it was read before, is rotated now.
async fn rotates(all: &Neighbours, grant: &Grant, seconds: i64) -> bool {
    let verdict = all.world.rotate(rotation(grant, 0, seconds)).await;
    matches!(
        verdict.write,
        cardea_protocol::token::refresh_token::Write::Rotate(_)
    )
}

pub async fn a_rotation_depends_on_its_own_user_client_and_session(store: AnyStore) {
    let all = Neighbours::new(store).await;
    let store = &all.world.store;
    let disable = UserChange {
        subject: all.world.alice.subject.clone(),
        update: UserUpdate {
            status: Some(UserStatus::Disabled),
            applications: Applications::Keep,
            ..Default::default()
        },
        cause: cause(1),
    };
    assert!(store.change_user(disable).await.unwrap());
    assert!(!rotates(&all, all.grant("alice spa first"), 2).await);
    assert!(rotates(&all, all.grant("bob spa first"), 2).await);
    let disabled = ClientStatus::Disabled;
    let id = all.web.id().clone();
    assert!(
        store
            .set_client_status(id, disabled, cause(3))
            .await
            .unwrap()
    );
    assert!(!rotates(&all, all.grant("bob web first"), 4).await);
    assert!(rotates(&all, all.grant("bob spa second"), 4).await);
}

pub async fn an_expired_session_is_not_replaced_by_another(store: AnyStore) {
    let all = Neighbours::new(store).await;
    let code = code("online", &all.world.session, &all.world.spa, ONLINE, 0);
    allow(&all.world, &code, &all.world.spa).await;
    let later = session("three", &all.bob, 40 * MINUTE);
    all.world.open(&later, None, 40 * MINUTE).await;
    assert!(!rotates(&all, &grant(&code, 0), 45 * MINUTE).await);
}
