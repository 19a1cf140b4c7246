use cardea_protocol::model::*;
use jiff::SignedDuration;

use super::sample::*;
use crate::*;

const IDLE: SignedDuration = SignedDuration::from_mins(30);

async fn find(world: &World, session: &Session, seconds: i64) -> Option<Session> {
    world.store.session(session.id, at(seconds)).await.unwrap()
}

pub async fn a_remembered_session_ends_by_age_only(store: AnyStore) {
    let world = World::new(store).await;
    let end = at(30 * DAY);
    let remembered = Session {
        idle_expires_at: end,
        expires_at: end,
        remembered: true,
        ..session("two", &world.alice, 0)
    };
    world.open(&remembered, None, 0).await;
    let stored = find(&world, &remembered, 0).await;
    assert_eq!(stored.as_ref(), Some(&remembered));
    // Neither a visit nor a refresh gives it an idle end. That of another session moves.
    let code = code("a", &remembered, &world.spa, ONLINE, 0);
    assert!(world.issue(&code, 0).await);
    assert!(matches!(world.redeem(&code, 0).await, Redeemed::Done));
    let grant = grant(&code, 0);
    world.rotate(rotation(&grant, 0, 10 * MINUTE)).await;
    for id in [remembered.id, world.session.id] {
        let touched = world.store.touch_session(id, at(20 * MINUTE), IDLE);
        touched.await.unwrap();
    }
    let seen = find(&world, &remembered, 20 * MINUTE).await.unwrap();
    assert_eq!(
        (seen.last_seen_at, seen.idle_expires_at),
        (at(20 * MINUTE), end)
    );
    let other = find(&world, &world.session, 20 * MINUTE).await.unwrap();
    assert_eq!(other.idle_expires_at, at(50 * MINUTE));
    assert!(!other.remembered);
    assert!(find(&world, &remembered, 30 * DAY - 1).await.is_some());
    assert!(find(&world, &remembered, 30 * DAY).await.is_none());
    // A login without the wish ends it as any other.
    let again = Session {
        sid: remembered.sid.clone(),
        ..session("three", &world.alice, DAY)
    };
    world.open(&again, Some(remembered.id), DAY).await;
    let found = find(&world, &again, DAY).await.unwrap();
    assert!(!found.remembered);
    assert!(find(&world, &again, DAY + 30 * MINUTE).await.is_none());
}
