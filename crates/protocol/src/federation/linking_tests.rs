use serde_json::{Value, json};

use super::*;
use crate::{federation::ProviderKind, samples::subject};

pub(in crate::federation) fn identity(claims: Value) -> UpstreamIdentity {
    UpstreamIdentity {
        kind: ProviderKind::Openid,
        issuer: "https://upstream.example".to_owned(),
        subject: "42".to_owned(),
        sid: None,
        auth_time: None,
        acr: None,
        amr: Vec::new(),
        claims: serde_json::from_value(claims).unwrap(),
    }
}

/// What the upstream says of alice@example.com.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Email {
    None,
    Unverified,
    Verified,
}

/// The account here with that address.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Local {
    None,
    Unverified,
    Verified,
}

/// What an arrival is judged by. `user` asks to link; without one it is a sign-in.
#[derive(Debug, Clone, Copy)]
struct Case<'a> {
    linked: Option<&'a str>,
    user: Option<&'a str>,
    email: Email,
    local: Local,
    trusted: bool,
    just_in_time: bool,
}

fn judged(case: Case<'_>) -> String {
    let Case {
        email,
        local,
        trusted,
        just_in_time,
        ..
    } = case;
    let identity = identity(match email {
        Email::None => json!({}),
        Email::Unverified => json!({"email": "alice@example.com", "email_verified": false}),
        Email::Verified => json!({"email": "alice@example.com", "email_verified": true}),
    });
    let (linked, user) = (case.linked.map(subject), case.user.map(subject));
    let owner = subject("owner");
    let trusted_domains = match trusted {
        true => vec![Domain::parse("example.com").unwrap()],
        // Neither a parent nor a child of a domain is meant by it.
        false => ["com.example", "sub.example.com", "ample.com"]
            .iter()
            .filter_map(|text| Domain::parse(text))
            .collect(),
    };
    let verdict = judge_link(&Arrival {
        identity: &identity,
        linked: linked.as_ref(),
        purpose: user.as_ref().map_or(Purpose::SignIn, Purpose::Link),
        local: (local != Local::None).then_some(LocalAccount {
            subject: &owner,
            email_verified: local == Local::Verified,
        }),
        policy: &LinkPolicy {
            trusted_domains,
            just_in_time,
        },
    });
    match verdict {
        LinkVerdict::SignIn(user) => format!("sign in {user}"),
        LinkVerdict::Link(user) => format!("link {user}"),
        LinkVerdict::Create { email: None } => "create".to_owned(),
        LinkVerdict::Create {
            email: Some((address, verified)),
        } => format!("create {} {verified}", address.as_str()),
        LinkVerdict::AskToLink { owner: asked, .. } => {
            assert_eq!(asked, owner, "only the account with the address");
            "ask".to_owned()
        }
        LinkVerdict::Refuse(why) => format!("{why:?}"),
    }
}

const EMAILS: [Email; 3] = [Email::None, Email::Unverified, Email::Verified];
const LOCALS: [Local; 3] = [Local::None, Local::Unverified, Local::Verified];

/// All cases of an identity without an account.
fn cases() -> impl Iterator<Item = Case<'static>> {
    let policies = [(true, true), (true, false), (false, true), (false, false)];
    let facts = EMAILS.into_iter().flat_map(|e| LOCALS.map(|l| (e, l)));
    facts.flat_map(move |(email, local)| {
        policies.map(|(trusted, just_in_time)| Case {
            linked: None,
            user: None,
            email,
            local,
            trusted,
            just_in_time,
        })
    })
}

#[test]
fn a_linked_identity_signs_in_to_its_account_and_no_other() {
    for case in cases() {
        let linked = Case {
            linked: Some("bob"),
            ..case
        };
        let asked_by = |user, case| {
            judged(Case {
                user: Some(user),
                ..case
            })
        };
        assert_eq!(judged(linked), "sign in bob");
        assert_eq!(asked_by("bob", linked), "sign in bob");
        assert_eq!(asked_by("carol", linked), "LinkedToAnother");
        // A user who asks for it links whatever address the identity has, and never another account.
        assert_eq!(asked_by("carol", case), "link carol");
    }
}

#[test]
fn pre_hijacking_is_impossible() {
    for (email, local, trusted, expected) in [
        // Takeover: the identity's address is not proved, so it is not looked at.
        (Email::None, Local::Verified, true, "create"),
        (Email::Unverified, Local::None, true, "create"),
        (Email::Unverified, Local::Unverified, true, "create"),
        (Email::Unverified, Local::Verified, true, "create"),
        (Email::Unverified, Local::Verified, false, "create"),
        // Pre-hijacking: the account here has not proved the address, so the owner gets another account.
        (
            Email::Verified,
            Local::Unverified,
            true,
            "create alice@example.com true",
        ),
        (
            Email::Verified,
            Local::Unverified,
            false,
            "create alice@example.com false",
        ),
        // The upstream is not trusted for this domain.
        (Email::Verified, Local::Verified, false, "ask"),
        (
            Email::Verified,
            Local::None,
            false,
            "create alice@example.com false",
        ),
        // Proved on both sides.
        (Email::Verified, Local::Verified, true, "link owner"),
        (
            Email::Verified,
            Local::None,
            true,
            "create alice@example.com true",
        ),
    ] {
        let case = Case {
            linked: None,
            user: None,
            email,
            local,
            trusted,
            just_in_time: true,
        };
        assert_eq!(judged(case), expected, "{case:?}");
        let without = match expected.starts_with("create") {
            true => "NoAccount",
            false => expected,
        };
        let case = Case {
            just_in_time: false,
            ..case
        };
        assert_eq!(judged(case), without, "{case:?}");
    }
}

#[test]
fn only_two_proofs_and_trust_link_an_account_by_its_address() {
    for case in cases() {
        let verdict = judged(case);
        let proved = case.email == Email::Verified && case.local == Local::Verified && case.trusted;
        assert_eq!(verdict == "link owner", proved, "{case:?}");
        assert!(!verdict.starts_with("sign in"));
    }
}
