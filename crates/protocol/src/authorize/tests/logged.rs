//! What the log has of each refused parameter: what was sent, what is accepted or registered, and where the two differ.

use super::{explained::trail, *};
use crate::explain::Shown;

const SCOPES: &str = "openid profile email offline_access orders:read";

/// The check that refuses the request, what was sent, what is accepted.
#[track_caller]
fn logs(asked: &Asked, check: &str, sent: Option<&str>, accepted: Option<&str>) {
    let trail = trail(asked);
    let values = trail.values();
    assert_eq!(trail.failure().unwrap().name, check);
    assert_eq!(values.sent.as_ref().map(Shown::as_str), sent);
    assert_eq!(values.registered.as_ref().map(Shown::as_str), accepted);
    assert_eq!((&values.differs, values.advice), (&None, None));
}

#[test]
fn n3_a_response_that_is_not_supported_is_logged_beside_those_that_are() {
    let modes = Some("query, form_post");
    for (sent, shown) in [
        ("fragment", "fragment"),
        ("query\nlevel=ERROR", "query\\u{a}level=ERROR"),
    ] {
        let asked = asked().with("response_mode", sent);
        logs(&asked, "response_mode", Some(shown), modes);
    }
    let token = asked().with("response_type", "token");
    logs(&token, "response_type", Some("token"), Some("code"));
    let missing = asked().without("response_type");
    logs(&missing, "response_type", None, Some("code"));
    // RFC 6749 §4.1.2.1: the grant types of the client.
    let (code, registered) = ("authorization_code", "client_credentials");
    logs(
        &asked().of(script),
        "grant_type",
        Some(code),
        Some(registered),
    );
}

#[test]
fn n3_a_challenge_is_logged_by_its_length_and_method() {
    let (challenge, method) = ("code_challenge", "code_challenge_method");
    for (asked, sent) in [
        (
            asked().without(challenge).without(method),
            "no code_challenge",
        ),
        (asked().without(challenge), "no code_challenge"),
        (
            asked().with(challenge, "short"),
            "code_challenge of 5 characters, code_challenge_method S256",
        ),
        (
            asked().with(method, "plain"),
            "code_challenge of 43 characters, code_challenge_method plain",
        ),
        (
            asked().without(method),
            "code_challenge of 43 characters, code_challenge_method missing",
        ),
    ] {
        logs(&asked, challenge, Some(sent), Some("S256"));
    }
}

#[test]
fn n3_a_parameter_out_of_its_grammar_is_logged_beside_what_is_accepted() {
    let prompts = Some("none, login, consent, select_account");
    for sent in ["create", "none login"] {
        logs(&asked().with("prompt", sent), "prompt", Some(sent), prompts);
    }
    let soon = asked().with("max_age", "soon");
    logs(&soon, "max_age", Some("soon"), Some("a number of seconds"));
    // OpenID Core §5.5.1.1
    let acr = Some("urn:cardea:acr:password urn:cardea:acr:mfa");
    let essential = || {
        let claims = r#"{"id_token":{"acr":{"essential":true,"value":"urn:mfa"}}}"#;
        asked().with("claims", claims)
    };
    logs(&essential(), "acr", None, acr);
    let both = essential().with("acr_values", "urn:mfa");
    logs(&both, "acr", Some("urn:mfa"), acr);
    // RFC 6749 §3.3: all that were sent, and those of the client.
    logs(&asked().without("scope"), "scope", None, Some(SCOPES));
    for sent in ["no such", "openid mail:send"] {
        let asked = asked().with("scope", sent);
        logs(&asked, "scope", Some(sent), Some(SCOPES));
    }
}

/// Where the description says all, or the value may be personal.
#[test]
fn n3_a_check_without_a_value_to_compare_logs_none() {
    logs(&asked().also("scope", "openid"), "request", None, None);
    logs(
        &asked().with("request", "e.y.J"),
        "request_object",
        None,
        None,
    );
    // RFC 8707 §2: the API is registered; none of its scopes was sent.
    let openid = asked().with("scope", "openid");
    logs(
        &openid.with("resource", "api://orders"),
        "resource",
        None,
        None,
    );
    for (name, sent, masked) in [
        ("state", "a\n", "(masked, 2 bytes)"),
        ("nonce", &"n".repeat(513), "(masked, 513 bytes)"),
        ("claims", "{", "(masked, 1 bytes)"),
        ("login_hint", &"x".repeat(257), "(masked, 257 bytes)"),
    ] {
        logs(&asked().with(name, sent), name, Some(masked), None);
    }
    let hint = asked().with("id_token_hint", "e.y.J");
    logs(&hint, "subject", Some("(masked, 5 bytes)"), None);
}

/// The first one that is not registered is logged, beside the registered one that may have been meant.
#[test]
fn n3_a_mistyped_scope_or_resource_is_logged_beside_the_registered_one() {
    let (scope, resource) = ("scope", "resource");
    for (asked, sent, registered, differs) in [
        (
            asked().with(scope, "orders:raed"),
            "orders:raed",
            "orders:read",
            "from character 9 on",
        ),
        (
            asked().with(scope, "openid  ORDERS:READ mail:send"),
            "ORDERS:READ",
            "orders:read",
            "upper and lower case differ",
        ),
        (
            asked().with(scope, "openid orders:write"),
            "orders:write",
            "orders:read",
            "from character 8 on",
        ),
        (
            asked().with(resource, "api://order"),
            "api://order",
            "api://orders",
            "the host differs",
        ),
        (
            asked()
                .with(resource, "api://orders")
                .also(resource, "api://mails"),
            "api://mails",
            "api://mail",
            "the host differs",
        ),
        (
            asked()
                .with(resource, "api://orders")
                .also(resource, "api://or ders"),
            "api://or ders",
            "api://orders",
            "from character 9 on",
        ),
    ] {
        let trail = trail(&asked);
        let values = trail.values();
        assert_eq!(values.sent.as_ref().map(Shown::as_str), Some(sent));
        let known = values.registered.as_ref().map(Shown::as_str);
        assert_eq!(known, Some(registered), "{sent}");
        assert_eq!(values.differs.as_deref(), Some(differs), "{sent}");
    }
}
