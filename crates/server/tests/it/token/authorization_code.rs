use cardea_testkit::{
    Browser, ISSUER, Person, TestClient, TestServer,
    clients::{EXCUSED, OPAQUE, ORDERS_API, OTHER_SPA, POST, SIGNED, SPA, WEB},
    flows::{Authorization, VERIFIER, code_for, is_active, redeem, redemption, tokens},
    jwt,
};
use jiff::SignedDuration;

async fn code(server: &TestServer, client: TestClient) -> String {
    let mut browser = Browser::new(server);
    code_for(&mut browser, &Authorization::of(client), Person::ALICE).await
}

#[tokio::test]
async fn every_authentication_method_redeems_a_code() {
    let server = TestServer::start().await;
    for client in [SPA, WEB, POST, SIGNED, OPAQUE] {
        let code = code(&server, client).await;
        let answer = redeem(&server, client, &code).await;
        let tokens = answer.granted();
        assert_eq!(answer.header("pragma"), Some("no-cache"));
        assert_eq!(tokens["token_type"], "Bearer");
        assert_eq!(tokens["expires_in"], 900);
        assert_eq!(tokens["scope"], "openid");
        let members: Vec<_> = tokens.as_object().unwrap().keys().collect();
        let expected = [
            "access_token",
            "token_type",
            "expires_in",
            "refresh_token",
            "id_token",
            "scope",
        ];
        assert_eq!(members, expected, "{}", client.id);
    }
}

#[tokio::test]
async fn the_id_token_says_who_for_whom_when_and_how() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let tokens = tokens(&mut browser, SPA, (Person::ALICE, "openid profile")).await;
    let id_token = tokens["id_token"].as_str().unwrap();
    assert_eq!(jwt::header(id_token)["alg"], "RS256");
    let claims = jwt::claims(id_token);
    let alice = server.subject(Person::ALICE).await.to_string();
    assert_eq!(claims["iss"], ISSUER);
    assert_eq!(claims["sub"], alice);
    assert_eq!(claims["aud"], "spa");
    assert_eq!(claims["nonce"], "the nonce");
    assert_eq!(claims["amr"], serde_json::json!(["pwd"]));
    assert!(claims["acr"].is_string() && claims["sid"].is_string());
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        3600
    );
    assert_eq!(claims["auth_time"], claims["iat"]);
    let access = tokens["access_token"].as_str().unwrap();
    let hash = cardea_jose::half_hash(cardea_jose::Algorithm::RS256, access.as_bytes());
    assert_eq!(claims["at_hash"], hash);
    assert_eq!(claims["name"], "Alice A");
    assert!(
        claims.get("email").is_none(),
        "its scope was not asked for: {claims}"
    );
}

#[tokio::test]
async fn the_access_token_is_a_jwt_of_rfc_9068() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let tokens = tokens(&mut browser, SPA, (Person::BOB, "openid orders:read")).await;
    let access = tokens["access_token"].as_str().unwrap();
    let header = jwt::header(access);
    assert_eq!(
        (&header["typ"], &header["alg"]),
        (&"at+jwt".into(), &"ES256".into())
    );
    let claims = jwt::claims(access);
    assert_eq!(claims["aud"], "api://orders");
    assert_eq!(claims["client_id"], "spa");
    assert_eq!(claims["scope"], "openid orders:read");
    assert_eq!(claims["roles"], serde_json::json!(["user", "admin"]));
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        900
    );
    assert!(claims["jti"].is_string() && claims["auth_time"].is_i64());
}

#[tokio::test]
async fn an_opaque_access_token_says_nothing() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let tokens = tokens(&mut browser, OPAQUE, (Person::ALICE, "openid orders:read")).await;
    let access = tokens["access_token"].as_str().unwrap();
    assert!(!access.contains('.'));
    assert!(is_active(&server, ORDERS_API, access).await);
}

#[tokio::test]
async fn without_openid_there_is_no_id_token_and_without_the_grant_type_no_refresh_token() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let plain = tokens(&mut browser, SPA, (Person::ALICE, "orders:read")).await;
    assert!(plain.get("id_token").is_none() && plain["refresh_token"].is_string());
    let excused = tokens(
        &mut browser,
        EXCUSED,
        (Person::ALICE, "openid offline_access"),
    )
    .await;
    assert!(excused.get("refresh_token").is_none(), "{excused}");
    assert_eq!(excused["scope"], "openid", "offline_access can't be had");
}

#[tokio::test]
async fn a_code_replayed_by_its_client_revokes_the_grant() {
    let server = TestServer::start().await;
    let code = code(&server, SPA).await;
    let tokens = redeem(&server, SPA, &code).await.granted();
    let refresh = tokens["refresh_token"].as_str().unwrap();
    redeem(&server, SPA, &code)
        .await
        .refused(400, "invalid_grant");
    let answer = cardea_testkit::flows::refresh(&server, SPA, refresh).await;
    answer.refused(400, "invalid_grant");
    let access = tokens["access_token"].as_str().unwrap();
    let userinfo = server.get("/userinfo").bearer(access).send().await;
    userinfo.refused(401, "invalid_token");
    redeem(&server, SPA, &code)
        .await
        .refused(400, "invalid_grant");
}

#[tokio::test]
async fn a_code_replayed_by_a_stranger_revokes_nothing() {
    let server = TestServer::start().await;
    let code = code(&server, WEB).await;
    let tokens = redeem(&server, WEB, &code).await.granted();
    let mut attempts = [
        redemption(OTHER_SPA, &code),
        redemption(WEB, &code),
        redemption(WEB, &code),
    ];
    attempts[1][2].1 = "https://web.example.test/other";
    attempts[2][3].1 = "a-verifier-that-nobody-has-ever-made-a-challenge";
    let clients = [OTHER_SPA, WEB, WEB];
    for (fields, client) in attempts.iter().zip(clients) {
        let answer = server
            .post("/token")
            .form(fields)
            .client(client)
            .send()
            .await;
        answer.refused(400, "invalid_grant");
    }
    let access = tokens["access_token"].as_str().unwrap();
    assert!(is_active(&server, WEB, access).await);
}

#[tokio::test]
async fn a_failed_redemption_consumes_nothing() {
    let server = TestServer::start().await;
    let code = code(&server, WEB).await;
    let full = redemption(WEB, &code);
    let post = |fields: &[(&str, &str)]| server.post("/token").form(fields).client(WEB).send();
    let mut wrong = full;
    wrong[3].1 = "a-verifier-that-nobody-has-ever-made-a-challenge";
    post(&wrong).await.refused(400, "invalid_grant");
    post(&full[..3]).await.refused(400, "invalid_grant");
    let mut wrong = full;
    wrong[2].1 = "https://web.example.test/callback/";
    post(&wrong).await.refused(400, "invalid_grant");
    post(&[full[0], full[1], full[3]])
        .await
        .refused(400, "invalid_grant");
    redeem(&server, OTHER_SPA, &code)
        .await
        .refused(400, "invalid_grant");
    let basic = server
        .post("/token")
        .form(&full)
        .basic("web", "wrong")
        .send()
        .await;
    basic.refused(401, "invalid_client");
    let target = post(&[
        full[0],
        full[1],
        full[2],
        full[3],
        ("resource", "api://mail"),
    ])
    .await;
    target.refused(400, "invalid_target");
    redeem(&server, WEB, &code).await.granted();
}

#[tokio::test]
async fn a_code_dies_after_a_minute() {
    let server = TestServer::start().await;
    let early = code(&server, SPA).await;
    server.advance(SignedDuration::from_secs(59));
    redeem(&server, SPA, &early).await.granted();
    let late = code(&server, SPA).await;
    server.advance(SignedDuration::from_secs(60));
    redeem(&server, SPA, &late)
        .await
        .refused(400, "invalid_grant");
}

#[tokio::test]
async fn forged_codes_are_all_the_same_answer() {
    let server = TestServer::start().await;
    let real = code(&server, SPA).await;
    let mut bodies = Vec::new();
    let long = "A".repeat(5000);
    for forged in ["x", &"A".repeat(51), &real[1..], &long, "%", "\u{202e}"] {
        let answer = redeem(&server, SPA, forged).await;
        answer.refused(400, "invalid_grant");
        bodies.push(answer.body);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1);
    server
        .post("/token")
        .form(&[("grant_type", "authorization_code")])
        .client(SPA)
        .send()
        .await
        .refused(400, "invalid_request");
}

#[tokio::test]
async fn a_verifier_for_a_code_without_challenge_is_a_downgrade() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let bare = Authorization::of(EXCUSED)
        .with("code_challenge", "")
        .with("code_challenge_method", "");
    let code = code_for(&mut browser, &bare, Person::ALICE).await;
    redeem(&server, EXCUSED, &code)
        .await
        .refused(400, "invalid_grant");
    let fields = redemption(EXCUSED, &code);
    let answer = server
        .post("/token")
        .form(&fields[..3])
        .client(EXCUSED)
        .send()
        .await;
    answer.granted();
}

#[tokio::test]
async fn an_excused_client_that_sent_a_challenge_must_prove_it() {
    let server = TestServer::start().await;
    let code = code(&server, EXCUSED).await;
    let fields = redemption(EXCUSED, &code);
    let answer = server
        .post("/token")
        .form(&fields[..3])
        .client(EXCUSED)
        .send()
        .await;
    answer.refused(400, "invalid_grant");
    redeem(&server, EXCUSED, &code).await.granted();
}

#[tokio::test]
async fn a_malformed_verifier_is_an_invalid_request() {
    let server = TestServer::start().await;
    let code = code(&server, SPA).await;
    for verifier in [
        "short",
        &"a".repeat(129),
        "with spaces in it and still long enough to be one",
    ] {
        let mut fields = redemption(SPA, &code);
        fields[3].1 = verifier;
        let answer = server.post("/token").form(&fields).client(SPA).send().await;
        answer.refused(400, "invalid_request");
    }
    redeem(&server, SPA, &code).await.granted();
    assert_eq!(VERIFIER.len(), 43);
}

#[tokio::test]
async fn a_code_dies_with_its_session_its_person_and_its_client() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let request = Authorization::of(SPA);
    let code = code_for(&mut browser, &request, Person::ALICE).await;
    let account = browser.open(&server.url("/account")).await;
    let form = account.forms().remove(0);
    browser
        .submit(&account, form, &[("action", "log_out")])
        .await;
    redeem(&server, SPA, &code)
        .await
        .refused(400, "invalid_grant");

    let code = code_for(&mut browser, &request, Person::BOB).await;
    server.disable_user(Person::BOB).await;
    redeem(&server, SPA, &code)
        .await
        .refused(400, "invalid_grant");
}
