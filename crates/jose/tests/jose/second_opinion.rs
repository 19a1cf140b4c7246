//! The crate `jsonwebtoken` reads what we sign, and we read what it signs.

use cardea_jose::{Algorithm, Expected, SigningKey};
use serde_json::{Value, json};

use crate::published;

fn theirs(algorithm: Algorithm) -> jsonwebtoken::Algorithm {
    algorithm.as_str().parse().unwrap()
}

pub(crate) fn their_signer(key: &SigningKey) -> jsonwebtoken::EncodingKey {
    let pkcs8 = key.to_pkcs8();
    match key.algorithm() {
        // They want PKCS #1, which lies behind the 26 octets of the PKCS #8 head of a 2048-bit key.
        Algorithm::RS256 | Algorithm::PS256 => {
            jsonwebtoken::EncodingKey::from_rsa_der(&pkcs8.expose()[26..])
        }
        Algorithm::ES256 | Algorithm::ES384 => {
            jsonwebtoken::EncodingKey::from_ec_der(pkcs8.expose())
        }
        Algorithm::EdDSA => jsonwebtoken::EncodingKey::from_ed_der(pkcs8.expose()),
    }
}

#[test]
fn jsonwebtoken_verifies_what_we_sign() {
    for algorithm in Algorithm::ALL {
        let key = SigningKey::generate(algorithm).unwrap();
        let claims = json!({"sub": "alice", "exp": 4_102_444_800_u64});
        let token = key.sign("at+jwt", claims.to_string().as_bytes()).unwrap();

        let jwk = serde_json::to_value(key.public_jwk()).unwrap();
        let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_value(jwk).unwrap();
        let decoded = jsonwebtoken::decode::<Value>(
            &token,
            &jsonwebtoken::DecodingKey::from_jwk(&jwk).unwrap(),
            &jsonwebtoken::Validation::new(theirs(algorithm)),
        )
        .unwrap();
        assert_eq!(decoded.claims, claims, "{algorithm}");
        assert_eq!(decoded.header.typ.as_deref(), Some("at+jwt"));
        assert_eq!(decoded.header.kid.as_deref(), Some(key.kid()));
    }
}

#[test]
fn we_verify_what_jsonwebtoken_signs() {
    for algorithm in Algorithm::ALL {
        let key = SigningKey::generate(algorithm).unwrap();
        let claims = json!({"sub": "alice"});
        let mut header = jsonwebtoken::Header::new(theirs(algorithm));
        header.kid = Some(key.kid().into());
        let token = jsonwebtoken::encode(&header, &claims, &their_signer(&key)).unwrap();

        let expected = Expected {
            algorithms: &[algorithm],
            typ: &["JWT"],
        };
        let verified = published(&[&key]).verify(&token, &expected).unwrap();
        assert_eq!(
            verified.payload,
            claims.to_string().as_bytes(),
            "{algorithm}"
        );
    }
}

#[test]
fn a_token_that_jsonwebtoken_signed_with_another_key_is_refused() {
    for algorithm in Algorithm::ALL {
        let (key, other) = (
            SigningKey::generate(algorithm).unwrap(),
            SigningKey::generate(algorithm).unwrap(),
        );
        let header = jsonwebtoken::Header::new(theirs(algorithm));
        let token = jsonwebtoken::encode(&header, &json!({}), &their_signer(&other)).unwrap();
        assert!(
            published(&[&key]).verify(&token, &crate::ANYTHING).is_err(),
            "{algorithm}"
        );
    }
}
