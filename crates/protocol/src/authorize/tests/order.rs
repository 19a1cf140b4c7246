//! The order of the checks: with everything wrong the first one speaks; with that mended, the next.

use super::*;

/// A parameter, its wrong value, its right one (`None`: left out), and what the check says of the wrong one.
type Line = (
    &'static str,
    &'static str,
    Option<&'static str>,
    &'static str,
);

const LINES: &[Line] = &[
    (
        "state",
        "a\nb",
        Some("the state"),
        "state has control characters",
    ),
    ("response_mode", "fragment", None, "response_mode is not"),
    (
        "request",
        "x",
        None,
        "the parameter request is not supported",
    ),
    ("request_uri", "x", None, "the parameter request_uri is not"),
    (
        "registration",
        "{}",
        None,
        "the parameter registration is not",
    ),
    (
        "response_type",
        "token",
        Some("code"),
        "response_type is not code",
    ),
    (
        "code_challenge_method",
        "plain",
        Some("S256"),
        "code_challenge_method must",
    ),
    (
        "code_challenge",
        "short",
        Some(CHALLENGE),
        "the code_challenge is not 43",
    ),
    (
        "scope",
        "openid mail:send",
        Some("openid"),
        "the scope mail:send is not",
    ),
    ("nonce", "", Some("n-0"), "nonce is missing"),
    ("resource", "api://none", None, "no such resource"),
    (
        "prompt",
        "none login",
        None,
        "prompt=none can't be combined",
    ),
    ("max_age", "-1", None, "max_age is not a number"),
    ("claims", "{", Some(ACR), "the parameter claims is not"),
    ("claims", ACR, None, "the essential acr can't be reached"),
    ("id_token_hint", "a.b.c", None, "no hint was expected"),
];

const ACR: &str = r#"{"id_token":{"acr":{"essential":true,"value":"urn:other"}}}"#;

#[test]
fn the_checks_speak_in_their_order() {
    let mut all_wrong = asked().of(|m| m.require_nonce = true);
    for (name, wrong, _, _) in LINES.iter().rev() {
        all_wrong = all_wrong.with(name, wrong);
    }
    for (name, wrong, right, says) in LINES {
        let found = all_wrong.pairs.iter().any(|(n, v)| n == name && v == wrong);
        assert!(found, "{name} was mended too early");
        let description = all_wrong.refused().description().to_owned();
        assert!(description.starts_with(says), "{name}: {description}");
        all_wrong = match right {
            Some(value) => all_wrong.with(name, value),
            None => all_wrong.without(name),
        };
    }
    all_wrong.accepted();
}

#[test]
fn an_answer_of_which_the_mode_is_unknown_goes_back_in_the_query() {
    let asked = asked().with("response_mode", "web_message");
    let Err(Refusal::Return(back, error)) = asked.check() else {
        panic!("accepted")
    };
    let answer = back.error(&error, ISSUER);
    assert_eq!(answer.mode(), ResponseMode::Query);
    assert!(
        answer
            .location()
            .starts_with("https://app.example/cb?error=invalid_request&")
    );
}

#[test]
fn an_error_goes_back_in_the_mode_that_was_asked_for() {
    let asked = asked()
        .with("response_mode", "form_post")
        .with("scope", "nothing");
    let Err(Refusal::Return(back, error)) = asked.check() else {
        panic!("accepted")
    };
    assert_eq!(back.error(&error, ISSUER).mode(), ResponseMode::FormPost);
}
