//! `/account`: the user's profile, sessions and applications; and the login that leads there.

use cardea_testkit::{
    Browser, Form, Page, Person, TestServer,
    clients::{SPA, WEB},
    flows::{Authorization, decide, log_in, log_in_at, refresh, tokens},
};

use crate::authorize::stale_tickets::start_again;

const NOT_FROM_HERE: &str = "We didn’t accept that";

async fn account(browser: &mut Browser<'_>) -> Page {
    section(browser, "/account/profile").await
}

async fn section(browser: &mut Browser<'_>, path: &str) -> Page {
    let url = browser.server().url(path);
    let page = browser.open(&url).await;
    assert_eq!((page.status(), page.path()), (200, path));
    page
}

fn forms(page: &Page, action: &str) -> Vec<Form> {
    let forms = page.forms().into_iter();
    forms
        .filter(|form| form.value("action") == action)
        .collect()
}

#[tokio::test]
async fn a_stranger_is_led_to_the_login() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let page = browser.open(&server.url("/account")).await;
    assert_eq!((page.status(), page.path()), (200, "/login"));
    let root = browser.open_once(&server.url("/")).await;
    assert_eq!(root.answer.location(), server.url("/account"));
    for (action, login) in [
        ("log_out", "/login"),
        ("", "/login"),
        ("end_session", "/login?return_to=devices"),
        ("revoke", "/login?return_to=apps"),
    ] {
        let call = server.post("/account").form(&[("action", action)]);
        assert_eq!(call.send().await.location(), server.url(login));
    }
}

/// The login page that leads to the account page.
async fn login_page(browser: &mut Browser<'_>) -> Page {
    let url = browser.server().url("/login");
    browser.open(&url).await
}

#[tokio::test]
async fn b2_a_stale_login_for_the_account_page_asks_who_continues() {
    let server = TestServer::start().await;
    for password in [Person::ALICE.password, "wrong", ""] {
        let mut browser = Browser::new(&server);
        let stale = login_page(&mut browser).await;
        log_in(&mut browser, Person::BOB).await;
        let fill = [("username", "alice"), ("password", password)];
        let chooser = browser.submit(&stale, stale.form(), &fill).await;
        assert_eq!((chooser.status(), chooser.path()), (200, "/choose_account"));
        assert!(chooser.text().contains("bob") && chooser.text().contains("to see your account"));
        let page = decide(&mut browser, &chooser, "continue").await;
        assert_eq!(page.path(), "/account/profile");
        assert!(page.text().contains("bob") && !page.text().contains("Alice A"));
        let page = decide(&mut browser, &chooser, "other").await;
        assert_eq!(page.path(), "/login");
        let page = log_in_at(&mut browser, &page, Person::ALICE).await;
        assert_eq!(page.path(), "/account/profile");
        assert!(page.text().contains("Alice A"));
    }
    let mut browser = Browser::new(&server);
    let stale = login_page(&mut browser).await;
    log_in(&mut browser, Person::BOB).await;
    let fill = [("username", "Bob"), ("password", "x")];
    let page = browser.submit(&stale, stale.form(), &fill).await;
    assert_eq!(page.path(), "/account/profile", "their own name");
}

#[tokio::test]
async fn b3_an_expired_login_for_the_account_page_starts_again() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let url = server.url("/login?return_to=apps");
    let login = browser.open(&url).await;
    server.advance(jiff::SignedDuration::from_mins(16));
    let late = log_in_at(&mut browser, &login, Person::ALICE).await;
    late.is_trouble(400, "This took too long");
    let mut bare = Browser::new(&server);
    let fill = [("username", "alice"), ("password", Person::ALICE.password)];
    let no_cookie = bare.submit(&login, login.form(), &fill).await;
    no_cookie.is_trouble(400, "Please start again here");
    for page in [late, no_cookie] {
        let page = start_again(&mut browser, &page).await;
        assert_eq!((page.status(), page.path()), (200, "/login"));
        let answer = browser.submit_once(&page, page.form(), &fill).await;
        assert_eq!(answer.location(), server.url("/account/apps"));
    }
}

#[tokio::test]
async fn a_ticket_of_the_account_page_is_none_of_a_client() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let ticket = login_page(&mut browser)
        .await
        .form()
        .value("ticket")
        .to_owned();
    for page in ["/consent", "/choose_account"] {
        let page = browser
            .open(&server.url(&format!("{page}?ticket={ticket}")))
            .await;
        assert_eq!(page.path(), "/login");
    }
    let page = browser
        .open(&server.url(&format!("/authorize?ticket={ticket}")))
        .await;
    page.is_trouble(400, "This link doesn’t work");
    // The ticket and token of the login page don't consent.
    log_in(&mut browser, Person::ALICE).await;
    let form = login_page(&mut browser).await.form();
    let pairs: Vec<_> = form
        .fields
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    let call = browser
        .call("POST", &server.url("/consent"), true)
        .form(&pairs);
    assert_eq!(call.form(&[("decision", "allow")]).send().await.status, 403);
}

#[tokio::test]
async fn it_shows_user_sessions_and_applications() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    tokens(&mut browser, SPA, (Person::ALICE, "openid orders:read")).await;
    let mut other = Browser::new(&server).at([198, 51, 100, 9]);
    log_in(&mut other, Person::ALICE).await;
    for (path, shown) in [
        ("/account/profile", &["Alice A", "alice@example.test"][..]),
        ("/account/security", &["Password"]),
        (
            "/account/devices",
            &["203.0.113.7", "198.51.100.9", "Firefox on Linux"],
        ),
        ("/account/apps", &["Test client spa"]),
    ] {
        let page = section(&mut browser, path).await;
        for shown in shown {
            assert!(page.text().contains(shown), "{path}: {shown}");
        }
        let sessions = if path == "/account/devices" { 2 } else { 0 };
        assert_eq!(forms(&page, "end_session").len(), sessions);
        let applications = usize::from(path == "/account/apps");
        assert_eq!(forms(&page, "revoke").len(), applications);
        for value in browser.cookies().values() {
            assert!(
                !page.text().contains(value.as_str()),
                "a cookie is in the page"
            );
        }
        let csp = page.answer.header("content-security-policy").unwrap();
        assert!(csp.contains("form-action 'self'"));
    }
}

#[tokio::test]
async fn logging_out_ends_only_this_session() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let mut other = Browser::new(&server);
    log_in(&mut browser, Person::ALICE).await;
    log_in(&mut other, Person::ALICE).await;
    let page = account(&mut browser).await;
    let form = forms(&page, "log_out").remove(0);
    let done = browser.submit(&page, form, &[]).await;
    assert_eq!(done.status(), 200);
    assert_eq!(done.heading(), "You are signed out");
    assert!(
        done.answer
            .set_cookie("__Host-cardea_session")
            .unwrap()
            .contains("Max-Age=0")
    );
    assert_eq!(browser.open(&server.url("/account")).await.path(), "/login");
    account(&mut other).await;
}

#[tokio::test]
async fn another_session_can_be_ended_from_here() {
    let server = TestServer::start().await;
    let mut lost = Browser::new(&server);
    let online = tokens(&mut lost, SPA, (Person::ALICE, "openid")).await;
    let mut browser = Browser::new(&server);
    log_in(&mut browser, Person::ALICE).await;
    let page = section(&mut browser, "/account/devices").await;
    let other = forms(&page, "end_session").remove(1);
    let page = browser.submit(&page, other, &[]).await;
    assert_eq!(forms(&page, "end_session").len(), 1);
    assert_eq!(lost.open(&server.url("/account")).await.path(), "/login");
    let token = online["refresh_token"].as_str().unwrap();
    refresh(&server, SPA, token)
        .await
        .refused(400, "invalid_grant");
    let own = forms(&page, "end_session").remove(0);
    assert_eq!(browser.submit(&page, own, &[]).await.path(), "/login");
}

#[tokio::test]
async fn the_session_of_another_user_can_not_be_ended() {
    let server = TestServer::start().await;
    let mut alice = Browser::new(&server);
    log_in(&mut alice, Person::ALICE).await;
    let page = section(&mut alice, "/account/devices").await;
    let sid = forms(&page, "end_session")[0].value("id").to_owned();
    let mut bob = Browser::new(&server);
    log_in(&mut bob, Person::BOB).await;
    let page = section(&mut bob, "/account/devices").await;
    let form = forms(&page, "end_session").remove(0).with("id", &sid);
    bob.submit(&page, form, &[]).await;
    account(&mut alice).await;
    account(&mut bob).await;
}

#[tokio::test]
async fn revoking_an_application_takes_consent_and_tokens() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let spa = tokens(&mut browser, SPA, (Person::ALICE, "openid offline_access")).await;
    let web = tokens(&mut browser, WEB, (Person::ALICE, "openid")).await;
    let mut bob = Browser::new(&server);
    let bobs = tokens(&mut bob, SPA, (Person::BOB, "openid")).await;
    let page = section(&mut browser, "/account/apps").await;
    let form = forms(&page, "revoke");
    let form = form.into_iter().find(|f| f.value("id") == "spa").unwrap();
    let page = browser.submit(&page, form, &[]).await;
    assert_eq!(forms(&page, "revoke").len(), 1);
    let token = |tokens: &serde_json::Value| tokens["refresh_token"].as_str().unwrap().to_owned();
    refresh(&server, SPA, &token(&spa))
        .await
        .refused(400, "invalid_grant");
    refresh(&server, WEB, &token(&web)).await.granted();
    refresh(&server, SPA, &token(&bobs)).await.granted();
    let again = browser.open(&Authorization::of(SPA).url(&server)).await;
    assert_eq!(again.path(), "/consent");
}

#[tokio::test]
async fn b11_a_consent_that_was_revoked_is_not_given_again_by_a_get() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let request = Authorization::of(SPA).with("response_mode", "form_post");
    let login = browser.open(&request.url(&server)).await;
    let consent = log_in_at(&mut browser, &login, Person::ALICE).await;
    let allow = [("decision", "allow")];
    let answer = browser.submit_once(&consent, consent.form(), &allow).await;
    let fetched = answer.location().to_owned();
    let page = browser.open(&fetched).await;
    assert_eq!(page.form().value("code").len(), 51);
    let account = section(&mut browser, "/account/apps").await;
    assert_eq!(forms(&account, "revoke").len(), 1, "consent is on record");
    let form = forms(&account, "revoke").remove(0);
    let account = browser.submit(&account, form, &[]).await;
    assert_eq!(forms(&account, "revoke").len(), 0);

    let (_, again) = page.text().split_once("data-again=\"").unwrap();
    let (again, _) = again.split_once('"').unwrap();
    let same_ticket = again.replace("/authorize?", "/consent?");
    for url in [fetched, server.url(&same_ticket), server.url(again)] {
        let shown = browser.open(&url).await;
        assert!(!shown.text().contains("name=\"code\""), "{url}");
        assert!(
            shown.path() == "/consent" && shown.text().contains("allow"),
            "{url}"
        );
    }
    assert_eq!(
        forms(&section(&mut browser, "/account/apps").await, "revoke").len(),
        0
    );
}

#[tokio::test]
async fn nothing_is_done_for_another_site_or_another_browser() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    tokens(&mut browser, SPA, (Person::ALICE, "openid")).await;
    let page = section(&mut browser, "/account/apps").await;
    let mut other = Browser::new(&server);
    log_in(&mut other, Person::ALICE).await;
    let others = account(&mut other).await.forms().remove(0);
    for form in page.forms() {
        for form in [
            form.clone().without("csrf"),
            form.clone().with("csrf", others.value("csrf")),
            form.clone().with("csrf", ""),
        ] {
            let refused = browser.submit(&page, form, &[]).await;
            refused.is_trouble(403, NOT_FROM_HERE);
        }
        let pairs: Vec<_> = form
            .fields
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect();
        for (name, value) in [
            ("origin", "https://evil.example.test"),
            ("sec-fetch-site", "same-site"),
        ] {
            let call = browser.call("POST", &server.url("/account"), true);
            let answer = call.header(name, value).form(&pairs).send().await;
            assert_eq!(answer.status, 403);
        }
    }
    let page = section(&mut browser, "/account/apps").await;
    assert_eq!(forms(&page, "revoke").len(), 1);
}

#[tokio::test]
async fn a_strange_action_or_id_is_a_broken_link() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    log_in(&mut browser, Person::ALICE).await;
    let page = account(&mut browser).await;
    let form = page.forms().remove(0);
    for (action, id) in [
        ("", ""),
        ("delete", ""),
        ("end_session", ""),
        ("revoke", ""),
        ("revoke", "a\tb"),
        ("end_session", "\u{202e}"),
    ] {
        let fill = [("action", action), ("id", id)];
        let page = browser.submit(&page, form.clone(), &fill).await;
        page.is_trouble(400, "This link doesn’t work");
    }
    let gone = [("action", "revoke"), ("id", "nobody")];
    let page = browser.submit(&page, form, &gone).await;
    assert_eq!(page.path(), "/account/apps");
}

#[tokio::test]
async fn a_hostile_user_agent_is_not_repeated() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let login = browser.open(&server.url("/login")).await;
    let form = login.form();
    let pairs: Vec<_> = form
        .fields
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    let fill = [("username", "bob"), ("password", Person::BOB.password)];
    let cookie = format!(
        "__Host-cardea_browser={}",
        browser.cookie("__Host-cardea_browser").unwrap()
    );
    let call = server.post("/login").header("cookie", &cookie);
    let call = call.header("user-agent", "<script>alert(1)</script>");
    let mut kept: Vec<_> = pairs;
    kept.retain(|(name, _)| !["username", "password"].contains(name));
    let answer = call.form(&kept).form(&fill).send().await;
    let session = answer.set_cookie("__Host-cardea_session").unwrap();
    let session = session.split(';').next().unwrap();
    let page = server
        .get("/account/devices")
        .header("cookie", session)
        .send()
        .await;
    assert_eq!(page.status, 200);
    assert!(!page.text().contains("alert(1)"));
    assert!(page.text().contains("An unknown browser"));
}
