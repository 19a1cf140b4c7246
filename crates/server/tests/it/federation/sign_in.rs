use cardea_protocol::federation::ClaimTarget;
use cardea_store::{UserChange, UserUpdate};
use cardea_testkit::{Browser, Person, flows::log_in};
use serde_json::{Value, json};

use super::stage::{Sent, Stage, button, has_no_session, is_signed_in, request};

const ALICE: &str = "alice@example.test";

fn alice() -> Value {
    json!({"email": ALICE, "email_verified": true, "name": "Alice Upstream"})
}

#[tokio::test]
async fn a_stranger_gets_an_account_at_the_first_sign_in_and_the_same_at_the_next() {
    let stage = Stage::new().await;
    let mut browser = Browser::new(&stage.server);
    let claims = json!({"preferred_username": "Dana@corp.example", "name": "Dana", "email": "dana@corp.example",
        "email_verified": true});
    let page = stage.sign_in(&mut browser, "42", claims.clone()).await;
    assert!(is_signed_in(&page, "Dana"), "{} {}", page.url, page.text());
    let user = stage.user("dana").await.unwrap();
    assert_eq!(user.email.as_deref(), Some("dana@corp.example"));
    // The upstream is not trusted for the domain.
    assert!(!user.email_verified);
    assert_eq!(user.roles, [""; 0]);
    assert!(
        !stage
            .server
            .store
            .has_password(&user.subject)
            .await
            .unwrap()
    );

    let mut other = Browser::new(&stage.server);
    let page = stage.sign_in(&mut other, "42", claims).await;
    assert!(is_signed_in(&page, "Dana"), "{}", page.text());
    let links = stage.server.store.links_of(&user.subject).await.unwrap();
    assert_eq!(links.len(), 1);
    assert!(links[0].last_used_at.is_some());
}

#[tokio::test]
async fn a_password_that_must_be_changed_is_not_asked_for_at_a_sign_in_without_it() {
    let stage = Stage::new().await;
    let claims = json!({"preferred_username": "dana"});
    let mut browser = Browser::new(&stage.server);
    let first = stage.sign_in(&mut browser, "42", claims.clone()).await;
    assert!(is_signed_in(&first, "dana"));
    let command = UserChange {
        subject: stage.user("dana").await.unwrap().subject,
        update: UserUpdate {
            must_change_password: Some(true),
            ..UserUpdate::default()
        },
        cause: stage.server.cause(),
    };
    assert!(stage.server.store.change_user(command).await.unwrap());
    let mut browser = Browser::new(&stage.server);
    let page = stage.sign_in(&mut browser, "42", claims).await;
    assert!(is_signed_in(&page, "dana"), "{} {}", page.url, page.text());
    let user = stage.user("dana").await.unwrap();
    assert!(user.account.must_change_password, "it still must");
}

#[tokio::test]
async fn the_wish_to_stay_signed_in_is_carried_through_the_upstream() {
    let remember = cardea_web::config::Duration::from_secs(30 * 86_400);
    let stage = Stage::configured(|config| config.sessions.remember = Some(remember)).await;
    for (ticked, kept) in [(Some("on"), true), (Some("yes"), false), (None, false)] {
        let mut browser = Browser::new(&stage.server);
        let page = browser.open(&request().url(&stage.server)).await;
        let form = button(&page).without("remember");
        let form = match ticked {
            Some(value) => form.with("remember", value),
            None => form,
        };
        let sent = Sent::of(&browser.submit(&page, form, &[]).await);
        stage.grants(&stage.claims(&sent, "42", json!({"preferred_username": "dana"})));
        // What stands in the address at which the browser comes back changes nothing.
        let back = format!("{}&remember=on", stage.back(&sent));
        let page = browser.open_once(&back).await;
        let cookie = page.answer.set_cookie("__Host-cardea_session").unwrap();
        assert_eq!(cookie.contains("; Max-Age=2592000"), kept, "{cookie}");
    }
}

#[tokio::test]
async fn the_request_to_the_upstream_is_bound_to_this_sign_in() {
    let stage = Stage::new().await;
    let mut browser = Browser::new(&stage.server);
    let wish = request().with("login_hint", "alice").with("max_age", "600");
    let sent = stage.press(&mut browser, &wish).await;
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "cardea"),
        (
            "redirect_uri",
            "https://id.example.test/federation/up/callback",
        ),
        ("scope", "openid profile email"),
        ("code_challenge_method", "S256"),
        ("login_hint", "alice"),
        ("max_age", "600"),
        ("prompt", ""),
    ] {
        assert_eq!(sent.one(name), value, "{name}");
    }
    for name in ["state", "nonce", "code_challenge"] {
        assert_eq!(sent.one(name).len(), 43, "{name}");
    }
    stage.grants(&stage.claims(&sent, "42", json!({})));
    browser.open(&stage.back(&sent)).await;
    let asked = stage.up.asked("/token");
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].form["code"], "the-code");
    assert_eq!(asked[0].form["code_verifier"].len(), 43);
}

#[tokio::test]
async fn an_address_signs_in_to_its_account_only_if_the_upstream_is_trusted_for_the_domain() {
    let trusted = Stage::with(|up| up.trusted_domains = vec!["example.test".to_owned()]).await;
    let mut browser = Browser::new(&trusted.server);
    let page = trusted.sign_in(&mut browser, "42", alice()).await;
    assert!(is_signed_in(&page, "Alice Upstream"), "{}", page.text());
    let subject = trusted.server.subject(Person::ALICE).await;
    assert_eq!(
        trusted.server.store.links_of(&subject).await.unwrap().len(),
        1
    );

    let untrusted = Stage::with(|up| up.trusted_domains = vec!["other.test".to_owned()]).await;
    let mut browser = Browser::new(&untrusted.server);
    let page = untrusted.sign_in(&mut browser, "42", alice()).await;
    page.is_trouble(409, "You already have an account here");
    assert!(page.text().contains(ALICE));
    assert!(has_no_session(&browser));
    let subject = untrusted.server.subject(Person::ALICE).await;
    assert_eq!(untrusted.server.store.links_of(&subject).await.unwrap(), []);
}

#[tokio::test]
async fn without_just_in_time_accounts_a_stranger_is_told_so() {
    let stage = Stage::with(|up| up.just_in_time = false).await;
    let mut browser = Browser::new(&stage.server);
    let page = stage.sign_in(&mut browser, "42", json!({})).await;
    page.is_trouble(403, "You have no account here");
    assert!(has_no_session(&browser));
}

#[tokio::test]
async fn roles_and_claims_follow_the_upstream_at_each_sign_in() {
    let stage = Stage::with(|up| {
        let table = json!({"org.unit": "department", "groups": {"roles": {"ops": "operator"}, "groups": {"ops": "night"}}});
        let table: std::collections::BTreeMap<String, ClaimTarget> =
            serde_json::from_value(table).unwrap();
        up.claims = table;
    })
    .await;
    let mut browser = Browser::new(&stage.server);
    let first = json!({"preferred_username": "erin", "org": {"unit": "sales"}, "groups": ["ops"], "roles": ["admin"], "sub_x": 1});
    stage.sign_in(&mut browser, "7", first).await;
    let erin = stage.user("erin").await.unwrap();
    assert_eq!(erin.roles, ["operator"]);
    assert_eq!(erin.claims["department"], "sales");
    assert_eq!(erin.claims["groups"], json!(["night"]));
    let mut other = Browser::new(&stage.server);
    let second = json!({"org": {"unit": "hr"}, "groups": []});
    stage.sign_in(&mut other, "7", second).await;
    let erin = stage.user("erin").await.unwrap();
    assert_eq!(erin.roles, [""; 0]);
    assert_eq!(erin.claims["department"], "hr");
    assert_eq!(erin.claims.get("groups"), None);
}

#[tokio::test]
async fn a_taken_user_name_gets_another_one() {
    let stage = Stage::new().await;
    let mut browser = Browser::new(&stage.server);
    let page = stage
        .sign_in(
            &mut browser,
            "42",
            json!({"preferred_username": "ALICE", "name": "Another"}),
        )
        .await;
    assert!(is_signed_in(&page, "Another"), "{}", page.text());
    let alice = stage.server.subject(Person::ALICE).await;
    assert_eq!(stage.server.store.links_of(&alice).await.unwrap(), []);
}

#[tokio::test]
async fn an_address_of_a_domain_leads_to_its_upstream_whether_or_not_there_is_such_a_user() {
    let stage = Stage::with(|up| up.domains = vec!["example.test".to_owned()]).await;
    let mut answers = Vec::new();
    for typed in [ALICE, "nobody@example.test"] {
        let mut browser = Browser::new(&stage.server);
        let page = browser.open(&request().url(&stage.server)).await;
        let forms = page.forms().into_iter();
        let form = forms.clone().find(|form| form.action.ends_with("/login"));
        let there = browser
            .submit(&page, form.unwrap(), &[("username", typed)])
            .await;
        assert_eq!(there.status(), 303);
        let sent = Sent::of(&there);
        assert_eq!(sent.one("login_hint"), typed);
        answers.push(sent.query.keys().cloned().collect::<Vec<_>>());
    }
    assert_eq!(answers[0], answers[1]);
    // Other names sign in here.
    let mut browser = Browser::new(&stage.server);
    let page = browser.open(&request().url(&stage.server)).await;
    let form = page
        .forms()
        .into_iter()
        .find(|form| form.action.ends_with("/login"));
    let fill = [("username", "alice"), ("password", Person::ALICE.password)];
    let page = browser.submit(&page, form.unwrap(), &fill).await;
    assert!(page.path().ends_with("/consent"), "{}", page.text());
}

#[tokio::test]
async fn a_sign_in_for_the_account_page_leads_there() {
    let stage = Stage::new().await;
    let mut browser = Browser::new(&stage.server);
    let page = browser.open(&stage.server.url("/login")).await;
    let there = browser
        .submit(&page, super::stage::button(&page), &[])
        .await;
    let sent = Sent::of(&there);
    stage.grants(&stage.claims(&sent, "42", json!({"name": "Dana"})));
    let page = browser.open(&stage.back(&sent)).await;
    assert!(
        page.path().starts_with("/account"),
        "{} {}",
        page.url,
        page.text()
    );
}

#[tokio::test]
async fn a_login_by_password_goes_on_as_before() {
    let stage = Stage::new().await;
    let mut browser = Browser::new(&stage.server);
    let page = browser.open(&stage.server.url("/login")).await;
    let form = page
        .forms()
        .into_iter()
        .find(|form| form.action.ends_with("/login"));
    let fill = [("username", "alice"), ("password", Person::ALICE.password)];
    let account = browser.submit(&page, form.unwrap(), &fill).await;
    assert!(account.path().starts_with("/account"), "{}", account.text());
    // The pages of a provider without upstreams have one form.
    let plain = cardea_testkit::TestServer::start().await;
    let mut browser = Browser::new(&plain);
    log_in(&mut browser, Person::ALICE).await;
}
