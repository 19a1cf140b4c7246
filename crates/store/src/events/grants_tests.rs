use cardea_protocol::{
    model::{Actor, AuditEvent, RevocationReason},
    scope::Scope,
    token::refresh_token::{Answer, Refused, Verdict, Write},
};

use super::*;
use crate::contract::sample::{OFFLINE, at, cause, client, code, grant, rotation, session, user};

fn a_grant() -> Grant {
    let alice = user("alice");
    let code = code("a", &session("one", &alice, 0), &client("spa"), OFFLINE, 0);
    grant(&code, 0)
}

#[test]
fn a_consent_grows_or_stays() {
    let scope = |text| Scope::parse(text).unwrap();
    let (few, more) = (scope("openid"), scope("openid email"));
    assert_eq!(consent_after(None, &few), Some(few.clone()));
    assert_eq!(consent_after(Some(&more), &few), None);
    assert_eq!(consent_after(Some(&more), &more), None);
    let other = scope("profile");
    let union = consent_after(Some(&few), &other).unwrap();
    assert!(few.is_subset_of(&union) && other.is_subset_of(&union));
}

#[test]
fn a_dead_code_has_a_reason() {
    let now = at(60);
    let cases = [
        (at(59), true, DeadCode::Expired),
        (at(60), true, DeadCode::Expired),
        (at(60), false, DeadCode::Expired),
        (at(61), false, DeadCode::Sender),
        (at(61), true, DeadCode::Inactive),
    ];
    for (expires_at, sender_matches, expected) in cases {
        let code = UnusedCode {
            expires_at: expires_at.as_millisecond(),
            sender_matches,
        };
        assert_eq!(dead_code(Some(code), now), expected);
    }
    assert_eq!(dead_code(None, now), DeadCode::Missing);
}

#[test]
fn an_application_is_revoked_by_its_user_or_an_operator() {
    let command = |actor| RevokeApplication {
        subject: user("alice").subject,
        client_id: client("spa").id().clone(),
        cause: cardea_protocol::model::Cause { actor, ..cause(0) },
    };
    let operator = command(Actor::Operator("root".to_owned()));
    assert_eq!(application_reason(&operator), RevocationReason::Operator);
    let own = command(Actor::Person(user("alice").subject));
    assert_eq!(application_reason(&own), RevocationReason::Person);

    let revoked = |consents, codes, grants| RevokedApplication {
        consents,
        codes,
        grants,
    };
    assert_eq!(application_revoked(&own, revoked(0, 0, 0)), None);
    for some in [revoked(1, 0, 0), revoked(0, 1, 0), revoked(0, 0, 1)] {
        let entry = application_revoked(&own, some).unwrap();
        let detail = format!("grants revoked: {}", some.grants);
        assert_eq!(entry.event, AuditEvent::ConsentRevoked);
        assert_eq!(entry.detail.as_deref(), Some(detail.as_str()));
    }
}

#[test]
fn a_token_ahead_is_audited_when_the_last_row_is_old() {
    let grant = a_grant();
    let command = rotation(&grant, 0, 0);
    let verdict = |events: &[AuditEvent]| Verdict {
        write: Write::Nothing,
        events: events.to_vec(),
        retry: None,
        answer: Answer::InvalidGrant(Refused::NoRefreshToken),
    };
    let of = |events: &[AuditEvent], audited| {
        let entries = refreshed(&command, &verdict(events), || Ok::<_, ()>(audited)).unwrap();
        assert!(entries.iter().all(|e| e.grant_id == Some(grant.id)));
        entries.into_iter().map(|e| e.event).collect::<Vec<_>>()
    };
    let (ahead, network) = (AuditEvent::RefreshAhead, AuditEvent::RefreshAnomaly);
    assert_eq!(of(&[ahead], false), [ahead]);
    assert_eq!(of(&[ahead], true), []);
    assert_eq!(of(&[network], true), [network]);
    let other = verdict(&[network]);
    let asked = refreshed(&command, &other, || Err("asked"));
    assert!(asked.is_ok(), "the audit is not read without need");
}

#[test]
fn a_revoked_grant_is_named_with_its_reason() {
    let grant = a_grant();
    let reasons = [
        (RevocationReason::Superseded, "superseded"),
        (RevocationReason::Client, "client"),
        (RevocationReason::Person, "person"),
    ];
    for (reason, word) in reasons {
        let entry = grant_revoked(&grant.subject, &grant.client_id, grant.id, reason);
        assert_eq!(entry.grant_id, Some(grant.id));
        assert_eq!(entry.detail.as_deref(), Some(word));
    }
}
