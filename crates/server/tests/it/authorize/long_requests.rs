//! Requests at their bounds: a state of 4 KiB, 16 KiB by POST, and no URL that is too long.

use cardea_testkit::{
    Browser, Person, TestServer,
    clients::SPA,
    flows::{Authorization, walk},
};

/// What common proxies accept as a request line.
const MAX_USUAL_URL: usize = 8 * 1024;

#[tokio::test]
async fn b4_a_state_of_4_kib_comes_back_after_login_and_consent() {
    for state in ["s".repeat(1025), "s".repeat(4096), "é\"%&".repeat(800)] {
        let server = TestServer::start().await;
        let mut browser = Browser::new(&server);
        let request = Authorization::of(SPA).with("state", &state);
        let back = walk(&mut browser, &request, Person::ALICE).await;
        assert_eq!(back.callback()["state"], state);
        assert!(back.callback().contains_key("code"));
    }
}

#[tokio::test]
async fn b4_a_post_of_16_kib_is_carried_by_a_url_that_is_not_too_long() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let state = "s".repeat(4096);
    let request = Authorization::of(SPA)
        .with("state", &state)
        .and("ui_locales", &"é ".repeat(3700));
    let url = server.url("/authorize");
    let answer = server
        .post("/authorize")
        .form(&request.pairs())
        .send()
        .await;
    assert_eq!(answer.status, 303);
    let location = answer.location().to_owned();
    assert!(location.len() < MAX_USUAL_URL, "{}", location.len());
    assert!(!location.contains(&state), "the request is sealed");

    let login = browser.cross_site_post(&url, &request.pairs()).await;
    assert_eq!((login.status(), login.path()), (200, "/login"));
    assert!(login.url.as_str().len() < MAX_USUAL_URL);
    walk(&mut browser, &Authorization::of(SPA), Person::ALICE).await;
    let back = browser.cross_site_post(&url, &request.pairs()).await;
    assert_eq!(back.callback()["state"], state);
}

#[tokio::test]
async fn b4_a_posted_request_that_is_carried_brings_no_login_along() {
    let server = TestServer::start().await;
    let request = Authorization::of(SPA).with("prompt", "login");
    let answer = server
        .post("/authorize")
        .form(&request.pairs())
        .send()
        .await;
    let mut victim = Browser::new(&server);
    walk(&mut victim, &Authorization::of(SPA), Person::ALICE).await;
    let page = victim.open(answer.location()).await;
    assert_eq!((page.status(), page.path()), (200, "/login"));
    for bad in ["x", "", "AAAA"] {
        let url = server.url(&format!("/authorize?ticket={bad}"));
        let page = victim.open(&url).await;
        assert_eq!(page.status(), 400, "{bad}");
        assert!(page.to_client().is_none());
    }
}

#[tokio::test]
async fn b4_a_request_over_16_kib_goes_back_to_its_client_with_the_state() {
    let server = TestServer::start().await;
    let request = Authorization::of(SPA).and("anything", &"x".repeat(16_384));
    let answer = server
        .post("/authorize")
        .form(&request.pairs())
        .send()
        .await;
    assert_eq!(answer.status, 303);
    let location = answer.location();
    assert!(location.starts_with("https://app.example.test/callback?error=invalid_request&"));
    assert!(location.contains("state=the+state"), "{location}");
}
