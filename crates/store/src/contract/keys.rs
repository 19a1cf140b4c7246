use cardea_jose::Algorithm;
use cardea_protocol::model::*;

use super::sample::*;
use crate::*;

fn key(kid: &str, algorithm: Algorithm, state: KeyState) -> SigningKeyRow {
    SigningKeyRow {
        kid: kid.to_owned(),
        algorithm,
        state,
        sealed_private: kid.as_bytes().to_vec(),
        created_at: at(0),
        activated_at: (state == KeyState::Active).then(|| at(0)),
        retired_at: None,
    }
}

async fn add(store: &AnyStore, key: SigningKeyRow) -> bool {
    store
        .change_ring(RingChange {
            add: vec![key],
            moves: Vec::new(),
            cause: cause(0),
        })
        .await
        .unwrap()
}

async fn step(
    store: &AnyStore,
    moves: &[(&str, KeyState, Option<KeyState>)],
    seconds: i64,
) -> bool {
    let moves = moves
        .iter()
        .map(|(kid, from, to)| ((*kid).to_owned(), *from, *to))
        .collect();
    store
        .change_ring(RingChange {
            add: Vec::new(),
            moves,
            cause: cause(seconds),
        })
        .await
        .unwrap()
}

async fn ring(store: &AnyStore) -> Vec<(String, KeyState)> {
    store
        .keys()
        .await
        .unwrap()
        .into_iter()
        .map(|key| (key.kid, key.state))
        .collect()
}

fn states(expected: &[(&str, KeyState)]) -> Vec<(String, KeyState)> {
    expected
        .iter()
        .map(|(kid, state)| ((*kid).to_owned(), *state))
        .collect()
}

pub async fn a_ring_turns(store: AnyStore) {
    use KeyState::{Active, Hidden, Next, Retired};
    assert!(add(&store, key("a", Algorithm::ES256, Active)).await);
    assert!(add(&store, key("b", Algorithm::ES256, Next)).await);
    assert!(add(&store, key("r", Algorithm::RS256, Active)).await);
    // Named in the order that a careless writer would trip over.
    assert!(
        step(
            &store,
            &[("b", Next, Some(Active)), ("a", Active, Some(Retired))],
            5
        )
        .await
    );
    let keys = store.keys().await.unwrap();
    assert_eq!(
        (keys[0].state, keys[0].activated_at, keys[0].retired_at),
        (Retired, Some(at(0)), Some(at(5)))
    );
    assert_eq!(
        (keys[1].state, keys[1].activated_at, keys[1].retired_at),
        (Active, Some(at(5)), None)
    );
    assert_eq!(
        (keys[0].algorithm, keys[0].sealed_private.as_slice()),
        (Algorithm::ES256, &b"a"[..])
    );
    assert!(step(&store, &[("a", Retired, Some(Hidden))], 6).await);
    assert_eq!(store.keys().await.unwrap()[0].retired_at, Some(at(5)));
    assert!(step(&store, &[("a", Hidden, None)], 7).await);
    assert_eq!(ring(&store).await, states(&[("b", Active), ("r", Active)]));
    let last = events(&store).await.split_off(3);
    assert_eq!(
        last,
        [
            AuditEvent::KeyRetired,
            AuditEvent::KeyActivated,
            AuditEvent::KeyRemoved
        ]
    );
}

pub async fn a_ring_has_one_active_key_an_algorithm(store: AnyStore) {
    assert!(add(&store, key("a", Algorithm::ES256, KeyState::Active)).await);
    assert!(!add(&store, key("b", Algorithm::ES256, KeyState::Active)).await);
    assert!(add(&store, key("c", Algorithm::ES256, KeyState::Next)).await);
    assert!(!add(&store, key("d", Algorithm::ES256, KeyState::Next)).await);
    assert!(!step(&store, &[("c", KeyState::Next, Some(KeyState::Active))], 1).await);
    assert_eq!(
        ring(&store).await,
        states(&[("a", KeyState::Active), ("c", KeyState::Next)])
    );
}

pub async fn an_impossible_key_is_rejected(store: AnyStore) {
    let add = vec![
        key("a", Algorithm::ES256, KeyState::Next),
        SigningKeyRow {
            retired_at: None,
            ..key("b", Algorithm::ES256, KeyState::Retired)
        },
    ];
    let change = RingChange {
        add,
        moves: Vec::new(),
        cause: cause(0),
    };
    let outcome = store.change_ring(change).await;
    assert!(
        matches!(outcome, Err(StoreError::Rejected { .. })),
        "{outcome:?}"
    );
    assert!(ring(&store).await.is_empty(), "all or none");
}

pub async fn a_stale_step_writes_nothing(store: AnyStore) {
    use KeyState::{Active, Next, Retired};
    assert!(add(&store, key("a", Algorithm::ES256, Active)).await);
    assert!(add(&store, key("b", Algorithm::ES256, Next)).await);
    let before = events(&store).await;
    assert!(
        !step(
            &store,
            &[("a", Active, Some(Retired)), ("b", Active, Some(Retired))],
            1
        )
        .await
    );
    assert!(!step(&store, &[("a", Active, None), ("gone", Retired, None)], 1).await);
    assert_eq!(ring(&store).await, states(&[("a", Active), ("b", Next)]));
    assert_eq!(events(&store).await, before);
}

pub async fn a_key_is_removed_alone_and_only_in_its_state(store: AnyStore) {
    use KeyState::{Active, Hidden, Retired};
    for (kid, algorithm) in [("a", Algorithm::ES256), ("r", Algorithm::RS256)] {
        assert!(add(&store, key(kid, algorithm, Active)).await);
        assert!(step(&store, &[(kid, Active, Some(Retired))], 1).await);
        assert!(!step(&store, &[(kid, Hidden, None)], 2).await);
        assert!(step(&store, &[(kid, Retired, Some(Hidden))], 2).await);
    }
    assert!(step(&store, &[("a", Hidden, None)], 3).await);
    assert_eq!(ring(&store).await, states(&[("r", Hidden)]));
}

pub async fn of_20_parallel_steps_one_is_made(store: AnyStore) {
    let results = race(|n| {
        let store = store.clone();
        async move {
            add(
                &store,
                key(&format!("k{n}"), Algorithm::ES256, KeyState::Next),
            )
            .await
        }
    })
    .await;
    assert_eq!(results.into_iter().filter(|made| *made).count(), 1);
    assert_eq!(store.keys().await.unwrap().len(), 1);
}

pub async fn rewrapping_takes_all_keys_or_none(store: AnyStore) {
    assert!(add(&store, key("a", Algorithm::ES256, KeyState::Active)).await);
    assert!(add(&store, key("b", Algorithm::RS256, KeyState::Active)).await);
    let rewrap = |kids: &[&str]| {
        let sealed = kids
            .iter()
            .map(|kid| ((*kid).to_owned(), b"new".to_vec()))
            .collect();
        let store = store.clone();
        async move { store.rewrap_keys(sealed).await.unwrap() }
    };
    assert!(!rewrap(&["a"]).await, "b would be lost");
    assert!(!rewrap(&["a", "c"]).await);
    let sealed = |keys: Vec<SigningKeyRow>| {
        keys.into_iter()
            .map(|k| k.sealed_private)
            .collect::<Vec<_>>()
    };
    assert_eq!(sealed(store.keys().await.unwrap()), [b"a", b"b"]);
    assert!(rewrap(&["a", "b"]).await);
    assert_eq!(sealed(store.keys().await.unwrap()), [b"new", b"new"]);
}
