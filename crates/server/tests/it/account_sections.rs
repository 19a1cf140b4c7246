//! The sections of `/account`: a login leads back to them, and nowhere else.

use cardea_testkit::{Browser, Person, TestServer};

#[tokio::test]
async fn a_login_leads_back_to_the_section_of_the_account_page() {
    let server = TestServer::start().await;
    for (query, section) in [
        ("", "/account/profile"),
        ("?return_to=devices", "/account/devices"),
        ("?return_to=apps", "/account/apps"),
        ("?return_to=security", "/account/security"),
        ("?return_to=profile", "/account/profile"),
    ] {
        let mut browser = Browser::new(&server);
        let page = browser.open(&server.url(&format!("/login{query}"))).await;
        let fill = [("username", "alice"), ("password", Person::ALICE.password)];
        let answer = browser.submit_once(&page, page.form(), &fill).await;
        assert_eq!(answer.location(), server.url(section), "{query}");
    }
}

#[tokio::test]
async fn a_link_to_a_section_survives_a_login() {
    let server = TestServer::start().await;
    for section in [
        "profile", "devices", "apps", "security", "activity", "deletion", "export",
    ] {
        let mut browser = Browser::new(&server);
        let link = server.url(&format!("/account/{section}"));
        let page = browser.open(&link).await;
        assert_eq!(page.path(), "/login");
        let fill = [("username", "alice"), ("password", Person::ALICE.password)];
        let answer = browser.submit_once(&page, page.form(), &fill).await;
        assert_eq!(answer.location(), link);
        let page = browser.open(&link).await;
        assert_eq!((page.status(), page.url.as_str()), (200, link.as_str()));
    }
    for unknown in ["", "x", "DEVICES", "%2f%2fevil.example.test"] {
        let answer = server.get(&format!("/account/{unknown}")).send().await;
        assert_eq!(answer.status, 404, "{unknown}");
    }
}

#[tokio::test]
async fn no_link_to_the_login_page_leads_elsewhere() {
    let server = TestServer::start().await;
    for elsewhere in [
        "https://evil.example.test/",
        "//evil.example.test",
        "/%5Cevil.example.test",
        "%2F%2Fevil.example.test",
        "https:evil.example.test",
        "javascript:alert(1)",
        "/authorize",
        "devices%0d%0aset-cookie:a=b",
        "@evil.example.test",
        "devices&return_to=https://evil.example.test",
        "",
    ] {
        let mut browser = Browser::new(&server);
        let url = server.url(&format!("/login?return_to={elsewhere}"));
        let page = browser.open(&url).await;
        assert!(!page.text().contains("evil"), "{elsewhere}");
        let form = page.form().with("return_to", "https://evil.example.test/");
        let fill = [("username", "bob"), ("password", Person::BOB.password)];
        let answer = browser.submit_once(&page, form, &fill).await;
        let location = answer.location();
        assert!(
            [
                server.url("/account/profile"),
                server.url("/account/devices")
            ]
            .contains(&location.to_owned()),
            "{elsewhere}: {location}"
        );
    }
}

/// A browser keeps the fragment of a link to `/account#devices`, as the account was one page, on its way to the login page, whose script sends it along.
#[tokio::test]
async fn a_fragment_that_the_login_page_sends_along_leads_back_to_its_section() {
    let server = TestServer::start().await;
    for (query, sent, section) in [
        ("", "devices", "/account/devices"),
        ("", "apps", "/account/apps"),
        ("?return_to=apps", "", "/account/apps"),
        ("?return_to=apps", "devices", "/account/devices"),
        ("", "//evil.example.test", "/account/profile"),
        ("", "devices\r\nx: y", "/account/profile"),
    ] {
        let mut browser = Browser::new(&server);
        let page = browser.open(&server.url(&format!("/login{query}"))).await;
        assert_eq!(page.form().value("section"), "");
        let wrong = [("username", "alice"), ("password", "wrong")];
        let form = page.form().with("section", sent);
        // It is kept when the first attempt fails.
        let page = browser.submit(&page, form, &wrong).await;
        let fill = [("username", "alice"), ("password", Person::ALICE.password)];
        let answer = browser.submit_once(&page, page.form(), &fill).await;
        assert_eq!(answer.location(), server.url(section), "{sent}");
    }
}
