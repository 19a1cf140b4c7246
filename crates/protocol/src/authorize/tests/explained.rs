//! The trail of a refused request: which check failed, what was sent, what is registered, where they differ.

use super::*;
use crate::explain::{Outcome, Trail};

pub(super) fn trail(asked: &Asked) -> Trail {
    let error = match asked.check() {
        Ok(_) => panic!("accepted"),
        Err(Refusal::Page(_, error) | Refusal::Return(_, error)) => error,
    };
    error.trail().expect("a trail").clone()
}

#[test]
fn n3_a_wrong_redirect_uri_is_explained_with_the_nearest_registered_one() {
    let registered = |m: &mut ClientMetadata| {
        m.redirect_uris = vec![
            "https://staging.example/callback".to_owned(),
            REDIRECT_URI.to_owned(),
        ];
    };
    for (sent, differs) in [
        (
            "https://app.example/cb/",
            "the path differs by a trailing slash",
        ),
        (
            "https://app.example/CB",
            "the path differs in upper and lower case",
        ),
        ("https://app.example/cp", "the path differs"),
        (
            "http://app.example/cb",
            "the scheme differs (http and https)",
        ),
        ("https://app.example:8443/cb", "the port differs"),
        ("https://www.app.example/cb", "the host differs"),
        ("https://app.example/cb?x=1", "the sent value has a query"),
        ("https://app.example/cb#f", "the sent value has a fragment"),
        ("https://APP.example/cb", "upper and lower case differ"),
        (
            "https://app.example:443/cb",
            "only one of them writes the default port",
        ),
        (
            " https://app.example/cb",
            "white space at the beginning or end",
        ),
        (
            "https%3A%2F%2Fapp.example%2Fcb",
            "the sent value is percent-encoded twice",
        ),
        ("https://app.example.evil.example/cb", "the host differs"),
        (
            "http://app.example/cb/",
            "the scheme differs (http and https), the path differs by a trailing slash",
        ),
    ] {
        let trail = trail(&asked().of(registered).with("redirect_uri", sent));
        assert_eq!(trail.to_string(), "client passed, redirect_uri failed");
        let values = trail.values();
        assert_eq!(values.sent.as_ref().unwrap().as_str(), sent);
        assert_eq!(
            values.registered.as_ref().unwrap().as_str(),
            REDIRECT_URI,
            "{sent}"
        );
        assert_eq!(values.differs.as_deref(), Some(differs), "{sent}");
        assert_eq!(trail.client_id().unwrap().as_str(), "app");
    }
}

#[test]
fn n3_an_unknown_client_is_logged_as_it_was_sent_bounded_and_harmless() {
    let unknown = |id: &str| {
        let mut asked = asked().with("client_id", id);
        asked.client = None;
        trail(&asked)
    };
    let plain = unknown("ap");
    assert_eq!(plain.client_id().unwrap().as_str(), "ap");
    assert_eq!(plain.to_string(), "client failed");
    let long = unknown(&"x".repeat(10_000));
    assert_eq!(long.client_id().unwrap().as_str().chars().count(), 257);
    let forged = unknown("a\nlevel=ERROR\u{202e}\u{1b}[31m");
    let shown = forged.client_id().unwrap().as_str();
    assert!(!shown.contains(['\n', '\u{202e}', '\u{1b}']), "{shown}");
    assert!(shown.contains("\\u{a}"));
}

#[test]
fn n3_a_registered_client_id_that_may_have_been_meant_is_named() {
    let asked = asked().with("client_id", "App");
    let resources = samples::resources();
    let context = Context {
        client: None,
        similar_client: Some("app"),
        some_clients: &[],
        resources: &resources,
        sign_up: false,
        acr: &[Acr::Password, Acr::Mfa],
        hint: &|_| panic!("there is no hint"),
    };
    let params = AuthorizationParams::new(&asked.pairs);
    let Err(Refusal::Page(_, error)) = check(&params, context) else {
        panic!("not a page")
    };
    let values = error.trail().unwrap().values().clone();
    assert_eq!(values.registered.unwrap().as_str(), "app");
    assert_eq!(
        values.differs.as_deref(),
        Some("upper and lower case differ")
    );
    assert!(
        !error.description().contains("app "),
        "{}",
        error.description()
    );
}

/// What is logged of a request that gets a page: the client, what was sent, what is registered, what to do.
fn logged(asked: &Asked) -> [Option<String>; 4] {
    let trail = trail(asked);
    let values = trail.values();
    let text = |shown: Option<&crate::explain::Shown>| shown.map(|s| s.as_str().to_owned());
    [
        text(trail.client_id()),
        text(values.sent.as_ref()),
        text(values.registered.as_ref()),
        values.advice.map(str::to_owned),
    ]
}

#[test]
fn n3_a_missing_repeated_or_broken_redirect_uri_is_explained_with_the_registered_ones() {
    let two = |m: &mut ClientMetadata| m.redirect_uris.push("https://app.example/2".to_owned());
    let both = "https://app.example/cb, https://app.example/2";
    let uri = "redirect_uri";
    for (asked, reason, sent, advice) in [
        (
            asked().without(uri),
            PageReason::NoRedirectUri,
            "(nothing)",
            "send redirect_uri",
        ),
        (
            asked().with(uri, ""),
            PageReason::NoRedirectUri,
            "(nothing)",
            "send redirect_uri",
        ),
        (
            asked().also(uri, REDIRECT_URI),
            PageReason::Unreadable,
            REDIRECT_URI,
            "once",
        ),
        (
            asked().also(uri, "https://evil.example/"),
            PageReason::Unreadable,
            "https://app.example/cb, https://evil.example/",
            "once",
        ),
        (
            asked().also_undecodable(uri),
            PageReason::Unreadable,
            "https://app.example/cb, (can't be decoded)",
            "percent-encode",
        ),
        (
            asked().without(uri).also_undecodable(uri),
            PageReason::Unreadable,
            "(can't be decoded)",
            "percent-encode",
        ),
    ] {
        let asked = asked.of(two);
        assert_eq!(asked.page_for().0, reason);
        let [client, was_sent, registered, to_do] = logged(&asked);
        assert_eq!(client.as_deref(), Some("app"));
        assert_eq!(was_sent.as_deref(), Some(sent));
        assert_eq!(registered.as_deref(), Some(both));
        assert!(to_do.unwrap().contains(advice), "{sent}");
        assert_eq!(trail(&asked).failure().unwrap().name, uri);
    }
    let none = asked().of(|m| {
        script(m);
        m.redirect_uris.clear();
    });
    let [_, sent, registered, advice] = logged(&none);
    assert_eq!(sent.as_deref(), Some(REDIRECT_URI));
    assert_eq!(registered.as_deref(), Some("(nothing)"));
    assert!(advice.unwrap().contains("register"));
}

#[test]
fn n3_a_missing_repeated_or_broken_client_id_is_explained_with_registered_ones() {
    let id = "client_id";
    let of_no_client = || {
        let mut asked = asked();
        asked.client = None;
        asked
    };
    for (asked, client, sent, advice) in [
        (
            of_no_client().without(id),
            None,
            "(nothing)",
            "send client_id",
        ),
        (
            of_no_client().with(id, ""),
            None,
            "(nothing)",
            "send client_id",
        ),
        (of_no_client().also(id, "app"), Some("app"), "app", "once"),
        (
            of_no_client().also(id, "x"),
            Some("app, x"),
            "app, x",
            "once",
        ),
        (
            of_no_client().without(id).also_undecodable(id),
            Some("(can't be decoded)"),
            "(can't be decoded)",
            "percent-encode",
        ),
    ] {
        let (reason, error) = asked.page_for();
        assert_eq!(reason, PageReason::Unreadable);
        assert!(error.description().starts_with("the parameter client_id "));
        let [named, was_sent, registered, to_do] = logged(&asked);
        assert_eq!(named.as_deref(), client);
        assert_eq!(was_sent.as_deref(), Some(sent));
        assert_eq!(registered.as_deref(), Some("app, other"));
        assert!(to_do.unwrap().contains(advice), "{sent}");
    }
    let [.., advice] = logged(&of_no_client());
    assert!(advice.unwrap().contains("register this one"));
}

#[test]
fn n3_every_refused_parameter_names_its_check_and_section() {
    for (asked, check) in [
        (asked().with("response_mode", "fragment"), "response_mode"),
        (asked().with("request", "x"), "request_object"),
        (asked().with("response_type", "token"), "response_type"),
        (asked().with("code_challenge", "short"), "code_challenge"),
        (
            asked().with("scope", "openid orders:raed mail:send"),
            "scope",
        ),
        (asked().with("resource", "api://order"), "resource"),
        (asked().with("prompt", "create"), "prompt"),
        (asked().with("max_age", "soon"), "max_age"),
        (asked().with("claims", "{"), "claims"),
        (asked().with("id_token_hint", "x"), "subject"),
        (asked().with("login_hint", &"x".repeat(300)), "login_hint"),
        (asked().with("nonce", &"x".repeat(600)), "nonce"),
        (asked().also("scope", "openid"), "request"),
    ] {
        let trail = trail(&asked);
        let failed = trail.failure().unwrap();
        assert_eq!(failed.name, check);
        assert!(failed.section.contains('§'), "{}", failed.section);
        assert!(
            trail
                .steps()
                .all(|(c, o)| o == Outcome::Passed || c == failed)
        );
    }
}

#[test]
fn secrets_and_personal_values_are_masked_in_a_trail() {
    for (name, value) in [
        ("login_hint", "alice@example.test".repeat(20)),
        ("id_token_hint", "eyJhbGciOi.secret.secret".to_owned()),
        ("nonce", "secret".repeat(100)),
        (
            "claims",
            r#"{"id_token":{"sub":{"value":"secret"},"x":1}}"#.to_owned(),
        ),
        ("state", "secret\n".to_owned()),
    ] {
        let shown = format!("{:?}", trail(&asked().with(name, &value)));
        assert!(
            !shown.contains("secret") && !shown.contains("alice"),
            "{shown}"
        );
        assert!(shown.contains("masked"), "{shown}");
    }
}

#[test]
fn every_check_has_a_name_of_its_own_and_a_section() {
    let names: Vec<_> = CHECKS.iter().map(|row| row.check.name).collect();
    let mut once = names.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), names.len());
    assert_eq!(&names[..2], ["client", "redirect_uri"]);
    let reference = include_str!("../../../../../docs/reference/log.md");
    for name in &names {
        assert!(
            reference.contains(&format!("`{name}`")),
            "{name} is not in docs/reference/log.md"
        );
    }
    for row in CHECKS {
        assert!(row.check.section.contains('§') && !row.endpoints.is_empty());
    }
}
