//! Which pages of other origins may read what (D21).

use cardea_testkit::{
    Answer, Browser, Call, Person, TestServer,
    clients::{EXCUSED, SPA, WEB},
    flows::tokens,
};

const APP: &str = "https://app.example.test";
const OTHER: &str = "https://other.example.test";
const ALLOWED: &str = "https://allowed.example.test";
const STRANGERS: [&str; 6] = [
    "null",
    "https://evil.example.test",
    "http://app.example.test",
    "https://app.example.test:444",
    "https://web.example.test",
    "https://app.example.test.evil.example.test",
];

fn readable(answer: &Answer) -> Option<&str> {
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    let vary = answer.header("vary").unwrap_or_default();
    assert!(vary.to_lowercase().contains("origin"), "{vary}");
    answer.header("access-control-allow-origin")
}

fn preflight(server: &TestServer, path: &str, origin: &str) -> Call {
    server
        .call("OPTIONS", path)
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization")
}

#[tokio::test]
async fn a_preflight_is_allowed_to_origins_of_clients_alone() {
    let server = TestServer::start().await;
    for path in ["/token", "/revocation", "/userinfo"] {
        for origin in [APP, OTHER, ALLOWED] {
            let answer = preflight(&server, path, origin).send().await;
            assert_eq!(
                (answer.status.as_u16(), readable(&answer)),
                (204, Some(origin))
            );
            assert!(
                answer
                    .header("access-control-allow-methods")
                    .unwrap()
                    .contains("POST")
            );
            let headers = answer.header("access-control-allow-headers").unwrap();
            assert!(headers.contains("authorization") && headers.contains("content-type"));
        }
        for origin in STRANGERS {
            let answer = preflight(&server, path, origin).send().await;
            assert_eq!(
                (answer.status.as_u16(), readable(&answer)),
                (204, None),
                "{origin}"
            );
            assert_eq!(answer.header("access-control-allow-methods"), None);
        }
    }
}

#[tokio::test]
async fn endpoints_for_servers_and_pages_have_no_preflight() {
    let server = TestServer::start().await;
    for path in [
        "/introspection",
        "/authorize",
        "/login",
        "/account",
        "/end_session",
    ] {
        let answer = preflight(&server, path, APP).send().await;
        assert_eq!(answer.status, 405, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
}

#[tokio::test]
async fn a_token_answer_is_readable_for_this_clients_pages_alone() {
    let server = TestServer::start().await;
    let ask = |origin: &str| server.post("/token").header("origin", origin);
    for grant in ["refresh_token", "x"] {
        let fields = [("grant_type", grant), ("refresh_token", "x")];
        let answer = ask(APP).client(SPA).form(&fields).send().await;
        assert_eq!(readable(&answer), Some(APP), "errors too");
        assert!(
            answer
                .header("access-control-expose-headers")
                .unwrap()
                .contains("x-request-id")
        );
        for stranger in STRANGERS.into_iter().chain([OTHER, ALLOWED]) {
            let answer = ask(stranger).client(SPA).form(&fields).send().await;
            assert_eq!(readable(&answer), None, "{stranger}");
        }
    }
    let answer = ask(APP)
        .client(WEB)
        .form(&[("grant_type", "x")])
        .send()
        .await;
    assert_eq!(
        readable(&answer),
        None,
        "a confidential client has no pages"
    );
    let answer = ask("https://web.example.test")
        .client(WEB)
        .form(&[("grant_type", "x")])
        .send()
        .await;
    assert_eq!(readable(&answer), None);
    let answer = ask(ALLOWED)
        .client(EXCUSED)
        .form(&[("grant_type", "x")])
        .send()
        .await;
    assert_eq!(readable(&answer), Some(ALLOWED), "but for allowed_origins");
}

#[tokio::test]
async fn userinfo_and_revocation_are_readable_for_the_tokens_client() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let tokens = tokens(&mut browser, SPA, (Person::ALICE, "openid")).await;
    let access = tokens["access_token"].as_str().unwrap();
    for (origin, allowed) in [(APP, Some(APP)), (OTHER, None), ("null", None)] {
        let call = server
            .get("/userinfo")
            .bearer(access)
            .header("origin", origin);
        assert_eq!(readable(&call.send().await), allowed);
        let call = server
            .post("/revocation")
            .client(SPA)
            .form(&[("token", "x")]);
        assert_eq!(
            readable(&call.header("origin", origin).send().await),
            allowed
        );
    }
    let call = server.get("/userinfo").bearer("x").header("origin", APP);
    assert_eq!(
        readable(&call.send().await),
        Some(APP),
        "its page may learn that the token is no good"
    );
    let call = server
        .get("/userinfo")
        .bearer("x")
        .header("origin", "https://evil.example.test");
    assert_eq!(readable(&call.send().await), None);
}

#[tokio::test]
async fn pages_are_readable_for_nobody() {
    let server = TestServer::start().await;
    for path in [
        "/login",
        "/account",
        "/authorize",
        "/health/ready",
        "/metrics",
        "/nowhere",
    ] {
        let answer = server.get(path).header("origin", APP).send().await;
        assert_eq!(answer.header("access-control-allow-origin"), None, "{path}");
    }
}

#[tokio::test]
async fn documents_for_everybody_have_a_preflight_for_everybody() {
    let server = TestServer::start().await;
    for path in [
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
        "/.well-known/jwks.json",
    ] {
        let call = server.call("OPTIONS", path).header("origin", STRANGERS[1]);
        let call = call.header("access-control-request-method", "GET");
        let answer = call.send().await;
        assert_eq!(answer.status, 204, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        assert_eq!(answer.header("access-control-allow-credentials"), None);
    }
}
