//! `/account/export`: users download what is kept about them, and nobody else does.

use std::collections::BTreeSet;

use cardea_protocol::model::{Actor, AuditEvent, Cause};
use cardea_server::admin::types::{EventAuthor, UserData};
use cardea_store::{AuditFilter, UserChange, UserUpdate};
use cardea_testkit::{
    Answer, Browser, Page, Person, TestServer,
    clients::SPA,
    flows::{log_in, log_in_at, tokens},
};
use jiff::SignedDuration;
use serde_json::json;

const NOT_FROM_HERE: &str = "We didn’t accept that";

async fn export(browser: &mut Browser<'_>) -> Page {
    let url = browser.server().url("/account/export");
    let page = browser.open(&url).await;
    assert_eq!((page.status(), page.path()), (200, "/account/export"));
    page
}

async fn download(browser: &mut Browser<'_>) -> Answer {
    let page = export(browser).await;
    let answer = browser
        .submit_once(&page, page.form_to("/account/export"), &[])
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer
}

fn data(answer: &Answer) -> UserData {
    serde_json::from_slice(&answer.body).unwrap_or_else(|e| panic!("{e}: {}", answer.text()))
}

async fn exports(server: &TestServer, person: Person) -> usize {
    let filter = AuditFilter {
        event: Some(AuditEvent::DataExported),
        subject: Some(server.subject(person).await),
        ..AuditFilter::default()
    };
    let rows = server.store.audit(filter, cardea_store::Page::first(10));
    rows.await.unwrap().items.len()
}

async fn change(server: &TestServer, person: Person, update: UserUpdate, cause: Cause) {
    let command = UserChange {
        subject: server.subject(person).await,
        update,
        cause,
    };
    assert!(server.store.change_user(command).await.unwrap());
}

#[tokio::test]
async fn a_stranger_is_led_to_the_login() {
    let server = TestServer::start().await;
    let login = server.url("/login?return_to=export");
    let answer = server.get("/account/export").send().await;
    assert_eq!(answer.location(), login);
    let post = server.post("/account/export").form(&[("csrf", "x")]);
    assert_eq!(post.send().await.location(), login);
}

#[tokio::test]
async fn a_user_downloads_what_is_kept_without_secrets() {
    let server = TestServer::start().await;
    let mut phone = Browser::new(&server).at([203, 0, 113, 8]).named("Phone/1");
    let granted = tokens(&mut phone, SPA, (Person::ALICE, "openid offline_access")).await;
    let mut bob = Browser::new(&server).at([203, 0, 113, 9]).named("Bob/1");
    log_in(&mut bob, Person::BOB).await;
    let mut browser = Browser::new(&server).at([203, 0, 113, 7]);
    log_in(&mut browser, Person::ALICE).await;
    let answer = download(&mut browser).await;
    for (name, value) in [
        ("content-type", "application/json"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        (
            "content-disposition",
            "attachment; filename=\"account-data.json\"",
        ),
    ] {
        assert_eq!(answer.header(name), Some(value));
    }
    let text = answer.text();
    let session = browser.cookie("__Host-cardea_session").unwrap();
    let refresh = granted["refresh_token"].as_str().unwrap();
    for hidden in ["argon2", session, refresh, "203.0.113.9", "Bob/1", "bob"] {
        assert!(!text.contains(hidden), "{hidden}");
    }
    let data = data(&answer);
    assert_eq!(data.issuer, server.issuer());
    assert_eq!(data.profile.sub, server.subject(Person::ALICE).await);
    assert_eq!(data.profile.username.as_str(), "alice");
    assert_eq!(data.profile.email.as_deref(), Some("alice@example.test"));
    assert_eq!(data.profile.claims["name"], "Alice A");
    assert_eq!(data.roles, ["user"]);
    assert!(data.sign_in.password && data.sign_in.authenticator_app.is_none());
    let addresses: BTreeSet<_> = data.sessions.iter().filter_map(|s| s.address).collect();
    let expected = [[203, 0, 113, 7], [203, 0, 113, 8]].map(Into::into);
    assert_eq!(addresses, expected.into());
    let [app] = data.apps.as_slice() else {
        panic!("{:?}", data.apps)
    };
    assert!(app.scope.contains("offline_access"));
    let [grant] = data.grants.as_slice() else {
        panic!("{:?}", data.grants)
    };
    assert_eq!((grant.client_id.as_str(), grant.offline), ("spa", true));
    let events: Vec<_> = data.activity.iter().map(|e| e.event.known()).collect();
    // The newest first, and the export is the newest.
    assert_eq!(events.first(), Some(&Some(AuditEvent::DataExported)));
    assert_eq!(events.last(), Some(&Some(AuditEvent::UserAdded)));
    assert!(events.contains(&Some(AuditEvent::ConsentGiven)));
    assert_eq!(exports(&server, Person::ALICE).await, 1);
    assert_eq!(exports(&server, Person::BOB).await, 0);
}

#[tokio::test]
async fn a_long_history_is_whole_and_names_no_administrator() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    log_in(&mut browser, Person::ALICE).await;
    for number in 0..450_u32 {
        let cause = Cause {
            actor: Actor::Operator("root-of-evil".to_owned()),
            address: Some([198, 51, 100, 1].into()),
            user_agent: Some(format!("Operator/{number}")),
            ..server.cause()
        };
        let update = UserUpdate {
            roles: Some(vec!["user".to_owned(), number.to_string()]),
            ..UserUpdate::default()
        };
        change(&server, Person::ALICE, update, cause).await;
    }
    let answer = download(&mut browser).await;
    let data = data(&answer);
    let changed = data.activity.iter().filter(|event| {
        event.event.known() == Some(AuditEvent::UserChanged)
            && event.by == EventAuthor::Administrator
    });
    assert_eq!(changed.count(), 450);
    for hidden in ["198.51.100", "root-of-evil", "Operator/"] {
        assert!(!answer.text().contains(hidden), "{hidden}");
    }
}

#[tokio::test]
async fn html_in_names_stays_a_value_of_a_download() {
    let server = TestServer::start().await;
    let hostile = "</script><script>alert(\"1\")</script>\u{2028}\r\nset-cookie: a=b";
    let update = UserUpdate {
        claims: Some([("name".to_owned(), json!(hostile))].into()),
        ..UserUpdate::default()
    };
    change(&server, Person::ALICE, update, server.cause()).await;
    let mut browser = Browser::new(&server).named("<img src=x onerror=alert(1)>");
    log_in(&mut browser, Person::ALICE).await;
    let answer = download(&mut browser).await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert!(answer.set_cookie("a").is_none());
    let data = data(&answer);
    assert_eq!(data.profile.claims["name"], hostile);
    let agent = data.sessions[0].user_agent.as_deref();
    assert_eq!(agent, Some("<img src=x onerror=alert(1)>"));
}

#[tokio::test]
async fn an_export_takes_a_recent_sign_in_of_the_same_user() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    log_in(&mut browser, Person::ALICE).await;
    let page = export(&mut browser).await;
    server.advance(SignedDuration::from_mins(11));
    let asked = browser
        .submit(&page, page.form_to("/account/export"), &[])
        .await;
    assert_eq!(asked.path(), "/login");
    let asked = browser.open(&server.url("/account/export")).await;
    assert_eq!(asked.path(), "/login");
    assert_eq!(exports(&server, Person::ALICE).await, 0);
    let back = log_in_at(&mut browser, &asked, Person::ALICE).await;
    assert_eq!(back.path(), "/account/export");
    download(&mut browser).await;
}

#[tokio::test]
async fn neither_another_site_nor_another_user_gets_an_export() {
    let server = TestServer::start().await;
    let (mut alice, mut bob) = (Browser::new(&server), Browser::new(&server));
    log_in(&mut alice, Person::ALICE).await;
    log_in(&mut bob, Person::BOB).await;
    let (page, of_bob) = (export(&mut alice).await, export(&mut bob).await);
    for form in [
        of_bob.form_to("/account/export"),
        page.form_to("/account/export")
            .without("csrf")
            .with("user", "alice"),
        page.form_to("/account/export").with("csrf", ""),
    ] {
        let refused = alice.submit(&page, form, &[]).await;
        refused.is_trouble(403, NOT_FROM_HERE);
    }
    let fields = page.form_to("/account/export");
    let fields: Vec<_> = fields
        .fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let url = server.url("/account/export");
    let answer = alice.cross_site_post(&url, &fields).await;
    assert_eq!(answer.path(), "/login", "no cookie comes along");
    let call = alice.call("POST", &url, true);
    let call = call.header("origin", "https://evil.example.test");
    assert_eq!(call.form(&fields).send().await.status, 403);
    let oversized = page
        .form_to("/account/export")
        .with("csrf", &"x".repeat(9000));
    let refused = alice.submit_once(&page, oversized, &[]).await;
    assert_eq!(refused.status, 413);
    // It is no page of the administration.
    for path in ["/users/alice/data", "/api/users/alice/data"] {
        let call = alice.call("GET", &server.url(path), true);
        assert_eq!(call.send().await.status, 404, "{path}");
    }
    assert_eq!(exports(&server, Person::ALICE).await, 0);
    // Whom the form names makes no difference.
    let subject = server.subject(Person::ALICE).await;
    let named = of_bob
        .form_to("/account/export")
        .with("sub", subject.as_str());
    let named = named.with("user", "alice");
    let answer = bob.submit_once(&of_bob, named, &[]).await;
    assert_eq!(data(&answer).profile.username.as_str(), "bob");
    assert!(!answer.text().contains(subject.as_str()));
}
