//! Login, and which logins are refused.

use http::StatusCode;

use super::world::{COOKIE, ORIGIN, site, site_with};
use crate::rp::provider::Scripted;

#[tokio::test]
async fn a_login_leads_back_to_the_page_and_says_who_it_is() {
    let site = site().await;
    let mut browser = site.browser();
    let refused = browser.get("/bff/user").await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert_eq!(refused.json()["type"], cardea_client::bff::LOGIN_REQUIRED);
    assert!(refused.json()["correlation_id"].is_string());

    let back = site.log_in(&mut browser, "/orders?page=2#top").await;
    assert_eq!(back.status, StatusCode::SEE_OTHER);
    assert_eq!(back.location(), format!("{ORIGIN}/orders?page=2#top"));
    assert_eq!(back.header("cache-control"), Some("no-store"));

    let user = browser.get("/bff/user").await;
    assert_eq!(user.header("cache-control"), Some("no-store"));
    assert_eq!(user.header("x-content-type-options"), Some("nosniff"));
    let resource_policy = user.header("cross-origin-resource-policy");
    assert_eq!(resource_policy, Some("same-origin"));
    let user = user.json();
    assert_eq!(user["claims"]["sub"], "alice");
    assert_eq!(user["claims"]["name"], "Alice");
    assert_eq!(user["claims"]["roles"], serde_json::json!(["user"]));
    assert_eq!(user["session"]["opened_at"], "2026-07-01T12:00:00Z");
    assert_eq!(user["session"]["idle_ends_at"], "2026-07-01T12:30:00Z");
    assert_eq!(user["session"]["ends_at"], "2026-07-01T13:00:00Z");
    assert!(
        browser.jar.keys().all(|name| !name.contains("login")),
        "{:?}",
        browser.jar
    );
}

#[tokio::test]
async fn two_tabs_log_in_at_once_and_each_comes_back_to_its_page() {
    let site = site().await;
    let mut browser = site.browser();
    let first = site.begin(&mut browser, "/one").await;
    let second = site.begin(&mut browser, "/two").await;
    site.grant(&second);
    let back = browser.get(&site.callback(&second)).await;
    assert_eq!(back.location(), format!("{ORIGIN}/two"));
    site.grant(&first);
    let back = browser.get(&site.callback(&first)).await;
    assert_eq!(back.location(), format!("{ORIGIN}/one"));
    assert!(browser.is_logged_in().await);
}

#[tokio::test]
async fn many_tabs_keep_few_cookies_and_even_the_oldest_comes_back() {
    let site = site().await;
    let mut browser = site.browser();
    let mut logins = Vec::new();
    for n in 0..7 {
        logins.push(site.begin(&mut browser, &format!("/{n}")).await);
        site.passes(1);
    }
    let cookies = browser
        .jar
        .keys()
        .filter(|name| name.contains("_login_"))
        .count();
    assert_eq!(cookies, 4);
    for (n, login) in logins.iter().enumerate() {
        site.grant(login);
        let back = browser.get(&site.callback(login)).await;
        assert_eq!(back.location(), format!("{ORIGIN}/{n}"));
    }
}

#[tokio::test]
async fn a_session_id_from_before_the_login_is_dropped() {
    let site = site().await;
    let planted = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let mut browser = site.browser();
    browser.jar.insert(COOKIE.to_owned(), planted.to_owned());
    site.log_in(&mut browser, "/").await;
    assert_ne!(browser.jar[COOKIE], planted);
    let mut attacker = site.browser();
    attacker.jar.insert(COOKIE.to_owned(), planted.to_owned());
    assert!(!attacker.is_logged_in().await);
}

#[tokio::test]
async fn a_second_login_ends_the_first_session() {
    let site = site().await;
    let mut browser = site.logged_in().await;
    let mut copy = browser.clone();
    site.log_in(&mut browser, "/").await;
    assert!(browser.is_logged_in().await);
    assert!(!copy.is_logged_in().await);
}

#[tokio::test]
async fn another_browsers_callback_logs_nobody_in() {
    let site = site().await;
    let mut attacker = site.browser();
    let login = site.begin(&mut attacker, "/").await;
    site.grant(&login);
    // The victim has a pending login of its own, or none.
    let mut victim = site.browser();
    site.begin(&mut victim, "/").await;
    for mut victim in [victim, site.browser()] {
        let refused = victim.get(&site.callback(&login)).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST);
        assert!(!victim.is_logged_in().await);
    }
    assert_eq!(
        site.world.provider.asked("/token").len(),
        0,
        "the code is not spent"
    );
    // Who began it can still finish it.
    site.grant(&login);
    let back = attacker.get(&site.callback(&login)).await;
    assert_eq!(back.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_replayed_callback_logs_nobody_in_again() {
    let site = site().await;
    let mut browser = site.browser();
    let login = site.begin(&mut browser, "/").await;
    let cookies_then = browser.clone();
    site.grant(&login);
    browser.get(&site.callback(&login)).await;
    // With the cookies of that time, as somebody who copied them.
    let mut thief = cookies_then;
    let refused = thief.get(&site.callback(&login)).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(!thief.is_logged_in().await);
    assert_eq!(site.world.provider.asked("/token").len(), 1);
    // The back button of who is logged in does no harm.
    let again = browser.get(&site.callback(&login)).await;
    assert_eq!(
        (again.status, again.location()),
        (StatusCode::SEE_OTHER, "https://app.example.test/")
    );
    assert!(browser.is_logged_in().await);
}

#[tokio::test]
async fn two_callbacks_at_once_make_one_session() {
    let site = site().await;
    let mut browser = site.browser();
    let login = site.begin(&mut browser, "/").await;
    site.grant(&login);
    let callback = site.callback(&login);
    let (mut one, mut two) = (browser.clone(), browser.clone());
    tokio::join!(one.get(&callback), two.get(&callback));
    assert_ne!(one.is_logged_in().await, two.is_logged_in().await);
    assert_eq!(site.world.provider.asked("/token").len(), 1);
}

#[tokio::test]
async fn a_login_that_took_too_long_is_refused() {
    let site = site().await;
    let mut browser = site.browser();
    let login = site.begin(&mut browser, "/").await;
    site.passes(15 * 60);
    site.grant(&login);
    let refused = browser.get(&site.callback(&login)).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn no_login_leads_to_another_site() {
    let site = site().await;
    let mut browser = site.browser();
    for path in [
        "https://evil.test",
        "//evil.test",
        "/\\evil.test",
        "\\\\evil.test",
        "/\t/evil.test",
        "%2f%2fevil.test",
        "javascript:alert(1)",
        "evil",
        "",
        "/a\r\nset-cookie: x=y",
    ] {
        let encoded: String = form_urlencoded::byte_serialize(path.as_bytes()).collect();
        let refused = browser
            .get(&format!("/bff/login?return_to={encoded}"))
            .await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{path:?}");
    }
    let twice = browser.get("/bff/login?return_to=/a&return_to=/b").await;
    assert_eq!(twice.status, StatusCode::BAD_REQUEST);
    // What it looks like from outside is what it is within.
    let back = site.log_in(&mut browser, "/.//evil.test").await;
    assert_eq!(back.location(), "https://app.example.test/.//evil.test");
}

#[tokio::test]
async fn b6_a_user_who_declined_gets_a_page_that_leads_on() {
    let site = site().await;
    let mut browser = site.browser();
    let login = site.begin(&mut browser, "/").await;
    let issuer: String =
        form_urlencoded::byte_serialize(site.world.provider.url.as_bytes()).collect();
    let refusal = format!(
        "/bff/callback?error=access_denied&state={}&iss={issuer}",
        login["state"]
    );
    let page = browser.get(&refusal).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.text().contains("cancelled"), "{}", page.text());
    assert!(page.text().contains(page.header("x-request-id").unwrap()));
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-"),
        "{policy}"
    );
    assert!(!policy.contains("unsafe"), "{policy}");
}

#[tokio::test]
async fn an_app_can_have_its_own_page_for_a_failed_login() {
    let site = site_with(
        std::sync::Arc::new(cardea_client::session::MemoryStore::default()),
        |config| {
            config.login_failed = Some("/sorry".to_owned());
        },
    )
    .await;
    let page = site.browser().get("/bff/callback?code=x&state=y").await;
    assert_eq!(
        page.location(),
        "https://app.example.test/sorry?error=login_failed"
    );
}

#[tokio::test]
async fn a_provider_that_is_down_is_said_to_be() {
    let site = site().await;
    let down = Scripted::new(503, "text/plain", "");
    site.world
        .provider
        .says("/.well-known/openid-configuration", down);
    let page = site.browser().get("/bff/login").await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.header("retry-after").is_some());
}

#[tokio::test]
async fn cookies_of_many_logins_stay_below_what_servers_take() {
    let site = site().await;
    let mut browser = site.logged_in().await;
    for filler in ["a", "\"", "%22"] {
        let page = format!("/{}", filler.repeat(500 / filler.len()));
        for _ in 0..6 {
            site.begin(&mut browser, &page).await;
        }
        let pairs = browser.jar.iter();
        let bytes: usize = pairs
            .map(|(name, value)| name.len() + value.len() + 3)
            .sum();
        // A line of nginx's buffer for headers.
        assert!(bytes < 8000, "{bytes}");
        assert!(browser.is_logged_in().await);
    }
    let login = site.begin(&mut browser, "/\"quoted\"").await;
    site.grant(&login);
    let back = browser.get(&site.callback(&login)).await;
    assert_eq!(back.location(), format!("{ORIGIN}/\"quoted\""));
}
