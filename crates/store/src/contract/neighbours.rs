//! A verb reads and changes what it names, and nothing of another user, client, session, code or grant.

use std::collections::{BTreeMap, BTreeSet};

use cardea_protocol::{model::*, scope::Scope};

use super::sample::*;
use crate::*;

/// Alice and Bob, each with a session and, at each of two clients, a consent, two grants and a code that is not redeemed.
pub(super) struct Neighbours {
    pub(super) world: World,
    pub(super) bob: User,
    pub(super) web: Client,
    grants: BTreeMap<String, Grant>,
    codes: BTreeMap<String, Code>,
}

impl Neighbours {
    pub(super) async fn new(store: AnyStore) -> Self {
        let world = World::new(store).await;
        let (bob, bobs, web) = others(&world).await;
        let (mut grants, mut codes) = (BTreeMap::new(), BTreeMap::new());
        for (name, session) in [("alice", &world.session), ("bob", &bobs)] {
            for client in [&world.spa, &web] {
                for place in ["first", "second"] {
                    let name = format!("{name} {} {place}", client.id().as_str());
                    let code = code(&name, session, client, OFFLINE, 0);
                    grants.insert(name, grant(&code, 0));
                    allow(&world, &code, client).await;
                }
                let name = format!("{name} {}", client.id().as_str());
                let code = code(&name, session, client, ONLINE, 0);
                assert!(world.issue(&code, 0).await);
                codes.insert(name, code);
            }
        }
        Self {
            world,
            bob,
            web,
            grants,
            codes,
        }
    }

    /// Everything that lists show, by the name of its row.
    pub(super) async fn state(&self) -> BTreeMap<String, String> {
        let (store, now) = (&self.world.store, at(1));
        let mut state = BTreeMap::new();
        for view in store.users(Page::first(MAX_PAGE)).await.unwrap().items {
            let user = &view.user;
            let name = user.username.as_str().to_owned();
            let locked = store.locked_until(&user.subject).await.unwrap();
            let known = (user.status, &user.email, &user.roles);
            let login_state = (user.failures, user.devices_since);
            let login = store.login_user(&user.username).await.unwrap().unwrap();
            let hash = login.password.map(|p| p.hash.expose().clone());
            let text = format!(
                "{known:?} {login_state:?} {} {locked:?} {hash:?}",
                view.has_password
            );
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
        for (name, code) in &self.codes {
            let found = store.code(code.hash, now).await.unwrap();
            let text = match found {
                Some(CodeLookup::Unused(context)) => {
                    format!("{:?} {:?}", context.code, context.sid)
                }
                _ => "not found, or used".to_owned(),
            };
            state.insert(format!("code {name}"), text);
        }
        for (name, grant) in &self.grants {
            let found = store.token_state(grant.id, &jti("any"), now).await.unwrap();
            let text = found.map(|found| (found.grant, found.standing, found.user.username));
            state.insert(format!("grant {name}"), format!("{text:?}"));
        }
        state
    }

    /// The rows that differ from those before.
    pub(super) async fn changed(&self, before: &BTreeMap<String, String>) -> BTreeSet<String> {
        let after = self.state().await;
        let all = before.keys().chain(after.keys());
        let differ = all.filter(|name| before.get(*name) != after.get(*name));
        differ.cloned().collect()
    }

    pub(super) fn grant(&self, name: &str) -> &Grant {
        &self.grants[name]
    }
}

/// Bob, logged in, and the client `web`.
pub(super) async fn others(world: &World) -> (User, Session, Client) {
    let (bob, web) = (user("bob"), client("web"));
    let add = AddUser {
        user: bob.clone(),
        password_hash: password(),
        cause: cause(0),
    };
    world.store.add_user(add).await.unwrap();
    let bobs = session("two", &bob, 0);
    world.open(&bobs, None, 0).await;
    let put = world
        .store
        .put_client(put(web.clone(), ClientChange::Add, 0));
    assert!(put.await.unwrap());
    (bob, bobs, web)
}

pub(super) async fn allow(world: &World, code: &Code, client: &Client) {
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

pub(super) fn rows(names: &[&str]) -> BTreeSet<String> {
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

    for user in [alice, &all.bob] {
        let before = all.state().await;
        let application = RevokeApplication {
            subject: user.subject.clone(),
            client_id: all.web.id().clone(),
            cause: cause(1),
        };
        store.revoke_application(application).await.unwrap();
        let name = user.username.as_str();
        let expected = [
            format!("code {name} web"),
            format!("consent {name} web"),
            format!("grant {name} web first"),
            format!("grant {name} web second"),
        ];
        assert_eq!(all.changed(&before).await, expected.into());
    }
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
    let (id, idle) = (all.world.session.id, jiff::SignedDuration::from_mins(40));
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
    let failure = store.record_login_failure(all.bob.subject.clone(), None, cause(1));
    failure.await.unwrap();
    let before = all.state().await;
    for _ in 0..12 {
        let failure = store.record_login_failure(alice.subject.clone(), None, cause(1));
        failure.await.unwrap();
    }
    let audited = all.world.count(AuditEvent::LoginFailed).await;
    assert_eq!(audited, 2, "once a minute for each user");
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
    assert_eq!(changed.len(), 10, "{changed:?}");
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
    assert_eq!(changed.len(), 9, "{changed:?}");
}

pub async fn a_revocation_is_audited_with_its_own_user_and_client(store: AnyStore) {
    let all = Neighbours::new(store).await;
    let store = &all.world.store;
    let grant = all.grant("bob web first");
    let revoke = |seconds| RevokeGrant {
        id: grant.id,
        subject: None,
        client_id: None,
        reason: RevocationReason::Operator,
        cause: cause(seconds),
    };
    let expired = grant.expires_at.duration_since(at(0)).as_secs();
    assert!(!store.revoke_grant(revoke(expired)).await.unwrap());
    assert!(store.revoke_grant(revoke(1)).await.unwrap());
    let filter = AuditFilter {
        event: Some(AuditEvent::GrantRevoked),
        ..Default::default()
    };
    let found = store.audit(filter, Page::first(MAX_PAGE)).await.unwrap();
    let named = found.items.iter().map(|row| (&row.subject, &row.client_id));
    let (subject, client) = (Some(all.bob.subject.clone()), Some(all.web.id().clone()));
    assert_eq!(named.collect::<Vec<_>>(), [(&subject, &client)]);
}

pub async fn a_login_moves_its_own_browser_and_resets_its_own_failures(store: AnyStore) {
    let all = Neighbours::new(store).await;
    let (store, alice) = (&all.world.store, &all.world.alice);
    for user in [alice, &all.bob] {
        let failure = store.record_login_failure(user.subject.clone(), None, cause(1));
        failure.await.unwrap();
    }
    let before = all.state().await;
    let again = session("again", alice, 2);
    let first = Some(all.world.session.id);
    all.world.open(&again, first, 2).await;
    let changed = all.changed(&before).await;
    let own = |name: &String| name.contains("alice") && !name.starts_with("consent");
    assert!(changed.iter().all(own), "{changed:?}");
    assert!(changed.contains("session alice sid-one"), "{changed:?}");
    assert!(changed.contains("user alice"), "{changed:?}");

    // A session that has ended is not continued.
    let id = EndWhich::Id(again.id);
    assert_eq!(all.world.end(id, SessionEnd::Logout, 3).await, 1);
    let before = all.world.events().await.len();
    let third = OpenSession {
        session: session("third", alice, 4),
        previous: Some(again.id),
        passkey: None,
        password_set_at: None,
        upstream: None,
        notice: None,
        cause: cause(4),
    };
    let sid = store.open_session(third).await.unwrap();
    assert_eq!(sid, Some(session("third", alice, 4).sid));
    assert_eq!(
        all.world.events().await.split_off(before),
        [AuditEvent::Login]
    );
}
