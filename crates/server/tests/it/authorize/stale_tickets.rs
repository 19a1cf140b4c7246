//! Stale tabs and expired tickets (D7, D24): every one has a way on, and none acts for another user.

use cardea_seal::{MasterKey, Sealer};
use cardea_testkit::{
    Browser, ISSUER, MASTER_KEY, Page, Person, TestServer,
    clients::{OTHER_SPA, SPA},
    flows::{Authorization, decide, log_in, log_in_at, walk},
};
use jiff::SignedDuration;

use super::tickets::{NOT_FROM_HERE, consent_page, request, subject_of};

const TOO_LATE: &str = "This took too long";

#[tokio::test]
async fn two_tabs_of_one_user_both_return_to_their_client() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let first = browser.open(&request().url(&server)).await;
    let second = browser
        .open(&Authorization::of(OTHER_SPA).url(&server))
        .await;
    let consent = log_in_at(&mut browser, &first, Person::ALICE).await;
    let back = decide(&mut browser, &consent, "allow").await;
    assert_eq!(back.to_client().unwrap().0, SPA.redirect_uri);
    // The second tab's form is from before the login; the user is logged in now, so it isn't asked again.
    let consent = log_in_at(&mut browser, &second, Person::ALICE).await;
    assert_eq!(consent.path(), "/consent");
    let back = decide(&mut browser, &consent, "allow").await;
    assert_eq!(back.to_client().unwrap().0, OTHER_SPA.redirect_uri);
}

#[tokio::test]
async fn the_back_button_and_reload_lead_at_most_to_another_code_of_the_same_user() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let consent = consent_page(&mut browser, Person::ALICE).await;
    let first = decide(&mut browser, &consent, "allow").await;
    let second = decide(&mut browser, &consent, "allow").await;
    let third = browser.open(consent.url.as_str()).await;
    let codes = [&first, &second, &third].map(|page| page.callback()["code"].clone());
    assert!(codes[0] != codes[1] && codes[1] != codes[2] && codes[0] != codes[2]);
    let alice = server.subject(Person::ALICE).await.to_string();
    for page in [&first, &second, &third] {
        assert_eq!(page.to_client().unwrap().0, SPA.redirect_uri);
        assert_eq!(subject_of(&server, page).await, alice);
    }
}

#[tokio::test]
async fn a_ticket_is_good_for_fifteen_minutes() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let login = browser.open(&request().url(&server)).await;
    server.advance(SignedDuration::from_mins(15));
    assert_eq!(browser.open(login.url.as_str()).await.status(), 200);
    server.advance(SignedDuration::from_secs(1));
    browser
        .open(login.url.as_str())
        .await
        .is_trouble(400, TOO_LATE);
    let page = log_in_at(&mut browser, &login, Person::ALICE).await;
    page.is_trouble(400, TOO_LATE);
    assert_eq!(browser.cookie("__Host-cardea_session"), None);
}

#[tokio::test]
async fn a_consent_after_the_session_ended_does_not_count() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let consent = consent_page(&mut browser, Person::ALICE).await;
    browser.lose("__Host-cardea_session");
    let page = decide(&mut browser, &consent, "allow").await;
    page.is_trouble(403, NOT_FROM_HERE);

    let mut browser = Browser::new(&server);
    let consent = consent_page(&mut browser, Person::ALICE).await;
    server.disable_user(Person::ALICE).await;
    let page = decide(&mut browser, &consent, "allow").await;
    assert_eq!((page.status(), page.path()), (200, "/login"));
}

/// The same request in two tabs, and a login in one of them.
async fn two_tabs(browser: &mut Browser<'_>, person: Person) -> Page {
    let url = request().url(browser.server());
    let stale = browser.open(&url).await;
    let other = browser.open(&url).await;
    let page = log_in_at(browser, &other, person).await;
    if page.path() == "/consent" {
        decide(browser, &page, "allow").await;
    }
    stale
}

#[tokio::test]
async fn b2_what_is_typed_in_a_stale_tab_does_not_act_for_another_user() {
    let server = TestServer::start().await;
    for password in [Person::ALICE.password, "wrong", ""] {
        let mut browser = Browser::new(&server);
        let stale = two_tabs(&mut browser, Person::BOB).await;
        let fill = [("username", "alice"), ("password", password)];
        let page = browser.submit(&stale, stale.form(), &fill).await;
        assert_eq!((page.status(), page.path()), (200, "/choose_account"));
        assert!(page.text().contains("bob"), "{}", page.text());
        let page = decide(&mut browser, &page, "other").await;
        assert_eq!(page.path(), "/login");
        let page = log_in_at(&mut browser, &page, Person::ALICE).await;
        let page = match page.path() {
            "/consent" => decide(&mut browser, &page, "allow").await,
            _ => page,
        };
        let alice = subject_of(&server, &page).await;
        let mut own = Browser::new(&server);
        let page = walk(&mut own, &request(), Person::ALICE).await;
        assert_eq!(alice, subject_of(&server, &page).await);
    }
}

const NOT_USED: &str = "was not used";

#[tokio::test]
async fn b2_a_login_form_that_comes_again_says_why() {
    let server = TestServer::start().await;
    let asked = request().with("prompt", "login").url(&server);
    for (name, password) in [
        ("alice", Person::ALICE.password),
        ("bob", Person::BOB.password),
        ("bob", "wrong"),
    ] {
        let mut browser = Browser::new(&server);
        let stale = browser.open(&asked).await;
        assert!(!stale.text().contains(NOT_USED));
        log_in(&mut browser, Person::BOB).await;
        let fill = [("username", name), ("password", password)];
        let page = browser.submit(&stale, stale.form(), &fill).await;
        assert_eq!((page.status(), page.path()), (200, "/login"));
        assert!(page.text().contains(NOT_USED), "{}", page.text());
        // It is said once.
        let wrong = [("username", "alice"), ("password", "wrong")];
        let again = browser.submit(&page, page.form(), &wrong).await;
        assert!(!again.text().contains(NOT_USED));
        let next = log_in_at(&mut browser, &again, Person::ALICE).await;
        assert!(!next.text().contains(NOT_USED));
    }
    // A session that ended since: logged in and out in another tab.
    let mut browser = Browser::new(&server);
    let stale = browser.open(&request().url(&server)).await;
    log_in(&mut browser, Person::ALICE).await;
    browser.lose("__Host-cardea_session");
    let page = log_in_at(&mut browser, &stale, Person::ALICE).await;
    assert_eq!(page.path(), "/login");
    assert!(page.text().contains(NOT_USED));
}

#[tokio::test]
async fn b2_an_answer_that_was_not_used_is_asked_for_again_with_the_reason() {
    let server = TestServer::start().await;
    // The same user logged in again meanwhile.
    let mut browser = Browser::new(&server);
    let stale = consent_page(&mut browser, Person::ALICE).await;
    log_in(&mut browser, Person::ALICE).await;
    let page = decide(&mut browser, &stale, "allow").await;
    assert_eq!(page.path(), "/consent");
    assert!(page.text().contains(NOT_USED));
    let back = decide(&mut browser, &page, "allow").await;
    assert!(back.callback().contains_key("code"));
    // The session ended meanwhile.
    let mut browser = Browser::new(&server);
    let stale = consent_page(&mut browser, Person::BOB).await;
    server.advance(SignedDuration::from_mins(14));
    server.disable_user(Person::BOB).await;
    let page = decide(&mut browser, &stale, "allow").await;
    assert_eq!(page.path(), "/login");
    assert!(page.text().contains(NOT_USED));
    // What was typed for another user than the one who is logged in.
    let mut browser = Browser::new(&server);
    let stale = browser.open(&request().url(&server)).await;
    log_in(&mut browser, Person::ALICE).await;
    let fill = [("username", "carol"), ("password", "x")];
    let page = browser.submit(&stale, stale.form(), &fill).await;
    assert_eq!(page.path(), "/choose_account");
    assert!(page.text().contains(NOT_USED));
    // A login that is not needed any more is no reason for a warning.
    let mut browser = Browser::new(&server);
    let url = request().with("prompt", "consent").url(&server);
    let stale = browser.open(&url).await;
    log_in(&mut browser, Person::ALICE).await;
    let page = log_in_at(&mut browser, &stale, Person::ALICE).await;
    assert_eq!(page.path(), "/consent");
    assert!(!page.text().contains(NOT_USED));
}

#[tokio::test]
async fn b2_the_user_who_is_logged_in_goes_on_when_they_say_so_or_typed_their_own_name() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let stale = two_tabs(&mut browser, Person::BOB).await;
    let fill = [("username", "alice"), ("password", "x")];
    let page = browser.submit(&stale, stale.form(), &fill).await;
    let page = decide(&mut browser, &page, "continue").await;
    assert!(page.callback().contains_key("code"));
    let fill = [("username", "BOB"), ("password", "x")];
    let page = browser.submit(&stale, stale.form(), &fill).await;
    assert!(page.callback().contains_key("code"), "their own name");
}

#[tokio::test]
async fn b2_a_consent_in_a_stale_tab_is_not_given_by_the_next_user() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    walk(&mut browser, &request(), Person::BOB).await;
    let ask = request().with("prompt", "login consent").url(&server);
    let login = browser.open(&ask).await;
    let stale = log_in_at(&mut browser, &login, Person::ALICE).await;
    assert_eq!(stale.path(), "/consent");
    // Shown once by its own GET, so that the page knows whose it is.
    let stale = browser.open(stale.url.as_str()).await;
    log_in(&mut browser, Person::BOB).await;
    let page = browser
        .submit(&stale, stale.form(), &[("decision", "allow")])
        .await;
    assert!(page.to_client().is_none(), "no code for bob: {}", page.url);
}

/// Follows the link of an error page.
pub(crate) async fn start_again(browser: &mut Browser<'_>, page: &Page) -> Page {
    let html = page.text();
    let link = html
        .split("href=\"")
        .find(|part| part.contains(">Start again<"));
    let link = link
        .expect("a link to start again")
        .split('"')
        .next()
        .unwrap();
    browser.open(link).await
}

#[tokio::test]
async fn b3_an_expired_login_starts_again_with_the_same_request() {
    let server = TestServer::start().await;
    for minutes in [16, 60 * 24 * 3] {
        let mut browser = Browser::new(&server);
        let asked = request()
            .with("state", "a b&c=\u{e9}")
            .with("nonce", "n-1")
            .with("claims", r#"{"userinfo":{"email":{"essential":true}}}"#);
        let login = browser.open(&asked.url(&server)).await;
        server.advance(SignedDuration::from_mins(minutes));
        let page = browser.open(login.url.as_str()).await;
        page.is_trouble(400, TOO_LATE);
        let page = start_again(&mut browser, &page).await;
        assert_eq!(page.path(), "/login");
        let posted = log_in_at(&mut browser, &login, Person::ALICE).await;
        posted.is_trouble(400, TOO_LATE);
        let page = start_again(&mut browser, &posted).await;
        let page = log_in_at(&mut browser, &page, Person::ALICE).await;
        let page = match page.path() {
            "/consent" => decide(&mut browser, &page, "allow").await,
            _ => page,
        };
        assert_eq!(page.callback()["state"], "a b&c=\u{e9}");
    }
}

#[tokio::test]
async fn b3_expired_consent_and_chooser_start_again_too() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let consent = consent_page(&mut browser, Person::ALICE).await;
    let url = request().with("prompt", "select_account").url(&server);
    let chooser = browser.open(&url).await;
    server.advance(SignedDuration::from_mins(16));
    for (page, decision) in [(consent, "allow"), (chooser, "continue")] {
        let answer = browser
            .submit(&page, page.form(), &[("decision", decision)])
            .await;
        answer.is_trouble(400, TOO_LATE);
        let again = start_again(&mut browser, &answer).await;
        assert_eq!(again.path(), page.path());
    }
}

#[tokio::test]
async fn b3_a_page_whose_session_ended_or_whose_cookie_is_gone_starts_again() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let consent = consent_page(&mut browser, Person::ALICE).await;
    let session = "__Host-cardea_session";
    browser.lose(session);
    let page = browser
        .submit(&consent, consent.form(), &[("decision", "allow")])
        .await;
    page.is_trouble(403, NOT_FROM_HERE);
    assert_eq!(start_again(&mut browser, &page).await.path(), "/login");
    let mut bare = Browser::new(&server);
    let page = bare
        .submit(&consent, consent.form(), &[("decision", "allow")])
        .await;
    assert_eq!(page.status(), 400);
    assert_eq!(start_again(&mut bare, &page).await.path(), "/login");
}

/// The sealer of the tickets.
fn sealer() -> Sealer {
    Sealer::new(&MasterKey::parse(MASTER_KEY).unwrap(), "ticket", ISSUER, 1)
}

/// The ticket of a page, changed and sealed again.
fn changed(page: &Page, change: impl FnOnce(&mut serde_json::Value)) -> String {
    let sealed = page.form().value("ticket").to_owned();
    let json = sealer().open_text(&sealed, b"").unwrap();
    let mut ticket = serde_json::from_slice(json.expose()).unwrap();
    change(&mut ticket);
    sealer().seal_text(ticket.to_string().as_bytes(), b"")
}

#[tokio::test]
async fn b3_a_ticket_of_another_version_starts_again_with_the_same_request() {
    let server = TestServer::start().await;
    let alice = server.subject(Person::ALICE).await;
    for version in [None, Some(1), Some(3)] {
        let mut browser = Browser::new(&server);
        log_in(&mut browser, Person::BOB).await;
        let asked = request().with("prompt", "login").with("state", "kept");
        let login = browser.open(&asked.url(&server)).await;
        let ticket = changed(&login, |ticket| {
            let members = ticket.as_object_mut().unwrap();
            members.remove("version");
            if let Some(version) = version {
                members.insert("version".to_owned(), version.into());
            }
            // The members of the version before goals.
            members.insert("switching".to_owned(), false.into());
            members["steps"] = serde_json::json!({
                "login": {"sid": "s", "subject": alice.as_str(), "at": "2026-01-01T00:00:00Z"}
            });
        });
        let url = server.url(&format!("/login?ticket={ticket}"));
        let shown = browser.open(&url).await;
        shown.is_trouble(400, TOO_LATE);
        let form = login.form().with("ticket", &ticket);
        let fill = [("username", "alice"), ("password", Person::ALICE.password)];
        let posted = browser.submit(&login, form, &fill).await;
        posted.is_trouble(400, TOO_LATE);
        for page in [shown, posted] {
            let page = start_again(&mut browser, &page).await;
            assert_eq!(page.path(), "/login", "no step was taken over");
            let page = log_in_at(&mut browser, &page, Person::ALICE).await;
            let page = match page.path() {
                "/consent" => decide(&mut browser, &page, "allow").await,
                _ => page,
            };
            assert_eq!(page.callback()["state"], "kept");
            assert_eq!(subject_of(&server, &page).await, alice.to_string());
        }
    }
}
