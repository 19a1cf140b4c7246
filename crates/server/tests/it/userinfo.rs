//! `/userinfo`: who is it, to whoever has a token of an OpenID request.

use cardea_testkit::{
    Browser, ISSUER, Person, TestClient, TestServer,
    clients::{EXCUSED, OPAQUE, SCRIPT, SPA, WEB},
    flows::tokens,
    jwt,
};
use jiff::SignedDuration;
use serde_json::Value;

async fn access(server: &TestServer, client: TestClient, scope: &str) -> String {
    let mut browser = Browser::new(server);
    let tokens = tokens(&mut browser, client, (Person::ALICE, scope)).await;
    tokens["access_token"].as_str().unwrap().to_owned()
}

fn members(claims: &Value) -> Vec<&str> {
    let members = claims.as_object().unwrap().keys();
    let mut members: Vec<_> = members.map(String::as_str).collect();
    members.sort_unstable();
    members
}

#[tokio::test]
async fn each_scope_gives_its_claims() {
    let server = TestServer::start().await;
    let profile = [
        "family_name",
        "given_name",
        "locale",
        "name",
        "preferred_username",
        "sub",
        "updated_at",
        "zoneinfo",
    ];
    for (scope, expected) in [
        ("openid", &["sub"][..]),
        ("openid email", &["email", "email_verified", "sub"]),
        (
            "openid phone",
            &["phone_number", "phone_number_verified", "sub"],
        ),
        ("openid address", &["address", "sub"]),
        ("openid profile", &profile),
    ] {
        let token = access(&server, SPA, scope).await;
        let claims = server
            .get("/userinfo")
            .bearer(&token)
            .send()
            .await
            .granted();
        assert_eq!(members(&claims), expected);
        assert_eq!(
            claims["sub"],
            server.subject(Person::ALICE).await.to_string()
        );
    }
}

#[tokio::test]
async fn the_token_comes_in_the_header_or_in_a_form() {
    let server = TestServer::start().await;
    let token = access(&server, SPA, "openid email").await;
    let form = "application/x-www-form-urlencoded";
    for call in [
        server.get("/userinfo").bearer(&token),
        server
            .get("/userinfo")
            .header("authorization", &format!("bearer {token}")),
        server.post("/userinfo").bearer(&token),
        server.post("/userinfo").bearer(&token).body(form, ""),
        server
            .post("/userinfo")
            .bearer(&token)
            .body("application/json", "{}"),
        server.post("/userinfo").form(&[("access_token", &token)]),
    ] {
        assert_eq!(call.send().await.granted()["email"], "alice@example.test");
    }
}

#[tokio::test]
async fn a_token_that_comes_twice_or_otherwise_is_an_invalid_request() {
    let server = TestServer::start().await;
    let token = access(&server, SPA, "openid").await;
    for call in [
        server.get("/userinfo").bearer(&token).bearer(&token),
        server
            .post("/userinfo")
            .bearer(&token)
            .form(&[("access_token", &token)]),
        server
            .post("/userinfo")
            .form(&[("access_token", &token), ("access_token", &token)]),
        server.get("/userinfo").basic("spa", &token),
    ] {
        let answer = call.send().await;
        answer.refused(400, "invalid_request");
        let challenge = answer.header("www-authenticate").unwrap();
        assert!(challenge.starts_with("Bearer realm=\"cardea\", error=\"invalid_request\""));
    }
}

#[tokio::test]
async fn without_a_token_only_the_scheme_is_named() {
    let server = TestServer::start().await;
    let token = access(&server, SPA, "openid").await;
    for call in [
        server.get("/userinfo"),
        server.get("/userinfo").query(&[("access_token", &token)]),
        server.post("/userinfo").form(&[("access_token", "")]),
    ] {
        let answer = call.send().await;
        assert_eq!(answer.status, 401);
        let challenge = answer.header("www-authenticate").unwrap();
        assert!(
            !challenge.contains("error") && challenge.starts_with("Bearer"),
            "{challenge}"
        );
    }
}

#[tokio::test]
async fn what_is_no_living_access_token_is_an_invalid_token() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let all = tokens(&mut browser, SPA, (Person::ALICE, "openid")).await;
    let access = all["access_token"].as_str().unwrap();
    let opaque = tokens(&mut browser, OPAQUE, (Person::ALICE, "openid")).await;
    let opaque = opaque["access_token"].as_str().unwrap();
    let last = |text: &str| if text.ends_with('A') { "Q" } else { "A" };
    let first = |text: &str| if text.starts_with('A') { "B" } else { "A" };
    let own = server
        .post("/token")
        .form(&[
            ("grant_type", "client_credentials"),
            ("scope", "orders:read"),
        ])
        .client(SCRIPT)
        .send()
        .await
        .granted();
    let (head, tail) = access.rsplit_once('.').unwrap();
    let none = head.replacen(
        access.split('.').next().unwrap(),
        "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0",
        1,
    );
    for token in [
        "x",
        "a.b.c",
        all["id_token"].as_str().unwrap(),
        all["refresh_token"].as_str().unwrap(),
        own["access_token"].as_str().unwrap(),
        &format!("{head}.{}{}", first(tail), &tail[1..]),
        &format!("{none}."),
        &format!("{}{}", &opaque[..opaque.len() - 1], last(opaque)),
        &"A".repeat(20_000),
    ] {
        let answer = server.get("/userinfo").bearer(token).send().await;
        answer.refused(401, "invalid_token");
        let challenge = answer.header("www-authenticate").unwrap();
        assert!(challenge.starts_with("Bearer realm=\"cardea\", error=\"invalid_token\""));
    }
    server
        .get("/userinfo")
        .bearer(access)
        .send()
        .await
        .granted();
    server
        .get("/userinfo")
        .bearer(opaque)
        .send()
        .await
        .granted();
    server.advance(SignedDuration::from_mins(15));
    for token in [access, opaque] {
        let answer = server.get("/userinfo").bearer(token).send().await;
        answer.refused(401, "invalid_token");
    }
}

#[tokio::test]
async fn without_openid_the_scope_is_insufficient() {
    let server = TestServer::start().await;
    let token = access(&server, SPA, "profile").await;
    let answer = server.get("/userinfo").bearer(&token).send().await;
    answer.refused(403, "insufficient_scope");
    let challenge = answer.header("www-authenticate").unwrap();
    assert!(challenge.ends_with("scope=\"openid\""), "{challenge}");
}

#[tokio::test]
async fn t5_a_token_for_an_api_is_refused_unless_the_client_allows_it() {
    let server = TestServer::builder()
        .client("web", |c| c.userinfo_with_api_token = true)
        .start()
        .await;
    let token = access(&server, WEB, "openid email orders:read").await;
    let claims = server
        .get("/userinfo")
        .bearer(&token)
        .send()
        .await
        .granted();
    assert_eq!(claims["email"], "alice@example.test");
    for client in [SPA, EXCUSED] {
        let token = access(&server, client, "openid email orders:read").await;
        let answer = server.get("/userinfo").bearer(&token).send().await;
        answer.refused(401, "invalid_token");
    }
}

#[tokio::test]
async fn a_client_that_asks_for_it_gets_a_signed_answer() {
    let server = TestServer::start().await;
    let token = access(&server, EXCUSED, "openid email").await;
    let answer = server.get("/userinfo").bearer(&token).send().await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/jwt"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(jwt::header(answer.text())["alg"], "ES256");
    let claims = jwt::claims(answer.text());
    assert_eq!(
        (&claims["iss"], &claims["aud"]),
        (&ISSUER.into(), &"excused".into())
    );
    assert_eq!(claims["email"], "alice@example.test");
    let again = server.get("/userinfo").bearer(answer.text()).send().await;
    again.refused(401, "invalid_token");
}

#[tokio::test]
async fn other_methods_are_not_allowed() {
    let server = TestServer::start().await;
    let answer = server.call("PUT", "/userinfo").send().await;
    answer.refused(405, "invalid_request");
}
