//! The rotation table of D11, row by row.

use Sender::{Proved, Public};
use proptest::prelude::*;

use super::*;
use crate::samples::{grant, now, seconds};

pub(super) const ALIVE: Standing = Standing::WHOLE;

pub(super) fn id(text: &str) -> ClientId {
    ClientId::parse(text).unwrap()
}

pub(super) fn policy(rotation: RefreshRotation) -> Policy {
    Policy {
        rotation,
        idle_ttl: seconds(1000),
        second_factor: false,
    }
}

/// One line of the table of D11.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case {
    /// The presented generation, relative to the row's.
    pub(super) generation: i64,
    pub(super) sender: Sender,
    pub(super) rotation: RefreshRotation,
    /// Seconds since the last rotation.
    pub(super) since: i64,
    pub(super) same_network: bool,
    pub(super) same_agent: bool,
    /// How many seconds ago the last late retry was, if there was one.
    pub(super) late: Option<i64>,
    /// Whether the current token was presented anywhere.
    pub(super) seen: bool,
}

/// What the table says, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Rotated,
    RotatedWithAlarm,
    SameAgain,
    SameAgainAudited,
    Theft,
    Ahead,
}

impl Case {
    pub(super) fn grant(&self) -> Grant {
        let mut grant = grant();
        let refresh = grant.refresh.as_mut().unwrap();
        refresh.rotated_at = now() - seconds(self.since);
        refresh.current_seen = self.seen;
        refresh.late_retry_at = self.late.map(|ago| now() - seconds(ago));
        grant
    }

    pub(super) fn presented(&self) -> Presented {
        let address = if self.same_network {
            "203.0.113.250"
        } else {
            "203.0.114.7"
        };
        let agent = if self.same_agent { "Firefox" } else { "curl" };
        Presented {
            can_be_met: true,
            generation: u32::try_from(5 + self.generation).unwrap(),
            client: id("app"),
            sender: self.sender,
            seen: LastSeen {
                address: Some(address.parse().unwrap()),
                user_agent: Some(agent.to_owned()),
            },
        }
    }

    pub(super) fn judge(&self) -> Verdict {
        judge(
            &self.grant(),
            ALIVE,
            &self.presented(),
            &policy(self.rotation),
            now(),
        )
    }
}

impl Outcome {
    /// The whole verdict that the word stands for.
    fn verdict(self, case: &Case) -> Verdict {
        let refresh = case.grant().refresh.unwrap();
        let alarm = self == Self::RotatedWithAlarm;
        let (write, events, answer) = match self {
            Self::Rotated | Self::RotatedWithAlarm => (
                Write::Rotate(RefreshState {
                    generation: 6,
                    rotated_at: now(),
                    current_seen: false,
                    retries: refresh.retries << 1,
                    anomaly_at: alarm.then(now),
                    last_seen: case.presented().seen,
                    idle_expires_at: now() + seconds(1000),
                    ..refresh
                }),
                alarm
                    .then_some(AuditEvent::RefreshAnomaly)
                    .into_iter()
                    .collect(),
                Answer::Tokens { generation: 6 },
            ),
            Self::SameAgain => (
                Write::Note(RefreshState {
                    retries: 1,
                    ..refresh
                }),
                vec![],
                Answer::Tokens { generation: 5 },
            ),
            Self::SameAgainAudited => (
                Write::Note(RefreshState {
                    retries: 1,
                    late_retry_at: Some(now()),
                    ..refresh
                }),
                vec![AuditEvent::RefreshRetriedLate],
                Answer::Tokens { generation: 5 },
            ),
            Self::Theft => (
                Write::Revoke(RevocationReason::RefreshReuse),
                vec![AuditEvent::RefreshReuse],
                Answer::InvalidGrant(NO_WORDS),
            ),
            Self::Ahead => (
                Write::Nothing,
                vec![AuditEvent::RefreshAhead],
                Answer::InvalidGrant(NO_WORDS),
            ),
        };
        Verdict {
            write,
            events,
            retry: None,
            answer,
        }
    }
}

/// The reasons for the log are not part of the table.
const NO_WORDS: Refused = Refused::NoRefreshToken;

fn without_words(mut verdict: Verdict) -> Verdict {
    if let Answer::InvalidGrant(_) = verdict.answer {
        verdict.answer = Answer::InvalidGrant(NO_WORDS);
    }
    verdict.retry = None;
    verdict
}

#[test]
#[rustfmt::skip]
fn the_table_of_d11() {
    use Outcome::{Ahead, Rotated, RotatedWithAlarm, SameAgain, SameAgainAudited, Theft};
    use RefreshRotation::{Idempotent, Strict};
    const DAY: i64 = 86_400;
    // generation, sender, policy, seconds since the rotation, same network, same agent, last late retry, current seen
    let rows = [
        // The current one rotates, whoever presents it and whenever.
        (( 0, Public, Idempotent,    60, true,  true,  None,          false), Rotated),
        (( 0, Proved, Idempotent,    60, true,  true,  None,          false), Rotated),
        (( 0, Public, Strict,        60, true,  true,  None,          false), Rotated),
        (( 0, Public, Idempotent,     0, true,  true,  Some(60),      true ), Rotated),
        // From elsewhere it rotates too, with an alarm.
        (( 0, Public, Idempotent,    60, false, true,  None,          false), RotatedWithAlarm),
        (( 0, Proved, Strict,        60, true,  false, None,          false), RotatedWithAlarm),
        // (1) The one before, from a confidential client within sixty seconds: the same successor.
        ((-1, Proved, Idempotent,     1, true,  true,  None,          false), SameAgain),
        ((-1, Proved, Idempotent,    60, false, false, Some(60),      false), SameAgain),
        // Later: once in a day, audited.
        ((-1, Proved, Idempotent,    61, true,  true,  None,          false), SameAgainAudited),
        ((-1, Proved, Idempotent, 9*DAY, false, false, Some(DAY),     false), SameAgainAudited),
        ((-1, Proved, Idempotent,    61, true,  true,  Some(DAY - 1), false), Theft),
        // (2) From a public client within ten seconds, from the same place: always.
        ((-1, Public, Idempotent,     0, true,  true,  None,          false), SameAgain),
        ((-1, Public, Idempotent,    10, true,  true,  Some(60),      false), SameAgain),
        // A node whose clock is a second behind sees a rotation of the future.
        ((-1, Public, Idempotent,    -1, true,  true,  None,          false), SameAgain),
        // (3) Later, or from another place: once in a day, audited.
        ((-1, Public, Idempotent,    11, true,  true,  None,          false), SameAgainAudited),
        ((-1, Public, Idempotent,    10, false, true,  None,          false), SameAgainAudited),
        ((-1, Public, Idempotent,    10, true,  false, None,          false), SameAgainAudited),
        ((-1, Public, Idempotent, 9*DAY, false, false, None,          false), SameAgainAudited),
        ((-1, Public, Idempotent, 9*DAY, true,  true,  Some(DAY),     false), SameAgainAudited),
        // A second time within a day is theft.
        ((-1, Public, Idempotent,    11, true,  true,  Some(DAY - 1), false), Theft),
        ((-1, Public, Idempotent,     1, false, true,  Some(1),       false), Theft),
        // Once its successor was seen anywhere, so is the one before, even from a proved sender.
        ((-1, Proved, Idempotent,     1, true,  true,  None,          true ), Theft),
        ((-1, Public, Idempotent,     1, true,  true,  None,          true ), Theft),
        // With the policy strict it always is.
        ((-1, Proved, Strict,         1, true,  true,  None,          false), Theft),
        ((-1, Public, Strict,         0, true,  true,  None,          false), Theft),
        // Anything older is theft, whoever comes.
        ((-2, Proved, Idempotent,     1, true,  true,  None,          false), Theft),
        ((-2, Public, Idempotent,     1, true,  true,  None,          false), Theft),
        ((-5, Public, Strict,     9*DAY, false, false, None,          true ), Theft),
        // Ahead of the row: an alarm, and nothing is revoked.
        (( 1, Proved, Idempotent,     1, true,  true,  None,          false), Ahead),
        ((99, Public, Strict,         1, false, false, Some(1),       true ), Ahead),
    ];
    for ((generation, sender, rotation, since, same_network, same_agent, late, seen), outcome) in rows {
        let case = Case { generation, sender, rotation, since, same_network, same_agent, late, seen };
        assert_eq!(without_words(case.judge()), outcome.verdict(&case), "{case:?}");
    }
}

#[test]
fn twenty_parallel_calls_with_one_token_give_one_rotation_and_one_successor() {
    let case = Case {
        generation: 0,
        sender: Public,
        rotation: RefreshRotation::Idempotent,
        since: 60,
        same_network: true,
        same_agent: true,
        late: None,
        seen: false,
    };
    let mut grant = case.grant();
    let mut rotations = 0;
    for _ in 0..20 {
        let verdict = judge(
            &grant,
            ALIVE,
            &case.presented(),
            &policy(case.rotation),
            now(),
        );
        assert_eq!(verdict.answer, Answer::Tokens { generation: 6 });
        if let Write::Rotate(next) = verdict.write {
            grant.refresh = Some(next);
            rotations += 1;
        }
    }
    assert_eq!(rotations, 1);
}

proptest! {
    /// Whatever comes: tokens only for the current generation and the one before, a retry extends nothing,
    /// and `strict` answers the current one alone.
    #[test]
    fn no_case_outside_of_the_table_gives_a_token(
        generation in -5_i64..5, proved: bool, strict: bool, since in 0_i64..100_000,
        same_network: bool, same_agent: bool, late in proptest::option::of(0_i64..200_000), seen: bool,
    ) {
        let sender = if proved { Proved } else { Public };
        let rotation = if strict { RefreshRotation::Strict } else { RefreshRotation::Idempotent };
        let case = Case { generation, sender, rotation, since, same_network, same_agent, late, seen };
        let verdict = case.judge();
        match (verdict.answer, &verdict.write) {
            (Answer::Tokens { generation: 6 }, Write::Rotate(_)) => prop_assert_eq!(generation, 0),
            (Answer::Tokens { generation: 5 }, Write::Nothing | Write::Note(_)) => {
                prop_assert!(generation == -1 && !seen && !strict);
            }
            (Answer::InvalidGrant(_), Write::Revoke(_)) => prop_assert!(generation < 0 && !verdict.events.is_empty()),
            (Answer::InvalidGrant(_), Write::Nothing) => prop_assert!(generation > 0),
            other => prop_assert!(false, "{:?}", other),
        }
    }
}

#[test]
fn s10_a_second_factor_stops_a_token_from_elsewhere_and_nothing_else() {
    let case = Case {
        generation: 0,
        sender: Public,
        rotation: RefreshRotation::Idempotent,
        since: 100,
        same_network: false,
        same_agent: false,
        late: None,
        seen: false,
    };
    let judge_with = |case: Case, second_factor, anomaly_at| {
        let mut grant = case.grant();
        grant.refresh.as_mut().unwrap().anomaly_at = anomaly_at;
        let policy = Policy {
            second_factor,
            ..policy(case.rotation)
        };
        judge(&grant, ALIVE, &case.presented(), &policy, now())
    };
    let elsewhere = Answer::InvalidGrant(Refused::Elsewhere);
    let verdict = judge_with(case, true, None);
    assert_eq!(verdict.answer, elsewhere);
    assert_eq!(verdict.events, [AuditEvent::RefreshAnomaly]);
    assert!(
        matches!(verdict.write, Write::Note(noted) if noted.generation == 5 && noted.anomaly_at == Some(now()))
    );
    // It is audited once an hour, though an earlier move was noted.
    for (ago, audited) in [(3599, false), (3600, true)] {
        let verdict = judge_with(case, true, Some(now() - seconds(ago)));
        assert_eq!(verdict.answer, elsewhere);
        assert_eq!(!verdict.events.is_empty(), audited, "{ago}");
    }
    let retried = Case {
        generation: -1,
        ..case
    };
    assert_eq!(judge_with(retried, true, None).answer, elsewhere);
    for (other, second_factor) in [
        (case, false),
        (
            Case {
                same_network: true,
                ..case
            },
            true,
        ),
        (
            Case {
                same_agent: true,
                ..case
            },
            true,
        ),
        (
            Case {
                sender: Proved,
                ..case
            },
            true,
        ),
    ] {
        let answer = judge_with(other, second_factor, None).answer;
        assert_eq!(answer, Answer::Tokens { generation: 6 }, "{other:?}");
    }
    // Theft is found as before.
    let stolen = Case {
        generation: -2,
        ..case
    };
    assert_eq!(
        judge_with(stolen, true, None).write,
        Write::Revoke(RevocationReason::RefreshReuse)
    );
}
