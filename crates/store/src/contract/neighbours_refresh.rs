//! As `neighbours`: a refresh token and its use.

use cardea_protocol::{model::*, token::refresh_token::Write};

use super::{
    neighbours::{Neighbours, allow, rows},
    sample::*,
};
use crate::*;

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
    let before = all.state().await;
    store.note_refresh_seen(grant.id, 0).await.unwrap();
    assert_eq!(all.changed(&before).await, name);
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
    for (name, session) in [
        ("session alice sid-one", all.world.session.clone()),
        ("session bob sid-two", session("two", &all.bob, 0)),
    ] {
        let code = code(name, &session, &all.world.spa, ONLINE, 0);
        allow(&all.world, &code, &all.world.spa).await;
        let before = all.state().await;
        assert!(rotates(&all, &grant(&code, 0), 120).await);
        assert_eq!(all.changed(&before).await, rows(&[name]));
    }
}

/// Whether a refresh token of the grant, as it was read before, is rotated now.
async fn rotates(all: &Neighbours, grant: &Grant, seconds: i64) -> bool {
    let verdict = all.world.rotate(rotation(grant, 0, seconds)).await;
    matches!(verdict.write, Write::Rotate(_))
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

pub async fn a_refresh_token_is_found_by_its_own_id_only(store: AnyStore) {
    let world = World::new(store).await;
    let plain = world.grant("plain", OFFLINE, 0).await;
    let code = world.code("own", OFFLINE, 0).await;
    let own = RefreshTokenId([9; 16]);
    let mut redemption = world.redemption(&code, 0);
    redemption.grant.refresh.as_mut().unwrap().token_id = own;
    let grant = redemption.grant.clone();
    let redeemed = world.store.redeem_code(redemption).await.unwrap();
    assert!(matches!(redeemed, Redeemed::Done));
    for (id, expected) in [
        (RefreshTokenId::of_grant(plain.id), Some(plain.id)),
        (own, Some(grant.id)),
        (RefreshTokenId::of_grant(grant.id), None),
    ] {
        let found = world.store.refresh_context(id, at(0)).await.unwrap();
        assert_eq!(found.map(|found| found.grant.id), expected);
    }
}

pub async fn an_expired_session_is_not_replaced_by_another(store: AnyStore) {
    let all = Neighbours::new(store).await;
    let code = code("online", &all.world.session, &all.world.spa, ONLINE, 0);
    allow(&all.world, &code, &all.world.spa).await;
    let later = session("three", &all.bob, 40 * MINUTE);
    all.world.open(&later, None, 40 * MINUTE).await;
    assert!(!rotates(&all, &grant(&code, 0), 45 * MINUTE).await);
}

pub async fn grants_at_another_client_are_not_counted(store: AnyStore) {
    let all = Neighbours::new(store).await;
    let before = all.state().await;
    for n in 2..u64::from(Grant::MOST_LIVING) {
        all.world.grant(&format!("more {n}"), OFFLINE, 0).await;
    }
    assert_eq!(all.changed(&before).await, rows(&[]));
    all.world.grant("one too many", OFFLINE, 0).await;
    let changed = all.changed(&before).await;
    assert_eq!(changed, rows(&["grant alice spa first"]));
}
