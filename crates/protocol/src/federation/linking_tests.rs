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

fn judged(
    linked: Option<&str>,
    purpose: Option<&str>,
    (email, local): (Email, Local),
    (trusted, just_in_time): (bool, bool),
) -> String {
    let identity = identity(match email {
        Email::None => json!({}),
        Email::Unverified => json!({"email": "alice@example.com", "email_verified": false}),
        Email::Verified => json!({"email": "alice@example.com", "email_verified": true}),
    });
    let (linked, user, owner) = (linked.map(subject), purpose.map(subject), subject("owner"));
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
        LinkVerdict::AskToLink(_) => "ask".to_owned(),
        LinkVerdict::Refuse(why) => format!("{why:?}"),
    }
}

const EMAILS: [Email; 3] = [Email::None, Email::Unverified, Email::Verified];
const LOCALS: [Local; 3] = [Local::None, Local::Unverified, Local::Verified];

#[test]
fn a_linked_identity_signs_in_to_its_account_and_no_other() {
    for email in EMAILS {
        for local in LOCALS {
            for policy in [(true, true), (true, false), (false, true), (false, false)] {
                let facts = (email, local);
                assert_eq!(judged(Some("bob"), None, facts, policy), "sign in bob");
                assert_eq!(
                    judged(Some("bob"), Some("bob"), facts, policy),
                    "sign in bob"
                );
                assert_eq!(
                    judged(Some("bob"), Some("carol"), facts, policy),
                    "LinkedToAnother"
                );
                // A user who asks for it links whatever address the identity has, and never another account.
                assert_eq!(judged(None, Some("carol"), facts, policy), "link carol");
            }
        }
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
        let of = |just_in_time| judged(None, None, (email, local), (trusted, just_in_time));
        assert_eq!(of(true), expected, "{email:?} {local:?} {trusted}");
        let without = match expected.starts_with("create") {
            true => "NoAccount",
            false => expected,
        };
        assert_eq!(of(false), without, "{email:?} {local:?} {trusted}");
    }
}

#[test]
fn only_two_proofs_and_trust_link_an_account_by_its_address() {
    for email in EMAILS {
        for local in LOCALS {
            for trusted in [true, false] {
                let verdict = judged(None, None, (email, local), (trusted, true));
                let proved = email == Email::Verified && local == Local::Verified && trusted;
                assert_eq!(verdict == "link owner", proved, "{email:?} {local:?}");
                assert!(!verdict.starts_with("sign in"));
            }
        }
    }
}
