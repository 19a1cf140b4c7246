//! Providers that are only odd: what they write is read where it can be, and the login succeeds.

use cardea_jose::{Algorithm, SigningKey};
use serde_json::{Value, json};

use super::{
    provider::Scripted,
    world::{CODE, World, callback, nonce, world, world_with},
};

const DISCOVERY: &str = "/.well-known/openid-configuration";

fn says_of_itself(world: &World, name: &str, value: &Value) {
    let mut metadata = world.provider.metadata();
    metadata[name] = value.clone();
    world.provider.says_of_itself(&metadata);
}

#[tokio::test]
async fn c6_odd_members_of_the_metadata_do_not_matter() {
    for name in [
        "userinfo_endpoint",
        "revocation_endpoint",
        "end_session_endpoint",
        "introspection_endpoint",
        "code_challenge_methods_supported",
        "scopes_supported",
        "token_endpoint_auth_methods_supported",
        "id_token_signing_alg_values_supported",
        "backchannel_logout_supported",
        "claims_supported",
        "mtls_endpoint_aliases",
    ] {
        for value in [
            json!(null),
            json!(7),
            json!({"a": []}),
            json!([null]),
            json!(""),
        ] {
            let world = world().await;
            says_of_itself(&world, name, &value);
            let logged_in = world.log_in(|_| {}).await;
            assert!(logged_in.is_ok(), "{name} {value}: {logged_in:?}");
        }
    }
}

#[tokio::test]
async fn c6_documents_are_read_whatever_their_type_mark_and_size() {
    let typed = |kind: &str, body: Vec<u8>| Scripted {
        headers: [("content-type", kind.to_owned())]
            .into_iter()
            .filter(|(_, kind)| !kind.is_empty())
            .collect(),
        ..Scripted::new(200, kind, body)
    };
    let marked = |text: &str| [b"\xef\xbb\xbf".as_slice(), text.as_bytes()].concat();
    for kind in [
        "application/json; charset=utf-8",
        "Application/JSON;charset=UTF-8",
        "text/plain",
        "application/octet-stream",
        "application/jwk-set+json",
        "text/html",
        "",
    ] {
        let world = world().await;
        let mut metadata = world.provider.metadata();
        metadata["x"] = json!("x".repeat(200 * 1024));
        let document = typed(kind, marked(&metadata.to_string()));
        world.provider.says(DISCOVERY, document);
        let keys = json!({"keys": [world.key.public_jwk()], "x": "x".repeat(200 * 1024)});
        world
            .provider
            .says("/jwks", typed(kind, marked(&keys.to_string())));
        let login = world.begin().await;
        let id_token = world.sign(&world.claims(&nonce(&login)));
        let granted = json!({"access_token": "at", "token_type": "bearer", "id_token": id_token});
        world
            .provider
            .says("/token", typed(kind, marked(&granted.to_string())));
        let logged_in = world.finish(&login).await;
        assert!(logged_in.is_ok(), "{kind}: {logged_in:?}");
    }
}

/// Key sets in which a key of the provider can be found.
fn sets(good: &Value) -> Vec<Value> {
    let other = SigningKey::generate(Algorithm::ES256).unwrap();
    let other = serde_json::to_value(other.public_jwk()).unwrap();
    let mut bare = good.clone();
    for name in ["alg", "use"] {
        bare.as_object_mut().unwrap().remove(name);
    }
    let with = |name: &str, value: Value| {
        let mut key = other.clone();
        key[name] = value;
        key
    };
    let namesake = with("kid", good["kid"].clone());
    vec![
        json!([7, null, {}, [], {"kty": "AKP", "alg": "ML-DSA-44"}, good]),
        json!([{"kty": "EC", "crv": "P-521", "x": "AA", "y": "AA"}, {"kty": "oct", "k": "AA"}, good]),
        json!([{"kty": "RSA", "n": 1, "e": "AQAB", "kid": 3}, with("alg", json!("ES256K")), good]),
        json!([
            with("use", json!("enc")),
            with("key_ops", json!("verify")),
            good
        ]),
        json!([namesake, good]),
        json!([good, namesake]),
        json!([good, good]),
        json!([bare]),
    ]
}

#[tokio::test]
async fn c6_unusable_keys_and_namesakes_in_the_set_do_not_matter() {
    let good = world().await.key.public_jwk().clone();
    for number in 0..sets(&serde_json::to_value(good).unwrap()).len() {
        let world = world().await;
        let good = serde_json::to_value(world.key.public_jwk()).unwrap();
        let keys = sets(&good).remove(number);
        world.provider.says(
            "/jwks",
            Scripted::json(&json!({"keys": keys, "next": null})),
        );
        let logged_in = world.log_in(|_| {}).await;
        assert!(logged_in.is_ok(), "{keys}: {logged_in:?}");
    }
}

#[tokio::test]
async fn c6_odd_claims_of_an_id_token_do_not_matter() {
    let world = world().await;
    for name in [
        "acr",
        "amr",
        "sid",
        "auth_time",
        "tid",
        "roles",
        "name",
        "email_verified",
        "updated_at",
    ] {
        for value in [json!(null), json!(7), json!({}), json!([null]), json!("")] {
            let logged_in = world.log_in(|claims| claims[name] = value.clone()).await;
            assert!(logged_in.is_ok(), "{name} {value}: {logged_in:?}");
        }
    }
}

/// Auth0 and Authentik have a slash at the end of their issuer.
#[tokio::test]
async fn c6_an_issuer_may_end_in_a_slash_and_is_compared_with_it() {
    let world = world_with(|config| config.issuer.push('/')).await;
    let slashed = format!("{}/", world.provider.url);
    let wrong = world_with(|config| config.issuer.push('/')).await;
    let error = wrong.party.ready().await.unwrap_err().to_string();
    assert!(error.contains("is configured"), "{error}");
    says_of_itself(&world, "issuer", &json!(slashed));
    for (iss, expected) in [(slashed.clone(), true), (world.provider.url.clone(), false)] {
        let login = world.begin().await;
        let mut claims = world.claims(&nonce(&login));
        claims["iss"] = json!(iss);
        world.grants(&world.sign(&claims));
        let back = callback(&[
            ("code", CODE),
            ("state", login.state.state()),
            ("iss", &slashed),
        ]);
        let logged_in = world.party.finish(&back, &login.state).await;
        assert_eq!(logged_in.is_ok(), expected, "{iss}: {logged_in:?}");
    }
}
