//! One parameter after the other: what is refused, with which code, and what is passed over.

use ErrorCode::{InvalidRequest, InvalidScope, InvalidTarget};

use super::*;

#[test]
fn b4_a_state_up_to_4_kib_is_accepted_and_echoed() {
    for length in [1, 1024, 1025, 2048, 4096] {
        let state = "s".repeat(length);
        let request = asked().with("state", &state).accepted();
        assert_eq!(request.return_path.state, Some(state));
    }
    assert_eq!(asked().without("state").accepted().return_path.state, None);
}

#[test]
fn b4_an_error_returns_the_state_exactly_whatever_is_wrong_with_it() {
    for state in [
        "a\r\nLocation: x",
        "\u{7f}",
        "\u{85}",
        "<script>\"",
        &"s".repeat(4097),
        &"s".repeat(12_000),
    ] {
        let Err(Refusal::Return(back, error)) = asked()
            .with("state", state)
            .with("prompt", "none login")
            .check()
        else {
            panic!("accepted")
        };
        assert_eq!(error.code(), InvalidRequest);
        let answer = back.error(&error, ISSUER);
        let returned = answer.pairs().iter().find(|(name, _)| *name == "state");
        assert_eq!(returned.map(|(_, s)| s.as_str()), Some(state));
        // What is echoed neither ends the header nor the query.
        assert!(
            answer
                .location()
                .bytes()
                .all(|b| b.is_ascii_graphic() && b != b'#')
        );
    }
    // The state comes back also when the request as a whole is refused.
    for bad in [
        asked().also("scope", "openid"),
        asked().also("unknown", &"x".repeat(20_000)),
        asked().also("unknown", "\0"),
    ] {
        assert_eq!(bad.code(), InvalidRequest);
    }
    // Also when a neighbour can't be decoded.
    for name in ["foo", "scope", "nonce", "code_challenge", "response_mode"] {
        assert_eq!(asked().also_undecodable(name).code(), InvalidRequest);
    }
    // Which of two is meant is unknown; a NUL can't be returned in a form.
    for unreadable in [
        asked().also("state", "other"),
        asked().with("state", "a\0"),
        asked().also_undecodable("state"),
        asked().without("state").also_undecodable("state"),
    ] {
        let Err(Refusal::Return(back, error)) = unreadable.check() else {
            panic!("accepted")
        };
        let answer = back.error(&error, ISSUER);
        assert!(answer.pairs().iter().all(|(name, _)| *name != "state"));
    }
}

#[test]
fn a_client_can_be_held_to_send_a_state_and_a_nonce() {
    let strict = |m: &mut ClientMetadata| (m.require_state, m.require_nonce) = (true, true);
    asked().of(strict).accepted();
    assert_eq!(asked().of(strict).without("state").code(), InvalidRequest);
    assert_eq!(asked().of(strict).with("state", "").code(), InvalidRequest);
    assert_eq!(asked().of(strict).without("nonce").code(), InvalidRequest);
    // A request without openid has no ID token for a nonce.
    asked()
        .of(strict)
        .without("nonce")
        .with("scope", "orders:read")
        .accepted();
}

#[test]
fn a_nonce_is_kept_to_the_byte_up_to_its_bound() {
    let longest = "ñ".repeat(256);
    assert_eq!(
        asked().with("nonce", &longest).accepted().return_path.nonce,
        Some(longest)
    );
    assert_eq!(
        asked().with("nonce", &"n".repeat(513)).code(),
        InvalidRequest
    );
}

#[test]
fn request_objects_and_registration_in_the_request_have_their_own_errors() {
    for (name, code) in [
        ("request", ErrorCode::RequestNotSupported),
        ("request_uri", ErrorCode::RequestUriNotSupported),
        ("registration", ErrorCode::RegistrationNotSupported),
    ] {
        assert_eq!(asked().with(name, "x").code(), code);
    }
}

#[test]
fn there_is_no_response_type_but_code() {
    for other in [
        "token",
        "id_token",
        "code id_token",
        "code token",
        "none",
        "Code",
    ] {
        let code = asked().with("response_type", other).code();
        assert_eq!(code, ErrorCode::UnsupportedResponseType, "{other}");
    }
    assert_eq!(asked().without("response_type").code(), InvalidRequest);
}

#[test]
fn a_client_without_the_grant_type_gets_no_code() {
    assert_eq!(asked().of(script).code(), ErrorCode::UnauthorizedClient);
}

#[test]
fn unknown_scopes_are_passed_over_and_known_foreign_ones_refused() {
    let request = asked()
        .with("scope", "openid unknown orders:read")
        .accepted();
    assert_eq!(request.access.scope.to_string(), "openid orders:read");
    for scope in ["openid mail:send", "openid orders:write", "openid phone"] {
        assert_eq!(asked().with("scope", scope).code(), InvalidScope, "{scope}");
    }
}

#[test]
fn a_scope_that_leads_to_nothing_is_refused() {
    for scope in [
        "",
        " ",
        "unknown",
        "openid\topenid",
        "\"",
        "é",
        &"x ".repeat(1500),
    ] {
        assert_eq!(
            asked().with("scope", scope).code(),
            InvalidScope,
            "{scope:.20}"
        );
    }
    assert_eq!(asked().without("scope").code(), InvalidScope);
}

#[test]
fn offline_access_is_passed_over_where_it_leads_to_no_refresh_token() {
    let scope = "openid offline_access";
    assert_eq!(
        asked()
            .with("scope", scope)
            .accepted()
            .access
            .scope
            .to_string(),
        scope
    );
    let once = |m: &mut ClientMetadata| m.grant_types = vec![GrantType::AuthorizationCode];
    assert_eq!(
        asked()
            .of(once)
            .with("scope", scope)
            .accepted()
            .access
            .scope
            .to_string(),
        "openid"
    );
    assert_eq!(
        asked().of(once).with("scope", "offline_access").code(),
        InvalidScope
    );
}

#[test]
fn each_resource_must_be_known_and_well_formed() {
    let twice = asked()
        .with("resource", "api://orders")
        .also("resource", "api://orders");
    assert_eq!(
        twice.accepted().access.resources,
        [samples::audience("api://orders")]
    );
    for resource in ["api://none", "api://or ders", "é", &"x".repeat(256)] {
        assert_eq!(
            asked().with("resource", resource).code(),
            InvalidTarget,
            "{resource:.20}"
        );
        let second = asked()
            .with("resource", "api://orders")
            .also("resource", resource);
        assert_eq!(second.code(), InvalidTarget, "{resource:.20}");
    }
}

#[test]
fn more_than_eight_resources_are_refused() {
    let api = |i: usize| crate::resources::ResourceConfig {
        audience: format!("api://{i}"),
        scopes: vec![format!("s{i}")],
        ..Default::default()
    };
    let resources = Resources::new(&(0..9).map(api).collect::<Vec<_>>()).unwrap();
    let all: Vec<_> = (0..9).map(|i| format!("s{i}")).collect();
    let client = samples::client(|m| m.scope = all.join(" "));
    let naming = |count: usize| {
        let mut asked = asked().with("scope", &all.join(" "));
        for i in 0..count {
            asked = asked.also("resource", &format!("api://{i}"));
        }
        let context = Context {
            client: Some(&client),
            similar_client: None,
            some_clients: &[],
            resources: &resources,
            sign_up: false,
            acr: &[Acr::Password, Acr::Mfa],
            hint: &|_| panic!("there is no hint"),
        };
        check(&AuthorizationParams::new(&asked.pairs), context).map(|r| r.access.resources.len())
    };
    assert_eq!(naming(8).unwrap(), 8);
    assert!(matches!(naming(9), Err(Refusal::Return(_, e)) if e.code() == InvalidTarget));
}

#[test]
fn a_client_gets_no_token_for_an_api_of_which_it_asks_no_scope() {
    let elsewhere = asked().with("resource", "api://mail");
    assert_eq!(elsewhere.code(), InvalidTarget);
    let nothing = asked()
        .with("scope", "openid")
        .with("resource", "api://orders");
    assert_eq!(nothing.code(), InvalidTarget);
}

#[test]
fn prompts_are_known_words_and_none_stands_alone() {
    for prompt in ["none login", "none consent", "create", "LOGIN"] {
        assert_eq!(
            asked().with("prompt", prompt).code(),
            InvalidRequest,
            "{prompt}"
        );
    }
    assert!(
        asked()
            .with("prompt", "none")
            .accepted()
            .prompt
            .has(Prompt::None)
    );
    assert_eq!(
        asked().with("prompt", " ").accepted().prompt,
        Prompts::default()
    );
}

#[test]
fn max_age_is_a_number_and_can_be_the_clients_default() {
    let daily = |m: &mut ClientMetadata| m.default_max_age = Some(86_400);
    assert_eq!(asked().of(daily).accepted().access.max_age, Some(86_400));
    assert_eq!(
        asked()
            .of(daily)
            .with("max_age", "0")
            .accepted()
            .access
            .max_age,
        Some(0)
    );
    for bad in ["x", "-1", " 1", "1.0", "18446744073709551616"] {
        assert_eq!(asked().with("max_age", bad).code(), InvalidRequest, "{bad}");
    }
}

#[test]
fn malformed_claims_and_oversized_hints_are_refused() {
    for bad in [
        "x",
        "[]",
        "null",
        r#"{"id_token":[]}"#,
        r#"{"id_token":{"a":true}}"#,
    ] {
        assert_eq!(asked().with("claims", bad).code(), InvalidRequest, "{bad}");
    }
    assert_eq!(
        asked().with("login_hint", &"x".repeat(257)).code(),
        InvalidRequest
    );
    assert_eq!(
        asked().with("acr_values", &"x ".repeat(17)).code(),
        InvalidRequest
    );
    asked().with("acr_values", &"x ".repeat(16)).accepted();
}

#[test]
fn d27_a_request_that_names_an_organization_has_its_scope() {
    let request = asked().with("organization", "acme").accepted();
    assert_eq!(request.access.organization.as_deref(), Some("acme"));
    assert!(request.access.scope.wants_organization());
    assert!(!asked().accepted().access.scope.wants_organization());
    let again = asked().again(&request).accepted();
    assert_eq!(again.access, request.access);
    let mut demanding = asked();
    demanding.client = Some(samples::client(|m| m.require_organization = true));
    let request = demanding.accepted();
    assert!(request.access.scope.wants_organization());
    assert_eq!(demanding.again(&request).accepted(), request);
    let unregistered = asked().with("scope", "openid organization");
    assert_eq!(unregistered.code(), InvalidScope);
    let long = asked().with("organization", &"x".repeat(129));
    assert_eq!(long.code(), InvalidRequest);
}
