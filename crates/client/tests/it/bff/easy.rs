//! The easy way into the kit: one value, made in one line.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    response::IntoResponse as _,
    routing::{get, post},
};
use cardea_client::{
    ClientConfig, Entropy, LoggedIn, Login, require_role,
    session::{MemoryStore, SqliteStore},
};
use cardea_testkit::TestClock;
use cardea_web::inbound::Peer;
use http::{Method, Request, StatusCode};
use tower::ServiceExt as _;

use super::world::{Browser, ORIGIN, site};
use crate::rp::{
    provider::{Provider, Scripted, key},
    world::query,
};

const KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";
const PAGE: [(&str, &str); 1] = [("accept", "text/html,application/xhtml+xml;q=0.9")];

fn client(issuer: &str, callback: &str) -> ClientConfig {
    ClientConfig::cardea(issuer, "app", &format!("{ORIGIN}{callback}"))
        .secret("a long secret of the tests")
}

fn app(login: &Login) -> Router {
    let routes = Router::new()
        .route("/", get(async |user: LoggedIn| user.name().to_owned()))
        .route("/save", post(async |_: LoggedIn| "saved"))
        .route(
            "/admin",
            get(async || "admin").layer(require_role(login, "admin")),
        )
        .with_state(login.clone());
    login.wrap(routes)
}

async fn provider() -> Provider {
    let provider = Provider::start().await;
    provider.says_of_itself(&provider.metadata());
    provider.publishes("/jwks", &[&key()]);
    provider
}

#[tokio::test]
async fn n10_three_values_make_a_login() {
    let provider = provider().await;
    let login = Login::new(client(&provider.url, "/callback"), KEY).unwrap();
    let mut browser = Browser::of(app(&login));
    let to_login = browser.send(Method::GET, "/", &PAGE, "").await;
    assert_eq!(to_login.location(), "/login?return_to=%2F");
    let sent = browser.get("/login?return_to=/").await;
    let asked = query(sent.location());
    assert_eq!(asked["redirect_uri"], format!("{ORIGIN}/callback"));
    assert_eq!(asked["client_id"], "app");
    assert_eq!(login.ready().await, Ok(()));
}

#[tokio::test]
async fn n10_the_routes_are_where_the_redirect_uri_is() {
    let provider = provider().await;
    for (callback, user) in [
        ("/callback", "/user"),
        ("/bff/callback", "/bff/user"),
        ("/a/b/signed-in", "/a/b/user"),
    ] {
        let login = Login::new(client(&provider.url, callback), KEY).unwrap();
        let mut browser = Browser::of(login.wrap(Router::new()));
        assert_eq!(
            browser.get(user).await.status,
            StatusCode::UNAUTHORIZED,
            "{user}"
        );
        let back = browser.get(&format!("{callback}?code=c&state=s")).await;
        assert_eq!(back.status, StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn n10_another_store_is_one_word() {
    let provider = provider().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sessions.db");
    let store = SqliteStore::open(&file).unwrap();
    let login = Login::new(client(&provider.url, "/callback"), KEY)
        .unwrap()
        .store(store);
    let mut browser = Browser::of(app(&login));
    assert_eq!(browser.get("/login").await.status, StatusCode::SEE_OTHER);
    let kept = rusqlite::Connection::open(file).unwrap();
    let logins: i64 = kept
        .query_row("SELECT count(*) FROM logins", [], |row| row.get(0))
        .unwrap();
    assert_eq!(logins, 1);
}

#[tokio::test]
async fn n10_a_single_page_app_says_where_its_api_is() {
    let provider = provider().await;
    let login = Login::new(client(&provider.url, "/bff/callback"), KEY).unwrap();
    let login = login.api("http://127.0.0.1:9").unwrap();
    let mut browser = Browser::of(login.wrap(Router::new()));
    let answer = browser.get("/api/orders").await;
    assert_eq!(answer.json()["type"], cardea_client::bff::LOGIN_REQUIRED);
}

#[test]
fn n9_the_debug_of_a_wrong_login_is_its_sentence() {
    let good = || client("https://id.example.com", "/callback");
    for error in [
        Login::new(client("no issuer", "/callback"), KEY).err(),
        Login::new(ClientConfig::default(), KEY).err(),
        Login::new(good(), "short").err(),
        Login::new(good(), String::new()).err(),
        Login::new(
            ClientConfig::cardea(
                "https://id.example.com",
                "a",
                "http://app.example.com/callback",
            ),
            KEY,
        )
        .err(),
        Login::new(good(), KEY).unwrap().api("no URL").err(),
        Login::new(good(), KEY)
            .unwrap()
            .trusted_proxies(["proxy"])
            .err(),
        Login::new(good(), KEY)
            .unwrap()
            .sessions_with(|sessions| sessions.name = "A".to_owned())
            .err(),
        Login::new(good(), KEY)
            .unwrap()
            .routes_with(|routes| routes.paths.user = "user".to_owned())
            .err(),
    ] {
        let error = error.unwrap();
        assert_eq!(format!("{error:?}"), error.to_string());
        assert!(error.to_string().contains(' '), "{error}");
    }
}

#[tokio::test]
async fn n9_what_is_wrong_with_a_provider_is_said() {
    let provider = provider().await;
    for (issuer, expected) in [
        (format!("{}/", provider.url), "a slash at the end counts"),
        (format!("{}/realms/x", provider.url), "404"),
        ("http://127.0.0.1:9".to_owned(), "Does it run"),
    ] {
        let login = Login::new(client(&issuer, "/callback"), KEY).unwrap();
        let error = login.ready().await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(format!("{error:?}"), error.to_string());
    }
}

#[tokio::test]
async fn b6_every_error_of_a_page_is_a_page() {
    let down = client("http://127.0.0.1:9", "/callback");
    let login = Login::new(down, KEY).unwrap();
    let mut browser = Browser::of(app(&login));
    for (method, path, status) in [
        (Method::GET, "/login", 503),
        (Method::GET, "/login?return_to=//evil.example", 400),
        (Method::GET, "/callback", 400),
        (Method::GET, "/callback?error=access_denied&state=x", 400),
        (Method::POST, "/save", 401),
    ] {
        let page = browser.send(method, path, &PAGE, "").await;
        assert_eq!(page.status.as_u16(), status, "{path}");
        assert_eq!(
            page.header("content-type"),
            Some("text/html; charset=utf-8"),
            "{path}"
        );
        assert_eq!(page.header("cache-control"), Some("no-store"));
        let text = page.text();
        assert!(text.contains("prefers-color-scheme:dark") && text.contains("name=\"viewport\""));
        assert!(
            !text.contains("<script") && !text.contains("src=") && !text.contains("http"),
            "{text}"
        );
        assert!(!text.contains("evil"), "{text}");
        assert!(text.contains("<a href=\"/"), "it leads on: {text}");
    }
}

#[tokio::test]
async fn b6_an_app_makes_its_own_page() {
    let down = client("http://127.0.0.1:9", "/callback");
    let login = Login::new(down, KEY).unwrap();
    let login = login
        .error_page(|error| format!("ours: {:?} {}", error.kind, error.link.href).into_response());
    let mut browser = Browser::of(app(&login.unwrap()));
    let page = browser.send(Method::GET, "/login", &PAGE, "").await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(page.text(), "ours: Unavailable /login");
    assert!(page.header("retry-after").is_some());
    let page = browser.send(Method::POST, "/save", &PAGE, "").await;
    assert_eq!(
        (page.status.as_u16(), page.text()),
        (401, "ours: SessionEnded /login")
    );
}

/// A callback with an invented code from this address.
async fn calls_back(site: &super::world::Site, address: [u8; 4]) -> StatusCode {
    let mut browser = site.browser();
    let login = site.begin(&mut browser, "/").await;
    let jar: Vec<String> = browser
        .jar
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let mut request = Request::get(site.callback(&login))
        .header("cookie", jar.join("; "))
        .header("host", "app.example.test")
        .body(Body::empty())
        .unwrap();
    let peer = Peer::Tcp {
        address: (address, 4711).into(),
        tls: true,
    };
    request.extensions_mut().insert(peer);
    site.router.clone().oneshot(request).await.unwrap().status()
}

#[tokio::test]
async fn s4_invented_codes_are_limited_by_their_network() {
    let site = site().await;
    let dead = Scripted::new(400, "application/json", r#"{"error":"invalid_grant"}"#);
    site.world.provider.says("/token", dead);
    for _ in 0..30 {
        assert_eq!(
            calls_back(&site, [203, 0, 113, 7]).await,
            StatusCode::BAD_REQUEST
        );
    }
    let asked = site.world.provider.asked("/token").len();
    for last in 0..20 {
        assert_eq!(
            calls_back(&site, [203, 0, 113, last]).await,
            StatusCode::TOO_MANY_REQUESTS
        );
    }
    assert_eq!(site.world.provider.asked("/token").len(), asked);
    assert_eq!(
        calls_back(&site, [198, 51, 100, 7]).await,
        StatusCode::BAD_REQUEST
    );
    site.passes(3);
    assert_eq!(
        calls_back(&site, [203, 0, 113, 7]).await,
        StatusCode::BAD_REQUEST,
        "it comes back"
    );
}

#[tokio::test]
async fn s4_failures_of_many_networks_stop_no_network_without_failures() {
    let site = site().await;
    let dead = Scripted::new(400, "application/json", r#"{"error":"invalid_grant"}"#);
    site.world.provider.says("/token", dead);
    let asked = || site.world.provider.asked("/token").len();
    // Far below the limit of each network.
    for round in 0..5 {
        for network in 0..60 {
            let status = calls_back(&site, [60 + network, 1, 1, round]).await;
            assert_eq!(status, StatusCode::BAD_REQUEST);
        }
    }
    assert_eq!(asked(), 300);
    for network in 0..60 {
        let status = calls_back(&site, [60 + network, 1, 1, 9]).await;
        // A few come back while this runs.
        let known = [StatusCode::TOO_MANY_REQUESTS, StatusCode::BAD_REQUEST];
        assert!(known.contains(&status), "{status}");
    }
    assert!(asked() < 310, "{}", asked());
    // The address of this browser is another network's.
    let mut browser = site.browser();
    let good = site.log_in(&mut browser, "/").await;
    assert_eq!(good.status, StatusCode::SEE_OTHER);
    site.passes(60);
    site.world.provider.says(
        "/token",
        Scripted::new(400, "application/json", r#"{"error":"invalid_grant"}"#),
    );
    let status = calls_back(&site, [60, 1, 1, 1]).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "it comes back");
}

#[tokio::test]
async fn s4_logins_that_succeed_or_are_declined_are_not_counted() {
    let site = site().await;
    for _ in 0..40 {
        let mut browser = site.browser();
        assert_eq!(
            site.log_in(&mut browser, "/").await.status,
            StatusCode::SEE_OTHER
        );
        let login = site.begin(&mut browser, "/").await;
        let issuer: String =
            form_urlencoded::byte_serialize(site.world.provider.url.as_bytes()).collect();
        let declined = format!(
            "/bff/callback?error=access_denied&state={}&iss={issuer}",
            login["state"]
        );
        assert_eq!(browser.get(&declined).await.status, StatusCode::FORBIDDEN);
    }
}

#[tokio::test]
async fn b1_a_neighbours_cookie_spoils_no_session() {
    let site = site().await;
    let browser = site.logged_in().await;
    let ours: Vec<String> = browser
        .jar
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    for neighbour in [
        &b"city=M\xc3\xbcnchen"[..],
        b"raw=\xff\xfe",
        b"=;;; ;a",
        b"q=\"a b\"",
    ] {
        let mut line = [neighbour, b"; "].concat();
        line.extend(ours.join("; ").bytes());
        line.extend(b"; ");
        line.extend(neighbour);
        let cookie = http::HeaderValue::from_bytes(&line).unwrap();
        let request = Request::get("/bff/user").header("cookie", cookie);
        let request = request.body(Body::empty()).unwrap();
        let answer = site.router.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn n10_a_test_brings_its_own_clock() {
    let provider = provider().await;
    let clock = Arc::new(TestClock::new());
    let config = client(&provider.url, "/callback");
    let login = Login::with_clock(&config, KEY, clock, Entropy::seeded(1)).unwrap();
    let login = login.store(MemoryStore::default());
    assert_eq!(login.sessions().origin(), ORIGIN);
}
