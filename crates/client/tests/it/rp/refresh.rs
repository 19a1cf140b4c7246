//! New tokens for old ones, and what ends them.

use cardea_client::rp::{IdentityClaims, RefreshError, RpError, Tokens};
use cardea_protocol::verify::IdTokenError;
use cardea_seal::Secret;
use cardea_web::outbound::FetchError;
use serde_json::{Value, json};

use super::{
    provider::{Scripted, key},
    world::{REFRESH_TOKEN, World, world, world_with},
};

async fn logged_in(world: &World) -> IdentityClaims {
    world.log_in(|_| {}).await.unwrap().identity
}

async fn refresh(world: &World, known: &IdentityClaims) -> Result<Tokens, RefreshError> {
    let token = Secret::new(REFRESH_TOKEN.to_owned());
    world.party.refresh(&token, known).await
}

/// The token endpoint grants a second access token, and what is added.
fn grants(world: &World, more: &Value) {
    let mut granted = json!({"access_token": "second", "token_type": "bearer", "expires_in": 60});
    for (name, value) in more.as_object().unwrap() {
        granted[name] = value.clone();
    }
    world.provider.says("/token", Scripted::json(&granted));
}

fn refreshed_claims(world: &World) -> Value {
    let mut claims = world.claims("");
    claims.as_object_mut().unwrap().remove("nonce");
    claims
}

#[tokio::test]
async fn a_refresh_without_rotation_keeps_the_refresh_token() {
    let world = world().await;
    let known = logged_in(&world).await;
    grants(&world, &json!({}));
    let tokens = refresh(&world, &known).await.unwrap();
    assert_eq!(tokens.access_token.expose(), "second");
    assert_eq!(tokens.refresh_token.unwrap().expose(), REFRESH_TOKEN);
    assert!(tokens.id_token.is_none());
    let form = world.provider.asked("/token").pop().unwrap().form;
    assert_eq!(form["grant_type"], "refresh_token");
    assert_eq!(form["refresh_token"], REFRESH_TOKEN);
}

#[tokio::test]
async fn a_rotated_refresh_token_and_a_new_id_token_replace_the_old() {
    let world = world_with(|config| config.resource = Some("api://orders".to_owned())).await;
    let known = logged_in(&world).await;
    let id_token = world.sign(&refreshed_claims(&world));
    grants(
        &world,
        &json!({"refresh_token": "third", "id_token": id_token}),
    );
    let tokens = refresh(&world, &known).await.unwrap();
    assert_eq!(tokens.refresh_token.unwrap().expose(), "third");
    assert_eq!(tokens.id_token.unwrap().expose(), &id_token);
    let form = world.provider.asked("/token").pop().unwrap().form;
    assert_eq!(form["resource"], "api://orders");
}

#[tokio::test]
async fn only_invalid_grant_is_the_death_of_a_refresh_token() {
    let world = world().await;
    let known = logged_in(&world).await;
    let says = |status, body: &str| {
        let answer = Scripted::new(status, "application/json", body);
        world.provider.says("/token", answer);
    };
    says(400, r#"{"error":"invalid_grant"}"#);
    assert_eq!(
        refresh(&world, &known).await.err(),
        Some(RefreshError::Dead)
    );
    for (status, body) in [
        (503, r#"{"error":"invalid_grant"}"#),
        (400, r#"{"error":"invalid_request"}"#),
        (401, r#"{"error":"invalid_client"}"#),
        (404, "<html>"),
        (200, "{}"),
    ] {
        says(status, body);
        let error = refresh(&world, &known).await.err();
        assert!(
            matches!(error, Some(RefreshError::Unavailable(_))),
            "{status} {body}: {error:?}"
        );
    }
}

#[tokio::test]
async fn a_provider_that_went_away_kills_no_session() {
    let world = world().await;
    let known = logged_in(&world).await;
    let World {
        provider, party, ..
    } = world;
    drop(provider);
    // The task that serves is aborted at its next turn.
    tokio::task::yield_now().await;
    let token = Secret::new(REFRESH_TOKEN.to_owned());
    let error = party.refresh(&token, &known).await.err();
    assert!(
        matches!(
            error,
            Some(RefreshError::Unavailable(RpError::Unavailable(_)))
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn another_persons_id_token_is_not_taken_at_a_refresh() {
    let world = world().await;
    let known = logged_in(&world).await;
    for (name, value, why) in [
        ("sub", json!("bob"), IdTokenError::User),
        ("iss", json!("https://other.example"), IdTokenError::Issuer),
        ("aud", json!("other"), IdTokenError::Audience),
    ] {
        let mut claims = refreshed_claims(&world);
        claims[name] = value;
        grants(&world, &json!({"id_token": world.sign(&claims)}));
        let error = refresh(&world, &known).await.err();
        assert_eq!(error, Some(RefreshError::Untrusted(why)));
    }
    let stranger = key();
    let forged = stranger
        .sign("JWT", refreshed_claims(&world).to_string().as_bytes())
        .unwrap();
    grants(&world, &json!({"id_token": forged}));
    let error = refresh(&world, &known).await.err();
    assert!(
        matches!(
            error,
            Some(RefreshError::Untrusted(IdTokenError::Signature(_)))
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_rotated_refresh_token_is_not_lost_when_the_keys_cannot_be_had() {
    let world = world().await;
    let known = logged_in(&world).await;
    let next = key();
    let down = Scripted::new(503, "text/html", "<html>");
    world.provider.says("/jwks", down);
    let id_token = next
        .sign("JWT", refreshed_claims(&world).to_string().as_bytes())
        .unwrap();
    grants(
        &world,
        &json!({"refresh_token": "third", "id_token": id_token}),
    );
    let tokens = refresh(&world, &known).await.unwrap();
    assert_eq!(tokens.refresh_token.unwrap().expose(), "third");
    assert!(tokens.id_token.is_none());
}

#[tokio::test]
async fn an_outage_is_named() {
    let world = world().await;
    let known = logged_in(&world).await;
    let down = Scripted::new(502, "text/html", "<html>");
    world.provider.says("/token", down);
    let expected = RpError::Unavailable(FetchError::Status(502));
    let error = refresh(&world, &known).await.err();
    assert_eq!(error, Some(RefreshError::Unavailable(expected)));
}
