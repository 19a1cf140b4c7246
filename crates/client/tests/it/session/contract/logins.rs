//! Pending logins are taken once, by the browser that began them.

use std::sync::Arc;

use cardea_client::session::{SessionStore, TakenLogin};

use super::{at, login, named, take};

pub(super) async fn a_login_is_taken_once_by_the_browser_that_began_it(
    store: Arc<dyn SessionStore>,
) {
    store.begin_login(named("s"), login("mine")).await.unwrap();
    for stranger in [
        take("s", Some("other"), false),
        take("s", None, false),
        take("t", Some("mine"), false),
    ] {
        assert_eq!(
            store.take_login(stranger, at(1)).await.unwrap(),
            TakenLogin::Unknown
        );
    }
    let mine = take("s", Some("mine"), false);
    let taken = store.take_login(mine, at(1)).await.unwrap();
    assert_eq!(taken, TakenLogin::Known(b"sealed login".to_vec()));
    for again in [mine, take("s", None, true), take("s", Some("other"), false)] {
        assert_eq!(
            store.take_login(again, at(2)).await.unwrap(),
            TakenLogin::Twice
        );
    }
}

pub(super) async fn a_login_is_taken_by_its_own_cookie_though_the_browser_is_unknown(
    store: Arc<dyn SessionStore>,
) {
    store.begin_login(named("s"), login("mine")).await.unwrap();
    let taken = store
        .take_login(take("s", Some("other"), true), at(1))
        .await
        .unwrap();
    assert_eq!(taken, TakenLogin::Known(b"sealed login".to_vec()));
}

pub(super) async fn a_login_that_only_its_cookie_knows_is_taken_once_too(
    store: Arc<dyn SessionStore>,
) {
    let by_cookie = take("lost", Some("mine"), true);
    assert_eq!(
        store.take_login(by_cookie, at(1)).await.unwrap(),
        TakenLogin::Unknown
    );
    assert_eq!(
        store.take_login(by_cookie, at(2)).await.unwrap(),
        TakenLogin::Twice
    );
}

pub(super) async fn a_login_that_took_too_long_is_unknown(store: Arc<dyn SessionStore>) {
    store.begin_login(named("s"), login("mine")).await.unwrap();
    let taken = store
        .take_login(take("s", Some("mine"), false), at(900))
        .await
        .unwrap();
    assert_eq!(taken, TakenLogin::Unknown);
}

pub(super) async fn two_callbacks_with_one_state_race_and_one_wins(store: Arc<dyn SessionStore>) {
    for (n, begun) in [(0, true), (1, false)] {
        let state = format!("state {n}");
        if begun {
            store
                .begin_login(named(&state), login("mine"))
                .await
                .unwrap();
        }
        let racers = (0..8).map(|_| {
            let (store, attempt) = (Arc::clone(&store), take(&state, Some("mine"), true));
            tokio::spawn(async move { store.take_login(attempt, at(1)).await.unwrap() })
        });
        let mut winners = 0;
        for racer in racers.collect::<Vec<_>>() {
            winners += usize::from(racer.await.unwrap() != TakenLogin::Twice);
        }
        assert_eq!(winners, 1);
    }
}
