//! One access token, one audience (D12).

use cardea_testkit::{
    Answer, Browser, ISSUER, Person, TestServer,
    clients::WEB,
    flows::{Authorization, code_for, redemption},
    jwt,
};
use serde_json::Value;

const BOTH: &str = "openid offline_access orders:read mail:read";

async fn redeem(server: &TestServer, code: &str, more: &[(&str, &str)]) -> Answer {
    let call = server.post("/token").form(&redemption(WEB, code));
    call.form(more).client(WEB).send().await
}

async fn refresh(server: &TestServer, tokens: &Value, more: &[(&str, &str)]) -> Answer {
    let token = tokens["refresh_token"].as_str().unwrap();
    let fields = [("grant_type", "refresh_token"), ("refresh_token", token)];
    let call = server.post("/token").form(&fields).form(more);
    call.client(WEB).send().await
}

fn audience(tokens: &Value) -> (Value, Value) {
    let claims = jwt::claims(tokens["access_token"].as_str().unwrap());
    assert_eq!(claims["scope"], tokens["scope"]);
    (claims["aud"].clone(), claims["scope"].clone())
}

fn expected(audience: &str, scope: &str) -> (Value, Value) {
    (audience.into(), scope.into())
}

#[tokio::test]
async fn a_refresh_with_another_resource_gives_the_other_token() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let request = Authorization::of(WEB).scope(BOTH);
    let code = code_for(&mut browser, &request, Person::ALICE).await;
    redeem(&server, &code, &[])
        .await
        .refused(400, "invalid_target");
    let orders = redeem(&server, &code, &[("resource", "api://orders")])
        .await
        .granted();
    assert_eq!(
        audience(&orders),
        expected("api://orders", "openid offline_access orders:read")
    );
    let mail = refresh(&server, &orders, &[("resource", "api://mail")])
        .await
        .granted();
    assert_eq!(
        audience(&mail),
        expected("api://mail", "openid offline_access mail:read")
    );
    refresh(&server, &mail, &[])
        .await
        .refused(400, "invalid_target");
    let narrow = [("scope", "mail:read")];
    let mail = refresh(&server, &mail, &narrow).await.granted();
    assert_eq!(audience(&mail), expected("api://mail", "mail:read"));
    let own = refresh(&server, &mail, &[("scope", "openid")])
        .await
        .granted();
    assert_eq!(audience(&own), expected(ISSUER, "openid"));
}

#[tokio::test]
async fn a_resource_named_at_authorize_is_the_only_one_later() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let request = Authorization::of(WEB)
        .scope(BOTH)
        .with("resource", "api://orders");
    let code = code_for(&mut browser, &request, Person::ALICE).await;
    redeem(&server, &code, &[("resource", "api://mail")])
        .await
        .refused(400, "invalid_target");
    let tokens = redeem(&server, &code, &[]).await.granted();
    assert_eq!(audience(&tokens).0, "api://orders");
    let other = [("resource", "api://mail")];
    refresh(&server, &tokens, &other)
        .await
        .refused(400, "invalid_target");
}

#[tokio::test]
async fn two_resources_named_at_authorize_are_chosen_from() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let request = Authorization::of(WEB)
        .scope(BOTH)
        .with("resource", "api://orders")
        .and("resource", "api://mail");
    let code = code_for(&mut browser, &request, Person::ALICE).await;
    redeem(&server, &code, &[])
        .await
        .refused(400, "invalid_target");
    let tokens = redeem(&server, &code, &[("resource", "api://mail")])
        .await
        .granted();
    assert_eq!(audience(&tokens).0, "api://mail");
}

#[tokio::test]
async fn a_resource_without_a_granted_scope_or_unknown_is_an_invalid_target() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let request = Authorization::of(WEB).scope("openid orders:read");
    let code = code_for(&mut browser, &request, Person::ALICE).await;
    for resource in ["api://mail", "api://nowhere", ISSUER, "orders", ""] {
        let answer = redeem(&server, &code, &[("resource", resource)]).await;
        if resource.is_empty() {
            assert_eq!(audience(&answer.granted()).0, "api://orders");
        } else {
            answer.refused(400, "invalid_target");
        }
    }
}

#[tokio::test]
async fn without_api_scopes_the_token_is_for_the_issuer_and_has_no_roles() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let code = code_for(&mut browser, &Authorization::of(WEB), Person::BOB).await;
    let tokens = redeem(&server, &code, &[]).await.granted();
    assert_eq!(audience(&tokens), expected(ISSUER, "openid"));
    let claims = jwt::claims(tokens["access_token"].as_str().unwrap());
    assert!(claims.get("roles").is_none());
}
