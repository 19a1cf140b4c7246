use cardea_protocol::model::UserStatus;
use cardea_store::{UserChange, UserUpdate};
use cardea_testkit::{Browser, Person};
use serde_json::json;

use super::stage::{Stage, has_no_session, is_signed_in, request};

const START_AGAIN: &str = "Please start again";

#[tokio::test]
async fn login_csrf_a_callback_that_this_browser_did_not_begin_signs_nobody_in() {
    let stage = Stage::new().await;
    let mut attacker = Browser::new(&stage.server);
    let sent = stage.press(&mut attacker, &request()).await;
    stage.grants(&stage.claims(&sent, "attacker", json!({})));
    // The victim follows the attacker's link, without and with a sign-in of their own pending.
    let mut victim = Browser::new(&stage.server);
    victim
        .open(&stage.back(&sent))
        .await
        .is_trouble(400, START_AGAIN);
    assert!(has_no_session(&victim));
    let own = stage.press(&mut victim, &request()).await;
    victim
        .open(&stage.back(&sent))
        .await
        .is_trouble(400, START_AGAIN);
    assert!(has_no_session(&victim));
    // The victim's own sign-in is still there.
    stage.grants(&stage.claims(&own, "victim", json!({"name": "Vic"})));
    let page = victim.open(&stage.back(&own)).await;
    assert!(is_signed_in(&page, "Vic"), "{}", page.text());
    assert_eq!(stage.up.asked("/token").len(), 1);
}

#[tokio::test]
async fn another_browser_can_not_finish_with_copied_cookies_after_its_id_changed() {
    let stage = Stage::new().await;
    let mut attacker = Browser::new(&stage.server);
    let sent = stage.press(&mut attacker, &request()).await;
    stage.grants(&stage.claims(&sent, "attacker", json!({})));
    let mut victim = Browser::new(&stage.server);
    victim.open(&request().url(&stage.server)).await;
    // A sibling host can plant the cookie of the sign-in, but not that of the browser.
    let name = "__Host-cardea_federation";
    let planted = attacker.cookie(name).unwrap().to_owned();
    victim.plant(name, &planted);
    let page = victim.open(&stage.back(&sent)).await;
    page.is_trouble(400, "Please start again here");
    assert!(has_no_session(&victim));
    assert_eq!(stage.up.asked("/token").len(), 0);
}

#[tokio::test]
async fn a_replayed_callback_signs_nobody_in() {
    let stage = Stage::new().await;
    let mut browser = Browser::new(&stage.server);
    let sent = stage.press(&mut browser, &request()).await;
    stage.grants(&stage.claims(&sent, "42", json!({"name": "Dana"})));
    let page = browser.open(&stage.back(&sent)).await;
    assert!(is_signed_in(&page, "Dana"), "{}", page.text());
    browser
        .open(&stage.back(&sent))
        .await
        .is_trouble(400, START_AGAIN);
    assert_eq!(stage.up.asked("/token").len(), 1);
}

#[tokio::test]
async fn mix_up_an_answer_of_another_issuer_is_not_taken() {
    let stage = Stage::new().await;
    for pairs in [
        &[("code", "c"), ("iss", "https://evil.example")][..],
        &[("code", "c")],
        &[("error", "access_denied"), ("iss", "https://evil.example")],
    ] {
        let mut browser = Browser::new(&stage.server);
        let sent = stage.press(&mut browser, &request()).await;
        let state = [("state", sent.one("state"))];
        let url = stage.back_with(&[&state[..], pairs].concat());
        browser.open(&url).await.is_trouble(400, START_AGAIN);
        assert!(has_no_session(&browser));
    }
    assert_eq!(stage.up.asked("/token").len(), 0);
}

#[tokio::test]
async fn code_injection_a_code_of_another_sign_in_is_refused_by_its_nonce() {
    let stage = Stage::new().await;
    let mut victim = Browser::new(&stage.server);
    let theirs = stage.press(&mut victim, &request()).await;
    let stolen = stage.claims(&theirs, "victim", json!({}));
    let mut attacker = Browser::new(&stage.server);
    let own = stage.press(&mut attacker, &request()).await;
    stage.grants(&stolen);
    let page = attacker.open(&stage.back(&own)).await;
    page.is_trouble(502, "The sign-in did not work");
    assert!(has_no_session(&attacker));
}

#[tokio::test]
async fn an_unverified_address_takes_nothing_over() {
    let stage = Stage::with(|up| up.trusted_domains = vec!["example.test".to_owned()]).await;
    for more in [
        json!({"email": "alice@example.test", "name": "Mallory"}),
        json!({"email": "alice@example.test", "email_verified": false, "name": "Mallory"}),
        json!({"email": "alice@example.test", "email_verified": "false", "name": "Mallory"}),
        json!({"email": "alice@example.test", "xms_edov": true, "name": "Mallory"}),
        json!({"preferred_username": "alice@example.test", "upn": "alice@example.test", "name": "Mallory"}),
    ] {
        let mut browser = Browser::new(&stage.server);
        let sub = more.to_string().len().to_string();
        let page = stage.sign_in(&mut browser, &sub, more).await;
        assert!(is_signed_in(&page, "Mallory"), "{}", page.text());
    }
    let alice = stage.server.subject(Person::ALICE).await;
    assert_eq!(stage.server.store.links_of(&alice).await.unwrap(), []);
    let users = stage
        .server
        .store
        .users(cardea_store::Page::first(100))
        .await
        .unwrap();
    let with_it = users
        .items
        .iter()
        .filter(|view| view.user.email.as_deref() == Some("alice@example.test"));
    assert_eq!(
        with_it.count(),
        1,
        "an application may believe an unverified address"
    );
}

#[tokio::test]
async fn pre_hijack_an_account_with_an_unverified_address_does_not_get_the_owners_identity() {
    let stage = Stage::with(|up| up.trusted_domains = vec!["example.test".to_owned()]).await;
    // Bob has put another user's address into his account and did not prove it.
    stage.server.tamper(
        "UPDATE users SET email = 'owner@example.test', email_verified = false WHERE username = 'bob'",
    );
    let mut owner = Browser::new(&stage.server);
    let claims =
        json!({"email": "owner@example.test", "email_verified": true, "name": "The Owner"});
    let page = stage.sign_in(&mut owner, "owner", claims).await;
    assert!(is_signed_in(&page, "The Owner"), "{}", page.text());
    let bob = stage.server.subject(Person::BOB).await;
    assert_eq!(stage.server.store.links_of(&bob).await.unwrap(), []);
    let created = stage.user("owner").await.unwrap();
    assert!(created.email_verified && created.subject != bob);
}

#[tokio::test]
async fn a_disabled_or_expired_user_does_not_sign_in_elsewhere() {
    let stage = Stage::new().await;
    let disabled = UserUpdate {
        status: Some(UserStatus::Disabled),
        ..UserUpdate::default()
    };
    // No job has disabled the account yet.
    let expired = UserUpdate {
        expires_at: Some(Some(stage.server.cause().now)),
        ..UserUpdate::default()
    };
    for (sub, name, update) in [("42", "dana", disabled), ("43", "erin", expired)] {
        let mut browser = Browser::new(&stage.server);
        let claims = json!({ "preferred_username": name });
        let page = stage.sign_in(&mut browser, sub, claims).await;
        assert!(is_signed_in(&page, name), "{}", page.text());
        let change = UserChange {
            subject: stage.user(name).await.unwrap().subject,
            update,
            cause: stage.server.cause(),
        };
        assert!(stage.server.store.change_user(change).await.unwrap());
        let mut again = Browser::new(&stage.server);
        let page = stage.sign_in(&mut again, sub, json!({})).await;
        page.is_trouble(403, "This account can’t be used");
        assert!(has_no_session(&again), "{name}");
    }
}

#[tokio::test]
async fn a_form_of_another_site_begins_nothing() {
    let stage = Stage::new().await;
    let mut browser = Browser::new(&stage.server);
    let page = browser.open(&request().url(&stage.server)).await;
    let form = super::stage::button(&page);
    let url = stage.server.url("/federation/up");
    let fields = [
        ("ticket", form.value("ticket")),
        ("csrf", form.value("csrf")),
    ];
    let page = browser.cross_site_post(&url, &fields).await;
    assert!(page.status() >= 400, "{}", page.text());
    let answer = browser
        .submit_once(&page, form.clone().with("csrf", "x"), &[])
        .await;
    assert_eq!(answer.status, 403);
    // And there is no other upstream.
    let form = cardea_testkit::Form {
        options: None,
        action: "/federation/other".to_owned(),
        ..form
    };
    assert_eq!(browser.submit(&page, form, &[]).await.status(), 404);
}

#[tokio::test]
async fn a_posted_answer_needs_the_cookie_of_the_browser() {
    let stage = Stage::new().await;
    let mut attacker = Browser::new(&stage.server);
    let sent = stage.press(&mut attacker, &request()).await;
    stage.grants(&stage.claims(&sent, "attacker", json!({})));
    let url = stage.server.url("/federation/up/callback");
    let fields = [
        ("code", "c"),
        ("state", sent.one("state")),
        ("iss", &stage.issuer),
    ];
    let mut victim = Browser::new(&stage.server);
    victim.open(&request().url(&stage.server)).await;
    let page = victim.cross_site_post(&url, &fields).await;
    page.is_trouble(400, START_AGAIN);
    assert!(has_no_session(&victim));
    // A sealed answer can't be made or moved to another upstream.
    let page = victim.open(&format!("{url}?response=v1.AAAA")).await;
    assert_eq!(page.status(), 400);
}
