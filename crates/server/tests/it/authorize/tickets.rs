//! Attacks on a pending login (D7).

use cardea_testkit::{
    Browser, Page, Person, TestServer,
    clients::SPA,
    flows::{Authorization, decide, log_in, log_in_at, redeem, walk},
    jwt,
};

const BROKEN_LINK: &str = "This link doesn’t work";
pub(super) const NOT_FROM_HERE: &str = "We didn’t accept that";

pub(super) fn request() -> Authorization {
    Authorization::of(SPA)
}

/// The consent page in a browser where the user is logged in.
pub(super) async fn consent_page(browser: &mut Browser<'_>, person: Person) -> Page {
    log_in(browser, person).await;
    let page = browser.open(&request().url(browser.server())).await;
    assert_eq!(page.path(), "/consent");
    page
}

pub(super) async fn subject_of(server: &TestServer, page: &Page) -> String {
    let tokens = redeem(server, SPA, &page.callback()["code"])
        .await
        .granted();
    let claims = jwt::claims(tokens["id_token"].as_str().unwrap());
    claims["sub"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_ticket_moved_to_another_browser_brings_no_step_along() {
    let server = TestServer::start().await;
    let mut thief = Browser::new(&server);
    let fresh = request().with("prompt", "login").url(&server);
    let login = thief.open(&fresh).await;
    let consent = log_in_at(&mut thief, &login, Person::BOB).await;
    assert_eq!(consent.path(), "/consent");

    let mut stranger = Browser::new(&server);
    assert_eq!(stranger.open(consent.url.as_str()).await.path(), "/login");
    let mut victim = Browser::new(&server);
    walk(&mut victim, &request(), Person::ALICE).await;
    let page = victim.open(consent.url.as_str()).await;
    assert_eq!(
        page.path(),
        "/login",
        "the login of the thief does not count here"
    );
}

#[tokio::test]
async fn a_form_moved_to_another_browser_does_nothing_there() {
    let server = TestServer::start().await;
    let mut thief = Browser::new(&server);
    let consent = consent_page(&mut thief, Person::BOB).await;
    let mut victim = Browser::new(&server);
    log_in(&mut victim, Person::ALICE).await;
    let page = victim
        .submit(&consent, consent.form(), &[("decision", "allow")])
        .await;
    assert_eq!(
        (page.status(), page.path()),
        (200, "/choose_account"),
        "asked again"
    );
    assert!(page.text().contains("Alice A"));
    assert_ne!(page.form().value("csrf"), consent.form().value("csrf"));
}

#[tokio::test]
async fn a_tampered_ticket_is_a_broken_link() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let login = browser.open(&request().url(&server)).await;
    let ticket = login.form().value("ticket").to_owned();
    let middle = ticket.len() / 2;
    let flipped = if &ticket[middle..=middle] == "A" {
        "B"
    } else {
        "A"
    };
    let changed = format!("{}{flipped}{}", &ticket[..middle], &ticket[middle + 1..]);
    let oversize = "A".repeat(15_500);
    for bad in [
        &changed,
        &ticket[1..],
        &ticket[..middle],
        "x",
        "%00",
        &oversize,
    ] {
        for page in ["/login", "/consent", "/choose_account"] {
            let url = server.url(&format!("{page}?ticket={bad}"));
            browser.open(&url).await.is_trouble(400, BROKEN_LINK);
        }
        let form = login.form().with("ticket", bad);
        let fill = [("username", "alice"), ("password", Person::ALICE.password)];
        let answer = browser.submit_once(&login, form, &fill).await;
        assert_eq!(answer.status, 400);
        assert_eq!(answer.set_cookie("__Host-cardea_session"), None);
    }
    for page in ["/consent", "/choose_account"] {
        let page = browser.open(&server.url(page)).await;
        page.is_trouble(400, BROKEN_LINK);
    }
}

#[tokio::test]
async fn a_request_too_large_for_a_ticket_is_reported_to_its_client() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    // Within every bound as it comes, and up to six times as long inside of the ticket.
    let odd = request().with("nonce", &"\u{1}".repeat(512));
    let odd = odd.with("login_hint", &"\u{1}".repeat(256));
    let state = "\"".repeat(4096);
    let odd = odd.with("state", &state);
    let told = browser.open(&odd.url(&server)).await.callback();
    assert_eq!(told["error"], "invalid_request");
    assert_eq!(told["state"], state);
    let large = request()
        .with("nonce", &"n".repeat(512))
        .with("state", &"s".repeat(4096));
    let back = walk(&mut browser, &large, Person::ALICE).await;
    assert_eq!(back.callback()["state"].len(), 4096);
}

#[tokio::test]
async fn a_step_can_not_be_dropped() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    log_in(&mut browser, Person::ALICE).await;
    let choose = request()
        .with("prompt", "select_account consent")
        .url(&server);
    let chooser = browser.open(&choose).await;
    assert_eq!(chooser.path(), "/choose_account");
    // The chooser's form sent to the consent page: its token is for another step.
    let mut form = chooser.form();
    form.action = "/consent".to_owned();
    let page = browser
        .submit(&chooser, form, &[("decision", "allow")])
        .await;
    page.is_trouble(403, NOT_FROM_HERE);
    let ticket = chooser.form().value("ticket").to_owned();
    let page = browser
        .open(&server.url(&format!("/consent?ticket={ticket}")))
        .await;
    assert_eq!(page.path(), "/choose_account");
}

#[tokio::test]
async fn a_choice_is_not_replayed_for_the_next_user() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    log_in(&mut browser, Person::ALICE).await;
    let choose = request().with("prompt", "select_account").url(&server);
    let chooser = browser.open(&choose).await;
    let consent = decide(&mut browser, &chooser, "continue").await;
    assert_eq!(consent.path(), "/consent");
    log_in(&mut browser, Person::BOB).await;
    let page = browser.open(consent.url.as_str()).await;
    assert_eq!(page.path(), "/choose_account");
    assert!(page.text().contains("bob"));
}

#[tokio::test]
async fn a_consent_in_a_tab_of_one_user_does_not_count_for_the_next() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let alices = consent_page(&mut browser, Person::ALICE).await;
    log_in(&mut browser, Person::BOB).await;
    let page = decide(&mut browser, &alices, "allow").await;
    assert_eq!((page.status(), page.path()), (200, "/choose_account"));
    let page = decide(&mut browser, &page, "continue").await;
    assert_eq!((page.status(), page.path()), (200, "/consent"));
    assert!(page.text().contains("bob") && !page.text().contains("Alice A"));
    for person in [Person::ALICE, Person::BOB] {
        let subject = server.subject(person).await;
        assert!(server.store.consents_of(&subject).await.unwrap().is_empty());
    }
    let back = decide(&mut browser, &page, "allow").await;
    let bob = server.subject(Person::BOB).await;
    assert_eq!(subject_of(&server, &back).await, bob.to_string());
}

#[tokio::test]
async fn a_client_disabled_during_a_login_gets_no_code() {
    let server = TestServer::start().await;
    let shop = cardea_protocol::model::ClientMetadata {
        client_id: "shop".to_owned(),
        token_endpoint_auth_method: cardea_protocol::model::AuthMethod::None,
        redirect_uris: vec![SPA.redirect_uri.to_owned()],
        ..Default::default()
    };
    server.add_client(shop).await;
    let mut browser = Browser::new(&server);
    log_in(&mut browser, Person::ALICE).await;
    let consent = browser
        .open(&request().with("client_id", "shop").url(&server))
        .await;
    server.disable_client("shop").await;
    let page = decide(&mut browser, &consent, "allow").await;
    page.is_trouble(400, "We don’t know this app");
}

#[tokio::test]
async fn a_consent_form_without_token_or_with_a_strange_decision_is_refused() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let consent = consent_page(&mut browser, Person::ALICE).await;
    let allow = [("decision", "allow")];
    let other = "A".repeat(43);
    for form in [
        consent.form().without("csrf"),
        consent.form().with("csrf", ""),
        consent.form().with("csrf", &other),
        consent.form().with("csrf", "é"),
    ] {
        let page = browser.submit(&consent, form, &allow).await;
        page.is_trouble(403, NOT_FROM_HERE);
    }
    let mut twice = consent.form();
    twice
        .fields
        .push(("decision".to_owned(), "deny".to_owned()));
    twice
        .fields
        .push(("decision".to_owned(), "allow".to_owned()));
    let page = browser.submit(&consent, twice, &[]).await;
    page.is_trouble(403, NOT_FROM_HERE);
    for decision in ["", "yes"] {
        let page = browser
            .submit(&consent, consent.form(), &[("decision", decision)])
            .await;
        page.is_trouble(400, BROKEN_LINK);
    }
}

#[tokio::test]
async fn a_form_of_another_site_is_refused() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let consent = consent_page(&mut browser, Person::ALICE).await;
    let form = consent.form();
    let pairs: Vec<_> = form
        .fields
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    for (name, value) in [
        ("origin", "https://evil.example.test"),
        ("origin", "https://id.example.test.evil.example.test"),
        ("origin", "http://id.example.test"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let call = browser.call("POST", &server.url("/consent"), true);
        let call = call
            .header(name, value)
            .form(&pairs)
            .form(&[("decision", "allow")]);
        let answer = call.send().await;
        assert_eq!(answer.status, 403, "{name}: {value}");
    }
    let url = server.url("/consent");
    let page = browser.cross_site_post(&url, &pairs).await;
    page.is_trouble(400, "Please start again here");
}
