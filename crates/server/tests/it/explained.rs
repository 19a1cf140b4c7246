//! The log line of a refused request: client, check, what was sent, what is registered, where they differ.

use cardea_protocol::model::ClientMetadata;
use cardea_testkit::{
    Browser, Log, Person, TestServer,
    clients::{POST, SPA, WEB},
    flows::{Authorization, VERIFIER, code_for},
};

/// The log line of an authorization request.
async fn line(request: &Authorization) -> String {
    let (log, _guard) = Log::capture();
    let server = TestServer::start().await;
    let before = log.text().len();
    Browser::new(&server).open(&request.url(&server)).await;
    let text = log.text()[before..].to_owned();
    let lines: Vec<_> = text.lines().filter(|l| l.contains("refused")).collect();
    assert_eq!(lines.len(), 1, "{text}");
    lines[0].to_owned()
}

#[track_caller]
fn has(line: &str, parts: &[&str]) {
    for part in parts {
        assert!(line.contains(part), "{part} is missing in: {line}");
    }
}

#[tokio::test]
async fn n3_a_wrong_redirect_uri_is_logged_with_the_registered_one_and_the_difference() {
    for (sent, differs) in [
        (
            "https://app.example.test/callback/",
            "the path differs by a trailing slash",
        ),
        (
            "http://app.example.test/callback",
            "the scheme differs (http and https)",
        ),
        (
            "https://app.example.test/Callback",
            "the path differs in upper and lower case",
        ),
        ("https://app.example.test:8443/callback", "the port differs"),
    ] {
        let request = Authorization::of(SPA).with("redirect_uri", sent);
        let line = line(&request).await;
        has(
            &line,
            &[
                "client_id=\"spa\"",
                "check=\"redirect_uri\"",
                "section=\"RFC 9700 §2.1\"",
                &format!("sent=\"{sent}\""),
                "registered=\"https://app.example.test/callback\"",
                &format!("differs=\"{differs}\""),
                "trail=client passed, redirect_uri failed",
                "request_id=",
            ],
        );
    }
}

#[tokio::test]
async fn n3_an_unknown_client_is_logged_bounded_and_with_the_one_that_may_be_meant() {
    for (sent, meant) in [
        ("SPA", Some("spa")),
        (" spa", Some("spa")),
        ("spa/", Some("spa")),
        ("sspa", Some("spa")),
        ("nobody", None),
    ] {
        let line = line(&Authorization::of(SPA).with("client_id", sent)).await;
        has(
            &line,
            &["check=\"client\"", &format!("client_id=\"{sent}\"")],
        );
        match meant {
            Some(meant) => has(&line, &[&format!("registered=\"{meant}\"")]),
            None => assert!(!line.contains("registered="), "{line}"),
        }
    }
    let long = line(&Authorization::of(SPA).with("client_id", &"x".repeat(5000))).await;
    assert!(long.len() < 1500, "{}", long.len());
    let forged = line(&Authorization::of(SPA).with("client_id", "a\nERROR forged")).await;
    has(&forged, &["ERROR forged"]);
}

#[tokio::test]
async fn n3_what_is_missing_repeated_or_broken_is_logged_with_client_and_registered_values() {
    let uri = "registered=\"https://app.example.test/callback\"";
    for (request, parts) in [
        (
            Authorization::of(SPA).with("redirect_uri", ""),
            [
                "client_id=\"spa\"",
                "check=\"redirect_uri\"",
                "sent=\"(nothing)\"",
                uri,
                "advice=\"send redirect_uri",
            ],
        ),
        (
            Authorization::of(SPA).and("redirect_uri", "https://a.example.test/"),
            [
                "client_id=\"spa\"",
                "check=\"redirect_uri\"",
                "sent=\"https://app.example.test/callback, https://a.example.test/\"",
                uri,
                "advice=\"send redirect_uri once\"",
            ],
        ),
        (
            Authorization::of(SPA).and("redirect_uri", SPA.redirect_uri),
            [
                "client_id=\"spa\"",
                "check=\"redirect_uri\"",
                "comes more than once",
                uri,
                "advice=\"send redirect_uri once\"",
            ],
        ),
        (
            Authorization::of(SPA).and("client_id", "spa"),
            [
                "client_id=\"spa\"",
                "check=\"client\"",
                "sent=\"spa\"",
                "registered=\"",
                "advice=\"send client_id once\"",
            ],
        ),
        (
            Authorization::of(SPA).and("client_id", "other"),
            [
                "client_id=\"spa, other\"",
                "check=\"client\"",
                "sent=\"spa, other\"",
                "registered=\"",
                "advice=\"send client_id once\"",
            ],
        ),
        (
            Authorization::of(SPA).with("client_id", ""),
            [
                "description=\"the parameter client_id is missing\"",
                "check=\"client\"",
                "sent=\"(nothing)\"",
                "registered=\"",
                "advice=\"send client_id\"",
            ],
        ),
    ] {
        has(&line(&request).await, &parts);
    }
}

#[tokio::test]
async fn n3_an_error_that_goes_back_to_the_client_is_logged_too() {
    let line = line(
        &Authorization::of(SPA)
            .scope("openid orders:read")
            .with("resource", "api://order"),
    )
    .await;
    has(
        &line,
        &[
            "client_id=\"spa\"",
            "check=\"resource\"",
            "sent=\"api://order\"",
            "registered=\"api://orders\"",
        ],
    );
}

#[tokio::test]
async fn n3_the_error_page_shows_the_difference_in_development_only() {
    let wrong = Authorization::of(SPA).with("redirect_uri", "https://app.example.test/callback/");
    let server = TestServer::start().await;
    let page = Browser::new(&server).open(&wrong.url(&server)).await;
    assert!(!page.text().contains("trailing slash"));
    assert!(!page.text().contains("app.example.test"));

    let server = TestServer::builder()
        .issuer("http://localhost:9000")
        .config(|c| c.development = true)
        .start()
        .await;
    let page = Browser::new(&server).open(&wrong.url(&server)).await;
    assert_eq!(page.status(), 400);
    for part in [
        "the path differs by a trailing slash",
        "https://app.example.test/callback",
        "spa",
    ] {
        assert!(page.text().contains(part), "{part}: {}", page.text());
    }
    for (wrong, parts) in [
        (
            Authorization::of(SPA).with("redirect_uri", ""),
            [
                "We can’t send you back",
                "https://app.example.test/callback",
            ],
        ),
        (
            Authorization::of(SPA).and("redirect_uri", "https://a.example.test/"),
            [
                "send redirect_uri once",
                "https://app.example.test/callback",
            ],
        ),
        (
            Authorization::of(SPA).with("client_id", ""),
            ["the parameter client_id is missing", "spa"],
        ),
        (
            Authorization::of(SPA).and("client_id", "spa"),
            ["send client_id once", "comes more than once"],
        ),
    ] {
        let page = Browser::new(&server).open(&wrong.url(&server)).await;
        assert_eq!(page.status(), 400);
        has(page.text(), &parts);
        has(
            page.text(),
            &["<dt>sent</dt>", "<dt>registered</dt>", "<dt>advice</dt>"],
        );
    }
    let typo = Authorization::of(SPA).with("client_id", "spaa");
    let page = Browser::new(&server).open(&typo.url(&server)).await;
    assert!(page.text().contains("spaa") && page.text().contains("registered"));
}

#[tokio::test]
async fn a_refused_token_request_is_logged_with_its_checks_and_no_secret() {
    let (log, _guard) = Log::capture();
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let code = code_for(&mut browser, &Authorization::of(WEB), Person::ALICE).await;
    let before = log.text().len();
    let refused = server
        .post("/token")
        .client(WEB)
        .form(&[
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", &format!("{}/", WEB.redirect_uri)),
            ("code_verifier", VERIFIER),
        ])
        .send()
        .await;
    refused.refused(400, "invalid_grant");
    let text = log.text()[before..].to_owned();
    has(
        &text,
        &[
            "client_id=\"web\"",
            "check=\"redirect_uri\"",
            "differs=\"the path differs by a trailing slash\"",
            "trail=client_authentication passed, grant_type passed, code_client passed, redirect_uri failed",
        ],
    );
    assert!(!text.contains(VERIFIER) && !text.contains(&code) && !text.contains(WEB.secret));
    assert_eq!(text.matches(" refused ").count(), 1, "{text}");
}

#[tokio::test]
async fn c8_a_secret_sent_raw_in_basic_is_explained_in_the_log() {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let (log, _guard) = Log::capture();
    let server = TestServer::start().await;
    for (id, secret) in [
        ("plus", "secret+of+at+least+32+bytes+00000000"),
        ("percent", "secret%41of%41at%41least%4132%41bytes"),
        ("stray", "secret%of%at%least%32%bytes%zz%000000"),
    ] {
        server
            .add_client(ClientMetadata {
                client_id: id.to_owned(),
                client_secret: Some(cardea_seal::Secret::new(secret.to_owned())),
                redirect_uris: vec![SPA.redirect_uri.to_owned()],
                ..Default::default()
            })
            .await;
        let before = log.text().len();
        let basic = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
        let body = [("grant_type", "authorization_code"), ("code", "x")];
        let call = server.post("/token").header("authorization", &basic);
        call.form(&body).send().await.refused(401, "invalid_client");
        let text = log.text()[before..].to_owned();
        has(&text, &["form-url-encod"]);
        assert!(!text.contains(secret), "{text}");
        // Encoded as RFC 6749 §2.3.1 asks, it is accepted.
        let call = server.post("/token").basic(id, secret).form(&body);
        call.send().await.refused(400, "invalid_grant");
    }
}

#[tokio::test]
async fn an_authentication_method_that_is_not_registered_is_logged() {
    let (log, _guard) = Log::capture();
    let server = TestServer::start().await;
    let body = [
        ("grant_type", "refresh_token"),
        ("client_id", POST.id),
        ("refresh_token", "x"),
    ];
    let refused = server.post("/token").form(&body).send().await;
    refused.refused(401, "invalid_client");
    has(
        &log.text(),
        &[
            "check=\"token_endpoint_auth_method\"",
            "sent=\"none\"",
            "registered=\"client_secret_post\"",
        ],
    );
}
