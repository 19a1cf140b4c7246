#![allow(clippy::unwrap_used, reason = "tests")]

use serde_json::{Value, json};

use super::*;
use crate::outbound::IssuerClientConfig;

fn discovery(issuer: &str) -> Discovery {
    let config = IssuerClientConfig {
        issuer: issuer.to_owned(),
        ..IssuerClientConfig::default()
    };
    Discovery {
        client: IssuerClient::new(&config).unwrap(),
        documented: issuer.to_owned(),
        warned: Once::new(),
    }
}

#[test]
fn both_well_known_urls_are_derived_from_the_issuer() {
    assert_eq!(
        places("https://id.example.com/realm/").unwrap(),
        [
            "https://id.example.com/realm/.well-known/openid-configuration",
            "https://id.example.com/.well-known/oauth-authorization-server/realm",
        ]
    );
    assert_eq!(
        places("https://id.example.com").unwrap()[1],
        "https://id.example.com/.well-known/oauth-authorization-server"
    );
}

#[test]
fn a_document_of_another_issuer_is_refused() {
    let discovery = discovery("https://id.example.com");
    assert!(
        discovery
            .read(br#"{"issuer":"https://id.example.com"}"#)
            .is_ok()
    );
    for other in [
        "https://id.example.com/",
        "https://ID.example.com",
        "https://evil.test",
        "",
    ] {
        let json = json!({"issuer": other}).to_string();
        let answer = discovery.read(json.as_bytes());
        assert!(matches!(answer, Err(FetchError::Document(_))), "{other}");
    }
}

#[test]
fn a_documented_template_must_be_identical_too() {
    let discovery = Discovery {
        documented: "https://login.example.com/{tenantid}/v2.0".to_owned(),
        ..discovery("https://login.example.com/common/v2.0")
    };
    let template = br#"{"issuer":"https://login.example.com/{tenantid}/v2.0"}"#;
    assert!(discovery.read(template).is_ok());
    let own = br#"{"issuer":"https://login.example.com/common/v2.0"}"#;
    assert!(discovery.read(own).is_err());
}

#[test]
fn a_document_with_internal_urls_is_refused() {
    let discovery = discovery("https://id.example.com");
    for (name, url) in [
        ("jwks_uri", "https://127.0.0.1/keys"),
        ("token_endpoint", "http://id.example.com/token"),
        ("authorization_endpoint", "javascript:alert(1)"),
    ] {
        let json = json!({"issuer": "https://id.example.com", name: url}).to_string();
        assert!(discovery.read(json.as_bytes()).is_err(), "{name}");
    }
}

#[test]
fn c6_an_optional_endpoint_that_may_not_be_used_is_as_if_it_were_absent() {
    let discovery = discovery("https://id.example.com");
    let without = discovery
        .read(br#"{"issuer":"https://id.example.com"}"#)
        .unwrap();
    for name in [
        "userinfo_endpoint",
        "introspection_endpoint",
        "revocation_endpoint",
        "end_session_endpoint",
    ] {
        for url in [
            "http://10.0.0.1/i",
            "https://[::1]/i",
            "https://127.0.0.1/",
            "/logout",
            "javascript:alert(1)",
            "not a URL",
            "http://id.example.com/x",
        ] {
            let document = json!({"issuer": "https://id.example.com", name: url});
            let read = discovery.read(document.to_string().as_bytes());
            assert_eq!(read.as_ref(), Ok(&without), "{document}");
        }
        let url = "https://id.example.com/x";
        let document = json!({"issuer": "https://id.example.com", name: url});
        let mut read = discovery.read(document.to_string().as_bytes()).unwrap();
        let kept = read.optional().into_iter().find(|(own, _)| *own == name);
        assert_eq!(kept.unwrap().1.as_deref(), Some(url), "{name}");
    }
}

#[test]
fn malformed_documents_are_refused() {
    let discovery = discovery("https://id.example.com");
    for bad in [
        "",
        "<html>",
        "[]",
        "{}",
        r#"{"issuer":1}"#,
        r#"{"issuer":null}"#,
        r#"{"issuer":["https://id.example.com"]}"#,
        r#"{"issuer":"https://id.example.com","issuer":"https://id.example.com"}"#,
        r#"{"issuer":"https://id.example.com","jwks_uri":[]}"#,
        r#"{"issuer":"https://id.example.com","token_endpoint":7}"#,
        r#"{"issuer":"https://id.example.com","authorization_endpoint":""}"#,
    ] {
        let error = discovery.read(bad.as_bytes());
        assert!(matches!(error, Err(FetchError::Document(_))), "{bad}");
    }
}

#[test]
fn c6_an_optional_member_of_another_type_is_as_if_it_were_absent() {
    let discovery = discovery("https://id.example.com");
    let without = discovery
        .read(br#"{"issuer":"https://id.example.com"}"#)
        .unwrap();
    for name in [
        "userinfo_endpoint",
        "introspection_endpoint",
        "revocation_endpoint",
        "end_session_endpoint",
        "id_token_signing_alg_values_supported",
        "token_endpoint_auth_methods_supported",
        "code_challenge_methods_supported",
        "claims_parameter_supported",
        "scopes_supported",
        "authorization_response_iss_parameter_supported",
        "backchannel_logout_supported",
        "backchannel_logout_session_supported",
        "mtls_endpoint_aliases",
        "request_uri_parameter_supported",
        "op_policy_uri",
    ] {
        for value in [
            json!(null),
            json!(7),
            json!(-1.5),
            json!(""),
            json!({}),
            json!({"a": ["b"]}),
            json!([]),
            json!([null, 7, {}]),
        ] {
            let document = json!({"issuer": "https://id.example.com", name: value});
            let read = discovery.read(document.to_string().as_bytes());
            assert_eq!(read.as_ref(), Ok(&without), "{document}");
        }
    }
}

#[test]
fn c6_what_can_be_read_of_an_odd_member_is_read() {
    let discovery = discovery("https://id.example.com");
    let read = |name: &str, value: Value| {
        let document = json!({"issuer": "https://id.example.com", name: value});
        discovery.read(document.to_string().as_bytes()).unwrap()
    };
    for (value, methods) in [
        (json!("S256"), vec!["S256"]),
        (json!(["plain", 7, null, "S256"]), vec!["plain", "S256"]),
    ] {
        let methods: Vec<String> = methods.into_iter().map(str::to_owned).collect();
        let found = read("code_challenge_methods_supported", value);
        assert_eq!(found.code_challenge_methods_supported, Some(methods));
    }
    for (value, flag) in [
        (json!("true"), true),
        (json!("False"), false),
        (json!(true), true),
    ] {
        let found = read("authorization_response_iss_parameter_supported", value);
        assert_eq!(
            found.authorization_response_iss_parameter_supported,
            Some(flag)
        );
    }
    for name in ["authorization_endpoint", "token_endpoint", "jwks_uri"] {
        assert_eq!(read(name, Value::Null), read("x", Value::Null), "{name}");
    }
}
