//! Requests of a proxy to the gateway, without a proxy in between.

use std::{net::SocketAddr, sync::Arc};

use cardea_client::Entropy;
use cardea_gateway::{Gateway, Listeners, Serving};
use cardea_testkit::listen;
use cardea_web::clock::SystemClock;
use tokio_util::sync::CancellationToken;

use super::{HOST, config};
use crate::authority::Authority;

/// A gateway for one app, and its address. There are no sessions.
async fn gate(trusted: &str) -> (SocketAddr, CancellationToken) {
    let authority = Authority::new();
    let key_file = authority.file("session.key");
    std::fs::write(&key_file, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap();
    let issuer = "http://127.0.0.1:9";
    let mut config = config(issuer, format!("https://{HOST}"), key_file);
    config.forward_auth.as_mut().unwrap().trusted = vec![trusted.to_owned()];
    let stop = CancellationToken::new();
    let clock = Arc::new(SystemClock);
    let gateway = Gateway::new(config.clone(), clock, Entropy::seeded(1), stop.clone()).unwrap();
    let (listener, _) = listen().await;
    let address = listener.local_addr().unwrap();
    let listeners = Listeners {
        forward_auth: Some(listener),
        ..Listeners::default()
    };
    let serving = Serving::at(&config, gateway, listeners).unwrap();
    tokio::spawn(serving.run(stop.clone()));
    (address, stop)
}

async fn ask(address: SocketAddr, headers: &[(&str, &str)]) -> reqwest::Response {
    let mut request = reqwest::Client::new()
        .get(format!("http://{address}/forward-auth/auth-request"))
        .header("accept", "text/html");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

const PAGE: [(&str, &str); 3] = [
    ("x-forwarded-host", HOST),
    ("x-forwarded-method", "GET"),
    ("x-forwarded-uri", "/page"),
];

/// The proxies are known by their address, the apps by the host of the request.
#[tokio::test]
async fn only_configured_proxies_are_answered_and_only_for_configured_hosts() {
    for (trusted, host, expected) in [
        ("127.0.0.1", HOST, 401),
        ("127.0.0.1", "evil.test", 403),
        ("10.0.0.0/8", HOST, 403),
    ] {
        let (address, stop) = gate(trusted).await;
        let [_, method, uri] = PAGE;
        let answer = ask(address, &[("x-forwarded-host", host), method, uri]).await;
        assert_eq!(answer.status(), expected, "{trusted} {host}");
        let location = answer
            .headers()
            .get("location")
            .map(|to| to.to_str().unwrap());
        let login = format!("https://{HOST}/forward-auth/login?return_to=%2Fpage");
        assert_eq!(location, (expected == 401).then_some(login.as_str()));
        stop.cancel();
    }
}

#[tokio::test]
async fn g3_a_path_that_an_app_could_read_as_one_under_a_rule_is_refused_before_any_login() {
    let (address, stop) = gate("127.0.0.1").await;
    let [host, method, _] = PAGE;
    for (uri, expected) in [
        ("/admin", 401),
        ("/administration", 401),
        ("/a%20b:c;d", 401),
        ("/admin%20", 403),
        ("/admin%20/x?y", 403),
        ("/ADMIN", 403),
        ("/admin:x", 403),
        ("/admin::$INDEX_ALLOCATION", 403),
        ("/admin%E2%80%8B", 403),
        ("/adm%C2%ADin/x", 403),
        ("/%EF%BC%A1dmin", 403),
        ("/admin%E3%80%82", 403),
        ("/%2561dmin", 403),
        ("/x/../admin", 403),
        ("/admin%2f", 403),
    ] {
        let answer = ask(address, &[host, method, ("x-forwarded-uri", uri)]).await;
        assert_eq!(answer.status(), expected, "{uri}");
    }
    stop.cancel();
}

#[tokio::test]
async fn g6_what_a_client_and_a_proxy_both_say_is_refused() {
    let (address, stop) = gate("127.0.0.1").await;
    assert_eq!(ask(address, &PAGE).await.status(), 401);
    let [host, method, uri] = PAGE;
    for more in [
        ("x-forwarded-host", HOST),
        ("x-forwarded-host", "evil.test"),
        ("x-forwarded-method", "POST"),
        ("x-forwarded-method", "GET"),
        ("x-forwarded-uri", "/admin"),
        ("x-forwarded-proto", "https, http"),
    ] {
        for headers in [[host, method, uri, more], [more, host, method, uri]] {
            let answer = ask(address, &headers).await;
            assert_eq!(answer.status(), 403, "{headers:?}");
            assert!(
                answer
                    .text()
                    .await
                    .unwrap()
                    .contains("<h1>Access denied</h1>")
            );
        }
    }
    let without = ask(address, &[("host", HOST), method, uri]).await;
    assert_eq!(without.status(), 403);
    let told = without.text().await.unwrap();
    assert!(told.contains("must set X-Forwarded-Host"), "{told}");
    for list in [
        ("x-forwarded-host", format!("{HOST}, evil.test")),
        ("x-forwarded-host", format!("evil.test, {HOST}")),
        ("x-forwarded-method", "GET, POST".to_owned()),
        ("x-forwarded-uri", "/page, /admin".to_owned()),
    ] {
        let mut headers: Vec<_> = PAGE
            .into_iter()
            .filter(|(name, _)| *name != list.0)
            .collect();
        headers.push((list.0, &list.1));
        assert_eq!(ask(address, &headers).await.status(), 403, "{list:?}");
    }
    stop.cancel();
}
