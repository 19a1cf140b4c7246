use cardea_jose::SigningKey;
use serde_json::{Value, json};

use super::*;
use crate::samples::{ISSUER, now, seconds};

pub(super) const API: &str = "api://orders";

fn policy() -> BearerPolicy {
    BearerPolicy {
        issuer: ISSUER.to_owned(),
        audience: API.to_owned(),
        algorithms: Algorithm::ALL.to_vec(),
        skew: seconds(60),
        plain_jwt: false,
    }
}

pub(super) fn plain() -> BearerPolicy {
    BearerPolicy {
        plain_jwt: true,
        ..policy()
    }
}

fn claims() -> Value {
    let at = now().as_second();
    json!({"iss": ISSUER, "aud": API, "sub": "alice", "exp": at + 900, "iat": at, "client_id": "app",
        "scope": "orders:read orders:write", "roles": ["editor"], "tenant": "acme", "level": {"is": 3}})
}

pub(super) fn changed(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

pub(super) fn judge(
    policy: &BearerPolicy,
    typ: &str,
    claims: &Value,
) -> Result<BearerToken, BearerError> {
    let key = SigningKey::generate(Algorithm::ES256).unwrap();
    let keys = KeySet::from_keys([key.public_jwk().clone()]).unwrap();
    let jwt = key.sign(typ, claims.to_string().as_bytes()).unwrap();
    bearer_token(&jwt, &keys, policy, now())
}

pub(super) fn strict(claims: &Value) -> Result<BearerToken, BearerError> {
    judge(&policy(), "at+jwt", claims)
}

pub(super) fn answered(change: impl FnOnce(&mut Value)) -> Result<BearerToken, BearerError> {
    let mut answer = changed("active", json!(true));
    change(&mut answer);
    introspected_token(answer.to_string().as_bytes(), &policy(), now())
}

#[test]
fn a_good_token_says_who_may_do_what_until_when() {
    let token = strict(&claims()).unwrap();
    assert_eq!(
        (token.subject(), token.client_id(), token.tenant()),
        ("alice", Some("app"), Some("acme"))
    );
    assert_eq!(token.scope().to_string(), "orders:read orders:write");
    assert_eq!(token.roles(), ["editor"]);
    assert_eq!(token.expires_at(), Some(now() + seconds(900)));
    #[derive(Deserialize)]
    struct Mine {
        level: Value,
    }
    assert_eq!(token.claims::<Mine>().unwrap().level, json!({"is": 3}));
}

#[test]
fn only_an_access_tokens_type_passes_and_a_plain_one_where_it_is_meant() {
    for typ in ["JWT", "logout+jwt", "dpop+jwt", ""] {
        let error = judge(&policy(), typ, &claims()).unwrap_err();
        assert!(
            matches!(
                error,
                BearerError::Signature(VerifyError::UnexpectedType(_))
            ),
            "{typ}"
        );
    }
    for typ in ["JWT", "jwt", "at+jwt", "application/at+jwt"] {
        assert!(judge(&plain(), typ, &claims()).is_ok(), "{typ}");
    }
    for typ in ["logout+jwt", "dpop+jwt", "token-introspection+jwt"] {
        assert_eq!(
            judge(&plain(), typ, &claims()).err(),
            Some(BearerError::Kind),
            "{typ}"
        );
    }
}

#[test]
fn an_id_token_or_a_refresh_token_is_no_access_token_whatever_its_typ() {
    for (name, value) in [
        ("nonce", json!("n")),
        ("at_hash", json!("h")),
        ("c_hash", json!("h")),
        ("events", json!({})),
        ("typ", json!("ID")),
        ("typ", json!("Refresh")),
        ("token_use", json!("id")),
        ("token_use", json!("refresh_token")),
    ] {
        let claims = changed(name, value);
        assert_eq!(strict(&claims).err(), Some(BearerError::Kind), "{claims}");
        assert_eq!(
            judge(&plain(), "JWT", &claims).err(),
            Some(BearerError::Kind),
            "{claims}"
        );
    }
}

#[test]
fn a_token_bound_to_a_key_is_no_bearer_token() {
    let thumbprint = cardea_seal::Digest::of(b"key").to_text();
    for cnf in [
        json!({"jkt": thumbprint}),
        json!({"x5t#S256": thumbprint}),
        json!({"jkt": thumbprint, "x5t#S256": thumbprint}),
        json!({"jkt": "x"}),
        json!({"x5t#S256": "x"}),
        json!({"jwk": {}}),
        json!({"kid": "1"}),
        json!({}),
        json!("x"),
        json!([]),
    ] {
        let bound = changed("cnf", cnf.clone());
        let expected = Some(BearerError::SenderConstrained);
        assert_eq!(strict(&bound).err(), expected, "{cnf}");
        let answer = answered(|answer| answer["cnf"] = cnf.clone());
        assert_eq!(answer.err(), expected, "{cnf}");
    }
    assert_eq!(strict(&claims()).unwrap().confirmation(), None);
}

/// RFC 7800 §3.1: the key is read, so that a proof of possession can be verified against it.
#[test]
fn the_key_of_a_bound_token_is_known_before_the_token_is_refused() {
    let key = cardea_seal::Digest::of(b"key");
    let dpop = SenderBinding::Dpop { jkt: key };
    let mtls = SenderBinding::Mtls { x5t_s256: key };
    for (member, binding) in [("jkt", dpop), ("x5t#S256", mtls)] {
        let bound = changed("cnf", json!({ member: key.to_text() })).to_string();
        let claims: Claims<'_> = serde_json::from_str(&bound).unwrap();
        let token = claims.judge(&policy(), now()).and_then(Claims::read);
        let token = token.unwrap();
        assert_eq!(token.confirmation(), Some(binding));
        let refused = token.unbound(bound.into_bytes()).err();
        assert_eq!(refused, Some(BearerError::SenderConstrained));
    }
}

#[test]
fn issuer_and_audience_are_compared_letter_by_letter() {
    for other in [
        "https://id.example/",
        "HTTPS://id.example",
        "https://evil.test",
        "",
    ] {
        assert_eq!(
            strict(&changed("iss", json!(other))).err(),
            Some(BearerError::Issuer),
            "{other}"
        );
    }
    for other in [
        json!("api://order"),
        json!("api://orders/"),
        json!([]),
        json!(["a", "b"]),
        Value::Null,
    ] {
        assert_eq!(
            strict(&changed("aud", other)).err(),
            Some(BearerError::Audience)
        );
    }
    assert!(strict(&changed("aud", json!(["other", API]))).is_ok());
}

#[test]
fn a_token_lives_from_nbf_to_exp_give_or_take_the_skew() {
    let at = |offset: i64| json!(now().as_second() + offset);
    for (name, good, bad, error) in [
        ("exp", -59, -60, BearerError::Expired),
        ("nbf", 60, 61, BearerError::NotYet),
        ("iat", 60, 61, BearerError::NotYet),
    ] {
        assert!(strict(&changed(name, at(good))).is_ok(), "{name}");
        assert_eq!(strict(&changed(name, at(bad))).err(), Some(error), "{name}");
    }
    assert!(strict(&changed("exp", json!(now().as_second() as f64 + 0.5))).is_ok());
}

#[test]
fn claims_that_are_missing_or_of_another_type_are_malformed() {
    for bad in [
        json!([]),
        json!({}),
        changed("exp", json!("soon")),
        changed("exp", json!(1e300)),
        changed("nbf", json!(-1e300)),
        changed("exp", Value::Null),
        changed("sub", Value::Null),
        changed("sub", json!(1)),
        changed("sub", json!("")),
        changed("iss", Value::Null),
        changed("scope", json!("a\"b")),
        changed("scope", json!(7)),
        changed("aud", json!(7)),
        changed("aud", json!([[API]])),
        changed("aud", json!({"0": API})),
        changed("aud", json!([API, 7])),
    ] {
        assert_eq!(strict(&bad).err(), Some(BearerError::Malformed), "{bad}");
    }
}

#[test]
fn a_claim_that_comes_twice_is_refused() {
    let key = SigningKey::generate(Algorithm::ES256).unwrap();
    let keys = KeySet::from_keys([key.public_jwk().clone()]).unwrap();
    let twice = claims().to_string().replacen('{', "{\"sub\":\"bob\",", 1);
    let jwt = key.sign("at+jwt", twice.as_bytes()).unwrap();
    let answer = bearer_token(&jwt, &keys, &policy(), now());
    assert_eq!(answer.err(), Some(BearerError::Malformed));
}

#[test]
fn roles_and_tenants_of_another_shape_give_nothing() {
    let token = strict(&changed("roles", json!({"admin": true}))).unwrap();
    assert!(token.roles().is_empty());
    let token = strict(&changed("tenant", json!({"id": 1}))).unwrap();
    assert_eq!(token.tenant(), None);
    let token = strict(&changed("permissions", json!("orders:approve"))).unwrap();
    assert!(token.permissions().is_empty());
}

#[test]
fn d27_permissions_and_the_organization_of_a_token_are_read() {
    let token = strict(&changed("permissions", json!(["orders:approve"]))).unwrap();
    assert_eq!(token.permissions(), ["orders:approve"]);
    let mut claims = claims();
    claims["org_id"] = json!("beta");
    assert_eq!(
        strict(&claims).unwrap().tenant(),
        Some("acme"),
        "its own name first"
    );
    claims.as_object_mut().unwrap().remove("tenant");
    assert_eq!(strict(&claims).unwrap().tenant(), Some("beta"));
}

#[test]
fn an_algorithm_outside_of_the_list_is_refused_before_the_signature() {
    let policy = BearerPolicy {
        algorithms: vec![Algorithm::RS256],
        ..policy()
    };
    let answer = judge(&policy, "at+jwt", &claims());
    let expected = VerifyError::AlgorithmNotAllowed(Algorithm::ES256);
    assert_eq!(answer.err(), Some(BearerError::Signature(expected)));
}

#[test]
fn what_an_introspection_says_is_judged_like_what_is_signed() {
    assert_eq!(answered(|_| ()).unwrap().subject(), "alice");
    let past = now().as_second() - 61;
    for (name, value, error) in [
        ("active", json!(false), BearerError::Inactive),
        ("active", Value::Null, BearerError::Malformed),
        ("active", json!("true"), BearerError::Malformed),
        ("iss", json!("https://evil.test"), BearerError::Issuer),
        ("aud", json!("api://other"), BearerError::Audience),
        ("aud", Value::Null, BearerError::Audience),
        ("exp", json!(past), BearerError::Expired),
        ("token_use", json!("refresh_token"), BearerError::Kind),
        ("token_type", json!("refresh_token"), BearerError::Kind),
        ("token_type", json!("DPoP"), BearerError::Kind),
    ] {
        let answer = answered(|answer| answer[name] = value);
        assert_eq!(answer.err(), Some(error), "{name}");
    }
}

#[test]
fn an_introspection_may_leave_out_what_its_rfc_calls_optional() {
    let token = answered(|answer| {
        let answer = answer.as_object_mut().unwrap();
        for name in ["iss", "exp", "iat", "sub", "scope", "roles"] {
            answer.remove(name);
        }
    });
    let token = token.unwrap();
    assert_eq!((token.subject(), token.expires_at()), ("app", None));
    assert!(token.scope().is_empty());
}
