//! Access tokens of other issuers: their names for claims, and other types for members that no rule needs.

use serde_json::json;

use super::{
    tests::{API, answered, changed, judge, plain, strict},
    *,
};
use crate::samples::{ISSUER, now};

#[test]
fn tokens_of_entra_and_keycloak_are_understood() {
    let at = now().as_second();
    let entra = json!({"iss": ISSUER, "aud": API, "sub": "s", "exp": at + 60, "azp": "gui", "scp": "read write", "tid": "t1"});
    let token = judge(&plain(), "JWT", &entra).unwrap();
    assert_eq!(
        (token.client_id(), token.tenant()),
        (Some("gui"), Some("t1"))
    );
    assert!(token.scope().contains("write"));
    let keycloak = json!({"iss": ISSUER, "aud": ["account", API], "sub": "s", "exp": at + 60, "typ": "Bearer",
        "azp": "gui", "realm_access": {"roles": ["admin"]}, "scope": "email"});
    assert_eq!(
        judge(&plain(), "JWT", &keycloak).unwrap().roles(),
        ["admin"]
    );
    let okta =
        json!({"iss": ISSUER, "aud": API, "sub": "s", "exp": at + 60, "scp": ["read", "write"]});
    let token = judge(&plain(), "JWT", &okta).unwrap();
    assert!(token.scope().contains("read"));
}

#[test]
fn c6_dates_are_read_as_number_and_as_text() {
    let at = now().as_second();
    for (name, good, bad, error) in [
        ("exp", at + 60, at - 60, BearerError::Expired),
        ("nbf", at - 60, at + 61, BearerError::NotYet),
        ("iat", at - 60, at + 61, BearerError::NotYet),
    ] {
        for (good, bad) in [
            (json!(good.to_string()), json!(bad.to_string())),
            (json!(good as f64), json!(bad as f64)),
            (json!(format!("{good}.0")), json!(format!("{bad}.0"))),
        ] {
            let answer = answered(|answer| answer[name] = good.clone());
            assert!(answer.is_ok(), "{name} {good}");
            assert!(strict(&changed(name, good)).is_ok());
            let answer = answered(|answer| answer[name] = bad.clone());
            assert_eq!(answer.err(), Some(error.clone()), "{name} {bad}");
            assert_eq!(strict(&changed(name, bad)).err(), Some(error.clone()));
        }
    }
    for nonsense in [json!("soon"), json!(""), json!("NaN"), json!({})] {
        let answer = answered(|answer| answer["exp"] = nonsense.clone());
        assert_eq!(answer.err(), Some(BearerError::Malformed), "{nonsense}");
    }
}

#[test]
fn c6_optional_members_of_another_type_in_an_answer_count_as_absent() {
    for name in [
        "client_id",
        "azp",
        "token_type",
        "tenant",
        "roles",
        "username",
        "realm_access",
        "typ",
    ] {
        for value in [json!(null), json!(7), json!({}), json!([]), json!(true)] {
            let answer = answered(|answer| answer[name] = value.clone());
            let token = answer.unwrap_or_else(|error| panic!("{name} {value}: {error}"));
            assert_eq!(token.subject(), "alice");
        }
    }
    for aud in [json!(API), json!([API]), json!(["account", API])] {
        assert!(
            answered(|answer| answer["aud"] = aud.clone()).is_ok(),
            "{aud}"
        );
    }
    for scope in [
        json!("a b"),
        json!(" a  b "),
        json!(["a", "b"]),
        json!(null),
    ] {
        assert!(
            answered(|answer| answer["scope"] = scope.clone()).is_ok(),
            "{scope}"
        );
    }
    for active in [json!("true"), json!(1), json!(null), json!([])] {
        let answer = answered(|answer| answer["active"] = active.clone());
        assert_eq!(answer.err(), Some(BearerError::Malformed), "{active}");
    }
}

#[test]
fn c6_the_client_is_found_under_its_other_names() {
    for name in ["azp", "cid", "appid"] {
        let mut claims = changed(name, json!("gui"));
        assert_eq!(strict(&claims).unwrap().client_id(), Some("app"), "{name}");
        claims["client_id"] = json!(null);
        assert_eq!(strict(&claims).unwrap().client_id(), Some("gui"), "{name}");
    }
}

#[test]
fn c6_a_nonce_is_copied_into_keycloaks_older_access_tokens() {
    let mut claims = changed("nonce", json!("n"));
    claims["typ"] = json!("Bearer");
    assert!(judge(&plain(), "JWT", &claims).is_ok());
    claims["at_hash"] = json!("h");
    assert_eq!(
        judge(&plain(), "JWT", &claims).err(),
        Some(BearerError::Kind)
    );
    for typ in ["ID", "Refresh", "Logout", "JWT", "bearer token", ""] {
        let mut claims = changed("nonce", json!("n"));
        claims["typ"] = json!(typ);
        assert_eq!(
            judge(&plain(), "JWT", &claims).err(),
            Some(BearerError::Kind),
            "{typ}"
        );
    }
}
