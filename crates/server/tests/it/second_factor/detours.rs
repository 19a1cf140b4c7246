//! Ways around the second factor: prepared tickets, other goals, weaker wishes, factors set up by somebody else; and what is kept secret.

use cardea_protocol::mfa::Requirement;
use cardea_testkit::{Log, flows::log_in};

use super::*;

#[tokio::test]
async fn a_ticket_prepared_by_an_attacker_signs_nobody_in_as_the_attacker() {
    let server = TestServer::start().await;
    let (bobs, _) = enrolled(&mut Browser::new(&server), Person::BOB).await;
    // Bob has proved his password, and gives Alice the address of the page.
    let mut bob = Browser::new(&server);
    let prepared = after_password(&mut bob, &request(), Person::BOB).await;
    assert_eq!(prepared.path(), "/second_factor");
    let mut alice = Browser::new(&server);
    let page = alice.open(prepared.url.as_str()).await;
    assert_eq!(page.path(), "/login", "nothing was proved here");
    // Nor does his code, or his form, help in her browser.
    let form = prepared
        .form()
        .with("csrf", page.form().value("csrf"))
        .without("trust");
    let code = bobs.code(&server);
    alice.submit(&page, form, &[("code", &code)]).await;
    assert!(alice.cookie(SESSION).is_none() && alice.cookie(TRUSTED).is_none());
    // His own browser goes on.
    enter(&mut bob, &prepared, &code).await;
    assert!(bob.cookie(SESSION).is_some());
}

#[tokio::test]
async fn fields_beside_the_code_change_no_goal() {
    let server = TestServer::start().await;
    let (app, _) = enrolled(&mut Browser::new(&server), Person::ALICE).await;
    let mut browser = Browser::new(&server);
    let page = after_password(&mut browser, &request(), Person::ALICE).await;
    let mut form = page.form().without("trust");
    for (name, value) in [
        ("redirect_uri", "https://evil.example.test/"),
        ("return_to", "//evil.example.test"),
        ("section", "security"),
        ("username", "bob"),
        ("state", "another"),
    ] {
        form = form.with(name, value);
    }
    let code = app.code(&server);
    let page = browser.submit(&page, form, &[("code", &code)]).await;
    // The answer goes to the registered address, with the code of Alice.
    let claims = id_token(&mut browser, page).await;
    let subject = server.subject(Person::ALICE).await;
    assert_eq!(
        (&claims["acr"], &claims["sub"]),
        (&MFA.into(), &subject.as_str().into())
    );
}

#[tokio::test]
async fn a_client_that_asks_for_less_does_not_lower_what_the_policy_requires() {
    let server = TestServer::builder()
        .config(|config| config.mfa.policy = Requirement::Required)
        .start()
        .await;
    let (app, _) = enrolled(&mut Browser::new(&server), Person::ALICE).await;
    let weak = ESSENTIAL.replace(MFA, PASSWORD);
    for request in [
        request().with("acr_values", PASSWORD),
        request().with("claims", &weak),
        request().with("acr_values", "urn:example:unknown"),
    ] {
        let mut browser = Browser::new(&server);
        let page = after_password(&mut browser, &request, Person::ALICE).await;
        assert_eq!(page.path(), "/second_factor");
        let skipped = page.form().without("trust").with("skip", "on");
        let page = browser.submit(&page, skipped, &[("code", "000000")]).await;
        assert_eq!((page.status(), page.path()), (422, "/second_factor"));
        assert!(browser.cookie(SESSION).is_none());
        enter(&mut browser, &page, &app.code(&server)).await;
        assert!(browser.cookie(SESSION).is_some());
        server.advance(SignedDuration::from_secs(30));
    }
}

#[tokio::test]
async fn of_two_apps_set_up_at_once_one_counts() {
    let server = TestServer::start().await;
    let (mut one, mut two) = (Browser::new(&server), Browser::new(&server));
    let pages = (
        after_password(&mut one, &demanding(), Person::ALICE).await,
        after_password(&mut two, &demanding(), Person::ALICE).await,
    );
    let codes = (
        App::scan(&pages.0).code(&server),
        App::scan(&pages.1).code(&server),
    );
    let (first, second) = tokio::join!(
        enter(&mut one, &pages.0, &codes.0),
        enter(&mut two, &pages.1, &codes.1)
    );
    let sessions = [&one, &two].map(|browser| browser.cookie(SESSION).is_some());
    assert!(sessions[0] != sessions[1], "{sessions:?}");
    assert!([first.status(), second.status()].contains(&200));
    let subject = server.subject(Person::ALICE).await;
    let view = server.store.factors(&subject).await.unwrap();
    assert_eq!(view.backup_codes, 10, "those of the one");
}

#[tokio::test]
async fn an_app_is_not_set_up_over_one_that_is_there_from_the_account_page() {
    let server = TestServer::start().await;
    let url = server.url("/account/security/authenticator_app");
    let mut thief = Browser::new(&server);
    log_in(&mut thief, Person::ALICE).await;
    let page = thief.open(&url).await;
    let code = App::scan(&page).code(&server);
    // Meanwhile the owner sets one up.
    let (app, codes) = enrolled(&mut Browser::new(&server), Person::ALICE).await;
    let form = page
        .forms()
        .into_iter()
        .find(|form| !form.value("enrolment").is_empty())
        .unwrap();
    let answer = thief.submit(&page, form, &[("code", &code)]).await;
    assert_eq!(answer.path(), "/account/security");
    // The owner's still count.
    for right in [app.code(&server), codes[0].clone()] {
        let mut owner = Browser::new(&server);
        let page = after_password(&mut owner, &request(), Person::ALICE).await;
        enter(&mut owner, &page, &right).await;
        assert!(owner.cookie(SESSION).is_some());
    }
}

#[tokio::test]
async fn no_secret_of_a_second_factor_reaches_log_audit_or_administration() {
    let (log, _guard) = Log::capture();
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let page = after_password(&mut browser, &demanding(), Person::ALICE).await;
    let html = page.text();
    let (_, key) = html.split_once("class=\"secret\">").unwrap();
    let (key, _) = key.split_once("</code>").unwrap();
    // The key without the tags between its groups.
    let key: String = key
        .split('<')
        .map(|part| part.rsplit('>').next().unwrap_or_default().trim())
        .collect();
    assert_eq!(key.len(), 32, "{key}");
    let sealed = page.form().value("enrolment").to_owned();
    let app = App::scan(&page);
    let mut secrets = vec![sealed, key, app.code(&server)];
    let codes = enter(&mut browser, &page, &app.code(&server)).await;
    let codes = backup_codes(&codes);
    server.advance(SignedDuration::from_secs(30));
    for code in [app.code(&server), codes[0].clone(), "471147".to_owned()] {
        let mut browser = Browser::new(&server);
        let page = after_password(&mut browser, &request(), Person::ALICE).await;
        let fill = [("code", &*code), ("trust", "on")];
        browser.submit(&page, page.form(), &fill).await;
        secrets.extend(browser.cookie(TRUSTED).map(str::to_owned));
        secrets.push(code);
    }
    secrets.extend(codes);
    let rows = server
        .store
        .audit(Default::default(), cardea_store::Page::first(100));
    let rows = rows.await.unwrap().items;
    let mut seen = vec![log.text(), serde_json::to_string(&rows).unwrap()];
    for path in ["/users/alice", "/users/alice/factors", "/audit", "/users"] {
        let (status, said) = server.administer("GET", path, Value::Null).await;
        assert_eq!(status, 200, "{path}");
        seen.push(said.to_string());
    }
    for text in &seen {
        // Six digits may be part of a time or an id.
        let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).collect();
        for secret in &secrets {
            let found = match secret.len() {
                6 => words.contains(&secret.as_str()),
                _ => text.contains(secret),
            };
            assert!(!found, "{secret} in {text}");
        }
    }
    assert!(seen[0].contains("second factor refused"), "it is the log");
}
