//! The kit against Cardea itself.

use std::sync::Arc;

use axum::{Router, routing::get};
use cardea_resource::{
    AccessToken, Api, ApiConfig, Clock, IntrospectionConfig, Tokens, require_scope,
};
use cardea_testkit::{
    Browser, Person, TestServer,
    clients::{OPAQUE, ORDERS_API, SPA},
    flows, listen,
};
use cardea_web::outbound::{IssuerClient, IssuerClientConfig};

use crate::world::{API, send, with_token};

async fn provider() -> TestServer {
    TestServer::builder().listen().await
}

fn api(server: &TestServer) -> Router {
    let config = ApiConfig {
        tokens: Tokens::Both,
        introspection: Some(IntrospectionConfig::new(ORDERS_API.id, ORDERS_API.secret)),
        ..ApiConfig::new(server.issuer(), API)
    };
    let clock = Arc::clone(&server.clock) as Arc<dyn Clock>;
    let orders = async |token: AccessToken| format!("orders of {}", token.subject());
    let write = async || "written";
    let routes = Router::new()
        .route("/orders", get(orders).layer(require_scope("orders:read")))
        .route("/write", get(write).layer(require_scope("orders:write")));
    Api::with_clock(&config, clock).unwrap().protect(routes)
}

#[tokio::test]
async fn a_person_who_logged_in_reads_orders_by_jwt_and_by_opaque_token() {
    let server = provider().await;
    let api = api(&server);
    let subject = server.subject(Person::ALICE).await;
    for client in [SPA, OPAQUE] {
        let mut browser = Browser::new(&server);
        let wish = (Person::ALICE, "openid orders:read");
        let tokens = flows::tokens(&mut browser, client, wish).await;
        let token = tokens["access_token"].as_str().unwrap();
        let answer = send(api.clone(), with_token("/orders", token)).await;
        assert_eq!(
            (answer.status.as_u16(), answer.body),
            (200, format!("orders of {subject}"))
        );
        assert_eq!(
            send(api.clone(), with_token("/write", token)).await.status,
            403
        );
        let id_token = tokens["id_token"].as_str().unwrap();
        assert_eq!(
            send(api.clone(), with_token("/orders", id_token))
                .await
                .status,
            401
        );
        server.advance(jiff::SignedDuration::from_mins(16));
        assert_eq!(
            send(api.clone(), with_token("/orders", token)).await.status,
            401
        );
    }
}

/// The example at the head of the crate's documentation, over sockets.
#[tokio::test]
async fn ten_lines_protect_an_api() {
    let server = provider().await;
    let api = Api::with_clock(
        &ApiConfig::new(server.issuer(), API),
        Arc::clone(&server.clock) as Arc<dyn Clock>,
    );
    let orders = get(async |token: AccessToken| format!("the orders of {}", token.subject()));
    let router = Router::new().route("/orders", orders.layer(require_scope("orders:read")));
    let (listener, place) = listen().await;
    let serving = tokio::spawn(async move { api.unwrap().serve(listener, router).await });

    let issuer = place.clone();
    let config = IssuerClientConfig {
        issuer,
        ..IssuerClientConfig::default()
    };
    let client = IssuerClient::new(&config).unwrap();
    let status = async |token: Option<&str>| {
        let url = format!("{place}/orders");
        client.get(&url, &[], token).await.unwrap().status.as_u16()
    };
    let mut browser = Browser::new(&server);
    let good = flows::tokens(&mut browser, SPA, (Person::ALICE, "openid orders:read")).await;
    let small = flows::tokens(&mut browser, SPA, (Person::ALICE, "openid orders:write")).await;
    assert_eq!(status(good["access_token"].as_str()).await, 200);
    assert_eq!(status(small["access_token"].as_str()).await, 403);
    assert_eq!(status(None).await, 401);
    serving.abort();
}

#[tokio::test]
async fn a_token_for_another_api_and_a_refresh_token_do_not_pass() {
    let server = provider().await;
    let api = api(&server);
    for client in [SPA, OPAQUE] {
        let mut browser = Browser::new(&server);
        let wish = (Person::BOB, "openid offline_access mail:read");
        let tokens = flows::tokens(&mut browser, client, wish).await;
        for kind in ["access_token", "refresh_token"] {
            let token = tokens[kind].as_str().unwrap();
            assert_eq!(
                send(api.clone(), with_token("/orders", token)).await.status,
                401,
                "{kind}"
            );
        }
    }
}
