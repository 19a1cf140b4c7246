//! Project Wycheproof's vectors, read from `shared/vectors` beside the workspace. They are not part of this repository:
//! where they aren't found, the tests say so and pass over.

use std::path::Path;

use cardea_jose::{Algorithm, KeySet, UnverifiedJws, peek};
use serde_json::{Value, json};

use crate::ANYTHING;

fn vectors(name: &str) -> Option<Value> {
    let found = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|folder| folder.join("shared/vectors/wycheproof").join(name))
        .find(|path| path.is_file());
    let Some(path) = found else {
        eprintln!("SKIPPED: no shared/vectors/wycheproof/{name} beside the workspace");
        return None;
    };
    Some(serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
}

/// The public key or key set of a group; where it has none (HMAC), the secret one, which we don't know either.
fn key_set(group: &Value) -> Option<KeySet> {
    let key = group.get("public").unwrap_or(&group["private"]);
    let set = match key.get("keys") {
        Some(_) => key.clone(),
        None => json!({ "keys": [key] }),
    };
    KeySet::parse(set.to_string().as_bytes()).ok()
}

/// Why we refuse a vector that Wycheproof calls valid. Only one reason exists: its algorithm isn't one of ours (HMAC,
/// SHA-384 or SHA-512 with RSA, P-521). Some of these tokens have a header that contradicts their key besides.
fn is_refused_by_policy(token: &str) -> bool {
    let header = token.split('.').next().unwrap();
    let ours = ["RS256", "PS256", "ES256", "ES384", "EdDSA"];
    // Read by hand, so that the code under test doesn't judge itself. `alg` stands in base64url, so decode.
    let json = decode_leniently(header);
    !ours
        .iter()
        .any(|name| json.contains(&format!("\"{name}\"")))
}

fn decode_leniently(text: &str) -> String {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (mut bytes, mut buffer, mut bits) = (Vec::new(), 0u32, 0);
    for character in text.bytes() {
        let Some(value) = alphabet.iter().position(|one| *one == character) else {
            continue;
        };
        buffer = (buffer << 6) | value as u32;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((buffer >> bits) as u8);
            buffer &= (1 << bits) - 1;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Counts `(accepted, refused)` after comparing each vector's verdict with ours.
fn run(name: &str) -> Option<(usize, usize)> {
    let file = vectors(name)?;
    let (mut accepted, mut refused) = (0, 0);
    for group in file["testGroups"].as_array().unwrap() {
        let keys = key_set(group);
        for test in group["tests"].as_array().unwrap() {
            let id = format!("{name} {}: {}", test["tcId"], test["comment"]);
            let token = test["jws"].as_str().unwrap();
            let is_valid = test["result"] == "valid" && !is_refused_by_policy(token);
            let verdict = keys.as_ref().map(|keys| keys.verify(token, &ANYTHING));
            let is_accepted = matches!(verdict, Some(Ok(_)));
            assert_eq!(is_accepted, is_valid, "{id}: {verdict:?}");
            if is_accepted {
                let UnverifiedJws { header, .. } = peek(token).unwrap();
                assert!(Algorithm::ALL.contains(&header.alg));
                accepted += 1;
            } else {
                refused += 1;
            }
        }
    }
    Some((accepted, refused))
}

#[test]
fn signatures_are_judged_as_wycheproof_says() {
    if let Some((accepted, refused)) = run("json_web_signature_test.json") {
        // A run in which the policy refused everything would prove nothing.
        assert!(
            accepted >= 14 && refused >= 300,
            "{accepted} accepted, {refused} refused"
        );
    }
}

#[test]
fn keys_are_judged_as_wycheproof_says() {
    if let Some((accepted, refused)) = run("json_web_key_test.json") {
        assert!(
            accepted >= 1 && refused >= 20,
            "{accepted} accepted, {refused} refused"
        );
    }
}
