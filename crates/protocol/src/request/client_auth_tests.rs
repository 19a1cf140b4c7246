use super::*;
use crate::error::ErrorCode;

fn parse(header: Option<&str>, body: &[(&str, &str)]) -> Result<PresentedCredentials, OAuthError> {
    let pairs: Vec<_> = body
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect();
    PresentedCredentials::parse(header, &Params::new(&pairs, 16_384).unwrap())
}

fn code(result: Result<PresentedCredentials, OAuthError>) -> Option<ErrorCode> {
    result.err().map(|e| e.code())
}

#[test]
fn the_example_of_rfc_6749_is_read() {
    let Ok(PresentedCredentials::Secret {
        client_id,
        secret,
        method,
        ..
    }) = parse(
        Some("Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3"),
        &[],
    )
    else {
        panic!("not read")
    };
    assert_eq!(
        (client_id.as_str(), secret.expose().as_str()),
        ("s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw")
    );
    assert_eq!(method, AuthMethod::ClientSecretBasic);
}

#[test]
fn both_halves_of_basic_are_form_decoded() {
    let header = format!("basic {}", STANDARD.encode("a%3Ab:p%25+q%C3%A9"));
    let Ok(PresentedCredentials::Secret {
        client_id, secret, ..
    }) = parse(Some(&header), &[])
    else {
        panic!("not read")
    };
    assert_eq!(
        (client_id.as_str(), secret.expose().as_str()),
        ("a:b", "p% qé")
    );
}

#[test]
fn c2_basic_with_an_empty_secret_is_a_public_client() {
    for (id, body) in [
        ("spa", &[][..]),
        ("my%20app", &[][..]),
        ("a+b", &[]),
        ("spa", &[("client_id", "spa")]),
    ] {
        let header = format!("Basic {}", STANDARD.encode(format!("{id}:")));
        let Ok(PresentedCredentials::None { client_id }) = parse(Some(&header), body) else {
            panic!("not a public client: {id}")
        };
        assert_eq!(client_id, form_decode(id).unwrap());
    }
    let header = format!("Basic {}", STANDARD.encode("spa:"));
    let other = parse(Some(&header), &[("client_id", "other")]);
    assert_eq!(code(other), Some(ErrorCode::InvalidRequest));
    let two = parse(Some(&header), &[("client_secret", "s")]);
    assert_eq!(code(two), Some(ErrorCode::InvalidRequest));
}

#[test]
fn c8_a_secret_that_decoding_changes_is_kept_as_it_came_for_the_log() {
    for (sent, kept) in [
        ("a+b", true),
        ("a%2Bb", true),
        ("a-b_c~d.e", false),
        ("p q", false),
    ] {
        let header = format!("Basic {}", STANDARD.encode(format!("id:{sent}")));
        let Ok(PresentedCredentials::Secret { undecoded, .. }) = parse(Some(&header), &[]) else {
            panic!("not read: {sent}")
        };
        assert_eq!(
            undecoded.map(|s| s.expose().clone()),
            kept.then(|| sent.to_owned())
        );
    }
    let stray = format!("Basic {}", STANDARD.encode("id:100%"));
    let error = parse(Some(&stray), &[]).err().unwrap();
    assert!(error.cause().unwrap().contains("not form-url-encoded"));
}

#[test]
fn two_methods_or_two_names_are_an_invalid_request() {
    let header = format!("Basic {}", STANDARD.encode("a:b"));
    let invalid = Some(ErrorCode::InvalidRequest);
    assert_eq!(
        code(parse(Some(&header), &[("client_secret", "b")])),
        invalid
    );
    assert_eq!(
        code(parse(Some(&header), &[("client_assertion", "b")])),
        invalid
    );
    assert_eq!(
        code(parse(Some(&header), &[("client_id", "other")])),
        invalid
    );
    assert!(parse(Some(&header), &[("client_id", "a")]).is_ok());
}

#[test]
fn malformed_credentials_are_an_invalid_client() {
    let stray = format!("Basic {}", STANDARD.encode("a%:b"));
    for header in [
        "Basic",
        "Basic !",
        "Bearer abc",
        "Basic YQ==",
        "Basic OmI=",
        stray.as_str(),
    ] {
        assert_eq!(
            code(parse(Some(header), &[])),
            Some(ErrorCode::InvalidClient),
            "{header}"
        );
    }
    assert_eq!(code(parse(None, &[])), Some(ErrorCode::InvalidClient));
}

#[test]
fn an_assertion_needs_its_type() {
    assert_eq!(
        code(parse(None, &[("client_assertion", "x")])),
        Some(ErrorCode::InvalidRequest)
    );
    let body = [
        ("client_assertion", "x"),
        ("client_assertion_type", JWT_BEARER),
    ];
    assert!(matches!(
        parse(None, &body),
        Ok(PresentedCredentials::Assertion(_))
    ));
}

#[test]
fn a_secret_in_the_body_and_a_bare_name_are_read() {
    let body = [("client_id", "a"), ("client_secret", "s")];
    let Ok(PresentedCredentials::Secret {
        method,
        client_id,
        secret,
        ..
    }) = parse(None, &body)
    else {
        panic!("not read")
    };
    assert_eq!(
        (method, client_id.as_str(), secret.expose().as_str()),
        (AuthMethod::ClientSecretPost, "a", "s")
    );
    // An empty secret is an omitted one.
    let body = [("client_id", "a"), ("client_secret", "")];
    assert!(
        matches!(parse(None, &body), Ok(PresentedCredentials::None { client_id }) if client_id == "a")
    );
    assert_eq!(
        code(parse(None, &[("client_secret", "s")])),
        Some(ErrorCode::InvalidClient)
    );
}

#[test]
fn headers_and_assertions_are_bounded() {
    let header = format!(
        "Basic {}",
        STANDARD.encode(format!("a:{}", "s".repeat(2048)))
    );
    assert_eq!(
        code(parse(Some(&header), &[])),
        Some(ErrorCode::InvalidClient)
    );
    let body = [
        ("client_assertion", &*"x".repeat(8193)),
        ("client_assertion_type", JWT_BEARER),
    ];
    assert_eq!(code(parse(None, &body)), Some(ErrorCode::InvalidRequest));
}

#[test]
fn halves_that_are_no_form_encoding_of_utf_8_are_refused() {
    for bad in ["a%zz:b", "a:b%4", "a:%", "%ff:b", "a:%c3"] {
        assert_eq!(
            code(parse(Some(&format!("Basic {}", STANDARD.encode(bad))), &[])),
            Some(ErrorCode::InvalidClient),
            "{bad}"
        );
    }
    let binary = format!("Basic {}", STANDARD.encode([b'a', b':', 0xff]));
    assert_eq!(
        code(parse(Some(&binary), &[])),
        Some(ErrorCode::InvalidClient)
    );
}

proptest::proptest! {
    #[test]
    fn reading_never_panics_and_basic_gives_back_what_was_encoded(
        header in "\\PC*", id in "\\PC{1,20}", secret in "\\PC{1,20}",
    ) {
        let _ = parse(Some(&header), &[]);
        let form = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let header = format!("Basic {}", STANDARD.encode(format!("{}:{}", form(&id), form(&secret))));
        let Ok(PresentedCredentials::Secret { client_id, secret: read, .. }) = parse(Some(&header), &[]) else {
            panic!("not read")
        };
        proptest::prop_assert_eq!((client_id, read.expose()), (id, &secret));
    }
}
