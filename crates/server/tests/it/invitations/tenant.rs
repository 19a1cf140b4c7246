//! The administrators of an organization invite.

use cardea_testkit::{
    Answer,
    flows::{Authorization, code_for, redeem},
};
use serde_json::{Value, json};

use super::*;
use crate::mail::sink::Sink;

async fn token(server: &TestServer, person: Person, id: &str) -> String {
    let scope = "openid organization tenants:admin";
    let request = Authorization::of(SPA).scope(scope).with("organization", id);
    let code = code_for(&mut Browser::new(server), &request, person).await;
    let tokens = redeem(server, SPA, &code).await.granted();
    tokens["access_token"].as_str().unwrap().to_owned()
}

async fn call(server: &TestServer, token: &str, what: (&str, &str, Value)) -> Answer {
    let (method, path, body) = what;
    let call = server
        .call(method, &format!("/api/organizations{path}"))
        .body("application/json", body.to_string());
    call.bearer(token).send().await
}

#[tokio::test]
async fn d27_an_administrator_invites_by_mail_and_tells_no_account_apart() {
    let sink = Sink::start(&[]).await;
    let server = server(Some(sink.port)).await;
    let admin = token(&server, Person::ALICE, "acme").await;
    let post = async |body: Value| call(&server, &admin, ("POST", "/acme/invitations", body)).await;
    let mut answers = Vec::new();
    for email in ["dora@example.test", "bob@example.test"] {
        let answer = post(json!({"email": email, "roles": ["owner"]})).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        let mut json = answer.json();
        assert_eq!(
            (&json["mailed"], &json["url"]),
            (&json!(true), &Value::Null)
        );
        for member in ["id", "email"] {
            json.as_object_mut().unwrap().remove(member);
        }
        answers.push(json);
    }
    assert_eq!(answers[0], answers[1]);
    for (body, status) in [
        (
            json!({"email": "dora@example.test", "roles": ["admin"]}),
            403,
        ),
        (json!({"email": "x\r\nBcc: eve@example.test"}), 400),
        (json!({"email": "<dora@example.test>"}), 400),
        (
            json!({"email": format!("{}@example.test", "x".repeat(300))}),
            400,
        ),
        (
            json!({"email": "d@example.test", "roles": ["owner", "owner"]}),
            400,
        ),
        (
            json!({"email": "d@example.test", "valid_seconds": 899}),
            400,
        ),
        (
            json!({"email": "d@example.test", "valid_seconds": u64::MAX}),
            400,
        ),
        (
            json!({"email": "d@example.test", "organization": "beta"}),
            400,
        ),
        (json!({"email": "d@example.test", "language": "xx"}), 400),
    ] {
        assert_eq!(post(body.clone()).await.status, status, "{body}");
    }
    server.send_mails().await;
    let taken = sink.taken();
    assert_eq!(taken.len(), 2);
    let dora = taken.iter().find(|m| m.contains("To: dora@")).unwrap();
    let text = dora.replace("=\r\n", "").replace("=3D", "=");
    assert!(text.contains("Alice A"));
    let (_, html) = text.split_once("text/html").unwrap();
    assert!(!html.contains(HOSTILE), "{html}");
    let (_, link) = text.split_once("/invitation?token=").unwrap();
    let link = server.url(&format!("/invitation?token={}", &link[..43]));
    let mut browser = Browser::new(&server);
    let page = browser.open(&link).await;
    let page = make(&mut browser, &page, "dora").await;
    assert_eq!(page.path(), "/account/profile");
    let mine = memberships(&server, "dora").await;
    assert_eq!(mine, [("acme".to_owned(), vec!["owner".to_owned()])]);
}

#[tokio::test]
async fn d27_an_administrator_reaches_no_invitation_of_another_organization() {
    let server = server(None).await;
    for (number, to) in [(1, Some("acme")), (2, Some("beta")), (3, None)] {
        invite(&server, number, "dora@example.test", to).await;
    }
    let admin = token(&server, Person::BOB, "beta").await;
    let list = call(&server, &admin, ("GET", "/beta/invitations", json!({}))).await;
    let list = list.json();
    let ids: Vec<_> = list["items"].as_array().unwrap().iter().collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(ids[0]["id"], "i2");
    for path in [
        "/beta/invitations/i1",
        "/beta/invitations/i3",
        "/beta/invitations/x",
    ] {
        let refused = call(&server, &admin, ("DELETE", path, json!({}))).await;
        assert_eq!(refused.status, 404, "{path}");
        assert!(!refused.text().contains("acme"));
    }
    let elsewhere = call(
        &server,
        &admin,
        ("DELETE", "/acme/invitations/i1", json!({})),
    )
    .await;
    assert_eq!(elsewhere.status, 404);
    let now = server.cause().now;
    let all = server.store.invitations(None, Window::first(10), now).await;
    assert_eq!(all.unwrap().items.len(), 3);
    let revoked = call(
        &server,
        &admin,
        ("DELETE", "/beta/invitations/i2", json!({})),
    )
    .await;
    assert_eq!(revoked.status, 204);
    // Without mail the link could only be shown to whoever invites.
    let body = json!({"email": "dora@example.test"});
    let refused = call(&server, &admin, ("POST", "/beta/invitations", body)).await;
    assert_eq!(refused.status, 409);
}
