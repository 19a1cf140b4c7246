//! `/new_password`: a user whose password must be changed chooses another one on the way of a sign-in.

mod attacks;

use cardea_protocol::{mail::MailTemplate, model::AuditEvent};
use cardea_store::{
    AuditFilter, ClaimMessages, Message, MessageKind, Page as Rows, UserChange, UserUpdate,
};
use cardea_testkit::{
    Browser, Form, Page, Person, TestServer,
    clients::{SPA, WEB},
    factors::{App, backup_codes, enter},
    flows::{Authorization, decide, is_active, log_in_at, redeem, tokens},
    jwt,
    passkeys::{SoftAuthenticator, passkey_form},
};
use cardea_web::config::SecretText;
use jiff::SignedDuration;

const PATH: &str = "/new_password";
const NEW: &str = "seven-rusty-hinges-of-oak";
const SESSION: &str = "__Host-cardea_session";
const DEMANDS_MFA: &str = r#"{"id_token":{"acr":{"essential":true,"value":"urn:cardea:acr:mfa"}}}"#;

/// As an administrator does it.
async fn must_change(server: &TestServer, person: Person) {
    let command = UserChange {
        subject: server.subject(person).await,
        update: UserUpdate {
            must_change_password: Some(true),
            ..UserUpdate::default()
        },
        cause: server.cause(),
    };
    assert!(server.store.change_user(command).await.unwrap());
}

/// Whether a new password is still asked for.
async fn is_due(server: &TestServer, person: Person) -> bool {
    let subject = server.subject(person).await;
    let user = server.store.user(&subject).await.unwrap().unwrap();
    user.account.must_change_password
}

async fn login_page(browser: &mut Browser<'_>) -> Page {
    let url = browser.server().url("/login");
    browser.open(&url).await
}

/// The page that asks for a new password, after the present one.
async fn question(browser: &mut Browser<'_>, person: Person) -> Page {
    let page = login_page(browser).await;
    let page = log_in_at(browser, &page, person).await;
    assert_eq!((page.status(), page.path()), (200, PATH), "{}", page.text());
    page
}

async fn choose(browser: &mut Browser<'_>, page: &Page, new: &str) -> Page {
    browser
        .submit(page, page.form(), &[("password", new)])
        .await
}

async fn sign_in(server: &TestServer, password: &str) -> Page {
    let mut browser = Browser::new(server);
    let page = login_page(&mut browser).await;
    let fill = [("username", "alice"), ("password", password)];
    browser.submit(&page, page.form(), &fill).await
}

async fn changes(server: &TestServer) -> usize {
    let filter = AuditFilter {
        event: Some(AuditEvent::PasswordChanged),
        ..AuditFilter::default()
    };
    let rows = server.store.audit(filter, Rows::first(10)).await;
    rows.unwrap().items.len()
}

/// Nothing was changed, and nobody is signed in.
async fn nothing_happened(server: &TestServer, browser: &Browser<'_>) {
    assert!(browser.cookie(SESSION).is_none());
    assert!(is_due(server, Person::ALICE).await);
    assert_eq!(changes(server).await, 0);
    assert_eq!(sign_in(server, NEW).await.status(), 422);
}

/// Sets up an authenticator app, in another browser.
async fn enrolled(server: &TestServer) -> App {
    let mut browser = Browser::new(server);
    let request = Authorization::of(SPA).with("claims", DEMANDS_MFA);
    let page = browser.open(&request.url(server)).await;
    let page = log_in_at(&mut browser, &page, Person::ALICE).await;
    let app = App::scan(&page);
    let page = enter(&mut browser, &page, &app.code(server)).await;
    assert_eq!(backup_codes(&page).len(), 10, "{}", page.text());
    server.advance(SignedDuration::from_secs(30));
    app
}

#[tokio::test]
async fn whoever_must_change_the_password_does_so_and_gets_where_the_sign_in_began() {
    let server = TestServer::start().await;
    let (mut alice, mut other) = (Browser::new(&server), Browser::new(&server));
    let scope = (Person::ALICE, "openid offline_access");
    let granted = tokens(&mut other, WEB, scope).await;
    must_change(&server, Person::ALICE).await;
    // It is asked at the next sign-in only.
    let account = server.url("/account");
    assert_eq!(other.open(&account).await.path(), "/account");

    let page = alice.open(&Authorization::of(SPA).url(&server)).await;
    let page = log_in_at(&mut alice, &page, Person::ALICE).await;
    assert_eq!((page.status(), page.path()), (200, PATH));
    assert_eq!(page.heading(), "Choose a new password");
    assert!(alice.cookie(SESSION).is_none(), "no session yet");
    let page = choose(&mut alice, &page, NEW).await;
    assert_eq!(page.path(), "/consent", "{}", page.text());
    let page = decide(&mut alice, &page, "allow").await;
    let code = page.callback()["code"].clone();
    let claims = redeem(&server, SPA, &code).await.granted();
    let claims = jwt::claims(claims["id_token"].as_str().unwrap());
    assert_eq!(claims["amr"], serde_json::json!(["pwd"]));

    assert!(!is_due(&server, Person::ALICE).await);
    assert_eq!(changes(&server).await, 1);
    assert_eq!(other.open(&account).await.path(), "/login");
    let token = granted["access_token"].as_str().unwrap();
    assert!(!is_active(&server, WEB, token).await);
    assert_eq!(sign_in(&server, Person::ALICE.password).await.status(), 422);
    let page = sign_in(&server, NEW).await;
    assert_eq!(page.path(), "/account/profile");
}

#[tokio::test]
async fn a_weak_password_and_the_present_one_are_refused_in_words() {
    let server = TestServer::start().await;
    must_change(&server, Person::ALICE).await;
    let mut browser = Browser::new(&server);
    let page = question(&mut browser, Person::ALICE).await;
    for (new, said) in [
        (Person::ALICE.password, "That is your current password."),
        ("password", "one of the most common passwords"),
        ("alice alice", "names of yours"),
        ("short", "8 to 128 characters"),
        ("", "8 to 128 characters"),
    ] {
        let refused = choose(&mut browser, &page, new).await;
        assert_eq!((refused.status(), refused.path()), (422, PATH), "{new}");
        assert!(refused.text().contains(said), "{new}: {}", refused.text());
        let again = format!("value=\"{new}\"");
        assert!(new.is_empty() || !refused.text().contains(&again), "{new}");
    }
    nothing_happened(&server, &browser).await;
    let page = choose(&mut browser, &page, NEW).await;
    assert_eq!(page.path(), "/account/profile", "{}", page.text());
}

#[tokio::test]
async fn a_mail_says_that_the_password_was_changed() {
    let server = TestServer::builder()
        .config(|config| {
            config.mail.url = Some(SecretText::new("smtp://mail.example.test".to_owned()));
            config.mail.from = Some("Cardea <no-reply@example.test>".to_owned());
        })
        .start()
        .await;
    must_change(&server, Person::ALICE).await;
    let mut browser = Browser::new(&server);
    let page = question(&mut browser, Person::ALICE).await;
    choose(&mut browser, &page, NEW).await;
    let command = ClaimMessages {
        kind: MessageKind::Mail,
        sid: None,
        busy: Vec::new(),
        limit: 10,
        lease: SignedDuration::from_secs(60),
        now: server.cause().now,
    };
    let mails = server.store.claim_messages(command).await.unwrap();
    let templates = mails.into_iter().filter_map(|mail| match mail.message {
        Message::Mail(mail) => Some(mail.template()),
        Message::LogoutToken { .. } => None,
    });
    let templates: Vec<_> = templates.collect();
    assert!(templates.contains(&MailTemplate::PasswordChanged));
}

#[tokio::test]
async fn the_second_factor_comes_before_the_new_password_and_still_counts_after_it() {
    let server = TestServer::start().await;
    let app = enrolled(&server).await;
    must_change(&server, Person::ALICE).await;
    let mut browser = Browser::new(&server);
    let page = login_page(&mut browser).await;
    let page = log_in_at(&mut browser, &page, Person::ALICE).await;
    assert_eq!(page.path(), "/second_factor");
    let page = enter(&mut browser, &page, &app.code(&server)).await;
    assert_eq!((page.status(), page.path()), (200, PATH), "{}", page.text());
    assert!(browser.cookie(SESSION).is_none());
    let page = choose(&mut browser, &page, NEW).await;
    assert_eq!(page.path(), "/account/profile", "{}", page.text());
    assert!(browser.cookie(SESSION).is_some());
}

#[tokio::test]
async fn who_signs_in_by_a_passkey_is_not_asked_and_the_password_stays_due() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let page = login_page(&mut browser).await;
    log_in_at(&mut browser, &page, Person::ALICE).await;
    let page = browser
        .open(&server.url("/account/security/passkeys"))
        .await;
    let mut authenticator = SoftAuthenticator::new();
    let form = passkey_form(&page);
    let answer = authenticator.create(&form).await;
    let fill = [("credential", answer.as_str()), ("name", "Laptop")];
    browser.submit(&page, form, &fill).await;
    must_change(&server, Person::ALICE).await;

    let mut other = Browser::new(&server);
    let page = login_page(&mut other).await;
    let form = passkey_form(&page);
    let answer = authenticator.sign(&form).await;
    let page = other.submit(&page, form, &[("credential", &answer)]).await;
    assert_eq!(page.path(), "/account/profile", "{}", page.text());
    assert!(is_due(&server, Person::ALICE).await);
}

#[tokio::test]
async fn without_a_ticket_the_page_leads_nowhere() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let page = browser.open(&server.url(PATH)).await;
    page.is_trouble(400, "This link doesn’t work");
    // Of a journey that has another step next, the page is not shown.
    let login = login_page(&mut browser).await;
    let form: Form = login.form();
    let url = format!("{}?ticket={}", server.url(PATH), form.value("ticket"));
    assert_eq!(browser.open(&url).await.path(), "/login");
}
