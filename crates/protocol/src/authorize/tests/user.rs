//! Who it must be and how well they must prove it.

use super::*;

fn claims(asked: Asked, json: &str) -> Asked {
    asked.with("claims", json)
}

#[test]
fn a_hint_names_the_user() {
    assert_eq!(
        asked().hinting_at("alice").accepted().access.subject,
        Some(subject("alice"))
    );
    assert_eq!(asked().accepted().access.subject, None);
}

#[test]
fn a_hint_that_is_no_id_token_of_ours_is_refused() {
    let asked = asked().with("id_token_hint", "forged");
    assert_eq!(asked.refused().description(), "no hint was expected");
}

#[test]
fn the_claim_sub_names_the_user_too() {
    let by_claim = claims(asked(), r#"{"id_token":{"sub":{"value":"alice"}}}"#);
    assert_eq!(by_claim.accepted().access.subject, Some(subject("alice")));
    let both = claims(
        asked().hinting_at("alice"),
        r#"{"id_token":{"sub":{"values":["alice"]}}}"#,
    );
    assert_eq!(both.accepted().access.subject, Some(subject("alice")));
    let free = claims(asked(), r#"{"id_token":{"sub":{"essential":true}}}"#);
    assert_eq!(free.accepted().access.subject, None);
}

#[test]
fn a_hint_and_a_claim_for_different_people_are_refused() {
    let two = claims(
        asked().hinting_at("alice"),
        r#"{"id_token":{"sub":{"value":"bob"}}}"#,
    );
    assert_eq!(two.code(), ErrorCode::InvalidRequest);
}

#[test]
fn a_required_user_that_cannot_exist_is_refused() {
    for sub in [r#""""#, r#""Åse""#, "1", "null", r#""a","b""#] {
        let json = format!(r#"{{"id_token":{{"sub":{{"values":[{sub}]}}}}}}"#);
        assert_eq!(
            claims(asked(), &json).code(),
            ErrorCode::InvalidRequest,
            "{sub}"
        );
    }
}

#[test]
fn an_essential_acr_that_cannot_be_reached_is_a_failed_login() {
    let acr = |spec: &str| claims(asked(), &format!(r#"{{"id_token":{{"acr":{spec}}}}}"#));
    for unmet in [
        r#"{"essential":true,"value":"urn:mfa"}"#,
        r#"{"essential":true,"values":["urn:mfa","urn:other"]}"#,
        r#"{"essential":true,"value":"urn:cardea:acr:phishing-resistant"}"#,
        r#"{"essential":true,"value":1}"#,
    ] {
        let code = acr(unmet).code();
        assert_eq!(code, ErrorCode::UnmetAuthenticationRequirements, "{unmet}");
    }
    for met in [
        r#"{"essential":true}"#,
        r#"{"values":["urn:mfa"]}"#,
        r#"{"essential":true,"values":["urn:mfa","urn:cardea:acr:password"]}"#,
        r#"{"essential":true,"value":"urn:cardea:acr:mfa"}"#,
        "null",
    ] {
        acr(met).accepted();
    }
    // acr_values is a wish.
    asked().with("acr_values", "urn:mfa").accepted();
}
