//! `/revocation`: a refresh token takes its grant with it, an access token goes alone.

use cardea_testkit::{
    Answer, Browser, Person, TestClient, TestServer,
    clients::{OPAQUE, ORDERS_API, OTHER_SPA, POST, SCRIPT, SPA, WEB},
    flows::{is_active, refresh, tokens},
};
use serde_json::Value;

fn text<'a>(tokens: &'a Value, name: &str) -> &'a str {
    tokens[name].as_str().unwrap()
}

async fn revoke(server: &TestServer, client: TestClient, token: &str) -> Answer {
    let call = server.post("/revocation").form(&[("token", token)]);
    call.client(client).send().await
}

fn done(answer: &Answer) {
    assert_eq!((answer.status.as_u16(), answer.text()), (200, ""));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn a_refresh_token_takes_everything_of_its_grant_with_it() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let first = tokens(&mut browser, WEB, (Person::ALICE, "openid offline_access")).await;
    let second = refresh(&server, WEB, text(&first, "refresh_token"))
        .await
        .granted();
    let elsewhere = tokens(&mut browser, WEB, (Person::ALICE, "openid")).await;
    done(&revoke(&server, WEB, text(&second, "refresh_token")).await);
    for access in [text(&first, "access_token"), text(&second, "access_token")] {
        assert!(!is_active(&server, WEB, access).await);
    }
    refresh(&server, WEB, text(&second, "refresh_token"))
        .await
        .refused(400, "invalid_grant");
    assert!(is_active(&server, WEB, text(&elsewhere, "access_token")).await);
}

#[tokio::test]
async fn an_old_refresh_token_revokes_its_grant_as_well() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let first = tokens(&mut browser, SPA, (Person::ALICE, "openid")).await;
    let second = refresh(&server, SPA, text(&first, "refresh_token"))
        .await
        .granted();
    done(&revoke(&server, SPA, text(&first, "refresh_token")).await);
    refresh(&server, SPA, text(&second, "refresh_token"))
        .await
        .refused(400, "invalid_grant");
}

#[tokio::test]
async fn an_access_token_goes_alone() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    for client in [WEB, SPA, OPAQUE] {
        let first = tokens(&mut browser, client, (Person::ALICE, "openid orders:read")).await;
        let second = refresh(&server, client, text(&first, "refresh_token"))
            .await
            .granted();
        done(&revoke(&server, client, text(&first, "access_token")).await);
        assert!(!is_active(&server, ORDERS_API, text(&first, "access_token")).await);
        assert!(is_active(&server, ORDERS_API, text(&second, "access_token")).await);
        let userinfo = server.get("/userinfo").bearer(text(&first, "access_token"));
        userinfo.send().await.refused(401, "invalid_token");
        done(&revoke(&server, client, text(&first, "access_token")).await);
        refresh(&server, client, text(&second, "refresh_token"))
            .await
            .granted();
    }
}

#[tokio::test]
async fn a_scripts_own_token_can_be_revoked() {
    let server = TestServer::start().await;
    let fields = [
        ("grant_type", "client_credentials"),
        ("scope", "orders:read"),
    ];
    let token = server
        .post("/token")
        .form(&fields)
        .client(SCRIPT)
        .send()
        .await
        .granted();
    assert!(is_active(&server, ORDERS_API, text(&token, "access_token")).await);
    done(&revoke(&server, SCRIPT, text(&token, "access_token")).await);
    assert!(!is_active(&server, ORDERS_API, text(&token, "access_token")).await);
}

#[tokio::test]
async fn another_clients_token_stays_and_the_answer_does_not_tell() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let all = tokens(&mut browser, WEB, (Person::ALICE, "openid orders:read")).await;
    for client in [POST, OTHER_SPA, ORDERS_API] {
        for name in ["access_token", "refresh_token", "id_token"] {
            done(&revoke(&server, client, text(&all, name)).await);
        }
    }
    assert!(is_active(&server, WEB, text(&all, "access_token")).await);
    refresh(&server, WEB, text(&all, "refresh_token"))
        .await
        .granted();
}

#[tokio::test]
async fn what_is_no_token_is_revoked_already() {
    let server = TestServer::start().await;
    for token in ["x", "a.b.c", &"A".repeat(72), &"A".repeat(16_000)] {
        done(&revoke(&server, WEB, token).await);
    }
}

#[tokio::test]
async fn malformed_and_unauthenticated_requests_are_refused() {
    let server = TestServer::start().await;
    let ask = || server.post("/revocation");
    ask()
        .form(&[("token", "x")])
        .send()
        .await
        .refused(401, "invalid_client");
    ask()
        .form(&[("token", "x")])
        .basic("web", "wrong")
        .send()
        .await
        .refused(401, "invalid_client");
    ask()
        .client(WEB)
        .send()
        .await
        .refused(415, "invalid_request");
    ask()
        .client(SPA)
        .send()
        .await
        .refused(400, "invalid_request");
    ask()
        .client(WEB)
        .form(&[("token", "")])
        .send()
        .await
        .refused(400, "invalid_request");
    ask()
        .client(SPA)
        .form(&[("token", "a"), ("token", "a")])
        .send()
        .await
        .refused(400, "invalid_request");
    let answer = server.get("/revocation").send().await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("allow")),
        (405, Some("POST,OPTIONS"))
    );
}
