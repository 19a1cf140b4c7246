use cardea_protocol::mail::{Mail, MailTemplate, MailValue};
use jiff::SignedDuration;

use super::*;
use crate::mails::{with_mail, written};

fn action(page: &Page, name: &str) -> Form {
    let forms = page.forms().into_iter();
    let mut named = forms.filter(|form| form.value("action") == name && form.options.is_none());
    named
        .next()
        .unwrap_or_else(|| panic!("no {name}: {}", page.text()))
}

#[tokio::test]
async fn passkeys_are_added_named_and_removed() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    log_in(&mut browser, Person::ALICE).await;
    let mut authenticator = SoftAuthenticator::new();
    let codes = add(&mut browser, &mut authenticator, "Laptop").await;
    assert_eq!(backup_codes(&codes).len(), 10);
    // The second one brings no codes.
    let mut phone = SoftAuthenticator::new();
    let page = add(&mut browser, &mut phone, "<b>Phone</b>").await;
    assert_eq!(page.path(), "/account/security/passkeys");
    let html = page.text();
    assert!(
        html.contains("<bdi>Laptop</bdi>") && !html.contains("<b>Phone"),
        "{html}"
    );

    let form = action(&page, "rename");
    let page = browser.submit(&page, form, &[("name", "Key ring")]).await;
    assert!(
        page.text().contains("<bdi>Key ring</bdi>"),
        "{}",
        page.text()
    );
    for bad in ["", "  ", &"x".repeat(65), "a\u{7}b"] {
        let form = action(&page, "rename");
        let refused = browser.submit(&page, form, &[("name", bad)]).await;
        assert_eq!(refused.status(), 422, "{bad:?}");
    }
    let security = browser.open(&server.url("/account/security")).await;
    assert!(
        security.text().contains("You have 2"),
        "{}",
        security.text()
    );

    for _ in 0..2 {
        let page = passkeys_page(&mut browser).await;
        let form = action(&page, "remove");
        let after = browser.submit(&page, form, &[]).await;
        assert_eq!(after.status(), 200, "{}", after.text());
    }
    // Neither signs in any more, and no second factor is asked for.
    for authenticator in [&mut authenticator, &mut phone] {
        let mut other = Browser::new(&server);
        let page = login_page(&mut other, &request()).await;
        let page = prove(&mut other, &page, authenticator).await;
        assert_eq!((page.status(), page.path()), (422, "/passkey"));
        assert!(other.cookie(SESSION).is_none());
    }
    let mut other = Browser::new(&server);
    let page = login_page(&mut other, &request()).await;
    let page = log_in_at(&mut other, &page, Person::ALICE).await;
    assert_ne!(page.path(), "/second_factor");
}

#[tokio::test]
async fn passkeys_are_mailed_when_they_are_added_and_removed() {
    let server = TestServer::builder().config(with_mail).start().await;
    let mut browser = Browser::new(&server);
    log_in(&mut browser, Person::ALICE).await;
    add(&mut browser, &mut SoftAuthenticator::new(), "Laptop").await;
    let page = passkeys_page(&mut browser).await;
    let form = action(&page, "remove");
    browser.submit(&page, form.clone(), &[]).await;
    // What is gone is not removed again.
    browser.submit(&page, form, &[]).await;
    let mails = written(&server).await;
    let told: Vec<_> = mails.iter().map(Mail::template).collect();
    let expected = [MailTemplate::FactorAdded, MailTemplate::FactorRemoved];
    assert_eq!(told, expected);
    for mail in &mails {
        let way = mail.value(MailValue::Factor).unwrap();
        assert!(way.contains("Laptop") && way.contains("passkey"), "{way}");
        assert!(mail.link().is_some() && mail.time().is_some());
    }
}

#[tokio::test]
async fn a_sensitive_change_takes_a_recent_sign_in() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    log_in(&mut browser, Person::ALICE).await;
    let mut authenticator = SoftAuthenticator::new();
    add(&mut browser, &mut authenticator, "Laptop").await;
    server.advance(SignedDuration::from_mins(11));
    let page = passkeys_page(&mut browser).await;
    let remove = action(&page, "remove");
    let asked = browser.submit(&page, remove, &[]).await;
    assert_eq!(asked.path(), "/second_factor", "{}", asked.text());
    let form = passkey_form(&page);
    let answer = SoftAuthenticator::new().create(&form).await;
    let fill = [("credential", answer.as_str()), ("name", "Thief")];
    let asked = browser.submit(&page, form, &fill).await;
    assert_eq!(asked.path(), "/second_factor", "{}", asked.text());
    // The passkey itself is such a sign-in.
    let page = prove(&mut browser, &asked, &mut authenticator).await;
    assert_eq!(page.path(), "/account/security", "{}", page.text());
    let page = passkeys_page(&mut browser).await;
    assert!(page.text().contains("Laptop") && !page.text().contains("Thief"));
    let page = add(&mut browser, &mut SoftAuthenticator::new(), "Phone").await;
    assert!(page.text().contains("Phone"));
}

#[tokio::test]
async fn the_new_passkey_counts_as_the_second_factor_of_the_session() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    log_in(&mut browser, Person::ALICE).await;
    add(&mut browser, &mut SoftAuthenticator::new(), "Laptop").await;
    let page = browser.open(&demanding().url(&server)).await;
    assert_ne!(page.path(), "/second_factor");
    let claims = id_token(&mut browser, page).await;
    assert_eq!(claims["acr"], STRONGEST);
}

#[tokio::test]
async fn a_passkey_signs_in_where_second_factors_are_off() {
    let server = TestServer::builder()
        .config(|config| config.mfa.policy = cardea_protocol::mfa::Requirement::Off)
        .start()
        .await;
    let mut authenticator = enrolled(&server, Person::ALICE).await;
    let mut browser = Browser::new(&server);
    let page = login_page(&mut browser, &request()).await;
    let page = prove(&mut browser, &page, &mut authenticator).await;
    let claims = id_token(&mut browser, page).await;
    assert_eq!(claims["acr"], STRONGEST);
    let mut browser = Browser::new(&server);
    let page = login_page(&mut browser, &request()).await;
    let page = log_in_at(&mut browser, &page, Person::ALICE).await;
    assert_ne!(page.path(), "/second_factor", "nobody is asked");
}

#[tokio::test]
async fn passkeys_stand_in_the_data_of_the_user_without_keys_and_ids() {
    let server = TestServer::start().await;
    let mut alice = enrolled(&server, Person::ALICE).await;
    let mut browser = Browser::new(&server);
    let page = login_page(&mut browser, &request()).await;
    let page = prove(&mut browser, &page, &mut alice).await;
    id_token(&mut browser, page).await;
    let page = browser.open(&server.url("/account/export")).await;
    let mut forms = page.forms().into_iter();
    let form = forms.find(|form| form.action.ends_with("/account/export"));
    let answer = browser.submit_once(&page, form.unwrap(), &[]).await;
    let data: Value = serde_json::from_slice(&answer.body).unwrap();
    let passkey = &data["sign_in"]["passkeys"][0];
    let members: Vec<_> = passkey.as_object().unwrap().keys().collect();
    assert_eq!(members, ["name", "synced", "created_at", "last_used_at"]);
    assert_eq!(passkey["name"], "Laptop");
    assert!(passkey["last_used_at"].is_string(), "{passkey}");
}
