//! Browsers that a user trusts.

use cardea_protocol::model::*;

use super::{
    factors::{enrolled, tag},
    sample::*,
};
use crate::*;

pub(super) fn trust(user: &User, token: &str, seconds: i64) -> TrustDevice {
    TrustDevice {
        subject: user.subject.clone(),
        token: tag(token),
        replaces: None,
        label: "Firefox on Linux".to_owned(),
        address: seen(1).address,
        expires_at: at(seconds + DAY),
        cause: cause(seconds),
    }
}

pub(super) async fn trusted(store: &AnyStore, user: &User, token: &str, seconds: i64) -> bool {
    let trusted = store.trusted_device(&user.subject, tag(token), at(seconds));
    trusted.await.unwrap().is_some()
}

pub async fn a_trusted_device_is_one_users_until_it_expires(store: AnyStore) {
    let (world, bob) = enrolled(store).await;
    let (store, alice) = (&world.store, &world.alice);
    for (name, user) in [("a", alice), ("b", &bob)] {
        assert!(store.trust_device(trust(user, name, 0)).await.unwrap());
    }
    assert!(trusted(store, alice, "a", DAY - 1).await);
    assert!(!trusted(store, alice, "a", DAY).await);
    assert!(!trusted(store, alice, "b", 1).await, "the token of Bob");
    assert!(!trusted(store, &bob, "a", 1).await);
    let touch = async |user: &User, token: &str, seconds| {
        let touched =
            store.touch_trusted_device(user.subject.clone(), tag(token), seen(3), at(seconds));
        touched.await.unwrap();
    };
    touch(alice, "b", 2 * MINUTE - 30).await;
    touch(alice, "a", 2 * MINUTE).await;
    touch(alice, "a", 2 * MINUTE + 1).await;
    let devices = store.trusted_devices(&alice.subject, at(1)).await.unwrap();
    let expected = TrustedDevice {
        id: devices[0].id,
        subject: alice.subject.clone(),
        label: seen(3).user_agent.unwrap(),
        address: seen(3).address,
        created_at: at(0),
        last_used_at: at(2 * MINUTE),
        expires_at: at(DAY),
    };
    assert_eq!(devices, std::slice::from_ref(&expected));
    let found = store.trusted_device(&alice.subject, tag("a"), at(1)).await;
    assert_eq!(found.unwrap(), Some(expected));
    let bobs = store.trusted_devices(&bob.subject, at(1)).await.unwrap();
    assert_eq!(
        (bobs[0].last_used_at, bobs[0].address),
        (at(0), seen(1).address)
    );
    touch(&bob, "b", 2 * MINUTE).await;
    let bobs = store.trusted_devices(&bob.subject, at(1)).await.unwrap();
    assert_eq!(bobs[0].last_used_at, at(2 * MINUTE));
    let expired = store.trusted_devices(&bob.subject, at(DAY)).await;
    assert_eq!(expired.unwrap(), []);
    // Trusted again, the browser has one record.
    let mut again = trust(alice, "c", 5);
    again.replaces = Some(tag("a"));
    assert!(store.trust_device(again).await.unwrap());
    assert!(!trusted(store, alice, "a", 6).await);
    let mut stolen = trust(alice, "d", 6);
    stolen.replaces = Some(tag("b"));
    assert!(store.trust_device(stolen).await.unwrap());
    assert!(trusted(store, &bob, "b", 6).await, "not Alice's to forget");
    let carol = user("carol");
    super::users::add(store, "carol").await.unwrap();
    assert!(!store.trust_device(trust(&carol, "e", 6)).await.unwrap());
    let year = jiff::SignedDuration::from_hours(24 * 365);
    let swept = store.sweep(at(DAY + 1), 100, year).await.unwrap();
    assert_eq!(swept.devices, 1);
    assert!(trusted(store, alice, "c", DAY + 1).await);
}

pub async fn trusted_devices_are_forgotten(store: AnyStore) {
    let (world, bob) = enrolled(store).await;
    let (store, alice) = (&world.store, &world.alice);
    let all = async |user: &User| {
        let devices = store.trusted_devices(&user.subject, at(1)).await.unwrap();
        devices
            .into_iter()
            .map(|device| device.id)
            .collect::<Vec<_>>()
    };
    let forget = async |user: &User, id| {
        let command = ForgetDevice {
            subject: user.subject.clone(),
            id,
            cause: cause(3),
        };
        store.forget_device(command).await.unwrap()
    };
    for name in ["1", "2", "3"] {
        assert!(store.trust_device(trust(alice, name, 0)).await.unwrap());
    }
    assert!(store.trust_device(trust(&bob, "b", 0)).await.unwrap());
    let bobs = all(&bob).await;
    assert_eq!(forget(alice, Some(bobs[0])).await, 0, "not Alice's");
    let last = all(alice).await[0];
    assert_eq!(forget(alice, Some(last)).await, 1);
    assert!(!trusted(store, alice, "3", 4).await);
    assert_eq!(forget(alice, None).await, 2);
    assert_eq!(all(&bob).await, bobs);
    assert_eq!(world.count(AuditEvent::DeviceForgotten).await, 2);
    // A new password makes every browser a stranger.
    for (name, user) in [("4", alice), ("5", &bob)] {
        assert!(store.trust_device(trust(user, name, 0)).await.unwrap());
    }
    let change = |user: &User| UserChange {
        subject: user.subject.clone(),
        update: UserUpdate {
            password_hash: password(),
            ..UserUpdate::default()
        },
        cause: cause(5),
    };
    assert!(store.change_user(change(alice)).await.unwrap());
    assert!(all(alice).await.is_empty());
    let bobs = all(&bob).await;
    assert_eq!(bobs.len(), 2);
    assert_eq!(forget(&bob, Some(bobs[1])).await, 1);
    assert_eq!(all(&bob).await, bobs[..1]);
    assert!(store.change_user(change(&bob)).await.unwrap());
    assert!(all(&bob).await.is_empty());
}

pub async fn a_user_trusts_so_many_devices_at_most(store: AnyStore) {
    let (world, bob) = enrolled(store).await;
    let (store, alice) = (&world.store, &world.alice);
    assert!(store.trust_device(trust(&bob, "b", 0)).await.unwrap());
    for number in 0..=MAX_TRUSTED_DEVICES {
        let command = trust(alice, &format!("a{number}"), 0);
        assert!(store.trust_device(command).await.unwrap());
    }
    assert!(!trusted(store, alice, "a0", 1).await, "the oldest");
    assert!(trusted(store, alice, "a1", 1).await);
    assert!(trusted(store, &bob, "b", 1).await);
    // What Bob trusts takes no place of Alice's.
    assert!(store.trust_device(trust(&bob, "b2", 0)).await.unwrap());
    assert!(store.trust_device(trust(alice, "new", 0)).await.unwrap());
    assert!(!trusted(store, alice, "a1", 1).await);
    assert!(trusted(store, alice, "a2", 1).await);
}
