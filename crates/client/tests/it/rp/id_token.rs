//! Each clause of OpenID Core §3.1.3.7 broken once, by the provider itself.

use cardea_client::rp::{LoginOptions, RpError};
use cardea_jose::{Algorithm, half_hash};
use cardea_protocol::verify::IdTokenError;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{
    provider::{Scripted, key},
    world::{ACCESS_TOKEN, World, nonce, world, world_with},
};

async fn broken(change: impl FnOnce(&mut Value)) -> IdTokenError {
    match world().await.log_in(change).await {
        Err(RpError::IdToken(error)) => error,
        other => panic!("{other:?}"),
    }
}

/// A login whose ID token is this text.
async fn with_token(world: &World, token: impl FnOnce(&Value) -> String) -> RpError {
    let login = world.begin().await;
    let token = token(&world.claims(&nonce(&login)));
    world.grants(&token);
    world.finish(&login).await.unwrap_err()
}

#[tokio::test]
async fn clause_2_another_issuer() {
    let foreign = broken(|claims| claims["iss"] = json!("https://other.example")).await;
    assert_eq!(foreign, IdTokenError::Issuer);
}

#[tokio::test]
async fn clause_3_another_audience_or_one_too_many() {
    for audience in [json!("other"), json!(["app", "other"]), json!([])] {
        let refused = broken(|claims| claims["aud"] = audience).await;
        assert_eq!(refused, IdTokenError::Audience);
    }
}

#[tokio::test]
async fn clauses_4_and_5_another_authorized_party() {
    let refused = broken(|claims| claims["azp"] = json!("other")).await;
    assert_eq!(refused, IdTokenError::Audience);
    let world = world_with(|config| config.trusted_audiences = vec!["api".to_owned()]).await;
    let two = json!(["app", "api"]);
    let refused = world.log_in(|claims| claims["aud"] = two.clone()).await;
    assert_eq!(
        refused.err(),
        Some(RpError::IdToken(IdTokenError::Audience))
    );
    let named = world.log_in(|claims| {
        claims["aud"] = two;
        claims["azp"] = json!("app");
    });
    assert!(named.await.is_ok());
}

#[tokio::test]
async fn clause_6_a_signature_of_somebody_else() {
    let world = world().await;
    let stranger = key();
    let sign = |claims: &Value| stranger.sign("JWT", claims.to_string().as_bytes()).unwrap();
    let refused = with_token(&world, sign).await;
    assert!(
        matches!(refused, RpError::IdToken(IdTokenError::Signature(_))),
        "{refused:?}"
    );
    // The provider's own kid over the stranger's signature.
    let forge = |claims: &Value| {
        let (head, _) = {
            let own = world.sign(claims);
            let (head, tail) = own.rsplit_once('.').unwrap();
            (head.to_owned(), tail.to_owned())
        };
        let theirs = sign(claims);
        format!("{head}.{}", theirs.rsplit_once('.').unwrap().1)
    };
    let refused = with_token(&world, forge).await;
    assert!(
        matches!(refused, RpError::IdToken(IdTokenError::Signature(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn clause_7_an_algorithm_that_was_not_chosen_and_none() {
    let strict = world_with(|config| config.algorithms = vec![Algorithm::RS256]).await;
    let refused = with_token(&strict, |claims| strict.sign(claims)).await;
    assert!(
        matches!(refused, RpError::IdToken(IdTokenError::Signature(_))),
        "{refused:?}"
    );
    let world = world().await;
    let unsigned = |claims: &Value| {
        let signed = world.sign(claims);
        let payload = signed.split('.').nth(1).unwrap().to_owned();
        format!("eyJhbGciOiJub25lIn0.{payload}.")
    };
    let refused = with_token(&world, unsigned).await;
    assert!(
        matches!(refused, RpError::IdToken(IdTokenError::Signature(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn clause_9_an_expired_token() {
    let refused = broken(|claims| claims["exp"] = json!(claims["iat"].as_i64().unwrap() - 61));
    assert_eq!(refused.await, IdTokenError::Expired);
}

#[tokio::test]
async fn clause_10_a_token_of_the_future() {
    let refused = broken(|claims| claims["iat"] = json!(claims["iat"].as_i64().unwrap() + 61));
    assert_eq!(refused.await, IdTokenError::Future);
}

#[tokio::test]
async fn clause_11_the_nonce_of_another_login() {
    let refused = broken(|claims| claims["nonce"] = json!("another")).await;
    assert_eq!(refused, IdTokenError::Nonce);
    let refused = broken(|claims| claims["nonce"] = Value::Null).await;
    assert_eq!(refused, IdTokenError::Nonce);
}

#[tokio::test]
async fn clause_12_a_weaker_class_than_was_asked_for() {
    let world = world().await;
    let wish = LoginOptions {
        acr_values: vec!["gold".to_owned()],
        ..LoginOptions::default()
    };
    let login = world.party.begin(wish).await.unwrap();
    let mut claims = world.claims(&nonce(&login));
    claims["acr"] = json!("bronze");
    world.grants(&world.sign(&claims));
    let refused = world.finish(&login).await;
    assert_eq!(refused.err(), Some(RpError::IdToken(IdTokenError::Acr)));
}

#[tokio::test]
async fn clause_13_an_old_authentication() {
    let world = world().await;
    let wish = LoginOptions {
        max_age: Some(60),
        ..LoginOptions::default()
    };
    let login = world.party.begin(wish).await.unwrap();
    let mut claims = world.claims(&nonce(&login));
    claims["auth_time"] = json!(claims["iat"].as_i64().unwrap() - 121);
    world.grants(&world.sign(&claims));
    let refused = world.finish(&login).await;
    assert_eq!(refused.err(), Some(RpError::IdToken(IdTokenError::TooOld)));
}

#[tokio::test]
async fn another_access_token_than_the_id_tokens() {
    let right = half_hash(Algorithm::ES256, ACCESS_TOKEN.as_bytes());
    let logged_in = world()
        .await
        .log_in(|claims| claims["at_hash"] = json!(right))
        .await;
    assert!(logged_in.is_ok());
    let wrong = half_hash(Algorithm::ES256, b"another");
    let refused = broken(|claims| claims["at_hash"] = json!(wrong)).await;
    assert_eq!(refused, IdTokenError::AccessTokenHash);
}

#[tokio::test]
async fn a_token_of_another_kind_or_none_at_all() {
    let world = world().await;
    let typed = |claims: &Value| {
        world
            .key
            .sign("at+jwt", claims.to_string().as_bytes())
            .unwrap()
    };
    let refused = with_token(&world, typed).await;
    assert_eq!(refused, RpError::IdToken(IdTokenError::Kind));
    let login = world.begin().await;
    let without = json!({"access_token": ACCESS_TOKEN, "token_type": "Bearer"});
    world.provider.says("/token", Scripted::json(&without));
    assert!(matches!(
        world.finish(&login).await,
        Err(RpError::Answer(_))
    ));
}

#[tokio::test]
async fn keys_that_were_rotated_between_two_logins_are_found() {
    let mut world = world().await;
    world.log_in(|_| {}).await.unwrap();
    let next = key();
    world.provider.publishes("/jwks", &[&next]);
    world.key = next;
    world.log_in(|_| {}).await.unwrap();
    assert_eq!(world.provider.asked("/jwks").len(), 2);
    // A stranger's kid makes it look again once, and then not for a while.
    for _ in 0..3 {
        let stranger = key();
        let sign = |claims: &Value| stranger.sign("JWT", claims.to_string().as_bytes()).unwrap();
        with_token(&world, sign).await;
    }
    let asked = world.provider.asked("/jwks").len();
    assert!(asked <= 3, "{asked}");
    world.clock.advance(SignedDuration::from_secs(31));
    let again = key();
    world.provider.publishes("/jwks", &[&again]);
    world.key = again;
    assert!(world.log_in(|_| {}).await.is_ok());
}
