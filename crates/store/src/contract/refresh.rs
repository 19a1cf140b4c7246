// length: the cases of one verb, with their races.

use std::sync::Arc;

use cardea_protocol::{
    model::*,
    token::refresh_token::{Answer, Presented, Sender},
};

use super::sample::*;
use crate::*;

async fn refresh(world: &World, grant: &Grant) -> RefreshState {
    world.stored(grant).await.refresh.unwrap()
}

fn tokens(generation: u32) -> Answer {
    Answer::Tokens { generation }
}

fn refused(answer: Answer) -> bool {
    matches!(answer, Answer::InvalidGrant(_))
}

async fn assert_revoked(world: &World, grant: &Grant, reason: RevocationReason, event: AuditEvent) {
    let GrantState::Revoked(revocation) = world.stored(grant).await.state else {
        panic!("the grant lives")
    };
    assert_eq!(revocation.reason, reason);
    assert_eq!(world.count(event).await, 1);
}

pub async fn the_current_token_is_rotated(store: AnyStore) {
    let world = World::new(store).await;
    let grant = world.grant("a", ONLINE, 0).await;
    for generation in 0..3 {
        let seconds = i64::from(generation) + 20;
        assert_eq!(
            world
                .rotate(rotation(&grant, generation, seconds))
                .await
                .answer,
            tokens(generation + 1)
        );
    }
    let expected = RefreshState {
        generation: 3,
        rotated_at: at(22),
        idle_expires_at: at(22 + 30 * DAY),
        ..grant.refresh.clone().unwrap()
    };
    assert_eq!(refresh(&world, &grant).await, expected);
    assert_eq!(world.events().await.len(), 3, "a rotation is no audit row");
}

pub async fn the_token_before_is_answered_with_the_same_successor(store: AnyStore) {
    let world = World::new(store).await;
    let grant = world.grant("a", ONLINE, 0).await;
    world.rotate(rotation(&grant, 0, 20)).await;
    let before = world.stored(&grant).await;
    assert_eq!(
        world.rotate(rotation(&grant, 0, 30)).await.answer,
        tokens(1),
        "case 2: within ten seconds"
    );
    let mut proved = rotation(&grant, 0, 80);
    proved.presented = Presented {
        can_be_met: true,
        sender: Sender::Proved,
        seen: seen(9),
        ..proved.presented
    };
    let offline = world.grant("b", OFFLINE, 0).await;
    world.rotate(rotation(&offline, 0, 20)).await;
    *proved.grant = offline.clone();
    assert_eq!(
        world.rotate(proved).await.answer,
        tokens(1),
        "case 1: within sixty seconds, from anywhere"
    );
    let mut expected = before;
    if let Some(refresh) = &mut expected.refresh {
        refresh.retries = 1;
    }
    assert_eq!(
        world.stored(&grant).await,
        expected,
        "the retry is noted, and nothing was extended"
    );
    assert_eq!(
        world.rotate(rotation(&grant, 1, 31)).await.answer,
        tokens(2),
        "and the successor is good"
    );
}

pub async fn t2_the_third_retry_in_consecutive_generations_revokes_the_grant(store: AnyStore) {
    let world = World::new(store).await;
    let grant = world.grant("a", OFFLINE, 0).await;
    for generation in 0..3_u32 {
        let second = i64::from(generation) * 900;
        let rotated = world.rotate(rotation(&grant, generation, second)).await;
        assert_eq!(rotated.answer, tokens(generation + 1));
        let again = world.rotate(rotation(&grant, generation, second + 5)).await;
        if generation < 2 {
            assert_eq!(again.answer, tokens(generation + 1));
            let retries = refresh(&world, &grant).await.retries;
            assert_eq!(retries & 0b111, (1 << (generation + 1)) - 1);
        } else {
            assert!(matches!(again.answer, Answer::InvalidGrant(_)));
        }
    }
    assert_eq!(world.count(AuditEvent::RefreshReuse).await, 1);
}

pub async fn t2_a_retry_since_a_grant_was_read_is_kept(store: AnyStore) {
    let world = World::new(store).await;
    let grant = world.grant("a", OFFLINE, 0).await;
    world.rotate(rotation(&grant, 0, 0)).await;
    let read = world.stored(&grant).await;
    world.rotate(rotation(&read, 0, 5)).await;
    assert_eq!(refresh(&world, &grant).await.retries, 0b1);
    let rotated = world.rotate(rotation(&read, 1, 6)).await;
    assert_eq!(rotated.answer, tokens(2));
    assert_eq!(refresh(&world, &grant).await.retries, 0b10);
}

pub async fn a_public_client_may_come_late_once_a_day(store: AnyStore) {
    let world = World::new(store).await;
    let grant = world.grant("a", OFFLINE, 0).await;
    world.rotate(rotation(&grant, 0, 0)).await;
    assert_eq!(
        world.rotate(rotation(&grant, 0, 11)).await.answer,
        tokens(1)
    );
    assert_eq!(refresh(&world, &grant).await.late_retry_at, Some(at(11)));
    assert_eq!(world.count(AuditEvent::RefreshRetriedLate).await, 1);
    assert_eq!(
        world.rotate(rotation(&grant, 0, 11 + DAY)).await.answer,
        tokens(1),
        "a day later"
    );
    assert!(refused(
        world.rotate(rotation(&grant, 0, 12 + DAY)).await.answer
    ));
    assert_revoked(
        &world,
        &grant,
        RevocationReason::RefreshReuse,
        AuditEvent::RefreshReuse,
    )
    .await;
}

pub async fn a_token_before_a_seen_one_revokes(store: AnyStore) {
    let world = World::new(store).await;
    let grant = world.grant("a", ONLINE, 0).await;
    world.rotate(rotation(&grant, 0, 0)).await;
    world.store.note_refresh_seen(grant.id, 0).await.unwrap();
    assert!(
        !refresh(&world, &grant).await.current_seen,
        "0 is not the current one"
    );
    world.store.note_refresh_seen(grant.id, 1).await.unwrap();
    world.store.note_refresh_seen(grant.id, 1).await.unwrap();
    assert!(refresh(&world, &grant).await.current_seen);
    assert!(refused(world.rotate(rotation(&grant, 0, 1)).await.answer));
    assert_revoked(
        &world,
        &grant,
        RevocationReason::RefreshReuse,
        AuditEvent::RefreshReuse,
    )
    .await;
}

pub async fn an_older_token_revokes(store: AnyStore) {
    let world = World::new(store).await;
    let grant = world.grant("a", ONLINE, 0).await;
    world.rotate(rotation(&grant, 0, 0)).await;
    world.rotate(rotation(&grant, 1, 0)).await;
    assert!(refused(world.rotate(rotation(&grant, 0, 0)).await.answer));
    assert_revoked(
        &world,
        &grant,
        RevocationReason::RefreshReuse,
        AuditEvent::RefreshReuse,
    )
    .await;
    assert!(
        refused(world.rotate(rotation(&grant, 2, 0)).await.answer),
        "the current one is dead too"
    );
}

fn strict(grant: &Grant, generation: u32) -> RotateRefresh {
    let mut command = rotation(grant, generation, 0);
    command.policy.rotation = RefreshRotation::Strict;
    command
}

pub async fn strict_revokes_at_the_first_reuse(store: AnyStore) {
    let world = World::new(store).await;
    let grant = world.grant("a", ONLINE, 0).await;
    assert_eq!(world.rotate(strict(&grant, 0)).await.answer, tokens(1));
    assert!(refused(world.rotate(strict(&grant, 0)).await.answer));
    assert_revoked(
        &world,
        &grant,
        RevocationReason::RefreshReuse,
        AuditEvent::RefreshReuse,
    )
    .await;
}

pub async fn another_client_revokes(store: AnyStore) {
    let world = World::new(store).await;
    let grant = world.grant("a", ONLINE, 0).await;
    let mut foreign = rotation(&grant, 0, 0);
    foreign.presented.client = client("web").id().clone();
    assert!(refused(world.rotate(foreign).await.answer));
    assert_revoked(
        &world,
        &grant,
        RevocationReason::ForeignClient,
        AuditEvent::RefreshForeignClient,
    )
    .await;
}

pub async fn a_token_ahead_of_the_row_changes_nothing(store: AnyStore) {
    let world = World::new(store).await;
    let grant = world.grant("a", ONLINE, 0).await;
    assert!(refused(world.rotate(rotation(&grant, 5, 0)).await.answer));
    assert_eq!(world.stored(&grant).await, grant);
    assert_eq!(world.count(AuditEvent::RefreshAhead).await, 1);
}

pub async fn a_token_ahead_of_the_row_is_audited_once_a_minute(store: AnyStore) {
    let world = World::new(store).await;
    let (a, b) = (
        world.grant("a", ONLINE, 0).await,
        world.grant("b", ONLINE, 0).await,
    );
    for seconds in [0, 1, 59] {
        world.rotate(rotation(&a, 5, seconds)).await;
    }
    assert_eq!(world.count(AuditEvent::RefreshAhead).await, 1);
    // A row about something else is not one about this.
    let mut elsewhere = rotation(&b, 0, 58);
    elsewhere.presented.seen = seen(2);
    world.rotate(elsewhere).await;
    assert_eq!(world.count(AuditEvent::RefreshAnomaly).await, 1);
    world.rotate(rotation(&b, 5, 59)).await;
    assert_eq!(world.count(AuditEvent::RefreshAhead).await, 2);
    world.rotate(rotation(&a, 6, 61)).await;
    assert_eq!(world.count(AuditEvent::RefreshAhead).await, 3);
}

pub async fn an_idle_token_is_refused(store: AnyStore) {
    let world = World::new(store).await;
    let grant = world.grant("a", OFFLINE, 0).await;
    assert!(refused(
        world.rotate(rotation(&grant, 0, 30 * DAY)).await.answer
    ));
    assert_eq!(world.stored(&grant).await, grant);
}

/// The grants of the commands are as they were read, when all was well.
pub async fn what_ended_since_it_was_read_is_not_rotated(store: AnyStore) {
    let world = World::new(store).await;
    let online = world.grant("a", ONLINE, 0).await;
    let offline = world.grant("b", OFFLINE, 0).await;
    let both_refused = async |seconds| {
        for grant in [&online, &offline] {
            let verdict = world.rotate(rotation(grant, 0, seconds)).await;
            assert!(refused(verdict.answer), "at {seconds}");
            assert_eq!(refresh(&world, grant).await.generation, 0);
        }
    };
    let client = async |status, seconds| {
        let id = world.spa.id().clone();
        let set = world.store.set_client_status(id, status, cause(seconds));
        assert!(set.await.unwrap());
    };
    client(ClientStatus::Disabled, 1).await;
    both_refused(2).await;
    client(ClientStatus::Enabled, 3).await;

    let revoked = world.grant("c", ONLINE, 0).await;
    let command = RevokeGrant {
        id: revoked.id,
        subject: None,
        client_id: None,
        reason: RevocationReason::Operator,
        cause: cause(4),
    };
    assert!(world.store.revoke_grant(command).await.unwrap());
    let verdict = world.rotate(rotation(&revoked, 0, 5)).await;
    assert!(refused(verdict.answer), "it was revoked");
    assert_eq!(refresh(&world, &revoked).await.generation, 0);

    let late = world.rotate(rotation(&online, 0, HOUR)).await;
    assert!(refused(late.answer), "the session was idle for too long");
    assert_eq!(refresh(&world, &online).await.generation, 0);

    let change = UserChange {
        subject: world.alice.subject.clone(),
        update: UserUpdate {
            status: Some(UserStatus::Disabled),
            ..Default::default()
        },
        cause: cause(HOUR),
    };
    assert!(world.store.change_user(change).await.unwrap());
    both_refused(HOUR).await;
}

pub async fn of_20_parallel_rotations_all_get_one_successor(store: AnyStore) {
    let world = Arc::new(World::new(store).await);
    let grant = world.grant("a", ONLINE, 0).await;
    let results = race(|_| {
        let (world, command) = (world.clone(), rotation(&grant, 0, 0));
        async move { world.rotate(command).await.answer }
    })
    .await;
    assert!(results.into_iter().all(|answer| answer == tokens(1)));
    assert_eq!(refresh(&world, &grant).await.generation, 1);
    assert_eq!(world.dead(&grant, 0).await, None);
}

pub async fn of_20_parallel_strict_rotations_one_succeeds(store: AnyStore) {
    let world = Arc::new(World::new(store).await);
    let grant = world.grant("a", ONLINE, 0).await;
    let results = race(|_| {
        let (world, command) = (world.clone(), strict(&grant, 0));
        async move { world.rotate(command).await.answer }
    })
    .await;
    assert_eq!(
        results
            .iter()
            .filter(|answer| **answer == tokens(1))
            .count(),
        1
    );
    assert_eq!(
        results
            .into_iter()
            .filter(|answer| refused(*answer))
            .count(),
        19
    );
    assert_revoked(
        &world,
        &grant,
        RevocationReason::RefreshReuse,
        AuditEvent::RefreshReuse,
    )
    .await;
}

pub async fn a_new_network_is_audited_once(store: AnyStore) {
    let world = World::new(store).await;
    let grant = world.grant("a", ONLINE, 0).await;
    for (generation, network) in [(0, 1), (1, 2), (2, 3)] {
        let mut command = rotation(&grant, generation, 0);
        command.presented.seen = seen(network);
        assert_eq!(world.rotate(command).await.answer, tokens(generation + 1));
    }
    let state = refresh(&world, &grant).await;
    assert_eq!((state.anomaly_at, state.last_seen), (Some(at(0)), seen(3)));
    assert_eq!(world.count(AuditEvent::RefreshAnomaly).await, 1);
}

pub async fn a_rotation_keeps_the_session_awake(store: AnyStore) {
    let world = World::new(store).await;
    let grant = world.grant("a", ONLINE, 0).await;
    world.rotate(rotation(&grant, 0, 60)).await;
    let session = world
        .store
        .session(world.session.id, at(60))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        session.idle_expires_at,
        at(30 * MINUTE),
        "at most once a minute"
    );
    world.rotate(rotation(&grant, 1, 20 * MINUTE)).await;
    assert_eq!(
        world.rotate(rotation(&grant, 2, 45 * MINUTE)).await.answer,
        tokens(3)
    );
    let session = world
        .store
        .session(world.session.id, at(45 * MINUTE))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (session.last_seen_at, session.idle_expires_at),
        (at(45 * MINUTE), at(75 * MINUTE))
    );
    assert!(
        refused(world.rotate(rotation(&grant, 3, 75 * MINUTE)).await.answer),
        "it slept too long"
    );
}

pub async fn an_offline_rotation_leaves_the_session(store: AnyStore) {
    let world = World::new(store).await;
    let grant = world.grant("a", OFFLINE, 0).await;
    world.rotate(rotation(&grant, 0, 20 * MINUTE)).await;
    let session = world
        .store
        .session(world.session.id, at(20 * MINUTE))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(session, world.session, "the user may be away");
    assert_eq!(
        world.rotate(rotation(&grant, 1, DAY)).await.answer,
        tokens(2)
    );
}

pub async fn an_unknown_grant_is_none(store: AnyStore) {
    let world = World::new(store).await;
    let unknown = grant(&code("x", &world.session, &world.spa, ONLINE, 0), 0);
    assert!(
        world
            .store
            .rotate_refresh(rotation(&unknown, 0, 0))
            .await
            .unwrap()
            .is_none()
    );
}
