//! The logo of a client: fetched by the provider, shown from its own address.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{Router, http::header::CONTENT_TYPE, routing::get};
use cardea_testkit::{Browser, TestServer, clients::WEB, flows::Authorization};
use jiff::SignedDuration;
use tokio::net::TcpListener;

const DRAWING: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>";

/// A client's own server with a file on it; its address and how often it was asked.
async fn server_with(content_type: &'static str, body: &'static str) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let file = get(move || async move {
        counter.fetch_add(1, Ordering::Relaxed);
        ([(CONTENT_TYPE, content_type)], body)
    });
    let router = Router::new().route("/logo", file);
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, asked)
}

async fn provider(address: &str, allowed: bool) -> TestServer {
    let uri = format!("http://{address}/logo");
    TestServer::builder()
        .client("web", |c| c.logo_uri = Some(uri))
        .config(|config| {
            if allowed {
                config.outbound.allow = vec![address.to_owned()];
            }
        })
        .start()
        .await
}

#[tokio::test]
async fn the_login_page_shows_the_logo_from_the_providers_own_address() {
    let (address, asked) = server_with("image/svg+xml", DRAWING).await;
    let server = provider(&address, true).await;
    let mut browser = Browser::new(&server);
    let login = browser.open(&Authorization::of(WEB).url(&server)).await;
    assert!(
        login
            .text()
            .contains("src=\"/client_logo?client_id=web&#38;v=")
    );
    assert!(!login.text().contains(&address), "nothing is linked to");
    for _ in 0..3 {
        let logo = server.get("/client_logo?client_id=web").send().await;
        assert_eq!(logo.status, 200);
        assert_eq!(logo.header("content-type"), Some("image/svg+xml"));
        assert!(
            logo.header("content-security-policy")
                .unwrap()
                .contains("sandbox")
        );
        assert_eq!(logo.text(), DRAWING);
    }
    assert_eq!(asked.load(Ordering::Relaxed), 1, "fetched once");
    server.clock.advance(SignedDuration::from_hours(25));
    server.get("/client_logo?client_id=web").send().await;
    assert_eq!(asked.load(Ordering::Relaxed), 2, "and again after a day");
}

#[tokio::test]
async fn what_is_no_picture_is_not_shown_and_not_asked_for_at_every_request() {
    for (content_type, body) in [
        ("text/html", "<html></html>"),
        ("image/svg+xml", "<svg><script>alert(1)</script></svg>"),
        ("image/png", "GIF89a"),
    ] {
        let (address, asked) = server_with(content_type, body).await;
        let server = provider(&address, true).await;
        for _ in 0..3 {
            let logo = server.get("/client_logo?client_id=web").send().await;
            assert_eq!(logo.status, 404, "{content_type}");
        }
        assert_eq!(asked.load(Ordering::Relaxed), 1, "{content_type}");
    }
}

#[tokio::test]
async fn an_internal_address_is_not_fetched_and_an_unknown_client_has_no_logo() {
    let (address, asked) = server_with("image/svg+xml", DRAWING).await;
    let server = provider(&address, false).await;
    for query in ["client_id=web", "client_id=nobody", "client_id=spa", ""] {
        let logo = server.get(&format!("/client_logo?{query}")).send().await;
        assert_eq!(logo.status, 404, "{query}");
    }
    assert_eq!(asked.load(Ordering::Relaxed), 0);
}
