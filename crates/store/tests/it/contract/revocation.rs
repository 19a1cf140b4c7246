use cardea_protocol::model::*;
use cardea_store::*;

use crate::sample::*;

fn revocation(grant: &Grant, seconds: i64) -> RevokeGrant {
    let reason = RevocationReason::Operator;
    RevokeGrant {
        id: grant.id,
        subject: None,
        client_id: None,
        reason,
        cause: cause(seconds),
    }
}

pub(crate) async fn a_grant_is_revoked_once(store: AnyStore) {
    let world = World::new(store).await;
    let grant = world.grant("a", OFFLINE, 0).await;
    assert!(
        world
            .store
            .revoke_grant(revocation(&grant, 1))
            .await
            .unwrap()
    );
    assert!(
        !world
            .store
            .revoke_grant(revocation(&grant, 2))
            .await
            .unwrap()
    );
    let state = GrantState::Revoked(Revocation {
        at: at(1),
        reason: RevocationReason::Operator,
    });
    assert_eq!(world.stored(&grant).await.state, state);
    let filter = AuditFilter {
        event: Some(AuditEvent::GrantRevoked),
        ..Default::default()
    };
    let rows = world.store.audit(filter, page()).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].subject.as_ref(), Some(&world.alice.subject));
    assert_eq!(
        (rows[0].client_id.as_ref(), rows[0].grant_id),
        (Some(world.spa.id()), Some(grant.id))
    );
}

pub(crate) async fn only_the_owner_revokes(store: AnyStore) {
    let world = World::new(store).await;
    let grant = world.grant("a", OFFLINE, 0).await;
    let foreign = [
        RevokeGrant {
            subject: Some(user("bob").subject),
            ..revocation(&grant, 1)
        },
        RevokeGrant {
            client_id: Some(client("web").id().clone()),
            ..revocation(&grant, 1)
        },
    ];
    for command in foreign {
        assert!(!world.store.revoke_grant(command).await.unwrap());
    }
    assert_eq!(world.dead(&grant, 1).await, None);
    let subject = Some(world.alice.subject.clone());
    let client_id = Some(world.spa.id().clone());
    assert!(
        world
            .store
            .revoke_grant(RevokeGrant {
                subject,
                client_id,
                ..revocation(&grant, 1)
            })
            .await
            .unwrap()
    );
    assert_eq!(world.dead(&grant, 1).await, Some("the grant was revoked"));
}

pub(crate) async fn one_token_is_revoked(store: AnyStore) {
    let world = World::new(store).await;
    let grant = world.grant("a", ONLINE, 0).await;
    let revoke = || RevokeToken {
        jti: jti("t1"),
        client_id: world.spa.id().clone(),
        expires_at: at(15 * MINUTE),
        cause: cause(1),
    };
    assert!(!world.store.token_revoked(&jti("t1")).await.unwrap());
    world.store.revoke_token(revoke()).await.unwrap();
    world.store.revoke_token(revoke()).await.unwrap();
    assert!(world.store.token_revoked(&jti("t1")).await.unwrap());
    let revoked = |token: &'static str| {
        let (store, id) = (world.store.clone(), grant.id);
        async move {
            let state = store.token_state(id, &jti(token), at(1)).await.unwrap();
            let life = store.token_life(id, &jti(token), at(1)).await.unwrap();
            let revoked = state.unwrap().jti_revoked;
            assert_eq!(life.unwrap().jti_revoked, revoked);
            revoked
        }
    };
    assert!(revoked("t1").await);
    assert!(!revoked("t2").await);
    assert_eq!(world.dead(&grant, 1).await, None);
    assert_eq!(world.count(AuditEvent::TokenRevoked).await, 1);
}

pub(crate) async fn an_application_is_revoked_whole(store: AnyStore) {
    let world = World::new(store).await;
    let web = client("web");
    world
        .store
        .put_client(put(web.clone(), ClientChange::Add, 0))
        .await
        .unwrap();
    let (online, offline) = (
        world.grant("a", ONLINE, 0).await,
        world.grant("b", OFFLINE, 0).await,
    );
    let pending = code("c", &world.session, &world.spa, OFFLINE, 0);
    let command = IssueCode {
        code: pending.clone(),
        consent: ConsentChange::Grow(pending.scope.clone()),
        cause: cause(0),
    };
    assert!(world.store.issue_code(command).await.unwrap());
    let elsewhere = code("d", &world.session, &web, ONLINE, 0);
    assert!(world.issue(&elsewhere, 0).await);

    let command = || RevokeApplication {
        subject: world.alice.subject.clone(),
        client_id: world.spa.id().clone(),
        cause: cause(1),
    };
    assert_eq!(world.store.revoke_application(command()).await.unwrap(), 2);
    assert_eq!(world.store.revoke_application(command()).await.unwrap(), 0);
    for grant in [&online, &offline] {
        assert_eq!(world.dead(grant, 1).await, Some("the grant was revoked"));
    }
    assert!(
        world
            .store
            .consent(&world.alice.subject, world.spa.id())
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        matches!(world.redeem(&pending, 1).await, Redeemed::Dead(_)),
        "no code brings it back"
    );
    assert!(
        world
            .store
            .code(elsewhere.hash, at(0))
            .await
            .unwrap()
            .is_some(),
        "other clients are not concerned"
    );
    assert_eq!(world.count(AuditEvent::ConsentRevoked).await, 1);
}

pub(crate) async fn logout_takes_what_hangs_on_the_session(store: AnyStore) {
    let world = World::new(store).await;
    let (online, offline) = (
        world.grant("a", ONLINE, 0).await,
        world.grant("b", OFFLINE, 0).await,
    );
    let pending = world.code("c", OFFLINE, 0).await;
    let other = session("two", &world.alice, 0);
    world.open(&other, None, 0).await;
    let elsewhere = code("d", &other, &world.spa, ONLINE, 0);
    assert!(world.issue(&elsewhere, 0).await);
    assert!(matches!(world.redeem(&elsewhere, 0).await, Redeemed::Done));

    assert_eq!(
        world
            .end(EndWhich::Id(world.session.id), SessionEnd::Logout, 1)
            .await,
        1
    );
    let state = GrantState::Revoked(Revocation {
        at: at(1),
        reason: RevocationReason::Logout,
    });
    assert_eq!(world.stored(&online).await.state, state);
    assert_eq!(
        world.dead(&offline, 1).await,
        None,
        "offline access outlives the session"
    );
    assert!(
        world
            .store
            .code(pending.hash, at(0))
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(
        world.dead(&grant(&elsewhere, 0), 1).await,
        None,
        "another browser goes on"
    );
}

pub(crate) async fn disabled_parties_have_no_living_tokens(store: AnyStore) {
    let world = World::new(store).await;
    let grant = world.grant("a", OFFLINE, 0).await;
    let id = world.spa.id().clone();
    world
        .store
        .set_client_status(id.clone(), ClientStatus::Disabled, cause(1))
        .await
        .unwrap();
    assert_eq!(world.dead(&grant, 1).await, Some("the client is disabled"));
    let verdict = world.rotate(rotation(&grant, 0, 1)).await;
    assert_eq!(
        verdict.write,
        cardea_protocol::token::refresh_token::Write::Nothing
    );
    let listed = world
        .store
        .grants_of(&world.alice.subject, at(1))
        .await
        .unwrap();
    assert!(!listed[0].standing.client_enabled, "it rests");
    world
        .store
        .set_client_status(id, ClientStatus::Enabled, cause(2))
        .await
        .unwrap();
    assert_eq!(world.dead(&grant, 2).await, None);
}

pub(crate) async fn removing_a_user_removes_everything(store: AnyStore) {
    let world = World::new(store).await;
    let (grant, code) = (
        world.grant("a", OFFLINE, 0).await,
        world.code("b", ONLINE, 0).await,
    );
    let subject = world.alice.subject.clone();
    assert!(
        world
            .store
            .remove_user(subject.clone(), cause(1))
            .await
            .unwrap()
    );
    assert!(
        !world
            .store
            .remove_user(subject.clone(), cause(1))
            .await
            .unwrap()
    );
    assert!(world.store.user(&subject).await.unwrap().is_none());
    assert!(
        world
            .store
            .session(world.session.id, at(1))
            .await
            .unwrap()
            .is_none()
    );
    assert!(world.store.code(code.hash, at(0)).await.unwrap().is_none());
    assert_eq!(world.dead(&grant, 1).await, Some("the grant is gone"));
    assert!(
        world
            .store
            .grants_of(&subject, at(1))
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        world.events().await.last(),
        Some(&AuditEvent::UserRemoved),
        "and the audit outlives them"
    );
}

/// What ends the sessions of a user.
#[derive(Debug, Clone, Copy)]
enum Ending {
    Logout,
    Remote,
    AnotherUser,
    Expiry,
    OperatorKeepsApplications,
    Compromised,
    NewPassword,
    NewPasswordKeepsApplications,
    Disabled,
}

impl Ending {
    /// Whether grants with `offline_access`, also of earlier sessions, are revoked, and known devices forgotten.
    fn locks_out(self) -> bool {
        matches!(self, Self::Compromised | Self::NewPassword | Self::Disabled)
    }

    fn forgets_devices(self) -> bool {
        self.locks_out() || matches!(self, Self::NewPasswordKeepsApplications)
    }

    async fn take_place(self, world: &World) {
        let all = || EndWhich::Subject(world.alice.subject.clone());
        let end = async |why, applications| {
            let command = EndSessions {
                which: all(),
                why,
                applications,
                cause: cause(10),
            };
            world.store.end_sessions(command).await.unwrap();
        };
        let change = async |update| {
            let command = UserChange {
                subject: world.alice.subject.clone(),
                update,
                cause: cause(10),
            };
            assert!(world.store.change_user(command).await.unwrap());
        };
        let password = |applications| UserUpdate {
            password_hash: Some(cardea_seal::Secret::new("$argon2id$new".to_owned())),
            applications,
            ..UserUpdate::default()
        };
        match self {
            Self::Logout => end(SessionEnd::Logout, Applications::Keep).await,
            Self::Remote => end(SessionEnd::Remote, Applications::Keep).await,
            Self::AnotherUser => {
                let bob = user("bob");
                let command = AddUser {
                    user: bob.clone(),
                    cause: cause(9),
                };
                world.store.add_user(command).await.unwrap();
                let session = session("bobs", &bob, 10);
                world.open(&session, Some(world.session.id), 10).await;
            }
            Self::Expiry => {
                let (now, audit_ttl) = (at(9 * HOUR), jiff::SignedDuration::from_hours(9999));
                world.store.sweep(now, 100, audit_ttl).await.unwrap();
            }
            Self::OperatorKeepsApplications => {
                end(SessionEnd::Operator, Applications::Keep).await;
            }
            Self::Compromised => end(SessionEnd::Operator, Applications::Revoke).await,
            Self::NewPassword => change(password(Applications::Revoke)).await,
            Self::NewPasswordKeepsApplications => change(password(Applications::Keep)).await,
            Self::Disabled => {
                change(UserUpdate {
                    status: Some(UserStatus::Disabled),
                    ..UserUpdate::default()
                })
                .await;
                change(UserUpdate {
                    status: Some(UserStatus::Enabled),
                    ..UserUpdate::default()
                })
                .await;
            }
        }
    }
}

/// Reason × (offline grant, offline grant of an earlier session, online grant, code, known device).
async fn check(ending: Ending, store: AnyStore) {
    let world = World::new(store).await;
    // A grant of a session that has ended before: whoever has its tokens needs no living session.
    let earlier = session("earlier", &world.alice, 0);
    world.open(&earlier, None, 0).await;
    let left_behind = code("left", &earlier, &world.spa, OFFLINE, 0);
    assert!(world.issue(&left_behind, 0).await);
    assert!(matches!(
        world.redeem(&left_behind, 0).await,
        Redeemed::Done
    ));
    world
        .end(EndWhich::Id(earlier.id), SessionEnd::Logout, 1)
        .await;

    let online = world.grant("a", ONLINE, 1).await;
    let offline = world.grant("b", OFFLINE, 1).await;
    let pending = world.code("c", OFFLINE, 1).await;
    ending.take_place(&world).await;

    let after = 9 * HOUR;
    assert!(world.dead(&online, after).await.is_some(), "online");
    let code = world.store.code(pending.hash, at(2)).await.unwrap();
    assert!(code.is_none(), "code");
    for (name, grant) in [("offline", offline), ("left", grant(&left_behind, 0))] {
        let revoked = world.dead(&grant, after).await.is_some();
        assert_eq!(revoked, ending.locks_out(), "{name}");
    }
    let alice = world.store.user(&world.alice.subject).await.unwrap();
    let forgotten = alice.unwrap().devices_since.is_some();
    assert_eq!(forgotten, ending.forgets_devices(), "devices");
}

macro_rules! endings {
    ($($case:ident: $ending:ident),* $(,)?) => {
        $(pub(crate) async fn $case(store: AnyStore) {
            check(Ending::$ending, store).await;
        })*
    };
}

endings! {
    t1_a_logout_keeps_offline_access: Logout,
    t1_a_remote_logout_keeps_offline_access: Remote,
    t1_another_user_keeps_offline_access: AnotherUser,
    t1_expiry_keeps_offline_access: Expiry,
    t1_an_operator_may_keep_applications: OperatorKeepsApplications,
    t1_a_compromised_user_loses_everything: Compromised,
    t1_a_new_password_revokes_everything: NewPassword,
    t1_a_new_password_may_keep_applications: NewPasswordKeepsApplications,
    t1_a_disabled_user_loses_everything: Disabled,
}
