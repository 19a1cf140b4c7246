//! `/invitation`, the invitations of an organization over HTTP, and membership by domain (2.1, D27).

mod domains;
mod first_account;
mod tenant;

use cardea_protocol::{
    invitation::Invitation,
    mail::EmailAddress,
    mfa::Requirement,
    model::{Actor, AuditEvent, InvitationId, OrganizationId, Username},
    roles::{OrganizationConfig, RoleConfig},
};
use cardea_seal::RandomToken;
use cardea_store::{
    AddInvitation, Page as Window, PutMember, RevokeInvitation, UserChange, UserUpdate,
};
use cardea_testkit::{Browser, Page, Person, TestServer, clients::SPA, flows::log_in};
use cardea_web::config::SecretText;
use jiff::SignedDuration;

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
    assert_eq!(server.audited(AuditEvent::InvitationUsed).await, 1);
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
