use cardea_testkit::{
    Browser, ISSUER, Page, Person, TestServer,
    clients::{EXCUSED, OTHER_SPA, SCRIPT, SPA},
    flows::{Authorization, CHALLENGE, VERIFIER, log_in},
};

const UNKNOWN_APP: &str = "We don’t know this app";
const WRONG_ADDRESS: &str = "We won’t send you there";
const BROKEN_LINK: &str = "This link doesn’t work";
const NO_ADDRESS: &str = "We can’t send you back";

async fn open(request: &Authorization) -> Page {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    browser.open(&request.url(&server)).await
}

#[tokio::test]
async fn an_unknown_client_is_reported_only_to_the_user() {
    let request = Authorization::of(SPA).with("client_id", "nobody");
    open(&request).await.is_trouble(400, UNKNOWN_APP);
    let hostile = Authorization::of(SPA).with("client_id", "<script>\u{7f}é");
    open(&hostile).await.is_trouble(400, UNKNOWN_APP);
    let nameless = Authorization::of(SPA).with("client_id", "");
    open(&nameless).await.is_trouble(400, BROKEN_LINK);
}

#[tokio::test]
async fn an_unregistered_redirect_uri_is_never_redirected_to() {
    for uri in [
        "https://evil.example.test/callback",
        "https://app.example.test/callback/",
        "https://app.example.test/callback?x=1",
        "https://app.example.test/callback#x",
        "https://app.example.test/CALLBACK",
        "https://app.example.test:443/callback",
        "https://app.example.test@evil.example.test/callback",
        "http://app.example.test/callback",
        "//app.example.test/callback",
        "javascript:alert(1)",
        "https://other.example.test/callback",
    ] {
        let request = Authorization::of(SPA).with("redirect_uri", uri);
        open(&request).await.is_trouble(400, WRONG_ADDRESS);
    }
}

#[tokio::test]
async fn an_unregistered_redirect_uri_stays_unused_whatever_else_is_wrong() {
    let request = Authorization::of(SPA)
        .with("redirect_uri", "https://evil.example.test/callback")
        .with("response_type", "token")
        .with("prompt", "none");
    open(&request).await.is_trouble(400, WRONG_ADDRESS);
}

#[tokio::test]
async fn a_client_without_redirect_uris_has_no_authorization() {
    let request = Authorization::of(SCRIPT).with("redirect_uri", SPA.redirect_uri);
    open(&request).await.is_trouble(400, WRONG_ADDRESS);
}

#[tokio::test]
async fn a_disabled_client_is_an_unknown_one() {
    let server = TestServer::start().await;
    let mut metadata = cardea_protocol::model::ClientMetadata {
        client_id: "shop".to_owned(),
        token_endpoint_auth_method: cardea_protocol::model::AuthMethod::None,
        ..Default::default()
    };
    metadata.redirect_uris = vec![OTHER_SPA.redirect_uri.to_owned()];
    server.add_client(metadata).await;
    let request = Authorization::of(OTHER_SPA).with("client_id", "shop");
    let mut browser = Browser::new(&server);
    assert_eq!(browser.open(&request.url(&server)).await.path(), "/login");
    server.disable_client("shop").await;
    let page = browser.open(&request.url(&server)).await;
    page.is_trouble(400, UNKNOWN_APP);
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_reported_to_its_client() {
    let request = || Authorization::of(SPA);
    for (request, error) in [
        (request().with("response_type", ""), "invalid_request"),
        (
            request().with("response_type", "token"),
            "unsupported_response_type",
        ),
        (
            request().with("response_type", "code id_token"),
            "unsupported_response_type",
        ),
        (
            request().with("response_mode", "fragment"),
            "invalid_request",
        ),
        (
            request().with("request", "eyJ.e.e"),
            "request_not_supported",
        ),
        (
            request().with("request_uri", "https://a.example/r"),
            "request_uri_not_supported",
        ),
        (
            request().with("registration", "{}"),
            "registration_not_supported",
        ),
        (request().with("code_challenge", ""), "invalid_request"),
        (request().with("code_challenge", "short"), "invalid_request"),
        (
            request().with("code_challenge_method", ""),
            "invalid_request",
        ),
        (
            request()
                .with("code_challenge_method", "plain")
                .with("code_challenge", VERIFIER),
            "invalid_request",
        ),
        (request().with("scope", ""), "invalid_scope"),
        (request().with("scope", "nothing-known"), "invalid_scope"),
        (request().with("scope", "openid \""), "invalid_scope"),
        (
            request().with("resource", "api://nowhere"),
            "invalid_target",
        ),
        (request().with("resource", "api://orders"), "invalid_target"),
        (request().with("prompt", "none login"), "invalid_request"),
        (request().with("prompt", "create"), "invalid_request"),
        (request().with("max_age", "-1"), "invalid_request"),
        (request().with("max_age", "soon"), "invalid_request"),
        (request().with("claims", "{"), "invalid_request"),
        (request().with("nonce", &"n".repeat(513)), "invalid_request"),
        (
            request().with("login_hint", &"h".repeat(257)),
            "invalid_request",
        ),
        (
            request().with("id_token_hint", "not.a.token"),
            "invalid_request",
        ),
        (request().with("prompt", "none"), "login_required"),
        (
            request().with(
                "claims",
                r#"{"id_token":{"acr":{"essential":true,"value":"gold"}}}"#,
            ),
            "unmet_authentication_requirements",
        ),
    ] {
        open(&request).await.client_is_told(error);
    }
}

#[tokio::test]
async fn a_scope_that_the_client_has_not_is_refused() {
    let server = TestServer::builder()
        .client("spa", |c| c.scope = "openid orders:read".to_owned())
        .start()
        .await;
    let mut browser = Browser::new(&server);
    let request = Authorization::of(SPA).scope("openid orders:read orders:write");
    let page = browser.open(&request.url(&server)).await;
    page.client_is_told("invalid_scope");
}

#[tokio::test]
async fn a_client_can_be_made_to_send_state_and_nonce() {
    let server = TestServer::builder()
        .client("spa", |c| (c.require_state, c.require_nonce) = (true, true))
        .start()
        .await;
    let mut browser = Browser::new(&server);
    let request = Authorization::of(SPA).with("nonce", "");
    let page = browser.open(&request.url(&server)).await;
    page.client_is_told("invalid_request");
    let request = Authorization::of(SPA).with("state", "");
    let told = browser.open(&request.url(&server)).await.callback();
    assert_eq!(told["error"], "invalid_request");
    assert!(!told.contains_key("state"));
}

#[tokio::test]
async fn an_openid_request_names_its_redirect_uri() {
    let request = Authorization::of(SPA).with("redirect_uri", "");
    open(&request).await.is_trouble(400, NO_ADDRESS);
    let plain = request.scope("orders:read");
    assert_eq!(
        open(&plain).await.path(),
        "/login",
        "the only one that is registered"
    );
}

#[tokio::test]
async fn a_request_that_names_two_clients_or_two_addresses_is_reported_to_the_user() {
    for request in [
        Authorization::of(SPA).and("client_id", "spa"),
        Authorization::of(SPA).and("client_id", "other-spa"),
        Authorization::of(SPA).and("redirect_uri", SPA.redirect_uri),
        Authorization::of(SPA).and("redirect_uri", OTHER_SPA.redirect_uri),
    ] {
        open(&request).await.is_trouble(400, BROKEN_LINK);
    }
    let endless = Authorization::of(SPA).and("p", "1");
    let endless = (0..1001).fold(endless, |r, _| r.and("p", ""));
    open(&endless).await.is_trouble(400, BROKEN_LINK);
    let huge = Authorization::of(SPA).and("anything", &"x".repeat(17_000));
    open(&huge).await.is_trouble(413, BROKEN_LINK);
}

#[tokio::test]
async fn duplicates_and_oversize_are_reported_to_the_client() {
    for request in [
        Authorization::of(SPA).and("scope", "openid"),
        Authorization::of(SPA).and("code_challenge", CHALLENGE),
        Authorization::of(SPA)
            .and("whatever", "1")
            .and("whatever", "1"),
        (0..70).fold(Authorization::of(SPA), |r, i| r.and(&format!("p{i}"), "1")),
        (0..101).fold(Authorization::of(SPA), |r, i| r.and(&format!("p{i}"), "1")),
    ] {
        open(&request).await.client_is_told("invalid_request");
    }
    let twice = Authorization::of(SPA).and("state", "another state");
    let told = open(&twice).await.callback();
    assert_eq!(told["error"], "invalid_request");
    assert!(
        !told.contains_key("state"),
        "which one is not known: {told:?}"
    );
}

#[tokio::test]
async fn b4_a_state_that_is_too_long_comes_back_in_the_error() {
    for state in ["s".repeat(4097), "s".repeat(10_000), "a\r\nb".to_owned()] {
        let request = Authorization::of(SPA).with("state", &state);
        let told = open(&request).await.callback();
        assert_eq!(told["error"], "invalid_request");
        assert_eq!(told["state"], state);
        assert_eq!(told["iss"], ISSUER);
    }
}

#[tokio::test]
async fn a_query_that_is_no_form_encoding_is_a_page() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    for query in [
        "client_id=%",
        "client_id=%ff%fe",
        "client_id=spa&redirect_uri=%ff",
        "client_id=spa&client_id=%ff",
        "client_id=spa&scope=openid&redirect_uri=https://app.example.test/callback&redirect_uri=%",
    ] {
        let page = browser
            .open(&server.url(&format!("/authorize?{query}")))
            .await;
        page.is_trouble(400, BROKEN_LINK);
    }
}

#[tokio::test]
async fn b4_a_neighbour_that_can_not_be_decoded_does_not_hinder_the_error_with_its_state() {
    let server = TestServer::start().await;
    let url = Authorization::of(SPA).url(&server);
    let (_, right) = url.split_once('?').unwrap();
    for broken in [
        "foo=%ff",
        "foo=%zz",
        "%zz=1",
        "foo=%",
        "foo=%c3%28",
        "scope=%ff",
        "response_mode=%ff",
        "nonce=%f",
    ] {
        for query in [format!("{right}&{broken}"), format!("{broken}&{right}")] {
            let url = server.url(&format!("/authorize?{query}"));
            let told = Browser::new(&server).open(&url).await.callback();
            assert_eq!(told["error"], "invalid_request", "{broken}");
            assert_eq!(told["state"], "the state", "{broken}");
            assert_eq!(told["iss"], ISSUER);
            let post = server.post("/authorize");
            let post = post.body("application/x-www-form-urlencoded", query.clone());
            let answer = post.send().await;
            assert_eq!(answer.status, 303, "{broken}");
            let location = answer.location();
            assert!(location.starts_with(SPA.redirect_uri), "{location}");
            assert!(location.contains("state=the+state"), "{location}");
        }
    }
    // A state of which only a part can be read is none.
    let url = server.url(&format!("/authorize?{right}&state=%ff"));
    let told = Browser::new(&server).open(&url).await.callback();
    assert_eq!(told["error"], "invalid_request");
    assert!(!told.contains_key("state"));
    // The address must be registered all the same.
    let evil = right.replace("app.example.test", "evil.example.test");
    let url = server.url(&format!("/authorize?{evil}&foo=%ff"));
    let page = Browser::new(&server).open(&url).await;
    page.is_trouble(400, WRONG_ADDRESS);
}

#[tokio::test]
async fn a_posted_request_must_be_a_form() {
    let server = TestServer::start().await;
    let form = "application/x-www-form-urlencoded";
    let large = format!("client_id=spa&x={}", "x".repeat(70_000));
    for (content_type, body, status) in [
        ("application/json", "{\"client_id\":\"spa\"}", 415),
        ("multipart/form-data; boundary=x", "--x--", 415),
        ("text/plain", "client_id=spa", 415),
        (form, "client_id=%zz", 400),
        (form, &large, 413),
    ] {
        let answer = server
            .post("/authorize")
            .body(content_type, body)
            .send()
            .await;
        assert_eq!(answer.status, status, "{content_type}");
        assert_eq!(answer.header("location"), None);
        assert!(answer.text().contains(BROKEN_LINK));
    }
    assert_eq!(server.post("/authorize").send().await.status, 415);
}

#[tokio::test]
async fn a_posted_request_with_an_error_is_answered_at_once() {
    let server = TestServer::start().await;
    let request = Authorization::of(SPA).with("response_type", "token");
    let answer = server
        .post("/authorize")
        .form(&request.pairs())
        .send()
        .await;
    assert_eq!(answer.status, 303);
    assert!(
        answer
            .location()
            .starts_with("https://app.example.test/callback?error=")
    );
    let foreign = Authorization::of(SPA).with("redirect_uri", "https://evil.example.test/");
    let answer = server
        .post("/authorize")
        .form(&foreign.pairs())
        .send()
        .await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (400, None)
    );
}

#[tokio::test]
async fn another_method_is_answered_with_the_allowed_ones() {
    let server = TestServer::start().await;
    for method in ["PUT", "DELETE", "PATCH", "TRACE"] {
        let answer = server.call(method, "/authorize").send().await;
        assert_eq!(answer.status, 405, "{method}");
        let allow = answer.header("allow").unwrap();
        assert!(allow.contains("GET") && allow.contains("POST"), "{allow}");
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json")
        );
    }
}

#[tokio::test]
async fn an_answer_joins_the_query_of_the_registered_uri() {
    let request = Authorization::of(EXCUSED).with("response_type", "x");
    let page = open(&request).await;
    let told = page.callback();
    assert_eq!(
        (told["from"].as_str(), told["error"].as_str()),
        ("cardea", "unsupported_response_type")
    );
}

#[tokio::test]
async fn a_user_who_is_disabled_while_logged_in_has_no_session() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    log_in(&mut browser, Person::ALICE).await;
    server.disable_user(Person::ALICE).await;
    let page = browser.open(&Authorization::of(SPA).url(&server)).await;
    assert_eq!((page.status(), page.path()), (200, "/login"));
}
