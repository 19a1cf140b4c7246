use cardea_store::{Jobs as _, Node};
use jiff::Timestamp;

use super::read_committed;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn node(id: &str, keys: &[&str], expires_at: i64) -> Node {
    Node {
        id: id.to_owned(),
        keys: keys.iter().map(|kid| (*kid).to_owned()).collect(),
        expires_at: at(expires_at),
    }
}

#[tokio::test]
async fn nodes_live_as_long_as_they_announce_themselves() {
    let (store, _database) = read_committed().await;
    let [a, b] = [node("a", &["k1"], 100), node("b", &[], 50)];
    for node in [&a, &b] {
        store.announce_node(node.clone()).await.unwrap();
    }
    assert_eq!(store.nodes(at(49)).await.unwrap(), [a.clone(), b]);
    assert_eq!(store.nodes(at(50)).await.unwrap(), [a]);
    let again = node("a", &["k1", "k2"], 200);
    store.announce_node(again.clone()).await.unwrap();
    assert_eq!(store.nodes(at(100)).await.unwrap(), [again]);
    let ahead = node("c", &[], 10_000);
    store.announce_node(ahead).await.unwrap();
    let living = store.nodes(at(100)).await.unwrap();
    assert_eq!(living.len(), 1, "a clock that is hours ahead: {living:?}");
    let month = jiff::SignedDuration::from_hours(24 * 30);
    store.sweep(at(201), 10, month).await.unwrap();
    assert_eq!(store.nodes(at(150)).await.unwrap(), [], "a is removed");
}
