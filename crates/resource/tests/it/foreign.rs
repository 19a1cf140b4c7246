//! The kit against a provider that was not written here: npm's `oidc-provider`. `cargo xtask test --only interop` runs this.

use axum::{Router, routing::get};
use cardea_resource::{AccessToken, Api, ApiConfig, IntrospectionConfig, Tokens, require_scope};
use cardea_testkit::foreign::{ForeignProvider, SECRET};

use crate::world::{API, send, with_token};

const READ: (&str, &str) = (API, "orders:read");

fn api(provider: &ForeignProvider) -> Router {
    let config = ApiConfig {
        tokens: Tokens::Both,
        introspection: Some(IntrospectionConfig::new("orders-api", SECRET)),
        ..ApiConfig::new(&provider.issuer, API)
    };
    let orders = async |token: AccessToken| format!("{:?} {}", token.client_id(), token.scope());
    let routes = Router::new()
        .route("/orders", get(orders).layer(require_scope("orders:read")))
        .route(
            "/write",
            get(async || "written").layer(require_scope("orders:write")),
        );
    Api::new(&config).unwrap().protect(routes)
}

async fn status(api: &Router, path: &str, token: &str) -> u16 {
    send(api.clone(), with_token(path, token))
        .await
        .status
        .as_u16()
}

#[tokio::test]
#[ignore = "needs npm's oidc-provider: cargo xtask test --only interop"]
async fn its_jwt_and_its_opaque_tokens_pass_with_their_scope() {
    let provider = ForeignProvider::start();
    let api = api(&provider);
    for client in ["script-jwt", "script-opaque"] {
        let token = provider.token(client, READ).await;
        assert_eq!(token.matches('.').count() == 2, client == "script-jwt");
        let answer = send(api.clone(), with_token("/orders", &token)).await;
        let expected = format!("Some({client:?}) orders:read");
        assert_eq!((answer.status.as_u16(), answer.body), (200, expected));
        assert_eq!(status(&api, "/write", &token).await, 403);
        let forged = send(api.clone(), with_token("/orders", &format!("{token}x"))).await;
        assert_eq!(forged.status, 401, "{client}: {}", forged.body);
    }
}

#[tokio::test]
#[ignore = "needs npm's oidc-provider: cargo xtask test --only interop"]
async fn its_tokens_for_another_api_do_not_pass() {
    let provider = ForeignProvider::start();
    let api = api(&provider);
    for client in ["script-jwt", "script-opaque"] {
        let token = provider.token(client, ("api://mail", "mail:send")).await;
        assert_eq!(status(&api, "/orders", &token).await, 401, "{client}");
    }
}

#[tokio::test]
#[ignore = "needs npm's oidc-provider: cargo xtask test --only interop"]
async fn its_new_key_is_found_and_its_old_one_still_good() {
    let provider = ForeignProvider::start();
    let api = api(&provider);
    let old = provider.token("script-jwt", READ).await;
    assert_eq!(status(&api, "/orders", &old).await, 200);
    provider.turn_keys().await;
    let new = provider.token("script-jwt", READ).await;
    let kid = |token: &str| token.split('.').next().unwrap().to_owned();
    assert_ne!(kid(&old), kid(&new));
    assert_eq!(status(&api, "/orders", &new).await, 200);
    assert_eq!(status(&api, "/orders", &old).await, 200);
}

#[tokio::test]
#[ignore = "needs npm's oidc-provider: cargo xtask test --only interop"]
async fn its_outage_stops_no_jwt_that_was_seen_before() {
    let provider = ForeignProvider::start();
    let api = api(&provider);
    let token = provider.token("script-jwt", READ).await;
    let opaque = provider.token("script-opaque", READ).await;
    assert_eq!(status(&api, "/orders", &token).await, 200);
    drop(provider);
    assert_eq!(status(&api, "/orders", &token).await, 200);
    assert_eq!(status(&api, "/orders", &opaque).await, 503);
}
