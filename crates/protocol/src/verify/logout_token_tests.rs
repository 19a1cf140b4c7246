use cardea_jose::{Algorithm, SigningKey};
use serde_json::json;

use super::*;
use crate::{
    samples::{ISSUER, now, seconds},
    verify::IssuerRule,
};

/// A key and the claims of a token in which everything is right.
struct Scene {
    key: SigningKey,
    claims: Value,
}

fn scene() -> Scene {
    let at = now().as_second();
    Scene {
        key: SigningKey::generate(Algorithm::ES256).unwrap(),
        claims: json!({"iss": ISSUER, "aud": "app", "iat": at, "exp": at + 120, "jti": "j1", "sub": "alice",
            "sid": "s1", "events": {BACKCHANNEL_LOGOUT_EVENT: {}}}),
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

    fn signed(&self, typ: &str) -> String {
        let claims = self.claims.to_string();
        self.key.sign(typ, claims.as_bytes()).unwrap()
    }

    fn verify(&self, jwt: &str) -> Result<VerifiedLogoutToken, LogoutTokenError> {
        let keys = KeySet::from_keys([self.key.public_jwk().clone()]).unwrap();
        let policy = RelyingPartyPolicy {
            issuer: &IssuerRule::exact(ISSUER),
            client_id: "app",
            trusted_audiences: &[],
            algorithms: &[Algorithm::ES256],
        };
        logout_token(jwt, &keys, policy, now())
    }

    #[track_caller]
    fn accepted(&self) -> VerifiedLogoutToken {
        self.verify(&self.signed("logout+jwt")).unwrap()
    }

    #[track_caller]
    fn refused(&self) -> LogoutTokenError {
        self.verify(&self.signed("logout+jwt")).unwrap_err()
    }
}

#[test]
fn a_right_token_says_whose_session_ended_and_how_long_to_remember_it() {
    let proof = scene().accepted();
    let expected = VerifiedLogoutToken {
        issuer: ISSUER.to_owned(),
        subject: Some("alice".to_owned()),
        sid: Some("s1".to_owned()),
        jti: "j1".to_owned(),
        issued_at: now(),
        expires_at: now() + seconds(180),
    };
    assert_eq!(proof, expected);
}

#[test]
fn user_or_session_is_required() {
    assert_eq!(scene().with("sub", Value::Null).accepted().subject, None);
    assert_eq!(scene().with("sid", Value::Null).accepted().sid, None);
    let nobody = scene().with("sub", Value::Null).with("sid", Value::Null);
    assert_eq!(nobody.refused(), LogoutTokenError::Nobody);
}

#[test]
fn an_id_token_ends_no_session() {
    for event in [
        Value::Null,
        json!({}),
        json!({"other": {}}),
        json!({BACKCHANNEL_LOGOUT_EVENT: true}),
    ] {
        assert_eq!(
            scene().with("events", event).refused(),
            LogoutTokenError::Kind
        );
    }
    let mut null = scene();
    null.claims["nonce"] = Value::Null;
    for with_nonce in [scene().with("nonce", "n"), null] {
        assert_eq!(with_nonce.refused(), LogoutTokenError::Kind);
    }
}

#[test]
fn older_providers_do_not_name_the_type_and_another_type_is_refused() {
    let scene = scene();
    for typ in ["logout+jwt", "application/logout+jwt", "JWT"] {
        assert!(scene.verify(&scene.signed(typ)).is_ok(), "{typ}");
    }
    for typ in ["at+jwt", ""] {
        let refused = scene.verify(&scene.signed(typ)).unwrap_err();
        assert_eq!(refused, LogoutTokenError::Kind, "{typ}");
    }
}

#[test]
fn another_issuers_another_clients_and_a_forged_token_are_refused() {
    let issuer = scene().with("iss", "https://other.example").refused();
    assert_eq!(issuer, LogoutTokenError::Issuer);
    for audience in [json!("other"), json!([]), json!(["app", "other"])] {
        let refused = scene().with("aud", audience).refused();
        assert_eq!(refused, LogoutTokenError::Audience);
    }
    let other = SigningKey::generate(Algorithm::ES256).unwrap();
    let scene = scene();
    let forged = other
        .sign("logout+jwt", scene.claims.to_string().as_bytes())
        .unwrap();
    for bad in [forged.as_str(), "", "eyJhbGciOiJub25lIn0.e30."] {
        assert!(matches!(
            scene.verify(bad),
            Err(LogoutTokenError::Signature(_))
        ));
    }
}

#[test]
fn it_dies_a_minute_after_its_exp_and_is_not_of_the_future() {
    let at = now().as_second();
    scene().with("exp", at - 59).accepted();
    assert_eq!(
        scene().with("exp", at - 60).refused(),
        LogoutTokenError::Expired
    );
    scene().with("iat", at + 60).accepted();
    assert_eq!(
        scene().with("iat", at + 61).refused(),
        LogoutTokenError::Future
    );
}

#[test]
fn what_is_missing_or_without_bound_is_malformed() {
    for missing in ["iss", "aud", "exp", "iat", "jti"] {
        assert_eq!(
            scene().with(missing, Value::Null).refused(),
            LogoutTokenError::Malformed,
            "{missing}"
        );
    }
    for (name, bad) in [
        ("jti", ""),
        ("jti", &*"j".repeat(513)),
        ("sid", ""),
        ("sub", ""),
    ] {
        assert_eq!(
            scene().with(name, bad).refused(),
            LogoutTokenError::Malformed,
            "{name}"
        );
    }
}
