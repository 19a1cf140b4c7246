//! The previous token again: which retries are reuse, and what is audited and written (RFC 9700 §4.14.2).

use Sender::{Proved, Public};

use super::{
    tests::{ALIVE, Case, policy},
    *,
};
use crate::samples::{now, seconds};

/// Public, prompt, from the same place: what an attacker beside the client looks like.
fn prompt(generation: i64, sender: Sender) -> Case {
    Case {
        generation,
        sender,
        rotation: RefreshRotation::Idempotent,
        since: 2,
        same_network: true,
        same_agent: true,
        late: None,
        seen: false,
    }
}

/// Whether the grant survives generations in which the previous token is presented again or not.
fn survives(sender: Sender, retried: &[bool]) -> bool {
    let mut grant = prompt(0, sender).grant();
    for (generation, retried) in (5_u32..).zip(retried) {
        let mut presented = prompt(0, sender).presented();
        presented.generation = generation;
        let policy = policy(RefreshRotation::Idempotent);
        // The client rotates; the attacker presents the same token again, three times.
        for attempt in 0..=3 {
            if attempt > 0 && !retried {
                break;
            }
            let verdict = judge(&grant, ALIVE, &presented, &policy, now());
            match verdict.write {
                Write::Rotate(next) | Write::Note(next) => grant.refresh = Some(next),
                Write::Revoke(_) => return false,
                Write::Nothing => {}
            }
            assert_eq!(verdict.retry.is_some(), attempt > 0);
        }
    }
    true
}

#[test]
fn t2_the_third_prompt_retry_in_consecutive_generations_is_reuse() {
    assert!(survives(Public, &[true]));
    assert!(survives(Public, &[true, true]));
    assert!(!survives(Public, &[true, true, true]));
    assert!(!survives(Public, &[false, true, true, true]));
    assert!(!survives(Public, &[true; 60]));
    // A lost response now and then is none.
    assert!(survives(Public, &[true, true, false, true, true, false]));
    assert!(survives(Public, &[true, false].repeat(30)));
    // A confidential client proves with each request who it is; several processes may share its token.
    assert!(survives(Proved, &[true; 60]));
}

/// The generations in which retries were audited as frequent.
fn alarms(sender: Sender, retried: &[bool]) -> Vec<usize> {
    let mut grant = prompt(0, sender).grant();
    let mut alarms = Vec::new();
    for (i, retried) in retried.iter().enumerate() {
        let mut presented = prompt(0, sender).presented();
        presented.generation = 5 + u32::try_from(i).unwrap();
        for _ in 0..=if *retried { 3 } else { 0 } {
            let policy = policy(RefreshRotation::Idempotent);
            let verdict = judge(&grant, ALIVE, &presented, &policy, now());
            if verdict.events.contains(&AuditEvent::RefreshRetriedOften) {
                alarms.push(i);
            }
            match verdict.write {
                Write::Rotate(next) | Write::Note(next) => grant.refresh = Some(next),
                _ => {}
            }
        }
    }
    alarms
}

#[test]
fn t2_retries_that_are_not_consecutive_are_audited_once_a_generation_and_do_not_revoke() {
    let (yes, no) = (true, false);
    assert_eq!(alarms(Public, &[yes, no].repeat(5)), [4, 6, 8]);
    assert_eq!(alarms(Public, &[yes, no, no].repeat(4)), [6, 9]);
    assert_eq!(alarms(Public, &[yes, yes, no, yes, yes, no]), [3, 4]);
    // Lost answers now and then are none.
    assert!(alarms(Public, &[yes, no, no, no].repeat(8)).is_empty());
    assert!(alarms(Public, &[yes, yes, no, no, no, no, no, no]).is_empty());
    assert!(alarms(Proved, &[yes; 20]).is_empty());
    assert!(survives(Public, &[yes, no].repeat(30)));
}

#[test]
fn t2_a_late_retry_counts_among_the_consecutive_ones() {
    let mut grant = prompt(-1, Public).grant();
    grant.refresh.as_mut().unwrap().retries = 0b110;
    let late = Case {
        since: 3600,
        ..prompt(-1, Public)
    };
    let policy = policy(RefreshRotation::Idempotent);
    let verdict = judge(&grant, ALIVE, &late.presented(), &policy, now());
    assert_eq!(verdict.write, Write::Revoke(RevocationReason::RefreshReuse));
}

#[test]
fn t2_every_retry_is_visible_and_one_generation_is_written_once() {
    let case = prompt(-1, Public);
    let first = case.judge();
    assert_eq!(first.retry, Some(Retry::Prompt));
    let Write::Note(noted) = first.write else {
        panic!("not noted")
    };
    let mut grant = case.grant();
    grant.refresh = Some(noted);
    let policy = policy(RefreshRotation::Idempotent);
    let second = judge(&grant, ALIVE, &case.presented(), &policy, now());
    assert_eq!(
        (second.retry, second.write),
        (Some(Retry::Prompt), Write::Nothing)
    );
    let late = Case { since: 11, ..case };
    assert_eq!(late.judge().retry, Some(Retry::Late));
    assert_eq!(prompt(0, Public).judge().retry, None);
    // Also the one that is reuse, so that it is logged; an older token is no retry.
    let second_late = Case {
        late: Some(60),
        ..late
    };
    grant.refresh.as_mut().unwrap().retries = 0b110;
    let third = judge(&grant, ALIVE, &case.presented(), &policy, now());
    let older = Case {
        generation: -2,
        ..case
    };
    for (verdict, retry) in [
        (second_late.judge(), Some(Retry::Late)),
        (third, Some(Retry::Prompt)),
        (older.judge(), None),
    ] {
        assert_eq!(verdict.write, Write::Revoke(RevocationReason::RefreshReuse));
        assert_eq!(verdict.retry, retry);
    }
}

#[test]
fn t2_a_stolen_token_with_a_scope_that_is_refused_is_seen() {
    let judged = |case: &Case, retries: u8| {
        let mut grant = case.grant();
        grant.refresh.as_mut().unwrap().retries = retries;
        let presented = Presented {
            can_be_met: false,
            ..case.presented()
        };
        judge(&grant, ALIVE, &presented, &policy(case.rotation), now())
    };
    // The previous token counts as a retry, and the third one is reuse.
    let verdict = judged(&prompt(-1, Public), 0);
    assert_eq!(
        (verdict.answer, verdict.retry),
        (Answer::NotMet, Some(Retry::Prompt))
    );
    assert!(matches!(verdict.write, Write::Note(noted) if noted.retries == 1));
    let verdict = judged(&prompt(-1, Public), 0b110);
    assert_eq!(verdict.write, Write::Revoke(RevocationReason::RefreshReuse));
    let late = Case {
        since: 11,
        ..prompt(-1, Public)
    };
    assert_eq!(judged(&late, 0).events, [AuditEvent::RefreshRetriedLate]);
    // The current token from elsewhere is an anomaly; from the same place it changes nothing.
    let elsewhere = Case {
        same_network: false,
        ..prompt(0, Public)
    };
    let verdict = judged(&elsewhere, 0);
    assert_eq!(
        (verdict.answer, &verdict.events[..]),
        (Answer::NotMet, &[AuditEvent::RefreshAnomaly][..])
    );
    assert!(matches!(verdict.write, Write::Note(noted) if noted.generation == 5));
    let here = judged(&prompt(0, Public), 0);
    assert_eq!((here.answer, here.write), (Answer::NotMet, Write::Nothing));
}

#[test]
fn an_anomaly_is_audited_once_and_its_time_stays() {
    let first = now() - seconds(86_400);
    let case = Case {
        generation: 0,
        sender: Public,
        rotation: RefreshRotation::Idempotent,
        since: 60,
        same_network: false,
        same_agent: false,
        late: None,
        seen: false,
    };
    let mut grant = case.grant();
    grant.refresh.as_mut().unwrap().anomaly_at = Some(first);
    let verdict = judge(
        &grant,
        ALIVE,
        &case.presented(),
        &policy(case.rotation),
        now(),
    );
    assert_eq!(verdict.events, []);
    let Write::Rotate(next) = verdict.write else {
        panic!("not rotated")
    };
    assert_eq!(next.anomaly_at, Some(first));
}

#[test]
fn an_anomaly_of_a_request_that_cannot_be_met_is_noted_with_its_time_and_nothing_else() {
    let elsewhere = Case {
        same_network: false,
        ..prompt(0, Public)
    };
    let unmet = Presented {
        can_be_met: false,
        ..elsewhere.presented()
    };
    let mut grant = elsewhere.grant();
    let before = grant.refresh.clone().unwrap();
    let policy = policy(RefreshRotation::Idempotent);
    let Write::Note(noted) = judge(&grant, ALIVE, &unmet, &policy, now()).write else {
        panic!("not noted")
    };
    let expected = RefreshState {
        anomaly_at: Some(now()),
        ..before
    };
    assert_eq!(noted, expected);
    // A second one is neither written nor audited.
    grant.refresh = Some(noted);
    let again = judge(&grant, ALIVE, &unmet, &policy, now() + seconds(60));
    assert_eq!((again.write, again.events), (Write::Nothing, Vec::new()));
}
