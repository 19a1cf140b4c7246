//! The end of a login, from either side.

use cardea_client::rp::RpError;
use cardea_protocol::verify::{BACKCHANNEL_LOGOUT_EVENT, LogoutTokenError};
use cardea_seal::Secret;
use cardea_web::clock::Clock;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{
    provider::{Scripted, key},
    world::{CLIENT, World, query, world, world_with},
};

#[tokio::test]
async fn the_browser_is_sent_to_the_providers_logout_with_what_it_needs() {
    let back = "https://app.example.test/bye";
    let world = world_with(|config| config.post_logout_redirect_uri = Some(back.to_owned())).await;
    let hint = Secret::new("h.i.nt".to_owned());
    let url = world.party.logout_url(Some(&hint), None, Some("s 1")).await;
    let url = url.unwrap().unwrap();
    assert!(url.starts_with(&format!("{}/end_session?", world.provider.url)));
    let asked = query(&url);
    assert_eq!(asked["id_token_hint"], "h.i.nt");
    assert_eq!(asked["client_id"], CLIENT);
    assert_eq!(asked["post_logout_redirect_uri"], back);
    assert_eq!(asked["state"], "s 1");
    let other = "https://app.example.test/other";
    let url = world.party.logout_url(None, Some(other), None).await;
    let asked = query(&url.unwrap().unwrap());
    assert_eq!(asked["post_logout_redirect_uri"], other);
    assert!(!asked.contains_key("id_token_hint"));
}

#[tokio::test]
async fn a_hint_that_no_server_would_take_is_left_out() {
    let world = world().await;
    let hint = Secret::new("h".repeat(7000));
    let url = world.party.logout_url(Some(&hint), None, Some("s")).await;
    let asked = query(&url.unwrap().unwrap());
    assert!(!asked.contains_key("id_token_hint"), "{asked:?}");
    assert_eq!(asked["client_id"], CLIENT);
    assert_eq!(
        asked["post_logout_redirect_uri"],
        "https://app.example.test/"
    );
}

#[tokio::test]
async fn a_provider_without_logout_or_revocation_has_none() {
    let world = world().await;
    let mut metadata = world.provider.metadata();
    for name in ["end_session_endpoint", "revocation_endpoint"] {
        metadata.as_object_mut().unwrap().remove(name);
    }
    world.provider.says_of_itself(&metadata);
    assert_eq!(world.party.logout_url(None, None, None).await, Ok(None));
    let token = Secret::new("r".to_owned());
    assert_eq!(world.party.revoke(&token).await, Ok(false));
}

#[tokio::test]
async fn a_refresh_token_is_revoked_in_the_clients_name() {
    let world = world().await;
    let token = Secret::new("refresh".to_owned());
    let answer = Scripted::new(200, "text/plain", "");
    world.provider.says("/revocation", answer);
    assert_eq!(world.party.revoke(&token).await, Ok(true));
    let form = world.provider.asked("/revocation").remove(0).form;
    assert_eq!(
        (form["token"].as_str(), form["client_id"].as_str()),
        ("refresh", CLIENT)
    );
    let down = Scripted::new(503, "text/plain", "");
    world.provider.says("/revocation", down);
    let error = world.party.revoke(&token).await.unwrap_err();
    assert!(matches!(error, RpError::Unavailable(_)), "{error:?}");
    let refused = Scripted::new(401, "application/json", r#"{"error":"invalid_client"}"#);
    world.provider.says("/revocation", refused);
    let error = world.party.revoke(&token).await.unwrap_err();
    assert!(matches!(error, RpError::Answer(_)), "{error:?}");
}

fn logout_claims(world: &World) -> Value {
    let at = world.clock.now().as_second();
    json!({"iss": world.provider.url, "aud": CLIENT, "iat": at, "exp": at + 120, "jti": "j1", "sub": "alice",
        "sid": "s1", "events": {BACKCHANNEL_LOGOUT_EVENT: {}}})
}

#[tokio::test]
async fn a_logout_token_says_whose_session_ended() {
    let world = world().await;
    let claims = logout_claims(&world).to_string();
    let jwt = world.key.sign("logout+jwt", claims.as_bytes()).unwrap();
    let token = world.party.logout_token(&jwt).await.unwrap();
    assert_eq!(token.iss, world.provider.url);
    assert_eq!(
        (token.sub.as_deref(), token.sid.as_deref()),
        (Some("alice"), Some("s1"))
    );
    assert_eq!((token.jti.as_str(), token.iat), ("j1", world.clock.now()));
    let until = world.clock.now() + SignedDuration::from_secs(180);
    assert_eq!(token.expires_at, until);
}

#[tokio::test]
async fn a_strangers_logout_token_and_an_id_token_end_nothing() {
    let world = world().await;
    let claims = logout_claims(&world).to_string();
    let forged = key().sign("logout+jwt", claims.as_bytes()).unwrap();
    let mut claims = world.claims("n");
    claims["jti"] = json!("j1");
    let id_token = world.sign(&claims);
    for (jwt, kind) in [(forged.as_str(), "forged"), (&id_token, "id"), ("", "none")] {
        let error = world.party.logout_token(jwt).await.unwrap_err();
        assert!(
            matches!(error, RpError::LogoutToken(_)),
            "{kind}: {error:?}"
        );
    }
    let error = world.party.logout_token(&id_token).await.unwrap_err();
    assert_eq!(error, RpError::LogoutToken(LogoutTokenError::Kind));
}
