//! Key sets of others: fresh enough, and there when their issuer isn't.

use std::sync::Arc;

use cardea_jose::{Algorithm, SigningKey};
use cardea_testkit::{PATIENCE, Scripted, ScriptedIssuer, TestClock, settle};
use cardea_web::outbound::{GuardedClient, JwksCache};
use jiff::SignedDuration;
use tokio::{task::JoinSet, time::timeout};

const JWKS: &str = "/jwks";

struct World {
    issuer: ScriptedIssuer,
    clock: Arc<TestClock>,
    cache: Arc<JwksCache>,
    url: String,
}

async fn world() -> World {
    let issuer = ScriptedIssuer::start().await;
    let host = issuer.url.trim_start_matches("http://").to_owned();
    let client = GuardedClient::new(&[host], None).unwrap();
    let clock = Arc::new(TestClock::new());
    let cache = Arc::new(JwksCache::new(client, clock.clone()));
    let url = format!("{}{JWKS}", issuer.url);
    World {
        issuer,
        clock,
        cache,
        url,
    }
}

impl World {
    /// Publishes one new key and says its kid.
    fn publish(&self) -> String {
        let key = SigningKey::generate(Algorithm::ES256).unwrap();
        self.issuer.publishes(JWKS, &[&key]);
        key.kid().to_owned()
    }

    fn asked(&self) -> usize {
        self.issuer.asked(JWKS).len()
    }

    fn passes(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }

    async fn has(&self, kid: &str) -> bool {
        let keys = self.cache.keys(&self.url, Some(kid)).await.unwrap();
        keys.find(kid).is_some()
    }
}

#[tokio::test]
async fn many_callers_cause_one_fetch() {
    let world = world().await;
    let kid = world.publish();
    world.issuer.hold(JWKS);
    let mut callers = JoinSet::new();
    for _ in 0..20 {
        let (cache, url, kid) = (world.cache.clone(), world.url.clone(), kid.clone());
        callers.spawn(async move { cache.keys(&url, Some(&kid)).await.is_ok() });
    }
    world.issuer.is_asked(JWKS, 1).await;
    settle().await;
    world.issuer.release();
    assert!(callers.join_all().await.into_iter().all(|found| found));
    assert_eq!(world.asked(), 1);
}

#[tokio::test]
async fn a_new_key_is_found_and_invented_kids_do_not_hammer_the_issuer() {
    let world = world().await;
    let first = world.publish();
    assert!(world.has(&first).await);
    let second = world.publish();
    world.passes(31);
    assert!(world.has(&second).await);
    for number in 0..50 {
        assert!(!world.has(&format!("invented-{number}")).await);
    }
    assert_eq!(world.asked(), 2);
}

#[tokio::test]
async fn a_set_is_asked_for_again_after_a_quarter_of_an_hour() {
    let world = world().await;
    let kid = world.publish();
    assert!(world.has(&kid).await);
    world.passes(14 * 60);
    assert!(world.has(&kid).await);
    assert_eq!(world.asked(), 1);
    world.passes(2 * 60);
    assert!(world.has(&kid).await);
    assert_eq!(world.asked(), 2);
}

#[tokio::test]
async fn an_outage_is_bridged_for_a_day_and_no_longer() {
    let world = world().await;
    let kid = world.publish();
    assert!(world.has(&kid).await);
    world.issuer.is_down(true);
    world.passes(23 * 3600);
    assert!(world.has(&kid).await);
    assert!(world.has(&kid).await);
    assert_eq!(world.asked(), 2, "a dead issuer is asked once in 30 s");
    world.passes(2 * 3600);
    assert!(world.cache.keys(&world.url, Some(&kid)).await.is_err());
    assert!(world.cache.keys(&world.url, None).await.is_err());
    world.issuer.is_down(false);
    world.passes(31);
    assert!(world.has(&kid).await);
}

#[tokio::test]
async fn what_is_no_key_set_is_an_error() {
    let world = world().await;
    let empty = Scripted::new(200, "application/json", "{}");
    world.issuer.says(JWKS, empty);
    assert!(world.cache.keys(&world.url, None).await.is_err());
}

#[tokio::test]
async fn a_client_with_an_invented_kid_does_not_make_others_wait_for_a_slow_issuer() {
    let world = world().await;
    let kid = world.publish();
    assert!(world.has(&kid).await);
    world.passes(31);
    world.issuer.hold(JWKS);
    let (cache, url) = (world.cache.clone(), world.url.clone());
    let unknown_kid = tokio::spawn(async move { cache.keys(&url, Some("invented")).await.is_ok() });
    world.issuer.is_asked(JWKS, 2).await;
    for kid in [Some(kid.as_str()), None] {
        let honest = world.cache.keys(&world.url, kid);
        let answer = timeout(PATIENCE, honest).await;
        assert!(answer.expect("the honest caller had to wait").is_ok());
    }
    assert!(!unknown_kid.is_finished());
    unknown_kid.abort();
}

#[tokio::test]
async fn a_client_that_asks_and_disconnects_causes_one_fetch() {
    let world = world().await;
    let kid = world.publish();
    assert!(world.has(&kid).await);
    world.passes(31);
    world.issuer.hold(JWKS);
    for number in 0..10 {
        let invented = format!("invented-{number}");
        let asked = world.cache.keys(&world.url, Some(&invented));
        tokio::select! {
            _ = asked => panic!("the answer is held back"),
            () = settle() => {}
        }
    }
    world.issuer.is_asked(JWKS, 2).await;
    world.issuer.release();
    assert!(!world.has("invented").await);
    assert_eq!(world.asked(), 2);
}

#[tokio::test]
async fn a_clock_set_back_neither_stops_fetching_nor_keeps_a_set_for_ever() {
    let world = world().await;
    let first = world.publish();
    assert!(world.has(&first).await);
    world.passes(-365 * 86_400);
    assert!(world.has(&first).await);
    let second = world.publish();
    world.passes(31);
    assert!(world.has(&second).await);
    world.issuer.is_down(true);
    world.passes(-365 * 86_400);
    assert!(world.has(&second).await);
    world.passes(25 * 3600);
    assert!(world.cache.keys(&world.url, Some(&second)).await.is_err());
}
