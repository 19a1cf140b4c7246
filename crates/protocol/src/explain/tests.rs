use super::*;
use crate::error::OAuthError;

const CHECK: Check = Check {
    name: "check",
    section: "RFC 6749 §3.1",
};

#[test]
fn a_trail_is_bounded() {
    let mut trail = Trail::of(Some(&"x".repeat(5000)));
    for _ in 0..1000 {
        trail.passed(CHECK);
    }
    assert_eq!(trail.steps().count(), MAX_STEPS);
    assert!(trail.client_id().unwrap().as_str().len() < 300);
    assert_eq!(trail.failure(), None);
}

#[test]
fn a_value_is_shown_on_one_line() {
    for (value, shown) in [
        ("plain", "plain"),
        ("a\nb", "a\\u{a}b"),
        ("\u{202e}x", "\\u{202e}x"),
        ("\u{2028}", "\\u{2028}"),
        ("Ålice", "Ålice"),
    ] {
        assert_eq!(Shown::of(value).as_str(), shown);
    }
    assert_eq!(Shown::masked("secret").as_str(), "(masked, 6 bytes)");
}

#[test]
fn the_nearest_value_is_found_in_spite_of_case_and_typos() {
    let known = ["orders:read", "orders:write", "mail:send"];
    assert_eq!(similar("orders:raed", known), Some("orders:read"));
    assert_eq!(similar("ORDERS:WRITE ", known), Some("orders:write"));
    assert_eq!(similar("something else", known), None);
    assert_eq!(nearest("something else", []), None);
    let hostile = "x".repeat(1_000_000);
    assert!(nearest(&hostile, [hostile.as_str()]).is_some());
}

#[test]
fn scopes_and_urns_differ_from_a_character_on_and_addresses_by_their_parts() {
    for (sent, registered, differs) in [
        ("orders:raed", "orders:read", "from character 9 on"),
        (
            "orders:read ",
            "orders:read",
            "white space at the beginning or end",
        ),
        (
            "urn:API:orders",
            "urn:api:orders",
            "upper and lower case differ",
        ),
        ("urn:api:orders/", "urn:api:orders", "a trailing slash"),
        (
            "javascript:x",
            "https://a.example/cb",
            "the scheme differs (javascript and https), the host differs, the path differs",
        ),
        (
            "com.example.app:/other",
            "com.example.app:/cb",
            "the path differs",
        ),
    ] {
        assert_eq!(difference(sent, registered), differs, "{sent}");
    }
}

#[test]
fn the_checks_of_a_rule_follow_those_of_its_caller() {
    let mut outer = Trail::of(Some("app"));
    outer.passed(CHECK);
    let inner = Trail::default().failed(CHECK, Values::default(), OAuthError::invalid_request("x"));
    let error = outer.clone().before(inner, CHECK);
    assert_eq!(
        error.trail().unwrap().to_string(),
        "check passed, check failed"
    );
    assert_eq!(error.trail().unwrap().client_id().unwrap().as_str(), "app");
    let bare = outer.before(OAuthError::invalid_request("x"), CHECK);
    assert_eq!(
        bare.trail().unwrap().to_string(),
        "check passed, check failed"
    );
}

proptest::proptest! {
    #[test]
    fn differences_are_found_without_panic(a in "\\PC{0,40}", b in "\\PC{0,40}", url in "https?://[a-z.]{0,8}(:[0-9]{1,4})?/[a-z/?#%]{0,8}") {
        for (x, y) in [(&a, &b), (&url, &a), (&url, &url)] {
            proptest::prop_assert!(!difference(x, y).is_empty());
            let _ = similar(x, [y.as_str()]);
        }
    }
}
