//! The link to the first account.

use super::*;

/// A provider without users.
async fn empty() -> TestServer {
    let server = server(None).await;
    for person in [Person::ALICE, Person::BOB, Person::CAROL] {
        let subject = server.subject(person).await;
        let removed = server.store.remove_user(subject, server.cause()).await;
        assert!(removed.unwrap());
    }
    server
}

async fn link(server: &TestServer) -> String {
    let link = server.offer_first_account().await.unwrap();
    link.url.expose().clone()
}

async fn users(server: &TestServer) -> usize {
    server
        .store
        .users(Window::first(10))
        .await
        .unwrap()
        .items
        .len()
}

#[tokio::test]
async fn the_first_account_is_made_by_a_link_and_administers_the_organizations() {
    let server = empty().await;
    let offered = server.offer_first_account().await.unwrap();
    let named: Vec<&str> = offered.organizations.iter().map(|o| &o[..4]).collect();
    assert_eq!(named, ["ACME", "BETA"]);
    let url = offered.url.expose().clone();
    // A look uses nothing.
    for _ in 0..3 {
        assert_eq!(Browser::new(&server).open(&url).await.status(), 200);
    }
    let mut browser = Browser::new(&server);
    let page = browser.open(&url).await;
    assert_eq!(action(&page), "make_first_account");
    assert!(
        page.text().contains("You will administer"),
        "{}",
        page.text()
    );
    assert!(!page.text().contains(HOSTILE), "{}", page.text());
    let page = make(&mut browser, &page, "root").await;
    assert_eq!(page.path(), "/account/profile", "{}", page.text());
    let owner = vec!["owner".to_owned()];
    let both = ["acme", "beta"].map(|id| (id.to_owned(), owner.clone()));
    assert_eq!(memberships(&server, "root").await, both);
    let name = Username::parse("root").unwrap();
    let root = server.store.user_by_name(&name).await.unwrap().unwrap();
    assert!(root.roles.is_empty(), "the least outside of them");
    // Once, and for nobody else.
    browser.open(&url).await.is_trouble(400, USED);
    Browser::new(&server).open(&url).await.is_trouble(400, USED);
    assert!(server.offer_first_account().await.is_none());
}

#[tokio::test]
async fn the_first_account_needs_a_good_name_and_password() {
    let server = empty().await;
    let url = link(&server).await;
    let mut browser = Browser::new(&server);
    let page = browser.open(&url).await;
    for (username, password, problem) in [
        ("", NEW, "A user name has"),
        ("root@example.test", NEW, "A user name has"),
        (&"x".repeat(500), NEW, "A user name has"),
        ("root", "short", "8 to 128 characters"),
        ("root", "password1", "easy to guess"),
    ] {
        let fill = [("username", username), ("password", password)];
        let again = browser.submit(&page, page.form(), &fill).await;
        assert_eq!(again.status(), 422, "{username} {password}");
        assert!(again.text().contains(problem), "{}", again.text());
    }
    assert_eq!(users(&server).await, 0);
    let page = make(&mut browser, &page, "root").await;
    assert_eq!(page.path(), "/account/profile");
}

#[tokio::test]
async fn two_first_accounts_at_once_are_one() {
    let server = empty().await;
    let url = link(&server).await;
    let (mut one, mut two) = (Browser::new(&server), Browser::new(&server));
    let (first, second) = (one.open(&url).await, two.open(&url).await);
    let (first, second) = tokio::join!(
        make(&mut one, &first, "root1"),
        make(&mut two, &second, "root2")
    );
    let mut statuses = [first.status(), second.status()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400]);
    assert_eq!(users(&server).await, 1);
}

#[tokio::test]
async fn a_link_to_the_first_account_is_replaced_and_expires() {
    let server = empty().await;
    let (earlier, later) = (link(&server).await, link(&server).await);
    let mut browser = Browser::new(&server);
    browser.open(&earlier).await.is_trouble(400, USED);
    let page = browser.open(&later).await;
    assert_eq!(page.status(), 200);
    server.clock.advance(SignedDuration::from_hours(24));
    let late = make(&mut browser, &page, "root").await;
    late.is_trouble(400, USED);
    browser.open(&later).await.is_trouble(400, USED);
    assert_eq!(users(&server).await, 0);
}

#[tokio::test]
async fn a_user_who_comes_first_voids_the_link() {
    let server = empty().await;
    let url = link(&server).await;
    let mut browser = Browser::new(&server);
    let page = browser.open(&url).await;
    let invited = invite(&server, 1, "dora@example.test", None).await;
    let mut dora = Browser::new(&server);
    let form = dora.open(&invited).await;
    assert_eq!(
        make(&mut dora, &form, "dora").await.path(),
        "/account/profile"
    );
    let late = make(&mut browser, &page, "root").await;
    late.is_trouble(400, USED);
    assert_eq!(users(&server).await, 1);
}

#[tokio::test]
async fn attack_a_form_of_the_first_account_without_its_link() {
    let server = empty().await;
    let url = link(&server).await;
    let mut browser = Browser::new(&server);
    let page = browser.open(&url).await;
    let forged = RandomToken::from_bytes([7; 32]).to_text();
    for token in [forged.expose().as_str(), "", "x", HOSTILE] {
        let fill = [("token", token), ("username", "root"), ("password", NEW)];
        let refused = browser.submit(&page, page.form(), &fill).await;
        assert_ne!(refused.status(), 200, "{token}");
    }
    // Another browser has no form of it.
    let mut other = Browser::new(&server);
    other.open(&server.url("/login")).await;
    let fill = [("username", "root"), ("password", NEW)];
    let refused = other.submit(&page, page.form(), &fill).await;
    assert_ne!(refused.status(), 200);
    // The token of an invitation makes no first account.
    let invited = invite(&server, 1, "dora@example.test", None).await;
    let form = browser.open(&invited).await;
    let fill = [
        ("action", "make_first_account"),
        ("username", "root"),
        ("password", NEW),
    ];
    let refused = browser.submit(&form, form.form(), &fill).await;
    refused.is_trouble(400, USED);
    assert_eq!(users(&server).await, 0);
}
