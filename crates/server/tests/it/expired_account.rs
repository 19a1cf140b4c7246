//! An account that has expired, before the clean-up has disabled it.

use cardea_store::{UserChange, UserUpdate};
use cardea_testkit::{
    Browser, Person, TestServer,
    clients::WEB,
    flows::{is_active, log_in_at, refresh, tokens},
};
use jiff::SignedDuration;

/// As an administrator does it.
async fn expire(server: &TestServer, person: Person, after: SignedDuration) {
    let command = UserChange {
        subject: server.subject(person).await,
        update: UserUpdate {
            expires_at: Some(Some(server.cause().now + after)),
            ..UserUpdate::default()
        },
        cause: server.cause(),
    };
    assert!(server.store.change_user(command).await.unwrap());
}

#[tokio::test]
async fn an_expired_account_answers_a_sign_in_as_a_disabled_one() {
    let server = TestServer::start().await;
    server.disable_user(Person::CAROL).await;
    expire(&server, Person::ALICE, SignedDuration::from_mins(5)).await;
    let mut in_time = Browser::new(&server);
    let page = in_time.open(&server.url("/login")).await;
    let page = log_in_at(&mut in_time, &page, Person::ALICE).await;
    assert_eq!(page.path(), "/account/profile", "{}", page.text());
    server.advance(SignedDuration::from_mins(5));
    for person in [Person::ALICE, Person::CAROL] {
        let mut browser = Browser::new(&server);
        let page = browser.open(&server.url("/login")).await;
        let page = log_in_at(&mut browser, &page, person).await;
        assert_eq!((page.status(), page.path()), (422, "/login"));
        let text = page.text();
        assert!(text.contains("Incorrect user name or password."), "{text}");
        assert!(!text.contains("expire"), "{text}");
    }
}

#[tokio::test]
async fn sessions_and_tokens_end_when_the_account_expires() {
    let server = TestServer::start().await;
    let mut alice = Browser::new(&server);
    let mut bob = Browser::new(&server);
    let scope = "openid offline_access";
    let granted = tokens(&mut alice, WEB, (Person::ALICE, scope)).await;
    let of_bob = tokens(&mut bob, WEB, (Person::BOB, scope)).await;
    expire(&server, Person::ALICE, SignedDuration::from_mins(5)).await;
    server.advance(SignedDuration::from_secs(299));
    let account = server.url("/account");
    assert_eq!(alice.open(&account).await.path(), "/account");
    let token = |granted: &serde_json::Value| granted["access_token"].as_str().unwrap().to_owned();
    assert!(is_active(&server, WEB, &token(&granted)).await);
    server.advance(SignedDuration::from_secs(1));
    assert_eq!(alice.open(&account).await.path(), "/login");
    assert!(!is_active(&server, WEB, &token(&granted)).await);
    let renew = |granted: &serde_json::Value| granted["refresh_token"].as_str().unwrap().to_owned();
    let refused = refresh(&server, WEB, &renew(&granted)).await;
    assert_eq!(refused.status, 400, "{}", refused.text());
    assert!(refused.text().contains("invalid_grant"));
    // Of another user nothing ends.
    assert_eq!(bob.open(&account).await.path(), "/account");
    assert!(is_active(&server, WEB, &token(&of_bob)).await);
    refresh(&server, WEB, &renew(&of_bob)).await.granted();
}
