use std::sync::LazyLock;

use cardea_jose::{Algorithm, Jwk, KeySet, SigningKey, peek};
use proptest::prelude::*;

use crate::{ANYTHING, published};

/// One key for each algorithm, and the set of them all.
static KEYS: LazyLock<(Vec<SigningKey>, KeySet)> = LazyLock::new(|| {
    let keys: Vec<_> = Algorithm::ALL
        .into_iter()
        .map(|algorithm| SigningKey::generate(algorithm).unwrap())
        .collect();
    let set = published(&keys.iter().collect::<Vec<_>>());
    (keys, set)
});

proptest! {
    #[test]
    fn what_is_signed_verifies(
        index in 0..Algorithm::ALL.len(),
        typ in "\\PC{0,20}",
        payload in prop::collection::vec(any::<u8>(), 0..2000),
    ) {
        let (keys, set) = &*KEYS;
        let token = keys[index].sign(&typ, &payload).unwrap();
        let verified = set.verify(&token, &ANYTHING).unwrap();
        prop_assert_eq!(verified.payload, payload);
        prop_assert_eq!(verified.header.typ, Some(typ));
        prop_assert_eq!(verified.header.alg, Algorithm::ALL[index]);
    }

    #[test]
    fn a_token_changed_anywhere_is_refused(
        index in 0..Algorithm::ALL.len(),
        place in any::<prop::sample::Index>(),
        character in "[A-Za-z0-9_.=+/ -]",
    ) {
        let (keys, set) = &*KEYS;
        let token = keys[index].sign("JWT", b"{\"sub\":\"alice\"}").unwrap();
        let place = place.index(token.len());
        prop_assume!(token[place..=place] != character);
        let changed = format!("{}{character}{}", &token[..place], &token[place + 1..]);
        prop_assert!(set.verify(&changed, &ANYTHING).is_err());
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC*") {
        prop_assert!(peek(&text).is_err());
        prop_assert!(KEYS.1.verify(&text, &ANYTHING).is_err());
    }

    #[test]
    fn no_three_parts_make_the_parser_panic(
        header in prop::collection::vec(any::<u8>(), 0..200),
        payload in "[A-Za-z0-9_-]{0,80}",
        signature in "[A-Za-z0-9_-]{0,90}",
    ) {
        use base64::Engine as _;
        let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(header);
        let token = format!("{header}.{payload}.{signature}");
        let _ = peek(&token);
        prop_assert!(KEYS.1.verify(&token, &ANYTHING).is_err());
    }

    #[test]
    fn no_header_of_json_verifies_unsigned(
        alg in "(RS256|PS256|ES256|ES384|EdDSA|HS256|none)",
        kid in "\\PC{0,40}",
        more in "\\PC{0,40}",
        signature in "[A-Za-z0-9_-]{0,400}",
    ) {
        use base64::Engine as _;
        let header = serde_json::json!({"alg": alg, "kid": kid, "more": more}).to_string();
        let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(header);
        let token = format!("{header}.e30.{signature}");
        prop_assert!(KEYS.1.verify(&token, &ANYTHING).is_err());
    }

    #[test]
    fn no_bytes_make_the_key_parsers_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Jwk::parse(&bytes);
        let _ = KeySet::parse(&bytes);
    }

    #[test]
    fn no_members_make_the_key_parsers_panic(
        kty in "(RSA|EC|OKP|oct)",
        crv in "(P-256|P-384|Ed25519)",
        number in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        use base64::Engine as _;
        let text = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(number);
        let jwk = serde_json::json!({"kty": kty, "crv": crv, "x": text, "y": text, "n": text, "e": text});
        let set = serde_json::json!({"keys": [jwk]}).to_string();
        prop_assert!(KeySet::parse(set.as_bytes()).is_ok());
    }
}
