//! Tricks with requests, in the bytes as they come over the wire where a browser would not send them.

use cardea_testkit::listen;
use http::{Method, StatusCode};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::world::{Browser, Site, site, site_with};
use crate::rp::world::ACCESS_TOKEN;

/// Sends these bytes, with the browser's cookies where it says `@`; all that comes back.
async fn wire(site: &Site, browser: &Browser, text: &str) -> String {
    let (listener, _) = listen().await;
    let address = listener.local_addr().unwrap();
    let router = site.router.clone();
    let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let jar: Vec<_> = browser
        .jar
        .iter()
        .map(|(k, v)| format!("{k}={v}"))
        .collect();
    let head = format!(
        "Host: app.example.test\r\nConnection: close\r\nCookie: {}\r\nX-CSRF: 1",
        jar.join("; ")
    );
    let mut stream = TcpStream::connect(address).await.unwrap();
    let text = text.replace('@', &head);
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    server.abort();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn g5_a_forged_field_names_no_other_caller_method_or_path() {
    let site = site().await;
    let mut browser = site.logged_in().await;
    let forged = [
        ("x-original-url", "/admin"),
        ("x-rewrite-url", "/admin"),
        ("x-http-method-override", "DELETE"),
        ("x-method-override", "DELETE"),
        ("x-forwarded-prefix", "/admin"),
        ("x_forwarded_for", "6.6.6.6"),
        ("x-client-ip", "6.6.6.6"),
        ("true-client-ip", "6.6.6.6"),
        ("client-cert", ":AA==:"),
        ("x-ssl-client-verify", "SUCCESS"),
        ("remote-user", "admin"),
        ("remote_user", "admin"),
        ("x-webauth-user", "admin"),
        ("x-auth-request-user", "admin"),
        ("x-client-cert", ":AA==:"),
        ("x-client-dn", "CN=admin"),
        ("x-client-verify", "SUCCESS"),
        ("x-ms-client-principal-name", "admin"),
        ("x-amzn-mtls-clientcert", ":AA==:"),
        ("wl-proxy-client-ip", "6.6.6.6"),
        ("x-user", "admin"),
        ("proxy", "http://6.6.6.6"),
    ];
    let answer = browser.send(Method::GET, "/api/orders", &forged, "").await;
    assert_eq!(answer.status, StatusCode::OK);
    let call = site.api.calls().remove(0);
    assert_eq!(call.target, "/v1/orders");
    for (name, _) in forged {
        assert_eq!(call.header(name), None, "{name}");
    }
}

#[tokio::test]
async fn another_sites_picture_or_fetch_calls_nothing_and_a_link_does() {
    let site = site().await;
    let mut browser = site.logged_in().await;
    for (whence, mode, status) in [
        ("same-site", "no-cors", StatusCode::FORBIDDEN),
        ("same-site", "cors", StatusCode::FORBIDDEN),
        ("cross-site", "no-cors", StatusCode::FORBIDDEN),
        ("cross-site", "navigate", StatusCode::OK),
        ("same-origin", "cors", StatusCode::OK),
        ("none", "navigate", StatusCode::OK),
    ] {
        for method in [Method::GET, Method::HEAD] {
            let said = [("sec-fetch-site", whence), ("sec-fetch-mode", mode)];
            let answer = browser.send(method, "/api/orders", &said, "").await;
            assert_eq!(answer.status, status, "{whence} {mode}");
        }
    }
    assert_eq!(site.api.calls().len(), 6);
}

#[tokio::test]
async fn a_preflight_of_another_site_opens_nothing() {
    let site = site().await;
    let preflight = [
        ("origin", "https://evil.test"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "x-csrf"),
    ];
    for target in ["/api/orders", "/bff/logout", "/bff/user"] {
        let answer = site
            .browser()
            .send(Method::OPTIONS, target, &preflight, "")
            .await;
        let opened = |name: &http::HeaderName| name.as_str().starts_with("access-control-");
        assert!(!answer.headers.keys().any(opened), "{target}");
        assert!(!answer.status.is_success(), "{target}");
    }
    assert_eq!(site.api.calls().len(), 0);
}

#[tokio::test]
async fn an_absolute_address_in_the_request_leads_nowhere_else() {
    let site = site().await;
    let browser = site.logged_in().await;
    let answer = wire(
        &site,
        &browser,
        "GET http://evil.test/api/orders HTTP/1.1\r\n@\r\n\r\n",
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let call = site.api.calls().remove(0);
    assert_eq!(call.target, "/v1/orders");
    assert_eq!(call.header("host"), site.api.url.split('/').nth(2));
}

#[tokio::test]
async fn a_request_with_two_lengths_is_no_two_requests() {
    let site = site().await;
    let browser = site.logged_in().await;
    let smuggled = "POST /api/orders HTTP/1.1\r\n@\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n\
        7\r\nabcdefg\r\n0\r\n\r\nGET /api/admin HTTP/1.1\r\nHost: x\r\n\r\n";
    wire(&site, &browser, smuggled).await;
    for call in site.api.calls() {
        assert_eq!(
            (call.target.as_str(), call.body.as_slice()),
            ("/v1/orders", &b"abcdefg"[..])
        );
    }
    let before = site.api.calls().len();
    for fields in [
        "Content-Length: 3\r\nContent-Length: 4",
        "Content-Length: +3",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: xchunked",
        "X: a\r\n folded\r\nContent-Length : 3",
        "X: a\0b",
    ] {
        let text = format!("POST /api/orders HTTP/1.1\r\n@\r\n{fields}\r\n\r\nabc");
        let answer = wire(&site, &browser, &text).await;
        assert!(!answer.starts_with("HTTP/1.1 2"), "{fields}: {answer}");
    }
    assert_eq!(site.api.calls().len(), before);
}

#[tokio::test]
async fn an_expectation_is_answered_here_and_an_upgrade_is_not_handed_on() {
    let site = site().await;
    let browser = site.logged_in().await;
    let text = "POST /api/orders HTTP/1.1\r\n@\r\nExpect: 100-continue\r\nUpgrade: websocket\r\n\
        Content-Length: 3\r\n\r\nabc";
    let answer = wire(&site, &browser, text).await;
    assert!(answer.contains("HTTP/1.1 200"), "{answer}");
    let call = site.api.calls().remove(0);
    assert_eq!(call.body, b"abc");
    let token = format!("Bearer {ACCESS_TOKEN}");
    assert_eq!(call.header("authorization"), Some(token.as_str()));
    for gone in ["expect", "upgrade", "connection", "cookie"] {
        assert_eq!(call.header(gone), None, "{gone}");
    }
}

/// An API that answers each connection with these bytes.
async fn api_that_says(text: &'static str) -> String {
    let (listener, url) = listen().await;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(text.as_bytes()).await;
        }
    });
    url
}

#[tokio::test]
async fn an_api_can_not_take_the_connection_over() {
    for (text, status) in [
        (
            "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
            StatusCode::BAD_GATEWAY,
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
            StatusCode::BAD_GATEWAY,
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            StatusCode::OK,
        ),
    ] {
        let url = api_that_says(text).await;
        let store = std::sync::Arc::new(cardea_client::session::MemoryStore::default());
        let site = site_with(store, |config| {
            config.api.as_mut().unwrap().upstream.url = url;
        })
        .await;
        let mut browser = site.logged_in().await;
        let answer = browser.get("/api/orders").await;
        assert_eq!(answer.status, status, "{text}");
        if status == StatusCode::OK {
            assert_eq!(
                (answer.text(), answer.header("content-length")),
                ("hello", None)
            );
        }
    }
}
