//! A consent that is given before its code.

use cardea_protocol::{model::*, scope::Scope};

use super::{
    neighbours::{Neighbours, rows},
    sample::*,
};
use crate::*;

fn give(world: &World, user: &User, allowed: &str, seconds: i64) -> GiveConsent {
    GiveConsent {
        session: world.session.id,
        subject: user.subject.clone(),
        client_id: world.spa.id().clone(),
        allowed: Scope::parse(allowed).unwrap(),
        cause: cause(seconds),
    }
}

async fn scope(world: &World) -> Option<String> {
    let found = world.store.consent(&world.alice.subject, world.spa.id());
    found
        .await
        .unwrap()
        .map(|consent| consent.scope.to_string())
}

pub async fn a_consent_is_given_before_its_code(store: AnyStore) {
    let world = World::new(store).await;
    let given = |allowed, seconds| {
        world
            .store
            .give_consent(give(&world, &world.alice, allowed, seconds))
    };
    assert!(given("openid email", 1).await.unwrap());
    assert_eq!(scope(&world).await.as_deref(), Some("openid email"));
    assert!(given("openid", 2).await.unwrap());
    assert!(given("openid phone", 3).await.unwrap());
    assert_eq!(scope(&world).await.as_deref(), Some("openid email phone"));
    assert_eq!(
        world.count(AuditEvent::ConsentGiven).await,
        2,
        "only when it grew"
    );
}

pub async fn a_consent_needs_the_living_session_of_an_enabled_user_and_client(store: AnyStore) {
    let world = World::new(store).await;
    let (bob, _, _) = super::neighbours::others(&world).await;
    let refused = |command| async {
        assert!(!world.store.give_consent(command).await.unwrap());
        assert_eq!(scope(&world).await, None);
    };
    refused(give(&world, &bob, "openid", 1)).await;
    refused(give(&world, &world.alice, "openid", HOUR)).await;
    let status = |status| {
        world
            .store
            .set_client_status(world.spa.id().clone(), status, cause(1))
    };
    status(ClientStatus::Disabled).await.unwrap();
    refused(give(&world, &world.alice, "openid", 1)).await;
    status(ClientStatus::Enabled).await.unwrap();
    assert!(
        world
            .store
            .give_consent(give(&world, &world.alice, "openid", 1))
            .await
            .unwrap()
    );
}

pub async fn a_given_consent_is_that_of_one_user_to_one_client(store: AnyStore) {
    let all = Neighbours::new(store).await;
    let before = all.state().await;
    let more = GiveConsent {
        client_id: all.web.id().clone(),
        ..give(&all.world, &all.world.alice, "openid orders:write", 1)
    };
    assert!(all.world.store.give_consent(more).await.unwrap());
    assert_eq!(all.changed(&before).await, rows(&["consent alice web"]));
}
