//! Rate limits by route.

use std::sync::atomic::Ordering;

use cardea_testkit::{Log, eventually, until};

use crate::{
    behind::{named, pages, silent},
    stage::{config, everything_to, start},
};

#[tokio::test]
async fn requests_beyond_the_rate_limit_of_a_route_are_refused() {
    let text = everything_to(&named("app").await, "")
        + "[[routes]]\nprefix = \"/auth/token\"\nupstream = \"app\"\nrequests_per_minute = 3\n";
    let stage = start(config(&text)).await;
    for left in ["2", "1", "0"] {
        let answer = stage.get("/auth/token").await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["ratelimit-limit"], "3");
        assert_eq!(answer.headers()["ratelimit-remaining"], left);
        assert!(answer.headers().contains_key("ratelimit-reset"));
    }
    let answer = stage.get("/auth/token").await;
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    assert_eq!(answer.headers()["ratelimit-remaining"], "0");
    let wait: u64 = answer.headers()["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=20).contains(&wait), "{wait}");
    let other = stage.get("/auth").await;
    assert_eq!(other.status(), 200);
    assert!(!other.headers().contains_key("ratelimit-limit"));
}

#[tokio::test]
async fn s9_a_refused_request_writes_one_line_that_is_sampled() {
    let (log, _guard) = Log::capture();
    let text = everything_to(&named("app").await, "requests_per_minute = 1");
    let stage = start(config(&text)).await;
    for _ in 0..6 {
        stage.status_of("/").await;
    }
    let lines = log.lines_with("not forwarded");
    assert_eq!(lines.len(), 5);
    for line in lines {
        for part in ["cardea_refused", "method=GET", "route=\"/\"", "status=429"] {
            assert!(line.contains(part), "{part} in {line}");
        }
    }
    assert!(
        log.lines_with("status=429")
            .iter()
            .all(|line| line.contains("not forwarded"))
    );
}

#[tokio::test]
async fn s9_an_answer_of_the_upstream_that_clients_cause_is_sampled() {
    let (log, _guard) = Log::capture();
    let stage = start(config(&everything_to(&pages().await, ""))).await;
    assert_eq!(stage.status_of("/nothing").await, 404);
    let lines = log.lines_with("status=404");
    assert_eq!(lines.len(), 1);
    assert!(lines[0].contains("cardea_refused"), "{lines:?}");
}

#[tokio::test]
async fn a_client_cannot_forge_its_address() {
    let stage = start(config(&everything_to(
        &named("app").await,
        "requests_per_minute = 2",
    )))
    .await;
    let mut statuses = Vec::new();
    for last in 1..=3 {
        let request = stage.client().get(stage.url("/"));
        let request = request.header("x-forwarded-for", format!("203.0.{last}.1"));
        statuses.push(request.send().await.unwrap().status().as_u16());
    }
    assert_eq!(statuses, [200, 200, 429]);
}

#[tokio::test]
async fn one_network_cannot_have_all_connections_of_an_upstream() {
    let (url, asked) = silent().await;
    let text = format!(
        "[proxy]\ntrusted = [\"127.0.0.1\"]\n{}",
        everything_to(&url, "")
    );
    let mut config = config(&text);
    config.upstreams[0].max_connections = 4;
    let stage = start(config).await;
    let client = stage.client();
    let from = |ip: &str, path: &str| {
        let request = client.get(stage.url(path));
        request.header("x-forwarded-for", ip).send()
    };
    let held = [
        tokio::spawn(from("203.0.113.1", "/silent")),
        tokio::spawn(from("203.0.113.2", "/silent")),
    ];
    until("both requests", || asked.load(Ordering::SeqCst) == 2).await;
    let third = from("203.0.113.3", "/plain").await.unwrap();
    assert_eq!(third.status(), 429);
    assert_eq!(third.headers()["retry-after"], "1");
    let other = from("198.51.100.1", "/plain").await.unwrap();
    assert_eq!(other.status(), 200);
    for task in held {
        task.abort();
    }
    let served = async || {
        let third = from("203.0.113.3", "/plain").await.unwrap();
        third.status() == 200
    };
    eventually("a free connection", served).await;
}
