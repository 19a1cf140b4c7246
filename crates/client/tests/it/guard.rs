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
        (Method::POST, &[("sec-fetch-mode", "cors")]),
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
    for page in ["/members", "/account"] {
        for foreign in [
            ("origin", "https://evil.test"),
            ("sec-fetch-site", "same-site"),
        ] {
            let refused = alice.post(page, &[foreign], "").await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN, "{page} {foreign:?}");
        }
        let own = alice.post(page, &[("origin", ORIGIN)], "").await;
        assert_eq!(own.text(), "changed", "{page}");
    }
}

#[tokio::test]
async fn g2_another_sites_websocket_is_refused_by_guard_and_extractor() {
    let site = site().await;
    let mut alice = site.logged_in().await;
    for page in ["/members", "/account", "/public"] {
        for handshake in [
            ("upgrade", "websocket"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("sec-fetch-mode", "websocket"),
        ] {
            for foreign in [
                ("origin", "https://evil.test"),
                ("origin", "https://sibling.example.test"),
                ("origin", "null"),
                ("sec-fetch-site", "same-site"),
            ] {
                let refused = alice
                    .send(Method::GET, page, &[handshake, foreign], "")
                    .await;
                assert_eq!(refused.status, StatusCode::FORBIDDEN, "{page} {foreign:?}");
            }
            // A page of the app, and a program that is no browser.
            for own in [&[handshake, ("origin", ORIGIN)][..], &[handshake]] {
                let allowed = alice.send(Method::GET, page, own, "").await;
                assert_eq!(allowed.status, StatusCode::OK, "{page}");
            }
        }
    }
}

#[tokio::test]
async fn a_guarded_page_ends_with_its_session() {
    let site = site().await;
    let mut alice = site.logged_in().await;
    site.passes(3600);
    let sent = alice.send(Method::GET, "/members", &PAGE, "").await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn who_is_logged_in_to_another_app_of_the_process_is_nobody_here() {
    use std::sync::Arc;

    use axum::Router;
    use axum::routing::get;
    use cardea_client::bff::{Bff, BffConfig};
    use cardea_client::guard;
    use cardea_client::session::{SessionConfig, Sessions};
    use cardea_client::{Entropy, MasterKey};

    use crate::bff::world::Browser;

    let site = site().await;
    let alice = site.logged_in().await;
    let app = |name: &str| {
        let mut config = SessionConfig::new(MasterKey::generate(&Entropy::seeded(7)), ORIGIN);
        config.name = name.to_owned();
        let (store, clock) = (Arc::clone(&site.store), Arc::clone(&site.world.clock));
        let sessions = Sessions::new(config, store, clock, Entropy::system()).unwrap();
        Bff::new(BffConfig::spa(), site.world.party.clone(), sessions).unwrap()
    };
    let (customers, staff) = (app("app"), app("staff"));
    let router = Router::new()
        .route(
            "/staff",
            get(async || "staff").layer(guard::require_role(&staff, "user")),
        )
        .route("/customers", get(async || "customers"))
        .layer(guard::require_role(&customers, "user"));
    let mut browser = Browser::of(router);
    browser.jar = alice.jar;
    assert_eq!(browser.get("/customers").await.text(), "customers");
    let refused = browser.get("/staff").await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn no_method_and_no_spelling_gets_around_a_role() {
    let site = site().await;
    let mut alice = site.logged_in().await;
    for method in ["HEAD", "POST", "PUT", "OPTIONS", "TRACE", "PROPFIND", "get"] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let headers = [("x-http-method-override", "GET"), ("origin", ORIGIN)];
        let answer = alice.send(method.clone(), "/admin", &headers, "").await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{method}");
    }
    for path in [
        "/admin/",
        "//admin",
        "/./admin",
        "/%61dmin",
        "/ADMIN",
        "/admin;x",
        "/admin%00",
        "/members/../admin",
    ] {
        let answer = alice.get(path).await;
        assert!(answer.status.is_client_error(), "{path}");
        assert_ne!(answer.text(), "admin", "{path}");
    }
}
