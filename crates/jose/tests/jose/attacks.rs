use cardea_jose::{Algorithm, Expected, KeySet, MAX_TOKEN_LEN, SigningKey, VerifyError, peek};
use serde_json::json;

use crate::{ANYTHING, published, second_opinion::their_signer};

const PAYLOAD: &[u8] = br#"{"sub":"alice"}"#;

fn es256() -> SigningKey {
    SigningKey::generate(Algorithm::ES256).unwrap()
}

fn base64url(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

/// A token with any header, rightly signed.
fn signed(key: &SigningKey, header: &str) -> String {
    let input = format!("{}.{}", base64url(header.as_bytes()), base64url(PAYLOAD));
    let algorithm = key.algorithm().as_str().parse().unwrap();
    let signature =
        jsonwebtoken::crypto::sign(input.as_bytes(), &their_signer(key), algorithm).unwrap();
    format!("{input}.{signature}")
}

fn with_signature(header: &str, signature: &[u8]) -> String {
    format!(
        "{}.{}.{}",
        base64url(header.as_bytes()),
        base64url(PAYLOAD),
        base64url(signature)
    )
}

fn refusal(keys: &KeySet, token: &str) -> VerifyError {
    keys.verify(token, &ANYTHING).unwrap_err()
}

#[test]
fn alg_none_is_refused_in_every_spelling() {
    let key = es256();
    let good = key.sign("JWT", PAYLOAD).unwrap();
    let (_, signature) = good.rsplit_once('.').unwrap();
    for name in ["none", "None", "NONE", "nOnE", "", "null"] {
        let head = base64url(
            json!({"alg": name, "kid": key.kid()})
                .to_string()
                .as_bytes(),
        );
        let body = base64url(PAYLOAD);
        let error = refusal(&published(&[&key]), &format!("{head}.{body}.{signature}"));
        assert_eq!(error, VerifyError::UnknownAlgorithm(name.into()));
        for unsigned in [format!("{head}.{body}."), format!("{head}.{body}")] {
            let error = refusal(&published(&[&key]), &unsigned);
            assert!(matches!(error, VerifyError::Malformed(_)), "{error}");
        }
    }
}

#[test]
fn a_public_rsa_key_is_no_hmac_secret() {
    let key = SigningKey::generate(Algorithm::RS256).unwrap();
    let secret = serde_json::to_vec(key.public_jwk()).unwrap();
    let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
    header.kid = Some(key.kid().into());
    let secret = jsonwebtoken::EncodingKey::from_secret(&secret);
    let token = jsonwebtoken::encode(&header, &json!({"sub": "alice"}), &secret).unwrap();
    assert_eq!(
        refusal(&published(&[&key]), &token),
        VerifyError::UnknownAlgorithm("HS256".into())
    );
}

#[test]
fn one_key_serves_one_algorithm() {
    // The same RSA key, once with each padding: a token must keep to the `alg` under which the key is published.
    let rs256 = SigningKey::generate(Algorithm::RS256).unwrap();
    let ps256 = SigningKey::from_pkcs8(Algorithm::PS256, rs256.to_pkcs8().expose()).unwrap();
    assert_eq!(rs256.kid(), ps256.kid());
    let token = ps256.sign("JWT", PAYLOAD).unwrap();
    assert_eq!(
        refusal(&published(&[&rs256]), &token),
        VerifyError::KeyNotFor(Algorithm::PS256)
    );
}

#[test]
fn a_key_without_alg_is_held_to_the_allow_list() {
    let rs256 = SigningKey::generate(Algorithm::RS256).unwrap();
    let ps256 = SigningKey::from_pkcs8(Algorithm::PS256, rs256.to_pkcs8().expose()).unwrap();
    let mut jwk = serde_json::to_value(rs256.public_jwk()).unwrap();
    jwk.as_object_mut().unwrap().remove("alg");
    let keys = KeySet::parse(json!({ "keys": [jwk] }).to_string().as_bytes()).unwrap();
    let only_ps256 = Expected {
        algorithms: &[Algorithm::PS256],
        typ: &[],
    };
    let (with_rs256, with_ps256) = (
        rs256.sign("JWT", PAYLOAD).unwrap(),
        ps256.sign("JWT", PAYLOAD).unwrap(),
    );
    assert!(keys.verify(&with_rs256, &ANYTHING).is_ok());
    assert!(keys.verify(&with_ps256, &only_ps256).is_ok());
    assert_eq!(
        keys.verify(&with_rs256, &only_ps256),
        Err(VerifyError::AlgorithmNotAllowed(Algorithm::RS256))
    );
}

#[test]
fn an_algorithm_outside_the_allow_list_is_refused() {
    let key = es256();
    let token = key.sign("JWT", PAYLOAD).unwrap();
    for algorithms in [&[Algorithm::RS256, Algorithm::EdDSA][..], &[]] {
        let expected = Expected {
            algorithms,
            typ: &[],
        };
        assert_eq!(
            published(&[&key]).verify(&token, &expected),
            Err(VerifyError::AlgorithmNotAllowed(Algorithm::ES256))
        );
    }
}

#[test]
fn a_token_of_another_kind_is_refused() {
    let key = es256();
    let keys = published(&[&key]);
    let expected = Expected {
        algorithms: &Algorithm::ALL,
        typ: &["at+jwt"],
    };
    let id_token = key.sign("JWT", PAYLOAD).unwrap();
    assert_eq!(
        keys.verify(&id_token, &expected),
        Err(VerifyError::UnexpectedType(Some("JWT".into())))
    );
    let untyped = signed(&key, r#"{"alg":"ES256"}"#);
    assert_eq!(
        keys.verify(&untyped, &expected),
        Err(VerifyError::UnexpectedType(None))
    );
    let access_token = key.sign("application/AT+jwt", PAYLOAD).unwrap();
    assert!(keys.verify(&access_token, &expected).is_ok());
}

#[test]
fn ecdsa_with_zeros_is_refused() {
    // CVE-2022-21449: r = s = 0 verified for every message.
    for (algorithm, len) in [(Algorithm::ES256, 64), (Algorithm::ES384, 96)] {
        let key = SigningKey::generate(algorithm).unwrap();
        let token = with_signature(&format!(r#"{{"alg":"{algorithm}"}}"#), &vec![0; len]);
        assert_eq!(refusal(&published(&[&key]), &token), VerifyError::Signature);
    }
}

#[test]
fn ecdsa_signatures_have_a_fixed_length() {
    let key = es256();
    let der = [
        &[0x30, 0x44, 0x02, 0x20][..],
        &[1; 32],
        &[0x02, 0x20],
        &[1; 32],
    ]
    .concat();
    for signature in [&der[..], &[1; 63], &[1; 65], &[1]] {
        let token = with_signature(r#"{"alg":"ES256"}"#, signature);
        assert_eq!(refusal(&published(&[&key]), &token), VerifyError::Signature);
    }
}

#[test]
fn an_embedded_key_is_not_trusted() {
    let (key, attacker) = (es256(), es256());
    let jwk = serde_json::to_value(attacker.public_jwk()).unwrap();
    for header in [
        json!({"alg": "ES256", "jwk": jwk}),
        json!({"alg": "ES256", "kid": key.kid(), "jwk": jwk}),
        json!({"alg": "ES256", "jku": "https://attacker.example/jwks"}),
        json!({"alg": "ES256", "x5u": "https://attacker.example/cert", "x5c": ["AAAA"]}),
    ] {
        let token = signed(&attacker, &header.to_string());
        assert_eq!(
            refusal(&published(&[&key]), &token),
            VerifyError::Signature,
            "{header}"
        );
    }
    let named = json!({"alg": "ES256", "kid": attacker.kid(), "jwk": jwk});
    assert_eq!(
        refusal(&published(&[&key]), &signed(&attacker, &named.to_string())),
        VerifyError::UnknownKey(Some(attacker.kid().into()))
    );
}

#[test]
fn hints_to_other_keys_are_ignored_in_an_honest_token() {
    let key = es256();
    let header = json!({"alg": "ES256", "kid": key.kid(), "jku": "https://client.example/jwks", "x5t": "AAAA"});
    let token = signed(&key, &header.to_string());
    assert!(published(&[&key]).verify(&token, &ANYTHING).is_ok());
}

#[test]
fn extensions_are_refused_though_rightly_signed() {
    let key = es256();
    for (header, member) in [
        (r#"{"alg":"ES256","crit":["exp"],"exp":1}"#, "crit"),
        (r#"{"alg":"ES256","crit":[]}"#, "crit"),
        (r#"{"alg":"ES256","crit":["b64"],"b64":false}"#, "crit"),
        (r#"{"alg":"ES256","b64":true}"#, "b64"),
    ] {
        let token = signed(&key, header);
        assert_eq!(
            refusal(&published(&[&key]), &token),
            VerifyError::Critical(member)
        );
    }
}

#[test]
fn a_doubled_header_member_is_refused_though_rightly_signed() {
    let key = es256();
    for header in [
        r#"{"alg":"none","alg":"ES256"}"#,
        r#"{"alg":"ES256","alg":"ES256"}"#,
        r#"{"alg":"ES256","typ":"JWT","typ":"at+jwt"}"#,
        r#"{"alg":"ES256","jku":"a","jku":"b"}"#,
    ] {
        let error = refusal(&published(&[&key]), &signed(&key, header));
        assert!(matches!(error, VerifyError::Header(_)), "{header}: {error}");
    }
}

#[test]
fn a_stripped_or_foreign_signature_is_refused() {
    let key = es256();
    let keys = published(&[&key]);
    let token = key.sign("JWT", PAYLOAD).unwrap();
    let (input, _) = token.rsplit_once('.').unwrap();
    let other_message = key.sign("JWT", b"{}").unwrap();
    let (_, foreign) = other_message.rsplit_once('.').unwrap();

    assert!(matches!(refusal(&keys, input), VerifyError::Malformed(_)));
    assert!(matches!(
        refusal(&keys, &format!("{input}.")),
        VerifyError::Malformed(_)
    ));
    assert_eq!(
        refusal(&keys, &format!("{input}.{foreign}")),
        VerifyError::Signature
    );
}

#[test]
fn a_changed_payload_is_refused() {
    let key = es256();
    let token = key.sign("JWT", PAYLOAD).unwrap();
    let changed = token.replace(&base64url(PAYLOAD), &base64url(br#"{"sub":"admin"}"#));
    assert_ne!(token, changed);
    assert_eq!(
        refusal(&published(&[&key]), &changed),
        VerifyError::Signature
    );
}

#[test]
fn white_space_padding_and_trailing_data_are_refused() {
    let key = es256();
    let keys = published(&[&key]);
    let token = key.sign("JWT", PAYLOAD).unwrap();
    let parts: Vec<_> = token.split('.').collect();
    let (header, payload, signature) = (parts[0], parts[1], parts[2]);
    for bad in [
        format!(" {token}"),
        format!("{token} "),
        format!("{token}\n"),
        format!("{token}\0"),
        format!("{token}="),
        format!("{token}=="),
        format!("{token}."),
        format!("{token}.{signature}"),
        format!(".{token}"),
        format!("{header}=.{payload}.{signature}"),
        format!("{header}.{payload}=.{signature}"),
        format!("{header}.{payload}\r\n.{signature}"),
        format!("{header} .{payload}.{signature}"),
        format!("{header}..{signature}"),
        format!("{header}.{payload}"),
        format!("..{signature}"),
        format!("{header}.{payload}.{signature}")
            .replace('-', "+")
            .replace('_', "/")
            + "+/",
        format!(r#"{{"protected":"{header}","payload":"{payload}","signature":"{signature}"}}"#),
        "..".into(),
        ".".into(),
        String::new(),
    ] {
        assert!(keys.verify(&bad, &ANYTHING).is_err(), "{bad:?}");
    }
    assert!(keys.verify(&token, &ANYTHING).is_ok());
}

#[test]
fn a_signature_has_one_spelling() {
    // 64 octets leave four unused bits in the last character; 15 other characters would decode to the same.
    let key = es256();
    let token = key.sign("JWT", PAYLOAD).unwrap();
    let (rest, last) = token.split_at(token.len() - 1);
    for other in ('A'..='Z')
        .chain('a'..='z')
        .chain('0'..='9')
        .chain(['-', '_'])
    {
        let spelled = format!("{rest}{other}");
        let is_accepted = published(&[&key]).verify(&spelled, &ANYTHING).is_ok();
        assert_eq!(is_accepted, last == other.to_string(), "{other}");
    }
}

#[test]
fn a_token_is_bounded() {
    let key = es256();
    let keys = published(&[&key]);
    let fits = key
        .sign("JWT", &vec![b'x'; MAX_TOKEN_LEN * 3 / 4 - 300])
        .unwrap();
    assert!(keys.verify(&fits, &ANYTHING).is_ok());
    let long = key.sign("JWT", &vec![b'x'; MAX_TOKEN_LEN]).unwrap();
    assert_eq!(refusal(&keys, &long), VerifyError::TooLong);
    assert_eq!(peek(&long), Err(VerifyError::TooLong));
}

#[test]
fn an_unknown_kid_is_told_apart_so_that_keys_can_be_fetched() {
    let (key, new_key) = (es256(), es256());
    let token = new_key.sign("JWT", PAYLOAD).unwrap();
    assert_eq!(
        refusal(&published(&[&key]), &token),
        VerifyError::UnknownKey(Some(new_key.kid().into()))
    );
    let untagged = signed(&key, r#"{"alg":"ES256"}"#);
    let rsa = SigningKey::generate(Algorithm::RS256).unwrap();
    assert_eq!(
        refusal(&published(&[&rsa]), &untagged),
        VerifyError::UnknownKey(None)
    );
}

#[test]
fn without_a_kid_only_a_few_keys_are_tried() {
    let keys: Vec<_> = (0..9).map(|_| es256()).collect();
    let set = published(&keys.iter().collect::<Vec<_>>());
    let header = r#"{"alg":"ES256"}"#;
    assert!(set.verify(&signed(&keys[0], header), &ANYTHING).is_ok());
    assert!(set.verify(&signed(&keys[7], header), &ANYTHING).is_ok());
    assert_eq!(
        refusal(&set, &signed(&keys[8], header)),
        VerifyError::Signature
    );
    assert!(
        set.verify(&keys[8].sign("JWT", PAYLOAD).unwrap(), &ANYTHING)
            .is_ok()
    );
}

#[test]
fn a_kid_shared_by_two_kinds_of_key_is_decided_by_the_algorithm() {
    let (ec, ed) = (es256(), SigningKey::generate(Algorithm::EdDSA).unwrap());
    let mut keys = [
        serde_json::to_value(ec.public_jwk()).unwrap(),
        serde_json::to_value(ed.public_jwk()).unwrap(),
    ];
    for key in &mut keys {
        key["kid"] = json!("same");
    }
    let set = KeySet::parse(json!({ "keys": keys }).to_string().as_bytes()).unwrap();
    for key in [ec, ed] {
        let header = json!({"alg": key.algorithm(), "kid": "same"});
        assert!(
            set.verify(&signed(&key, &header.to_string()), &ANYTHING)
                .is_ok()
        );
    }
}

#[test]
fn peek_reads_what_is_not_verified() {
    let key = es256();
    let token = with_signature(r#"{"alg":"ES256","kid":"k","typ":"JWT"}"#, b"forged");
    let unverified = peek(&token).unwrap();
    assert_eq!(unverified.payload, PAYLOAD);
    assert_eq!(unverified.header.kid.as_deref(), Some("k"));
    assert!(published(&[&key]).verify(&token, &ANYTHING).is_err());
}
