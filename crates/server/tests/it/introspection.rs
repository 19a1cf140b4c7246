//! `/introspection`: what a client may know of its token, and an API of a token for it.

use cardea_testkit::{
    Browser, ISSUER, Person, TestServer,
    clients::{MAIL_API, OPAQUE, ORDERS_API, OTHER_SPA, POST, SIGNED, SPA, WEB},
    flows::{introspect, tokens},
};
use jiff::SignedDuration;
use serde_json::{Value, json};

fn inactive() -> Value {
    json!({ "active": false })
}

fn text<'a>(tokens: &'a Value, name: &str) -> &'a str {
    tokens[name].as_str().unwrap()
}

#[tokio::test]
async fn its_client_and_its_api_see_an_access_token_and_nobody_else() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let alice = server.subject(Person::ALICE).await.to_string();
    for (client, may) in [
        (WEB, &[WEB, ORDERS_API][..]),
        (OPAQUE, &[ORDERS_API]),
        (SPA, &[ORDERS_API]),
    ] {
        let tokens = tokens(&mut browser, client, (Person::ALICE, "openid orders:read")).await;
        let token = text(&tokens, "access_token");
        for asking in may {
            let seen = introspect(&server, *asking, token).await;
            assert_eq!(seen["active"], true);
            assert_eq!(
                (&seen["iss"], &seen["aud"]),
                (&ISSUER.into(), &"api://orders".into())
            );
            assert_eq!(
                (&seen["sub"], &seen["username"]),
                (&alice.clone().into(), &"alice".into())
            );
            assert_eq!(
                (&seen["client_id"], &seen["token_type"]),
                (&client.id.into(), &"Bearer".into())
            );
            assert_eq!(seen["scope"], "openid orders:read");
            assert!(seen["exp"].is_i64() && seen["iat"].is_i64() && seen["jti"].is_string());
        }
        for asking in [MAIL_API, POST, SIGNED] {
            assert_eq!(introspect(&server, asking, token).await, inactive());
        }
    }
}

#[tokio::test]
async fn a_token_for_the_issuer_is_its_clients_alone() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let tokens = tokens(&mut browser, WEB, (Person::ALICE, "openid")).await;
    let token = text(&tokens, "access_token");
    assert_eq!(introspect(&server, WEB, token).await["active"], true);
    assert_eq!(introspect(&server, ORDERS_API, token).await, inactive());
}

#[tokio::test]
async fn a_refresh_token_is_its_clients_alone() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let tokens = tokens(&mut browser, WEB, (Person::ALICE, "openid orders:read")).await;
    let token = text(&tokens, "refresh_token");
    let seen = introspect(&server, WEB, token).await;
    assert_eq!(
        (&seen["active"], &seen["token_use"]),
        (&true.into(), &"refresh_token".into())
    );
    assert_eq!(seen["scope"], "openid orders:read");
    assert!(seen.get("token_type").is_none() && seen.get("aud").is_none());
    for asking in [ORDERS_API, POST] {
        assert_eq!(introspect(&server, asking, token).await, inactive());
    }
}

#[tokio::test]
async fn anything_that_is_no_living_token_is_just_not_active() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let tokens = tokens(&mut browser, WEB, (Person::ALICE, "openid")).await;
    let long = "A".repeat(16_000);
    let access = text(&tokens, "access_token");
    for token in [
        "x",
        "a.b.c",
        &long,
        text(&tokens, "id_token"),
        &access[..access.len() - 3],
        &"A".repeat(72),
        "\u{202e}é",
    ] {
        assert_eq!(introspect(&server, WEB, token).await, inactive());
    }
    server.advance(SignedDuration::from_mins(15));
    assert_eq!(introspect(&server, WEB, access).await, inactive());
}

#[tokio::test]
async fn a_hint_never_changes_the_answer() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let tokens = tokens(&mut browser, WEB, (Person::ALICE, "openid")).await;
    for token in [
        text(&tokens, "access_token"),
        text(&tokens, "refresh_token"),
    ] {
        for hint in ["access_token", "refresh_token", "whatever"] {
            let fields = [("token", token), ("token_type_hint", hint)];
            let answer = server
                .post("/introspection")
                .form(&fields)
                .client(WEB)
                .send()
                .await;
            assert_eq!(answer.granted()["active"], true);
        }
    }
}

#[tokio::test]
async fn tokens_are_inactive_with_session_person_or_grant_gone() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let online = tokens(&mut browser, WEB, (Person::ALICE, "openid")).await;
    let mut other = Browser::new(&server);
    let bobs = tokens(&mut other, WEB, (Person::BOB, "openid offline_access")).await;
    let active = async |tokens: &Value, name| {
        introspect(&server, WEB, text(tokens, name)).await["active"] == true
    };
    assert!(active(&online, "access_token").await && active(&bobs, "access_token").await);
    server.disable_user(Person::BOB).await;
    assert!(!active(&bobs, "access_token").await && !active(&bobs, "refresh_token").await);
    let account = browser.open(&server.url("/account")).await;
    let form = account.forms().remove(0);
    browser
        .submit(&account, form, &[("action", "log_out")])
        .await;
    assert!(!active(&online, "access_token").await && !active(&online, "refresh_token").await);
}

#[tokio::test]
async fn who_does_not_prove_who_they_are_learns_nothing() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let tokens = tokens(&mut browser, SPA, (Person::ALICE, "openid")).await;
    let field = [("token", text(&tokens, "access_token"))];
    for call in [
        server.post("/introspection"),
        server.post("/introspection").client(SPA),
        server.post("/introspection").client(OTHER_SPA),
        server.post("/introspection").basic("web", "wrong"),
        server.post("/introspection").bearer(field[0].1),
    ] {
        call.form(&field)
            .send()
            .await
            .refused(401, "invalid_client");
    }
}

#[tokio::test]
async fn malformed_requests_are_refused() {
    let server = TestServer::start().await;
    let ask = || server.post("/introspection").client(WEB);
    ask().send().await.refused(415, "invalid_request");
    ask()
        .form(&[("token_type_hint", "x")])
        .send()
        .await
        .refused(400, "invalid_request");
    ask()
        .form(&[("token", "")])
        .send()
        .await
        .refused(400, "invalid_request");
    ask()
        .form(&[("token", "a"), ("token", "b")])
        .send()
        .await
        .refused(400, "invalid_request");
    ask()
        .form(&[("token", &"a".repeat(17_000))])
        .send()
        .await
        .refused(400, "invalid_request");
    for method in ["GET", "PUT", "OPTIONS"] {
        let answer = server
            .call(method, "/introspection")
            .client(WEB)
            .send()
            .await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("allow")),
            (405, Some("POST")),
            "{method}"
        );
    }
}
