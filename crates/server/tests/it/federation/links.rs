use cardea_testkit::{Browser, Form, Page, Person};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::stage::{Sent, Stage, is_signed_in};

const LINKS: &str = "/account/security/links";

async fn password_login(browser: &mut Browser<'_>, stage: &Stage, person: Person) {
    let page = browser.open(&stage.server.url("/login")).await;
    let form = page
        .forms()
        .into_iter()
        .find(|form| form.action.ends_with("/login"));
    let fill = [("username", person.username), ("password", person.password)];
    let page = browser.submit(&page, form.unwrap(), &fill).await;
    assert!(page.path().starts_with("/account"), "{}", page.text());
}

/// The form of the page of the links that has this field.
fn with(page: &Page, field: &str) -> Form {
    let forms = page.forms().into_iter();
    let mut ours = forms.filter(|form| form.fields.iter().any(|(name, _)| name == field));
    ours.next()
        .unwrap_or_else(|| panic!("{field}: {}", page.text()))
}

async fn begin(browser: &mut Browser<'_>, stage: &Stage) -> Sent {
    let page = browser.open(&stage.server.url(LINKS)).await;
    Sent::of(&browser.submit(&page, with(&page, "upstream"), &[]).await)
}

async fn link(browser: &mut Browser<'_>, stage: &Stage, sub: &str, more: Value) -> Page {
    let sent = begin(browser, stage).await;
    assert_eq!(sent.one("prompt"), "select_account");
    stage.grants(&stage.claims(&sent, sub, more));
    browser.open(&stage.back(&sent)).await
}

#[tokio::test]
async fn a_user_who_is_signed_in_links_and_unlinks() {
    let stage = Stage::new().await;
    let mut browser = Browser::new(&stage.server);
    password_login(&mut browser, &stage, Person::ALICE).await;
    let page = link(
        &mut browser,
        &stage,
        "42",
        json!({"email": "any@where.example"}),
    )
    .await;
    assert_eq!(
        (page.path(), page.status()),
        (LINKS, 200),
        "{}",
        page.text()
    );
    assert!(page.text().contains("any@where.example"));
    // From now on the identity signs in to Alice's account.
    let mut other = Browser::new(&stage.server);
    let there = stage.sign_in(&mut other, "42", json!({})).await;
    assert!(is_signed_in(&there, "Alice A"), "{}", there.text());
    let page = browser.submit(&page, with(&page, "link"), &[]).await;
    assert_eq!(page.status(), 200);
    assert!(!page.text().contains("any@where.example"));
    let alice = stage.server.subject(Person::ALICE).await;
    assert_eq!(stage.server.store.links_of(&alice).await.unwrap(), []);
}

#[tokio::test]
async fn an_identity_of_another_user_is_not_linked() {
    let stage = Stage::new().await;
    let mut owner = Browser::new(&stage.server);
    stage
        .sign_in(&mut owner, "42", json!({"preferred_username": "dana"}))
        .await;
    let mut browser = Browser::new(&stage.server);
    password_login(&mut browser, &stage, Person::ALICE).await;
    let page = link(&mut browser, &stage, "42", json!({})).await;
    page.is_trouble(409, "It belongs to another account");
    let dana = stage.user("dana").await.unwrap().subject;
    assert_eq!(stage.server.store.links_of(&dana).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_link_is_not_made_for_another_user_than_the_one_who_asked() {
    let stage = Stage::new().await;
    let mut browser = Browser::new(&stage.server);
    password_login(&mut browser, &stage, Person::ALICE).await;
    let sent = begin(&mut browser, &stage).await;
    stage.grants(&stage.claims(&sent, "42", json!({})));
    browser.lose("__Host-cardea_session");
    let page = browser.open(&stage.back(&sent)).await;
    page.is_trouble(400, "Please start again");
    let alice = stage.server.subject(Person::ALICE).await;
    assert_eq!(stage.server.store.links_of(&alice).await.unwrap(), []);
}

#[tokio::test]
async fn the_last_way_in_is_not_unlinked() {
    let stage = Stage::new().await;
    let mut browser = Browser::new(&stage.server);
    stage
        .sign_in(&mut browser, "42", json!({"preferred_username": "dana"}))
        .await;
    let page = browser.open(&stage.server.url(LINKS)).await;
    let page = browser.submit(&page, with(&page, "link"), &[]).await;
    assert_eq!(page.status(), 409);
    assert!(
        page.text().contains("your only way to sign in"),
        "{}",
        page.text()
    );
    let dana = stage.user("dana").await.unwrap().subject;
    assert_eq!(stage.server.store.links_of(&dana).await.unwrap().len(), 1);
    // A link of another user can't be named.
    let mut alice = Browser::new(&stage.server);
    password_login(&mut alice, &stage, Person::ALICE).await;
    let key = with(&page, "link").value("link").to_owned();
    let own = alice.open(&stage.server.url(LINKS)).await;
    let form = with(&own, "upstream")
        .without("upstream")
        .with("link", &key);
    alice.submit(&own, form, &[]).await;
    assert_eq!(stage.server.store.links_of(&dana).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_link_takes_a_recent_sign_in_and_a_form_of_ours() {
    let stage = Stage::new().await;
    let mut browser = Browser::new(&stage.server);
    password_login(&mut browser, &stage, Person::ALICE).await;
    let page = browser.open(&stage.server.url(LINKS)).await;
    let form = with(&page, "upstream");
    let forged = browser
        .submit_once(&page, form.clone().with("csrf", "x"), &[])
        .await;
    assert_eq!(forged.status, 403);
    stage.server.advance(SignedDuration::from_mins(11));
    let page = browser.submit(&page, form, &[]).await;
    assert!(
        page.path().ends_with("/login"),
        "{} {}",
        page.url,
        page.text()
    );
}
