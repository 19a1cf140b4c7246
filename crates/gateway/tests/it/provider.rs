//! Cardea itself behind the gateway, under `/auth`.

use cardea_testkit::{TestServer, listen};
use cardea_web::inbound::listener::{ListenerConfig, serve};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::stage::{Stage, config, everything_to, start_at};

async fn provider_behind() -> (Stage, TestServer) {
    let (front, _) = listen().await;
    let port = front.local_addr().unwrap().port();
    let server = TestServer::builder()
        .issuer(&format!("http://localhost:{port}/auth"))
        .config(|config| config.proxy.trusted = vec!["127.0.0.1".to_owned()])
        .start()
        .await;
    let (listener, upstream) = listen().await;
    let stop = CancellationToken::new();
    tokio::spawn(serve(
        vec![listener],
        server.router(),
        ListenerConfig::default(),
        stop,
    ));
    let text = everything_to(&upstream, "private_cookies = true");
    (start_at(config(&text), front, None).await, server)
}

#[tokio::test]
async fn a_provider_behind_the_gateway_uses_its_issuer() {
    let (stage, server) = provider_behind().await;
    let path = "/auth/.well-known/openid-configuration";
    let url = format!("http://localhost:{}{path}", stage.address.port());
    let document: Value = stage
        .client()
        .get(url)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(document["issuer"], server.issuer());
    let token_endpoint = document["token_endpoint"].as_str().unwrap();
    let answer = stage
        .client()
        .post(token_endpoint)
        .form(&[("grant_type", "x")])
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 401);
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["error"], "invalid_client");
}

#[tokio::test]
async fn one_request_has_one_id_at_the_gateway_and_at_the_provider() {
    let (stage, _server) = provider_behind().await;
    for _ in 0..2 {
        let url = format!("http://localhost:{}/auth/nowhere", stage.address.port());
        let request = stage
            .client()
            .get(url)
            .header("x-request-id", "0123456789ab");
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 404);
        let id = answer.headers()["x-request-id"]
            .to_str()
            .unwrap()
            .to_owned();
        // It is shown in groups of four, to be read out.
        let page = answer.text().await.unwrap().replace("</span><span>", "");
        assert!(
            page.contains(&id) && !page.contains("0123456789ab"),
            "{id} in {page}"
        );
    }
}
