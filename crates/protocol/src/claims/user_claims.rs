//! The claims that an operator may give a user: names and types of OpenID Core §5.1.

use std::collections::BTreeMap;

use serde_json::Value;

use super::formats;
use crate::model::MetadataError;

const MAX_NAME_BYTES: usize = 128;
const MAX_CLAIMS: usize = 64;
/// All claims of one user together, as JSON.
const MAX_BYTES: usize = 16 * 1024;

/// Set by the protocol: RFC 7519 §4.1, OpenID Core §2, RFC 9068 §2.2, RFC 7662 §2.2, RFC 8693 §4, RFC 7800 §3.1.
const RESERVED: &[&str] = &[
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "typ",
    "auth_time",
    "nonce",
    "acr",
    "amr",
    "azp",
    "at_hash",
    "c_hash",
    "s_hash",
    "sid",
    "events",
    "client_id",
    "scope",
    "scp",
    "cnf",
    // OpenID Core §5.6.2
    "_claim_names",
    "_claim_sources",
    "act",
    "may_act",
    "authorization_details",
    "grant_id",
    "active",
    "token_type",
    "token_use",
    "username",
];

/// Kept in fields of their own.
const FIELDS: &[(&str, &str)] = &[
    ("email", "email"),
    ("email_verified", "email_verified"),
    ("roles", "roles"),
    ("preferred_username", "username"),
];

/// Computed from the user's roles and organization when a token is made.
const COMPUTED: &[&str] = &["permissions", "org_id", "org_name"];

const TEXTS: &[&str] = &[
    "name",
    "family_name",
    "given_name",
    "middle_name",
    "nickname",
    "profile",
    "picture",
    "website",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "phone_number",
];

/// Whether the protocol sets the claim. Case is ignored: some readers do so too.
pub(crate) fn reserved(claim: &str) -> bool {
    RESERVED.iter().any(|r| r.eq_ignore_ascii_case(claim))
}

pub(super) fn is_claim_name(claim: &str) -> bool {
    (1..=MAX_NAME_BYTES).contains(&claim.len())
        && claim
            .bytes()
            .all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\')
}

/// Checks the claims that a user is to get. `null` counts as absent.
pub fn check_user_claims(claims: &BTreeMap<String, Value>) -> Result<(), MetadataError> {
    match user_claim_problems(claims).into_iter().next() {
        None => Ok(()),
        Some(problem) => Err(problem),
    }
}

/// Checks how many claims a user has, and how long they are together. Names and values were checked when they were set.
pub fn check_user_claim_bounds(claims: &BTreeMap<String, Value>) -> Result<(), MetadataError> {
    let fail = |problem: String| MetadataError {
        field: "claims",
        problem,
    };
    if claims.len() > MAX_CLAIMS {
        return Err(fail(format!(
            "more than {MAX_CLAIMS} together with those that the user has"
        )));
    }
    match bytes(claims) > MAX_BYTES {
        true => Err(fail(format!(
            "longer than {MAX_BYTES} bytes together with those that the user has"
        ))),
        false => Ok(()),
    }
}

fn bytes(claims: &BTreeMap<String, Value>) -> usize {
    let set = claims.iter().filter(|(_, value)| !value.is_null());
    set.map(|(name, value)| name.len() + value.to_string().len())
        .sum()
}

/// Everything that is wrong with the claims that a user is to get.
#[must_use]
pub fn user_claim_problems(claims: &BTreeMap<String, Value>) -> Vec<MetadataError> {
    let fail = |problem: String| MetadataError {
        field: "claims",
        problem,
    };
    if claims.len() > MAX_CLAIMS {
        return vec![fail(format!("more than {MAX_CLAIMS}"))];
    }
    let set = claims.iter().filter(|(_, value)| !value.is_null());
    let mut problems: Vec<_> = set
        .filter_map(|(name, value)| Some((name, check_one(name, value).err()?)))
        .map(|(name, problem)| fail(format!("{name}: {problem}")))
        .collect();
    if bytes(claims) > MAX_BYTES {
        problems.push(fail(format!("together longer than {MAX_BYTES} bytes")));
    }
    problems
}

/// Whether OpenID Core §5.1 makes the claim a string.
#[must_use]
pub fn is_text(claim: &str) -> bool {
    TEXTS.contains(&claim)
}

/// Whether a user can be given a claim of this name at all.
#[must_use]
pub fn may_be_given(claim: &str) -> bool {
    check_name(claim).is_ok()
}

fn check_name(name: &str) -> Result<(), String> {
    if !is_claim_name(name) {
        return Err("not the name of a claim".to_owned());
    }
    if reserved(name) {
        return Err("the name is reserved; the protocol sets this claim".to_owned());
    }
    if name == "updated_at" {
        return Err("it is set when the user is changed".to_owned());
    }
    if COMPUTED.contains(&name) {
        return Err("it follows from the user's roles and organizations".to_owned());
    }
    match FIELDS.iter().find(|(claim, _)| *claim == name) {
        Some((_, field)) => Err(format!("it is not set here but by the user's own {field}")),
        None => Ok(()),
    }
}

fn check_one(name: &str, value: &Value) -> Result<(), String> {
    check_name(name)?;
    let texts = |list: &[Value]| {
        list.iter()
            .all(|v| v.as_str().is_some_and(|t| !t.is_empty()))
    };
    // OpenID Core §5.1, §5.1.1
    let right = match name {
        _ if is_text(name) => value.is_string(),
        "phone_number_verified" => value.is_boolean(),
        "address" => value
            .as_object()
            .is_some_and(|a| a.values().all(Value::is_string)),
        "groups" => value.as_array().is_some_and(|list| texts(list)),
        _ => true,
    };
    if right {
        return match value {
            Value::String(text) => formats::check(name, text),
            _ => Ok(()),
        };
    }
    Err(match name {
        "phone_number_verified" => "it must be true or false",
        "address" => "it must be an object of strings, such as { country = \"NL\" }",
        "groups" => "it must be a list of names",
        _ => "it must be a string",
    }
    .to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(claims: Value) -> Option<String> {
        let claims: BTreeMap<String, Value> = serde_json::from_value(claims).unwrap();
        check_user_claims(&claims).err().map(|e| e.to_string())
    }

    #[test]
    fn c3_reserved_names_are_refused_as_claims_of_a_user() {
        for name in [
            "sub",
            "iss",
            "aud",
            "exp",
            "nonce",
            "sid",
            "acr",
            "amr",
            "auth_time",
            "scope",
            "client_id",
            "cnf",
            "at_hash",
            "Sub",
            "ISS",
        ] {
            let problem = refused(json!({ name: "x" })).unwrap();
            assert!(problem.contains("reserved"), "{problem}");
        }
        for name in [
            "email",
            "email_verified",
            "roles",
            "preferred_username",
            "updated_at",
            "permissions",
            "org_id",
            "org_name",
        ] {
            assert!(refused(json!({ name: "x" })).is_some(), "{name}");
        }
        for name in ["", "a b", "é", "a\nb", "\""] {
            assert!(refused(json!({ name: "x" })).is_some(), "{name:?}");
        }
    }

    #[test]
    fn c3_wrong_types_of_openid_core_5_1_are_refused() {
        for bad in [
            json!({"name": 1}),
            json!({"name": ["a"]}),
            json!({"locale": {"a": "b"}}),
            json!({"birthdate": 19_700_101}),
            json!({"picture": true}),
            json!({"phone_number": 123}),
            json!({"phone_number_verified": "yes"}),
            json!({"address": "Street 1"}),
            json!({"address": {"postal_code": 1234}}),
            json!({"groups": "admins"}),
            json!({"groups": [1]}),
            json!({"groups": [""]}),
            json!({"groups": {"a": true}}),
        ] {
            assert!(refused(bad.clone()).is_some(), "{bad}");
        }
        for good in [
            json!({"name": "A", "address": {"country": "NL"}, "groups": ["a", "b"]}),
            json!({"phone_number_verified": true, "groups": []}),
            json!({"department": "x", "quota": 5, "https://example.com/x": {"a": [1]}}),
            json!({"name": null, "sub": null}),
            json!({}),
        ] {
            assert_eq!(refused(good.clone()), None, "{good}");
        }
    }

    #[test]
    fn the_claims_of_a_user_are_bounded() {
        assert!(refused(json!({"x": "y".repeat(20_000)})).is_some());
        let many: serde_json::Map<String, Value> =
            (0..65).map(|i| (format!("c{i}"), json!(1))).collect();
        assert!(refused(Value::Object(many)).is_some());
    }
}
