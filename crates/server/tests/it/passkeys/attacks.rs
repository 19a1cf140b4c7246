use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use url::Url;

use super::*;

fn is_refused(browser: &Browser<'_>, page: &Page) {
    assert_eq!(page.status(), 422, "{} {}", page.url, page.text());
    assert_eq!(page.path(), "/passkey");
    assert!(browser.cookie(SESSION).is_none());
}

/// Posts an answer in a new browser.
async fn present(
    server: &TestServer,
    change: impl Fn(&mut Value),
    answer_of: &mut SoftAuthenticator,
) {
    let mut browser = Browser::new(server);
    let page = login_page(&mut browser, &request()).await;
    let form = passkey_form(&page);
    let mut answer = serde_json::from_str(&answer_of.sign(&form).await).unwrap();
    change(&mut answer);
    let fill = [("credential", answer.to_string())];
    let fill = fill.each_ref().map(|(name, text)| (*name, text.as_str()));
    let page = browser.submit(&page, form, &fill).await;
    is_refused(&browser, &page);
}

fn flipped(text: &Value) -> Value {
    let mut bytes = BASE64_URL_SAFE_NO_PAD
        .decode(text.as_str().unwrap())
        .unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    BASE64_URL_SAFE_NO_PAD.encode(bytes).into()
}

#[tokio::test]
async fn a_forged_answer_opens_no_session() {
    let server = TestServer::start().await;
    let mut alice = enrolled(&server, Person::ALICE).await;
    for part in [
        "signature",
        "authenticatorData",
        "clientDataJSON",
        "userHandle",
    ] {
        present(
            &server,
            |answer| answer["response"][part] = flipped(&answer["response"][part]),
            &mut alice,
        )
        .await;
    }
    present(
        &server,
        |answer| answer["response"]["userHandle"] = Value::Null,
        &mut alice,
    )
    .await;
    present(
        &server,
        |answer| answer["rawId"] = "AAAA".into(),
        &mut alice,
    )
    .await;
    present(&server, |answer| *answer = json!({}), &mut alice).await;
    present(
        &server,
        |answer| *answer = json!("x".repeat(9000)),
        &mut alice,
    )
    .await;
}

#[tokio::test]
async fn an_answer_given_to_another_site_is_refused() {
    let server = TestServer::start().await;
    let mut alice = enrolled(&server, Person::ALICE).await;
    for origin in [
        "https://login.id.example.test",
        "https://id.example.test:8443",
    ] {
        alice.origin = Some(Url::parse(origin).unwrap());
        present(&server, |_| {}, &mut alice).await;
    }
}

#[tokio::test]
async fn an_answer_without_user_verification_is_refused() {
    let server = TestServer::start().await;
    let mut alice = enrolled(&server, Person::ALICE).await;
    let mut browser = Browser::new(&server);
    let page = login_page(&mut browser, &request()).await;
    let mut form = passkey_form(&page);
    let options = form.options.take().unwrap();
    form.options = Some(options.replace("\"required\"", "\"discouraged\""));
    alice.skips_verification = true;
    let answer = alice.sign(&form).await;
    let page = browser
        .submit(&page, form, &[("credential", &answer)])
        .await;
    is_refused(&browser, &page);
}

#[tokio::test]
async fn a_challenge_is_answered_once() {
    let server = TestServer::start().await;
    let mut alice = enrolled(&server, Person::ALICE).await;
    let mut browser = Browser::new(&server);
    let page = login_page(&mut browser, &request()).await;
    let form = passkey_form(&page);
    let answer = alice.sign(&form).await;
    // Somebody who has read the request, cookies included, sends it again.
    let mut thief = Browser::new(&server);
    for (name, cookie) in browser.cookies().clone() {
        thief.plant(&name, &cookie);
    }
    browser
        .submit(&page, form.clone(), &[("credential", &answer)])
        .await;
    assert!(browser.cookie(SESSION).is_some());
    let again = thief.submit(&page, form, &[("credential", &answer)]).await;
    is_refused(&thief, &again);
}

#[tokio::test]
async fn of_two_answers_at_once_to_one_challenge_one_wins() {
    let server = TestServer::start().await;
    let mut alice = enrolled(&server, Person::ALICE).await;
    let mut one = Browser::new(&server);
    let page = login_page(&mut one, &request()).await;
    let mut two = Browser::new(&server);
    for (name, cookie) in one.cookies().clone() {
        two.plant(&name, &cookie);
    }
    let form = passkey_form(&page);
    let answer = alice.sign(&form).await;
    let fill = [("credential", answer.as_str())];
    let (first, second) = (form.clone(), form);
    tokio::join!(
        one.submit_once(&page, first, &fill),
        two.submit_once(&page, second, &fill)
    );
    let opened = [&one, &two].map(|browser| browser.cookie(SESSION).is_some());
    assert_eq!(opened.iter().filter(|opened| **opened).count(), 1);
}

#[tokio::test]
async fn a_challenge_of_another_ticket_is_refused() {
    let server = TestServer::start().await;
    let mut alice = enrolled(&server, Person::ALICE).await;
    let mut mine = Browser::new(&server);
    let my_page = login_page(&mut mine, &request()).await;
    let my_form = passkey_form(&my_page);
    let answer = alice.sign(&my_form).await;
    let mut other = Browser::new(&server);
    let page = login_page(&mut other, &request()).await;
    let form = passkey_form(&page);
    let challenge = value(&my_form, "challenge");
    let fill = [("challenge", challenge.as_str()), ("credential", &answer)];
    let page = other.submit(&page, form, &fill).await;
    is_refused(&other, &page);
}

#[tokio::test]
async fn the_passkey_of_another_user_is_no_second_factor() {
    let server = TestServer::start().await;
    enrolled(&server, Person::ALICE).await;
    let mut bob = enrolled(&server, Person::BOB).await;
    let mut browser = Browser::new(&server);
    let page = login_page(&mut browser, &request()).await;
    let page = log_in_at(&mut browser, &page, Person::ALICE).await;
    assert_eq!(page.path(), "/second_factor");
    let page = prove(&mut browser, &page, &mut bob).await;
    is_refused(&browser, &page);
}

#[tokio::test]
async fn a_cloned_passkey_is_refused_by_its_counter() {
    let server = TestServer::start().await;
    let mut alice = enrolled(&server, Person::ALICE).await;
    let mut clone = alice.clone();
    for _ in 0..2 {
        server.advance(jiff::SignedDuration::from_secs(1));
        let mut browser = Browser::new(&server);
        let page = login_page(&mut browser, &request()).await;
        prove(&mut browser, &page, &mut alice).await;
        assert!(browser.cookie(SESSION).is_some());
    }
    server.advance(jiff::SignedDuration::from_secs(1));
    let mut thief = Browser::new(&server);
    let page = login_page(&mut thief, &request()).await;
    let page = prove(&mut thief, &page, &mut clone).await;
    is_refused(&thief, &page);
}

#[tokio::test]
async fn a_disabled_user_gets_in_by_no_passkey() {
    let server = TestServer::start().await;
    let mut bob = enrolled(&server, Person::BOB).await;
    let mut browser = Browser::new(&server);
    let page = login_page(&mut browser, &request()).await;
    server.disable_user(Person::BOB).await;
    let page = prove(&mut browser, &page, &mut bob).await;
    is_refused(&browser, &page);
}

#[tokio::test]
async fn a_challenge_expires_with_its_page() {
    let server = TestServer::start().await;
    let mut alice = enrolled(&server, Person::ALICE).await;
    let mut browser = Browser::new(&server);
    let page = login_page(&mut browser, &request()).await;
    server.advance(jiff::SignedDuration::from_mins(16));
    let page = prove(&mut browser, &page, &mut alice).await;
    assert!(page.status() >= 400, "{}", page.text());
    assert!(browser.cookie(SESSION).is_none());
}

#[tokio::test]
async fn a_passkey_is_not_posted_from_another_site() {
    let server = TestServer::start().await;
    let mut alice = enrolled(&server, Person::ALICE).await;
    let mut browser = Browser::new(&server);
    let page = login_page(&mut browser, &request()).await;
    let form = passkey_form(&page);
    let answer = alice.sign(&form).await;
    let form = form.with("credential", &answer);
    let fields: Vec<_> = form
        .fields
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let page = browser
        .cross_site_post(&server.url("/passkey"), &fields)
        .await;
    assert!(page.status() >= 400);
    assert!(browser.cookie(SESSION).is_none());
}

#[tokio::test]
async fn a_new_passkey_is_made_once_by_its_user_in_its_session() {
    let server = TestServer::start().await;
    let (mut alice, mut bob) = (Browser::new(&server), Browser::new(&server));
    log_in(&mut alice, Person::ALICE).await;
    log_in(&mut bob, Person::BOB).await;
    let page = passkeys_page(&mut alice).await;
    let form = passkey_form(&page);
    let answer = SoftAuthenticator::new().create(&form).await;
    // What Alice has made is not added to the account of Bob.
    let bobs = passkeys_page(&mut bob).await;
    let challenge = value(&form, "challenge");
    let fill = [
        ("challenge", challenge.as_str()),
        ("credential", &answer),
        ("name", "x"),
    ];
    let refused = bob.submit(&bobs, passkey_form(&bobs), &fill).await;
    assert_eq!(refused.status(), 422, "{}", refused.text());
    let fill = [("credential", answer.as_str()), ("name", "Laptop")];
    alice.submit(&page, form, &fill).await;
    // The same answer again.
    let page = passkeys_page(&mut alice).await;
    assert!(page.text().contains("Laptop"));
    let fill = [
        ("challenge", challenge.as_str()),
        ("credential", &answer),
        ("name", "Twice"),
    ];
    let again = alice.submit(&page, passkey_form(&page), &fill).await;
    assert_eq!(again.status(), 422, "{}", again.text());
    assert!(!again.text().contains("Twice</bdi>"));
}

#[tokio::test]
async fn a_user_renames_and_removes_no_passkey_of_another() {
    let server = TestServer::start().await;
    let (mut alice, mut bob) = (Browser::new(&server), Browser::new(&server));
    log_in(&mut alice, Person::ALICE).await;
    add(&mut alice, &mut SoftAuthenticator::new(), "Laptop").await;
    let page = passkeys_page(&mut alice).await;
    let forms = page.forms().into_iter();
    let mut rename = forms.filter(|form| form.value("action") == "rename");
    let id = value(&rename.next_back().unwrap(), "id");
    log_in(&mut bob, Person::BOB).await;
    add(&mut bob, &mut SoftAuthenticator::new(), "Phone").await;
    let page = passkeys_page(&mut bob).await;
    for action in ["rename", "remove"] {
        let forms = page.forms().into_iter();
        let mut named = forms.filter(|form| form.value("action") == action);
        let fill = [("id", id.as_str()), ("name", "Mine now")];
        bob.submit(&page, named.next().unwrap(), &fill).await;
    }
    let page = passkeys_page(&mut alice).await;
    assert!(page.text().contains("<bdi>Laptop</bdi>"), "{}", page.text());
}
