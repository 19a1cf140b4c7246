//! No token, code, state or verifier in a log or in debug output.

use cardea_client::rp::{LoginOptions, Tokens};
use cardea_seal::Secret;
use cardea_testkit::Log;
use cardea_web::config::SecretText;
use jiff::SignedDuration;
use serde_json::json;

use super::{
    provider::Scripted,
    world::{ACCESS_TOKEN, CODE, REFRESH_TOKEN, nonce, world_with},
};

const SECRET: &str = "the-client-secret-of-the-tests";

#[tokio::test]
async fn a_login_a_refresh_and_their_failures_leave_no_secret_behind() {
    let (log, _guard) = Log::capture();
    let world = world_with(|config| {
        config.authentication.client_secret = Some(SecretText::new(SECRET.to_owned()));
    })
    .await;
    let login = world
        .party
        .begin(LoginOptions::to("/private"))
        .await
        .unwrap();
    let nonce = nonce(&login);
    let id_token = world.sign(&world.claims(&nonce));
    world.grants(&id_token);
    let callback = world.callback(&login);
    let logged_in = world.party.finish(&callback, &login.state).await.unwrap();
    let refresh_token = Secret::new(REFRESH_TOKEN.to_owned());
    let refreshed = world
        .party
        .refresh(&refresh_token, &logged_in.identity)
        .await;
    let verifier = world.provider.asked("/token")[0].form["code_verifier"].clone();
    let mut shown = vec![
        format!("{login:?} {callback:?} {logged_in:?}"),
        format!("{refreshed:?}"),
    ];
    for (status, body) in [
        (503, String::new()),
        (400, json!({"error": "invalid_grant"}).to_string()),
        (200, "{".to_owned()),
    ] {
        let answer = Scripted::new(status, "application/json", body);
        world.provider.says("/token", answer);
        let error = world.party.finish(&callback, &login.state).await;
        shown.push(format!("{error:?} {}", error.as_ref().unwrap_err()));
    }
    // Keys that can't be had are worth a line in the log.
    world.clock.advance(SignedDuration::from_hours(25));
    world.provider.says("/jwks", Scripted::new(503, "x/x", ""));
    world.grants(&id_token);
    let tokens = world
        .party
        .refresh(&refresh_token, &logged_in.identity)
        .await;
    shown.push(format!("{tokens:?}"));
    let log = log.text();
    assert!(log.contains("could not be"), "the log is there: {log}");
    shown.push(log);
    let secrets = [
        ACCESS_TOKEN,
        REFRESH_TOKEN,
        CODE,
        SECRET,
        &verifier,
        &nonce,
        login.state.state(),
        &id_token,
        "/private",
    ];
    for text in &shown {
        for (at, secret) in secrets.iter().enumerate() {
            // Where to go back to is only not for logs; the caller prints it from `LoggedIn` if they want.
            let own = *secret == "/private" && text.contains("LoggedIn");
            assert!(own || !text.contains(secret), "secret {at} in: {text}");
        }
    }
}

#[test]
fn tokens_travel_in_clear_only_in_their_record() {
    let record = json!({"access_token": ACCESS_TOKEN, "expires_at": null, "refresh_token": REFRESH_TOKEN,
        "scope": "openid", "token_type": "Bearer"});
    let tokens: Tokens = serde_json::from_value(record).unwrap();
    let shown = format!("{tokens:?}");
    assert!(!shown.contains(ACCESS_TOKEN) && !shown.contains(REFRESH_TOKEN));
    let again = serde_json::to_value(&tokens).unwrap();
    assert_eq!(again["refresh_token"], REFRESH_TOKEN);
    assert_eq!(again["id_token"], json!(null));
}
