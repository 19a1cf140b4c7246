//! `/end_session`: parameters that are long, or that can't be decoded.

use cardea_testkit::{
    Browser, TestServer,
    clients::{SPA, WEB},
};

use crate::end_session::{HOME, end, is_logged_in, logged_in};

#[tokio::test]
async fn b4_a_state_up_to_4_kib_comes_back_after_logout_and_a_longer_one_does_not_prevent_it() {
    for (state, returned) in [
        ("s".repeat(1025), true),
        ("s".repeat(4096), true),
        ("s".repeat(4097), false),
        ("a\r\nb".to_owned(), false),
    ] {
        let server = TestServer::start().await;
        let mut browser = Browser::new(&server);
        let hint = logged_in(&mut browser, SPA).await;
        let page = end(
            &mut browser,
            &[
                ("id_token_hint", &hint),
                ("post_logout_redirect_uri", "https://app.example.test/"),
                ("state", &state),
            ],
        )
        .await;
        let (_, told) = page.to_client().unwrap();
        assert_eq!(told.get("state"), returned.then_some(&state));
        assert!(!is_logged_in(&mut browser).await);
    }
}

#[tokio::test]
async fn b4_a_parameter_that_can_not_be_decoded_does_not_hinder_the_logout() {
    let server = TestServer::start().await;
    for broken in ["foo=%ff", "%zz=1", "ui_locales=%", "logout_hint=%c3%28"] {
        for by_post in [false, true] {
            let mut browser = Browser::new(&server);
            let hint = logged_in(&mut browser, WEB).await;
            let query =
                format!("{broken}&id_token_hint={hint}&post_logout_redirect_uri={HOME}&state=kept");
            let url = match by_post {
                false => server.url(&format!("/end_session?{query}")),
                true => {
                    let post = server.post("/end_session");
                    let post = post.body("application/x-www-form-urlencoded", query);
                    post.send().await.location().to_owned()
                }
            };
            let page = browser.open(&url).await;
            assert!(page.answer.location().ends_with("state=kept"), "{broken}");
            assert!(!is_logged_in(&mut browser).await);
        }
    }
    let mut browser = Browser::new(&server);
    let hint = logged_in(&mut browser, WEB).await;
    for lost in [format!("id_token_hint={hint}%ff"), "client_id=%".to_owned()] {
        let page = browser
            .open(&server.url(&format!("/end_session?{lost}")))
            .await;
        page.is_trouble(400, "This link doesn’t work");
    }
    assert!(is_logged_in(&mut browser).await);
}
