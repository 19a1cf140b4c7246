//! What ends a grant or is refused, whatever the table of D11 would say of the generation.

use cardea_seal::Secret;

use super::{
    Sender::Proved,
    tests::{ALIVE, id, policy},
    *,
};
use crate::{
    model::{ClientMetadata, GrantState, Revocation, SenderBinding},
    samples::{client, grant, now, scope, seconds},
    token::{Inactive, Unproved},
};

fn present(generation: u32, client: &str) -> Presented {
    Presented {
        can_be_met: true,
        generation,
        client: id(client),
        sender: Proved,
        seen: LastSeen::default(),
    }
}

#[test]
fn an_authentic_token_in_the_hands_of_another_client_ends_the_grant() {
    for generation in [3, 4, 5] {
        let presented = present(generation, "thief");
        let verdict = judge(
            &grant(),
            ALIVE,
            &presented,
            &policy(RefreshRotation::Idempotent),
            now(),
        );
        assert_eq!(
            verdict.write,
            Write::Revoke(RevocationReason::ForeignClient)
        );
        assert_eq!(verdict.events, [AuditEvent::RefreshForeignClient]);
        assert!(matches!(verdict.answer, Answer::InvalidGrant(_)));
    }
}

/// Judges the current token of a changed grant; gives the reason of the refusal when nothing was written.
fn refusal(standing: Standing, change: impl FnOnce(&mut Grant)) -> Option<Refused> {
    let mut grant = grant();
    change(&mut grant);
    let generation = grant.refresh.as_ref().map_or(0, |r| r.generation);
    let policy = policy(RefreshRotation::Idempotent);
    let verdict = judge(
        &grant,
        standing,
        &present(generation, "app"),
        &policy,
        now(),
    );
    match (verdict.write, verdict.answer) {
        (Write::Nothing, Answer::InvalidGrant(why)) => {
            assert_eq!(verdict.events, []);
            Some(why)
        }
        _ => None,
    }
}

#[test]
fn a_bound_grant_is_not_refreshed_without_proof_of_possession() {
    let thumbprint = cardea_seal::Digest::of(b"key");
    let dpop = SenderBinding::Dpop { jkt: thumbprint };
    let mtls = SenderBinding::Mtls {
        x5t_s256: thumbprint,
    };
    for (sender, why) in [(dpop, Unproved::Dpop), (mtls, Unproved::Mtls)] {
        assert_eq!(
            refusal(ALIVE, |g| g.sender = Some(sender)),
            Some(why.into())
        );
    }
}

#[test]
fn a_revoked_or_expired_grant_is_refused_without_a_write() {
    let revocation = Revocation {
        at: now(),
        reason: RevocationReason::Client,
    };
    assert_eq!(
        refusal(ALIVE, |g| g.state = GrantState::Revoked(revocation)),
        Some(Inactive::Revoked.into())
    );
    assert_eq!(
        refusal(ALIVE, |g| g.expires_at = now()),
        Some(Inactive::Expired.into())
    );
    assert_eq!(refusal(ALIVE, |g| g.expires_at = now() + seconds(1)), None);
    let idle = |at| move |g: &mut Grant| g.refresh.as_mut().unwrap().idle_expires_at = at;
    assert_eq!(refusal(ALIVE, idle(now())), Some(Refused::Idle));
    assert_eq!(refusal(ALIVE, idle(now() + seconds(1))), None);
    assert_eq!(
        refusal(ALIVE, |g| g.refresh = None),
        Some(Refused::NoRefreshToken)
    );
}

#[test]
fn a_refresh_token_dies_with_its_session_unless_offline_access_was_granted() {
    let ended = Standing {
        session_alive: false,
        ..ALIVE
    };
    assert_eq!(refusal(ended, |_| {}), Some(Inactive::SessionEnded.into()));
    assert_eq!(
        refusal(ended, |g| g.scope = scope("openid offline_access")),
        None
    );
}

#[test]
fn d27_who_is_no_longer_a_member_has_no_active_token_not_even_an_offline_one() {
    let left = Standing {
        member: false,
        ..ALIVE
    };
    let offline = |g: &mut Grant| g.scope = scope("offline_access");
    assert_eq!(refusal(left, |_| {}), Some(Inactive::NotMember.into()));
    assert_eq!(refusal(left, offline), Some(Inactive::NotMember.into()));
}

#[test]
fn a_disabled_user_or_client_has_no_active_token_not_even_an_offline_one() {
    let offline = |g: &mut Grant| g.scope = scope("offline_access");
    let user = Standing {
        user_enabled: false,
        ..ALIVE
    };
    let client = Standing {
        client_enabled: false,
        ..ALIVE
    };
    assert_eq!(refusal(user, offline), Some(Inactive::UserDisabled.into()));
    assert_eq!(
        refusal(client, offline),
        Some(Inactive::ClientDisabled.into())
    );
}

/// D10: which of them ended it is in the log and the administration; the client learns `invalid_grant`.
#[test]
fn an_inactive_grant_is_logged_with_its_cause() {
    for (why, words) in [
        (Inactive::Revoked, "the grant was revoked"),
        (Inactive::Expired, "the grant has expired"),
        (Inactive::SessionEnded, "the session has ended"),
        (Inactive::UserDisabled, "the user is disabled"),
        (Inactive::ClientDisabled, "the client is disabled"),
    ] {
        assert_eq!(why.as_str(), words);
        assert_eq!(Refused::from(why).to_string(), words);
    }
}

#[test]
fn the_last_generation_is_refused_and_does_not_wrap_to_the_first() {
    let last = |g: &mut Grant| g.refresh.as_mut().unwrap().generation = u32::MAX;
    assert_eq!(refusal(ALIVE, last), Some(Refused::Exhausted));
}

#[test]
fn a_request_that_cannot_be_met_rotates_nothing() {
    let unmet = |generation| Presented {
        can_be_met: false,
        ..present(generation, "app")
    };
    for generation in [5, 4] {
        let verdict = judge(
            &grant(),
            ALIVE,
            &unmet(generation),
            &policy(RefreshRotation::Idempotent),
            now(),
        );
        assert!(!matches!(
            verdict.write,
            Write::Rotate(_) | Write::Revoke(_)
        ));
        assert_eq!(verdict.answer, Answer::NotMet);
    }
}

#[test]
fn a_thief_is_caught_though_he_asks_for_too_much() {
    let unmet = |generation, client| Presented {
        can_be_met: false,
        ..present(generation, client)
    };
    let verdict = judge(
        &grant(),
        ALIVE,
        &unmet(3, "app"),
        &policy(RefreshRotation::Idempotent),
        now(),
    );
    assert_eq!(verdict.write, Write::Revoke(RevocationReason::RefreshReuse));
    let verdict = judge(
        &grant(),
        ALIVE,
        &unmet(5, "thief"),
        &policy(RefreshRotation::Idempotent),
        now(),
    );
    assert_eq!(
        verdict.write,
        Write::Revoke(RevocationReason::ForeignClient)
    );
}

/// What a refresh of the sample grant (`openid email orders:read`) may have when it asks for this.
fn narrowed(
    change: impl FnOnce(&mut ClientMetadata),
    asked: Option<&str>,
) -> Result<String, ErrorCode> {
    let request = RefreshTokenRequest {
        token: Secret::new("r".to_owned()),
        scope: asked.map(scope),
        resource: None,
    };
    check_scope(
        &client(change),
        &crate::samples::resources(),
        &grant(),
        &request,
    )
    .map(|s| s.to_string())
    .map_err(|e| e.code())
}

#[test]
fn a_refresh_may_narrow_the_scope_and_never_widen_it() {
    let ask = |asked| narrowed(|_| {}, asked);
    assert_eq!(ask(None), Ok("openid email orders:read".to_owned()));
    assert_eq!(ask(Some("orders:read")), Ok("orders:read".to_owned()));
    // Registered for the client, but not granted.
    assert_eq!(ask(Some("openid profile")), Err(ErrorCode::InvalidScope));
    assert_eq!(ask(Some("orders:write")), Err(ErrorCode::InvalidScope));
    assert_eq!(ask(Some("openid nobody:knows")), Ok("openid".to_owned()));
}

#[test]
fn a_client_that_lost_the_grant_type_refreshes_no_more() {
    let once = |m: &mut ClientMetadata| m.grant_types = vec![GrantType::AuthorizationCode];
    assert_eq!(narrowed(once, None), Err(ErrorCode::UnauthorizedClient));
}
