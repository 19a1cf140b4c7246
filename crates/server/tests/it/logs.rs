//! What the log says, and what it must never say.

use cardea_testkit::{
    Browser, Log, Person, TestServer,
    clients::{POST, SPA, WEB},
    flows::{Authorization, VERIFIER, code_for, introspect, redeem, refresh},
    jwt,
};

#[tokio::test]
async fn no_secret_reaches_the_log() {
    let (log, _guard) = Log::capture();
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let mut secrets = vec![
        Person::ALICE.password.to_owned(),
        "a-wrong-attempt".to_owned(),
        WEB.secret.to_owned(),
        POST.secret.to_owned(),
        "a-wrong-secret".to_owned(),
        VERIFIER.to_owned(),
        "the state".to_owned(),
        "the nonce".to_owned(),
    ];
    let login = browser.open(&Authorization::of(WEB).url(&server)).await;
    secrets.push(login.form().value("ticket").to_owned());
    secrets.push(login.form().value("csrf").to_owned());
    let wrong = [("username", "alice"), ("password", "a-wrong-attempt")];
    browser.submit_once(&login, login.form(), &wrong).await;
    for client in [WEB, POST] {
        let code = code_for(&mut browser, &Authorization::of(client), Person::ALICE).await;
        let tokens = redeem(&server, client, &code).await.granted();
        let replayed = redeem(&server, client, &code).await;
        replayed.refused(400, "invalid_grant");
        for name in ["access_token", "refresh_token", "id_token"] {
            let token = tokens[name].as_str().unwrap();
            introspect(&server, WEB, token).await;
            server.get("/userinfo").bearer(token).send().await;
            refresh(&server, client, token).await;
            server
                .get("/end_session")
                .query(&[("id_token_hint", token)])
                .send()
                .await;
            server.get("/nowhere").query(&[("x", token)]).send().await;
            secrets.push(token.to_owned());
        }
        secrets.push(code);
    }
    server
        .post("/token")
        .basic("web", "a-wrong-secret")
        .form(&[("grant_type", "x")])
        .send()
        .await;
    let assertion = jwt::assertion("signed", "https://wrong.example.test");
    server
        .post("/token")
        .assertion(&assertion)
        .form(&[("grant_type", "x")])
        .send()
        .await;
    secrets.push(assertion);
    secrets.extend(browser.cookies().values().cloned());
    let text = log.text();
    assert!(text.lines().count() > 20, "{text}");
    for secret in secrets {
        // Whole, or a part that is long enough to be used or guessed from.
        let part = &secret[..secret.len().min(24)];
        assert!(!text.contains(part), "{part} is in the log");
    }
}

#[tokio::test]
async fn a_refusal_is_in_the_log_under_its_reference_with_its_cause() {
    let (log, _guard) = Log::capture();
    let server = TestServer::start().await;
    let answer = server
        .post("/token")
        .basic("web", "wrong")
        .form(&[("grant_type", "x")])
        .send()
        .await;
    let id = answer.header("x-request-id").unwrap();
    let text = log.text();
    let line = text
        .lines()
        .find(|line| line.contains(id) && line.contains("cause"))
        .unwrap();
    assert!(
        line.contains("wrong secret") && line.contains("invalid_client"),
        "{line}"
    );
    let request = text
        .lines()
        .find(|line| line.contains(id) && line.contains("status="))
        .unwrap();
    assert!(
        request.contains("/token") && request.contains("status=401"),
        "{request}"
    );
    assert!(
        !answer.text().contains("wrong secret"),
        "the caller is not told"
    );
}

#[tokio::test]
async fn a_line_can_not_be_forged_from_outside() {
    let (log, _guard) = Log::capture();
    let server = TestServer::start().await;
    let hostile = "x\n2026-07-01T12:00:00Z  INFO forged\u{1b}[31m";
    server
        .get("/authorize")
        .query(&[("client_id", hostile)])
        .send()
        .await;
    server
        .post("/token")
        .form(&[("client_id", hostile), ("grant_type", hostile)])
        .send()
        .await;
    server
        .get("/authorize")
        .query(&[(hostile, "1"), (hostile, "2"), ("client_id", SPA.id)])
        .send()
        .await;
    let mut browser = Browser::new(&server);
    let login = browser.open(&server.url("/login")).await;
    let fill = [("username", hostile), ("password", hostile)];
    browser.submit_once(&login, login.form(), &fill).await;
    let text = log.text();
    assert!(
        !text.contains('\u{1b}') && !text.contains("\n2026-07-01T12:00:00Z  INFO forged"),
        "{text}"
    );
}

#[tokio::test]
async fn s9_a_refused_request_has_one_line_at_the_level_of_the_log() {
    let (log, _guard) = Log::capture();
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let login = browser.open(&server.url("/login")).await;
    let wrong = [("username", "alice"), ("password", "a-wrong-attempt")];
    let form = server.post("/token").form(&[("grant_type", "x")]);
    let answers = [
        server.post("/token").basic("web", "wrong").send().await,
        form.client(SPA).send().await,
        server
            .get("/authorize")
            .query(&[("client_id", "x")])
            .send()
            .await,
        browser.submit_once(&login, login.form(), &wrong).await,
        server.get("/no-such-page").send().await,
        server.get("/token").send().await,
    ];
    for answer in answers {
        let id = answer.header("x-request-id").unwrap().to_owned();
        let text = log.text();
        let lines: Vec<_> = text
            .lines()
            .filter(|line| line.contains(&id) && line.contains(" INFO "))
            .collect();
        assert_eq!(lines.len(), 1, "{lines:#?}");
    }
}
