//! Who may do what.

use axum::{
    Router,
    body::Body,
    extract::Request,
    routing::{any, get},
};
use cardea_resource::{Permissions, tenant};
use serde_json::json;

use crate::world::{World, send, with_token};

#[tokio::test]
async fn too_small_a_scope_is_named() {
    let world = World::new().await;
    assert_eq!(world.get("/orders", &world.token()).await.status, 200);
    let mut request = with_token("/orders", &world.token());
    *request.method_mut() = http::Method::POST;
    let answer = world.send(request).await;
    assert_eq!(answer.status, 403);
    let challenge = answer.header("www-authenticate");
    for member in [
        "error=\"insufficient_scope\"",
        "error_description=\"the scope orders:write is needed\"",
        "scope=\"orders:write\"",
        "resource_metadata=\"https://api.example.com/.well-known/oauth-protected-resource\"",
    ] {
        assert!(challenge.contains(member), "{challenge}");
    }
    let problem = answer.json();
    assert_eq!(problem["detail"], "The scope orders:write is needed.");
    assert_eq!(problem["correlation_id"], answer.header("x-request-id"));
}

#[tokio::test]
async fn guards_let_through_whom_they_should_and_nobody_else() {
    let world = World::new().await;
    let of = |role: &str| world.token_with("roles", json!([role]));
    for (path, token, status) in [
        ("/any", world.token(), 200),
        ("/neither", world.token(), 403),
        ("/admin", world.token(), 403),
        ("/admin", of("admin"), 200),
        ("/admin", of("Admin"), 403),
        ("/see", world.token(), 200),
        ("/drop", world.token(), 403),
        ("/drop", of("superadmin"), 200),
        ("/drop", of("stranger"), 403),
    ] {
        assert_eq!(world.get(path, &token).await.status, status, "{path}");
    }
    let neither = world.get("/neither", &world.token()).await;
    assert!(neither.header("www-authenticate").contains("scope=\"a b\""));
}

#[tokio::test]
async fn an_object_of_another_is_forbidden_or_not_there() {
    let world = World::new().await;
    assert_eq!(world.get("/orders/alice", &world.token()).await.status, 200);
    let forbidden = world.get("/orders/bob", &world.token()).await;
    assert_eq!(forbidden.status, 403);
    assert!(!forbidden.body.contains("bob"));
    let hidden = world.get("/orders/hidden", &world.token()).await;
    assert_eq!(hidden.status, 404);
    assert_eq!(hidden.header("www-authenticate"), "");
    assert_eq!(hidden.json()["title"], "Not found");
}

#[tokio::test]
async fn the_methods_of_a_token_say_the_same_as_the_layers() {
    let world = World::new().await;
    let token = world.api.verify(&world.token()).await.unwrap();
    assert!(token.require_scope("orders:read").is_ok());
    assert!(token.require_scope("orders").is_err());
    assert!(token.require_any_scope([]).is_err());
    assert!(token.require_role("viewer").is_ok());
    let permissions = Permissions::new().role("viewer", ["orders:see"]);
    assert!(token.require_permission(&permissions, "orders:see").is_ok());
    assert!(
        token
            .require_permission(&permissions, "orders:drop")
            .is_err()
    );
    assert_eq!(
        token.forbid("closed on Sundays").to_string(),
        "closed on Sundays"
    );
}

#[tokio::test]
async fn a_tenant_sees_its_own_and_nobody_without_one_sees_any() {
    let world = World::new().await;
    let rule = tenant(|order: &String| order);
    let of = async |claim| {
        world
            .api
            .verify(&world.token_with("tenant", claim))
            .await
            .unwrap()
    };
    let (acme, other, none) = (
        of(json!("acme")).await,
        of(json!("other")).await,
        of(json!(null)).await,
    );
    let order = || "acme".to_owned();
    assert!(rule(&order(), &acme));
    assert!(!rule(&order(), &other));
    assert!(!rule(&order(), &none));
    assert!(!rule(&String::new(), &none));
}

#[tokio::test]
async fn no_part_of_a_router_is_reached_without_a_token() {
    let world = World::new().await;
    let inner = Router::new()
        .route("/order", get(async || "order"))
        .fallback(async || "inner fallback");
    let router = Router::new()
        .route("/me", get(async || "me"))
        .nest("/nested", inner)
        .merge(Router::new().route("/merged", get(async || "merged")))
        .route_service("/service", any(async || "service"))
        .nest_service("/beneath", any(async || "beneath"))
        .fallback(async || "fallback")
        .method_not_allowed_fallback(async || "another method");
    let router = world.api.protect(router);
    for path in [
        "/me",
        "/me/",
        "/nested",
        "/nested/order",
        "/nested/nowhere",
        "/merged",
        "/service",
        "/beneath/it",
        "/nowhere",
        "//me",
        "/%6de",
    ] {
        for method in ["GET", "HEAD", "POST", "OPTIONS", "TRACE", "PURGE"] {
            let request = Request::builder().method(method).uri(path);
            let request = request.body(Body::empty()).unwrap();
            let answer = send(router.clone(), request).await;
            assert_eq!(answer.status, 401, "{method} {path}: {}", answer.body);
        }
    }
}

#[tokio::test]
async fn a_guard_outside_of_the_api_is_shut() {
    let router = axum::Router::new()
        .route("/", axum::routing::get(async || "open"))
        .layer(cardea_resource::require_scope("orders:read"));
    let request = Request::get("/")
        .header("authorization", "Bearer x")
        .body(Body::empty());
    let answer = crate::world::send(router, request.unwrap()).await;
    assert_eq!(answer.status, 500);
}
