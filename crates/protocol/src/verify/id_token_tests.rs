use cardea_jose::SigningKey;
use serde_json::json;

use super::*;
use crate::{
    samples::{ISSUER, now, seconds},
    verify::Tenants,
};

const TENANT: &str = "5ab1e7e5-0000-4000-8000-000000000001";
const TEMPLATE: &str = "https://login.example/{tenantid}/v2.0";

/// A key, a policy and the claims of a token in which everything is right.
struct Scene {
    key: SigningKey,
    claims: Value,
    issuer: IssuerRule,
    trusted: Vec<String>,
    algorithms: Vec<Algorithm>,
}

fn scene() -> Scene {
    let at = now().as_second();
    Scene {
        key: SigningKey::generate(Algorithm::ES256).unwrap(),
        claims: json!({"iss": ISSUER, "sub": "alice", "aud": "app", "exp": at + 300, "iat": at, "nonce": "n1",
            "auth_time": at - 10, "acr": "gold", "amr": ["pwd"], "sid": "s1", "name": "Alice"}),
        issuer: IssuerRule::exact(ISSUER),
        trusted: Vec::new(),
        algorithms: vec![Algorithm::ES256],
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

    fn verify(&self, jwt: &str, asked: LoginAsked<'_>) -> Result<VerifiedIdToken, IdTokenError> {
        let keys = KeySet::from_keys([self.key.public_jwk().clone()]).unwrap();
        let policy = RelyingPartyPolicy {
            issuer: &self.issuer,
            client_id: "app",
            trusted_audiences: &self.trusted,
            algorithms: &self.algorithms,
        };
        id_token(jwt, &keys, policy, asked, now())
    }

    fn signed(&self) -> String {
        let claims = self.claims.to_string();
        self.key.sign("JWT", claims.as_bytes()).unwrap()
    }

    fn judge(&self, asked: LoginAsked<'_>) -> Result<VerifiedIdToken, IdTokenError> {
        self.verify(&self.signed(), asked)
    }

    #[track_caller]
    fn accepted(&self) -> VerifiedIdToken {
        self.judge(asked()).unwrap()
    }

    #[track_caller]
    fn refused(&self) -> IdTokenError {
        self.judge(asked()).unwrap_err()
    }
}

fn asked() -> LoginAsked<'static> {
    LoginAsked {
        nonce: Some("n1"),
        ..LoginAsked::default()
    }
}

#[test]
fn a_right_token_tells_who_logged_in() {
    let proof = scene().accepted();
    assert_eq!(
        (proof.issuer.as_str(), proof.subject.as_str()),
        (ISSUER, "alice")
    );
    assert_eq!(proof.sid.as_deref(), Some("s1"));
    assert_eq!(proof.auth_time, Some(now() - seconds(10)));
    assert_eq!((proof.acr.as_deref(), proof.amr.len()), (Some("gold"), 1));
    assert_eq!(json!(proof.other), json!({"name": "Alice"}));
}

#[test]
fn c6_optional_claims_of_another_type_count_as_absent() {
    for name in ["auth_time", "acr", "amr", "sid", "tid"] {
        for value in [json!({}), json!([7]), json!(true), json!([null])] {
            let proof = scene().with(name, value.clone()).accepted();
            let read = match name {
                "auth_time" => proof.auth_time.is_some(),
                "acr" => proof.acr.is_some(),
                "amr" => !proof.amr.is_empty(),
                "sid" => proof.sid.is_some(),
                _ => proof.other.contains_key("tid"),
            };
            assert!(!read, "{name} {value}");
        }
        let mut scene = scene();
        scene.claims[name] = Value::Null;
        scene.accepted();
    }
    let proof = scene().with("amr", "pwd").accepted();
    assert_eq!(proof.amr, ["pwd"]);
    let proof = scene().with("amr", json!(["pwd", 7, "otp"])).accepted();
    assert_eq!(proof.amr, ["pwd", "otp"]);
    let at = now() - seconds(10);
    let proof = scene()
        .with("auth_time", at.as_second().to_string())
        .accepted();
    assert_eq!(proof.auth_time, Some(at));
}

#[test]
fn c6_what_was_asked_for_is_refused_in_another_type() {
    let classes = ["7".to_owned()];
    let strong = LoginAsked {
        acr_values: &classes,
        ..asked()
    };
    let refused = scene().with("acr", 7).judge(strong);
    assert_eq!(refused.unwrap_err(), IdTokenError::Acr);
    let recent = LoginAsked {
        max_age: Some(seconds(60)),
        ..asked()
    };
    let refused = scene().with("auth_time", json!([now().as_second()]));
    assert_eq!(refused.judge(recent).unwrap_err(), IdTokenError::TooOld);
    for name in ["nonce", "azp", "aud", "iss", "sub", "exp", "iat", "nbf"] {
        let refused = scene().with(name, json!({})).refused();
        assert_eq!(refused, IdTokenError::Malformed, "{name}");
    }
}

#[test]
fn c6_an_at_hash_of_another_type_is_as_if_it_were_absent() {
    for hash in [json!(7), json!(null), json!({}), json!(["x"]), json!(true)] {
        let with_token = LoginAsked {
            access_token: Some("an access token"),
            ..asked()
        };
        assert!(scene().with("at_hash", hash).judge(with_token).is_ok());
    }
}

#[test]
fn another_issuer_is_refused_though_it_looks_alike() {
    for other in ["https://id.example/", "https://other.example", ""] {
        assert_eq!(scene().with("iss", other).refused(), IdTokenError::Issuer);
    }
    assert_eq!(
        scene().with("iss", Value::Null).refused(),
        IdTokenError::Malformed
    );
}

#[test]
fn a_tenants_issuer_goes_with_its_tid_and_the_list() {
    let of_tenants = |tenants| {
        let mut scene = scene().with("iss", TEMPLATE.replace("{tenantid}", TENANT));
        scene.issuer = IssuerRule::per_tenant(TEMPLATE, tenants).unwrap();
        scene
    };
    let listed = || of_tenants(Tenants::Only(vec![TENANT.to_owned()]));
    let proof = listed().with("tid", TENANT).accepted();
    assert_eq!(proof.other["tid"], TENANT);
    of_tenants(Tenants::Any).with("tid", TENANT).accepted();
    // Another tenant's token with its own tid, a borrowed tid, no tid, and a tenant that is not listed.
    let elsewhere = of_tenants(Tenants::Only(vec!["another".to_owned()]));
    for scene in [
        listed(),
        listed().with("tid", "another"),
        elsewhere.with("tid", TENANT),
        listed().with("tid", TENANT).with("iss", TEMPLATE),
    ] {
        assert_eq!(scene.refused(), IdTokenError::Issuer);
    }
}

#[test]
fn the_audience_is_this_client_and_no_stranger() {
    scene().with("aud", json!(["app"])).accepted();
    for other in [
        json!("other"),
        json!([]),
        json!(["other"]),
        json!(["app", "other"]),
    ] {
        assert_eq!(scene().with("aud", other).refused(), IdTokenError::Audience);
    }
}

#[test]
fn a_second_audience_is_trusted_by_name_and_then_needs_the_authorized_party() {
    let two = || {
        let mut scene = scene().with("aud", json!(["app", "api"]));
        scene.trusted = vec!["api".to_owned()];
        scene
    };
    two().with("azp", "app").accepted();
    assert_eq!(two().refused(), IdTokenError::Audience);
    assert_eq!(two().with("azp", "api").refused(), IdTokenError::Audience);
}

#[test]
fn a_token_for_another_authorized_party_is_refused() {
    scene().with("azp", "app").accepted();
    assert_eq!(
        scene().with("azp", "other").refused(),
        IdTokenError::Audience
    );
}

#[test]
fn only_the_issuers_key_and_an_allowed_algorithm_sign() {
    let (scene, other) = (scene(), SigningKey::generate(Algorithm::ES256).unwrap());
    let foreign = other
        .sign("JWT", scene.claims.to_string().as_bytes())
        .unwrap();
    let unknown = scene.verify(&foreign, asked()).unwrap_err();
    assert!(matches!(
        unknown,
        IdTokenError::Signature(VerifyError::UnknownKey(_))
    ));
    let (head, _) = scene
        .signed()
        .rsplit_once('.')
        .map(|(h, t)| (h.to_owned(), t.to_owned()))
        .unwrap();
    let stolen = foreign.rsplit_once('.').unwrap().1;
    let forged = scene
        .verify(&format!("{head}.{stolen}"), asked())
        .unwrap_err();
    assert_eq!(forged, IdTokenError::Signature(VerifyError::Signature));
    let mut strict = scene;
    strict.algorithms = vec![Algorithm::RS256];
    let refused = strict.refused();
    assert_eq!(
        refused,
        IdTokenError::Signature(VerifyError::AlgorithmNotAllowed(Algorithm::ES256))
    );
}

#[test]
fn an_unsigned_token_is_refused() {
    let scene = scene();
    let signed = scene.signed();
    let payload = signed.split('.').nth(1).unwrap();
    for none in [
        format!("eyJhbGciOiJub25lIn0.{payload}."),
        format!("eyJhbGciOiJub25lIn0.{payload}.AA"),
        String::new(),
    ] {
        let refused = scene.verify(&none, asked()).unwrap_err();
        assert!(matches!(refused, IdTokenError::Signature(_)), "{none}");
    }
}

#[test]
fn a_token_of_another_kind_is_no_id_token() {
    let scene = scene();
    let claims = scene.claims.to_string();
    for typ in ["at+jwt", "logout+jwt", "application/at+jwt", ""] {
        let jwt = scene.key.sign(typ, claims.as_bytes()).unwrap();
        assert_eq!(
            scene.verify(&jwt, asked()).unwrap_err(),
            IdTokenError::Kind,
            "{typ}"
        );
    }
    let event = json!({"http://schemas.openid.net/event/backchannel-logout": {}});
    assert_eq!(scene.with("events", event).refused(), IdTokenError::Kind);
}

#[test]
fn a_token_dies_a_minute_after_its_exp_and_is_not_of_the_future() {
    let at = now().as_second();
    scene().with("exp", at - 59).accepted();
    assert_eq!(
        scene().with("exp", at - 60).refused(),
        IdTokenError::Expired
    );
    for name in ["iat", "nbf"] {
        scene().with(name, at + 60).accepted();
        assert_eq!(scene().with(name, at + 61).refused(), IdTokenError::Future);
    }
    for missing in ["exp", "iat", "aud", "sub"] {
        assert_eq!(
            scene().with(missing, Value::Null).refused(),
            IdTokenError::Malformed,
            "{missing}"
        );
    }
    assert_eq!(
        scene().with("exp", 1e300).refused(),
        IdTokenError::Malformed
    );
}

#[test]
fn a_token_of_another_login_is_refused_by_its_nonce() {
    assert_eq!(scene().with("nonce", "n2").refused(), IdTokenError::Nonce);
    assert_eq!(
        scene().with("nonce", Value::Null).refused(),
        IdTokenError::Nonce
    );
    // A refresh asks for none.
    assert!(scene().judge(LoginAsked::default()).is_ok());
}

#[test]
fn a_refresh_is_for_the_same_user() {
    let of = |issuer, subject| LoginAsked {
        user: Some((issuer, subject)),
        ..LoginAsked::default()
    };
    assert!(scene().judge(of(ISSUER, "alice")).is_ok());
    for other in [(ISSUER, "bob"), ("https://other.example", "alice")] {
        let refused = scene().judge(of(other.0, other.1));
        assert_eq!(refused.unwrap_err(), IdTokenError::User);
    }
}

#[test]
fn a_swapped_access_token_is_seen_by_its_hash() {
    let with_token = LoginAsked {
        access_token: Some("token"),
        ..asked()
    };
    let hash = half_hash(Algorithm::ES256, b"token");
    assert!(scene().with("at_hash", hash).judge(with_token).is_ok());
    let other = half_hash(Algorithm::ES256, b"other");
    let refused = scene().with("at_hash", other).judge(with_token);
    assert_eq!(refused.unwrap_err(), IdTokenError::AccessTokenHash);
    assert!(scene().judge(with_token).is_ok());
}

#[test]
fn an_authentication_that_is_too_old_is_refused() {
    let within = |seconds| LoginAsked {
        max_age: Some(SignedDuration::from_secs(seconds)),
        ..asked()
    };
    let at = now().as_second();
    let aged = |age| scene().with("auth_time", at - age);
    assert!(aged(90).judge(within(30)).is_ok());
    assert_eq!(
        aged(91).judge(within(30)).unwrap_err(),
        IdTokenError::TooOld
    );
    let silent = scene().with("auth_time", Value::Null);
    assert_eq!(silent.judge(within(30)).unwrap_err(), IdTokenError::TooOld);
}

#[test]
fn a_weaker_authentication_than_was_asked_for_is_refused() {
    let classes = ["gold".to_owned(), "silver".to_owned()];
    let strong = LoginAsked {
        acr_values: &classes,
        ..asked()
    };
    assert!(scene().judge(strong).is_ok());
    for weak in [json!("bronze"), Value::Null] {
        let refused = scene().with("acr", weak).judge(strong);
        assert_eq!(refused.unwrap_err(), IdTokenError::Acr);
    }
}

#[test]
fn a_subject_is_ascii_of_bounded_length() {
    scene().with("sub", "s".repeat(255)).accepted();
    for bad in [json!(""), json!("s".repeat(256)), json!("älice"), json!(1)] {
        assert_eq!(scene().with("sub", bad).refused(), IdTokenError::Malformed);
    }
}

#[test]
fn a_claim_that_comes_twice_is_malformed() {
    let scene = scene();
    let claims = scene
        .claims
        .to_string()
        .replacen('{', r#"{"sub":"bob","#, 1);
    let jwt = scene.key.sign("JWT", claims.as_bytes()).unwrap();
    assert_eq!(
        scene.verify(&jwt, asked()).unwrap_err(),
        IdTokenError::Malformed
    );
}
