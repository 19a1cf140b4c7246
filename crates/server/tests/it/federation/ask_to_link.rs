//! An identity with the address of an account that the policy does not link by itself.

use cardea_protocol::mail::{Mail, MailTemplate, MailValue};
use cardea_testkit::{Browser, Form, Page, Person};
use serde_json::{Value, json};

use super::stage::{Stage, has_no_session, is_signed_in, request};
use crate::mails::{with_mail, written};

fn alices_address() -> Value {
    json!({"email": "alice@example.test", "email_verified": true, "name": "Upstream A"})
}

/// The page that leads to the sign-in of the account.
async fn asked(browser: &mut Browser<'_>, stage: &Stage) -> (Page, String) {
    let page = stage.sign_in(browser, "42", alices_address()).await;
    page.is_trouble(409, "You already have an account here");
    let (_, rest) = page.text().split_once("class=\"primary\" href=\"").unwrap();
    let href = rest.split('"').next().unwrap().replace("&#38;", "&");
    (page, href)
}

async fn at_login(browser: &mut Browser<'_>, stage: &Stage, href: &str) -> Page {
    let url = match href.strip_prefix("https://id.example.test") {
        Some(path) => stage.server.url(path),
        None => href.to_owned(),
    };
    let page = browser.open(&url).await;
    assert!(
        page.path().ends_with("/login"),
        "{} {}",
        page.url,
        page.text()
    );
    page
}

/// Signs in by a password.
async fn log_in_at(browser: &mut Browser<'_>, page: &Page, person: Person) -> Page {
    let mut forms = page.forms().into_iter();
    let form = forms.find(|form| form.action.ends_with("/login")).unwrap();
    let fill = [("username", person.username), ("password", person.password)];
    browser.submit(page, form, &fill).await
}

fn decision(page: &Page, wanted: &str) -> Form {
    let mut forms = page.forms().into_iter();
    let found = forms.find(|form| form.value("decision") == wanted);
    found.unwrap_or_else(|| panic!("{wanted}: {} {}", page.url, page.text()))
}

async fn links(stage: &Stage, person: Person) -> usize {
    let subject = stage.server.subject(person).await;
    stage.server.store.links_of(&subject).await.unwrap().len()
}

#[tokio::test]
async fn the_user_signs_in_here_and_links_with_one_confirmation() {
    let stage = Stage::new().await;
    let mut browser = Browser::new(&stage.server);
    let (_, href) = asked(&mut browser, &stage).await;
    let login = at_login(&mut browser, &stage, &href).await;
    assert!(
        !login.text().contains("value=\"alice\""),
        "the user name is not disclosed"
    );
    let page = log_in_at(&mut browser, &login, Person::ALICE).await;
    assert!(
        page.path().ends_with("/link_account"),
        "{} {}",
        page.url,
        page.text()
    );
    for said in [
        "Link your <bdi>Example ID</bdi> account?",
        "alice@example.test",
        "your account <bdi>alice</bdi>",
    ] {
        assert!(page.text().contains(said), "{said}: {}", page.text());
    }
    assert_eq!(
        links(&stage, Person::ALICE).await,
        0,
        "not before it is confirmed"
    );
    let link = decision(&page, "link");
    let done = browser.submit(&page, link.clone(), &[]).await;
    assert!(
        is_signed_in(&done, "Alice A"),
        "{} {}",
        done.url,
        done.text()
    );
    assert_eq!(links(&stage, Person::ALICE).await, 1);
    // Twice is no more than once.
    let again = browser.submit(&page, link, &[]).await;
    assert_eq!(again.status(), 200, "{}", again.text());
    assert_eq!(links(&stage, Person::ALICE).await, 1);
    let mut other = Browser::new(&stage.server);
    let page = stage.sign_in(&mut other, "42", json!({})).await;
    assert!(is_signed_in(&page, "Alice A"), "{}", page.text());
}

#[tokio::test]
async fn nothing_is_linked_without_the_confirmation() {
    let stage = Stage::new().await;
    let mut browser = Browser::new(&stage.server);
    let (_, href) = asked(&mut browser, &stage).await;
    let login = at_login(&mut browser, &stage, &href).await;
    let page = log_in_at(&mut browser, &login, Person::ALICE).await;
    let forged = decision(&page, "link").with("csrf", "x");
    assert_eq!(browser.submit_once(&page, forged, &[]).await.status, 403);
    let skip = decision(&page, "skip");
    let done = browser.submit(&page, skip, &[]).await;
    assert!(
        is_signed_in(&done, "Alice A"),
        "{} {}",
        done.url,
        done.text()
    );
    assert_eq!(links(&stage, Person::ALICE).await, 0);
}

#[tokio::test]
async fn pre_hijack_another_user_does_not_get_the_identity() {
    let stage = Stage::new().await;
    let mut browser = Browser::new(&stage.server);
    let (_, href) = asked(&mut browser, &stage).await;
    let login = at_login(&mut browser, &stage, &href).await;
    let page = log_in_at(&mut browser, &login, Person::BOB).await;
    assert!(
        page.path().ends_with("/consent"),
        "{} {}",
        page.url,
        page.text()
    );
    assert_eq!(
        (
            links(&stage, Person::ALICE).await,
            links(&stage, Person::BOB).await
        ),
        (0, 0)
    );
}

#[tokio::test]
async fn a_session_that_is_open_links_nothing() {
    let stage = Stage::new().await;
    let mut browser = Browser::new(&stage.server);
    let page = browser.open(&stage.server.url("/login")).await;
    log_in_at(&mut browser, &page, Person::ALICE).await;
    // Someone else at Alice's computer, with an identity that has her address.
    let page = browser
        .open(&request().with("prompt", "login").url(&stage.server))
        .await;
    let sent = super::stage::Sent::of(
        &browser
            .submit(&page, super::stage::button(&page), &[])
            .await,
    );
    stage.grants(&stage.claims(&sent, "42", alices_address()));
    let page = browser.open(&stage.back(&sent)).await;
    page.is_trouble(409, "You already have an account here");
    let (_, rest) = page.text().split_once("class=\"primary\" href=\"").unwrap();
    let href = rest.split('"').next().unwrap().to_owned();
    at_login(&mut browser, &stage, &href).await;
    let ticket = href.split_once("ticket=").unwrap().1;
    let direct = browser
        .open(&stage.server.url(&format!("/link_account?ticket={ticket}")))
        .await;
    assert!(direct.path().ends_with("/login"), "{}", direct.text());
    assert_eq!(links(&stage, Person::ALICE).await, 0);
}

#[tokio::test]
async fn mix_up_the_offer_of_one_browser_is_nothing_in_another() {
    let stage = Stage::new().await;
    let mut attacker = Browser::new(&stage.server);
    let (_, href) = asked(&mut attacker, &stage).await;
    // Alice follows the attacker's link and signs in.
    let mut alice = Browser::new(&stage.server);
    let login = at_login(&mut alice, &stage, &href).await;
    let page = log_in_at(&mut alice, &login, Person::ALICE).await;
    assert!(
        page.path().ends_with("/consent"),
        "{} {}",
        page.url,
        page.text()
    );
    assert_eq!(links(&stage, Person::ALICE).await, 0);
    // Nor does her sign-in help the attacker.
    let ticket = href.split_once("ticket=").unwrap().1;
    attacker
        .open(&stage.server.url(&format!("/link_account?ticket={ticket}")))
        .await;
    assert!(has_no_session(&attacker));
    assert_eq!(links(&stage, Person::ALICE).await, 0);
}

#[tokio::test]
async fn a_late_confirmation_takes_a_new_sign_in() {
    let stage = Stage::new().await;
    let mut browser = Browser::new(&stage.server);
    let (_, href) = asked(&mut browser, &stage).await;
    let login = at_login(&mut browser, &stage, &href).await;
    let page = log_in_at(&mut browser, &login, Person::ALICE).await;
    stage.server.advance(jiff::SignedDuration::from_mins(11));
    let page = browser.submit(&page, decision(&page, "link"), &[]).await;
    assert!(
        page.path().ends_with("/login"),
        "{} {}",
        page.url,
        page.text()
    );
    assert_eq!(links(&stage, Person::ALICE).await, 0);
    let page = log_in_at(&mut browser, &page, Person::ALICE).await;
    browser.submit(&page, decision(&page, "link"), &[]).await;
    assert_eq!(links(&stage, Person::ALICE).await, 1);
}

#[tokio::test]
async fn a_linked_account_is_mailed_when_it_is_added_and_removed() {
    let stage = Stage::configured(with_mail).await;
    let mut browser = Browser::new(&stage.server);
    let (_, href) = asked(&mut browser, &stage).await;
    let login = at_login(&mut browser, &stage, &href).await;
    let page = log_in_at(&mut browser, &login, Person::ALICE).await;
    browser.submit(&page, decision(&page, "link"), &[]).await;
    let url = stage.server.url("/account/security/links");
    let page = browser.open(&url).await;
    let mut forms = page.forms().into_iter();
    let unlink = forms.find(|form| !form.value("link").is_empty()).unwrap();
    for _ in 0..2 {
        browser.submit(&page, unlink.clone(), &[]).await;
    }
    let mails = written(&stage.server).await;
    let told: Vec<_> = mails.iter().map(Mail::template).collect();
    let expected = [MailTemplate::AccountLinked, MailTemplate::AccountUnlinked];
    assert_eq!(told, expected);
    for mail in &mails {
        assert_eq!(mail.value(MailValue::Provider), Some("Example ID"));
        assert!(mail.link().is_some() && mail.value(MailValue::Device).is_some());
    }
}
