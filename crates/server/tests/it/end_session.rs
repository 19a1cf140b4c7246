//! `/end_session` (D17): a valid hint logs out, without one the user is asked, and the browser is sent only to a named client.

use cardea_testkit::{
    Browser, Page, Person, TestClient, TestServer,
    clients::{SPA, WEB},
    flows::{is_active, log_in, tokens},
};
use jiff::SignedDuration;

const SESSION: &str = "__Host-cardea_session";
pub(crate) const HOME: &str = "https://web.example.test/";
const LOGGED_OUT: &str = "You are signed out";
const STILL_LOGGED_IN: &str = "You are still signed in";

/// A user logged in at a client, and the hint that the client has.
pub(crate) async fn logged_in(browser: &mut Browser<'_>, client: TestClient) -> String {
    let tokens = tokens(browser, client, (Person::ALICE, "openid")).await;
    tokens["id_token"].as_str().unwrap().to_owned()
}

pub(crate) async fn end(browser: &mut Browser<'_>, pairs: &[(&str, &str)]) -> Page {
    let mut url = url::Url::parse(&browser.server().url("/end_session")).unwrap();
    url.query_pairs_mut().extend_pairs(pairs);
    browser.open(url.as_str()).await
}

async fn confirm(browser: &mut Browser<'_>, page: &Page) -> Page {
    assert_eq!((page.status(), page.heading().as_str()), (200, "Sign out?"));
    let done = browser.submit(page, page.form(), &[]).await;
    assert_eq!((done.status(), done.heading().as_str()), (200, LOGGED_OUT));
    done
}

pub(crate) async fn is_logged_in(browser: &mut Browser<'_>) -> bool {
    let url = browser.server().url("/account");
    browser.open(&url).await.path() == "/account"
}

#[tokio::test]
async fn the_hint_of_this_very_session_logs_out_without_asking() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let tokens = tokens(&mut browser, WEB, (Person::ALICE, "openid")).await;
    let hint = tokens["id_token"].as_str().unwrap();
    let session = browser.cookie(SESSION).unwrap().to_owned();
    let pairs = [
        ("id_token_hint", hint),
        ("post_logout_redirect_uri", HOME),
        ("state", "a&b c"),
    ];
    let back = end(&mut browser, &pairs).await;
    assert_eq!(back.status(), 303);
    assert_eq!(
        back.answer.location(),
        "https://web.example.test/?state=a%26b+c"
    );
    let cookie = back.answer.set_cookie(SESSION).unwrap();
    assert!(
        cookie.contains("; Max-Age=0") && cookie.contains("; Secure"),
        "{cookie}"
    );
    browser.plant(SESSION, &session);
    assert!(
        !is_logged_in(&mut browser).await,
        "the row is dead, not only the cookie"
    );
    assert!(!is_active(&server, WEB, tokens["access_token"].as_str().unwrap()).await);
}

#[tokio::test]
async fn an_expired_hint_still_logs_out() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let hint = logged_in(&mut browser, WEB).await;
    for _ in 0..3 {
        server.advance(SignedDuration::from_mins(29));
        assert!(is_logged_in(&mut browser).await);
    }
    let done = end(
        &mut browser,
        &[("id_token_hint", &hint), ("client_id", "web")],
    )
    .await;
    assert_eq!((done.status(), done.heading().as_str()), (200, LOGGED_OUT));
    assert!(done.text().contains("Back to"));
    assert!(!is_logged_in(&mut browser).await);
}

#[tokio::test]
async fn without_a_hint_a_user_is_asked_and_sent_only_to_a_named_client() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    for (pairs, link) in [
        (vec![], None),
        (vec![("post_logout_redirect_uri", HOME)], None),
        (
            vec![("post_logout_redirect_uri", "https://evil.example.test/")],
            None,
        ),
        (
            vec![("client_id", "nobody"), ("post_logout_redirect_uri", HOME)],
            None,
        ),
        (
            vec![("client_id", "web")],
            Some("href=\"https://web.example.test/"),
        ),
        (
            vec![
                ("client_id", "web"),
                ("post_logout_redirect_uri", HOME),
                ("state", "s"),
            ],
            Some("href=\"https://web.example.test/?state=s\""),
        ),
    ] {
        log_in(&mut browser, Person::ALICE).await;
        let page = end(&mut browser, &pairs).await;
        assert!(page.text().contains("Alice A"));
        assert!(is_logged_in(&mut browser).await);
        let done = confirm(&mut browser, &page).await;
        assert!(!is_logged_in(&mut browser).await);
        match link {
            Some(link) => assert!(done.text().contains(link), "{}", done.text()),
            None => assert!(!done.text().contains("Back to"), "{pairs:?}"),
        }
    }
}

#[tokio::test]
async fn the_hint_of_another_session_asks() {
    let server = TestServer::start().await;
    let mut elsewhere = Browser::new(&server);
    let hint = logged_in(&mut elsewhere, WEB).await;
    for person in [Person::ALICE, Person::BOB] {
        let mut browser = Browser::new(&server);
        log_in(&mut browser, person).await;
        let pairs = [
            ("id_token_hint", hint.as_str()),
            ("post_logout_redirect_uri", HOME),
        ];
        let page = end(&mut browser, &pairs).await;
        let done = confirm(&mut browser, &page).await;
        assert!(done.text().contains("href=\"https://web.example.test/\""));
        assert!(!is_logged_in(&mut browser).await);
    }
    assert!(
        is_logged_in(&mut elsewhere).await,
        "nobody asked for this one"
    );
}

#[tokio::test]
async fn without_a_session_there_is_nothing_to_ask() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let hint = logged_in(&mut browser, WEB).await;
    let mut stranger = Browser::new(&server);
    let done = end(&mut stranger, &[]).await;
    assert_eq!((done.status(), done.heading().as_str()), (200, LOGGED_OUT));
    let pairs = [
        ("id_token_hint", hint.as_str()),
        ("post_logout_redirect_uri", HOME),
    ];
    let back = end(&mut stranger, &pairs).await;
    assert_eq!(back.answer.location(), HOME);
    assert!(is_logged_in(&mut browser).await, "a hint is no cookie");
}

#[tokio::test]
async fn a_forged_hint_is_an_error_page_and_ends_nothing() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let tokens = tokens(&mut browser, WEB, (Person::ALICE, "openid")).await;
    let hint = tokens["id_token"].as_str().unwrap();
    let (head, tail) = hint.rsplit_once('.').unwrap();
    let first = if tail.starts_with('A') { "B" } else { "A" };
    for forged in [
        "x",
        "a.b.c",
        &format!("{head}.{first}{}", &tail[1..]),
        &format!("{head}."),
        tokens["access_token"].as_str().unwrap(),
    ] {
        let pairs = [
            ("id_token_hint", forged),
            ("post_logout_redirect_uri", HOME),
        ];
        end(&mut browser, &pairs)
            .await
            .is_trouble(400, STILL_LOGGED_IN);
    }
    let pairs = [("id_token_hint", hint), ("client_id", "spa")];
    end(&mut browser, &pairs)
        .await
        .is_trouble(400, STILL_LOGGED_IN);
    assert!(is_logged_in(&mut browser).await);
}

#[tokio::test]
async fn b5_an_unregistered_address_does_not_prevent_the_logout_and_is_not_used() {
    let server = TestServer::start().await;
    for uri in [
        "https://evil.example.test/",
        "https://web.example.test",
        "https://web.example.test/?x",
        "https://web.example.test/callback",
        "https://app.example.test/",
        "javascript:alert(1)",
    ] {
        let mut browser = Browser::new(&server);
        let hint = logged_in(&mut browser, WEB).await;
        let unregistered = ("post_logout_redirect_uri", uri);
        let asks = end(&mut browser, &[("client_id", "web"), unregistered]).await;
        assert_eq!((asks.status(), asks.to_client()), (200, None));
        assert!(
            is_logged_in(&mut browser).await,
            "without a hint it is asked"
        );
        let page = end(&mut browser, &[("id_token_hint", &hint), unregistered]).await;
        assert_eq!(page.status(), 200);
        assert_eq!(page.answer.header("location"), None);
        assert!(page.text().contains("Back to"), "{}", page.text());
        assert!(!page.text().contains("evil"), "{}", page.text());
        assert!(!is_logged_in(&mut browser).await);
    }
}

#[tokio::test]
async fn b5_the_page_after_a_logout_leads_back_to_the_client_that_was_named() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let hint = logged_in(&mut browser, WEB).await;
    let page = end(&mut browser, &[("id_token_hint", &hint)]).await;
    assert!(page.text().contains("Back to"), "{}", page.text());
    assert!(page.text().contains("https://web.example.test/"));
    let unknown = end(&mut browser, &[("client_id", "nobody")]).await;
    assert!(!unknown.text().contains("Back to"));
}

#[tokio::test]
async fn b10_a_posted_hint_is_not_put_into_a_url() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let hint = logged_in(&mut browser, WEB).await;
    let url = server.url("/end_session");
    let fields = [
        ("id_token_hint", hint.as_str()),
        ("state", "kept"),
        ("post_logout_redirect_uri", HOME),
    ];
    let answer = server.post("/end_session").form(&fields).send().await;
    let location = answer.location().to_owned();
    for part in hint.split('.').chain(["id_token_hint"]) {
        assert!(!location.contains(part), "{location}");
    }
    let back = browser.cross_site_post(&url, &fields).await;
    assert!(back.answer.location().ends_with("state=kept"));
    assert!(!is_logged_in(&mut browser).await);
    // An address that was kept logs no user out without asking.
    let mut browser = Browser::new(&server);
    let hint = logged_in(&mut browser, WEB).await;
    let fields = [("id_token_hint", hint.as_str())];
    let answer = server.post("/end_session").form(&fields).send().await;
    server.advance(jiff::SignedDuration::from_mins(6));
    browser.open(answer.location()).await;
    assert!(is_logged_in(&mut browser).await);
    for forged in ["x", "", "v1.AAAA"] {
        let page = browser.open(&format!("{url}?request={forged}")).await;
        assert_eq!(page.status(), 400, "{forged}");
    }
}

#[tokio::test]
async fn state_joins_the_query_that_is_there() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let hint = logged_in(&mut browser, WEB).await;
    let uri = "https://web.example.test/bye?from=cardea";
    let pairs = [
        ("id_token_hint", hint.as_str()),
        ("post_logout_redirect_uri", uri),
        ("state", "s"),
    ];
    let back = end(&mut browser, &pairs).await;
    assert_eq!(back.answer.location(), format!("{uri}&state=s"));
}

#[tokio::test]
async fn a_posted_logout_sees_the_session_by_the_get_that_follows() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let hint = logged_in(&mut browser, WEB).await;
    let url = server.url("/end_session");
    let pairs = [
        ("id_token_hint", hint.as_str()),
        ("post_logout_redirect_uri", HOME),
    ];
    let back = browser.cross_site_post(&url, &pairs).await;
    assert_eq!(back.answer.location(), HOME);
    assert!(!is_logged_in(&mut browser).await);
    let forged = browser
        .cross_site_post(&url, &[("id_token_hint", "x")])
        .await;
    forged.is_trouble(400, STILL_LOGGED_IN);
}

#[tokio::test]
async fn a_confirmation_counts_only_for_the_user_who_was_asked() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    log_in(&mut browser, Person::ALICE).await;
    let page = end(&mut browser, &[]).await;
    let mut attacker = Browser::new(&server);
    log_in(&mut attacker, Person::BOB).await;
    let pairs = [("client_id", "web"), ("post_logout_redirect_uri", HOME)];
    let attackers = end(&mut attacker, &pairs).await;
    let request = attackers.form().value("request").to_owned();
    for form in [
        page.form().without("csrf"),
        page.form().with("csrf", attackers.form().value("csrf")),
        page.form().with("request", &request),
        page.form().with("request", "x"),
    ] {
        let refused = browser.submit(&page, form, &[]).await;
        refused.is_trouble(403, "We didn’t accept that");
    }
    let form = page.form();
    let pairs: Vec<_> = form
        .fields
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    let call = browser.call("POST", &server.url("/end_session/confirm"), true);
    let answer = call
        .header("origin", "https://evil.example.test")
        .form(&pairs)
        .send()
        .await;
    assert_eq!(answer.status, 403);
    assert!(is_logged_in(&mut browser).await);
    confirm(&mut browser, &page).await;
}

#[tokio::test]
async fn malformed_requests_are_pages_and_end_nothing() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let hint = logged_in(&mut browser, SPA).await;
    let own = ("id_token_hint", hint.as_str());
    let long = "s".repeat(1025);
    for more in [
        vec![own, own],
        vec![own, ("state", "a"), ("state", "b")],
        vec![own, ("client_id", "a\tb")],
        vec![own, ("post_logout_redirect_uri", &long)],
    ] {
        let page = end(&mut browser, &more).await;
        page.is_trouble(400, "This link doesn’t work");
    }
    assert!(is_logged_in(&mut browser).await);
    for method in ["PUT", "DELETE"] {
        let answer = server.call(method, "/end_session").send().await;
        assert_eq!(answer.status, 405);
    }
    assert_eq!(server.get("/end_session/confirm").send().await.status, 405);
}
