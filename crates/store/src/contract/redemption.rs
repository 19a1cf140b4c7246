use std::sync::Arc;

use cardea_protocol::model::*;

use super::sample::*;
use crate::*;

pub async fn a_code_is_redeemed_once(store: AnyStore) {
    let world = World::new(store).await;
    let grant = world.grant("a", ONLINE, 0).await;
    assert_eq!(world.dead(&grant, 0).await, None);
    let code = code("a", &world.session, &world.spa, ONLINE, 0);
    assert!(
        matches!(world.store.code(code.hash, at(0)).await.unwrap(), Some(CodeLookup::Used(g)) if *g == grant)
    );
    assert!(matches!(world.redeem(&code, 1).await, Redeemed::Reused));
    assert!(matches!(world.redeem(&code, 2).await, Redeemed::Reused));
    let revocation = Revocation {
        at: at(1),
        reason: RevocationReason::CodeReused,
    };
    assert_eq!(
        world.stored(&grant).await.state,
        GrantState::Revoked(revocation)
    );
    assert_eq!(
        world.count(AuditEvent::CodeReused).await,
        1,
        "the tokens died once"
    );
}

pub async fn of_20_parallel_redemptions_one_succeeds_and_its_grant_is_revoked(store: AnyStore) {
    let world = Arc::new(World::new(store).await);
    let code = world.code("a", OFFLINE, 0).await;
    let results = race(|n| {
        let (world, code) = (world.clone(), code.clone());
        let grant = Grant {
            expires_at: at(DAY + i64::from(n)),
            ..grant(&code, 0)
        };
        async move {
            let command = RedeemCode {
                grant: grant.clone(),
                ..world.redemption(&code, 0)
            };
            (world.store.redeem_code(command).await.unwrap(), grant)
        }
    })
    .await;
    let (done, reused): (Vec<_>, Vec<_>) = results
        .iter()
        .partition(|(result, _)| matches!(result, Redeemed::Done));
    assert_eq!(done.len(), 1);
    assert!(
        reused
            .iter()
            .all(|(result, _)| matches!(result, Redeemed::Reused))
    );
    assert_eq!(
        world.dead(&done[0].1, 0).await,
        Some("the grant was revoked")
    );
    let kept = world.stored(&done[0].1).await;
    assert_eq!(
        kept.expires_at, done[0].1.expires_at,
        "no other was written"
    );
    assert_eq!(world.count(AuditEvent::CodeReused).await, 1);
}

async fn assert_dead(world: &World, code: &Code, seconds: i64, expected: DeadCode) {
    match world.redeem(code, seconds).await {
        Redeemed::Dead(why) => assert_eq!(why, expected),
        other => panic!("{other:?}"),
    }
    assert_eq!(
        world.dead(&grant(code, seconds), seconds).await,
        Some("the grant is gone")
    );
}

pub async fn a_second_use_of_a_code_revokes_only_its_own_grant(store: AnyStore) {
    let world = World::new(store).await;
    let neighbour = world.grant("a", OFFLINE, 0).await;
    let code = world.code("b", OFFLINE, 0).await;
    assert!(matches!(world.redeem(&code, 0).await, Redeemed::Done));
    assert!(matches!(world.redeem(&code, 1).await, Redeemed::Reused));
    assert_eq!(
        world.dead(&grant(&code, 0), 1).await,
        Some("the grant was revoked")
    );
    assert_eq!(world.dead(&neighbour, 1).await, None);
}

pub async fn a_code_becomes_a_grant_of_its_own_user_only(store: AnyStore) {
    let world = World::new(store).await;
    let code = world.code("a", OFFLINE, 0).await;
    let redemption = world.redemption(&code, 0);
    let foreign = RedeemCode {
        grant: Grant {
            subject: user("bob").subject,
            ..redemption.grant.clone()
        },
        ..redemption
    };
    let refused = world.store.redeem_code(foreign).await.unwrap();
    assert!(matches!(refused, Redeemed::Dead(_)), "{refused:?}");
    assert!(matches!(world.redeem(&code, 0).await, Redeemed::Done));
}

pub async fn an_unknown_code_is_missing_beside_others(store: AnyStore) {
    let world = World::new(store).await;
    world.code("a", OFFLINE, 0).await;
    let never = code("never", &world.session, &world.spa, OFFLINE, 0);
    assert_dead(&world, &never, 0, DeadCode::Missing).await;
}

pub async fn an_expired_code_is_dead(store: AnyStore) {
    let world = World::new(store).await;
    let code = world.code("a", ONLINE, 0).await;
    assert_dead(&world, &code, 60, DeadCode::Expired).await;
    assert!(
        matches!(world.redeem(&code, 59).await, Redeemed::Done),
        "nothing was consumed"
    );
}

pub async fn a_code_of_an_ended_session_is_dead(store: AnyStore) {
    let world = World::new(store).await;
    let code = world.code("a", OFFLINE, 0).await;
    world
        .end(EndWhich::Id(world.session.id), SessionEnd::Logout, 1)
        .await;
    assert_dead(&world, &code, 1, DeadCode::Missing).await;
    assert!(world.store.code(code.hash, at(0)).await.unwrap().is_none());
}

pub async fn a_code_of_a_disabled_party_is_dead(store: AnyStore) {
    let world = World::new(store).await;
    let code = world.code("a", OFFLINE, 0).await;
    let id = world.spa.id().clone();
    world
        .store
        .set_client_status(id.clone(), ClientStatus::Disabled, cause(1))
        .await
        .unwrap();
    assert_dead(&world, &code, 1, DeadCode::Inactive).await;
    world
        .store
        .set_client_status(id, ClientStatus::Enabled, cause(1))
        .await
        .unwrap();
    let update = UserUpdate {
        status: Some(UserStatus::Disabled),
        ..Default::default()
    };
    let subject = world.alice.subject.clone();
    world
        .store
        .change_user(UserChange {
            subject,
            update,
            cause: cause(1),
        })
        .await
        .unwrap();
    assert_dead(&world, &code, 1, DeadCode::Missing).await;
}

pub async fn a_code_of_another_client_is_not_consumed(store: AnyStore) {
    let world = World::new(store).await;
    let web = client("web");
    world
        .store
        .put_client(put(web.clone(), ClientChange::Add, 0))
        .await
        .unwrap();
    let code = world.code("a", ONLINE, 0).await;
    let as_web = || {
        let grant = Grant {
            client_id: web.id().clone(),
            ..grant(&code, 0)
        };
        world.store.redeem_code(RedeemCode {
            grant,
            ..world.redemption(&code, 0)
        })
    };
    assert!(matches!(as_web().await.unwrap(), Redeemed::Dead(_)));
    assert!(matches!(world.redeem(&code, 0).await, Redeemed::Done));
    assert!(matches!(as_web().await.unwrap(), Redeemed::Dead(_)));
    assert_eq!(
        world.dead(&grant(&code, 0), 0).await,
        None,
        "a stranger revokes nothing"
    );
}

pub async fn a_grant_has_the_id_of_its_code(store: AnyStore) {
    let world = World::new(store).await;
    let (code, other) = (
        world.code("a", OFFLINE, 0).await,
        world.code("b", OFFLINE, 0).await,
    );
    let command = RedeemCode {
        grant: grant(&other, 0),
        ..world.redemption(&code, 0)
    };
    let refused = world.store.redeem_code(command).await;
    assert!(matches!(refused, Err(StoreError::Rejected { .. })));
    for code in [&code, &other] {
        assert!(matches!(world.redeem(code, 0).await, Redeemed::Done));
        assert_eq!(world.dead(&grant(code, 0), 0).await, None);
    }
}

pub async fn a_bound_code_is_redeemed_with_its_key(store: AnyStore) {
    let world = World::new(store).await;
    let (dpop, mtls) = bindings();
    let other = SenderBinding::Dpop {
        jkt: cardea_seal::Digest::of(b"another key"),
    };
    for (name, bound) in [("dpop", dpop), ("mtls", mtls)] {
        let code = Code {
            sender: Some(bound),
            ..code(name, &world.session, &world.spa, OFFLINE, 0)
        };
        assert!(world.issue(&code, 0).await);
        let with = |sender| {
            let grant = Grant {
                sender,
                ..grant(&code, 0)
            };
            world.store.redeem_code(RedeemCode {
                grant,
                ..world.redemption(&code, 0)
            })
        };
        let swapped = if bound == dpop { mtls } else { dpop };
        for wrong in [None, Some(other), Some(swapped)] {
            let refused = with(wrong).await.unwrap();
            assert!(
                matches!(refused, Redeemed::Dead(DeadCode::Sender)),
                "{wrong:?}: {refused:?}"
            );
        }
        assert!(matches!(with(Some(bound)).await.unwrap(), Redeemed::Done));
        assert_eq!(world.stored(&grant(&code, 0)).await.sender, Some(bound));
    }
}

pub async fn a_code_that_is_not_bound_may_become_a_bound_grant(store: AnyStore) {
    let world = World::new(store).await;
    let (dpop, _) = bindings();
    let code = world.code("a", OFFLINE, 0).await;
    let grant = Grant {
        sender: Some(dpop),
        ..grant(&code, 0)
    };
    let command = RedeemCode {
        grant: grant.clone(),
        ..world.redemption(&code, 0)
    };
    let redeemed = world.store.redeem_code(command).await.unwrap();
    assert!(matches!(redeemed, Redeemed::Done));
    assert_eq!(world.stored(&grant).await, grant);
    let id = RefreshTokenId::of_grant(grant.id);
    let context = world.store.refresh_context(id, at(0)).await;
    assert_eq!(*context.unwrap().unwrap().grant, grant);
    let verdict = world.rotate(rotation(&grant, 0, 1)).await;
    assert_eq!(
        verdict.write,
        cardea_protocol::token::refresh_token::Write::Nothing,
        "not without a proof of possession"
    );
}

/// A key and a certificate of the same thumbprint.
pub fn bindings() -> (SenderBinding, SenderBinding) {
    let thumbprint = cardea_seal::Digest::of(b"key");
    (
        SenderBinding::Dpop { jkt: thumbprint },
        SenderBinding::Mtls {
            x5t_s256: thumbprint,
        },
    )
}

pub async fn a_code_follows_its_session_to_a_new_cookie(store: AnyStore) {
    let world = World::new(store).await;
    let code = world.code("a", ONLINE, 0).await;
    let again = Session {
        sid: world.session.sid.clone(),
        ..session("two", &world.alice, 1)
    };
    world.open(&again, Some(world.session.id), 1).await;
    assert!(matches!(world.redeem(&code, 2).await, Redeemed::Done));
    assert_eq!(world.stored(&grant(&code, 2)).await.session, Some(again.id));
}

pub async fn a_65th_grant_supersedes_the_one_unused_for_longest(store: AnyStore) {
    let world = World::new(store).await;
    let mut grants = Vec::new();
    for n in 0..i64::from(Grant::MOST_LIVING) {
        grants.push(world.grant(&format!("g{n}"), OFFLINE, n).await);
    }
    // Another client's are counted by themselves, and what is dead is not counted.
    let web = client("web");
    let added = put(web.clone(), ClientChange::Add, 0);
    world.store.put_client(added).await.unwrap();
    let of_web = code("web", &world.session, &web, OFFLINE, 70);
    assert!(world.issue(&of_web, 70).await);
    let redemption = RedeemCode {
        proof: proof(&web, &of_web.binding),
        ..world.redemption(&of_web, 70)
    };
    world.store.redeem_code(redemption).await.unwrap();
    let dead = RevokeGrant {
        id: grants[5].id,
        subject: None,
        client_id: None,
        reason: RevocationReason::Operator,
        cause: cause(70),
    };
    assert!(world.store.revoke_grant(dead).await.unwrap());
    world.rotate(rotation(&grants[0], 0, 80)).await;

    grants.push(world.grant("g64", OFFLINE, 90).await);
    assert_eq!(world.count(AuditEvent::GrantRevoked).await, 1);
    grants.push(world.grant("g65", OFFLINE, 91).await);
    for (n, grant) in grants.iter().enumerate() {
        let why = [1, 5].contains(&n).then_some("the grant was revoked");
        assert_eq!(world.dead(grant, 91).await, why, "{n}");
    }
    let of_web = grant(&of_web, 70);
    assert_eq!(world.dead(&of_web, 91).await, None);
    let revocation = Revocation {
        at: at(91),
        reason: RevocationReason::Superseded,
    };
    assert_eq!(
        world.stored(&grants[1]).await.state,
        GrantState::Revoked(revocation)
    );
    let filter = AuditFilter {
        event: Some(AuditEvent::GrantRevoked),
        ..AuditFilter::default()
    };
    let rows = world.store.audit(filter, page()).await.unwrap().items;
    assert_eq!(
        (rows[0].grant_id, rows[0].detail.as_deref()),
        (Some(grants[1].id), Some("superseded"))
    );
    assert_eq!(rows.len(), 2);
}
