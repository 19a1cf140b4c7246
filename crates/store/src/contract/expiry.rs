//! Accounts that expire. The clean-up disables them later: until then, too, nothing lets their users in.

use cardea_protocol::{language::Lang, model::*, token::refresh_token::Answer};

use super::{neighbours::others, sample::*};
use crate::*;

async fn expire(store: &AnyStore, user: &User, seconds: Option<i64>) {
    let command = UserChange {
        subject: user.subject.clone(),
        update: UserUpdate {
            expires_at: Some(seconds.map(at)),
            ..UserUpdate::default()
        },
        cause: cause(1),
    };
    assert!(store.change_user(command).await.unwrap());
}

async fn is_alive(store: &AnyStore, id: SessionId, seconds: i64) -> bool {
    store.session(id, at(seconds)).await.unwrap().is_some()
}

fn refused(answer: Answer) -> bool {
    matches!(answer, Answer::InvalidGrant(_))
}

pub async fn an_expired_user_is_signed_in_nowhere_from_then_on(store: AnyStore) {
    let world = World::new(store).await;
    let (_, bobs, _) = others(&world).await;
    let store = &world.store;
    let online = world.grant("online", ONLINE, 1).await;
    let offline = world.grant("offline", OFFLINE, 1).await;
    expire(store, &world.alice, Some(10)).await;
    assert!(is_alive(store, world.session.id, 9).await);
    assert!(!is_alive(store, world.session.id, 10).await);
    assert!(is_alive(store, bobs.id, 10).await);
    for grant in [&online, &offline] {
        assert_eq!(world.dead(grant, 9).await, None);
        assert_eq!(world.dead(grant, 10).await, Some("the user is disabled"));
    }
    let rotated = world.rotate(rotation(&offline, 0, 9)).await;
    assert!(!refused(rotated.answer));
    let late = world.rotate(rotation(&offline, 1, 10)).await;
    assert!(refused(late.answer));
}

pub async fn an_expired_user_gets_no_code_and_no_grant(store: AnyStore) {
    let world = World::new(store).await;
    let store = &world.store;
    let before = world.code("before", ONLINE, 9).await;
    expire(store, &world.alice, Some(10)).await;
    let late = code("late", &world.session, &world.spa, ONLINE, 10);
    assert!(!world.issue(&late, 10).await);
    let consent = GiveConsent {
        session: world.session.id,
        subject: world.alice.subject.clone(),
        client_id: world.spa.id().clone(),
        allowed: before.scope.clone(),
        cause: cause(10),
    };
    assert!(!store.give_consent(consent).await.unwrap());
    let redeemed = world.redeem(&before, 10).await;
    assert!(!matches!(redeemed, Redeemed::Done));
}

pub async fn of_an_expiry_that_is_lifted_nothing_is_left(store: AnyStore) {
    let world = World::new(store).await;
    let store = &world.store;
    let grant = world.grant("app", OFFLINE, 1).await;
    expire(store, &world.alice, Some(10)).await;
    assert!(!is_alive(store, world.session.id, 10).await);
    expire(store, &world.alice, None).await;
    assert!(is_alive(store, world.session.id, 10).await);
    assert_eq!(world.dead(&grant, 10).await, None);
    assert_eq!(store.end_due_accounts(due(10)).await, Ok(0));
    // Once the clean-up has disabled the user, the sessions have ended.
    expire(store, &world.alice, Some(10)).await;
    assert_eq!(store.end_due_accounts(due(10)).await, Ok(1));
    expire(store, &world.alice, None).await;
    assert!(!is_alive(store, world.session.id, 10).await);
}

pub async fn an_account_can_come_with_its_limits(store: AnyStore) {
    let account = AccountState {
        must_change_password: true,
        expires_at: Some(at(10)),
        delete_at: Some(at(20)),
        locale: Some(Lang::Fr),
    };
    for (name, account) in [("alice", account), ("bob", AccountState::default())] {
        let command = AddUser {
            user: User {
                account,
                ..user(name)
            },
            password_hash: password(),
            cause: cause(0),
        };
        store.add_user(command).await.unwrap();
        let stored = store.user(&user(name).subject).await.unwrap().unwrap();
        assert_eq!(stored.account, account);
    }
}

fn due(seconds: i64) -> EndDueAccounts {
    EndDueAccounts {
        limit: 10,
        mail: None,
        cause: cause(seconds),
    }
}
