//! Private cookies reach only their owner.

use axum::{Router, routing::any};
use http::header::{COOKIE, SET_COOKIE};
use serde_json::Value;

use crate::{
    behind::{mirror, serve},
    stage::{Stage, config, start},
};

async fn two_routes(upstream: &str) -> Stage {
    let text = format!(
        "[[upstreams]]\nname = \"all\"\nurl = \"{upstream}\"\n\
         [[routes]]\nprefix = \"/auth\"\nupstream = \"all\"\nprivate_cookies = true\n\
         [[routes]]\nprefix = \"/\"\nupstream = \"all\"\n"
    );
    start(config(&text)).await
}

#[tokio::test]
async fn private_cookies_reach_only_their_owner() {
    let stage = two_routes(&mirror().await).await;
    let cookies =
        "a=1; __Host-cardea_session=secret; cardea_browser_9000=secret; __Host-cardea_app=2";
    for (path, expected) in [
        ("/auth/login", cookies),
        ("/auth", cookies),
        ("/authority", "a=1; __Host-cardea_app=2"),
        ("/", "a=1; __Host-cardea_app=2"),
    ] {
        let request = stage.client().get(stage.url(path)).header(COOKIE, cookies);
        let seen: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(
            seen["headers"]["cookie"],
            serde_json::json!([expected]),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_request_with_only_private_cookies_arrives_without_cookies() {
    let stage = two_routes(&mirror().await).await;
    let request = stage
        .client()
        .get(stage.url("/"))
        .header(COOKIE, "__Host-cardea_session=secret");
    let seen: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(seen["headers"]["cookie"], Value::Null);
}

#[tokio::test]
async fn an_app_cannot_set_a_session_cookie_of_the_provider() {
    let cookies = [
        (SET_COOKIE, "mine=1; Path=/"),
        (SET_COOKIE, "__Host-cardea_session=planted; Path=/; Secure"),
    ];
    let answer = move || async move { (axum::response::AppendHeaders(cookies), "") };
    let stage = two_routes(&serve(Router::new().fallback(any(answer))).await).await;
    for (path, expected) in [("/auth", 2), ("/", 1)] {
        let answer = stage.get(path).await;
        let set: Vec<_> = answer.headers().get_all(SET_COOKIE).iter().collect();
        assert_eq!(set.len(), expected, "{path}");
        assert_eq!(set[0], "mine=1; Path=/");
    }
}
