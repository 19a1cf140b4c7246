//! Feeds untrusted bytes to every reader of a token, a key or a key set.

use std::sync::LazyLock;

use cardea_jose::{Algorithm, Expected, Jwk, KeySet, SigningKey, peek};

static KEYS: LazyLock<KeySet> = LazyLock::new(|| {
    let keys = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA].map(|algorithm| {
        let key = SigningKey::generate(algorithm).expect("a key");
        key.public_jwk().clone()
    });
    KeySet::from_keys(keys).expect("a set")
});

pub(crate) fn check(data: &[u8]) {
    if let Ok(token) = std::str::from_utf8(data) {
        let expected = Expected {
            algorithms: &Algorithm::ALL,
            typ: &[],
        };
        let peeked = peek(token);
        // The keys are new in each run: nothing in the corpus can be signed with them.
        assert!(KEYS.verify(token, &expected).is_err());
        if let Ok(unverified) = peeked {
            assert!(Algorithm::ALL.contains(&unverified.header.alg));
        }
    }
    if let Ok(key) = Jwk::parse(data) {
        let json = serde_json::to_vec(&key).expect("a key is JSON");
        assert_eq!(Jwk::parse(&json), Ok(key));
    }
    if let Ok(set) = KeySet::parse(data) {
        let again = KeySet::parse(set.to_json().as_bytes()).expect("our own JSON");
        assert_eq!(again.keys(), set.keys());
    }
}
