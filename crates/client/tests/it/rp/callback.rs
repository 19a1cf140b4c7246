//! To the provider and back: not another browser's login, not another provider's answer.

use cardea_client::rp::{Callback, LoginOptions, LoginState, RpError};
use cardea_protocol::pkce::{CodeChallenge, CodeVerifier};
use jiff::SignedDuration;
use serde_json::json;

use super::{
    provider::Scripted,
    world::{CALLBACK, CLIENT, CODE, callback, nonce, party, query, world, world_with},
};

#[tokio::test]
async fn a_login_tells_who_came_and_where_they_wanted_to_go() {
    let world = world().await;
    let logged_in = world.log_in(|_| {}).await.unwrap();
    assert_eq!(logged_in.identity.sub, "alice");
    assert_eq!(logged_in.identity.iss, world.provider.url);
    assert_eq!(logged_in.identity.sid.as_deref(), Some("s1"));
    assert_eq!(logged_in.identity.roles, ["user"]);
    assert_eq!(logged_in.identity.text("name"), Some("Alice"));
    assert_eq!(logged_in.return_to, "/orders");
    assert_eq!(logged_in.tokens.scope.to_string(), "openid profile");
    assert!(logged_in.tokens.expires_at.is_some());
}

#[tokio::test]
async fn a_request_carries_all_that_protects_it_and_the_code_is_redeemed_with_the_verifier() {
    let world = world().await;
    let login = world.begin().await;
    let asked = query(&login.authorization_url);
    for (name, value) in [
        ("realm", "one"),
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("redirect_uri", CALLBACK),
        ("scope", "openid profile email"),
        ("state", login.state.state()),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(asked[name], value, "{name}");
    }
    assert_eq!(asked["state"].len(), 43);
    assert_eq!(asked["nonce"].len(), 43);
    world.grants(&world.sign(&world.claims(&asked["nonce"])));
    world.finish(&login).await.unwrap();
    let form = world.provider.asked("/token").remove(0).form;
    assert_eq!(form["grant_type"], "authorization_code");
    assert_eq!(
        (form["code"].as_str(), form["redirect_uri"].as_str()),
        (CODE, CALLBACK)
    );
    assert_eq!(form["client_id"], CLIENT);
    let verifier = CodeVerifier::parse(&form["code_verifier"]).ok().unwrap();
    let challenge = CodeChallenge::parse(&asked["code_challenge"]).unwrap();
    assert!(verifier.proves(&challenge));
}

#[tokio::test]
async fn no_two_logins_share_a_random_value() {
    let world = world().await;
    let (one, two) = (world.begin().await, world.begin().await);
    let (one, two) = (query(&one.authorization_url), query(&two.authorization_url));
    for name in ["state", "nonce", "code_challenge"] {
        assert_ne!(one[name], two[name], "{name}");
    }
}

#[tokio::test]
async fn what_was_wished_for_is_asked_for() {
    let world = world_with(|config| {
        config.resource = Some("api://orders".to_owned());
        config
            .authorization_parameters
            .insert("ui_locales".to_owned(), "nl".to_owned());
    })
    .await;
    let wish = LoginOptions {
        prompt: Some("login".to_owned()),
        max_age: Some(0),
        login_hint: Some("alice@example.test".to_owned()),
        acr_values: vec!["gold".to_owned(), "silver".to_owned()],
        scope: "orders:read".to_owned().try_into().unwrap(),
        ..LoginOptions::to("/")
    };
    let asked = query(&world.party.begin(wish).await.unwrap().authorization_url);
    for (name, value) in [
        ("prompt", "login"),
        ("max_age", "0"),
        ("login_hint", "alice@example.test"),
        ("acr_values", "gold silver"),
        ("scope", "openid profile email orders:read"),
        ("resource", "api://orders"),
        ("ui_locales", "nl"),
    ] {
        assert_eq!(asked[name], value, "{name}");
    }
}

#[tokio::test]
async fn classes_are_essential_where_the_provider_reads_claims_and_the_app_sends_none_of_its_own() {
    let own = r#"{"userinfo":{"picture":null}}"#;
    let demanded = r#"{"id_token":{"acr":{"essential":true,"values":["gold","silver"]}}}"#;
    for (supported, configured, sent) in [
        (json!(true), None, Some(demanded)),
        (json!(true), Some(own), Some(own)),
        (json!(false), None, None),
        (json!(null), None, None),
    ] {
        let world = world_with(|config| {
            let claims = configured.map(|text| ("claims".to_owned(), text.to_owned()));
            config.authorization_parameters.extend(claims);
        })
        .await;
        let mut metadata = world.provider.metadata();
        metadata["claims_parameter_supported"] = supported;
        world.provider.says_of_itself(&metadata);
        let wish = LoginOptions {
            acr_values: vec!["gold".to_owned(), "silver".to_owned()],
            preferred_acr_values: vec!["bronze".to_owned()],
            ..LoginOptions::to("/")
        };
        let url = world.party.begin(wish).await.unwrap().authorization_url;
        let asked = query(&url);
        assert_eq!(asked.get("claims").map(String::as_str), sent, "{url}");
        assert_eq!(url.matches("claims=").count(), usize::from(sent.is_some()));
        assert_eq!(asked["acr_values"], "gold silver bronze");
        let url = world.begin().await.authorization_url;
        assert_eq!(url.contains("claims="), configured.is_some(), "{url}");
    }
}

#[tokio::test]
async fn an_endless_wish_is_refused() {
    let world = world().await;
    let long = LoginOptions::to(&"/x".repeat(2000));
    assert!(matches!(
        world.party.begin(long).await,
        Err(RpError::Options(_))
    ));
    let long = LoginOptions {
        login_hint: Some("a".repeat(9000)),
        ..LoginOptions::default()
    };
    assert!(matches!(
        world.party.begin(long).await,
        Err(RpError::Options(_))
    ));
}

#[tokio::test]
async fn another_logins_callback_is_refused_before_the_code_is_spent() {
    let world = world().await;
    let (mine, theirs) = (world.begin().await, world.begin().await);
    let foreign = world.callback(&theirs);
    let without = callback(&[("code", CODE), ("iss", &world.provider.url)]);
    for callback in [foreign, without, Callback::default()] {
        let refused = world.party.finish(&callback, &mine.state).await;
        assert!(matches!(refused, Err(RpError::Mismatch(_))), "{refused:?}");
    }
    assert_eq!(world.provider.asked("/token").len(), 0);
}

#[tokio::test]
async fn a_mixed_up_provider_is_noticed_by_iss() {
    let world = world().await;
    let login = world.begin().await;
    let state = login.state.state();
    let own = world.provider.url.clone();
    let slash = format!("{own}/");
    for iss in ["https://attacker.example", slash.as_str(), ""] {
        let mixed = callback(&[("code", CODE), ("state", state), ("iss", iss)]);
        let refused = world.party.finish(&mixed, &login.state).await;
        assert!(matches!(refused, Err(RpError::Mismatch(_))), "{refused:?}");
    }
    // It says of itself that it always names itself.
    let silent = callback(&[("code", CODE), ("state", state)]);
    let refused = world.party.finish(&silent, &login.state).await;
    assert!(matches!(refused, Err(RpError::Mismatch(_))), "{refused:?}");
    // An error is judged in the same way.
    let error = callback(&[("error", "access_denied"), ("state", state), ("iss", "x")]);
    let refused = world.party.finish(&error, &login.state).await;
    assert!(matches!(refused, Err(RpError::Mismatch(_))), "{refused:?}");
    assert_eq!(world.provider.asked("/token").len(), 0);
}

#[tokio::test]
async fn a_provider_that_never_names_itself_is_not_asked_to() {
    let world = world().await;
    let mut metadata = world.provider.metadata();
    metadata["authorization_response_iss_parameter_supported"] = json!(false);
    world.provider.says_of_itself(&metadata);
    let login = world.begin().await;
    world.grants(&world.sign(&world.claims(&nonce(&login))));
    let silent = callback(&[("code", CODE), ("state", login.state.state())]);
    assert!(world.party.finish(&silent, &login.state).await.is_ok());
}

#[tokio::test]
async fn a_login_that_was_begun_at_another_provider_is_not_finished_here() {
    let (here, there) = (world().await, world().await);
    let login = there.begin().await;
    let refused = here.finish(&login).await;
    assert!(matches!(refused, Err(RpError::Mismatch(_))), "{refused:?}");
    assert_eq!(here.provider.asked("/token").len(), 0);
}

#[tokio::test]
async fn a_login_ends_after_an_hour() {
    let world = world().await;
    let login = world.begin().await;
    world.clock.advance(SignedDuration::from_secs(3600));
    world.grants(&world.sign(&world.claims(&nonce(&login))));
    assert!(world.finish(&login).await.is_ok());
    world.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(world.finish(&login).await.err(), Some(RpError::TooLate));
}

#[tokio::test]
async fn a_refusal_is_handed_on_with_its_code() {
    let world = world().await;
    let login = world.begin().await;
    let refusal = callback(&[
        ("error", "access_denied"),
        ("error_description", "no\r\nthanks"),
        ("state", login.state.state()),
        ("iss", &world.provider.url),
    ]);
    let refused = world.party.finish(&refusal, &login.state).await;
    let expected = RpError::Refused {
        code: "access_denied".to_owned(),
        description: Some("nothanks".to_owned()),
    };
    assert_eq!(refused.err(), Some(expected));
}

#[tokio::test]
async fn a_replayed_code_is_refused_by_the_provider_and_logs_nobody_in() {
    let world = world().await;
    let login = world.begin().await;
    let used = r#"{"error":"invalid_grant","error_description":"the code was used before"}"#;
    let answer = Scripted::new(400, "application/json", used);
    world.provider.says("/token", answer);
    assert_eq!(world.finish(&login).await.err(), Some(RpError::CodeRefused));
}

#[tokio::test]
async fn a_callback_without_a_code_is_refused() {
    let world = world().await;
    let login = world.begin().await;
    for code in [None, Some("")] {
        let mut pairs = vec![
            ("state", login.state.state()),
            ("iss", world.provider.url.as_str()),
        ];
        pairs.extend(code.map(|code| ("code", code)));
        let refused = world.party.finish(&callback(&pairs), &login.state).await;
        assert!(matches!(refused, Err(RpError::Callback(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn a_login_survives_a_restart_by_its_record() {
    let world = world().await;
    let login = world.begin().await;
    let record = serde_json::to_vec(&login.state).unwrap();
    assert!(record.len() < 1024, "it goes into a cookie");
    let state: LoginState = serde_json::from_slice(&record).unwrap();
    world.grants(&world.sign(&world.claims(&nonce(&login))));
    let config = cardea_client::rp::ClientConfig::cardea(&world.provider.url, CLIENT, CALLBACK);
    let restarted = party(&config, &world.clock);
    let finished = restarted.finish(&world.callback(&login), &state).await;
    assert_eq!(finished.unwrap().identity.sub, "alice");
}
