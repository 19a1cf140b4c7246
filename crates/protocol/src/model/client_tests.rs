use cardea_jose::{Algorithm, SigningKey};
use cardea_seal::Secret;
use serde_json::json;

use super::*;
use crate::samples::{self, now};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn register(change: impl FnOnce(&mut ClientMetadata)) -> Result<Client, MetadataError> {
    let mut metadata = samples::metadata();
    change(&mut metadata);
    Client::register(metadata, Owner::File, now())
}

#[track_caller]
fn refused(change: impl FnOnce(&mut ClientMetadata)) -> &'static str {
    register(change).err().expect("it was accepted").field
}

fn confidential(m: &mut ClientMetadata) {
    m.token_endpoint_auth_method = AuthMethod::ClientSecretBasic;
    m.client_secret = Some(Secret::new(SECRET.to_owned()));
}

fn uris(count: usize) -> Vec<String> {
    (0..count)
        .map(|i| format!("https://app.example/{i}"))
        .collect()
}

#[test]
fn a_registered_client_is_enabled_and_says_what_it_was_given() {
    let client = register(|m| m.client_name = Some("The App".to_owned())).unwrap();
    assert_eq!((client.id().as_str(), client.name()), ("app", "The App"));
    assert!(client.is_enabled() && client.is_public());
    assert_eq!((client.owner(), client.created_at()), (Owner::File, now()));
    assert_eq!(client.redirect_uris().len(), 1);
    assert!(client.scope().contains("orders:read"));
    assert!(client.may_use(GrantType::RefreshToken));
    assert!(!client.may_use(GrantType::ClientCredentials));
    assert_eq!(register(|_| {}).unwrap().name(), "app");
}

#[test]
fn identifier_and_scope_are_well_formed() {
    assert_eq!(refused(|m| m.client_id = String::new()), "client_id");
    assert_eq!(refused(|m| m.client_id = "a\tb".to_owned()), "client_id");
    assert_eq!(refused(|m| m.scope = "a\"b".to_owned()), "scope");
}

#[test]
fn of_a_secret_only_the_hash_is_kept() {
    let client = register(confidential).unwrap();
    assert!(client.metadata().client_secret.is_none());
    assert_eq!(client.secret_hash(), Some(Digest::of(SECRET.as_bytes())));
    assert!(client.secret_is(SECRET));
    assert!(!client.secret_is("") && !client.secret_is(&SECRET[1..]));
    let json = serde_json::to_string(client.metadata()).unwrap();
    assert!(!json.contains("client_secret\"") && !json.contains(SECRET));
    let other = client.with_secret(Digest::of(b"other"));
    assert!(other.secret_is("other") && !other.secret_is(SECRET));
}

#[test]
fn a_client_without_a_secret_is_not_opened_by_the_empty_one() {
    assert!(!register(|_| {}).unwrap().secret_is(""));
}

#[test]
fn a_short_secret_stops_the_registration() {
    let short = |m: &mut ClientMetadata| {
        confidential(m);
        m.client_secret = Some(Secret::new(SECRET[1..].to_owned()));
    };
    assert_eq!(refused(short), "client_secret");
}

#[test]
fn the_authentication_method_has_what_it_needs_and_a_public_client_no_secret() {
    assert_eq!(
        refused(|m| m.client_secret = Some(Secret::new(SECRET.to_owned()))),
        "client_secret"
    );
    for method in [AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost] {
        assert_eq!(
            refused(|m| m.token_endpoint_auth_method = method),
            "client_secret"
        );
    }
    assert_eq!(
        refused(|m| m.token_endpoint_auth_method = AuthMethod::PrivateKeyJwt),
        "jwks"
    );
}

#[test]
fn a_public_client_cannot_be_excused_from_pkce() {
    assert_eq!(refused(|m| m.require_pkce = Some(false)), "require_pkce");
    let excused = register(|m| {
        confidential(m);
        m.require_pkce = Some(false);
    });
    assert!(excused.is_ok());
}

#[test]
fn keys_are_public_usable_and_come_by_one_way() {
    let key = SigningKey::generate(Algorithm::ES256).unwrap();
    let jwks = json!({"keys": [key.public_jwk()]});
    let with = |jwks: serde_json::Value| {
        move |m: &mut ClientMetadata| {
            m.token_endpoint_auth_method = AuthMethod::PrivateKeyJwt;
            m.jwks = Some(jwks);
        }
    };
    assert_eq!(
        register(with(jwks.clone()))
            .unwrap()
            .keys()
            .unwrap()
            .keys()
            .len(),
        1
    );
    assert_eq!(refused(with(json!({"keys": []}))), "jwks");
    assert_eq!(
        refused(with(json!({"keys": [{"kty": "oct", "k": "AA"}]}))),
        "jwks"
    );
    assert_eq!(refused(with(json!("x"))), "jwks");
    let mut private = jwks.clone();
    private["keys"][0]["d"] = json!("AA");
    assert_eq!(refused(with(private)), "jwks");
    let both = |m: &mut ClientMetadata| {
        with(jwks)(m);
        m.jwks_uri = Some("https://app.example/jwks".to_owned());
    };
    assert_eq!(refused(both), "jwks_uri");
}

#[test]
fn keys_are_fetched_over_https_or_from_this_machine() {
    let at = |uri: &str| {
        register(|m| {
            m.token_endpoint_auth_method = AuthMethod::PrivateKeyJwt;
            m.jwks_uri = Some(uri.to_owned());
        })
    };
    for good in [
        "https://app.example/jwks",
        "http://localhost:8080/jwks",
        "http://127.0.0.1/jwks",
    ] {
        assert!(at(good).is_ok_and(|c| c.keys().is_none()), "{good}");
    }
    let long = format!("https://app.example/{}", "x".repeat(1024));
    for bad in [
        "http://app.example/jwks",
        "ftp://app.example",
        "file:///etc/passwd",
        "data:,x",
        "/jwks",
        "",
        &long,
    ] {
        assert_eq!(at(bad).err().map(|e| e.field), Some("jwks_uri"), "{bad}");
    }
}

#[test]
fn names_are_bounded_and_hold_nothing_that_could_deceive_a_terminal() {
    for bad in ["", "a\u{1b}[2J", "a\nb", &"n".repeat(129)] {
        assert_eq!(
            refused(|m| m.client_name = Some(bad.to_owned())),
            "client_name",
            "{bad:?}"
        );
    }
}

#[test]
fn redirect_uris_are_bounded_and_each_is_allowed() {
    assert!(register(|m| m.redirect_uris = uris(32)).is_ok());
    assert_eq!(refused(|m| m.redirect_uris = uris(33)), "redirect_uris");
    assert_eq!(
        refused(|m| m.redirect_uris.push("javascript:x".to_owned())),
        "redirect_uris"
    );
    assert!(register(|m| m.post_logout_redirect_uris = uris(32)).is_ok());
    assert_eq!(
        refused(|m| m.post_logout_redirect_uris = uris(33)),
        "post_logout_redirect_uris"
    );
    let fragment = vec!["https://app.example/#x".to_owned()];
    assert_eq!(
        refused(|m| m.post_logout_redirect_uris = fragment),
        "post_logout_redirect_uris"
    );
}

#[test]
fn origins_are_origins() {
    let with = |origin: &str| register(|m| m.allowed_origins = vec![origin.to_owned()]);
    for good in [
        "https://app.example",
        "https://app.example:8443",
        "http://localhost:5173",
    ] {
        assert!(with(good).is_ok(), "{good}");
    }
    for bad in [
        "null",
        "*",
        "https://app.example/",
        "https://*.example/x",
        "app.example",
        "HTTPS://app.example",
        "com.app://x",
        "",
    ] {
        assert_eq!(
            with(bad).err().map(|e| e.field),
            Some("allowed_origins"),
            "{bad}"
        );
    }
    let many = vec!["https://app.example".to_owned(); 33];
    assert_eq!(refused(|m| m.allowed_origins = many), "allowed_origins");
}

#[test]
fn a_browser_client_calls_from_where_it_is_sent_back_to_and_others_from_where_they_say() {
    let own = vec!["https://own.example".to_owned()];
    let web = register(|m| m.allowed_origins = own.clone()).unwrap();
    assert_eq!(
        web.origins(),
        ["https://app.example", "https://own.example"]
    );
    let server = register(|m| {
        confidential(m);
        m.allowed_origins = own.clone();
    });
    assert_eq!(server.unwrap().origins(), own);
    let native = register(|m| {
        m.application_type = crate::redirect_uri::ApplicationType::Native;
        m.redirect_uris.push("com.example.app:/cb".to_owned());
    });
    assert!(native.unwrap().origins().is_empty());
}

#[test]
fn grant_types_are_there_and_go_together() {
    assert_eq!(refused(|m| m.grant_types.clear()), "grant_types");
    assert_eq!(refused(|m| m.redirect_uris.clear()), "redirect_uris");
    assert_eq!(
        refused(|m| m.grant_types = vec![GrantType::RefreshToken]),
        "grant_types"
    );
    assert_eq!(
        refused(|m| m.grant_types.push(GrantType::ClientCredentials)),
        "grant_types"
    );
    let script = register(|m| {
        confidential(m);
        m.grant_types = vec![GrantType::ClientCredentials];
        m.redirect_uris.clear();
    });
    assert!(script.is_ok());
}

#[test]
fn a_row_is_held_to_the_rules_of_registration() {
    let restore = |secret| {
        let mut metadata = samples::metadata();
        metadata.token_endpoint_auth_method = AuthMethod::ClientSecretPost;
        Client::restore(
            metadata,
            secret,
            ClientStatus::Disabled,
            Owner::Store,
            now(),
        )
    };
    assert!(restore(None).is_err());
    let client = restore(Some(Digest::of(b"x"))).unwrap();
    assert!(!client.is_enabled());
    assert_eq!(client.status(), ClientStatus::Disabled);
}

#[test]
fn metadata_is_read_by_the_names_of_rfc_7591_and_unknown_ones_are_refused() {
    let json = json!({"client_id": "c", "client_secret": SECRET, "grant_types": ["client_credentials"], "scope": "a"});
    let metadata: ClientMetadata = serde_json::from_value(json).unwrap();
    assert!(
        Client::register(metadata, Owner::File, now())
            .unwrap()
            .secret_is(SECRET)
    );
    assert!(serde_json::from_value::<ClientMetadata>(json!({"client_idd": "c"})).is_err());
    assert!(
        serde_json::from_value::<ClientMetadata>(json!({"grant_types": ["password"]})).is_err()
    );
    assert!(
        serde_json::from_value::<ClientMetadata>(
            json!({"token_endpoint_auth_method": "client_secret_jwt"})
        )
        .is_err()
    );
    assert!(
        serde_json::from_value::<ClientMetadata>(json!({"response_types": ["token"]})).is_err()
    );
}

#[test]
fn methods_and_grant_types_have_one_name_in_rows_and_on_the_wire() {
    use AuthMethod as A;
    for method in [
        A::None,
        A::ClientSecretBasic,
        A::ClientSecretPost,
        A::PrivateKeyJwt,
    ] {
        assert_eq!(serde_json::to_value(method).unwrap(), method.as_str());
    }
    for grant_type in [
        GrantType::AuthorizationCode,
        GrantType::RefreshToken,
        GrantType::ClientCredentials,
    ] {
        assert_eq!(
            serde_json::to_value(grant_type).unwrap(),
            grant_type.as_str()
        );
    }
}

#[test]
fn a_back_channel_logout_uri_is_https_without_a_fragment() {
    let with = |uri: &str| register(|m| m.backchannel_logout_uri = Some(uri.to_owned()));
    for good in [
        "https://app.example/logout?tenant=1",
        "https://app.example:8443/bff/backchannel",
        "http://127.0.0.1:5173/logout",
        "http://localhost:5173/logout",
    ] {
        assert!(with(good).is_ok(), "{good}");
    }
    for bad in [
        "http://app.example/logout",
        "https://app.example/logout#x",
        "https://user@app.example/logout",
        "/logout",
        "javascript:alert(1)",
        "",
        &format!("https://app.example/{}", "x".repeat(1024)),
    ] {
        let refused = with(bad).err().map(|e| e.field);
        assert_eq!(refused, Some("backchannel_logout_uri"), "{bad}");
    }
}

#[test]
fn n8_a_secret_is_registered_by_its_hash() {
    let hex: String = Digest::of(SECRET.as_bytes())
        .as_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let with = |hash: &str| {
        let metadata = ClientMetadata {
            client_id: "a".to_owned(),
            redirect_uris: vec!["https://a.example/cb".to_owned()],
            client_secret_hash: Some(hash.to_owned()),
            ..ClientMetadata::default()
        };
        Client::register(metadata, Owner::File, now())
    };
    for good in [hex.clone(), hex.to_uppercase()] {
        let client = with(&good).unwrap();
        assert!(client.secret_is(SECRET) && !client.secret_is(&hex));
        let stored = serde_json::to_string(client.metadata()).unwrap();
        assert!(
            !stored.contains("client_secret_hash") && !stored.contains(&hex),
            "{stored}"
        );
    }
    let long = format!("{hex}00");
    let odd = hex.replacen(char::is_alphanumeric, "g", 1);
    for bad in ["", "00", &hex[1..], &long, &odd, &"é".repeat(32)] {
        assert_eq!(
            with(bad).err().unwrap().field,
            "client_secret_hash",
            "{bad}"
        );
    }
}
