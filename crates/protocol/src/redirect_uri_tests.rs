use ApplicationType::{Native, Web};

use super::*;

fn registered(raw: &str, kind: ApplicationType) -> RegisteredRedirectUri {
    RegisteredRedirectUri::parse(raw, kind).unwrap()
}

#[test]
fn what_may_be_registered() {
    for (raw, kind) in [
        ("https://app.example.com/callback", Web),
        ("https://app.example.com/callback?tenant=1", Web),
        ("http://localhost:5173/callback", Web),
        ("http://127.0.0.1/callback", Native),
        ("http://[::1]:9/callback", Native),
        ("com.example.app:/callback", Native),
        ("com.example.app://callback", Native),
    ] {
        assert!(RegisteredRedirectUri::parse(raw, kind).is_ok(), "{raw}");
    }
}

#[test]
fn what_may_not_be_registered() {
    use RedirectUriError as E;
    for (raw, kind, error) in [
        ("http://app.example.com/cb", Web, E::PlainHttp),
        ("http://localhost.evil.example/cb", Web, E::PlainHttp),
        ("https://a.example/cb#f", Web, E::Fragment),
        ("https://*.example/cb", Web, E::Wildcard),
        ("https://user@a.example/cb", Web, E::UserInfo),
        ("https://@a.example/cb", Web, E::UserInfo),
        ("https://a.example\\@b.example/cb", Web, E::Malformed),
        ("https://a.example/c b", Web, E::Malformed),
        ("https://a.example/\u{7f}", Web, E::Malformed),
        ("/callback", Web, E::Malformed),
        ("https:a.example", Web, E::Malformed),
        ("javascript:alert(1)", Native, E::Scheme),
        ("data:text/html,x", Native, E::Scheme),
        ("file:///etc/passwd", Native, E::Scheme),
        ("blob:https://a.example/1", Native, E::Scheme),
        ("myapp:/cb", Native, E::Scheme),
        ("com.example.app:/cb", Web, E::Scheme),
    ] {
        assert_eq!(RegisteredRedirectUri::parse(raw, kind), Err(error), "{raw}");
    }
    let long = format!("https://a.example/{}", "x".repeat(1024));
    assert_eq!(RegisteredRedirectUri::parse(&long, Web), Err(E::TooLong));
}

#[test]
fn the_comparison_is_of_the_raw_characters() {
    let uri = registered("https://a.example/cb", Web);
    assert!(uri.matches("https://a.example/cb"));
    for other in [
        "https://a.example/cb/",
        "https://A.example/cb",
        "https://a.example:443/cb",
        "https://a.example/cb?x=1",
        "https://a.example/x/../cb",
        "https://a.example/%63b",
        "https://a.example/cb#",
    ] {
        assert!(!uri.matches(other), "{other}");
    }
}

#[test]
fn a_native_loopback_uri_takes_any_port_and_nothing_else() {
    let uri = registered("http://127.0.0.1/callback", Native);
    for good in [
        "http://127.0.0.1:51004/callback",
        "http://127.0.0.1/callback",
    ] {
        assert!(uri.matches(good), "{good}");
    }
    for bad in [
        "http://127.0.0.1:0/callback",
        "http://127.0.0.1:070/callback",
        "http://127.0.0.1:99999/callback",
        "http://127.0.0.1:/callback",
        "http://127.0.0.1:80@evil.example/callback",
        "http://127.0.0.1.evil.example/callback",
        "http://127.0.0.1:80/other",
        "http://localhost:80/callback",
    ] {
        assert!(!uri.matches(bad), "{bad}");
    }
    assert!(registered("http://127.0.0.1:5/cb", Native).matches("http://127.0.0.1:6/cb"));
    assert!(!registered("http://127.0.0.1:5/cb", Web).matches("http://127.0.0.1:6/cb"));
    assert!(!registered("http://localhost:5/cb", Native).matches("http://localhost:6/cb"));
}

#[test]
fn only_a_registered_uri_is_verified() {
    let all = [registered("https://a.example/cb", Web)];
    assert!(verify(&all, "https://a.example/cb").is_some());
    assert!(verify(&all, "https://b.example/cb").is_none());
}

#[test]
fn a_uri_without_a_host_where_a_browser_would_find_one_is_refused() {
    for raw in [
        "https:///a.example/cb",
        "https:///@a.example/cb",
        "http:///127.0.0.1/cb",
        "https://",
        "https://?x",
    ] {
        assert_eq!(
            RegisteredRedirectUri::parse(raw, Web),
            Err(RedirectUriError::Malformed),
            "{raw}"
        );
    }
}

#[test]
fn any_registered_port_is_free_the_default_one_too() {
    for raw in [
        "http://127.0.0.1:80/cb",
        "http://[::1]:80/cb",
        "http://127.0.0.1:8080/cb",
    ] {
        let host = raw.split_at(raw.rfind(':').unwrap()).0;
        assert!(
            registered(raw, Native).matches(&format!("{host}:51004/cb")),
            "{raw}"
        );
    }
    assert!(registered("http://[::1]/cb?x=1", Native).matches("http://[::1]:9/cb?x=1"));
    assert!(registered("http://127.0.0.1", Native).matches("http://127.0.0.1:9"));
    // Another spelling of the address has no free port.
    assert!(!registered("http://127.0.0.2/cb", Native).matches("http://127.0.0.2:9/cb"));
    assert!(!registered("http://127.0.0.1./cb", Native).matches("http://127.0.0.1.:9/cb"));
}

#[test]
fn nothing_longer_than_the_bound_is_even_compared() {
    let all = [registered("http://127.0.0.1/cb", Native)];
    assert!(verify(&all, &format!("http://127.0.0.1:1/cb{}", "x".repeat(1024))).is_none());
}

/// Printable pieces that mean something in a URI, in any order.
fn pieces() -> impl proptest::strategy::Strategy<Value = String> {
    let piece = "http://|https://|127\\.0\\.0\\.1|\\[::1\\]|localhost|a\\.example|:[0-9]{0,6}|/cb|\\?x=1|[@#/.*%\\\\]|\\PC";
    proptest::strategy::Strategy::prop_map(proptest::collection::vec(piece, 0..8), |all| {
        all.concat()
    })
}

proptest::proptest! {
    #[test]
    fn registering_never_panics_and_a_registered_uri_matches_itself(raw in pieces(), native: bool) {
        if let Ok(uri) = RegisteredRedirectUri::parse(&raw, if native { Native } else { Web }) {
            proptest::prop_assert!(uri.matches(&raw));
            proptest::prop_assert_eq!(uri.as_str(), raw);
        }
    }

    #[test]
    fn what_matches_differs_at_most_in_the_port(end in "(:[0-9]{0,5})?(/|/cb|\\?x)?", presented in pieces(), v6: bool) {
        let host = if v6 { "http://[::1]" } else { "http://127.0.0.1" };
        let Ok(uri) = RegisteredRedirectUri::parse(&format!("{host}{end}"), Native) else { return Ok(()) };
        for presented in [presented.clone(), format!("{host}{presented}")] {
            if uri.matches(&presented) {
                let mut a = Url::parse(uri.as_str()).unwrap();
                let mut b = Url::parse(&presented).unwrap();
                proptest::prop_assert!(a.set_port(None).is_ok() && b.set_port(None).is_ok());
                proptest::prop_assert_eq!(a, b);
            }
        }
    }
}
