//! As `neighbours`: what ends, and what has ended before.

use cardea_protocol::{model::*, outbox::Verdict};

use super::{
    neighbours::{Neighbours, allow},
    outbox, revocation,
    sample::*,
};
use crate::*;

fn all_of(user: &User, applications: Applications, seconds: i64) -> EndSessions {
    EndSessions {
        which: EndWhich::Subject(user.subject.clone()),
        why: SessionEnd::Operator,
        applications,
        cause: cause(seconds),
    }
}

async fn revoke_spa(world: &World, seconds: i64) -> u64 {
    let application = RevokeApplication {
        subject: world.alice.subject.clone(),
        client_id: world.spa.id().clone(),
        cause: cause(seconds),
    };
    world.store.revoke_application(application).await.unwrap()
}

/// A grant of Alice's session that expires at its own time.
async fn short(world: &World, name: &str, scope: &str, seconds: i64, expires_at: i64) -> Grant {
    let code = world.code(name, scope, seconds).await;
    let mut redemption = world.redemption(&code, seconds);
    redemption.grant.expires_at = at(expires_at);
    let grant = redemption.grant.clone();
    let redeemed = world.store.redeem_code(redemption).await.unwrap();
    assert!(matches!(redeemed, Redeemed::Done));
    grant
}

pub async fn a_session_ends_with_its_own_grants(store: AnyStore) {
    let all = Neighbours::new(store).await;
    let bobs = session("two", &all.bob, 0);
    let mut online = Vec::new();
    for session in [&all.world.session, &bobs] {
        let name = format!("online {}", session.sid.as_str());
        let code = code(&name, session, &all.world.spa, ONLINE, 0);
        allow(&all.world, &code, &all.world.spa).await;
        online.push(grant(&code, 0));
    }
    let which = EndWhich::Id(bobs.id);
    assert_eq!(all.world.end(which, SessionEnd::Logout, 1).await, 1);
    let why = [
        all.world.dead(&online[0], 1).await,
        all.world.dead(&online[1], 1).await,
    ];
    assert_eq!(why, [None, Some("the grant was revoked")]);
}

pub async fn the_applications_of_one_user_are_revoked(store: AnyStore) {
    let all = Neighbours::new(store).await;
    let store = &all.world.store;
    let before = all.state().await;
    let command = all_of(&all.bob, Applications::Revoke, 1);
    assert_eq!(store.end_sessions(command).await.unwrap(), 1);
    let changed = all.changed(&before).await;
    let of_bob = changed.iter().all(|name| name.contains("bob"));
    assert!(of_bob, "{changed:?}");
    // The user, the session, and at each client two grants and a code.
    assert_eq!(changed.len(), 8, "{changed:?}");
}

pub async fn what_has_expired_is_not_revoked(store: AnyStore) {
    let world = World::new(store).await;
    let expired = [
        short(&world, "a", ONLINE, 0, 10 * MINUTE).await,
        short(&world, "b", OFFLINE, 0, 10 * MINUTE).await,
    ];
    world.grant("c", ONLINE, 0).await;
    assert_eq!(revoke_spa(&world, 20 * MINUTE).await, 1);
    world.grant("d", ONLINE, 20 * MINUTE).await;
    world.grant("e", OFFLINE, 20 * MINUTE).await;
    let command = all_of(&world.alice, Applications::Revoke, 20 * MINUTE);
    assert_eq!(world.store.end_sessions(command).await.unwrap(), 1);
    for grant in &expired {
        assert_eq!(world.stored(grant).await.state, GrantState::Live);
    }
}

pub async fn what_was_revoked_by_a_clock_ahead_is_not_revoked_again(store: AnyStore) {
    let world = World::new(store).await;
    let grants = [
        world.grant("a", ONLINE, 0).await,
        world.grant("b", OFFLINE, 0).await,
    ];
    for grant in &grants {
        let revoke = revocation::revocation(grant, MINUTE);
        assert!(world.store.revoke_grant(revoke).await.unwrap());
    }
    assert_eq!(revoke_spa(&world, 1).await, 0);
    let command = all_of(&world.alice, Applications::Revoke, 1);
    assert_eq!(world.store.end_sessions(command).await.unwrap(), 1);
    let state = GrantState::Revoked(Revocation {
        at: at(MINUTE),
        reason: RevocationReason::Operator,
    });
    for grant in &grants {
        assert_eq!(world.stored(grant).await.state, state);
    }
}

pub async fn what_has_ended_supersedes_no_grant_and_is_not_superseded(store: AnyStore) {
    let world = World::new(store).await;
    let revoked = world.grant("revoked", OFFLINE, 0).await;
    // By a node whose clock is ahead.
    let revoke = revocation::revocation(&revoked, HOUR);
    assert!(world.store.revoke_grant(revoke).await.unwrap());
    for n in 1..Grant::MOST_LIVING {
        world.grant(&format!("g{n}"), OFFLINE, 0).await;
    }
    let before = world.events().await.len();
    short(&world, "expired", OFFLINE, 10, 20).await;
    world.grant("another", OFFLINE, 30).await;
    assert_eq!(world.events().await.split_off(before), []);
}

pub async fn a_disabled_user_is_refused_where_the_clock_is_behind(store: AnyStore) {
    let world = World::new(store).await;
    let end = 30 * MINUTE;
    let issued = world.code("issued", ONLINE, end - 30).await;
    // At this time the session has expired by itself: there is none to end.
    let disable = UserChange {
        subject: world.alice.subject.clone(),
        update: UserUpdate {
            status: Some(UserStatus::Disabled),
            ..UserUpdate::default()
        },
        cause: cause(end),
    };
    assert!(world.store.change_user(disable).await.unwrap());
    let behind = end - 1;
    let found = world.store.session(world.session.id, at(behind)).await;
    assert_eq!(found.unwrap(), None);
    let redeemed = world.redeem(&issued, behind).await;
    assert!(matches!(redeemed, Redeemed::Dead(DeadCode::Inactive)));
    let another = code("another", &world.session, &world.spa, ONLINE, behind);
    assert!(!world.issue(&another, behind).await);
    let consent = GiveConsent {
        session: world.session.id,
        subject: world.alice.subject.clone(),
        client_id: world.spa.id().clone(),
        allowed: another.scope.clone(),
        cause: cause(behind),
    };
    assert!(!world.store.give_consent(consent).await.unwrap());
}

pub async fn d28_one_message_is_settled_at_a_time(store: AnyStore) {
    let world = World::new(store).await;
    for name in ["one", "two"] {
        let client = outbox::told(&world, name).await;
        outbox::grant_of(&world, &client, &world.session, name).await;
    }
    let which = EndWhich::Id(world.session.id);
    assert_eq!(world.end(which, SessionEnd::Logout, 1).await, 1);
    let claimed = outbox::claim(&world, None, 1).await;
    assert_eq!(claimed.len(), 2);
    assert!(outbox::settle(&world, &claimed[1], Verdict::Delivered).await);
    let due = outbox::claim(&world, None, HOUR).await;
    let due: Vec<_> = due.into_iter().map(|message| message.id).collect();
    assert_eq!(due, [claimed[0].id]);
}
