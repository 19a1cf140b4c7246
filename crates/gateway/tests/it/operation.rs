//! Health, metrics, and the end.

use cardea_testkit::{eventually, until};
use tokio::net::TcpStream;

use crate::{
    behind::{named, pages, stepped},
    stage::{before, config, everything_to, start, status},
};

#[tokio::test]
async fn health_is_answered_for_any_host() {
    let stage = before(&named("app").await).await;
    for (path, expected) in [("/health/live", "live\n"), ("/health/ready", "ready\n")] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: 10.0.0.7\r\nConnection: close\r\n\r\n");
        let answer = stage.raw(&request).await;
        assert_eq!(status(&answer), 200);
        assert!(answer.ends_with(expected), "{answer}");
    }
}

#[tokio::test]
async fn the_path_of_health_is_configurable() {
    let text = format!(
        "[health]\npath = \"/-\"\n{}",
        everything_to(&named("app").await, "")
    );
    let stage = start(config(&text)).await;
    assert_eq!(stage.get("/-/live").await.text().await.unwrap(), "live\n");
    assert_eq!(stage.get("/health/live").await.text().await.unwrap(), "app");
}

#[tokio::test]
async fn metrics_are_only_for_allowed_networks() {
    cardea_web::prometheus::install();
    let upstream = pages().await;
    let stage = before(&upstream).await;
    stage.get("/plain").await;
    stage.get("/../x").await;
    let _ = stage.status_of("//").await;
    let page = stage.get("/gateway/metrics").await.text().await.unwrap();
    for line in [
        "cardea_gateway_requests_total{route=\"/\",status=\"2xx\"}",
        "cardea_gateway_request_seconds_count{route=\"/\"}",
        "cardea_gateway_refused_total{reason=\"malformed\",upstream=\"none\"}",
    ] {
        assert!(page.contains(line), "{line} in {page}");
    }
    // The address of a proxy that is not configured says nothing about the client.
    for name in ["x-forwarded-for", "forwarded", "via", "x-real-ip"] {
        let request = stage.client().get(stage.url("/gateway/metrics"));
        let answer = request.header(name, "1.1 a").send().await.unwrap();
        assert_eq!(answer.status(), 404, "{name}");
    }
    let text = format!(
        "[metrics]\nallow = [\"10.0.0.0/8\"]\n{}",
        everything_to(&upstream, "")
    );
    let stage = start(config(&text)).await;
    assert_eq!(stage.get("/gateway/metrics").await.status(), 404);
}

#[tokio::test]
async fn requests_in_progress_finish_at_shutdown() {
    let (url, pieces) = stepped().await;
    let stage = before(&url).await;
    let answer = stage.get("/").await;
    pieces.send("one ").await.unwrap();
    stage.stop.cancel();
    let refused = async || TcpStream::connect(stage.address).await.is_err();
    eventually("no more connections", refused).await;
    assert!(!stage.served.is_finished());
    pieces.send("two").await.unwrap();
    drop(pieces);
    assert_eq!(answer.text().await.unwrap(), "one two");
    until("the end", || stage.served.is_finished()).await;
}
