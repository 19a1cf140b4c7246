//! The challenge of PKCE: when it is required, and what it must be (RFC 7636 §4.3, RFC 9700 §2.1.1, OAuth 2.1 §7.5.1).

use ErrorCode::InvalidRequest;

use super::*;

#[test]
fn pkce_takes_s256_alone_and_no_downgrade() {
    let method = "code_challenge_method";
    assert_eq!(asked().with(method, "plain").code(), InvalidRequest);
    assert_eq!(asked().with(method, "s256").code(), InvalidRequest);
    // Without a method it would be plain.
    assert_eq!(asked().without(method).code(), InvalidRequest);
    assert_eq!(asked().without("code_challenge").code(), InvalidRequest);
    assert_eq!(
        asked().without("code_challenge").without(method).code(),
        InvalidRequest
    );
    assert_eq!(asked().with("code_challenge", "").code(), InvalidRequest);
    for challenge in [&CHALLENGE[1..], &format!("{CHALLENGE}="), &"+".repeat(43)] {
        assert_eq!(
            asked().with("code_challenge", challenge).code(),
            InvalidRequest
        );
    }
}

#[test]
fn c10_require_pkce_false_excuses_a_confidential_client_but_a_challenge_is_always_checked() {
    let excused = |m: &mut ClientMetadata| {
        confidential(m);
        m.require_pkce = Some(false);
    };
    let method = "code_challenge_method";
    let without = asked().of(excused).without("code_challenge");
    assert_eq!(without.code(), InvalidRequest);
    let without = without.without(method);
    assert_eq!(without.accepted().return_path.challenge, None);
    let nothing = asked()
        .of(excused)
        .without("code_challenge")
        .without(method);
    nothing.without("nonce").accepted();
    for (name, bad) in [
        (method, "plain"),
        (method, "S512"),
        ("code_challenge", "short"),
    ] {
        assert_eq!(asked().of(excused).with(name, bad).code(), InvalidRequest);
    }
    let request = asked().of(excused).accepted();
    assert!(request.return_path.challenge.is_some());
}

#[test]
fn c10_without_require_pkce_a_confidential_client_sends_a_challenge_or_a_nonce_with_openid() {
    let plain = || {
        let asked = asked().of(confidential).without("code_challenge");
        asked.without("code_challenge_method")
    };
    assert_eq!(plain().accepted().return_path.challenge, None);
    assert_eq!(plain().without("nonce").code(), InvalidRequest);
    assert_eq!(plain().with("nonce", "").code(), InvalidRequest);
    assert_eq!(plain().with("scope", "orders:read").code(), InvalidRequest);
    asked().of(confidential).without("nonce").accepted();
    asked()
        .of(confidential)
        .without("nonce")
        .with("scope", "orders:read")
        .accepted();
    let bad = asked()
        .of(confidential)
        .with("code_challenge_method", "plain");
    assert_eq!(bad.code(), InvalidRequest);
}

#[test]
fn c10_require_pkce_true_and_public_clients_accept_no_nonce_instead() {
    let strict = |m: &mut ClientMetadata| {
        confidential(m);
        m.require_pkce = Some(true);
    };
    let plain = |asked: Asked| {
        asked
            .without("code_challenge")
            .without("code_challenge_method")
    };
    assert_eq!(plain(asked().of(strict)).code(), InvalidRequest);
    assert_eq!(plain(asked()).code(), InvalidRequest);
    let explicit = |m: &mut ClientMetadata| m.require_pkce = Some(true);
    assert_eq!(plain(asked().of(explicit)).code(), InvalidRequest);
}

/// RFC 7636 §4.4.1: the error says what is missing; here, what this client may send.
#[test]
fn c10_without_a_challenge_each_kind_of_client_is_accepted_or_learns_what_it_may_send() {
    type Change = fn(&mut ClientMetadata);
    const PKCE: Option<&str> = Some("code_challenge is missing; PKCE with S256 is required");
    const EITHER: Option<&str> = Some(
        "code_challenge is missing; this client needs PKCE with S256, or a nonce with the scope openid",
    );
    // Whether a nonce and the scope openid are sent: both, only the nonce, only openid, neither.
    const SENT: [(bool, bool); 4] = [(true, true), (true, false), (false, true), (false, false)];
    let clients: [(&str, Change, [Option<&str>; 4]); 5] = [
        ("public", |_| {}, [PKCE; 4]),
        ("public, true", |m| m.require_pkce = Some(true), [PKCE; 4]),
        ("confidential", confidential, [None, EITHER, EITHER, EITHER]),
        (
            "confidential, true",
            |m| {
                confidential(m);
                m.require_pkce = Some(true);
            },
            [PKCE; 4],
        ),
        (
            "confidential, false",
            |m| {
                confidential(m);
                m.require_pkce = Some(false);
            },
            [None; 4],
        ),
    ];
    for (client, change, outcomes) in clients {
        for ((nonce, openid), refusal) in SENT.into_iter().zip(outcomes) {
            let scope = if openid { "openid" } else { "orders:read" };
            let mut asked = asked()
                .of(change)
                .with("scope", scope)
                .without("code_challenge")
                .without("code_challenge_method");
            if !nonce {
                asked = asked.without("nonce");
            }
            let case = format!("{client}, nonce {nonce}, openid {openid}");
            match (asked.check(), refusal) {
                (Ok(request), None) => assert_eq!(request.return_path.challenge, None, "{case}"),
                (Err(Refusal::Return(_, error)), Some(refusal)) => {
                    assert_eq!(error.code(), InvalidRequest, "{case}");
                    assert_eq!(error.description(), refusal, "{case}");
                }
                (outcome, _) => panic!("{case}: {outcome:?}"),
            }
        }
    }
}
