//! The page and its files. Its use is tested in a browser (`tests/e2e`) and through `cardea dev`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use axum::body::Body;
use cardea_client::rp::ClientConfig;
use cardea_spa_bff::{Config, router};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

fn config() -> Config {
    let callback = "http://localhost:5173/bff/callback";
    let login = ClientConfig::cardea("http://127.0.0.1:9", "bff", callback);
    Config {
        login,
        ..Config::default()
    }
}

async fn get(config: &Config, path: &str) -> (StatusCode, HeaderMap, String) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let (parts, body) = router(config)
        .unwrap()
        .oneshot(request)
        .await
        .unwrap()
        .into_parts();
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    (
        parts.status,
        parts.headers,
        String::from_utf8(body).unwrap(),
    )
}

#[tokio::test]
async fn all_that_the_page_and_its_modules_ask_for_is_there() {
    let (_, _, page) = get(&config(), "/").await;
    let mut wanted: Vec<String> = page
        .split('"')
        .filter(|text| text.starts_with('/') && text.contains('.'))
        .map(str::to_owned)
        .collect();
    assert!(wanted.len() > 3, "{wanted:?}");
    while let Some(path) = wanted.pop() {
        let (status, headers, text) = get(&config(), &path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        let kind = headers["content-type"].to_str().unwrap().to_owned();
        assert!(kind.ends_with("; charset=utf-8"), "{path}: {kind}");
        let imports = text.split("from './").skip(1);
        wanted.extend(imports.map(|rest| format!("/{}", rest.split('\'').next().unwrap())));
    }
}

#[tokio::test]
async fn nothing_is_inline_and_nothing_from_elsewhere() {
    let notice = Some("TEST <script>".to_owned());
    let (_, headers, page) = get(&Config { notice, ..config() }, "/").await;
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self';"),
        "{policy}"
    );
    assert!(!policy.contains("unsafe"), "{policy}");
    assert!(page.contains("TEST &#60;script&#62;"), "{page}");
    assert_eq!(page.matches("<script").count(), 1);
    assert!(
        !page.contains("style=") && !page.contains("onclick") && !page.contains("http"),
        "{page}"
    );
}

#[tokio::test]
async fn the_page_is_told_where_the_api_is() {
    let elsewhere = Config {
        api_prefix: "/bff/api".to_owned(),
        ..config()
    };
    for (config, prefix) in [(config(), "/api"), (elsewhere, "/bff/api")] {
        let (_, _, page) = get(&config, "/").await;
        assert!(
            page.contains(&format!("<meta name=\"api\" content=\"{prefix}\">")),
            "{page}"
        );
        let (status, _, problem) = get(&config, &format!("{prefix}/orders")).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        assert!(
            problem.contains("urn:cardea:problem:login-required"),
            "{problem}"
        );
    }
}

#[tokio::test]
async fn a_login_that_fails_comes_back_to_the_page() {
    let (status, headers, _) = get(&config(), "/bff/callback?error=access_denied&state=x").await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert!(
        headers["location"]
            .to_str()
            .unwrap()
            .starts_with("http://localhost:5173/?error=")
    );
}

#[tokio::test]
async fn an_unknown_address_is_a_page_that_leads_back() {
    let (status, headers, page) = get(&config(), "/nothing").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(headers.contains_key("content-security-policy"));
    assert!(page.contains("Page not found") && page.contains(r#"href="/""#));
}
