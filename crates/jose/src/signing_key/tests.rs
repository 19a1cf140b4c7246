#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use serde_json::{Value, json};

use crate::{Algorithm, KeyError, SigningKey, base64url};

fn header_of(token: &str) -> Value {
    let header = token.split('.').next().unwrap();
    serde_json::from_slice(&base64url::decode(header).unwrap()).unwrap()
}

#[test]
fn the_header_says_algorithm_key_and_kind() {
    for algorithm in Algorithm::ALL {
        let key = SigningKey::generate(algorithm).unwrap();
        for typ in [
            "at+jwt",
            "JWT",
            "logout+jwt",
            "token-introspection+jwt",
            "dpop+jwt",
        ] {
            let token = key.sign(typ, b"{}").unwrap();
            let expected = json!({"alg": algorithm.as_str(), "kid": key.kid(), "typ": typ});
            assert_eq!(header_of(&token), expected);
        }
    }
}

#[test]
fn a_certificate_is_named_by_its_hash_and_the_signature_is_the_keys() {
    let key = SigningKey::generate(Algorithm::PS256).unwrap();
    let certificate = cardea_seal::Digest::of(b"the certificate");
    let token = key.sign_as_certificate(&certificate, "JWT", b"{}").unwrap();
    let expected = json!({"alg": "PS256", "x5t#S256": certificate.to_text(), "typ": "JWT"});
    assert_eq!(header_of(&token), expected);
    let keys = crate::KeySet::from_keys([key.public_jwk().clone()]).unwrap();
    let expected = crate::Expected {
        algorithms: &[Algorithm::PS256],
        typ: &["JWT"],
    };
    assert!(keys.verify(&token, &expected).is_ok());
}

#[test]
fn a_typ_cannot_break_out_of_the_header() {
    let key = SigningKey::generate(Algorithm::EdDSA).unwrap();
    let typ = r#"x","alg":"none"#;
    assert_eq!(header_of(&key.sign(typ, b"{}").unwrap())["typ"], typ);
}

#[test]
fn a_token_is_built_in_one_buffer() {
    for algorithm in Algorithm::ALL {
        let key = SigningKey::generate(algorithm).unwrap();
        let token = key.sign("at+jwt", &[b'x'; 701]).unwrap();
        let slack = token.capacity() - token.len();
        assert!(
            slack < 64,
            "{algorithm}: {slack} bytes of slack, so the buffer has grown"
        );
    }
}

#[test]
fn a_stored_key_is_the_same_key() {
    for algorithm in Algorithm::ALL {
        let key = SigningKey::generate(algorithm).unwrap();
        let again = SigningKey::from_pkcs8(algorithm, key.to_pkcs8().expose()).unwrap();
        assert_eq!(again.public_jwk(), key.public_jwk());
        assert_eq!(again.kid(), key.public_jwk().kid().unwrap());
        assert_eq!(again.algorithm(), algorithm);
    }
}

#[test]
fn a_key_of_another_kind_is_refused() {
    for have in Algorithm::ALL {
        let key = SigningKey::generate(have).unwrap();
        for want in Algorithm::ALL {
            let same_kind = key.public_jwk().public.algorithms().contains(&want);
            let read = SigningKey::from_pkcs8(want, key.to_pkcs8().expose());
            assert_eq!(read.is_ok(), same_kind, "{have} as {want}");
        }
    }
}

#[test]
fn a_damaged_key_is_refused() {
    for algorithm in Algorithm::ALL {
        let key = SigningKey::generate(algorithm).unwrap();
        let pkcs8 = key.to_pkcs8();
        let (_, cut) = pkcs8.expose().split_last().unwrap();
        for bytes in [&[][..], b"not a key", cut] {
            let error = SigningKey::from_pkcs8(algorithm, bytes).unwrap_err();
            assert_eq!(error, KeyError::Invalid, "{algorithm}");
        }
    }
}

#[test]
fn a_new_rsa_key_has_2048_bits() {
    let key = SigningKey::generate(Algorithm::RS256).unwrap();
    let crate::jwk::PublicKey::Rsa(rsa) = &key.public_jwk().public else {
        panic!("not an RSA key");
    };
    assert_eq!(rsa.n.len(), 256);
}

#[test]
fn debug_shows_nothing_private() {
    let key = SigningKey::generate(Algorithm::EdDSA).unwrap();
    let expected = format!(
        "SigningKey {{ algorithm: EdDSA, kid: {:?}, .. }}",
        key.kid()
    );
    assert_eq!(format!("{key:?}"), expected);
}

#[test]
fn keys_are_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<SigningKey>();
    shared::<crate::KeySet>();
}
