use cardea_protocol::model::*;

use super::sample::*;
use crate::*;

pub(super) fn revocation(grant: &Grant, seconds: i64) -> RevokeGrant {
    let reason = RevocationReason::Operator;
    RevokeGrant {
        id: grant.id,
        subject: None,
        client_id: None,
        reason,
        cause: cause(seconds),
    }
}

pub async fn a_grant_is_revoked_once(store: AnyStore) {
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
    let rows = world.store.audit(filter, page()).await.unwrap().items;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].subject.as_ref(), Some(&world.alice.subject));
    assert_eq!(
        (rows[0].client_id.as_ref(), rows[0].grant_id),
        (Some(world.spa.id()), Some(grant.id))
    );
}

pub async fn only_the_owner_revokes(store: AnyStore) {
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

pub async fn one_token_is_revoked(store: AnyStore) {
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
    assert!(!world.store.token_revoked(&jti("t2")).await.unwrap());
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

pub async fn an_application_is_revoked_whole(store: AnyStore) {
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

pub async fn what_another_user_allowed_is_not_revoked(store: AnyStore) {
    let world = World::new(store).await;
    let bob = user("bob");
    let command = AddUser {
        user: bob.clone(),
        password_hash: None,
        cause: cause(0),
    };
    world.store.add_user(command).await.unwrap();
    let session = session("bobs", &bob, 0);
    world.open(&session, None, 0).await;
    let bobs = code("bobs", &session, &world.spa, OFFLINE, 0);
    assert!(world.issue(&bobs, 0).await);
    assert!(matches!(world.redeem(&bobs, 0).await, Redeemed::Done));
    let bobs = grant(&bobs, 0);

    world.grant("a", OFFLINE, 0).await;
    let application = RevokeApplication {
        subject: world.alice.subject.clone(),
        client_id: world.spa.id().clone(),
        cause: cause(1),
    };
    let revoked = world.store.revoke_application(application).await.unwrap();
    assert_eq!(revoked, 1, "the application of one user");
    assert_eq!(world.dead(&bobs, 1).await, None);

    let alices = world.grant("b", OFFLINE, 1).await;
    let everything = EndSessions {
        which: EndWhich::Subject(world.alice.subject.clone()),
        why: SessionEnd::Operator,
        applications: Applications::Revoke,
        cause: cause(2),
    };
    assert_eq!(world.store.end_sessions(everything).await.unwrap(), 1);
    assert!(world.dead(&alices, 2).await.is_some());
    assert_eq!(world.dead(&bobs, 2).await, None, "all of one user");
}

pub async fn logout_takes_what_hangs_on_the_session(store: AnyStore) {
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

pub async fn disabled_parties_have_no_living_tokens(store: AnyStore) {
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
        .grants_of(&world.alice.subject, page(), at(1))
        .await
        .unwrap()
        .items;
    assert!(!listed[0].standing.client_enabled, "it rests");
    world
        .store
        .set_client_status(id, ClientStatus::Enabled, cause(2))
        .await
        .unwrap();
    assert_eq!(world.dead(&grant, 2).await, None);
}

pub async fn removing_a_user_removes_everything(store: AnyStore) {
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
            .grants_of(&subject, page(), at(1))
            .await
            .unwrap()
            .items
            .is_empty()
    );
    assert_eq!(
        world.events().await.last(),
        Some(&AuditEvent::UserRemoved),
        "and the audit outlives them"
    );
}
