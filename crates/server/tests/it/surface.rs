//! What every answer has, and the small routes.

use std::net::IpAddr;

use cardea_testkit::{
    Answer, Browser, Page, Person, TestServer,
    clients::{SPA, WEB},
    flows::{Authorization, decide, log_in, log_in_at},
};

fn hardened(answer: &Answer) {
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(
        answer.header("strict-transport-security"),
        Some("max-age=63072000")
    );
    assert!(
        answer
            .header("content-security-policy")
            .unwrap()
            .starts_with("default-src 'none'")
    );
    assert!(
        answer
            .header("content-security-policy")
            .unwrap()
            .contains("frame-ancestors 'none'")
    );
    assert!(answer.header("cache-control").is_some());
    for name in ["server", "x-powered-by"] {
        assert_eq!(answer.header(name), None);
    }
    let id = answer.header("x-request-id").unwrap();
    assert!(
        id.len() == 12 && id.bytes().all(|b| b.is_ascii_alphanumeric()),
        "{id}"
    );
}

fn page(page: &Page) {
    let answer = &page.answer;
    hardened(answer);
    assert_eq!(
        answer.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(answer.header("x-frame-options"), Some("DENY"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let csp = answer.header("content-security-policy").unwrap();
    // A login in a popup must still be able to speak to the page that opened it.
    let isolated = csp.contains("form-action").then_some("same-origin");
    assert_eq!(answer.header("cross-origin-opener-policy"), isolated);
    assert_eq!(
        answer.header("cross-origin-resource-policy"),
        Some("same-origin")
    );
    assert!(answer.header("permissions-policy").is_some());
    let text = page.text();
    for inline in ["<style", " style=", " onclick=", " onload=", "javascript:"] {
        assert!(!text.contains(inline), "{inline} in {}", page.url);
    }
    let scripts = text.matches("<script").count();
    assert_eq!(scripts, csp.matches("'sha256-").count());
}

#[tokio::test]
async fn every_page_has_the_whole_pack() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let request = Authorization::of(WEB)
        .with("response_mode", "form_post")
        .with("prompt", "select_account");
    let login = browser.open(&request.url(&server)).await;
    page(&login);
    let consent = log_in_at(&mut browser, &login, Person::ALICE).await;
    page(&consent);
    page(&decide(&mut browser, &consent, "allow").await);
    page(&browser.open(&request.url(&server)).await);
    page(&browser.open(&server.url("/account")).await);
    page(&browser.open(&server.url("/end_session")).await);
    page(&browser.open(&server.url("/nowhere")).await);
    page(&browser.open(&server.url("/authorize")).await);
    for framed in [&login, &consent] {
        let csp = framed.answer.header("content-security-policy").unwrap();
        assert!(
            !csp.contains("form-action"),
            "browsers apply it to the redirects too"
        );
    }
}

#[tokio::test]
async fn every_other_answer_is_hardened_too() {
    let server = TestServer::start().await;
    for answer in [
        server.get("/.well-known/openid-configuration").send().await,
        server.get("/.well-known/jwks.json").send().await,
        server.post("/token").client(SPA).send().await,
        server.get("/userinfo").send().await,
        server.get("/health/live").send().await,
        server.get("/metrics").send().await,
        server.call("DELETE", "/token").send().await,
        server.call("OPTIONS", "/token").send().await,
        server.get("/account").send().await,
    ] {
        hardened(&answer);
    }
}

#[tokio::test]
async fn request_ids_differ_and_are_not_taken_from_outside() {
    let server = TestServer::start().await;
    let call = server
        .get("/health/live")
        .header("x-request-id", "planted00000");
    let first = call.send().await;
    let second = server.get("/health/live").send().await;
    let (first, second) = (first.header("x-request-id"), second.header("x-request-id"));
    assert_ne!(first, second);
    assert_ne!(first, Some("planted00000"));
}

#[tokio::test]
async fn one_reference_stands_in_header_page_and_problem() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let missing = browser.open(&server.url("/nowhere")).await;
    missing.is_trouble(404, "There is nothing here");
    let problem = server.call("DELETE", "/login").send().await;
    assert_eq!(
        problem.header("content-type"),
        Some("application/problem+json")
    );
    let json = problem.json();
    assert_eq!(
        json["correlation_id"],
        problem.header("x-request-id").unwrap()
    );
    assert_eq!(
        (&json["status"], &json["title"]),
        (&405.into(), &"Method not allowed".into())
    );
}

#[tokio::test]
async fn strange_paths_are_not_found_and_never_an_error_of_ours() {
    let server = TestServer::start().await;
    for path in [
        "/nowhere",
        "/login/",
        "/token/x",
        "/..%2f..%2fetc/passwd",
        "/assets/../cardea.db",
        "/assets/..%2fcardea.db",
        "/assets/",
        "/assets/x.css",
        "/assets/%ff",
        "/account/%ff",
        "/%00",
        "/%ff",
        "/.well-known/",
        "/admin",
        "//token",
        "/a?b=%",
    ] {
        let answer = server.get(path).send().await;
        assert_eq!(answer.status, 404, "{path}");
    }
}

#[tokio::test]
async fn style_and_logo_are_kept_for_ever_at_an_address_of_their_own() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let login = browser.open(&server.url("/login")).await;
    let mut kinds = Vec::new();
    for part in login
        .text()
        .split('"')
        .filter(|part| part.starts_with("/assets/"))
    {
        let answer = server.get(part).send().await;
        assert_eq!(answer.status, 200, "{part}");
        assert_eq!(
            answer.header("cache-control"),
            Some("public, max-age=31536000, immutable")
        );
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert!(
            answer
                .header("content-security-policy")
                .unwrap()
                .contains("sandbox")
        );
        kinds.push(answer.header("content-type").unwrap().to_owned());
    }
    kinds.sort();
    kinds.dedup();
    assert_eq!(
        kinds,
        ["font/woff2", "image/svg+xml", "text/css; charset=utf-8"]
    );
}

#[tokio::test]
async fn health_tells_life_and_readiness() {
    let server = TestServer::start().await;
    for (path, text) in [("/health/live", "live\n"), ("/health/ready", "ready\n")] {
        let answer = server.get(path).send().await;
        assert_eq!((answer.status.as_u16(), answer.text()), (200, text));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}

async fn metrics(server: &TestServer, ip: [u8; 4]) -> Answer {
    let call = server.get("/metrics").from(IpAddr::from(ip));
    call.header("x-forwarded-for", "127.0.0.1").send().await
}

#[tokio::test]
async fn metrics_are_for_the_networks_that_may() {
    let server = TestServer::start().await;
    assert_eq!(metrics(&server, [127, 0, 0, 1]).await.status, 200);
    assert_eq!(metrics(&server, [10, 0, 0, 1]).await.status, 404);
    let server = TestServer::builder()
        .config(|config| config.metrics.allow = vec!["10.0.0.0/8".to_owned()])
        .start()
        .await;
    assert_eq!(metrics(&server, [127, 0, 0, 1]).await.status, 404);
    assert_eq!(metrics(&server, [10, 0, 0, 1]).await.status, 200);
}

#[tokio::test]
async fn metrics_count_what_happened_under_our_names() {
    cardea_web::prometheus::install();
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    log_in(&mut browser, Person::ALICE).await;
    server
        .post("/token")
        .client(SPA)
        .form(&[("grant_type", "x")])
        .send()
        .await;
    server.get("/nowhere-at-all").send().await;
    let answer = metrics(&server, [127, 0, 0, 1]).await;
    assert_eq!(
        answer.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    let text = answer.text();
    let samples = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    assert!(samples.clone().count() > 10);
    for line in samples {
        assert!(line.starts_with("cardea_"), "{line}");
    }
    for name in [
        "cardea_logins_total{outcome=\"ok\"}",
        "cardea_token_requests_total{outcome=\"unsupported_grant_type\"}",
        "cardea_http_requests_total{route=\"/login\",method=\"POST\",status=\"303\"}",
        "cardea_http_request_seconds_bucket{route=\"/token\"",
    ] {
        assert!(text.contains(name), "{name} is not in\n{text}");
    }
    assert!(
        !text.contains("nowhere-at-all"),
        "a stranger makes no label"
    );
}

#[tokio::test]
async fn development_answers_to_loopback_names_alone_and_says_what_it_is() {
    let server = TestServer::builder()
        .issuer("http://localhost:9000")
        .config(|config| config.development = true)
        .start()
        .await;
    for host in ["localhost:9000", "127.0.0.1:9000", "[::1]:9000"] {
        let answer = server.get("/login").header("host", host).send().await;
        assert_eq!(answer.status, 200, "{host}");
        assert!(answer.text().contains("DEVELOPMENT"));
        assert!(answer.set_cookie("cardea_browser_9000").is_some());
    }
    for host in [
        "localhost",
        "localhost:9001",
        "evil.example.test:9000",
        "localhost.evil.test:9000",
        "",
    ] {
        for path in ["/login", "/token", "/.well-known/jwks.json", "/nowhere"] {
            let answer = server.get(path).header("host", host).send().await;
            // RFC 9112 §3.2: an empty host is a bad request.
            let status = if host.is_empty() { 400 } else { 421 };
            assert_eq!(answer.status, status, "{host}");
            hardened_in_clear(&answer);
        }
    }
}

fn hardened_in_clear(answer: &Answer) {
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("strict-transport-security"), None);
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json")
    );
}

#[tokio::test]
async fn a_page_has_no_head_for_its_get_may_write() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let request = Authorization::of(WEB).url(&server);
    let login = browser.open(&request).await;
    let consent = log_in_at(&mut browser, &login, Person::ALICE).await;
    decide(&mut browser, &consent, "allow").await;
    // A GET of it would make a code.
    let head = browser.call("HEAD", &request, true).send().await;
    assert_eq!((head.status.as_u16(), head.header("location")), (405, None));
    for path in ["/authorize", "/end_session", "/consent", "/choose_account"] {
        for method in ["HEAD", "DELETE"] {
            let answer = browser.call(method, &server.url(path), true).send().await;
            assert_eq!(answer.status, 405, "{method} {path}");
            assert_eq!(answer.header("allow"), Some("GET, POST"));
        }
    }
    // What only reads answers it.
    for path in ["/health/live", "/.well-known/openid-configuration"] {
        assert_eq!(server.call("HEAD", path).send().await.status, 200);
    }
}

#[tokio::test]
async fn an_oauth_endpoint_answers_a_wrong_method_in_its_own_words() {
    let server = TestServer::start().await;
    for (path, allowed) in [
        ("/token", "POST,OPTIONS"),
        ("/introspection", "POST"),
        ("/revocation", "POST,OPTIONS"),
        ("/userinfo", "GET,HEAD,POST,OPTIONS"),
    ] {
        let answer = server.call("PUT", path).send().await;
        answer.refused(405, "invalid_request");
        assert_eq!(answer.header("allow"), Some(allowed), "{path}");
    }
}

#[tokio::test]
async fn b8_a_slash_at_the_end_of_the_issuer_makes_no_difference() {
    let server = TestServer::builder()
        .issuer("https://id.example.test/auth/realm")
        .start()
        .await;
    let get = |path: &str| server.get(&format!("https://id.example.test{path}"));
    for path in [
        "/.well-known/oauth-authorization-server/auth/realm",
        "/auth/realm/.well-known/openid-configuration",
        "/auth/realm/.well-known/oauth-authorization-server",
    ] {
        let plain = get(path).send().await;
        let slash = get(&format!("{path}/")).send().await;
        assert_eq!(
            (plain.status, slash.status),
            (200.try_into().unwrap(), 200.try_into().unwrap()),
            "{path}"
        );
        assert_eq!(plain.text(), slash.text());
    }
    let plain = get("/auth/realm").send().await;
    let slash = get("/auth/realm/").send().await;
    assert_eq!(plain.location(), slash.location());
}

#[tokio::test]
async fn n16_head_is_answered_on_pages_that_it_does_not_change() {
    let server = TestServer::start().await;
    for path in ["/", "/account", "/login", "/health/ready"] {
        let get = server.get(path).send().await;
        let head = server.call("HEAD", path).send().await;
        assert_eq!(head.status, get.status, "{path}");
        assert_eq!(head.text(), "", "{path}");
    }
    for path in [
        "/authorize",
        "/consent",
        "/choose_account",
        "/end_session",
        "/login?ticket=x",
    ] {
        let head = server.call("HEAD", path).send().await;
        assert_eq!(head.status, 405, "{path}");
    }
}
