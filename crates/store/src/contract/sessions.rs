use cardea_protocol::model::*;
use jiff::SignedDuration;

use super::sample::*;
use crate::*;

const IDLE: SignedDuration = SignedDuration::from_mins(30);

async fn find(world: &World, session: &Session, seconds: i64) -> Option<Session> {
    world.store.session(session.id, at(seconds)).await.unwrap()
}

pub async fn a_session_survives(store: AnyStore) {
    let world = World::new(store).await;
    assert_eq!(
        find(&world, &world.session, 0).await.as_ref(),
        Some(&world.session)
    );
    assert!(
        find(&world, &session("two", &world.alice, 0), 0)
            .await
            .is_none()
    );
}

pub async fn a_session_dies_by_idleness_and_age(store: AnyStore) {
    let world = World::new(store).await;
    assert!(
        find(&world, &world.session, 30 * MINUTE - 1)
            .await
            .is_some()
    );
    assert!(find(&world, &world.session, 30 * MINUTE).await.is_none());
    let old = Session {
        idle_expires_at: at(DAY),
        ..session("old", &world.alice, 0)
    };
    world.open(&old, None, 0).await;
    assert!(find(&world, &old, 8 * HOUR - 1).await.is_some());
    assert!(find(&world, &old, 8 * HOUR).await.is_none());
}

pub async fn a_visit_moves_the_idle_end(store: AnyStore) {
    let world = World::new(store).await;
    let touch = |seconds| {
        world
            .store
            .touch_session(world.session.id, at(seconds), IDLE)
    };
    touch(60).await.unwrap();
    assert_eq!(
        find(&world, &world.session, 61).await.as_ref(),
        Some(&world.session),
        "to the minute"
    );
    touch(61).await.unwrap();
    let moved = find(&world, &world.session, 61).await.unwrap();
    assert_eq!(
        (moved.last_seen_at, moved.idle_expires_at),
        (at(61), at(61 + 30 * MINUTE))
    );
    touch(HOUR).await.unwrap();
    assert!(
        find(&world, &world.session, HOUR).await.is_none(),
        "an ended session stays ended"
    );
}

pub async fn a_new_login_keeps_the_session_under_a_new_cookie(store: AnyStore) {
    let world = World::new(store).await;
    let (grant, code) = (
        world.grant("a", ONLINE, 0).await,
        world.code("b", ONLINE, 0).await,
    );
    let again = Session {
        sid: world.session.sid.clone(),
        ..session("two", &world.alice, 10)
    };
    world.open(&again, Some(world.session.id), 10).await;
    assert!(
        find(&world, &world.session, 10).await.is_none(),
        "the old cookie is worth nothing"
    );
    let found = find(&world, &again, 10).await.unwrap();
    assert_eq!(
        found,
        Session {
            created_at: at(0),
            ..again.clone()
        }
    );
    assert_eq!(world.stored(&grant).await.session, Some(again.id));
    assert!(
        matches!(world.store.code(code.hash, at(0)).await.unwrap(), Some(CodeLookup::Unused(c)) if c.code.session == again.id)
    );
    assert_eq!(world.dead(&grant, 10).await, None);
    assert_eq!(world.count(AuditEvent::Login).await, 2);
    assert_eq!(world.count(AuditEvent::SessionEnded).await, 0);
    assert_eq!(
        world
            .end(EndWhich::Sid(again.sid, None), SessionEnd::Logout, 11)
            .await,
        1
    );
    assert_eq!(world.dead(&grant, 11).await, Some("the grant was revoked"));
}

pub async fn another_user_ends_the_session(store: AnyStore) {
    let world = World::new(store).await;
    let grant = world.grant("a", ONLINE, 0).await;
    let bob = user("bob");
    world
        .store
        .add_user(AddUser {
            user: bob.clone(),
            password_hash: password(),
            cause: cause(0),
        })
        .await
        .unwrap();
    let other = session("two", &bob, 10);
    world.open(&other, Some(world.session.id), 10).await;
    assert!(find(&world, &world.session, 10).await.is_none());
    assert_eq!(find(&world, &other, 10).await, Some(other));
    assert_eq!(world.dead(&grant, 10).await, Some("the grant was revoked"));
    let filter = AuditFilter {
        event: Some(AuditEvent::SessionEnded),
        ..Default::default()
    };
    let rows = world.store.audit(filter, page()).await.unwrap().items;
    assert_eq!(rows[0].subject, Some(world.alice.subject.clone()));
    assert_eq!(
        rows[0].detail.as_deref(),
        Some("replaced; grants revoked: 1")
    );
}

pub async fn a_login_over_a_dead_session_is_a_new_one(store: AnyStore) {
    let world = World::new(store).await;
    let grant = world.grant("a", ONLINE, 0).await;
    // The server read the session just before it died: it asks for the old `sid`.
    let again = Session {
        sid: world.session.sid.clone(),
        ..session("two", &world.alice, HOUR)
    };
    world.open(&again, Some(world.session.id), HOUR).await;
    assert_eq!(find(&world, &again, HOUR).await, Some(again.clone()));
    assert_eq!(
        world.dead(&grant, HOUR).await,
        Some("the grant was revoked"),
        "it is not woken by the new login"
    );
    assert_eq!(
        world
            .end(EndWhich::Id(again.id), SessionEnd::Logout, HOUR)
            .await,
        1
    );
    let third = Session {
        sid: again.sid.clone(),
        ..session("three", &world.alice, HOUR)
    };
    world.open(&third, Some(again.id), HOUR).await;
    assert!(find(&world, &third, HOUR).await.is_some());
}

pub async fn a_disabled_user_opens_none(store: AnyStore) {
    let world = World::new(store).await;
    let open = |session: Session| {
        let previous = Some(world.session.id);
        world.store.open_session(OpenSession {
            session,
            previous,
            passkey: None,
            password_set_at: None,
            upstream: None,
            notice: None,
            cause: cause(1),
        })
    };
    assert!(
        open(session("two", &user("nobody"), 1))
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        find(&world, &world.session, 1).await.is_some(),
        "nothing was written"
    );
    let update = UserUpdate {
        status: Some(UserStatus::Disabled),
        ..Default::default()
    };
    let subject = world.alice.subject.clone();
    world
        .store
        .change_user(UserChange {
            subject,
            update,
            cause: cause(1),
        })
        .await
        .unwrap();
    assert!(
        open(session("two", &world.alice, 1))
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(world.count(AuditEvent::Login).await, 1);
}

pub async fn an_expired_user_opens_none(store: AnyStore) {
    let world = World::new(store).await;
    let update = UserUpdate {
        expires_at: Some(Some(at(10))),
        ..Default::default()
    };
    let change = UserChange {
        subject: world.alice.subject.clone(),
        update,
        cause: cause(1),
    };
    assert!(world.store.change_user(change).await.unwrap());
    for (name, seconds, opens) in [("two", 9, true), ("three", 10, false)] {
        let command = OpenSession {
            session: session(name, &world.alice, seconds),
            previous: None,
            passkey: None,
            password_set_at: None,
            upstream: None,
            notice: None,
            cause: cause(seconds),
        };
        let opened = world.store.open_session(command).await.unwrap();
        assert_eq!(opened.is_some(), opens, "{seconds}");
    }
}

pub async fn a_login_forgets_failures(store: AnyStore) {
    let world = World::new(store).await;
    for _ in 0..7 {
        world
            .store
            .record_login_failure(world.alice.subject.clone(), None, cause(1))
            .await
            .unwrap();
    }
    world
        .open(&session("two", &world.alice, 100), None, 100)
        .await;
    assert_eq!(
        world
            .store
            .locked_until(&world.alice.subject)
            .await
            .unwrap(),
        None
    );
    let alice = world
        .store
        .user(&world.alice.subject)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(alice.failures, LoginFailures::default());
}

pub async fn sessions_end_by_cookie_by_sid_and_by_user(store: AnyStore) {
    let world = World::new(store).await;
    let (two, three) = (
        session("two", &world.alice, 0),
        session("three", &world.alice, 0),
    );
    let dead = session("dead", &world.alice, -HOUR);
    for session in [&two, &three, &dead] {
        world.open(session, None, 0).await;
    }
    let stranger = Some(user("bob").subject);
    assert_eq!(
        world
            .end(
                EndWhich::Sid(two.sid.clone(), stranger),
                SessionEnd::Remote,
                1
            )
            .await,
        0
    );
    let owner = Some(world.alice.subject.clone());
    assert_eq!(
        world
            .end(EndWhich::Sid(two.sid.clone(), owner), SessionEnd::Remote, 1)
            .await,
        1
    );
    assert!(find(&world, &two, 1).await.is_none());
    assert_eq!(
        world
            .end(EndWhich::Id(three.id), SessionEnd::Logout, 1)
            .await,
        1
    );
    assert_eq!(
        world
            .end(EndWhich::Id(three.id), SessionEnd::Logout, 1)
            .await,
        0,
        "once"
    );
    assert!(find(&world, &three, 1).await.is_none());
    let all = EndWhich::Subject(world.alice.subject.clone());
    assert_eq!(
        world.end(all, SessionEnd::Operator, 1).await,
        1,
        "one is left alive"
    );
    assert_eq!(world.count(AuditEvent::Logout).await, 1);
    assert_eq!(world.count(AuditEvent::SessionEnded).await, 2);
}

pub async fn live_sessions_are_listed(store: AnyStore) {
    let world = World::new(store).await;
    let bob = user("bob");
    world
        .store
        .add_user(AddUser {
            user: bob.clone(),
            password_hash: password(),
            cause: cause(0),
        })
        .await
        .unwrap();
    let (younger, dead, bobs) = (
        session("young", &world.alice, 5),
        session("dead", &world.alice, -HOUR),
        session("bobs", &bob, 6),
    );
    for session in [&younger, &dead, &bobs] {
        world.open(session, None, 6).await;
    }
    let of_alice = world
        .store
        .sessions_of(&world.alice.subject, page(), at(6))
        .await
        .unwrap()
        .items;
    assert_eq!(of_alice, [younger.clone(), world.session.clone()]);
    let all = world.store.sessions(page(), at(6)).await.unwrap().items;
    assert_eq!(all, [bobs, younger, world.session.clone()]);
}

pub async fn rows_added_or_removed_between_pages_repeat_and_hide_no_other(store: AnyStore) {
    let world = World::new(store).await;
    let open = async |name: &str| {
        let new = session(name, &world.alice, 1);
        world.open(&new, None, 1).await;
        new
    };
    let (two, three, four) = (open("two").await, open("three").await, open("four").await);
    let page = async |after, of_alice| {
        let page = Page { limit: 2, after };
        let subject = &world.alice.subject;
        let rows = match of_alice {
            true => world.store.sessions_of(subject, page, at(2)).await,
            false => world.store.sessions(page, at(2)).await,
        };
        rows.unwrap()
    };
    let mut positions = Vec::new();
    for of_alice in [true, false] {
        let first = page(None, of_alice).await;
        assert_eq!(first.items, [four.clone(), three.clone()]);
        positions.push(first.next);
    }
    let which = EndWhich::Id(three.id);
    world.end(which, SessionEnd::Operator, 2).await;
    open("five").await;
    for (of_alice, after) in [true, false].into_iter().zip(positions) {
        let second = page(after, of_alice).await;
        assert_eq!(second.items, [two.clone(), world.session.clone()]);
        assert_eq!(second.next, None, "a full last page is the last one");
    }
}
