//! The first second factor, which a user sets up on the way of a sign-in.

use cardea_protocol::model::*;

use super::{
    factors::enrolment,
    passkeys::{names, new},
    sample::*,
};
use crate::*;

fn first_app(user: &User) -> EnrolTotp {
    EnrolTotp {
        first: true,
        ..enrolment(user, &["one"], 5)
    }
}

fn first_passkey(user: &User, name: &str) -> AddPasskey {
    AddPasskey {
        first: true,
        ..new(user, name, 5)
    }
}

async fn has_app(store: &AnyStore, user: &User) -> bool {
    let view = store.factors(&user.subject).await.unwrap();
    view.totp.is_some()
}

pub async fn a_first_factor_is_set_up_only_without_another(store: AnyStore) {
    let world = World::new(store).await;
    let (store, alice) = (&world.store, &world.alice);
    let (bob, ..) = super::neighbours::others(&world).await;
    // The factors of Bob are not Alice's.
    let app = enrolment(&bob, &["one"], 0);
    assert_eq!(store.enrol_totp(app).await, Ok(true));
    let passkey = store.add_passkey(first_passkey(&bob, "b")).await;
    assert_eq!(passkey, Ok(PasskeyAdded::Refused));
    assert!(names(store, &bob).await.is_empty());

    let passkey = store.add_passkey(first_passkey(alice, "a")).await;
    assert_eq!(passkey, Ok(PasskeyAdded::Now { backup_codes: true }));
    assert_eq!(store.enrol_totp(first_app(alice)).await, Ok(false));
    let second = store.add_passkey(first_passkey(alice, "a2")).await;
    assert_eq!(second, Ok(PasskeyAdded::Refused));
    assert!(!has_app(store, alice).await);
    assert_eq!(names(store, alice).await, ["a"]);
    // In a session that has proved a factor others may be added.
    let other = enrolment(alice, &["one"], 6);
    assert_eq!(store.enrol_totp(other).await, Ok(true));
}

pub async fn of_20_parallel_first_factors_one_is_set_up(store: AnyStore) {
    let world = World::new(store).await;
    let added = race(|number| {
        let (store, alice) = (world.store.clone(), world.alice.clone());
        async move {
            match number % 2 {
                0 => store.enrol_totp(first_app(&alice)).await.unwrap(),
                _ => {
                    let name = format!("a{number}");
                    let added = store.add_passkey(first_passkey(&alice, &name)).await;
                    added.unwrap() != PasskeyAdded::Refused
                }
            }
        }
    });
    let added = added.await.into_iter().filter(|added| *added).count();
    assert_eq!(added, 1);
    let app = usize::from(has_app(&world.store, &world.alice).await);
    assert_eq!(app + names(&world.store, &world.alice).await.len(), 1);
}
