//! Upstreams that are slow, unreachable or broken.

use std::{sync::atomic::Ordering, time::Duration};

use cardea_testkit::{PATIENCE, eventually, listen, settle, slowly, until};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    time::timeout,
};

use crate::{
    behind::{pages, silent, wire},
    stage::{HOST, before, config, everything_to, start},
};

async fn problem(answer: reqwest::Response, status: u16) -> Value {
    assert_eq!(answer.status(), status);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let id = answer.headers()["x-request-id"].clone();
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["correlation_id"], id.to_str().unwrap());
    assert_eq!(problem["status"], status);
    problem
}

#[tokio::test]
async fn an_unreachable_upstream_is_a_502_without_details() {
    let stage = before("http://127.0.0.1:9").await;
    let problem = problem(stage.get("/secret").await, 502).await.to_string();
    for inner in ["127.0.0.1", "refused", "secret", "os error"] {
        assert!(!problem.contains(inner), "{problem}");
    }
}

#[tokio::test]
async fn an_invalid_response_is_a_502() {
    for nonsense in [
        "hello\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    ] {
        let (url, _) = wire(nonsense).await;
        problem(before(&url).await.get("/").await, 502).await;
    }
}

#[tokio::test]
async fn an_upstream_that_does_not_respond_is_a_504() {
    let stage = start(config(&everything_to(
        &pages().await,
        "first_byte_timeout = \"1s\"",
    )))
    .await;
    problem(stage.get("/silent").await, 504).await;
}

#[tokio::test]
async fn a_client_that_stops_sending_gets_a_408() {
    let stage = start(config(&everything_to(
        &crate::behind::mirror().await,
        "first_byte_timeout = \"1s\"",
    )))
    .await;
    let head = format!(
        "POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 4\r\nConnection: close\r\n\r\n"
    );
    for (sent, expected) in [(2, "408"), (4, "200")] {
        let mut client = tokio::net::TcpStream::connect(stage.address).await.unwrap();
        client.write_all(head.as_bytes()).await.unwrap();
        for _ in 0..sent {
            client.write_all(b"x").await.unwrap();
            // Each pause is shorter than the timeout; together they are longer.
            slowly(Duration::from_millis(400)).await;
        }
        let mut answer = String::new();
        let read = client.read_to_string(&mut answer);
        timeout(PATIENCE, read).await.unwrap().unwrap();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {expected}")),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn a_response_that_pauses_too_long_is_aborted() {
    let stage = start(config(&everything_to(
        &pages().await,
        "idle_timeout = \"1s\"",
    )))
    .await;
    let mut answer = stage.get("/stops").await;
    assert_eq!(answer.chunk().await.unwrap().unwrap(), "the beginning");
    let rest = timeout(PATIENCE, answer.chunk()).await;
    assert!(
        rest.unwrap().is_err(),
        "a broken response must not look complete"
    );
}

#[tokio::test]
async fn an_upstream_without_free_connections_is_a_503() {
    let (url, asked) = silent().await;
    let mut config = config(&everything_to(&url, ""));
    config.upstreams[0].max_connections = 1;
    let stage = start(config).await;
    let slow = tokio::spawn(stage.client().get(stage.url("/silent")).send());
    until("a request", || asked.load(Ordering::SeqCst) == 1).await;
    let answer = stage.get("/plain").await;
    assert_eq!(answer.headers()["retry-after"], "1");
    problem(answer, 503).await;
    slow.abort();
    // The connection of a client that disconnected is free again.
    let free = async || stage.get("/plain").await.status() == 200;
    eventually("a free connection", free).await;
}

/// Serves one request on each connection and closes it afterwards without announcing it.
async fn forgetful() -> String {
    let (listener, url) = listen().await;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut buffer = [0; 4096];
                let _ = stream.read(&mut buffer).await;
                let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
                stream.write_all(answer).await.unwrap();
            });
        }
    });
    url
}

#[tokio::test]
async fn a_closed_pooled_connection_causes_no_error() {
    let stage = before(&forgetful().await).await;
    let client = stage.client();
    for round in 0..100 {
        let request = match round % 2 {
            0 => client.get(stage.url("/")),
            _ => client.post(stage.url("/")).body("x"),
        };
        if round % 10 == 0 {
            // The gateway notices that the connection is closed.
            settle().await;
        }
        let status = request.send().await.unwrap().status().as_u16();
        // A POST that may have arrived is not sent again.
        assert!(
            status == 200 || (round % 2 == 1 && status == 502),
            "{round}: {status}"
        );
    }
}

#[tokio::test]
async fn an_upstream_that_comes_back_is_used_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let stage = before(&format!("http://{address}")).await;
    assert_eq!(stage.get("/").await.status(), 502);
    let router = axum::Router::new().fallback(|| async { "back" });
    let listener = TcpListener::bind(address).await.unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    assert_eq!(stage.get("/").await.text().await.unwrap(), "back");
}

#[tokio::test]
async fn g7_a_browser_gets_a_page_and_everything_else_a_document() {
    let stage = before("http://127.0.0.1:9").await;
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    for (host, path, status) in [
        (HOST, "/", 502),
        (HOST, "/a;b//", 400),
        ("evil.test", "/", 421),
    ] {
        let request = |accept: &str| {
            format!(
                "GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: {accept}\r\nConnection: close\r\n\r\n"
            )
        };
        let page = stage.raw(&request(browser)).await;
        let lower = page.to_lowercase();
        assert_eq!(crate::stage::status(&page), status, "{page}");
        for expected in [
            "content-type: text/html",
            "content-security-policy: default-src 'none'; style-src 'sha256-",
            "cache-control: no-store",
            "x-content-type-options: nosniff",
            "vary: accept",
            "color-scheme:light dark",
        ] {
            assert!(lower.contains(expected), "{expected}: {page}");
        }
        let id = lower.split("x-request-id: ").nth(1).unwrap();
        let id = id.split("\r\n").next().unwrap();
        assert!(
            lower.contains(&format!("reference <code>{id}</code>")),
            "{page}"
        );
        for external in ["src=", "href=", "url(", "<script"] {
            assert!(!lower.contains(external), "{external}: {page}");
        }
        let document = stage
            .raw(&request("application/json, text/html;q=0.5"))
            .await;
        assert!(document.contains("application/problem+json"), "{document}");
    }
}

#[tokio::test]
async fn g7_a_limit_that_is_exceeded_says_so_on_the_page_and_in_its_headers() {
    let text = everything_to(
        &crate::behind::named("app").await,
        "requests_per_minute = 1",
    );
    let stage = start(config(&text)).await;
    let get = || {
        stage
            .client()
            .get(stage.url("/"))
            .header("accept", "text/html")
            .send()
    };
    assert_eq!(get().await.unwrap().text().await.unwrap(), "app");
    let answer = get().await.unwrap();
    assert_eq!(answer.status(), 429);
    assert!(answer.headers().contains_key("retry-after"));
    assert!(
        answer
            .text()
            .await
            .unwrap()
            .contains("<h1>Too many requests</h1>")
    );
}
