//! Opaque tokens: asked about once, remembered for a moment.

use cardea_resource::{Duration, IntrospectionConfig, SecretMethod, Tokens};
use cardea_testkit::{Scripted, settle};
use serde_json::json;

use crate::{
    issuer::INTROSPECTION,
    world::{API, World},
};

const TOKEN: &str = "opaque-token-1";

#[tokio::test]
async fn an_active_token_passes_and_is_asked_about_once_while_fresh() {
    let world = World::asking().await;
    world.issuer.says(&world.active());
    for _ in 0..10 {
        assert_eq!(world.status(TOKEN).await, 200);
        world.advance(2);
    }
    assert_eq!(world.issuer.asked_about_tokens(), 1);
    world.advance(10);
    assert_eq!(world.status(TOKEN).await, 200);
    assert_eq!(world.issuer.asked_about_tokens(), 2, "after thirty seconds");
}

#[tokio::test]
async fn an_answer_is_never_believed_beyond_the_tokens_exp() {
    let world = World::with(|config| {
        config.tokens = Tokens::Introspection;
        config.introspection = Some(IntrospectionConfig {
            freshness: Duration::from_secs(3600),
            ..IntrospectionConfig::new("orders-api", "secret")
        });
    })
    .await;
    let mut active = world.active();
    active["exp"] = json!(active["iat"].as_i64().unwrap() + 60);
    world.issuer.says(&active);
    assert_eq!(world.status(TOKEN).await, 200);
    world.advance(59);
    assert_eq!(world.status(TOKEN).await, 200);
    assert_eq!(world.issuer.asked_about_tokens(), 1);
    world.issuer.says(&json!({"active": false}));
    world.advance(1);
    assert_eq!(world.status(TOKEN).await, 401);
    assert_eq!(world.issuer.asked_about_tokens(), 2);
}

#[tokio::test]
async fn a_revoked_token_passes_no_longer_than_the_freshness() {
    let world = World::asking().await;
    world.issuer.says(&world.active());
    assert_eq!(world.status(TOKEN).await, 200);
    world.issuer.says(&json!({"active": false}));
    world.advance(29);
    assert_eq!(world.status(TOKEN).await, 200);
    world.advance(1);
    assert_eq!(world.status(TOKEN).await, 401);
}

#[tokio::test]
async fn that_a_token_is_bad_is_remembered_for_five_seconds() {
    let world = World::asking().await;
    for _ in 0..10 {
        assert_eq!(world.status(TOKEN).await, 401);
    }
    assert_eq!(world.issuer.asked_about_tokens(), 1);
    world.issuer.says(&world.active());
    world.advance(5);
    assert_eq!(world.status(TOKEN).await, 200);
}

#[tokio::test]
async fn a_storm_asks_once() {
    let world = World::asking().await;
    world.issuer.says(&world.active());
    world.issuer.scripted.hold(INTROSPECTION);
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let api = world.api.clone();
        callers.spawn(async move { api.verify(TOKEN).await.is_ok() });
    }
    world.issuer.is_asked_about_tokens().await;
    settle().await;
    world.issuer.scripted.release();
    assert!(callers.join_all().await.into_iter().all(|good| good));
    assert_eq!(world.issuer.asked_about_tokens(), 1);
}

#[tokio::test]
async fn an_outage_is_no_verdict_and_one_question_a_second() {
    let world = World::asking().await;
    world.issuer.says(&world.active());
    assert_eq!(world.status(TOKEN).await, 200);
    world.issuer.is_down(true);
    world.advance(31);
    for _ in 0..10 {
        let answer = world.get("/me", TOKEN).await;
        assert_eq!(answer.status, 503);
        assert_eq!(answer.header("retry-after"), "5");
    }
    assert_eq!(world.issuer.asked_about_tokens(), 2);
    world.issuer.is_down(false);
    world.advance(1);
    assert_eq!(world.status(TOKEN).await, 200);
}

#[tokio::test]
async fn what_the_issuer_says_is_judged() {
    let world = World::asking().await;
    let past = world.active()["iat"].as_i64().unwrap() - 30;
    for (number, (name, value)) in [
        ("iss", json!("https://evil.test")),
        ("aud", json!("api://mail")),
        ("aud", json!(null)),
        ("exp", json!(past)),
        ("token_type", json!("DPoP")),
        ("token_use", json!("refresh_token")),
        ("cnf", json!({"jkt": "x"})),
    ]
    .into_iter()
    .enumerate()
    {
        let mut answer = world.active();
        answer[name] = value;
        world.issuer.says(&answer);
        assert_eq!(
            world.status(&format!("token-{number}")).await,
            401,
            "{name}"
        );
    }
    for (number, malformed) in [
        json!([]),
        json!({}),
        json!({"active": "yes"}),
        json!({"active": true, "x": "x".repeat(16 * 1024)}),
    ]
    .into_iter()
    .enumerate()
    {
        world.issuer.says(&malformed);
        assert_eq!(world.status(&format!("odd-{number}")).await, 503);
    }
}

#[tokio::test]
async fn what_is_no_token_is_not_worth_a_question() {
    let world = World::asking().await;
    world.issuer.says(&world.active());
    for odd in [
        "",
        "two words",
        "line\nbreak",
        "\u{1f511}",
        &*"x".repeat(1024 * 1024),
    ] {
        assert!(world.api.verify(odd).await.is_err());
    }
    assert_eq!(world.issuer.asked_about_tokens(), 0);
}

#[tokio::test]
async fn one_apis_answers_are_not_for_another() {
    let ours = World::asking().await;
    let issuer = ours.issuer.url.clone();
    let theirs = World::with(|config| {
        config.issuer = issuer;
        config.audience = "api://mail".to_owned();
        config.tokens = Tokens::Both;
        config.introspection = Some(IntrospectionConfig::new("mail", "secret"));
    })
    .await;
    ours.issuer.says(&ours.active());
    assert_eq!(ours.status(TOKEN).await, 200);
    assert_eq!(theirs.status(TOKEN).await, 401);
    assert_eq!(ours.issuer.asked_about_tokens(), 2);
}

#[tokio::test]
async fn a_clock_set_back_makes_it_ask_again() {
    let world = World::asking().await;
    world.issuer.says(&world.active());
    assert_eq!(world.status(TOKEN).await, 200);
    world.issuer.says(&json!({"active": false}));
    world.advance(-5);
    assert_eq!(world.status(TOKEN).await, 401);
}

#[tokio::test]
async fn the_shape_decides_whom_to_ask() {
    let world = World::asking().await;
    world.issuer.says(&world.active());
    assert_eq!(world.status(&world.token()).await, 200);
    assert_eq!(world.issuer.asked_about_tokens(), 0);
    assert_eq!(world.status(TOKEN).await, 200);
    assert_eq!(world.issuer.asked_about_tokens(), 1);

    let all = World::with(|config| {
        config.tokens = Tokens::Introspection;
        config.introspection = Some(IntrospectionConfig::new("orders-api", "secret"));
    })
    .await;
    assert_eq!(
        all.status(&all.token()).await,
        401,
        "the issuer says it isn't active"
    );
    assert_eq!(all.issuer.asked_about_tokens(), 1);
}

#[tokio::test]
async fn the_secret_is_sent_as_configured() {
    let world = World::asking().await;
    world.status("a+b/c=").await;
    assert_eq!(
        world.issuer.question(),
        "Basic b3JkZXJzK2FwaTpzJTNBZSUyNmM= token=a%2Bb%2Fc%3D&token_type_hint=access_token"
    );
    let by_post = World::with(|config| {
        config.tokens = Tokens::Introspection;
        config.introspection = Some(IntrospectionConfig {
            auth_method: SecretMethod::ClientSecretPost,
            endpoint: Some(format!("{}/introspection", config.issuer)),
            ..IntrospectionConfig::new("orders api", "s:e&c")
        });
    })
    .await;
    by_post.status("t").await;
    assert_eq!(
        by_post.issuer.question(),
        " token=t&token_type_hint=access_token&client_id=orders+api&client_secret=s%3Ae%26c"
    );
}

#[tokio::test]
async fn c6_odd_answers_about_a_token_are_read() {
    let world = World::asking().await;
    let exp = world.active()["exp"].as_i64().unwrap();
    for (number, (name, value)) in [
        ("exp", json!(exp.to_string())),
        ("exp", json!(exp as f64 + 0.5)),
        ("exp", json!(null)),
        ("iat", json!("0")),
        ("nbf", json!("0")),
        ("aud", json!(["account", API])),
        ("token_type", json!("bearer")),
        ("token_type", json!("Bearer")),
        ("token_type", json!(null)),
        ("token_type", json!(7)),
        ("scope", json!(null)),
        ("scope", json!([])),
        ("client_id", json!(7)),
        ("username", json!({})),
        ("roles", json!("admin")),
    ]
    .into_iter()
    .enumerate()
    {
        let mut answer = world.active();
        answer[name] = value.clone();
        let text = format!("\u{feff}{answer}");
        let answer = Scripted::new(200, "text/html", text);
        world.issuer.scripted.says(INTROSPECTION, answer);
        let status = world.status(&format!("odd-{number}")).await;
        assert_eq!(status, 200, "{name} {value}");
    }
}
