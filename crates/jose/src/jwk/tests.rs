#![allow(clippy::unwrap_used, reason = "tests")]

use serde_json::{Value, json};

use crate::{Algorithm, Jwk, KeyError, VerificationKey};

/// The key of RFC 7515 A.3.
fn ec() -> Value {
    json!({
        "kty": "EC", "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    })
}

/// The key with one member set, or with `null` taken away.
fn ec_with(member: &str, value: Value) -> Value {
    let mut key = ec();
    key[member] = value;
    key
}

fn parse(key: &Value) -> Result<Jwk, KeyError> {
    Jwk::parse(key.to_string().as_bytes())
}

fn es256(key: &Value) -> Result<VerificationKey, KeyError> {
    VerificationKey::new(&parse(key)?, Algorithm::ES256)
}

#[test]
fn a_key_is_written_as_it_was_read_without_unknown_members() {
    let mut key = ec();
    key["kid"] = json!("one");
    key["alg"] = json!("ES256");
    key["use"] = json!("sig");
    key["key_ops"] = json!(["verify"]);
    let mut with_more = key.clone();
    with_more["x5t"] = json!("whatever");
    let jwk = parse(&with_more).unwrap();
    assert_eq!(serde_json::to_value(&jwk).unwrap(), key);
    assert_eq!(serde_json::from_value::<Jwk>(key).unwrap(), jwk);
}

#[test]
fn every_private_member_is_refused() {
    for member in ["d", "p", "q", "dp", "dq", "qi", "oth"] {
        let key = ec_with(member, json!("AQAB"));
        assert_eq!(parse(&key), Err(KeyError::Private), "{member}");
    }
}

#[test]
fn coordinates_have_the_full_length_of_the_curve() {
    let short = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVA";
    for text in [short, "", "AA", &format!("{short}=="), "*"] {
        assert_eq!(
            parse(&ec_with("x", json!(text))),
            Err(KeyError::Encoding("x")),
            "{text}"
        );
    }
    assert_eq!(
        parse(&ec_with("y", Value::Null)),
        Err(KeyError::Missing("y"))
    );
    assert_eq!(
        parse(&ec_with("crv", Value::Null)),
        Err(KeyError::Missing("crv"))
    );
    // 32 octets are no P-384 coordinate.
    assert_eq!(
        parse(&ec_with("crv", json!("P-384"))),
        Err(KeyError::Encoding("x"))
    );
}

#[test]
fn a_point_off_the_curve_is_refused() {
    let key = ec_with("y", ec()["x"].clone());
    assert_eq!(es256(&key).err(), Some(KeyError::Invalid));
}

#[test]
fn unknown_types_curves_and_algorithms_are_named() {
    assert_eq!(
        parse(&json!({"kty": "oct", "k": "AAAA"})),
        Err(KeyError::UnknownType("oct".into()))
    );
    assert_eq!(
        parse(&ec_with("crv", json!("P-521"))),
        Err(KeyError::UnknownCurve("P-521".into()))
    );
    assert_eq!(
        parse(&json!({"kty": "OKP", "crv": "X25519", "x": "AAAA"})),
        Err(KeyError::UnknownCurve("X25519".into()))
    );
    for alg in ["none", "HS256", "ES512"] {
        let key = ec_with("alg", json!(alg));
        assert_eq!(parse(&key), Err(KeyError::UnknownAlgorithm(alg.into())));
    }
}

#[test]
fn the_algorithm_must_go_with_the_type_and_curve() {
    for algorithm in [Algorithm::RS256, Algorithm::ES384, Algorithm::EdDSA] {
        let key = ec_with("alg", json!(algorithm));
        assert_eq!(parse(&key), Err(KeyError::NotFor(algorithm)));
        assert_eq!(
            VerificationKey::new(&parse(&ec()).unwrap(), algorithm).err(),
            Some(KeyError::NotFor(algorithm))
        );
    }
    assert_eq!(parse(&ec()).unwrap().algorithms(), [Algorithm::ES256]);
}

#[test]
fn a_key_that_is_not_for_signatures_verifies_nothing() {
    for (member, value) in [
        ("use", json!("enc")),
        ("use", json!("")),
        ("key_ops", json!([])),
        ("key_ops", json!(["sign"])),
        ("key_ops", json!(["deriveKey"])),
    ] {
        let key = ec_with(member, value);
        assert_eq!(es256(&key).err(), Some(KeyError::NotForVerifying), "{key}");
    }
    assert!(es256(&ec_with("use", json!("sig"))).is_ok());
    assert!(es256(&ec_with("key_ops", json!(["sign", "verify"]))).is_ok());
}

#[test]
fn an_rsa_key_without_alg_may_serve_either_padding() {
    let n = "-".repeat(342);
    let key = parse(&json!({"kty": "RSA", "n": n, "e": "AQAB"}));
    // "-" is 62: the last of the 342 characters holds stray bits.
    assert_eq!(key, Err(KeyError::Encoding("n")));
    let n = format!("{}w", "-".repeat(341));
    let key = parse(&json!({"kty": "RSA", "n": n, "e": "AQAB"})).unwrap();
    assert_eq!(key.algorithms(), [Algorithm::RS256, Algorithm::PS256]);
}

#[test]
fn what_is_no_key_is_malformed() {
    for json in [
        "",
        "null",
        "[]",
        "{}",
        "\"RSA\"",
        r#"{"kty":1}"#,
        r#"{"kty":"EC","kty":"EC"}"#,
    ] {
        let error = Jwk::parse(json.as_bytes()).unwrap_err();
        assert!(matches!(error, KeyError::Malformed(_)), "{json}: {error}");
    }
}
