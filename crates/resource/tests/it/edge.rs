//! Host, origin and rate.

use axum::{Router, body::Body, extract::Request, routing::get};
use cardea_resource::{Api, ApiConfig, ConfigError, CorsConfig, LimitsConfig, Tokens};
use cardea_testkit::listen;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::world::{API, APP, WithoutHost, World, with_token};

fn config() -> ApiConfig {
    ApiConfig::new("https://id.example.com", API)
}

async fn with_cors() -> World {
    World::with(|config| config.cors.allowed_origins = vec![APP.to_owned()]).await
}

fn preflight(origin: &str) -> Request {
    let request = Request::options("/orders")
        .header("origin", origin)
        .header("access-control-request-method", "POST");
    request.body(Body::empty()).unwrap()
}

#[tokio::test]
async fn a_listed_origin_may_and_another_may_not() {
    let world = with_cors().await;
    let answer = world.send(preflight(APP)).await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), APP);
    assert!(
        answer
            .header("access-control-allow-methods")
            .contains("POST")
    );
    assert!(
        answer
            .header("access-control-allow-headers")
            .contains("authorization")
    );
    for stranger in [
        "https://evil.test",
        "null",
        "https://app.example.com.evil.test",
        "http://app.example.com",
    ] {
        let answer = world.send(preflight(stranger)).await;
        assert_eq!(
            answer.header("access-control-allow-origin"),
            "",
            "{stranger}"
        );
        assert_eq!(answer.header("vary"), "origin");
    }
}

#[tokio::test]
async fn every_answer_varies_by_origin_and_refusals_can_be_read_by_the_page() {
    let world = with_cors().await;
    for (token, status) in [(world.token(), 200), ("bad".to_owned(), 401)] {
        let mut request = with_token("/me", &token);
        request.headers_mut().insert("origin", APP.parse().unwrap());
        let answer = world.send(request).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("access-control-allow-origin"), APP);
        assert_eq!(answer.header("vary"), "origin");
        assert!(
            answer
                .header("access-control-expose-headers")
                .contains("www-authenticate")
        );
        assert_eq!(answer.header("access-control-allow-credentials"), "");
    }
    let without = world.get("/me", &world.token()).await;
    assert_eq!(without.header("vary"), "origin");
    assert_eq!(without.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn without_a_list_no_page_may() {
    let world = World::new().await;
    let answer = world.send(preflight(APP)).await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn cookies_only_for_named_origins() {
    let world = World::with(|config| {
        config.cors.allowed_origins = vec![APP.to_owned()];
        config.cors.allow_credentials = true;
    })
    .await;
    let answer = world.send(preflight(APP)).await;
    assert_eq!(answer.header("access-control-allow-credentials"), "true");
    let answer = world.send(preflight("https://evil.test")).await;
    assert_eq!(answer.header("access-control-allow-credentials"), "");

    let wildcard = ApiConfig {
        cors: CorsConfig {
            allowed_origins: vec!["*".to_owned()],
            allow_credentials: true,
        },
        ..config()
    };
    let error = Api::new(&wildcard).err().unwrap();
    assert!(matches!(error, ConfigError::WildcardWithCredentials));
    assert!(error.to_string().contains("name the origins"), "{error}");
}

#[tokio::test]
async fn a_wildcard_allows_every_page_without_cookies() {
    let world = World::with(|config| config.cors.allowed_origins = vec!["*".to_owned()]).await;
    let answer = world.send(preflight("https://any.test")).await;
    assert_eq!(
        answer.header("access-control-allow-origin"),
        "https://any.test"
    );
    assert_eq!(answer.header("access-control-allow-credentials"), "");
}

#[tokio::test]
async fn only_the_hosts_of_the_list_are_served() {
    let world = World::with(|config| {
        config.hosts = vec![
            "api.example.com".to_owned(),
            "localhost:4000".to_owned(),
            "[::1]".to_owned(),
        ];
    })
    .await;
    let send = async |hosts: &[&str]| {
        let mut request = with_token("/me", &world.token());
        request.extensions_mut().insert(WithoutHost);
        for host in hosts {
            request.headers_mut().append("host", host.parse().unwrap());
        }
        world.send(request).await.status.as_u16()
    };
    for host in [
        "api.example.com",
        "API.example.com",
        "api.example.com:8443",
        "localhost:4000",
        "[::1]:9",
    ] {
        assert_eq!(send(&[host]).await, 200, "{host}");
    }
    for host in [
        "evil.test",
        "localhost",
        "localhost:4001",
        "api.example.com.evil.test",
    ] {
        assert_eq!(send(&[host]).await, 421, "{host}");
    }
    assert_eq!(send(&["api.example.com:x"]).await, 400);
    assert_eq!(send(&[]).await, 400);
    assert_eq!(send(&["api.example.com", "api.example.com"]).await, 400);
    let health = Request::get("/health").header("host", "evil.test");
    assert_eq!(
        world.send(health.body(Body::empty()).unwrap()).await.status,
        421
    );
}

#[tokio::test]
async fn a_good_target_does_not_carry_a_strangers_host_past_the_list() {
    let world = World::with(|config| config.hosts = vec!["api.example.com".to_owned()]).await;
    let send = async |target: &str, host: Option<&str>| {
        let mut request = with_token(target, &world.token());
        if let Some(host) = host {
            request.headers_mut().insert("host", host.parse().unwrap());
        }
        world.send(request).await.status.as_u16()
    };
    let (ours, strangers) = ("http://api.example.com/me", "http://evil.test/me");
    assert_eq!(send(ours, None).await, 200, "as HTTP/2 has it");
    assert_eq!(send(ours, Some("api.example.com")).await, 200);
    assert_eq!(send(ours, Some("evil.test")).await, 421);
    assert_eq!(send(strangers, Some("api.example.com")).await, 421);
    assert_eq!(send(ours, Some("")).await, 400);
    assert_eq!(send("http://x@api.example.com/me", None).await, 400);
    for (host, status) in [
        ("api.example.com.", 421),
        ("api.example.com@evil.test", 400),
        ("[api.example.com]", 400),
    ] {
        assert_eq!(send("/me", Some(host)).await, status, "{host}");
    }
}

#[tokio::test]
async fn the_list_of_hosts_holds_on_the_wire() {
    let hosts = vec!["api.example.com".to_owned()];
    let api = Api::new(&ApiConfig { hosts, ..config() }).unwrap();
    let open = Router::new().route("/health", get(async || "up"));
    let router = api.protect_beside(open, Router::new());
    let (listener, _) = listen().await;
    let address = listener.local_addr().unwrap();
    tokio::spawn(async { axum::serve(listener, router).await });
    let absolute = "GET http://api.example.com/health HTTP/1.1\r\nHost: ";
    for (head, status) in [
        ("GET /health HTTP/1.1\r\nHost: api.example.com", "200"),
        ("GET /health HTTP/1.0\r\nHost: evil.test", "421"),
        ("GET /health HTTP/1.0", "400"),
        (&format!("{absolute}api.example.com"), "200"),
        (&format!("{absolute}evil.test"), "421"),
        (
            &format!("{absolute}evil.test\r\nHost: api.example.com"),
            "400",
        ),
    ] {
        let mut wire = TcpStream::connect(address).await.unwrap();
        let request = format!("{head}\r\nConnection: close\r\n\r\n");
        wire.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        wire.read_to_string(&mut answer).await.unwrap();
        let got = answer.split(' ').nth(1);
        assert_eq!(got, Some(status), "{head}");
    }
}

#[tokio::test]
async fn a_network_has_so_many_requests_whatever_its_tokens() {
    let world = World::with(|config| config.limits.per_network = 3).await;
    for path in ["/health", "/me", "/nowhere"] {
        let answer = world.get(path, "bad").await;
        assert_ne!(answer.status, 429);
    }
    let answer = world.get("/me", &world.token()).await;
    assert_eq!(answer.status, 429);
    assert_eq!(answer.json()["status"], 429);
    assert!(!answer.header("retry-after").is_empty());
    world.advance(60);
    let answer = world.get("/me", &world.token()).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("ratelimit-remaining")),
        (200, "2")
    );
}

#[tokio::test]
async fn a_subject_has_so_many_requests_and_its_neighbours_have_theirs() {
    let world = World::with(|config| config.limits.per_subject = 2).await;
    let alice = world.token();
    let first = world.get("/me", &alice).await;
    assert_eq!(first.header("ratelimit-remaining"), "1");
    assert_eq!(world.status(&alice).await, 200);
    assert_eq!(world.status(&alice).await, 429);
    for (name, value) in [("sub", "bob"), ("client_id", "other")] {
        assert_eq!(
            world.status(&world.token_with(name, json!(value))).await,
            200,
            "{name}"
        );
    }
    for _ in 0..5 {
        assert_eq!(
            world.status("bad").await,
            401,
            "a bad token counts for nobody"
        );
    }
}

#[tokio::test]
async fn open_routes_and_the_metadata_document_need_no_token() {
    let world = with_cors().await;
    let send = async |path: &str| {
        world
            .send(Request::get(path).body(Body::empty()).unwrap())
            .await
    };
    assert_eq!(send("/health").await.body, "up");
    let answer = send("/.well-known/oauth-protected-resource").await;
    assert_eq!(
        answer.json(),
        json!({"resource": "https://api.example.com", "authorization_servers": [world.issuer.url],
            "scopes_supported": ["orders:read"], "bearer_methods_supported": ["header"]})
    );
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(answer.header("content-type"), "application/json");
    assert!(!answer.header("x-request-id").is_empty());
}

#[tokio::test]
async fn the_metadata_document_is_found_with_and_without_a_slash_at_the_end() {
    let resource = "https://api.example.com/v1/";
    let world = World::with(|config| config.resource = Some(resource.to_owned())).await;
    for slash in ["/", ""] {
        let path = format!("/.well-known/oauth-protected-resource/v1{slash}");
        let request = Request::get(&path).body(Body::empty()).unwrap();
        assert_eq!(world.send(request).await.json()["resource"], resource);
    }
}

#[test]
fn what_can_not_be_does_not_build_and_says_why() {
    let error = |change: &dyn Fn(&mut ApiConfig)| {
        let mut config = config();
        change(&mut config);
        Api::new(&config).err().expect("an error").to_string()
    };
    for (change, word) in [
        (
            &(|c: &mut ApiConfig| c.issuer.clear()) as &dyn Fn(&mut ApiConfig),
            "issuer",
        ),
        (
            &|c| c.issuer = "https://id.example.com?x".to_owned(),
            "issuer",
        ),
        (&|c| c.audience.clear(), "audience"),
        (&|c| c.algorithms.clear(), "algorithms"),
        (&|c| c.tokens = Tokens::Both, "[introspection]"),
        (
            &|c| c.cors.allowed_origins = vec!["app.example.com".to_owned()],
            "origin",
        ),
        (
            &|c| c.cors.allowed_origins = vec!["https://app.example.com/".to_owned()],
            "origin",
        ),
        (
            &|c| c.cors.allowed_origins = vec!["https://*.example.com".to_owned()],
            "origin",
        ),
        (
            &|c| c.cors.allowed_origins = vec!["null".to_owned()],
            "origin",
        ),
        (
            &|c| c.hosts = vec!["https://api.example.com".to_owned()],
            "host",
        ),
        (&|c| c.hosts = vec!["*.example.com".to_owned()], "host"),
        (
            &|c| c.trusted_proxies = vec!["proxy".to_owned()],
            "trusted_proxies",
        ),
        (&|c| c.resource = Some("api".to_owned()), "resource"),
        (&|c| c.ca_file = Some("/nowhere/ca.pem".into()), "ca.pem"),
    ] {
        let error = error(change);
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn the_settings_can_be_read_from_a_file() {
    let text = r#"
        issuer = "https://id.example.com"
        audience = "api://orders"
        tokens = "both"
        algorithms = ["ES256"]
        clock_skew = "1m"
        hosts = ["api.example.com"]
        [introspection]
        client_id = "orders-api"
        client_secret = "secret"
        freshness = "5s"
        [cors]
        allowed_origins = ["https://app.example.com"]
        [limits]
        per_subject = 600
    "#;
    let config: ApiConfig =
        cardea_web::config::parse("api.toml", text, std::iter::empty()).unwrap();
    assert_eq!(config.tokens, Tokens::Both);
    assert!(Api::new(&config).is_ok());
    let LimitsConfig {
        per_network,
        per_subject,
        invalid_tokens,
    } = config.limits;
    assert_eq!((per_network, per_subject, invalid_tokens), (0, 600, 60));
    let unknown =
        cardea_web::config::parse::<ApiConfig>("api.toml", "audeince = 1", std::iter::empty());
    assert!(unknown.err().unwrap().to_string().contains("audience"));
}
