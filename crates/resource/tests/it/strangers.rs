//! Tokens that strangers invent: each could be a question to the issuer.

use cardea_testkit::Scripted;

use crate::{issuer::INTROSPECTION, world::World};

const HERE: &str = "203.0.113.7:4711";
const NEXT_DOOR: &str = "203.0.113.200:4711";
const ELSEWHERE: &str = "198.51.100.7:4711";

#[tokio::test]
async fn s4_invented_tokens_use_up_the_limit_of_their_own_network() {
    let world = World::asking().await;
    for number in 0..60 {
        let status = world.status_from(HERE, &format!("invented-{number}")).await;
        assert_eq!(status, 401);
    }
    assert_eq!(world.issuer.asked_about_tokens(), 60);
    for number in 60..200 {
        let status = world
            .status_from(NEXT_DOOR, &format!("invented-{number}"))
            .await;
        assert_eq!(status, 429);
    }
    assert_eq!(
        world.issuer.asked_about_tokens(),
        60,
        "the issuer is not asked again"
    );

    world.issuer.says(&world.active());
    assert_eq!(world.status_from(ELSEWHERE, "good-1").await, 200);
    assert_eq!(world.status_from(HERE, "good-2").await, 429);
    let jwt = world.token();
    assert_eq!(
        world.status_from(HERE, &jwt).await,
        200,
        "no question, no limit"
    );
    world.advance(2);
    assert_eq!(
        world.status_from(HERE, "good-2").await,
        200,
        "the limit comes back"
    );
}

#[tokio::test]
async fn s4_a_token_that_was_valid_passes_during_a_flood_of_its_network() {
    let world = World::asking().await;
    world.issuer.says(&world.active());
    assert_eq!(world.status_from(HERE, "good").await, 200);
    world.issuer.says(&serde_json::json!({"active": false}));
    for number in 0..70 {
        world.status_from(HERE, &format!("invented-{number}")).await;
    }
    assert_eq!(world.status_from(HERE, "another").await, 429);
    // The answer about the good one is no longer fresh, so the issuer is asked again.
    world.issuer.says(&world.active());
    world.advance(31);
    for number in 0..70 {
        world.issuer.says(&serde_json::json!({"active": false}));
        world
            .status_from(HERE, &format!("invented-again-{number}"))
            .await;
    }
    world.issuer.says(&world.active());
    let asked = world.issuer.asked_about_tokens();
    assert_eq!(world.status_from(HERE, "good").await, 200);
    assert_eq!(world.issuer.asked_about_tokens(), asked + 1);
}

#[tokio::test]
async fn s4_a_known_token_that_ends_is_not_counted_against_its_network() {
    let world = World::asking().await;
    for number in 0..100 {
        let token = format!("good-{number}");
        world.issuer.says(&world.active());
        assert_eq!(world.status_from(HERE, &token).await, 200);
        world.issuer.says(&serde_json::json!({"active": false}));
        world.advance(31);
        assert_eq!(world.status_from(HERE, &token).await, 401);
    }
    world.issuer.says(&world.active());
    assert_eq!(world.status_from(HERE, "new").await, 200);
}

#[tokio::test]
async fn s4_unknown_keys_are_counted_too() {
    let world = World::new().await;
    assert_eq!(world.status_from(HERE, &world.token()).await, 200);
    let stranger = World::new().await;
    let mut refused = 0;
    for _ in 0..70 {
        let jwt = stranger.issuer.sign("at+jwt", &world.claims());
        match world.status_from(HERE, &jwt).await {
            401 => {}
            429 => refused += 1,
            other => panic!("{other}"),
        }
    }
    assert_eq!(refused, 10);
    assert_eq!(world.status_from(HERE, &world.token()).await, 200);
}

#[tokio::test]
async fn s4_an_issuer_that_limits_us_is_asked_about_known_tokens_only() {
    let world = World::asking().await;
    world.issuer.says(&world.active());
    assert_eq!(world.status("good").await, 200);
    world.advance(31);
    let limited = Scripted::new(429, "application/json", "{}");
    world.issuer.scripted.says(INTROSPECTION, limited);
    assert_eq!(world.status("new-1").await, 503);
    let asked = world.issuer.asked_about_tokens();
    assert_eq!(world.status("new-2").await, 503);
    assert_eq!(world.issuer.asked_about_tokens(), asked);
    world.issuer.says(&world.active());
    assert_eq!(world.status("good").await, 200);
    assert_eq!(world.issuer.asked_about_tokens(), asked + 1);
    world.advance(2);
    assert_eq!(world.status("new-2").await, 200);
}

#[tokio::test]
async fn s4_the_limit_can_be_lifted() {
    let world = World::with(|config| {
        config.tokens = cardea_resource::Tokens::Both;
        config.introspection = Some(cardea_resource::IntrospectionConfig::new("api", "secret"));
        config.limits.invalid_tokens = 0;
    })
    .await;
    for number in 0..100 {
        let status = world.status_from(HERE, &format!("invented-{number}")).await;
        assert_eq!(status, 401);
    }
}
