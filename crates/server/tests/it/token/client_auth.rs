// length: one test a way to authenticate and a way to get it wrong.

use cardea_testkit::{
    Answer, Browser, Call, ISSUER, Person, TestServer,
    clients::{POST, SCRIPT, SIGNED, SPA, WEB},
    flows::{Authorization, VERIFIER, code_for, redemption},
    jwt,
};
use jiff::SignedDuration;
use serde_json::{Value, json};

const CREDENTIALS: [(&str, &str); 1] = [("grant_type", "client_credentials")];

fn ask(server: &TestServer) -> Call {
    server.post("/token").form(&CREDENTIALS)
}

fn shown(answer: &Answer) -> (u16, Vec<(String, String)>, Vec<u8>) {
    let headers = answer
        .headers
        .iter()
        .filter(|(name, _)| *name != "x-request-id");
    let headers = headers.map(|(k, v)| (k.to_string(), v.to_str().unwrap().to_owned()));
    (
        answer.status.as_u16(),
        headers.collect(),
        answer.body.clone(),
    )
}

#[tokio::test]
async fn unknown_client_and_wrong_secret_are_byte_equal() {
    let server = TestServer::start().await;
    let wrong = ask(&server).basic("web", "wrong").send().await;
    wrong.refused(401, "invalid_client");
    let challenge = wrong.header("www-authenticate").unwrap();
    assert!(challenge.starts_with("Basic realm=\"cardea\", charset=\"UTF-8\""));
    let expected = shown(&wrong);
    let malformed_id = "n".repeat(300);
    for call in [
        ask(&server).basic("nobody", "wrong"),
        ask(&server).basic("nobody", ""),
        ask(&server).basic(&malformed_id, "wrong"),
        ask(&server).basic("web", ""),
        ask(&server).basic("spa", "wrong"),
        ask(&server).basic("post", "wrong"),
        ask(&server).basic("signed", POST.secret),
        ask(&server).form(&[("client_id", "web"), ("client_secret", "wrong")]),
        ask(&server).form(&[("client_id", "spa"), ("client_secret", WEB.secret)]),
        ask(&server).form(&[("client_id", "nobody"), ("client_secret", "wrong")]),
        ask(&server).form(&[("client_id", "nobody")]),
        ask(&server).form(&[("client_id", "web")]),
        ask(&server),
        ask(&server).header("authorization", "Basic"),
        ask(&server).header("authorization", "Basic !!!"),
        ask(&server).header("authorization", "Basic d2Vi"),
        ask(&server).header("authorization", "Basic OnNlY3JldA=="),
        ask(&server).header("authorization", "Bearer abc"),
        ask(&server).header("authorization", "Basic é"),
        ask(&server)
            .basic("web", "x")
            .header("x-padding", &"x".repeat(10)),
    ] {
        assert_eq!(shown(&call.send().await), expected);
    }
}

#[tokio::test]
async fn c2_a_secret_may_come_by_basic_for_the_code_and_in_the_body_for_the_refresh() {
    let server = TestServer::start().await;
    for client in [WEB, POST] {
        let mut browser = Browser::new(&server);
        let code = code_for(&mut browser, &Authorization::of(client), Person::ALICE).await;
        let redeem = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", client.redirect_uri),
            ("code_verifier", VERIFIER),
        ];
        let call = server.post("/token").basic(client.id, client.secret);
        let tokens = call.form(&redeem).send().await.granted();
        for in_body in [true, false] {
            let refresh = [
                ("grant_type", "refresh_token"),
                ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
            ];
            let call = server.post("/token").form(&refresh);
            let call = if in_body {
                call.form(&[("client_id", client.id), ("client_secret", client.secret)])
            } else {
                call.basic(client.id, client.secret)
            };
            call.send().await.granted();
        }
        for path in ["/introspection", "/revocation"] {
            let body = [
                ("token", "x"),
                ("client_id", client.id),
                ("client_secret", client.secret),
            ];
            assert_eq!(server.post(path).form(&body).send().await.status, 200);
            let call = server.post(path).basic(client.id, client.secret);
            assert_eq!(call.form(&body[..1]).send().await.status, 200);
        }
    }
}

#[tokio::test]
async fn c2_basic_with_an_empty_secret_is_accepted_from_a_public_client_only() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let code = code_for(&mut browser, &Authorization::of(SPA), Person::ALICE).await;
    let body = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", SPA.redirect_uri),
        ("code_verifier", VERIFIER),
    ];
    for id in ["web", "post", "signed", "nobody"] {
        let call = server.post("/token").basic(id, "").form(&body);
        call.send().await.refused(401, "invalid_client");
    }
    let call = server.post("/token").basic("spa", "secret").form(&body);
    call.send().await.refused(401, "invalid_client");
    let call = server.post("/token").basic("spa", "").form(&body);
    call.send().await.granted();
}

#[tokio::test]
async fn b7_a_client_id_with_a_space_logs_in_and_authenticates_in_every_way() {
    let server = TestServer::start().await;
    for id in ["my app", "a+b c", "100% mine", " x "] {
        let secret = "secret-of-at-least-32-bytes-00000000";
        server
            .add_client(cardea_protocol::model::ClientMetadata {
                client_id: id.to_owned(),
                client_secret: Some(cardea_seal::Secret::new(secret.to_owned())),
                redirect_uris: vec![SPA.redirect_uri.to_owned()],
                ..Default::default()
            })
            .await;
        for basic in [true, false] {
            let mut browser = Browser::new(&server);
            let request = Authorization::of(SPA).with("client_id", id);
            let code = code_for(&mut browser, &request, Person::ALICE).await;
            let body = [
                ("grant_type", "authorization_code"),
                ("code", code.as_str()),
                ("redirect_uri", SPA.redirect_uri),
                ("code_verifier", VERIFIER),
            ];
            let call = server.post("/token").form(&body);
            let call = if basic {
                call.basic(id, secret)
            } else {
                call.form(&[("client_id", id), ("client_secret", secret)])
            };
            let tokens = call.send().await.granted();
            let claims = jwt::claims(tokens["id_token"].as_str().unwrap());
            assert_eq!(claims["aud"], id);
        }
    }
}

#[tokio::test]
async fn a_disabled_client_is_an_unknown_one() {
    let server = TestServer::start().await;
    let secret = "shop-secret-of-at-least-32-bytes-000";
    server
        .add_client(cardea_protocol::model::ClientMetadata {
            client_id: "shop".to_owned(),
            client_secret: Some(cardea_seal::Secret::new(secret.to_owned())),
            grant_types: vec![cardea_protocol::model::GrantType::ClientCredentials],
            scope: "orders:read".to_owned(),
            ..Default::default()
        })
        .await;
    let before = ask(&server).basic("shop", secret).send().await.granted();
    server.disable_client("shop").await;
    let disabled = ask(&server).basic("shop", secret).send().await;
    disabled.refused(401, "invalid_client");
    let unknown = ask(&server).basic("nobody", secret).send().await;
    assert_eq!(shown(&disabled), shown(&unknown));
    let access = before["access_token"].as_str().unwrap();
    let api = cardea_testkit::clients::ORDERS_API;
    assert!(!cardea_testkit::flows::is_active(&server, api, access).await);
}

#[tokio::test]
async fn basic_credentials_are_form_url_decoded() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let code = code_for(&mut browser, &Authorization::of(WEB), Person::ALICE).await;
    assert!(WEB.secret.contains(['%', '+', ':', '&']));
    let call = server.post("/token").form(&redemption(WEB, &code));
    call.basic(WEB.id, WEB.secret).send().await.granted();
}

#[tokio::test]
async fn two_methods_or_two_names_are_an_invalid_request() {
    let server = TestServer::start().await;
    let assertion = jwt::assertion("signed", ISSUER);
    let secret = ("client_secret", SCRIPT.secret);
    for call in [
        ask(&server)
            .client(SCRIPT)
            .form(&[("client_id", "script"), secret]),
        ask(&server).client(SCRIPT).form(&[("client_id", "web")]),
        ask(&server).client(SCRIPT).client(SCRIPT),
        ask(&server).client(SCRIPT).assertion(&assertion),
        ask(&server).form(&[secret]).assertion(&assertion),
        ask(&server)
            .form(&[("client_id", "web")])
            .assertion(&assertion),
        ask(&server).client(POST).form(&[("client_id", "post")]),
        ask(&server).form(&[("client_assertion", &assertion)]),
        ask(&server).form(&[
            ("client_assertion", &assertion),
            (
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:saml2-bearer",
            ),
        ]),
    ] {
        call.send().await.refused(400, "invalid_request");
    }
    let agreeing = ask(&server)
        .client(SCRIPT)
        .form(&[("client_id", "script"), ("scope", "mail:send")]);
    agreeing.send().await.granted();
}

#[tokio::test]
async fn secrets_in_a_query_are_refused() {
    let server = TestServer::start().await;
    for (path, name) in [
        ("/token", "client_secret"),
        ("/token", "client_assertion"),
        ("/token", "code"),
        ("/token", "code_verifier"),
        ("/token", "refresh_token"),
        ("/introspection", "token"),
        ("/revocation", "token"),
    ] {
        let call = server
            .post(path)
            .client(SCRIPT)
            .form(&[("token", "x"), CREDENTIALS[0]]);
        let answer = call.query(&[("a", "b"), (name, "whatever")]).send().await;
        answer.refused(400, "invalid_request");
        assert!(!answer.text().contains("whatever"));
    }
    let whole = server.post("/token").query(&[
        ("grant_type", "client_credentials"),
        ("client_id", "script"),
        ("scope", "mail:send"),
    ]);
    whole.send().await.refused(415, "invalid_request");
}

async fn asserted(server: &TestServer, assertion: &str) -> Answer {
    ask(server).assertion(assertion).send().await
}

#[tokio::test]
async fn an_assertion_is_good_once() {
    let server = TestServer::start().await;
    let assertion = jwt::assertion("signed", ISSUER);
    // The client may not use this grant type, but it is known.
    asserted(&server, &assertion)
        .await
        .refused(400, "unauthorized_client");
    asserted(&server, &assertion)
        .await
        .refused(401, "invalid_client");
}

#[tokio::test]
async fn an_assertion_is_for_this_issuer_or_its_token_endpoint() {
    let server = TestServer::start().await;
    let endpoint = server.url("/token");
    let good = jwt::assertion("signed", &endpoint);
    asserted(&server, &good)
        .await
        .refused(400, "unauthorized_client");
    let lists = json!([ISSUER]);
    for audience in [
        json!("https://other.example.test"),
        json!(format!("{ISSUER}/")),
        json!(server.url("/introspection")),
        json!(""),
        lists,
        Value::Null,
    ] {
        let mut claims = jwt::assertion_claims("signed", ISSUER);
        claims["aud"] = audience;
        asserted(&server, &jwt::signed(&claims))
            .await
            .refused(401, "invalid_client");
    }
}

#[tokio::test]
async fn an_assertion_with_a_wrong_time_name_or_signature_is_refused() {
    let server = TestServer::start().await;
    let now = jwt::assertion_claims("signed", ISSUER)["iat"]
        .as_i64()
        .unwrap();
    for (name, value) in [
        ("exp", json!(now)),
        ("exp", json!(now + 400)),
        ("exp", json!("soon")),
        ("nbf", json!(now + 100)),
        ("iat", json!(now + 100)),
        ("iss", json!("web")),
        ("sub", json!("nobody")),
        ("sub", json!("spa")),
        ("jti", Value::Null),
        ("jti", json!("")),
    ] {
        let mut claims = jwt::assertion_claims("signed", ISSUER);
        claims[name] = value.clone();
        let answer = asserted(&server, &jwt::signed(&claims)).await;
        assert_eq!(answer.status, 401, "{name} {value}");
        answer.refused(401, "invalid_client");
    }
    let good = jwt::assertion("signed", ISSUER);
    let unsigned = format!("{}.", good.rsplit_once('.').unwrap().0);
    for forged in [&unsigned, "a.b.c", "x", &good[..good.len() - 2]] {
        asserted(&server, forged)
            .await
            .refused(401, "invalid_client");
    }
    server.advance(SignedDuration::from_secs(61));
    asserted(&server, &good)
        .await
        .refused(401, "invalid_client");
}

#[tokio::test]
async fn only_the_registered_algorithm_signs_assertions() {
    let server = TestServer::builder()
        .client("signed", |c| {
            c.token_endpoint_auth_signing_alg = Some(cardea_jose::Algorithm::EdDSA);
            c.issuer_only = true;
        })
        .start()
        .await;
    asserted(&server, &jwt::assertion("signed", ISSUER))
        .await
        .refused(401, "invalid_client");
}

#[tokio::test]
async fn a_client_can_insist_on_the_issuer_as_audience() {
    let server = TestServer::builder()
        .client("signed", |c| c.issuer_only = true)
        .start()
        .await;
    let endpoint = jwt::assertion("signed", &server.url("/token"));
    asserted(&server, &endpoint)
        .await
        .refused(401, "invalid_client");
    let issuer = jwt::assertion("signed", ISSUER);
    asserted(&server, &issuer)
        .await
        .refused(400, "unauthorized_client");
}

#[tokio::test]
async fn a_client_registered_for_a_key_has_no_secret() {
    let server = TestServer::start().await;
    for call in [
        ask(&server).form(&[("client_id", SIGNED.id)]),
        ask(&server).basic(SIGNED.id, ""),
        ask(&server).basic(SIGNED.id, "x"),
    ] {
        call.send().await.refused(401, "invalid_client");
    }
    let as_spa = jwt::assertion(SPA.id, ISSUER);
    asserted(&server, &as_spa)
        .await
        .refused(401, "invalid_client");
}

#[tokio::test]
async fn what_is_no_form_or_another_method_is_refused() {
    let server = TestServer::start().await;
    let json = "{\"grant_type\":\"client_credentials\"}";
    let answer = server
        .post("/token")
        .client(SCRIPT)
        .body("application/json", json)
        .send()
        .await;
    answer.refused(415, "invalid_request");
    let form = "application/x-www-form-urlencoded";
    for (body, status) in [
        (
            format!("grant_type=client_credentials&x={}", "x".repeat(70_000)),
            413,
        ),
        (
            format!("grant_type=client_credentials&x={}", "x".repeat(40_000)),
            413,
        ),
        ("grant_type=%zz".to_owned(), 400),
        ("grant_type=%ff".to_owned(), 400),
        (
            "grant_type=client_credentials&grant_type=client_credentials".to_owned(),
            400,
        ),
        ("grant_type=client_credentials&scope=a%00b".to_owned(), 400),
    ] {
        let answer = server
            .post("/token")
            .client(SCRIPT)
            .body(form, body)
            .send()
            .await;
        answer.refused(status, "invalid_request");
    }
    for method in ["GET", "HEAD", "PUT", "DELETE"] {
        let answer = server.call(method, "/token").client(SCRIPT).send().await;
        assert_eq!(answer.status, 405, "{method}");
        assert_eq!(answer.header("allow"), Some("POST,OPTIONS"));
    }
}
