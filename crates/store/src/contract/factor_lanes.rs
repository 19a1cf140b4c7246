//! Attempts at the second factor in browsers in which its user proved it before.

use cardea_protocol::{model::*, totp::TimeStep};

use super::{
    factors::{enrolled, enrolment, used},
    sample::*,
};
use crate::*;

const BOTH: [FactorLane; 2] = [FactorLane::Known, FactorLane::Others];

async fn begins(store: &AnyStore, user: &User, lane: FactorLane, seconds: i64) -> bool {
    let command = AttemptFactor {
        subject: user.subject.clone(),
        lane,
        cause: cause(seconds),
    };
    let attempt = store.attempt_factor(command).await.unwrap();
    matches!(attempt, FactorAttempt::Begun { .. })
}

async fn prove(store: &AnyStore, user: &User, step: u32, lane: FactorLane) {
    let factor = FactorUse::Totp {
        step: TimeStep(step),
        set_at: at(0),
    };
    let command = UseFactor {
        lane,
        ..used(user, factor, 9)
    };
    assert!(store.use_factor(command).await.unwrap().is_some());
}

pub async fn wrong_codes_elsewhere_keep_no_known_browser_waiting(store: AnyStore) {
    let (world, bob) = enrolled(store).await;
    let (store, alice) = (&world.store, &world.alice);
    for (step, one, other) in [
        (101, FactorLane::Others, FactorLane::Known),
        (201, FactorLane::Known, FactorLane::Others),
    ] {
        for second in 0..5 {
            assert!(begins(store, alice, one, second).await);
        }
        assert!(!begins(store, alice, one, 5).await);
        assert!(begins(store, alice, other, 5).await);
        // A right code in the other lane forgets nothing of this one.
        prove(store, alice, step, other).await;
        assert!(!begins(store, alice, one, 6).await);
        assert!(begins(store, &bob, one, 6).await, "another user");
        prove(store, alice, step + 1, one).await;
        assert!(begins(store, alice, one, 10).await);
        prove(store, alice, step + 2, one).await;
    }
}

pub async fn without_a_factor_no_wrong_code_is_kept(store: AnyStore) {
    let (world, bob) = enrolled(store).await;
    let (store, alice) = (&world.store, &world.alice);
    for lane in BOTH {
        for user in [alice, &bob] {
            for second in 0..5 {
                assert!(begins(store, user, lane, second).await);
            }
            assert!(!begins(store, user, lane, 5).await);
        }
    }
    let command = RemoveFactors {
        subject: alice.subject.clone(),
        which: WhichFactors::Totp,
        notice: None,
        cause: cause(6),
    };
    assert!(store.remove_factors(command).await.unwrap());
    assert!(store.enrol_totp(enrolment(alice, &[], 7)).await.unwrap());
    for lane in BOTH {
        assert!(begins(store, alice, lane, 8).await);
        assert!(!begins(store, &bob, lane, 8).await);
    }
}
