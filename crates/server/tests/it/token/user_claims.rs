//! The claims of users in tokens: what applications read from the ID token, scopes of the configuration, claims of an API.

use cardea_protocol::{claims::ScopeConfig, resources::AccessTokenTyp};
use cardea_store::{UserChange, UserUpdate};
use cardea_testkit::{
    Browser, Person, TestServer,
    clients::{OPAQUE, ORDERS_API, SPA, TestClient, WEB},
    flows::{Authorization, code_for, introspect, redeem, refresh},
    jwt,
};
use serde_json::{Value, json};

const ALL: &str = "openid profile email roles groups hr orders:read";

/// Alice has groups and a department, and `hr` is a scope of the configuration.
async fn server(id_token_claims: Option<&'static [&'static str]>) -> TestServer {
    let server = TestServer::builder()
        .config(move |c| {
            c.scopes = vec![ScopeConfig {
                name: "hr".to_owned(),
                title: Some("See your department".to_owned()),
                description: Some("Where you work".to_owned()),
                claims: vec!["department".to_owned()],
            }];
            c.resources[0].claims = vec!["groups".to_owned(), "department".to_owned()];
            for client in &mut c.clients {
                client.scope = format!("{} roles groups hr", client.scope);
                client.id_token_claims =
                    id_token_claims.map(|list| list.iter().map(|c| (*c).to_owned()).collect());
            }
        })
        .start()
        .await;
    set_claims(
        &server,
        json!({"name": "Alice A", "groups": ["staff"], "department": "sales"}),
    )
    .await;
    server
}

async fn set_claims(server: &TestServer, claims: Value) {
    let update = UserUpdate {
        claims: Some(serde_json::from_value(claims).unwrap()),
        ..UserUpdate::default()
    };
    let change = UserChange {
        subject: server.subject(Person::ALICE).await,
        update,
        cause: server.cause(),
    };
    assert!(server.store.change_user(change).await.unwrap());
}

async fn tokens(server: &TestServer, client: TestClient, scope: &str) -> Value {
    let mut browser = Browser::new(server);
    let request = Authorization::of(client).scope(scope);
    let code = code_for(&mut browser, &request, Person::ALICE).await;
    redeem(server, client, &code).await.granted()
}

fn id_token(tokens: &Value) -> Value {
    jwt::claims(tokens["id_token"].as_str().unwrap())
}

#[tokio::test]
async fn c1_the_id_token_and_a_refreshed_one_carry_the_usual_claims() {
    let server = server(None).await;
    let tokens = tokens(&server, SPA, ALL).await;
    let refreshed = refresh(&server, SPA, tokens["refresh_token"].as_str().unwrap()).await;
    for claims in [id_token(&tokens), id_token(&refreshed.granted())] {
        assert_eq!(claims["name"], "Alice A");
        assert_eq!(claims["preferred_username"], "alice");
        assert_eq!(claims["email"], "alice@example.test");
        assert_eq!(claims["email_verified"], true);
        assert_eq!(claims["groups"], json!(["staff"]));
        assert!(claims["roles"].is_array());
        assert!(claims.get("department").is_none());
    }
}

#[tokio::test]
async fn c1_a_refresh_has_the_claims_of_today_and_of_its_own_scope() {
    let server = server(None).await;
    let tokens = tokens(&server, SPA, "openid profile email groups").await;
    set_claims(
        &server,
        json!({"name": "Alice B", "groups": ["staff", "admins"]}),
    )
    .await;
    let body = [
        ("grant_type", "refresh_token"),
        ("client_id", SPA.id),
        ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
        ("scope", "openid groups"),
    ];
    let refreshed = server.post("/token").form(&body).send().await.granted();
    let claims = id_token(&refreshed);
    assert_eq!(claims["groups"], json!(["staff", "admins"]));
    assert!(claims.get("name").is_none() && claims.get("email").is_none());
}

#[tokio::test]
async fn c1_a_client_chooses_the_claims_of_its_id_token() {
    let server = server(Some(&["department", "email"])).await;
    let claims = id_token(&tokens(&server, WEB, ALL).await);
    assert_eq!(claims["department"], "sales");
    assert_eq!(claims["email"], "alice@example.test");
    assert!(claims.get("name").is_none() && claims.get("groups").is_none());
    let narrow = id_token(&tokens(&server, WEB, "openid email").await);
    assert!(narrow.get("department").is_none());
}

#[tokio::test]
async fn c1_an_empty_list_means_no_claims() {
    let server = server(Some(&[])).await;
    let claims = id_token(&tokens(&server, SPA, ALL).await);
    for name in [
        "name",
        "preferred_username",
        "email",
        "email_verified",
        "roles",
        "groups",
    ] {
        assert!(claims.get(name).is_none(), "{name}");
    }
}

#[tokio::test]
async fn c3_a_scope_of_the_configuration_is_asked_for_granted_and_published() {
    let server = server(None).await;
    let metadata = server
        .get("/.well-known/openid-configuration")
        .send()
        .await
        .json();
    let has = |list: &str, name: &str| {
        metadata[list]
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one == name)
    };
    assert!(has("scopes_supported", "hr") && has("scopes_supported", "groups"));
    assert!(has("claims_supported", "department") && has("claims_supported", "groups"));

    let mut browser = Browser::new(&server);
    let request = Authorization::of(SPA).scope("openid hr groups");
    let login = browser.open(&request.url(&server)).await;
    let consent = cardea_testkit::flows::log_in_at(&mut browser, &login, Person::ALICE).await;
    assert!(
        consent.text().contains("See your department"),
        "{}",
        consent.text()
    );
    let back = cardea_testkit::flows::decide(&mut browser, &consent, "allow").await;
    let tokens = redeem(&server, SPA, &back.callback()["code"])
        .await
        .granted();
    assert_eq!(tokens["scope"], "openid hr groups");
    let call = server
        .get("/userinfo")
        .bearer(tokens["access_token"].as_str().unwrap());
    let userinfo = call.send().await.granted();
    assert_eq!(
        (&userinfo["department"], &userinfo["groups"]),
        (&json!("sales"), &json!(["staff"]))
    );
}

#[tokio::test]
async fn c3_access_tokens_carry_the_claims_that_their_api_wants() {
    let server = server(None).await;
    let jwt_token = tokens(&server, SPA, "openid orders:read").await;
    let text = jwt_token["access_token"].as_str().unwrap();
    let claims = jwt::claims(text);
    assert_eq!(
        (&claims["groups"], &claims["department"]),
        (&json!(["staff"]), &json!("sales"))
    );
    let opaque = tokens(&server, OPAQUE, "openid orders:read").await;
    for token in [text, opaque["access_token"].as_str().unwrap()] {
        let answer = introspect(&server, ORDERS_API, token).await;
        assert_eq!(answer["groups"], json!(["staff"]));
        assert_eq!(answer["department"], "sales");
    }
    let mail = tokens(&server, SPA, "openid mail:read").await;
    let claims = jwt::claims(mail["access_token"].as_str().unwrap());
    assert!(claims.get("groups").is_none(), "another API");
}

#[tokio::test]
async fn c4_the_tokens_of_an_api_can_have_typ_jwt() {
    let server = TestServer::builder()
        .config(|c| c.resources[0].access_token_typ = AccessTokenTyp::Jwt)
        .start()
        .await;
    let plain = tokens(&server, WEB, "openid orders:read").await;
    let plain = plain["access_token"].as_str().unwrap().to_owned();
    assert_eq!(jwt::header(&plain)["typ"], "JWT");
    assert_eq!(
        introspect(&server, ORDERS_API, &plain).await["active"],
        true
    );
    let other = tokens(&server, WEB, "openid mail:read").await;
    assert_eq!(
        jwt::header(other["access_token"].as_str().unwrap())["typ"],
        "at+jwt"
    );

    // An ID token is not an access token, and this access token is not a hint.
    let id_token = tokens(&server, WEB, "openid").await;
    let id_token = id_token["id_token"].as_str().unwrap();
    assert_eq!(introspect(&server, WEB, id_token).await["active"], false);
    let call = server.get("/userinfo").bearer(id_token);
    call.send().await.refused(401, "invalid_token");
    let request = Authorization::of(WEB).with("id_token_hint", &plain);
    let page = Browser::new(&server).open(&request.url(&server)).await;
    page.client_is_told("invalid_request");

    let body = [("token", plain.as_str())];
    let call = server.post("/revocation").client(WEB).form(&body);
    assert_eq!(call.send().await.status, 200);
    assert_eq!(
        introspect(&server, ORDERS_API, &plain).await["active"],
        false
    );
}
