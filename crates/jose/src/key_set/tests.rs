#![allow(clippy::unwrap_used, reason = "tests")]

use serde_json::{Value, json};

use crate::{
    Algorithm, Expected, KeyError, KeySet, KeySetError, MAX_KEY_SET_LEN, MAX_KEYS, SigningKey,
    VerifyError,
};

fn ed25519() -> SigningKey {
    SigningKey::generate(Algorithm::EdDSA).unwrap()
}

fn published(key: &SigningKey) -> Value {
    serde_json::to_value(key.public_jwk()).unwrap()
}

fn parse(keys: &Value) -> Result<KeySet, KeySetError> {
    KeySet::parse(json!({ "keys": keys }).to_string().as_bytes())
}

#[test]
fn a_published_set_reads_back() {
    let (one, two) = (ed25519(), SigningKey::generate(Algorithm::ES384).unwrap());
    let set = KeySet::from_keys([one.public_jwk().clone(), two.public_jwk().clone()]).unwrap();
    let again = KeySet::parse(set.to_json().as_bytes()).unwrap();
    assert_eq!(again.keys(), set.keys());
    assert_eq!(again.find(two.kid()), Some(two.public_jwk()));
    assert_eq!(again.find("another"), None);
    assert!(!set.to_json().contains("\"d\""));
}

#[test]
fn keys_that_we_cannot_use_are_skipped() {
    let good = ed25519();
    let mut for_encryption = published(&ed25519());
    for_encryption["use"] = json!("enc");
    let mut unknown_algorithm = published(&ed25519());
    unknown_algorithm["alg"] = json!("ES512");
    let set = parse(&json!([
        {"kty": "oct", "k": "AAAA"},
        {"kty": "EC", "crv": "secp256k1", "x": "AAAA", "y": "AAAA"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
        {"kty": "RSA"},
        for_encryption,
        unknown_algorithm,
        published(&good),
    ]));
    assert_eq!(set.unwrap().keys(), [good.public_jwk().clone()]);
}

#[test]
fn c6_a_key_of_another_shape_is_skipped_and_the_others_are_kept() {
    let good = ed25519();
    let changed = |name: &str, value: Value| {
        let mut key = published(&ed25519());
        key[name] = value;
        key
    };
    for odd in [
        json!(1),
        json!(null),
        json!("key"),
        json!([]),
        json!({}),
        json!({"kid": "1"}),
        json!({"kty": null}),
        json!({"kty": ["RSA"]}),
        json!({"kty": "AKP", "alg": "ML-DSA-65", "pub": "AAAA"}),
        json!({"kty": "OKP", "crv": "X25519", "x": "AAAA", "use": "enc"}),
        json!({"kty": "EC", "crv": 256, "x": 1, "y": 2}),
        changed("alg", json!("RSA-OAEP")),
        changed("alg", json!("none")),
        changed("alg", json!("HS256")),
        changed("alg", json!(["EdDSA"])),
        changed("use", json!(["sig"])),
        changed("use", json!(1)),
        changed("key_ops", json!("verify")),
        changed("key_ops", json!([1])),
        changed("x", json!(7)),
        changed("x", json!("AAAA")),
    ] {
        let set = parse(&json!([odd, published(&good), odd])).unwrap();
        assert_eq!(set.keys(), [good.public_jwk().clone()], "{odd}");
    }
}

#[test]
fn c6_members_that_are_absent_null_unknown_or_of_no_use_here_skip_no_key() {
    let key = ed25519();
    for (name, value) in [
        ("alg", Value::Null),
        ("use", Value::Null),
        ("key_ops", Value::Null),
        ("d", Value::Null),
        ("n", Value::Null),
        ("x5c", json!(7)),
        ("x5t", json!([])),
        ("nbf", json!("soon")),
        ("issuer", json!("https://login.example/{tenantid}/v2.0")),
    ] {
        let mut jwk = published(&key);
        jwk[name] = value;
        let set = parse(&json!([jwk])).unwrap();
        assert!(set.find(key.kid()).is_some(), "{jwk}");
    }
    for kid in [Value::Null, json!(7), json!({})] {
        let mut jwk = published(&key);
        jwk["kid"] = kid;
        let set = parse(&json!([jwk])).unwrap();
        assert_eq!((set.keys().len(), set.keys()[0].kid()), (1, None), "{jwk}");
    }
}

#[test]
fn c6_of_keys_with_one_kid_the_one_that_signed_is_found() {
    let (old, new) = (ed25519(), ed25519());
    let other_type = SigningKey::generate(Algorithm::ES256).unwrap();
    let named = |key: &SigningKey| {
        let mut jwk = published(key);
        jwk["kid"] = json!(new.kid());
        jwk
    };
    let token = new.sign("JWT", b"{}").unwrap();
    let expected = Expected {
        algorithms: &[Algorithm::EdDSA, Algorithm::ES256],
        typ: &[],
    };
    for keys in [
        json!([named(&old), named(&new), named(&other_type)]),
        json!([named(&other_type), named(&new), named(&old)]),
        json!([named(&new), named(&new)]),
    ] {
        assert!(parse(&keys).unwrap().verify(&token, &expected).is_ok());
    }
    let without = parse(&json!([named(&old), named(&other_type)])).unwrap();
    assert_eq!(
        without.verify(&token, &expected).err(),
        Some(VerifyError::Signature)
    );
}

#[test]
fn a_set_with_a_private_key_is_refused_as_a_whole() {
    for leaked in [
        json!({"d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}),
        json!({"d": 7, "kid": 7}),
        json!({"kty": "RSA", "p": "AAAA"}),
        json!({"kty": 1, "oth": []}),
        json!({"kty": "unknown", "qi": "AAAA"}),
    ] {
        let mut key = published(&ed25519());
        for (name, value) in leaked.as_object().unwrap() {
            key[name] = value.clone();
        }
        let set = parse(&json!([published(&ed25519()), key]));
        assert_eq!(set.unwrap_err(), KeySetError::Private, "{leaked}");
    }
}

#[test]
fn our_own_set_takes_only_usable_keys() {
    let mut key = published(&ed25519());
    key["key_ops"] = json!(["sign"]);
    let jwk = serde_json::from_value(key).unwrap();
    assert_eq!(
        KeySet::from_keys([jwk]).unwrap_err(),
        KeyError::NotForVerifying
    );
}

#[test]
fn length_and_count_are_bounded() {
    let key = json!({"kty": "oct"});
    assert!(parse(&vec![key.clone(); MAX_KEYS].into()).is_ok());
    let too_many = parse(&vec![key; MAX_KEYS + 1].into());
    assert_eq!(too_many.unwrap_err(), KeySetError::TooManyKeys);

    let mut json = br#"{"keys":[]}"#.to_vec();
    json.resize(MAX_KEY_SET_LEN, b' ');
    assert!(KeySet::parse(&json).is_ok());
    json.push(b' ');
    assert_eq!(KeySet::parse(&json).unwrap_err(), KeySetError::TooLong);
    assert!(KeySet::parse_bounded(&json).is_ok());
}

#[test]
fn what_is_no_key_set_is_malformed() {
    for json in [
        "",
        "[]",
        "{}",
        r#"{"keys":{}}"#,
        r#"{"keys":null}"#,
        r#"{"keys":"x"}"#,
        r#"{"keys":[],"keys":[]}"#,
    ] {
        let error = KeySet::parse(json.as_bytes()).unwrap_err();
        assert!(
            matches!(error, KeySetError::Malformed(_)),
            "{json}: {error}"
        );
    }
}
