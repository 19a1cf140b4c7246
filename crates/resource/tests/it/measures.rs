//! What is counted.

use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::json;

use crate::world::World;

#[test]
fn verdicts_questions_and_refusals_are_counted() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    metrics::with_local_recorder(&recorder, || runtime.block_on(visit()));
    let text = recorder.handle().render();
    for line in [
        "cardea_resource_tokens_total{verdict=\"good\"} 3",
        "cardea_resource_tokens_total{verdict=\"missing\"} 1",
        "cardea_resource_tokens_total{verdict=\"malformed\"} 1",
        "cardea_resource_tokens_total{verdict=\"invalid\"} 1",
        "cardea_resource_tokens_total{verdict=\"unavailable\"} 1",
        "cardea_resource_introspections_total{outcome=\"answered\"} 1",
        "cardea_resource_introspections_total{outcome=\"failed\"} 1",
        "cardea_resource_forbidden_total 1",
        "cardea_http_requests_total{route=\"/admin\",method=\"GET\",status=\"403\"} 1",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}

async fn visit() {
    let world = World::asking().await;
    world.issuer.says(&world.active());
    assert_eq!(world.status(&world.token()).await, 200);
    assert_eq!(world.status("opaque").await, 200);
    assert_eq!(world.get("/admin", &world.token()).await.status, 403);
    assert_eq!(world.get("/me?access_token=x", "x").await.status, 400);
    assert_eq!(
        world.status(&world.token_with("aud", json!("x"))).await,
        401
    );
    let without = axum::extract::Request::get("/me").body(axum::body::Body::empty());
    assert_eq!(world.send(without.unwrap()).await.status, 401);
    world.issuer.is_down(true);
    assert_eq!(world.status("other").await, 503);
}
