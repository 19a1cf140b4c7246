//! Which tokens pass, and what the others are told.

use axum::{body::Body, extract::Request};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cardea_jose::{Algorithm, SigningKey};
use serde_json::{Value, json};

use crate::world::{API, World};

/// Of RFC 9449 §6.1.
const THUMBPRINT: &str = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
const METADATA: &str = "https://api.example.com/.well-known/oauth-protected-resource";

#[tokio::test]
async fn a_good_token_reaches_the_handler() {
    let world = World::new().await;
    let answer = world.get("/me", &world.token()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, r#"alice Some("app") ["viewer"] orders:read"#);
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert!(
        answer
            .header("strict-transport-security")
            .starts_with("max-age")
    );
}

#[tokio::test]
async fn without_a_token_the_challenge_has_no_error() {
    let world = World::new().await;
    for path in ["/me", "/orders", "/nowhere"] {
        let answer = world
            .send(Request::get(path).body(Body::empty()).unwrap())
            .await;
        assert_eq!(answer.status, 401, "{path}");
        assert_eq!(
            answer.header("www-authenticate"),
            format!("Bearer realm=\"{API}\", resource_metadata=\"{METADATA}\"")
        );
        assert_eq!(answer.header("content-type"), "application/problem+json");
        let problem = answer.json();
        assert_eq!(problem["status"], 401);
        assert_eq!(problem["correlation_id"], answer.header("x-request-id"));
    }
}

#[tokio::test]
async fn every_claim_that_is_wrong_is_refused_as_an_invalid_token() {
    let world = World::new().await;
    let now = world.claims()["iat"].as_i64().unwrap();
    for (name, value, description) in [
        ("iss", json!("https://evil.test"), "of another issuer"),
        ("aud", json!("api://mail"), "for another audience"),
        ("aud", json!(["api://mail"]), "for another audience"),
        ("exp", json!(now - 30), "has expired"),
        ("nbf", json!(now + 31), "not valid yet"),
        ("iat", json!(now + 31), "not valid yet"),
        ("nonce", json!("n"), "invalid or revoked"),
        ("cnf", json!({"jkt": "x"}), "invalid or revoked"),
        ("cnf", json!({"jkt": THUMBPRINT}), "invalid or revoked"),
        ("cnf", json!({"x5t#S256": THUMBPRINT}), "invalid or revoked"),
        ("sub", Value::Null, "invalid or revoked"),
    ] {
        let answer = world.get("/me", &world.token_with(name, value)).await;
        assert_eq!(answer.status, 401, "{name}");
        let challenge = answer.header("www-authenticate");
        assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
        assert!(challenge.contains(description), "{challenge}");
        assert!(challenge.contains(METADATA), "{challenge}");
    }
}

#[tokio::test]
async fn the_skew_is_as_configured() {
    let world = World::new().await;
    let token = world.token();
    world.advance(900 + 29);
    assert_eq!(world.status(&token).await, 200);
    world.advance(1);
    assert_eq!(world.status(&token).await, 401);
}

#[tokio::test]
async fn a_token_of_another_kind_does_not_pass() {
    let world = World::new().await;
    for typ in ["JWT", "logout+jwt", "dpop+jwt", ""] {
        let token = world.issuer.sign(typ, &world.claims());
        assert_eq!(world.status(&token).await, 401, "{typ}");
    }
    let lenient = World::with(|config| config.plain_jwt = true).await;
    assert_eq!(
        lenient
            .status(&lenient.issuer.sign("JWT", &lenient.claims()))
            .await,
        200
    );
    let mut id_token = lenient.claims();
    id_token["nonce"] = json!("n");
    assert_eq!(
        lenient.status(&lenient.issuer.sign("JWT", &id_token)).await,
        401
    );
}

#[tokio::test]
async fn unsigned_and_hmac_tokens_do_not_pass() {
    let world = World::new().await;
    let kid = world.issuer.key.lock().unwrap().kid().to_owned();
    let payload = URL_SAFE_NO_PAD.encode(world.claims().to_string());
    for (alg, signature) in [
        ("none", ""),
        ("none", "AA"),
        ("HS256", "c2lnbmF0dXJl"),
        ("RS256", "c2ln"),
    ] {
        let header = json!({"alg": alg, "typ": "at+jwt", "kid": kid}).to_string();
        let token = format!("{}.{payload}.{signature}", URL_SAFE_NO_PAD.encode(header));
        assert_eq!(world.status(&token).await, 401, "{alg}");
    }
}

#[tokio::test]
async fn a_forged_or_changed_token_does_not_pass() {
    let world = World::new().await;
    let good = world.token();
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let other = world.token_with("sub", json!("bob"));
    let (_, others_signature) = other.rsplit_once('.').unwrap();
    assert_ne!(signature, others_signature);
    assert_eq!(
        world.status(&format!("{signed}.{others_signature}")).await,
        401
    );
    let forger = SigningKey::generate(Algorithm::ES256).unwrap();
    let forged = forger
        .sign("at+jwt", world.claims().to_string().as_bytes())
        .unwrap();
    assert_eq!(world.status(&forged).await, 401);
    for garbage in ["x", "a.b.c", "eyJ.eyJ.x", "...."] {
        assert_eq!(world.status(garbage).await, 401, "{garbage}");
    }
}

#[tokio::test]
async fn an_algorithm_outside_of_the_list_does_not_pass() {
    let world = World::with(|config| config.algorithms = vec![Algorithm::RS256]).await;
    assert_eq!(world.status(&world.token()).await, 401);
}

#[tokio::test]
async fn two_tokens_or_one_in_the_wrong_place_are_an_invalid_request() {
    let world = World::new().await;
    let token = world.token();
    let twice = Request::get("/me")
        .header("authorization", format!("Bearer {token}"))
        .header("authorization", format!("Bearer {token}"));
    let in_url = Request::get(format!("/me?access_token={token}"));
    let in_both = Request::get(format!("/me?access_token={token}"))
        .header("authorization", format!("Bearer {token}"));
    for request in [twice, in_url, in_both] {
        let answer = world.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, 400);
        assert!(
            answer
                .header("www-authenticate")
                .contains("error=\"invalid_request\"")
        );
        assert!(
            answer.json()["detail"]
                .as_str()
                .is_some_and(|detail| detail.ends_with('.'))
        );
    }
    let in_form = Request::post("/orders")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(format!("access_token={token}")));
    assert_eq!(world.send(in_form.unwrap()).await.status, 401);
}

#[tokio::test]
async fn the_scheme_may_be_written_in_any_case() {
    let world = World::new().await;
    for scheme in ["bearer", "BEARER", "bEaReR"] {
        let request =
            Request::get("/me").header("authorization", format!("{scheme} {}", world.token()));
        assert_eq!(
            world
                .send(request.body(Body::empty()).unwrap())
                .await
                .status,
            200,
            "{scheme}"
        );
    }
}

#[tokio::test]
async fn a_token_can_be_checked_without_a_request() {
    let world = World::new().await;
    let token = world.api.verify(&world.token()).await.unwrap();
    assert_eq!(token.subject(), "alice");
    assert_eq!(token.tenant(), Some("acme"));
    assert_eq!(token.expires_at().as_second(), world.claims()["exp"]);
    let all: Value = token.claims().unwrap();
    assert_eq!(all, world.claims());
    assert!(world.api.verify("garbage").await.is_err());
}
