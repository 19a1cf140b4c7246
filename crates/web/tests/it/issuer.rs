//! Metadata and keys of one issuer: discovered, refreshed in the background, kept through an outage.

use std::sync::Arc;

use cardea_jose::{Algorithm, KeySet, SigningKey};
use cardea_testkit::{PATIENCE, Scripted, ScriptedIssuer, TestClock, settle, until};
use cardea_web::outbound::{
    FetchError, IssuerClient, IssuerClientConfig, IssuerKeys, KeysSource, MetadataCache,
};
use jiff::SignedDuration;
use serde_json::json;
use tokio::{task::JoinSet, time::timeout};

const OPENID: &str = "/.well-known/openid-configuration";
const OAUTH: &str = "/.well-known/oauth-authorization-server";
const KEYS: &str = "/keys";

struct World {
    issuer: ScriptedIssuer,
    clock: Arc<TestClock>,
    keys: Arc<IssuerKeys>,
    metadata: Arc<MetadataCache>,
}

async fn world_at(place: &str) -> World {
    let issuer = ScriptedIssuer::start().await;
    let url = issuer.url.clone();
    let document = json!({"issuer": url, "jwks_uri": format!("{url}{KEYS}")});
    issuer.says(place, Scripted::json(&document));
    let config = IssuerClientConfig {
        issuer: url,
        ..IssuerClientConfig::default()
    };
    let client = IssuerClient::new(&config).unwrap();
    let clock = Arc::new(TestClock::new());
    let metadata = MetadataCache::new(client.clone(), clock.clone());
    let source = KeysSource::Discovered(Arc::clone(&metadata));
    let keys = IssuerKeys::new(client, source, clock.clone());
    World {
        issuer,
        clock,
        keys,
        metadata,
    }
}

async fn world() -> World {
    world_at(OPENID).await
}

impl World {
    /// Publishes one new key in place of all others and says its kid.
    fn publish(&self) -> String {
        let key = SigningKey::generate(Algorithm::ES256).unwrap();
        self.issuer.publishes(KEYS, &[&key]);
        key.kid().to_owned()
    }

    async fn has(&self, kid: &str) -> bool {
        let keys = self.keys.keys(Some(kid)).await.unwrap();
        keys.find(kid).is_some()
    }

    fn is_ready(&self, kid: &str) -> bool {
        self.keys.ready(Some(kid)).is_some()
    }

    fn asked(&self) -> usize {
        self.issuer.asked(KEYS).len()
    }

    fn passes(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }
}

#[tokio::test]
async fn keys_are_found_by_either_well_known_document() {
    for place in [OPENID, OAUTH] {
        let world = world_at(place).await;
        let kid = world.publish();
        assert!(!world.is_ready(&kid));
        assert!(world.has(&kid).await);
        assert!(world.is_ready(&kid));
        let metadata = world.metadata.get().await.unwrap();
        assert!(metadata.jwks_uri.is_some());
    }
}

#[tokio::test]
async fn an_issuer_that_calls_itself_otherwise_is_refused() {
    let world = world().await;
    let other = json!({"issuer": "https://evil.test"});
    world.issuer.says_of_itself(&other);
    let answer = world.keys.keys(None).await;
    assert!(matches!(answer, Err(FetchError::Document(_))), "{answer:?}");
}

#[tokio::test]
async fn many_callers_cause_one_fetch() {
    let world = world().await;
    let kid = world.publish();
    world.issuer.hold(KEYS);
    let mut callers = JoinSet::new();
    for _ in 0..20 {
        let (keys, kid) = (world.keys.clone(), kid.clone());
        callers.spawn(async move { keys.keys(Some(&kid)).await.is_ok() });
    }
    world.issuer.is_asked(KEYS, 1).await;
    settle().await;
    world.issuer.release();
    assert!(callers.join_all().await.into_iter().all(|found| found));
    assert_eq!(world.asked(), 1);
}

#[tokio::test]
async fn a_set_in_use_is_refreshed_in_the_background() {
    let world = world().await;
    let first = world.publish();
    assert!(world.has(&first).await);
    let second = world.publish();
    world.issuer.hold(KEYS);
    world.passes(16 * 60);
    assert!(!world.is_ready(&first));
    let waited = timeout(PATIENCE, world.has(&first)).await;
    assert!(waited.unwrap(), "the old set, at once");
    assert!(
        world.is_ready(&first),
        "also without a lock, while it is fetched"
    );
    world.issuer.release();
    until("the new set", || world.is_ready(&second)).await;
    assert!(!world.is_ready(&first));
    assert_eq!(world.asked(), 2);
}

#[tokio::test]
async fn a_set_that_nobody_used_for_hours_is_not_believed_before_the_issuer_was_asked() {
    let world = world().await;
    let withdrawn = world.publish();
    assert!(world.has(&withdrawn).await);
    world.publish();
    world.passes(2 * 3600);
    assert!(!world.has(&withdrawn).await);
}

#[tokio::test]
async fn an_outage_is_bridged_for_a_day_without_waiting_and_no_longer() {
    let world = world().await;
    let kid = world.publish();
    assert!(world.has(&kid).await);
    world.issuer.is_down(true);
    world.passes(16 * 60);
    assert!(world.has(&kid).await);
    world.issuer.is_asked(KEYS, 2).await;
    for _ in 0..100 {
        assert!(world.has(&kid).await);
    }
    assert_eq!(world.asked(), 2, "a dead issuer is asked once in 30 s");
    world.passes(23 * 3600);
    assert!(world.has(&kid).await);
    world.issuer.is_asked(KEYS, 3).await;
    world.passes(2 * 3600);
    assert!(!world.is_ready(&kid));
    assert!(world.keys.keys(Some(&kid)).await.is_err());
    world.issuer.is_down(false);
    world.passes(31);
    assert!(world.has(&kid).await);
}

#[tokio::test]
async fn invented_kids_cause_one_fetch_in_thirty_seconds() {
    let world = world().await;
    let first = world.publish();
    assert!(world.has(&first).await);
    let second = world.publish();
    assert!(world.has(&second).await, "a rollover just after a fetch");
    for number in 0..50 {
        assert!(!world.has(&format!("invented-{number}")).await);
    }
    assert_eq!(world.asked(), 2);
    world.passes(31);
    assert!(!world.has("invented").await);
    assert_eq!(world.asked(), 3);
}

#[tokio::test]
async fn an_unknown_kid_in_an_outage_is_an_outage_and_no_verdict() {
    let world = world().await;
    let kid = world.publish();
    assert!(world.has(&kid).await);
    world.issuer.is_down(true);
    for _ in 0..3 {
        let answer = world.keys.keys(Some("new")).await;
        assert_eq!(answer.err(), Some(FetchError::Status(502)));
    }
    assert_eq!(world.asked(), 2);
    assert!(world.has(&kid).await);
}

#[tokio::test]
async fn without_any_set_a_dead_issuer_is_asked_once_a_second() {
    let world = world().await;
    let kid = world.publish();
    world.issuer.says(KEYS, Scripted::json(&json!(null)));
    for _ in 0..5 {
        assert!(matches!(
            world.keys.keys(None).await,
            Err(FetchError::Document(_))
        ));
    }
    assert_eq!(world.asked(), 1);
    let again = world.publish();
    world.passes(1);
    assert!(world.has(&again).await);
    assert!(!world.is_ready(&kid));
}

#[tokio::test]
async fn a_clock_set_back_neither_stops_fetching_nor_keeps_a_set_for_ever() {
    let world = world().await;
    let first = world.publish();
    assert!(world.has(&first).await);
    let second = world.publish();
    world.passes(-365 * 86_400);
    assert!(!world.is_ready(&first));
    assert!(world.has(&first).await);
    until("the new set", || world.is_ready(&second)).await;
    world.issuer.is_down(true);
    world.passes(-365 * 86_400);
    assert!(world.has(&second).await);
    world.passes(25 * 3600);
    assert!(world.keys.keys(Some(&second)).await.is_err());
}

#[tokio::test]
async fn fixed_keys_are_always_ready() {
    let world = world().await;
    let key = SigningKey::generate(Algorithm::ES256).unwrap();
    let set = KeySet::from_keys([key.public_jwk().clone()]).unwrap();
    let config = IssuerClientConfig {
        issuer: "https://id.example.com".to_owned(),
        ..IssuerClientConfig::default()
    };
    let client = IssuerClient::new(&config).unwrap();
    let keys = IssuerKeys::new(client, KeysSource::Fixed(set), world.clock.clone());
    assert!(keys.ready(Some(key.kid())).is_some());
    assert!(keys.ready(Some("other")).is_none());
    assert!(keys.keys(Some("other")).await.is_ok());
}
