//! What the log says, and what it never says.

use axum::{body::Body, extract::Request};
use cardea_testkit::Log;
use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn no_token_and_no_secret_reaches_the_log() {
    let (log, _guard) = Log::capture();
    let world = World::asking().await;
    world.issuer.says(&world.active());
    let good = world.token();
    let wrong = world.token_with("aud", json!("api://mail"));
    let expired = world.token_with("exp", json!(1));
    world.issuer.roll();
    let forged = world.token();
    let mut secrets = vec![
        "opaque-good".to_owned(),
        "opaque-bad".to_owned(),
        "s:e&c".to_owned(),
        "s%3Ae%26c".to_owned(),
    ];
    for token in [&good, &wrong, &expired, &forged, "opaque-good"] {
        for path in ["/me", "/admin", "/orders/bob"] {
            world.get(path, token).await;
        }
        let in_url = Request::get(format!("/me?access_token={token}")).body(Body::empty());
        world.send(in_url.unwrap()).await;
        secrets.extend(token.split('.').map(str::to_owned));
    }
    world.issuer.is_down(true);
    assert_eq!(world.status("opaque-bad").await, 503);
    let text = log.text();
    assert!(text.contains("for another audience"), "{text}");
    assert!(text.contains("a request was forbidden"), "{text}");
    assert!(text.contains("could not be asked"), "{text}");
    for secret in secrets {
        // The headers of all JWTs are alike and no secret.
        if !secret.starts_with("eyJhbGciOi") {
            assert!(!text.contains(&secret), "{secret}");
        }
    }
    let debugged = format!("{:?}", world.api.verify(&good).await);
    assert!(
        debugged.contains("alice") && !debugged.contains("viewer"),
        "{debugged}"
    );
}

#[tokio::test]
async fn a_refusal_is_logged_under_the_id_of_its_request() {
    let (log, _guard) = Log::capture();
    let world = World::new().await;
    let answer = world.get("/me", &world.token_with("aud", json!("x"))).await;
    let id = answer.header("x-request-id");
    let text = log.text();
    let line = text
        .lines()
        .find(|line| line.contains("a request was refused"))
        .unwrap();
    assert!(line.contains(id), "{line}");
}
