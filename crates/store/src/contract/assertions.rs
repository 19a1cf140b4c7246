use cardea_seal::Digest;

use super::sample::*;
use crate::*;

fn assertion(client_id: &str, jti: &[u8]) -> UseAssertion {
    UseAssertion {
        client_id: client(client_id).id().clone(),
        jti: Digest::of(jti),
        expires_at: at(300),
    }
}

pub async fn an_assertion_counts_once(store: AnyStore) {
    assert!(store.use_assertion(assertion("spa", b"1")).await.unwrap());
    assert!(!store.use_assertion(assertion("spa", b"1")).await.unwrap());
    assert!(store.use_assertion(assertion("spa", b"2")).await.unwrap());
    assert!(
        store.use_assertion(assertion("web", b"1")).await.unwrap(),
        "each client has its own"
    );
}

pub async fn of_20_parallel_assertions_one_counts(store: AnyStore) {
    let results = race(|_| {
        let store = store.clone();
        async move { store.use_assertion(assertion("spa", b"1")).await.unwrap() }
    })
    .await;
    assert_eq!(results.into_iter().filter(|first| *first).count(), 1);
}
