//! `/account/profile`: users choose how they are shown and which language they read.

use cardea_protocol::{
    language::Lang,
    model::{AuditEvent, User},
};
use cardea_store::AuditFilter;
use cardea_testkit::{
    Browser, Page, Person, TestServer,
    flows::{log_in, log_in_at},
};
use serde_json::json;

async fn profile(browser: &mut Browser<'_>) -> Page {
    let url = browser.server().url("/account/profile");
    browser.open(&url).await
}

async fn user(server: &TestServer, person: Person) -> User {
    let subject = server.subject(person).await;
    server.store.user(&subject).await.unwrap().unwrap()
}

async fn changes(server: &TestServer) -> usize {
    let filter = AuditFilter {
        event: Some(AuditEvent::UserChanged),
        ..AuditFilter::default()
    };
    let rows = server.store.audit(filter, cardea_store::Page::first(10));
    rows.await.unwrap().items.len()
}

#[tokio::test]
async fn a_user_changes_names_and_language_and_nothing_else() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    log_in(&mut browser, Person::ALICE).await;
    let before = user(&server, Person::ALICE).await;
    let page = profile(&mut browser).await;
    let filled = page
        .form_to("/account/profile")
        .with("name", "  Ålice <b>Ö</b> ")
        .with("given_name", "Ålice")
        .with("family_name", "")
        .with("locale", "de")
        .with("roles", "admin")
        .with("email", "eve@example.test")
        .with("username", "eve")
        .with("sub", server.subject(Person::BOB).await.as_str());
    let saved = browser.submit(&page, filled, &[]).await;
    assert_eq!((saved.status(), saved.path()), (200, "/account/profile"));
    assert!(
        saved.text().contains("Ihr Profil ist gespeichert"),
        "{}",
        saved.text()
    );
    assert!(!saved.text().contains("<b>Ö"));
    let after = user(&server, Person::ALICE).await;
    assert_eq!(after.claims["name"], json!("Ålice <b>Ö</b>"));
    assert_eq!(after.claims["given_name"], json!("Ålice"));
    assert!(!after.claims.contains_key("family_name"));
    assert_eq!(after.account.locale, Some(Lang::De));
    assert_eq!(
        (&after.roles, &after.email, &after.username),
        (&before.roles, &before.email, &before.username)
    );
    assert_eq!(changes(&server).await, 1);
    let bob = user(&server, Person::BOB).await;
    assert_eq!(bob.account.locale, None);
}

#[tokio::test]
async fn the_chosen_language_is_that_of_later_pages_in_any_browser_until_it_is_taken_back() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server).reading("fr");
    log_in(&mut browser, Person::ALICE).await;
    let page = profile(&mut browser).await;
    browser
        .submit(
            &page,
            page.form_to("/account/profile").with("locale", "es"),
            &[],
        )
        .await;
    let mut other = Browser::new(&server).reading("de");
    let login = other.open(&server.url("/login")).await;
    assert!(login.text().contains("lang=\"de\""));
    log_in_at(&mut other, &login, Person::ALICE).await;
    for section in ["profile", "security", "devices", "apps", "activity"] {
        let page = other
            .open(&server.url(&format!("/account/{section}")))
            .await;
        assert!(page.text().contains("<html lang=\"es\""), "{section}");
    }
    let page = profile(&mut other).await;
    other
        .submit(
            &page,
            page.form_to("/account/profile").with("locale", ""),
            &[],
        )
        .await;
    for (browser, lang) in [(&mut browser, "fr"), (&mut other, "de")] {
        let page = profile(browser).await;
        assert!(
            page.text().contains(&format!("<html lang=\"{lang}\"")),
            "{lang}"
        );
    }
}

#[tokio::test]
async fn names_with_control_characters_long_names_and_unknown_languages_are_refused() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server).reading("en");
    log_in(&mut browser, Person::ALICE).await;
    let page = profile(&mut browser).await;
    let long = "x".repeat(101);
    for (field, bad) in [
        ("name", "Alice\r\nBcc: eve@example.test"),
        ("given_name", "a\u{202e}b"),
        ("family_name", "a\0"),
        ("name", long.as_str()),
    ] {
        let answer = browser
            .submit(
                &page,
                page.form_to("/account/profile").with(field, bad),
                &[],
            )
            .await;
        assert_eq!(answer.status(), 422, "{field} {bad:?}");
        assert!(answer.text().contains("aria-invalid"));
    }
    let unknown = page
        .form_to("/account/profile")
        .with("locale", "xx\r\nset-cookie: a=b");
    assert_eq!(browser.submit(&page, unknown, &[]).await.status(), 400);
    let oversized = page
        .form_to("/account/profile")
        .with("name", &"x".repeat(20_000));
    assert_eq!(browser.submit_once(&page, oversized, &[]).await.status, 413);
    assert_eq!(changes(&server).await, 0);
}

#[tokio::test]
async fn neither_a_stranger_nor_another_site_changes_a_profile() {
    let server = TestServer::start().await;
    let (mut alice, mut bob) = (Browser::new(&server), Browser::new(&server));
    log_in(&mut alice, Person::ALICE).await;
    log_in(&mut bob, Person::BOB).await;
    let (page, of_bob) = (profile(&mut alice).await, profile(&mut bob).await);
    for form in [
        of_bob.form_to("/account/profile"),
        page.form_to("/account/profile").without("csrf"),
        page.form_to("/account/profile").with("csrf", "x"),
    ] {
        let refused = alice.submit(&page, form.with("name", "Eve"), &[]).await;
        refused.is_trouble(403, "We didn’t accept that");
    }
    let post = server.post("/account/profile").form(&[("name", "Eve")]);
    assert_eq!(post.send().await.location(), server.url("/login"));
    assert_eq!(changes(&server).await, 0);
}
