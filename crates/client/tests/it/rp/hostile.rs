//! Providers that are down, too large, somewhere else, or not who they say.

use cardea_client::rp::{ClientConfig, LoginOptions, RpError};
use cardea_web::outbound::FetchError;
use jiff::SignedDuration;
use serde_json::json;

use super::{
    provider::{Provider, Scripted},
    world::{ACCESS_TOKEN, CALLBACK, CLIENT, nonce, party, world},
};

async fn refused(world: &super::world::World) -> RpError {
    world.party.begin(LoginOptions::to("/")).await.unwrap_err()
}

#[tokio::test]
async fn a_provider_that_is_down_is_unavailable_and_comes_back() {
    let world = world().await;
    let good = world.provider.metadata();
    let down = Scripted::new(503, "text/html", "<html>");
    world
        .provider
        .says("/.well-known/openid-configuration", down);
    let error = refused(&world).await;
    assert_eq!(error, RpError::Unavailable(FetchError::Status(503)));
    world.provider.says_of_itself(&good);
    world.clock.advance(SignedDuration::from_secs(2));
    assert!(world.log_in(|_| {}).await.is_ok());
}

#[tokio::test]
async fn nobody_at_the_address_is_unavailable() {
    let clock = world().await.clock;
    let gone = Provider::start().await.url.clone();
    let party = party(&ClientConfig::cardea(&gone, CLIENT, CALLBACK), &clock);
    let error = party.begin(LoginOptions::to("/")).await.unwrap_err();
    assert!(matches!(error, RpError::Unavailable(_)), "{error:?}");
}

#[tokio::test]
async fn an_outage_at_the_token_endpoint_is_no_refusal() {
    let world = world().await;
    let login = world.begin().await;
    for status in [500, 502, 503, 429] {
        let body = r#"{"error":"invalid_grant"}"#;
        let answer = Scripted::new(status, "application/json", body);
        world.provider.says("/token", answer);
        let error = world.finish(&login).await.unwrap_err();
        assert_eq!(error, RpError::Unavailable(FetchError::Status(status)));
    }
}

#[tokio::test]
async fn metadata_of_another_issuer_is_refused() {
    let world = world().await;
    let mut metadata = world.provider.metadata();
    metadata["issuer"] = json!("https://attacker.example");
    world.provider.says_of_itself(&metadata);
    let error = refused(&world).await;
    assert!(
        matches!(error, RpError::Unavailable(FetchError::Document(_))),
        "{error:?}"
    );
}

#[tokio::test]
async fn metadata_that_leads_inside_is_refused() {
    for endpoint in ["token_endpoint", "jwks_uri", "userinfo_endpoint"] {
        let world = world().await;
        let mut metadata = world.provider.metadata();
        metadata[endpoint] = json!("https://169.254.169.254/latest");
        world.provider.says_of_itself(&metadata);
        let error = refused(&world).await;
        assert!(
            matches!(error, RpError::Unavailable(_)),
            "{endpoint}: {error:?}"
        );
    }
}

#[tokio::test]
async fn a_provider_without_s256_or_without_an_endpoint_is_not_used() {
    for (name, value) in [
        ("code_challenge_methods_supported", json!(["plain"])),
        ("authorization_endpoint", json!(null)),
    ] {
        let world = world().await;
        let mut metadata = world.provider.metadata();
        metadata[name] = value;
        world.provider.says_of_itself(&metadata);
        let error = refused(&world).await;
        assert!(matches!(error, RpError::Unsupported(_)), "{error:?}");
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let (world, elsewhere) = (world().await, Provider::start().await);
    elsewhere.says("/token", Scripted::json(&json!({"access_token": "x"})));
    let login = world.begin().await;
    let there = Scripted::redirect(&format!("{}/token", elsewhere.url));
    world.provider.says("/token", there);
    let error = world.finish(&login).await.unwrap_err();
    assert_eq!(error, RpError::Unavailable(FetchError::Status(302)));
    assert_eq!(elsewhere.asked("/token").len(), 0);
}

#[tokio::test]
async fn answers_that_are_too_large_are_given_up() {
    let world = world().await;
    let login = world.begin().await;
    let flood = vec![b' '; 300 * 1024];
    let answer = Scripted::new(200, "application/json", flood);
    world.provider.says("/token", answer);
    let error = world.finish(&login).await.unwrap_err();
    assert_eq!(error, RpError::Unavailable(FetchError::TooLarge));
    let long = json!({"access_token": "a".repeat(33 * 1024), "token_type": "Bearer"});
    world.provider.says("/token", Scripted::json(&long));
    let error = world.finish(&login).await.unwrap_err();
    assert!(matches!(error, RpError::Answer(_)), "{error:?}");
}

#[tokio::test]
async fn answers_that_break_the_specification_are_refused() {
    let world = world().await;
    let login = world.begin().await;
    let id_token = world.sign(&world.claims(&nonce(&login)));
    let granted =
        json!({"access_token": ACCESS_TOKEN, "token_type": "Bearer", "id_token": id_token});
    for (name, value) in [
        ("token_type", json!("mac")),
        ("token_type", json!("DPoP")),
        ("access_token", json!("")),
        ("access_token", json!(1)),
        ("id_token", json!("")),
    ] {
        let mut broken = granted.clone();
        broken[name] = value;
        world.provider.says("/token", Scripted::json(&broken));
        let error = world.finish(&login).await.unwrap_err();
        assert!(matches!(error, RpError::Answer(_)), "{name}: {error:?}");
    }
    world.provider.says("/token", Scripted::json(&granted));
    let logged_in = world.finish(&login).await.unwrap();
    assert_eq!(logged_in.tokens.expires_at, None);
    assert_eq!(
        logged_in.tokens.scope.to_string(),
        "openid profile email",
        "what was asked for"
    );
}

#[tokio::test]
async fn c6_answers_that_are_only_odd_log_in() {
    let world = world().await;
    let login = world.begin().await;
    let id_token = world.sign(&world.claims(&nonce(&login)));
    let granted =
        json!({"access_token": ACCESS_TOKEN, "token_type": "Bearer", "id_token": id_token});
    for (name, value) in [
        ("token_type", json!("bearer")),
        ("token_type", json!(null)),
        ("expires_in", json!("3600")),
        ("expires_in", json!(3600.5)),
        ("expires_in", json!(-1)),
        ("expires_in", json!(null)),
        ("expires_in", json!([])),
        ("refresh_token", json!("")),
        ("refresh_token", json!(null)),
        ("scope", json!(["openid", "profile"])),
        ("scope", json!("")),
        ("scope", json!("bad\"scope openid")),
        ("error", json!("")),
        ("error", json!(null)),
    ] {
        let mut odd = granted.clone();
        odd[name] = value.clone();
        world.provider.says("/token", Scripted::json(&odd));
        let logged_in = world.finish(&login).await;
        let tokens = logged_in
            .unwrap_or_else(|error| panic!("{name} {value}: {error}"))
            .tokens;
        assert!(tokens.refresh_token.is_none(), "{name} {value}");
        let ends = tokens.expires_at.is_some();
        assert_eq!(
            ends,
            name == "expires_in" && (value == "3600" || value == 3600.5),
            "{name} {value}"
        );
    }
}

#[tokio::test]
async fn a_wrong_client_secret_is_told_from_a_dead_code() {
    let world = world().await;
    let login = world.begin().await;
    let body = r#"{"error":"invalid_client","error_description":"who?"}"#;
    let answer = Scripted::new(401, "application/json", body);
    world.provider.says("/token", answer);
    let expected = RpError::TokenRefused {
        code: "invalid_client".to_owned(),
        description: Some("who?".to_owned()),
    };
    assert_eq!(world.finish(&login).await.err(), Some(expected));
}
