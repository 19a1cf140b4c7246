//! `/invitation`, and the invitations of an organization over HTTP (2.1, D27).

use cardea_protocol::{
    invitation::Invitation,
    mail::EmailAddress,
    mfa::Requirement,
    model::{Actor, AuditEvent, InvitationId, OrganizationId, Username},
    roles::{OrganizationConfig, RoleConfig},
};
use cardea_seal::RandomToken;
use cardea_store::{
    AddInvitation, AuditFilter, Page as Window, PutMember, RevokeInvitation, UserChange, UserUpdate,
};
use cardea_testkit::{
    Answer, Browser, Page, Person, TestServer,
    clients::SPA,
    flows::{Authorization, code_for, log_in, redeem},
};
use cardea_web::config::SecretText;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::mail::sink::Sink;

const NEW: &str = "seven-otters-in-a-canoe";
const USED: &str = "This link no longer works";
const HOSTILE: &str = "<script>alert(1)</script>";

fn org(id: &str) -> OrganizationId {
    OrganizationId::parse(id).unwrap()
}

/// `acme`, which takes members by the domain `acme.example`, and `beta`. Alice administers `acme`, Bob `beta`.
async fn server(mail_port: Option<u16>) -> TestServer {
    let server = TestServer::builder()
        .config(|c| {
            c.roles = vec![RoleConfig {
                name: "owner".to_owned(),
                permissions: vec!["tenants:admin".to_owned()],
                client: None,
            }];
            c.organizations = ["acme", "beta"]
                .map(|id| OrganizationConfig {
                    id: id.to_owned(),
                    name: format!("{} {HOSTILE}", id.to_uppercase()),
                    domains: vec![format!("{id}.example")],
                    join_by_domain: id == "acme",
                })
                .to_vec();
            if let Some(port) = mail_port {
                c.mail.url = Some(SecretText::new(format!("smtp://127.0.0.1:{port}")));
                c.mail.from = Some("no-reply@id.example".to_owned());
            }
        })
        .client(SPA.id, |m| m.scope.push_str(" organization tenants:admin"))
        .start()
        .await;
    for (person, id) in [(Person::ALICE, "acme"), (Person::BOB, "beta")] {
        let command = PutMember {
            organization: org(id),
            subject: server.subject(person).await,
            roles: vec!["owner".to_owned()],
            before: None,
            cause: server.cause(),
        };
        assert!(server.store.put_member(command).await.unwrap());
    }
    server
}

/// The link of an invitation, made by its number.
async fn invite(server: &TestServer, number: u8, email: &str, to: Option<&str>) -> String {
    let token = RandomToken::from_bytes([number; 32]);
    let cause = server.cause();
    let command = AddInvitation {
        token: token.hash(),
        invitation: Invitation {
            id: InvitationId::parse(&format!("i{number}")).unwrap(),
            email: EmailAddress::parse(email).unwrap(),
            username: None,
            organization: to.map(org),
            roles: vec!["buyer".to_owned()],
            lang: None,
            invited_by: Actor::System,
            inviter: Some(HOSTILE.to_owned()),
            created_at: cause.now,
            expires_at: cause.now + SignedDuration::from_hours(24),
        },
        mail: None,
        cause,
    };
    assert!(server.store.add_invitation(command).await.unwrap());
    let token = token.to_text();
    server.url(&format!("/invitation?token={}", token.expose()))
}

async fn make(browser: &mut Browser<'_>, page: &Page, username: &str) -> Page {
    let fill = [("username", username), ("password", NEW)];
    browser.submit(page, page.form(), &fill).await
}

/// The organizations of a user, with the roles inside.
async fn memberships(server: &TestServer, username: &str) -> Vec<(String, Vec<String>)> {
    let name = Username::parse(username).unwrap();
    let Some(user) = server.store.user_by_name(&name).await.unwrap() else {
        return Vec::new();
    };
    let found = server.store.memberships_of(&user.subject).await.unwrap();
    found
        .into_iter()
        .map(|m| (m.id.as_str().to_owned(), m.roles))
        .collect()
}

async fn audited(server: &TestServer, event: AuditEvent) -> usize {
    let filter = AuditFilter {
        event: Some(event),
        ..AuditFilter::default()
    };
    let rows = server.store.audit(filter, Window::first(100)).await;
    rows.unwrap().items.len()
}

/// The action of the only form of a page.
fn action(page: &Page) -> String {
    page.form().value("action").to_owned()
}

#[tokio::test]
async fn an_invitation_makes_a_verified_account_that_is_signed_in() {
    let server = server(None).await;
    let url = invite(&server, 1, "dora@example.test", Some("acme")).await;
    // A mail scanner reads the link before the user does.
    for _ in 0..3 {
        assert_eq!(Browser::new(&server).open(&url).await.status(), 200);
    }
    let mut browser = Browser::new(&server);
    let page = browser.open(&url).await;
    assert_eq!(action(&page), "make_account");
    assert!(!page.text().contains(HOSTILE), "{}", page.text());
    let page = make(&mut browser, &page, "dora").await;
    assert_eq!(page.path(), "/account/profile", "{}", page.text());
    let name = Username::parse("dora").unwrap();
    let dora = server.store.user_by_name(&name).await.unwrap().unwrap();
    assert_eq!(dora.email.as_deref(), Some("dora@example.test"));
    assert!(dora.email_verified && dora.roles.is_empty());
    let mine = memberships(&server, "dora").await;
    assert_eq!(mine, [("acme".to_owned(), vec!["buyer".to_owned()])]);
    browser.open(&url).await.is_trouble(400, USED);
    assert_eq!(audited(&server, AuditEvent::InvitationUsed).await, 1);
    // The address logs in.
    let mut other = Browser::new(&server);
    let page = other.open(&server.url("/login")).await;
    let fill = [("username", "dora@example.test"), ("password", NEW)];
    let page = other.submit(&page, page.form(), &fill).await;
    assert_eq!(page.path(), "/account/profile");
}

#[tokio::test]
async fn a_new_account_opens_no_session_without_a_second_factor_that_is_required() {
    let server = TestServer::builder()
        .config(|c| c.mfa.policy = Requirement::Required)
        .start()
        .await;
    let url = invite(&server, 1, "dora@example.test", None).await;
    let mut browser = Browser::new(&server);
    let page = browser.open(&url).await;
    let page = make(&mut browser, &page, "dora").await;
    assert_eq!(page.path(), "/second_factor", "{}", page.text());
    assert_eq!(browser.open(&server.url("/account")).await.path(), "/login");
}

#[tokio::test]
async fn a_name_or_password_that_cannot_be_taken_is_asked_for_again() {
    let server = server(None).await;
    let url = invite(&server, 1, "dora@example.test", None).await;
    let mut browser = Browser::new(&server);
    let page = browser.open(&url).await;
    for (username, password, problem) in [
        ("", NEW, "A user name has"),
        ("bob@example.test", NEW, "A user name has"),
        (&"x".repeat(500), NEW, "A user name has"),
        ("alice", NEW, "is taken"),
        ("ALICE", NEW, "is taken"),
        ("dora", "short", "8 to 128 characters"),
        ("dora", "dora@example.test", "made of names"),
        ("dora", "password1", "easy to guess"),
    ] {
        let fill = [("username", username), ("password", password)];
        let again = browser.submit(&page, page.form(), &fill).await;
        assert_eq!(again.status(), 422, "{username} {password}");
        assert!(again.text().contains(problem), "{}", again.text());
        assert!(!again.text().contains(password) || password == "dora@example.test");
    }
    let page = make(&mut browser, &page, "dora").await;
    assert_eq!(page.path(), "/account/profile");
    let name = Username::parse("dora").unwrap();
    let dora = server.store.user_by_name(&name).await.unwrap().unwrap();
    assert_eq!(dora.roles, ["buyer"], "outside of an organization");
}

#[tokio::test]
async fn two_uses_of_an_invitation_at_once_make_one_account() {
    let server = server(None).await;
    let url = invite(&server, 1, "dora@example.test", Some("acme")).await;
    let (mut one, mut two) = (Browser::new(&server), Browser::new(&server));
    let (first, second) = (one.open(&url).await, two.open(&url).await);
    let (first, second) = tokio::join!(
        make(&mut one, &first, "dora1"),
        make(&mut two, &second, "dora2")
    );
    let mut statuses = [first.status(), second.status()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400]);
    let members = server.store.members(&org("acme"), Window::first(10)).await;
    assert_eq!(members.unwrap().items.len(), 2, "Alice and one more");
}

#[tokio::test]
async fn a_user_signs_in_and_joins_with_the_account_of_the_address() {
    let server = server(None).await;
    let url = invite(&server, 1, "Alice@example.test", Some("beta")).await;
    let mut browser = Browser::new(&server);
    let page = browser.open(&url).await;
    assert_eq!(action(&page), "log_in");
    let page = browser.submit(&page, page.form(), &[]).await;
    assert_eq!(page.path(), "/login");
    let fill = [
        ("username", Person::ALICE.username),
        ("password", Person::ALICE.password),
    ];
    let page = browser.submit(&page, page.form(), &fill).await;
    assert_eq!((page.path(), &*action(&page)), ("/invitation", "join"));
    assert!(memberships(&server, "alice").await.len() == 1, "not yet");
    let page = browser.submit(&page, page.form(), &[]).await;
    assert_eq!(page.path(), "/account/profile");
    assert!(page.text().contains("You are a member now."));
    let mine = memberships(&server, "alice").await;
    assert_eq!(mine[1], ("beta".to_owned(), vec!["buyer".to_owned()]));
    browser.open(&url).await.is_trouble(400, USED);
    // Without an organization the account is all there is.
    let plain = invite(&server, 2, "alice@example.test", None).await;
    for browser in [&mut browser, &mut Browser::new(&server)] {
        let page = browser.open(&plain).await;
        assert!(page.text().contains("nothing left to do"));
        assert!(page.forms().is_empty());
    }
}

#[tokio::test]
async fn an_invitation_is_not_accepted_as_another_user() {
    let server = server(None).await;
    let url = invite(&server, 1, "alice@example.test", Some("beta")).await;
    let for_nobody = invite(&server, 2, "dora@example.test", Some("acme")).await;
    // Alice's address in Bob's account, not verified.
    let update = UserUpdate {
        email: Some(Some(("dora@example.test".to_owned(), false))),
        ..UserUpdate::default()
    };
    let change = UserChange {
        subject: server.subject(Person::BOB).await,
        update,
        cause: server.cause(),
    };
    assert!(server.store.change_user(change).await.unwrap());
    let mut bob = Browser::new(&server);
    log_in(&mut bob, Person::BOB).await;
    for url in [&url, &for_nobody] {
        let page = bob.open(url).await;
        assert_eq!(action(&page), "log_out");
        for other in ["join", "make_account", "log_in", "x"] {
            let form = page.form().with("action", other);
            let fill = [("username", "eve"), ("password", NEW)];
            let again = bob.submit(&page, form, &fill).await;
            assert_eq!(action(&again), "log_out", "{other}");
        }
    }
    assert_eq!(memberships(&server, "bob").await.len(), 1);
    assert!(memberships(&server, "eve").await.is_empty());
    let page = bob.open(&for_nobody).await;
    let page = bob.submit(&page, page.form(), &[]).await;
    assert_eq!(
        (page.path(), &*action(&page)),
        ("/invitation", "make_account")
    );
    assert_eq!(bob.open(&server.url("/account")).await.path(), "/login");
}

#[tokio::test]
async fn a_forged_expired_revoked_or_foreign_invitation_does_nothing() {
    let server = server(None).await;
    let mut browser = Browser::new(&server);
    for (token, heading) in [
        ("x", "This link doesn’t work"),
        (&"é".repeat(40), "This link doesn’t work"),
        (&"A".repeat(4000), "This link doesn’t work"),
        (&"A".repeat(43), USED),
    ] {
        let url = server.url(&format!("/invitation?token={token}"));
        browser.open(&url).await.is_trouble(400, heading);
    }
    let none = browser.open(&server.url("/invitation")).await;
    none.is_trouble(400, "This link doesn’t work");
    let url = invite(&server, 1, "dora@example.test", None).await;
    let other = invite(&server, 2, "eric@example.test", None).await;
    let (_, other) = other.split_once("token=").unwrap();
    let page = browser.open(&url).await;
    // The form of one link does not use another, and that of another browser none.
    let fill = [("username", "dora"), ("password", NEW), ("token", other)];
    let refused = browser.submit(&page, page.form(), &fill).await;
    assert_eq!(refused.status(), 403);
    let mut stranger = Browser::new(&server);
    stranger.open(&url).await;
    let refused = make(&mut stranger, &page, "dora").await;
    assert_eq!(refused.status(), 403);
    let form = page.form();
    let fields: Vec<_> = form.fields.iter().map(|(k, v)| (&**k, &**v)).collect();
    let refused = browser
        .cross_site_post(&server.url("/invitation"), &fields)
        .await;
    assert_eq!(refused.status(), 400);
    // Revoked while the page is open.
    let command = RevokeInvitation {
        id: InvitationId::parse("i1").unwrap(),
        organization: None,
        cause: server.cause(),
    };
    assert!(server.store.revoke_invitation(command).await.unwrap());
    make(&mut browser, &page, "dora")
        .await
        .is_trouble(400, USED);
    let url = invite(&server, 3, "dora@example.test", None).await;
    let page = browser.open(&url).await;
    server.advance(SignedDuration::from_hours(24));
    make(&mut browser, &page, "dora")
        .await
        .is_trouble(400, USED);
    let name = Username::parse("dora").unwrap();
    assert!(server.store.user_by_name(&name).await.unwrap().is_none());
}

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

async fn set_email(server: &TestServer, person: Person, email: &str, verified: bool) {
    let change = UserChange {
        subject: server.subject(person).await,
        update: UserUpdate {
            email: Some(Some((email.to_owned(), verified))),
            ..UserUpdate::default()
        },
        cause: server.cause(),
    };
    assert!(server.store.change_user(change).await.unwrap());
}

#[tokio::test]
async fn d27_a_verified_address_of_a_domain_is_offered_membership_on_the_profile() {
    let server = server(None).await;
    let profile = server.url("/account/profile");
    let mut bob = Browser::new(&server);
    log_in(&mut bob, Person::BOB).await;
    let joins = |page: &Page| {
        let forms = page.forms().into_iter();
        let mut forms = forms.filter(|f| f.value("action") == "join_organization");
        forms.next()
    };
    for (email, verified) in [("bob@acme.example", false), ("bob@beta.example", true)] {
        set_email(&server, Person::BOB, email, verified).await;
        let page = bob.open(&profile).await;
        assert!(joins(&page).is_none(), "{email}");
        // A form of one's own.
        let forged = page.forms().into_iter().next().unwrap();
        let forged = forged
            .with("action", "join_organization")
            .with("id", "acme");
        assert_eq!(bob.submit(&page, forged, &[]).await.status(), 400);
    }
    assert_eq!(memberships(&server, "bob").await.len(), 1);
    set_email(&server, Person::BOB, "bob@acme.example", true).await;
    let page = bob.open(&profile).await;
    assert!(!page.text().contains(HOSTILE));
    let form = joins(&page).unwrap();
    let page = bob.submit(&page, form, &[]).await;
    assert!(page.text().contains("You are a member now."));
    assert!(joins(&page).is_none());
    let mine = memberships(&server, "bob").await;
    assert_eq!(mine[0], ("acme".to_owned(), Vec::new()), "no roles");
    assert_eq!(
        audited(&server, AuditEvent::OrganizationMemberAdded).await,
        3
    );
}

#[tokio::test]
async fn d27_a_user_who_needs_an_organization_joins_it_in_the_chooser() {
    let server = TestServer::builder()
        .client(SPA.id, |m| m.require_organization = true)
        .config(|c| {
            c.organizations = vec![OrganizationConfig {
                id: "acme".to_owned(),
                name: HOSTILE.to_owned(),
                domains: vec!["acme.example".to_owned()],
                join_by_domain: true,
            }];
        })
        .start()
        .await;
    let url = Authorization::of(SPA).scope("openid").url(&server);
    let mut bob = Browser::new(&server);
    log_in(&mut bob, Person::BOB).await;
    set_email(&server, Person::BOB, "bob@acme.example", false).await;
    bob.open(&url).await.client_is_told("access_denied");
    set_email(&server, Person::BOB, "bob@acme.example", true).await;
    let page = bob.open(&url).await;
    assert_eq!(page.path(), "/choose_organization");
    assert!(!page.text().contains(HOSTILE), "{}", page.text());
    // What is not offered is not joined.
    let other = bob.submit(&page, page.form(), &[("join", "beta")]).await;
    assert_eq!(other.path(), "/choose_organization");
    assert!(memberships(&server, "bob").await.is_empty());
    let page = bob.submit(&other, other.form(), &[]).await;
    let mine = memberships(&server, "bob").await;
    assert_eq!(mine, [("acme".to_owned(), Vec::new())]);
    assert_ne!(page.path(), "/choose_organization");
}
