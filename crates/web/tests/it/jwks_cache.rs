//! Key sets of others: fresh enough, and there when their issuer isn't.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use cardea_jose::{Algorithm, KeySet, SigningKey};
use cardea_web::{
    clock::Clock,
    outbound::{GuardedClient, JwksCache},
};
use http::StatusCode;
use jiff::Timestamp;

use crate::serving::{impatient, start_with};

pub(crate) struct Hands(pub(crate) AtomicI64);

impl Hands {
    pub(crate) fn turn(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

#[derive(Default)]
struct Issuer {
    document: Mutex<String>,
    down: AtomicBool,
    asked: AtomicUsize,
    /// How long an answer takes beyond the usual 30 ms.
    delay: AtomicU64,
}

impl Issuer {
    /// Publishes one new key and says its kid.
    fn publish(&self) -> String {
        let key = SigningKey::generate(Algorithm::ES256).unwrap();
        let set = KeySet::from_keys([key.public_jwk().clone()]).unwrap();
        *self.document.lock().unwrap() = set.to_json();
        key.kid().to_owned()
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

async fn answer(State(issuer): State<Arc<Issuer>>) -> Response {
    issuer.asked.fetch_add(1, Ordering::SeqCst);
    let delay = 30 + issuer.delay.load(Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(delay)).await;
    if issuer.down.load(Ordering::SeqCst) {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    let document = issuer.document.lock().unwrap().clone();
    ([("content-type", "application/json")], document).into_response()
}

struct World {
    issuer: Arc<Issuer>,
    clock: Arc<Hands>,
    cache: Arc<JwksCache>,
    url: String,
}

async fn world() -> World {
    let issuer = Arc::new(Issuer::default());
    let router = Router::new()
        .route("/jwks", get(answer))
        .with_state(Arc::clone(&issuer));
    let server = start_with(router, impatient()).await;
    let client = GuardedClient::new(&[server.address.to_string()], None).unwrap();
    let clock = Arc::new(Hands(AtomicI64::new(1_800_000_000)));
    let cache = Arc::new(JwksCache::new(client, clock.clone()));
    let url = format!("http://{}/jwks", server.address);
    World {
        issuer,
        clock,
        cache,
        url,
    }
}

impl World {
    async fn has(&self, kid: &str) -> bool {
        let keys = self.cache.keys(&self.url, Some(kid)).await.unwrap();
        keys.find(kid).is_some()
    }
}

#[tokio::test]
async fn many_callers_cause_one_fetch() {
    let world = world().await;
    let kid = world.issuer.publish();
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (cache, url, kid) = (world.cache.clone(), world.url.clone(), kid.clone());
        callers.spawn(async move { cache.keys(&url, Some(&kid)).await.is_ok() });
    }
    assert!(callers.join_all().await.into_iter().all(|found| found));
    assert_eq!(world.issuer.asked(), 1);
}

#[tokio::test]
async fn a_new_key_is_found_and_invented_kids_do_not_hammer_the_issuer() {
    let world = world().await;
    let first = world.issuer.publish();
    assert!(world.has(&first).await);
    let second = world.issuer.publish();
    world.clock.turn(31);
    assert!(world.has(&second).await);
    for number in 0..50 {
        assert!(!world.has(&format!("invented-{number}")).await);
    }
    assert_eq!(world.issuer.asked(), 2);
}

#[tokio::test]
async fn a_set_is_asked_for_again_after_a_quarter_of_an_hour() {
    let world = world().await;
    let kid = world.issuer.publish();
    assert!(world.has(&kid).await);
    world.clock.turn(14 * 60);
    assert!(world.has(&kid).await);
    assert_eq!(world.issuer.asked(), 1);
    world.clock.turn(2 * 60);
    assert!(world.has(&kid).await);
    assert_eq!(world.issuer.asked(), 2);
}

#[tokio::test]
async fn an_outage_is_bridged_for_a_day_and_no_longer() {
    let world = world().await;
    let kid = world.issuer.publish();
    assert!(world.has(&kid).await);
    world.issuer.down.store(true, Ordering::SeqCst);
    world.clock.turn(23 * 3600);
    assert!(world.has(&kid).await);
    assert!(world.has(&kid).await);
    assert_eq!(
        world.issuer.asked(),
        2,
        "a dead issuer is asked once in 30 s"
    );
    world.clock.turn(2 * 3600);
    assert!(world.cache.keys(&world.url, Some(&kid)).await.is_err());
    assert!(world.cache.keys(&world.url, None).await.is_err());
    world.issuer.down.store(false, Ordering::SeqCst);
    world.clock.turn(31);
    assert!(world.has(&kid).await);
}

#[tokio::test]
async fn what_is_no_key_set_is_an_error() {
    let world = world().await;
    *world.issuer.document.lock().unwrap() = "{}".to_owned();
    assert!(world.cache.keys(&world.url, None).await.is_err());
}

#[tokio::test]
async fn a_unknown_kid_with_an_invented_kid_does_not_make_others_wait_for_a_slow_issuer() {
    let world = world().await;
    let kid = world.issuer.publish();
    assert!(world.has(&kid).await);
    world.clock.turn(31);
    world.issuer.delay.store(3000, Ordering::SeqCst);
    let (cache, url) = (world.cache.clone(), world.url.clone());
    let unknown_kid = tokio::spawn(async move { cache.keys(&url, Some("invented")).await.is_ok() });
    while world.issuer.asked() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for kid in [Some(kid.as_str()), None] {
        let honest = world.cache.keys(&world.url, kid);
        let answer = tokio::time::timeout(Duration::from_secs(1), honest).await;
        assert!(answer.expect("the honest caller had to wait").is_ok());
    }
    assert!(!unknown_kid.is_finished());
    unknown_kid.abort();
}

#[tokio::test]
async fn a_unknown_kid_who_asks_and_leaves_does_not_make_us_fetch_without_a_pause() {
    let world = world().await;
    let kid = world.issuer.publish();
    assert!(world.has(&kid).await);
    world.clock.turn(31);
    world.issuer.delay.store(150, Ordering::SeqCst);
    for number in 0..10 {
        let invented = format!("invented-{number}");
        let asked = world.cache.keys(&world.url, Some(&invented));
        let _ = tokio::time::timeout(Duration::from_millis(50), asked).await;
    }
    assert!(!world.has("invented").await);
    assert_eq!(world.issuer.asked(), 2);
}

#[tokio::test]
async fn a_clock_set_back_neither_stops_fetching_nor_keeps_a_set_for_ever() {
    let world = world().await;
    let first = world.issuer.publish();
    assert!(world.has(&first).await);
    world.clock.turn(-365 * 86_400);
    assert!(world.has(&first).await);
    let second = world.issuer.publish();
    world.clock.turn(31);
    assert!(world.has(&second).await);
    world.issuer.down.store(true, Ordering::SeqCst);
    world.clock.turn(-365 * 86_400);
    assert!(world.has(&second).await);
    world.clock.turn(25 * 3600);
    assert!(world.cache.keys(&world.url, Some(&second)).await.is_err());
}
