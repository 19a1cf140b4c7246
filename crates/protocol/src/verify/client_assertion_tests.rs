use cardea_jose::SigningKey;
use serde_json::{Value, json};

use super::*;
use crate::{
    error::ErrorCode,
    model::{AuthMethod, ClientMetadata},
    samples::{self, ISSUER, now},
};

const ENDPOINT: &str = "https://id.example/token";

/// A client with its key, and the claims of an assertion in which everything is right.
struct Scene {
    key: SigningKey,
    client: Client,
    claims: Value,
}

fn client(key: &SigningKey, change: impl FnOnce(&mut ClientMetadata)) -> Client {
    samples::client(|m| {
        m.token_endpoint_auth_method = AuthMethod::PrivateKeyJwt;
        m.jwks = Some(json!({"keys": [key.public_jwk()]}));
        change(m);
    })
}

fn scene() -> Scene {
    let key = SigningKey::generate(Algorithm::ES256).unwrap();
    let client = client(&key, |_| {});
    let at = now().as_second();
    let claims =
        json!({"iss": "app", "sub": "app", "aud": ISSUER, "exp": at + 60, "iat": at, "jti": "j1"});
    Scene {
        key,
        client,
        claims,
    }
}

impl Scene {
    /// With one claim changed, or taken out by `null`.
    fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        let claims = self.claims.as_object_mut().unwrap();
        match value.into() {
            Value::Null => claims.remove(name),
            value => claims.insert(name.to_owned(), value),
        };
        self
    }

    fn of(mut self, change: impl FnOnce(&mut ClientMetadata)) -> Self {
        self.client = client(&self.key, change);
        self
    }

    fn signed_by(&self, key: &SigningKey) -> String {
        key.sign("JWT", self.claims.to_string().as_bytes()).unwrap()
    }

    fn verify(&self, jwt: &str) -> Result<VerifiedAssertion, OAuthError> {
        let policy = AssertionPolicy {
            issuer: ISSUER,
            token_endpoint: ENDPOINT,
        };
        client_assertion(
            jwt,
            &self.client,
            self.client.keys().unwrap(),
            policy,
            now(),
        )
    }

    #[track_caller]
    fn accepted(&self) -> VerifiedAssertion {
        self.verify(&self.signed_by(&self.key)).unwrap()
    }

    /// The cause in the log; the client is told nothing of it.
    #[track_caller]
    fn refused(&self) -> String {
        cause(self.verify(&self.signed_by(&self.key)))
    }
}

#[track_caller]
fn cause(answer: Result<VerifiedAssertion, OAuthError>) -> String {
    let error = answer.unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidClient);
    assert_eq!(error.description(), "client authentication failed");
    error.cause().unwrap().to_owned()
}

#[test]
fn a_right_assertion_proves_the_client_and_names_what_is_to_be_used_up() {
    let proof = scene().accepted();
    assert_eq!(proof.client_id().as_str(), "app");
    assert_eq!(proof.jti(), Digest::of(b"j1"));
    assert_eq!(proof.expires_at(), now() + samples::seconds(60));
}

#[test]
fn the_audience_is_this_server_as_one_string() {
    scene().with("aud", ENDPOINT).accepted();
    for other in [
        json!("https://other.example"),
        json!("https://id.example/"),
        json!("https://id.example/authorize"),
        json!([ISSUER]),
        json!([ISSUER, "https://other.example"]),
        json!(null),
    ] {
        scene().with("aud", other).refused();
    }
}

#[test]
fn a_client_can_be_held_to_the_issuer_as_audience() {
    let strict = |m: &mut ClientMetadata| m.issuer_only = true;
    scene().of(strict).accepted();
    let refused = scene().of(strict).with("aud", ENDPOINT).refused();
    assert_eq!(refused, "assertion: aud is not this issuer");
}

#[test]
fn issuer_and_subject_are_both_the_client() {
    for name in ["iss", "sub"] {
        let refused = scene().with(name, "other").refused();
        assert_eq!(refused, "assertion: iss and sub are not the client");
        scene().with(name, Value::Null).refused();
    }
}

#[test]
fn an_assertion_lives_at_most_five_minutes_and_a_minute_for_clocks() {
    let at = now().as_second();
    scene().with("exp", at + 1).accepted();
    assert_eq!(scene().with("exp", at).refused(), "assertion: expired");
    scene().with("exp", at + 360).accepted();
    let far = scene().with("exp", at + 361).refused();
    assert_eq!(far, "assertion: exp is more than 5 minutes ahead");
    scene().with("exp", i64::MAX).refused();
    scene().with("exp", i64::MIN).refused();
    scene().with("exp", Value::Null).refused();
}

#[test]
fn an_assertion_of_the_future_is_refused() {
    let at = now().as_second();
    for name in ["iat", "nbf"] {
        scene().with(name, at + 60).accepted();
        let refused = scene().with(name, at + 61).refused();
        assert_eq!(refused, format!("assertion: {name} is in the future"));
        scene().with(name, i64::MAX).refused();
        scene().with(name, Value::Null).accepted();
    }
}

#[test]
fn a_jti_is_there_and_bounded_so_that_it_can_be_used_once() {
    scene().with("jti", "j".repeat(512)).accepted();
    for bad in [json!("j".repeat(513)), json!(""), json!(null), json!(1)] {
        scene().with("jti", bad).refused();
    }
}

#[test]
fn only_the_clients_own_key_signs() {
    let other = SigningKey::generate(Algorithm::ES256).unwrap();
    let scene = scene();
    assert!(cause(scene.verify(&scene.signed_by(&other))).contains("no key is known"));
    // Its own kid over another's signature.
    let (good, bad) = (scene.signed_by(&scene.key), scene.signed_by(&other));
    let head = good.rsplit_once('.').unwrap().0;
    let tail = bad.rsplit_once('.').unwrap().1;
    assert!(cause(scene.verify(&format!("{head}.{tail}"))).contains("signature"));
}

#[test]
fn a_registered_algorithm_is_the_only_one() {
    let es384 = |m: &mut ClientMetadata| m.token_endpoint_auth_signing_alg = Some(Algorithm::ES384);
    assert!(scene().of(es384).refused().contains("ES256 is not allowed"));
    let es256 = |m: &mut ClientMetadata| m.token_endpoint_auth_signing_alg = Some(Algorithm::ES256);
    scene().of(es256).accepted();
}

#[test]
fn what_is_no_signed_json_object_is_refused() {
    let scene = scene();
    let none = "eyJhbGciOiJub25lIn0.e30.";
    for bad in ["", "x", "a.b.c", none] {
        cause(scene.verify(bad));
    }
    for payload in ["", "[]", "{", r#"{"iss":"app","iss":"app"}"#] {
        let jwt = scene.key.sign("JWT", payload.as_bytes()).unwrap();
        assert!(
            cause(scene.verify(&jwt)).contains("malformed claims"),
            "{payload}"
        );
    }
}
