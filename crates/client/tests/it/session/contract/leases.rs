//! One refresh at a time.

use std::sync::Arc;

use cardea_client::session::{Lease, LeaseAnswer, SessionStore};

use super::{at, lives, named, session};

fn lease(version: u32, holder: &str, until: i64) -> Lease {
    Lease {
        version,
        holder: named(holder),
        until: at(until),
    }
}

pub(super) async fn one_holds_the_lease_and_its_result_makes_the_next_version(
    store: Arc<dyn SessionStore>,
) {
    store.open_session(session("a", 100), None).await.unwrap();
    let id = named("a");
    let mine = lease(0, "me", 30);
    assert_eq!(
        store.lease_refresh(id, mine, at(1)).await.unwrap(),
        LeaseAnswer::Yours
    );
    let theirs = store
        .lease_refresh(id, lease(0, "you", 31), at(2))
        .await
        .unwrap();
    assert_eq!(theirs, LeaseAnswer::Theirs);
    assert!(
        !store
            .finish_refresh(id, lease(0, "you", 31), Some(b"x".to_vec()))
            .await
            .unwrap()
    );
    assert!(
        store
            .finish_refresh(id, mine, Some(b"new".to_vec()))
            .await
            .unwrap()
    );
    assert!(
        !store
            .finish_refresh(id, mine, Some(b"again".to_vec()))
            .await
            .unwrap()
    );
    let late = store
        .lease_refresh(id, lease(0, "you", 33), at(3))
        .await
        .unwrap();
    assert_eq!(late, LeaseAnswer::Newer);
    let loaded = store.load_session(id, at(3)).await.unwrap().unwrap();
    assert_eq!((loaded.sealed, loaded.version), (b"new".to_vec(), 1));
    let next = store
        .lease_refresh(id, lease(1, "you", 34), at(4))
        .await
        .unwrap();
    assert_eq!(next, LeaseAnswer::Yours);
}

pub(super) async fn a_lease_given_back_or_run_out_is_free(store: Arc<dyn SessionStore>) {
    store.open_session(session("a", 100), None).await.unwrap();
    let id = named("a");
    let first = lease(0, "first", 30);
    store.lease_refresh(id, first, at(1)).await.unwrap();
    assert!(store.finish_refresh(id, first, None).await.unwrap());
    let second = lease(0, "second", 30);
    assert_eq!(
        store.lease_refresh(id, second, at(2)).await.unwrap(),
        LeaseAnswer::Yours
    );
    // Its holder has died; who comes late with a result is told so.
    let third = lease(0, "third", 60);
    assert_eq!(
        store.lease_refresh(id, third, at(30)).await.unwrap(),
        LeaseAnswer::Yours
    );
    assert!(
        !store
            .finish_refresh(id, second, Some(b"late".to_vec()))
            .await
            .unwrap()
    );
    assert!(
        store
            .finish_refresh(id, third, Some(b"new".to_vec()))
            .await
            .unwrap()
    );
}

pub(super) async fn nobody_leases_or_renews_what_has_ended(store: Arc<dyn SessionStore>) {
    store.open_session(session("a", 100), None).await.unwrap();
    let mine = lease(0, "me", 30);
    store.lease_refresh(named("a"), mine, at(1)).await.unwrap();
    store.end_session(named("a")).await.unwrap();
    assert!(
        !store
            .finish_refresh(named("a"), mine, Some(b"x".to_vec()))
            .await
            .unwrap()
    );
    assert!(!lives(&store, "a", 2).await);
    assert_eq!(
        store.lease_refresh(named("a"), mine, at(2)).await.unwrap(),
        LeaseAnswer::Gone
    );
    store.open_session(session("b", 100), None).await.unwrap();
    assert_eq!(
        store
            .lease_refresh(named("b"), mine, at(100))
            .await
            .unwrap(),
        LeaseAnswer::Gone
    );
}

pub(super) async fn two_refreshes_race_and_one_wins(store: Arc<dyn SessionStore>) {
    store.open_session(session("a", 100), None).await.unwrap();
    let racers = (0..8).map(|n| {
        let (store, lease) = (Arc::clone(&store), lease(0, &format!("racer {n}"), 30));
        tokio::spawn(async move { store.lease_refresh(named("a"), lease, at(1)).await.unwrap() })
    });
    let mut winners = 0;
    for racer in racers.collect::<Vec<_>>() {
        winners += usize::from(racer.await.unwrap() == LeaseAnswer::Yours);
    }
    assert_eq!(winners, 1);
}
