//! Handlers behind the kit, tested without a provider.

use axum::{Router, body::Body, routing::get};
use cardea_resource::{
    AccessToken, ApiConfig, Clock as _, Permissions, SystemClock, require_acr, require_permission,
    require_recent_login, require_role, require_scope, tenant, testing::TestIssuer,
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

#[tokio::test]
async fn rfc_9470_a_route_asks_for_another_authentication_of_the_user() {
    let issuer = TestIssuer::new("https://id.example.com", "api://orders");
    let mfa = "urn:cardea:acr:mfa";
    let minute = std::time::Duration::from_secs(60);
    let routes = Router::new()
        .route("/pay", get(async || "paid").layer(require_acr([mfa])))
        .route(
            "/now",
            get(async || "now").layer(require_recent_login(minute)),
        );
    let app = issuer.api().protect(routes);
    let now = SystemClock.now().as_second();
    let token = |acr: &str, age: i64| {
        let token = issuer.token("alice").claim("acr", acr);
        token.claim("auth_time", now - age).sign()
    };
    let password = "urn:cardea:acr:password";
    let bare = issuer.token("alice").sign();
    for (path, token, challenge) in [
        ("/pay", token(mfa, 9000), None),
        (
            "/pay",
            token(password, 0),
            Some("acr_values=\"urn:cardea:acr:mfa\""),
        ),
        (
            "/pay",
            token("URN:CARDEA:ACR:MFA", 0),
            Some("acr_values=\""),
        ),
        ("/pay", bare.clone(), Some("acr_values=\"")),
        ("/now", token(password, 5), None),
        ("/now", token(mfa, 120), Some("max_age=\"60\"")),
        ("/now", bare, Some("max_age=\"60\"")),
    ] {
        let request = Request::get(path).header("authorization", format!("Bearer {token}"));
        let request = request.body(Body::empty()).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let header = response.headers().get("www-authenticate");
        let header = header.map(|h| h.to_str().unwrap().to_owned());
        match challenge {
            None => assert_eq!((status, header), (200, None), "{path}"),
            Some(expected) => {
                let header = header.unwrap();
                assert_eq!(status, 401, "{path}");
                let error = "error=\"insufficient_user_authentication\"";
                assert!(
                    header.contains(error) && header.contains(expected),
                    "{header}"
                );
            }
        }
    }
}
