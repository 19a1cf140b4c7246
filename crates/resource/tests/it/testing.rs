//! Handlers behind the kit, tested without a provider.

use axum::{Router, body::Body, routing::get};
use cardea_resource::{
    AccessToken, ApiConfig, Permissions, require_permission, require_role, require_scope, tenant,
    testing::TestIssuer,
};
use http::Request;
use serde_json::json;
use tower::ServiceExt as _;

fn routes() -> Router {
    let permissions = Permissions::new().role("editor", ["orders:write"]);
    Router::new()
        .route(
            "/orders",
            get(async || "orders").layer(require_scope("orders:read")),
        )
        .route("/admin", get(async || "admin").layer(require_role("admin")))
        .route(
            "/edit",
            get(async || "edit").layer(require_permission(&permissions, "orders:write")),
        )
        .route(
            "/tenant",
            get(async |token: AccessToken| {
                cardea_resource::Guarded::new("acme".to_owned())
                    .authorize(&token, tenant(|tenant: &String| tenant))
            }),
        )
}

async fn status(app: &Router, path: &str, token: &str) -> u16 {
    let request = Request::get(path).header("authorization", format!("Bearer {token}"));
    let request = request.body(Body::empty()).unwrap();
    app.clone()
        .oneshot(request)
        .await
        .unwrap()
        .status()
        .as_u16()
}

#[tokio::test]
async fn n12_a_token_of_a_test_opens_what_it_says() {
    let issuer = TestIssuer::new("https://id.example.com", "api://orders");
    let app = issuer.api().protect(routes());
    let alice = || issuer.token("alice");
    for (path, token, expected) in [
        ("/orders", alice().scope("openid orders:read"), 200),
        ("/orders", alice(), 403),
        ("/admin", alice().role("user").role("admin"), 200),
        ("/admin", alice().role("user"), 403),
        ("/edit", alice().role("editor"), 200),
        ("/edit", alice().claim("roles", json!(["viewer"])), 403),
        ("/tenant", alice().tenant("acme"), 200),
        ("/tenant", alice().tenant("other"), 403),
    ] {
        assert_eq!(status(&app, path, &token.sign()).await, expected, "{path}");
    }
}

#[tokio::test]
async fn n12_tokens_are_checked_as_in_production() {
    let issuer = TestIssuer::new("https://id.example.com", "api://orders");
    let app = issuer.api().protect(routes());
    let other = TestIssuer::new("https://id.example.com", "api://orders");
    let good = || issuer.token("alice").scope("orders:read");
    for (token, why) in [
        (good().expires_in(-60).sign(), "expired"),
        (good().claim("aud", "api://mail").sign(), "another audience"),
        (
            good().claim("iss", "https://evil.example.com").sign(),
            "another issuer",
        ),
        (good().typ("JWT").sign(), "an ID token"),
        (
            other.token("alice").scope("orders:read").sign(),
            "another key",
        ),
        ("opaque".to_owned(), "no JWT"),
    ] {
        assert_eq!(status(&app, "/orders", &token).await, 401, "{why}");
    }
    assert_eq!(
        status(&app, "/orders", &good().expires_in(60).sign()).await,
        200
    );
}

#[tokio::test]
async fn n12_the_apis_own_settings_count() {
    let issuer = TestIssuer::new("https://id.example.com", "api://orders");
    let config = ApiConfig {
        plain_jwt: true,
        ..ApiConfig::new("https://id.example.com", "api://orders")
    };
    let app = issuer.api_with(&config).unwrap().protect(routes());
    let token = issuer.token("alice").scope("orders:read").typ("JWT").sign();
    assert_eq!(status(&app, "/orders", &token).await, 200);
}
