//! Pages for those who may see them.

use http::{Method, StatusCode};

use crate::bff::world::{ORIGIN, site};

const PAGE: [(&str, &str); 2] = [("sec-fetch-mode", "navigate"), ("accept", "text/html")];

#[tokio::test]
async fn who_is_not_logged_in_goes_to_the_login_and_comes_back_to_the_page() {
    let site = site().await;
    let mut browser = site.browser();
    for page in [
        "/account?tab=2",
        "/members",
        "/admin",
        "/report",
        "/deep/page",
    ] {
        let sent = browser.send(Method::GET, page, &PAGE, "").await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{page}");
        let encoded: String = form_urlencoded::byte_serialize(page.as_bytes()).collect();
        assert_eq!(sent.location(), format!("/bff/login?return_to={encoded}"));
    }
    let back = site.log_in(&mut browser, "/account?tab=2").await;
    assert_eq!(back.location(), format!("{ORIGIN}/account?tab=2"));
    let page = browser.send(Method::GET, "/account?tab=2", &PAGE, "").await;
    assert_eq!(page.text(), "alice");
}

#[tokio::test]
async fn a_page_that_looks_like_another_site_leads_home() {
    let site = site().await;
    let sent = site
        .browser()
        .send(Method::GET, "//evil.test/..//account", &PAGE, "")
        .await;
    assert_ne!(sent.status, StatusCode::SEE_OTHER);
    let long = format!("/account?q={}", "x".repeat(600));
    let sent = site.browser().send(Method::GET, &long, &PAGE, "").await;
    assert_eq!(sent.location(), "/bff/login?return_to=%2Faccount");
}

#[tokio::test]
async fn scripts_and_changes_get_a_401_and_no_redirect() {
    let site = site().await;
    let mut browser = site.browser();
    for (method, headers) in [
        (Method::GET, &[("sec-fetch-mode", "cors")][..]),
        (Method::GET, &[("accept", "application/json")]),
        (Method::POST, &PAGE),
    ] {
        let refused = browser.send(method, "/members", headers, "").await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
        assert_eq!(refused.json()["type"], cardea_client::bff::LOGIN_REQUIRED);
    }
}

#[tokio::test]
async fn a_page_for_all_knows_who_it_is_if_anybody() {
    let site = site().await;
    assert_eq!(site.browser().get("/public").await.text(), "nobody");
    assert_eq!(site.logged_in().await.get("/public").await.text(), "alice");
}

#[tokio::test]
async fn roles_and_permissions_decide() {
    let site = site().await;
    let mut alice = site.logged_in().await;
    for (page, status) in [
        ("/members", StatusCode::OK),
        ("/users", StatusCode::OK),
        ("/admin", StatusCode::FORBIDDEN),
        ("/report", StatusCode::OK),
        ("/report/edit", StatusCode::FORBIDDEN),
    ] {
        let answer = alice.send(Method::GET, page, &PAGE, "").await;
        assert_eq!(answer.status, status, "{page}");
    }
    let page = alice.send(Method::GET, "/admin", &PAGE, "").await;
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    let problem = alice.get("/admin").await;
    assert_eq!(
        problem.header("content-type"),
        Some("application/problem+json")
    );
}

#[tokio::test]
async fn another_sites_form_changes_nothing() {
    let site = site().await;
    let mut alice = site.logged_in().await;
    let foreign = [("origin", "https://evil.test")];
    let refused = alice.post("/members", &foreign, "").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let own = alice.post("/members", &[("origin", ORIGIN)], "").await;
    assert_eq!(own.text(), "changed");
}

#[tokio::test]
async fn a_guarded_page_ends_with_its_session() {
    let site = site().await;
    let mut alice = site.logged_in().await;
    site.passes(3600);
    let sent = alice.send(Method::GET, "/members", &PAGE, "").await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER);
}
