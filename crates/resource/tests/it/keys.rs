//! Keys that come and go, and an issuer that does.

use cardea_testkit::{Scripted, settle};
use serde_json::json;

use crate::{issuer::KEYS, world::World};

#[tokio::test]
async fn a_rollover_fails_no_request() {
    let world = World::new().await;
    for _ in 0..5 {
        let old = world.token();
        assert_eq!(world.status(&old).await, 200);
        world.issuer.roll();
        world.issuer.publish();
        assert_eq!(world.status(&world.token()).await, 200);
        assert_eq!(world.status(&old).await, 200);
        world.advance(31);
    }
}

#[tokio::test]
async fn a_storm_of_unknown_kids_asks_once_in_thirty_seconds() {
    let world = World::new().await;
    assert_eq!(world.status(&world.token()).await, 200);
    let asked = world.issuer.asked_for_keys();
    for round in 1..=3 {
        for _ in 0..20 {
            world.issuer.roll();
            assert_eq!(world.status(&world.token()).await, 401);
        }
        assert_eq!(world.issuer.asked_for_keys(), asked + round);
        world.advance(31);
    }
}

#[tokio::test]
async fn good_tokens_pass_while_the_issuer_is_down() {
    let world = World::new().await;
    assert_eq!(world.status(&world.token()).await, 200);
    world.issuer.is_down(true);
    for _ in 0..60 {
        world.advance(60);
        assert_eq!(world.status(&world.token()).await, 200);
    }
    // An issuer that never answers: a request that waited for it would hang.
    world.issuer.scripted.hold(KEYS);
    world.advance(1800);
    assert_eq!(world.status(&world.token()).await, 200);
}

#[tokio::test]
async fn an_api_that_has_no_keys_yet_asks_to_come_again() {
    let world = World::new().await;
    world.issuer.is_down(true);
    let answer = world.get("/me", &world.token()).await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.header("retry-after"), "5");
    assert_eq!(answer.header("www-authenticate"), "");
    assert_eq!(answer.json()["status"], 503);
    world.issuer.is_down(false);
    world.advance(1);
    assert_eq!(world.status(&world.token()).await, 200);
}

#[tokio::test]
async fn a_new_key_in_an_outage_is_no_verdict_on_the_token() {
    let world = World::new().await;
    assert_eq!(world.status(&world.token()).await, 200);
    world.issuer.is_down(true);
    world.issuer.roll();
    assert_eq!(world.status(&world.token()).await, 503);
}

#[tokio::test]
async fn many_first_requests_cause_one_fetch() {
    let world = World::new().await;
    world.issuer.scripted.hold(KEYS);
    let token = world.token();
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (api, token) = (world.api.clone(), token.clone());
        callers.spawn(async move { api.verify(&token).await.is_ok() });
    }
    world.issuer.is_asked_for_keys().await;
    settle().await;
    world.issuer.scripted.release();
    assert!(callers.join_all().await.into_iter().all(|good| good));
    assert_eq!(world.issuer.asked_for_keys(), 1);
}

#[tokio::test]
async fn keys_are_read_where_the_configuration_says() {
    let world = World::with(|config| {
        config.jwks_uri = Some(format!("{}/keys", config.issuer));
    })
    .await;
    assert_eq!(world.status(&world.token()).await, 200);
}

#[tokio::test]
async fn c6_keys_that_can_not_be_used_do_not_hide_the_one_that_can() {
    let world = World::new().await;
    let good = world.issuer.key.lock().unwrap().public_jwk().clone();
    let mut bare = serde_json::to_value(&good).unwrap();
    bare.as_object_mut().unwrap().remove("alg");
    bare.as_object_mut().unwrap().remove("use");
    bare["x5c"] = json!(null);
    let keys = json!({"keys": [
        null, "key", {"kty": 7}, {"kty": "AKP", "alg": "ML-DSA-65", "pub": "AA"}, {"kty": "oct", "k": "AA", "kid": good.kid()},
        {"kty": "EC", "crv": "P-521", "x": "AA", "y": "AA", "kid": good.kid()}, {"kty": "RSA", "n": [], "e": "AQAB"}, bare,
    ], "x": {"y": []}});
    let text = format!("\u{feff}{keys}");
    let answer = Scripted::new(200, "text/plain; charset=utf-8", text);
    world.issuer.scripted.says(KEYS, answer);
    assert_eq!(world.status(&world.token()).await, 200);
}
