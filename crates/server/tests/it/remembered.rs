//! "Stay signed in" (`sessions.remember`).

use cardea_testkit::{
    Answer, Browser, Form, Page, Person, TestServer,
    clients::SPA,
    factors::{App, backup_codes},
    flows::{Authorization, log_in, log_in_at},
};
use cardea_web::config::Duration;
use jiff::SignedDuration;

const SESSION: &str = "__Host-cardea_session";
const BROWSER: &str = "__Host-cardea_browser";
const ENDS_WITH_BROWSER: &str = "; Path=/; HttpOnly; SameSite=Lax; Secure";
const DAYS: u64 = 30;

async fn server() -> TestServer {
    let builder = TestServer::builder();
    let remember = Duration::from_secs(DAYS * 86_400);
    let builder = builder.config(|config| config.sessions.remember = Some(remember));
    builder.start().await
}

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

async fn login(browser: &mut Browser<'_>) -> Page {
    let url = browser.server().url("/login");
    browser.open(&url).await
}

fn has_box(page: &Page) -> bool {
    page.text().contains("name=\"remember\"")
}

fn filled(page: &Page, remember: Option<&str>) -> Form {
    let form = page.form().without("remember");
    let form = form
        .with("username", Person::ALICE.username)
        .with("password", Person::ALICE.password);
    match remember {
        Some(value) => form.with("remember", value),
        None => form,
    }
}

/// The answer to a login with this value of the box.
async fn answer(browser: &mut Browser<'_>, page: &Page, remember: Option<&str>) -> Answer {
    browser.submit_once(page, filled(page, remember), &[]).await
}

/// A login with a tick.
async fn stay(browser: &mut Browser<'_>) -> Page {
    let page = login(browser).await;
    browser.submit(&page, filled(&page, Some("on")), &[]).await
}

async fn is_signed_in(browser: &mut Browser<'_>) -> bool {
    let url = browser.server().url("/account/profile");
    browser.open(&url).await.path() == "/account/profile"
}

#[tokio::test]
async fn the_cookie_outlives_the_browser_only_with_the_tick() {
    let server = server().await;
    let mut browser = Browser::new(&server);
    let page = login(&mut browser).await;
    assert!(has_box(&page) && !page.text().contains(" checked"));
    let without = answer(&mut browser, &page, None).await;
    assert!(
        without
            .set_cookie(SESSION)
            .unwrap()
            .ends_with(ENDS_WITH_BROWSER)
    );

    let mut browser = Browser::new(&server);
    let page = login(&mut browser).await;
    let with = answer(&mut browser, &page, Some("on")).await;
    let cookie = with.set_cookie(SESSION).unwrap();
    let kept = format!("{ENDS_WITH_BROWSER}; Max-Age={}", DAYS * 86_400);
    assert!(cookie.ends_with(&kept), "{cookie}");
    assert!(
        with.set_cookie(BROWSER)
            .unwrap()
            .ends_with(ENDS_WITH_BROWSER)
    );
    // A browser that was closed has lost the others.
    browser.lose(BROWSER);
    assert!(is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn a_remembered_session_lasts_for_its_time_and_any_other_as_before() {
    let server = server().await;
    let (mut kept, mut plain) = (Browser::new(&server), Browser::new(&server));
    stay(&mut kept).await;
    let page = login(&mut plain).await;
    answer(&mut plain, &page, None).await;
    server.advance(SignedDuration::from_mins(31));
    assert!(is_signed_in(&mut kept).await);
    assert!(!is_signed_in(&mut plain).await, "idle");
    server.advance(days(29));
    assert!(is_signed_in(&mut kept).await);
    server.advance(days(1));
    assert!(
        !is_signed_in(&mut kept).await,
        "30 days after the login, however much it was used"
    );
}

#[tokio::test]
async fn a_tampered_box_is_no_tick() {
    let server = server().await;
    for value in ["", "true", "ON", "on ", "365d", "<b>"] {
        let mut browser = Browser::new(&server);
        let page = login(&mut browser).await;
        let answer = answer(&mut browser, &page, Some(value)).await;
        let cookie = answer.set_cookie(SESSION).unwrap();
        assert!(cookie.ends_with(ENDS_WITH_BROWSER), "{value}: {cookie}");
        server.advance(SignedDuration::from_mins(31));
        assert!(!is_signed_in(&mut browser).await, "{value}");
    }
}

#[tokio::test]
async fn a_tick_counts_for_nothing_where_the_operator_offers_none() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let page = login(&mut browser).await;
    assert!(!has_box(&page));
    let answer = answer(&mut browser, &page, Some("on")).await;
    assert!(
        answer
            .set_cookie(SESSION)
            .unwrap()
            .ends_with(ENDS_WITH_BROWSER)
    );
    server.advance(SignedDuration::from_mins(31));
    assert!(!is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn the_tick_stays_when_the_password_is_wrong() {
    let server = server().await;
    let mut browser = Browser::new(&server);
    let page = login(&mut browser).await;
    let form = filled(&page, Some("on")).with("password", "wrong");
    let page = browser.submit(&page, form, &[]).await;
    assert_eq!(page.status(), 422);
    assert!(page.text().contains(" checked"), "{}", page.text());
}

#[tokio::test]
async fn the_choice_of_another_browser_is_not_carried_by_its_ticket() {
    let server = server().await;
    let mut thief = Browser::new(&server);
    let page = login(&mut thief).await;
    let form = filled(&page, Some("on")).with("password", "wrong");
    let page = thief.submit(&page, form, &[]).await;
    let ticket = page.form().value("ticket").to_owned();
    let mut victim = Browser::new(&server);
    let url = server.url(&format!("/login?ticket={ticket}"));
    let page = victim.open(&url).await;
    assert!(
        has_box(&page) && !page.text().contains(" checked"),
        "{}",
        page.text()
    );
}

/// Alice with an authenticator app, in a browser that is not trusted, after her password.
async fn at_second_factor<'a>(
    server: &'a TestServer,
    remember: Option<&str>,
) -> (Browser<'a>, App, Page) {
    let claims = r#"{"id_token":{"acr":{"essential":true,"value":"urn:cardea:acr:mfa"}}}"#;
    let request = Authorization::of(SPA).with("claims", claims);
    let mut first = Browser::new(server);
    let page = first.open(&request.url(server)).await;
    let page = log_in_at(&mut first, &page, Person::ALICE).await;
    let app = App::scan(&page);
    let code = app.code(server);
    let page = first
        .submit(&page, page.form().without("trust"), &[("code", &code)])
        .await;
    assert_eq!(backup_codes(&page).len(), 10);
    server.advance(SignedDuration::from_secs(30));
    let mut browser = Browser::new(server);
    let page = login(&mut browser).await;
    let page = browser.submit(&page, filled(&page, remember), &[]).await;
    assert_eq!(page.path(), "/second_factor", "{}", page.text());
    (browser, app, page)
}

#[tokio::test]
async fn the_choice_is_carried_through_the_second_factor() {
    let server = server().await;
    for (remember, kept) in [(Some("on"), true), (None, false)] {
        let (mut browser, app, page) = at_second_factor(&server, remember).await;
        assert!(browser.cookie(SESSION).is_none());
        // A field that this page doesn't have changes nothing.
        let form = page.form().without("trust");
        let form = form.with("remember", "on").with("code", &app.code(&server));
        let answer = browser.submit_once(&page, form, &[]).await;
        let cookie = answer.set_cookie(SESSION).unwrap();
        assert_eq!(cookie.contains("; Max-Age=2592000"), kept, "{cookie}");
        server.advance(SignedDuration::from_mins(31));
        assert_eq!(is_signed_in(&mut browser).await, kept);
        let subject = server.subject(Person::ALICE).await;
        let reset = cardea_store::RemoveFactors {
            subject,
            which: cardea_store::WhichFactors::All,
            notice: None,
            cause: server.cause(),
        };
        server.store.remove_factors(reset).await.unwrap();
    }
}

#[tokio::test]
async fn max_age_asks_for_a_login_in_a_remembered_session_too() {
    let server = server().await;
    let mut browser = Browser::new(&server);
    stay(&mut browser).await;
    server.advance(days(3));
    let request = Authorization::of(SPA);
    let page = browser.open(&request.url(&server)).await;
    assert_eq!(page.path(), "/consent");
    let page = browser
        .open(&request.clone().with("max_age", "3600").url(&server))
        .await;
    assert_eq!(page.path(), "/login");
    assert!(page.text().contains(" checked"), "as it is now");
    // Whoever takes the tick away is forgotten when the browser is closed.
    let answer = answer(&mut browser, &page, None).await;
    assert!(
        answer
            .set_cookie(SESSION)
            .unwrap()
            .ends_with(ENDS_WITH_BROWSER)
    );
    server.advance(SignedDuration::from_mins(31));
    assert!(!is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn a_sensitive_change_asks_for_a_sign_in_and_leaves_the_session_remembered() {
    let server = server().await;
    let mut browser = Browser::new(&server);
    stay(&mut browser).await;
    server.advance(days(3));
    let app = server.url("/account/security/authenticator_app");
    let page = browser.open(&app).await;
    assert_eq!(page.path(), "/login", "{}", page.text());
    assert!(!has_box(&page));
    let answer = answer(&mut browser, &page, None).await;
    let cookie = answer.set_cookie(SESSION).unwrap();
    assert!(cookie.contains("; Max-Age=2592000"), "{cookie}");
    server.advance(days(29));
    assert!(is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn the_devices_page_says_until_when_a_browser_stays_signed_in() {
    let server = server().await;
    let mut browser = Browser::new(&server);
    stay(&mut browser).await;
    let devices = server.url("/account/devices");
    let page = browser.open(&devices).await;
    assert!(
        page.text().contains("Stays signed in until "),
        "{}",
        page.text()
    );
    let mut plain = Browser::new(&server);
    let url = server.url("/login");
    let page = plain.open(&url).await;
    answer(&mut plain, &page, None).await;
    let page = plain.open(&devices).await;
    assert_eq!(page.text().matches("Stays signed in").count(), 1);
    assert_eq!(page.text().matches("\"end_session\"").count(), 2);
    // It can be ended from here as any other.
    log_in(&mut plain, Person::ALICE).await;
    let page = plain.open(&devices).await;
    let mut forms = page.forms().into_iter();
    let others = forms.find(|form| form.value("action") == "end_other_sessions");
    plain.submit(&page, others.unwrap(), &[]).await;
    assert!(!is_signed_in(&mut browser).await);
}
