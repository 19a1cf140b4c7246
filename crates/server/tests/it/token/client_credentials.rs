use cardea_testkit::{
    ISSUER, TestServer,
    clients::{MAIL_API, ORDERS_API, POST, SCRIPT, SPA},
    flows::{introspect, is_active},
    jwt,
};

const GRANT: (&str, &str) = ("grant_type", "client_credentials");

#[tokio::test]
async fn a_script_gets_a_token_in_its_own_name() {
    let server = TestServer::start().await;
    let scope = ("scope", "orders:read");
    let answer = server
        .post("/token")
        .form(&[GRANT, scope])
        .client(SCRIPT)
        .send()
        .await;
    let tokens = answer.granted();
    let members: Vec<_> = tokens.as_object().unwrap().keys().collect();
    assert_eq!(
        members,
        ["access_token", "token_type", "expires_in", "scope"]
    );
    let access = tokens["access_token"].as_str().unwrap();
    let claims = jwt::claims(access);
    assert_eq!(
        (&claims["sub"], &claims["client_id"]),
        (&"script".into(), &"script".into())
    );
    assert_eq!(
        (&claims["iss"], &claims["aud"]),
        (&ISSUER.into(), &"api://orders".into())
    );
    for absent in ["roles", "grant_id", "auth_time", "acr", "amr"] {
        assert!(claims.get(absent).is_none(), "{absent}");
    }
    let seen = introspect(&server, ORDERS_API, access).await;
    assert_eq!(
        (&seen["active"], &seen["sub"]),
        (&true.into(), &"script".into())
    );
    assert!(seen.get("username").is_none());
    assert!(!is_active(&server, MAIL_API, access).await);
}

#[tokio::test]
async fn scopes_of_two_apis_need_a_resource() {
    let server = TestServer::start().await;
    let ask = |fields: &[(&str, &str)]| {
        server
            .post("/token")
            .form(&[GRANT])
            .form(fields)
            .client(SCRIPT)
            .send()
    };
    ask(&[]).await.refused(400, "invalid_target");
    let mail = ask(&[("resource", "api://mail")]).await.granted();
    assert_eq!(mail["scope"], "mail:send");
    let orders = ask(&[("resource", "api://orders")]).await.granted();
    assert_eq!(orders["scope"], "orders:read orders:write");
    let mixed = [
        ("resource", "api://orders"),
        ("scope", "orders:read mail:send"),
    ];
    assert_eq!(ask(&mixed).await.granted()["scope"], "orders:read");
    for resource in ["api://nowhere", "not a uri", ISSUER, "api://orders#x"] {
        ask(&[("resource", resource)])
            .await
            .refused(400, "invalid_target");
    }
    ask(&[("resource", "api://orders"), ("resource", "api://mail")])
        .await
        .refused(400, "invalid_target");
    ask(&[("resource", "api://mail"), ("scope", "orders:read")])
        .await
        .refused(400, "invalid_target");
}

#[tokio::test]
async fn a_script_gets_no_scope_that_it_has_not_and_nothing_of_a_person() {
    let server = TestServer::start().await;
    for scope in [
        "mail:read",
        "openid",
        "offline_access",
        "unknown",
        "orders:read openid",
        "\"",
    ] {
        let answer = server
            .post("/token")
            .form(&[GRANT, ("scope", scope)])
            .client(SCRIPT)
            .send()
            .await;
        answer.refused(400, "invalid_scope");
    }
}

#[tokio::test]
async fn other_clients_may_not() {
    let server = TestServer::start().await;
    for client in [SPA, POST] {
        let answer = server
            .post("/token")
            .form(&[GRANT])
            .client(client)
            .send()
            .await;
        answer.refused(400, "unauthorized_client");
    }
    for (grant, error) in [
        ("password", "unsupported_grant_type"),
        ("implicit", "unsupported_grant_type"),
        ("", "invalid_request"),
        ("authorization_code ", "unsupported_grant_type"),
    ] {
        let answer = server
            .post("/token")
            .form(&[("grant_type", grant)])
            .client(SCRIPT)
            .send()
            .await;
        answer.refused(400, error);
    }
}
