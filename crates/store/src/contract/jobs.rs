use cardea_protocol::model::*;
use cardea_seal::Digest;
use jiff::SignedDuration;

use super::sample::*;
use crate::*;

fn lease(holder: &str) -> Lease {
    Lease {
        job: "sweep",
        holder: holder.to_owned(),
        ttl: SignedDuration::from_secs(10),
    }
}

pub async fn a_lease_has_one_holder(store: AnyStore) {
    assert!(store.take_lease(lease("one"), at(0)).await.unwrap());
    assert!(!store.take_lease(lease("two"), at(9)).await.unwrap());
    assert!(
        store.take_lease(lease("one"), at(9)).await.unwrap(),
        "renewed"
    );
    assert!(!store.take_lease(lease("two"), at(18)).await.unwrap());
    assert!(store.take_lease(lease("two"), at(19)).await.unwrap());
    assert!(
        store
            .take_lease(
                Lease {
                    job: "keys",
                    ..lease("one")
                },
                at(19)
            )
            .await
            .unwrap()
    );
}

pub async fn of_20_parallel_nodes_one_gets_the_lease(store: AnyStore) {
    let results = race(|n| {
        let store = store.clone();
        async move {
            // The queue of jobs is short on purpose: who finds it full asks again.
            loop {
                match store.take_lease(lease(&n.to_string()), at(0)).await {
                    Err(StoreError::Unavailable {
                        done: NotDone::Sure,
                        ..
                    }) => tokio::task::yield_now().await,
                    outcome => return outcome.unwrap(),
                }
            }
        }
    })
    .await;
    assert_eq!(results.into_iter().filter(|taken| *taken).count(), 1);
}

pub async fn marks_are_written_once(store: AnyStore) {
    assert!(store.read_marks().await.unwrap().is_none());
    let marks = |issuer: &str| Marks {
        issuer: issuer.to_owned(),
        development: true,
        master_key_check: vec![1, 2, 3],
    };
    assert_eq!(
        store.marks(marks("https://one")).await.unwrap(),
        marks("https://one")
    );
    assert_eq!(
        store.marks(marks("https://two")).await.unwrap(),
        marks("https://one")
    );
    assert_eq!(
        store.read_marks().await.unwrap(),
        Some(marks("https://one"))
    );
    store.ready().await.unwrap();
}

async fn sweep(store: &AnyStore, seconds: i64) -> Swept {
    store
        .sweep(at(seconds), 100, SignedDuration::from_hours(24 * 365))
        .await
        .unwrap()
}

async fn revoke_jti(world: &World) {
    let command = RevokeToken {
        jti: jti("t1"),
        client_id: world.spa.id().clone(),
        expires_at: at(15 * MINUTE),
        cause: cause(0),
    };
    world.store.revoke_token(command).await.unwrap();
}

async fn use_assertion(world: &World) -> bool {
    let command = UseAssertion {
        client_id: world.spa.id().clone(),
        jti: Digest::of(b"jti"),
        expires_at: at(5 * MINUTE),
    };
    world.store.use_assertion(command).await.unwrap()
}

pub async fn sweeping_touches_nothing_alive(store: AnyStore) {
    let world = World::new(store).await;
    let (grant, code) = (
        world.grant("a", ONLINE, 0).await,
        world.code("b", ONLINE, 0).await,
    );
    revoke_jti(&world).await;
    assert!(use_assertion(&world).await);
    let before = world.events().await;
    assert_eq!(sweep(&world.store, 59).await, Swept::default());
    assert_eq!(world.dead(&grant, 59).await, None);
    assert!(
        world
            .store
            .session(world.session.id, at(59))
            .await
            .unwrap()
            .is_some()
    );
    assert!(!use_assertion(&world).await);
    assert_eq!(world.events().await, before);
    assert!(matches!(world.redeem(&code, 59).await, Redeemed::Done));
}

pub async fn sweeping_takes_what_is_dead(store: AnyStore) {
    let world = World::new(store).await;
    let (dead, reused) = (
        world.grant("a", ONLINE, 0).await,
        code("a", &world.session, &world.spa, ONLINE, 0),
    );
    world.code("b", ONLINE, 0).await;
    revoke_jti(&world).await;
    use_assertion(&world).await;
    assert_eq!(
        world
            .end(EndWhich::Id(world.session.id), SessionEnd::Logout, 1)
            .await,
        1
    );
    assert_eq!(
        world.code_count().await,
        0,
        "the code went with the session"
    );

    let swept = sweep(&world.store, DAY).await;
    assert_eq!(
        (swept.tokens, swept.assertions, swept.grants, swept.sessions),
        (1, 1, 0, 0),
        "{swept:?}"
    );
    assert!(
        matches!(world.redeem(&reused, DAY).await, Redeemed::Reused),
        "a dead grant is a tombstone for a day"
    );
    let swept = sweep(&world.store, DAY + 1).await;
    assert_eq!((swept.grants, swept.audit), (1, 0));
    assert_eq!(world.dead(&dead, DAY).await, Some("the grant is gone"));
    let audit = world
        .store
        .sweep(at(10), 2, SignedDuration::from_secs(1))
        .await
        .unwrap()
        .audit;
    assert_eq!(audit, 2, "the audit has a keeping time of its own");
}

pub async fn an_audit_row_of_a_wrong_clock_takes_no_other_along(store: AnyStore) {
    let world = World::new(store).await;
    let before = world.events().await.len();
    let change = UserChange {
        subject: world.alice.subject.clone(),
        update: UserUpdate {
            roles: Some(vec!["clerk".to_owned()]),
            ..UserUpdate::default()
        },
        cause: cause(-500 * DAY),
    };
    assert!(world.store.change_user(change).await.unwrap());
    let ttl = SignedDuration::from_hours(400 * 24);
    let swept = world.store.sweep(at(1), 100, ttl).await.unwrap();
    assert_eq!(swept.audit, 1);
    assert_eq!(world.events().await.len(), before);
}

pub async fn audit_rows_of_a_clock_that_was_ahead_keep_no_old_ones(store: AnyStore) {
    let world = World::new(store).await;
    for (day, role) in [
        (800, "a"),
        (800, "b"),
        (800, "c"),
        (1, "d"),
        (1, "e"),
        (1, "f"),
    ] {
        let change = UserChange {
            subject: world.alice.subject.clone(),
            update: UserUpdate {
                roles: Some(vec![role.to_owned()]),
                ..UserUpdate::default()
            },
            cause: cause(day * DAY),
        };
        assert!(world.store.change_user(change).await.unwrap());
    }
    let ttl = SignedDuration::from_hours(400 * 24);
    while world.store.sweep(at(450 * DAY), 2, ttl).await.unwrap() != Swept::default() {}
    let rows = world.store.audit(AuditFilter::default(), page()).await;
    let times: Vec<_> = rows.unwrap().items.iter().map(|row| row.at).collect();
    assert!(times.iter().all(|time| *time >= at(50 * DAY)), "{times:?}");
    assert_eq!(
        times.iter().filter(|time| **time == at(800 * DAY)).count(),
        3
    );
}

pub async fn sweeping_ends_expired_sessions(store: AnyStore) {
    let world = World::new(store).await;
    let (online, offline) = (
        world.grant("a", ONLINE, 0).await,
        world.grant("b", OFFLINE, 0).await,
    );
    let swept = sweep(&world.store, 30 * MINUTE).await;
    assert_eq!((swept.sessions, swept.grants), (1, 0));
    let filter = AuditFilter {
        event: Some(AuditEvent::SessionEnded),
        ..Default::default()
    };
    let rows = world.store.audit(filter, page()).await.unwrap().items;
    assert_eq!(
        (rows.len(), &rows[0].actor, rows[0].at),
        (1, &Actor::System, at(30 * MINUTE))
    );
    assert_eq!(
        world.dead(&online, 30 * MINUTE).await,
        Some("the grant was revoked")
    );
    assert_eq!(world.dead(&offline, 30 * MINUTE).await, None);
}

pub async fn a_session_stays_as_long_as_its_grants(store: AnyStore) {
    let world = World::new(store).await;
    let grant = world.grant("a", OFFLINE, 0).await;
    world
        .end(EndWhich::Id(world.session.id), SessionEnd::Logout, 1)
        .await;
    for day in [1, 2, 50] {
        assert_eq!(sweep(&world.store, day * DAY + 1).await, Swept::default());
        let listed = world
            .store
            .grants_of(&world.alice.subject, page(), at(day * DAY))
            .await
            .unwrap()
            .items;
        assert_eq!(listed[0].sid.as_deref(), Some("sid-one"));
    }
    assert_eq!(world.stored(&grant).await.session, Some(world.session.id));
    assert_eq!(
        sweep(&world.store, 90 * DAY).await,
        Swept::default(),
        "kept for a day"
    );
    let swept = sweep(&world.store, 91 * DAY).await;
    assert_eq!((swept.grants, swept.sessions), (1, 1));
}

pub async fn a_session_stays_only_as_long_as_its_own_grants(store: AnyStore) {
    let world = World::new(store).await;
    world.grant("of ninety days", OFFLINE, 0).await;
    let two = session("two", &world.alice, 0);
    world.open(&two, None, 0).await;
    let code = code("of ten days", &two, &world.spa, OFFLINE, 0);
    assert!(world.issue(&code, 0).await);
    let mut redemption = world.redemption(&code, 0);
    redemption.grant.expires_at = at(10 * DAY);
    let redeemed = world.store.redeem_code(redemption).await.unwrap();
    assert!(matches!(redeemed, Redeemed::Done));
    let without = session("without", &world.alice, 0);
    world.open(&without, None, 0).await;
    let all = EndWhich::Subject(world.alice.subject.clone());
    assert_eq!(world.end(all, SessionEnd::Logout, 1).await, 3);
    for (seconds, grants, sessions) in [
        (DAY + 1, 0, 1),
        (10 * DAY, 0, 0),
        (11 * DAY, 1, 1),
        (90 * DAY, 0, 0),
        (91 * DAY, 1, 1),
    ] {
        let swept = sweep(&world.store, seconds).await;
        assert_eq!((swept.grants, swept.sessions), (grants, sessions));
    }
}

pub async fn small_batches_leave_sessions_with_grants(store: AnyStore) {
    let world = World::new(store).await;
    let sessions = [&world.session, &session("two", &world.alice, 0)];
    world.open(sessions[1], None, 0).await;
    for session in sessions {
        let code = code(session.sid.as_str(), session, &world.spa, OFFLINE, 0);
        assert!(world.issue(&code, 0).await);
        assert!(matches!(world.redeem(&code, 0).await, Redeemed::Done));
    }
    let all = EndWhich::Subject(world.alice.subject.clone());
    assert_eq!(world.end(all, SessionEnd::Logout, 1).await, 2);
    let ttl = SignedDuration::from_hours(24 * 365);
    for _ in 0..3 {
        let swept = world.store.sweep(at(DAY + 1), 1, ttl).await.unwrap();
        assert_eq!(swept, Swept::default());
    }
}

pub async fn sweeping_is_bounded(store: AnyStore) {
    let world = World::new(store).await;
    for n in 0..5 {
        world.code(&format!("code{n}"), ONLINE, 0).await;
        world
            .open(&session(&format!("session{n}"), &world.alice, 0), None, 0)
            .await;
    }
    let ttl = SignedDuration::from_hours(24);
    let codes = |seconds| world.store.sweep(at(seconds), 2, ttl);
    assert_eq!(
        codes(2 * MINUTE).await.unwrap(),
        Swept {
            codes: 2,
            ..Swept::default()
        }
    );
    assert_eq!(codes(HOUR).await.unwrap().sessions, 2);
}

impl World {
    async fn code_count(&self) -> usize {
        let mut count = 0;
        for name in ["a", "b"] {
            let hash = CodeHash(Digest::of(name.as_bytes()));
            let found = self.store.code(hash, at(0)).await.unwrap();
            count += usize::from(matches!(found, Some(CodeLookup::Unused(_))));
        }
        count
    }
}
