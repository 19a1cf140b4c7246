use cardea_testkit::{
    Browser, ISSUER, Person, TestServer,
    clients::{NATIVE, SPA, WEB},
    flows::{Authorization, decide, log_in, log_in_at, redeem, walk},
    jwt,
};
use serde_json::json;

#[tokio::test]
async fn a_user_logs_in_consents_and_returns_with_a_code() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let request = Authorization::of(SPA).scope("openid orders:read");
    let login = browser.open(&request.url(&server)).await;
    assert_eq!((login.status(), login.path()), (200, "/login"));
    assert!(login.text().contains("Test client spa"));

    let consent = log_in_at(&mut browser, &login, Person::ALICE).await;
    assert_eq!((consent.status(), consent.path()), (200, "/consent"));
    assert!(
        consent.text().contains("app.example.test"),
        "where it leads"
    );
    assert!(consent.text().contains("Alice A"), "who is logged in");

    let back = decide(&mut browser, &consent, "allow").await;
    let (uri, told) = back.to_client().unwrap();
    assert_eq!((back.status(), uri.as_str()), (303, SPA.redirect_uri));
    assert_eq!(told["code"].len(), 51);
    assert_eq!(
        (told["state"].as_str(), told["iss"].as_str()),
        ("the state", ISSUER)
    );
    assert_eq!(told.len(), 3, "{told:?}");
}

#[tokio::test]
async fn a_second_request_needs_neither_login_nor_consent() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let request = Authorization::of(SPA).scope("openid orders:read");
    walk(&mut browser, &request, Person::ALICE).await;
    let again = browser.open(&request.url(&server)).await;
    assert!(again.callback().contains_key("code"));
    let narrower = Authorization::of(SPA).with("prompt", "none");
    let narrower = browser.open(&narrower.url(&server)).await;
    assert!(narrower.callback().contains_key("code"));
    let wider = Authorization::of(SPA).scope("openid orders:write");
    let wider = browser.open(&wider.url(&server)).await;
    assert_eq!((wider.status(), wider.path()), (200, "/consent"));
}

#[tokio::test]
async fn a_posted_request_from_another_site_sees_the_session_by_the_get_that_follows() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let request = Authorization::of(SPA);
    walk(&mut browser, &request, Person::ALICE).await;
    let url = server.url("/authorize");
    let back = browser.cross_site_post(&url, &request.pairs()).await;
    assert!(back.callback().contains_key("code"));
}

#[tokio::test]
async fn form_post_answers_with_a_form_that_posts_itself() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let request = Authorization::of(WEB).with("response_mode", "form_post");
    let page = walk(&mut browser, &request, Person::ALICE).await;
    assert_eq!(page.status(), 200);
    let form = page.form();
    assert_eq!(form.action, WEB.redirect_uri);
    let names: Vec<_> = form.fields.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["code", "state", "iss"]);
    assert_eq!(
        (form.value("state"), form.value("iss")),
        ("the state", ISSUER)
    );
    let csp = page.answer.header("content-security-policy").unwrap();
    assert!(
        csp.contains("script-src 'sha256-") && !csp.contains("form-action"),
        "{csp}"
    );
    assert_eq!(page.answer.header("cache-control"), Some("no-store"));
}

/// A browser that keeps the page of the form in its history gets it again by GET.
#[tokio::test]
async fn a_form_that_answers_a_post_is_fetched_by_get() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let request = Authorization::of(WEB)
        .with("response_mode", "form_post")
        .with("prompt", "consent");
    let login = browser.open(&request.url(&server)).await;
    let consent = log_in_at(&mut browser, &login, Person::ALICE).await;
    for decision in ["allow", "deny"] {
        let form = consent.form();
        let answer = browser
            .submit_once(&consent, form, &[("decision", decision)])
            .await;
        assert_eq!(answer.status, 303, "{decision}");
        let (page, again) = (answer.location().to_owned(), answer.location().to_owned());
        assert!(page.starts_with(ISSUER), "{page}");
        let page = browser.open(&page).await;
        let first = page.form();
        assert_eq!(first.action, WEB.redirect_uri);
        assert_eq!(first.value("state"), "the state");
        let second = browser.open(&again).await.form();
        match decision {
            "allow" => {
                assert_ne!(first.value("code"), second.value("code"), "used once");
                // The entry of the history becomes the request, which asks again.
                let (_, restart) = page.text().split_once("data-again=\"").unwrap();
                let (restart, _) = restart.split_once('"').unwrap();
                assert!(restart.starts_with("/authorize?ticket="), "{restart}");
                let consent = browser.open(&server.url(restart)).await;
                assert_eq!((consent.status(), consent.path()), (200, "/consent"));
            }
            _ => {
                assert_eq!(first.value("error"), "access_denied");
                assert_eq!(first.fields, second.fields);
                assert!(!page.text().contains("data-again"));
            }
        }
    }
    // A request that is posted with an error; and the page of an error is not kept for long.
    let wrong = request.with("response_type", "token");
    let posted = server.post("/authorize").form(&wrong.pairs());
    let answer = posted.send().await;
    assert_eq!(answer.status, 303);
    let page = browser.open(answer.location()).await;
    assert_eq!(page.form().value("error"), "unsupported_response_type");
    server.advance(jiff::SignedDuration::from_mins(6));
    let page = browser.open(answer.location()).await;
    page.is_trouble(400, "This took too long");
    for forged in ["", "x", "v1.AAAA"] {
        let url = server.url(&format!("/authorize?response={forged}"));
        assert_eq!(browser.open(&url).await.status(), 400);
    }
    // What is too long for a URL is answered at once.
    let long = wrong.with("state", &"s".repeat(12_000));
    let answer = server.post("/authorize").form(&long.pairs()).send().await;
    assert_eq!(answer.status, 200);
    assert!(answer.text().contains(&"s".repeat(12_000)));
}

#[tokio::test]
async fn a_login_without_consent_to_ask_for_is_answered_by_a_form_that_is_fetched() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let request = Authorization::of(WEB).with("response_mode", "form_post");
    walk(&mut browser, &request, Person::ALICE).await;
    for (prompt, path) in [("login", "/login"), ("select_account", "/choose_account")] {
        let request = Authorization::of(WEB)
            .with("response_mode", "form_post")
            .with("prompt", prompt);
        let page = browser.open(&request.url(&server)).await;
        assert_eq!(page.path(), path);
        let fill = [
            ("username", "alice"),
            ("password", Person::ALICE.password),
            ("decision", "continue"),
        ];
        let answer = browser.submit_once(&page, page.form(), &fill).await;
        assert_eq!(answer.status, 303);
        let page = browser.open(answer.location()).await;
        assert_eq!(page.form().value("code").len(), 51, "{prompt}");
    }
}

#[tokio::test]
async fn a_hostile_state_stays_text_on_its_way_back() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let hostile = "\"><script>alert(1)</script>&code=x";
    let request = Authorization::of(WEB).with("state", hostile);
    let back = walk(&mut browser, &request, Person::ALICE).await;
    assert_eq!(back.callback()["state"], hostile);
    assert_eq!(back.callback()["code"].len(), 51);
    let request = request.with("response_mode", "form_post");
    let page = browser.open(&request.url(&server)).await;
    assert_eq!(page.form().value("state"), hostile);
    assert!(!page.text().contains("<script>alert"));
}

#[tokio::test]
async fn form_post_carries_errors_too() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let request = Authorization::of(WEB)
        .with("response_mode", "form_post")
        .with("prompt", "none");
    let page = browser.open(&request.url(&server)).await;
    let form = page.form();
    assert_eq!(page.status(), 200);
    assert_eq!(form.value("error"), "login_required");
    assert_eq!(
        (form.value("state"), form.value("iss")),
        ("the state", ISSUER)
    );
}

#[tokio::test]
async fn a_native_app_comes_back_to_any_port_and_is_asked_for_consent_each_time() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let uri = "http://127.0.0.1:54321/callback";
    let request = Authorization::of(NATIVE).with("redirect_uri", uri);
    let back = walk(&mut browser, &request, Person::ALICE).await;
    assert_eq!(back.to_client().unwrap().0, uri);
    let again = browser.open(&request.url(&server)).await;
    assert_eq!((again.status(), again.path()), (200, "/consent"));
}

#[tokio::test]
async fn a_denied_consent_is_reported_and_no_code_is_made() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    log_in(&mut browser, Person::ALICE).await;
    let consent = browser.open(&Authorization::of(SPA).url(&server)).await;
    let back = decide(&mut browser, &consent, "deny").await;
    back.client_is_told("access_denied");
}

#[tokio::test]
async fn not_you_leads_to_a_login_as_another_user() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    log_in(&mut browser, Person::ALICE).await;
    let consent = browser.open(&Authorization::of(SPA).url(&server)).await;
    let login = decide(&mut browser, &consent, "switch").await;
    assert_eq!(login.path(), "/login");
    let consent = log_in_at(&mut browser, &login, Person::BOB).await;
    assert_eq!(consent.path(), "/consent");
    assert!(consent.text().contains("bob"));
    let back = decide(&mut browser, &consent, "allow").await;
    assert!(back.callback().contains_key("code"));
}

#[tokio::test]
async fn unknown_parameters_and_scopes_are_passed_over() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let request = Authorization::of(SPA)
        .scope("openid something-else")
        .with("ui_locales", "de fr")
        .with("acr_values", "gold silver")
        .with("utm_source", "mail");
    let back = walk(&mut browser, &request, Person::ALICE).await;
    assert!(back.callback().contains_key("code"));
}

#[tokio::test]
async fn the_claims_parameter_puts_single_claims_in_the_id_token() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let claims = json!({ "id_token": { "email": null, "name": { "essential": true } } });
    let request = Authorization::of(SPA).with("claims", &claims.to_string());
    log_in(&mut browser, Person::ALICE).await;
    let consent = browser.open(&request.url(&server)).await;
    assert!(
        consent.text().contains("email"),
        "a claim needs the consent of its scope"
    );
    let back = decide(&mut browser, &consent, "allow").await;
    let tokens = redeem(&server, SPA, &back.callback()["code"])
        .await
        .granted();
    let claims = jwt::claims(tokens["id_token"].as_str().unwrap());
    assert_eq!(claims["email"], "alice@example.test");
    assert_eq!(claims["name"], "Alice A");
    assert_eq!(claims["nonce"], "the nonce");
}

#[tokio::test]
async fn a_claim_is_no_way_around_a_scope_that_the_client_has_not() {
    let server = TestServer::builder()
        .client("spa", |c| c.scope = "openid profile".to_owned())
        .start()
        .await;
    let mut browser = Browser::new(&server);
    let claims =
        json!({ "id_token": { "email": null, "name": null }, "userinfo": { "email": null } });
    let request = Authorization::of(SPA).with("claims", &claims.to_string());
    let back = walk(&mut browser, &request, Person::ALICE).await;
    let tokens = redeem(&server, SPA, &back.callback()["code"])
        .await
        .granted();
    let claims = jwt::claims(tokens["id_token"].as_str().unwrap());
    assert_eq!(claims["name"], "Alice A");
    assert!(claims.get("email").is_none());
    let access = tokens["access_token"].as_str().unwrap();
    let userinfo = server
        .get("/userinfo")
        .bearer(access)
        .send()
        .await
        .granted();
    assert!(userinfo.get("email").is_none());
}
