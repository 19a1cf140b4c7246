#![allow(clippy::unwrap_used, reason = "tests")]

use serde_json::{Value, json};

use crate::{Algorithm, KeyError, KeySet, KeySetError, MAX_KEY_SET_LEN, MAX_KEYS, SigningKey};

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
fn a_set_with_a_private_key_is_refused_as_a_whole() {
    let mut leaked = published(&ed25519());
    leaked["d"] = json!("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
    let set = parse(&json!([published(&ed25519()), leaked]));
    assert_eq!(set.unwrap_err(), KeySetError::Private);
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
}

#[test]
fn what_is_no_key_set_is_malformed() {
    for json in [
        "",
        "[]",
        "{}",
        r#"{"keys":{}}"#,
        r#"{"keys":[1]}"#,
        r#"{"keys":[],"keys":[]}"#,
    ] {
        let error = KeySet::parse(json.as_bytes()).unwrap_err();
        assert!(
            matches!(error, KeySetError::Malformed(_)),
            "{json}: {error}"
        );
    }
}
