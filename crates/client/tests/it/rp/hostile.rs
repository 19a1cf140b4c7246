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
    for endpoint in ["token_endpoint", "jwks_uri"] {
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
async fn discovery_and_keys_are_not_fetched_from_where_a_redirect_leads() {
    for path in ["/.well-known/openid-configuration", "/jwks"] {
        let (world, elsewhere) = (world().await, Provider::start().await);
        let mut metadata = elsewhere.metadata();
        metadata["issuer"] = json!(world.provider.url);
        elsewhere.says_of_itself(&metadata);
        elsewhere.publishes("/jwks", &[&world.key]);
        let there = Scripted::redirect(&format!("{}{path}", elsewhere.url));
        world.provider.says(path, there);
        let error = match world.party.begin(LoginOptions::to("/")).await {
            Ok(_) => world.log_in(|_| {}).await.unwrap_err(),
            Err(error) => error,
        };
        assert_eq!(
            error,
            RpError::Unavailable(FetchError::Status(302)),
            "{path}"
        );
        assert_eq!(elsewhere.asked(path).len(), 0);
    }
}

#[tokio::test]
async fn an_endpoint_over_plain_http_at_another_place_is_refused_by_name() {
    for endpoint in ["jwks_uri", "token_endpoint", "authorization_endpoint"] {
        for url in [
            "http://id.example.com/x",
            "javascript:alert(1)",
            "//id.example.com/x",
            "/x",
            "https://a:b@c.example/",
        ] {
            let world = world().await;
            let mut metadata = world.provider.metadata();
            metadata[endpoint] = json!(url);
            world.provider.says_of_itself(&metadata);
            let error = refused(&world).await;
            let RpError::Unavailable(FetchError::Document(reason)) = &error else {
                panic!("{endpoint} {url}: {error:?}");
            };
            assert!(
                reason.starts_with(&format!("{endpoint} may not be fetched")),
                "{reason}"
            );
        }
    }
}

#[tokio::test]
async fn c6_an_optional_endpoint_that_may_not_be_used_stops_no_login() {
    for endpoint in [
        "userinfo_endpoint",
        "introspection_endpoint",
        "revocation_endpoint",
        "end_session_endpoint",
    ] {
        for url in [
            "https://169.254.169.254/latest",
            "http://10.0.0.1/i",
            "javascript:alert(1)",
            "/logout",
        ] {
            let world = world().await;
            let mut metadata = world.provider.metadata();
            metadata[endpoint] = json!(url);
            world.provider.says_of_itself(&metadata);
            assert!(world.log_in(|_| {}).await.is_ok(), "{endpoint} {url}");
        }
    }
}

/// Answers are never unpacked: they are bounded as they come.
#[tokio::test]
async fn a_compressed_answer_is_not_unpacked() {
    let world = world().await;
    let mut answer = Scripted::new(200, "application/json", GZIPPED);
    answer.headers.push(("content-encoding", "gzip".to_owned()));
    world
        .provider
        .says("/.well-known/openid-configuration", answer);
    let error = refused(&world).await;
    assert!(
        matches!(&error, RpError::Unavailable(FetchError::Document(reason)) if reason.contains("not JSON")),
        "{error:?}"
    );
    let asked = world.provider.asked("/.well-known/openid-configuration");
    assert!(!asked[0].headers.contains_key("accept-encoding"));
}

/// The beginning of a gzip stream.
const GZIPPED: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xec\xc1\x01\x0d";

#[tokio::test]
async fn documents_nested_without_end_are_given_up() {
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(60_000), close.repeat(60_000));
    let nested = deep("[", "]");
    for (path, body) in [
        (
            "/.well-known/openid-configuration",
            format!(r#"{{"issuer":{nested}}}"#),
        ),
        (
            "/.well-known/openid-configuration",
            format!(r#"{{"userinfo_endpoint":{nested}}}"#),
        ),
        (
            "/jwks",
            format!(r#"{{"keys":{}}}"#, deep("[", "]").split_at(30_000).0),
        ),
        (
            "/jwks",
            format!(r#"{{"keys":[{}]}}"#, r#"{"kty":"#.repeat(8_000)),
        ),
        ("/token", format!(r#"{{"access_token":{nested}}}"#)),
        ("/token", nested.clone()),
    ] {
        let world = world().await;
        world
            .provider
            .says(path, Scripted::new(200, "application/json", body));
        let refused = match world.party.begin(LoginOptions::to("/")).await {
            Err(error) => Err(error),
            Ok(login) => {
                if path == "/jwks" {
                    world.grants(&world.sign(&world.claims(&nonce(&login))));
                }
                world.finish(&login).await.map(drop)
            }
        };
        assert!(refused.is_err(), "{path}");
    }
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
