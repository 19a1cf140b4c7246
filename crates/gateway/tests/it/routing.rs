//! Which requests are forwarded to which upstream.

use serde_json::Value;

use crate::{
    behind::{mirror, named},
    stage::{HOST, Stage, before, config, start, status},
};

async fn crossing() -> Stage {
    let mut text = String::new();
    for name in ["app", "api", "admin"] {
        let url = named(name).await;
        text += &format!("[[upstreams]]\nname = \"{name}\"\nurl = \"{url}\"\n");
    }
    for (prefix, upstream) in [("/", "app"), ("/api", "api"), ("/api/admin/", "admin")] {
        text += &format!("[[routes]]\nprefix = \"{prefix}\"\nupstream = \"{upstream}\"\n");
    }
    start(config(&text)).await
}

#[tokio::test]
async fn the_longest_prefix_wins_at_the_boundary_of_a_segment() {
    let stage = crossing().await;
    for (path, upstream) in [
        ("/", "app"),
        ("/apis", "app"),
        ("/api", "api"),
        ("/api/", "api"),
        ("/api?x=/api/admin", "api"),
        ("/api/administration", "api"),
        ("/api/admin", "admin"),
        ("/api/admin/users", "admin"),
    ] {
        assert_eq!(
            stage.get(path).await.text().await.unwrap(),
            upstream,
            "{path}"
        );
    }
}

#[tokio::test]
async fn an_encoded_prefix_matches_its_route() {
    let stage = crossing().await;
    for target in ["/%61pi/admin", "/api/%61dmin/x"] {
        let request = format!("GET {target} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n");
        assert!(stage.raw(&request).await.ends_with("admin"), "{target}");
    }
}

#[tokio::test]
async fn an_ambiguous_path_reaches_no_upstream() {
    let stage = crossing().await;
    for target in [
        "/api/../admin",
        "/x/%2e%2e/api/admin",
        "/api/.%2e/x",
        "//api/admin",
        "/api//admin",
        "/api%2fadmin",
        "/api%5cadmin",
        "/api\\admin",
        "/api/..;/admin",
        "/%2e/api",
        "/api/%00",
        "/api/%0d%0aX-Evil:%201",
        "/api/%zz",
        "/api/%252e%252e/admin",
    ] {
        assert_eq!(stage.status_of(target).await, 400, "{target}");
    }
}

#[tokio::test]
async fn a_path_without_a_route_is_not_found() {
    let url = named("api").await;
    let text = format!(
        "[[upstreams]]\nname = \"api\"\nurl = \"{url}\"\n[[routes]]\nprefix = \"/api\"\nupstream = \"api\"\n"
    );
    let stage = start(config(&text)).await;
    let answer = stage.get("/elsewhere").await;
    assert_eq!(answer.status(), 404);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
}

#[tokio::test]
async fn a_stripped_prefix_is_forwarded_in_a_header() {
    let url = mirror().await;
    let text = format!(
        "[[upstreams]]\nname = \"api\"\nurl = \"{url}\"\n[[routes]]\nprefix = \"/api/v1\"\nupstream = \"api\"\nstrip_prefix = true\n"
    );
    let stage = start(config(&text)).await;
    for (path, expected) in [
        ("/api/v1", "/"),
        ("/api/v1/orders/7?x=%2F&y", "/orders/7?x=%2F&y"),
        ("/api/v1/a%20b/", "/a%20b/"),
    ] {
        let seen: Value = stage.get(path).await.json().await.unwrap();
        assert_eq!(seen["target"], expected, "{path}");
        assert_eq!(seen["headers"]["x-forwarded-prefix"][0], "/api/v1");
    }
}

#[tokio::test]
async fn only_configured_hosts_are_answered() {
    let stage = before(&named("app").await).await;
    for (host, expected) in [
        (HOST, 200),
        ("APP.test", 200),
        ("app.test:80", 200),
        ("app.test:443", 421),
        ("app.test:81", 421),
        ("evil.test", 421),
        ("app.test.evil.test", 421),
        ("evil.test@app.test", 421),
        ("127.0.0.1", 421),
        ("", 421),
    ] {
        let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        assert_eq!(status(&stage.raw(&request).await), expected, "{host}");
    }
}

#[tokio::test]
async fn a_request_has_exactly_one_host() {
    let stage = before(&named("app").await).await;
    for (request, expected) in [
        ("GET / HTTP/1.1\r\nConnection: close\r\n\r\n", 400),
        (
            "GET / HTTP/1.1\r\nHost: app.test\r\nHost: evil.test\r\nConnection: close\r\n\r\n",
            400,
        ),
        (
            "GET / HTTP/1.1\r\nHost: app.test\r\nHost: app.test\r\nConnection: close\r\n\r\n",
            400,
        ),
        (
            "GET http://app.test/ HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n",
            200,
        ),
        (
            "GET http://app.test/ HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n",
            400,
        ),
        (
            "GET http://evil.test/ HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n",
            400,
        ),
        (
            "GET http://evil.test/ HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n",
            421,
        ),
    ] {
        assert_eq!(status(&stage.raw(request).await), expected, "{request}");
    }
}

#[tokio::test]
async fn connect_and_trace_are_refused() {
    let stage = before(&named("app").await).await;
    for request in [
        "CONNECT app.test:443 HTTP/1.1\r\nHost: app.test:443\r\nConnection: close\r\n\r\n",
        "TRACE / HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n",
    ] {
        assert_eq!(status(&stage.raw(request).await), 405, "{request}");
    }
}

#[tokio::test]
async fn g1_a_route_with_a_limit_cannot_be_reached_by_another_reading_of_its_path() {
    let text = crate::stage::everything_to(&named("app").await, "")
        + "[[routes]]\nprefix = \"/lim\"\nupstream = \"app\"\nrequests_per_minute = 1\n";
    let stage = start(config(&text)).await;
    assert_eq!(stage.status_of("/lim").await, 200);
    assert_eq!(stage.status_of("/lim").await, 429);
    for target in [
        "/lim/x",
        "/%6cim",
        // A format is no other page, and a script gets the rest of the path.
        "/lim.json",
        "/LIM.json",
        "/lim%2ejson",
        "/lim.json;x",
        "/lim.json/x",
        "/lim.xml.json",
        "/index.php/lim",
        "/app.php/Lim.json",
    ] {
        assert_eq!(stage.status_of(target).await, 429, "{target}");
    }
    for target in [
        "/LIM",
        "/Lim/x",
        "/lim;a",
        "/lim;a=b/x",
        "/lim%20",
        "/lim%C2%A0",
        "/lim.",
        "/lim%2e",
        "/lim%2e%2e",
        "/lim.;x",
        "/lim;.json",
        "/lim:x",
        "/lim::$DATA",
        "/lim%3fx",
        "/%256cim",
        "/li%E2%80%8Bm",
        "/%EF%BD%8C%EF%BD%89%EF%BD%8D",
        "//lim",
        "/lim//",
        "/./lim",
    ] {
        assert_eq!(stage.status_of(target).await, 400, "{target}");
    }
    for target in [
        "/",
        "/limes",
        "/Other/LIM",
        "/a;b:c%20",
        "/lim-it",
        "/caf%C3%A9.html",
    ] {
        assert_eq!(stage.status_of(target).await, 200, "{target}");
    }
}

/// Two names of one server, and a script that is also found without its format.
#[tokio::test]
async fn g1_a_limit_holds_for_every_name_of_the_server_and_every_format() {
    let url = named("app").await;
    let other = url.replace("127.0.0.1", "localhost");
    let text = crate::stage::everything_to(&url, "")
        + &format!("[[upstreams]]\nname = \"same\"\nurl = \"{other}\"\n")
        + "[[routes]]\nprefix = \"/lim\"\nupstream = \"same\"\nrequests_per_minute = 1\n\
           [[routes]]\nprefix = \"/wp-login.php\"\nupstream = \"app\"\nrequests_per_minute = 1\n";
    let stage = start(config(&text)).await;
    for (first, others) in [
        ("/lim.json", ["/lim", "/lim.xml", "/index.php/lim"]),
        (
            "/wp-login",
            ["/wp-login.php", "/wp-login.php/x", "/WP-Login"],
        ),
    ] {
        assert_eq!(stage.status_of(first).await, 200);
        for target in others {
            assert_eq!(stage.status_of(target).await, 429, "{target}");
        }
    }
}

#[tokio::test]
async fn a_format_does_not_change_the_upstream() {
    let stage = crossing().await;
    let answer = stage.get("/api.html").await;
    assert_eq!(answer.text().await.unwrap(), "app");
}

/// Every reading of a path holds, not only the one of the longest prefix.
#[tokio::test]
async fn g1_a_second_reading_takes_no_setting_of_the_route_away() {
    let url = mirror().await;
    let route = |prefix: &str, more: &str| {
        format!("[[routes]]\nprefix = \"{prefix}\"\nupstream = \"app\"\n{more}\n")
    };
    let strict = "max_body_bytes = 10\ndrop_headers = [\"X-Acme-*\"]\nrequests_per_minute = 5";
    let text = crate::stage::everything_to(&url, strict)
        + &route("/login.php", "requests_per_minute = 1")
        + &route("/assets", "")
        + &route("/assets/css", "private_cookies = true")
        + &route("/small", "max_body_bytes = 5\ndrop_headers = [\"X-Other\"]");
    let stage = start(config(&text)).await;
    // The limits of `/login.php` and of what could be behind it.
    assert_eq!(stage.status_of("/login.php").await, 200);
    for target in [
        "/login.php/assets/css",
        "/login.php/assets",
        "/login.php/assets/x.css",
        "/login.php/x/small",
        "/login/assets",
    ] {
        assert_eq!(stage.status_of(target).await, 429, "{target}");
    }
    let post = async |path: &str, size: usize| {
        let request = stage.client().post(stage.url(path));
        let request = request
            .header("x-acme-user", "root")
            .header("x-other", "root");
        let request = request.header("cookie", "__Host-cardea_session=secret");
        request.body("x".repeat(size)).send().await.unwrap()
    };
    assert_eq!(post("/form.php/assets", 20).await.status(), 413);
    assert_eq!(post("/form.php/small", 7).await.status(), 413);
    let text = post("/form.php/small/assets/css", 5)
        .await
        .text()
        .await
        .unwrap();
    assert!(!text.contains("root") && !text.contains("secret"), "{text}");
    // Two of them also used up the limit of `/`.
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(stage.status_of("/index.php/assets").await);
    }
    assert_eq!(statuses, [200, 429, 429, 429]);
    for _ in 0..6 {
        assert_eq!(stage.status_of("/assets/app.min.js").await, 200);
        assert_eq!(stage.status_of("/assets/css/v1.2/a.css").await, 200);
    }
}

#[tokio::test]
async fn g3_a_prefix_that_looks_like_a_pattern_is_refused() {
    for prefix in ["/a*", "/a/*", "/a{id}", "/a$", "/a?x", "/a#b"] {
        let text = format!(
            "[[upstreams]]\nname = \"a\"\nurl = \"http://127.0.0.1:1\"\n[[routes]]\nprefix = \"{prefix}\"\nupstream = \"a\"\n"
        );
        let gateway = cardea_gateway::Gateway::new(
            config(&text),
            std::sync::Arc::new(cardea_web::clock::SystemClock),
            cardea_client::Entropy::seeded(7),
            tokio_util::sync::CancellationToken::new(),
        );
        let problems = gateway.err().unwrap().to_string();
        assert!(
            problems.contains("prefix: not a literal path"),
            "{problems}"
        );
    }
}

#[tokio::test]
async fn a_gateway_that_is_its_own_upstream_answers_508_at_once() {
    let (listener, url) = cardea_testkit::listen().await;
    let stage = crate::stage::start_at(
        config(&crate::stage::everything_to(&url, "")),
        listener,
        None,
    )
    .await;
    let answer = stage
        .client()
        .get(stage.url("/"))
        .header("host", HOST)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 508);
}

#[tokio::test]
async fn via_is_sent_after_that_of_other_proxies() {
    let stage = before(&mirror().await).await;
    let request = stage
        .client()
        .get(stage.url("/"))
        .header("via", "1.0 cardea-first");
    let seen: Value = request.send().await.unwrap().json().await.unwrap();
    let via = &seen["headers"]["via"];
    assert_eq!(via[0], "1.0 cardea-first");
    assert!(via[1].as_str().unwrap().starts_with("1.1 cardea-"), "{via}");
}
