//! An administrator of an organization governs it and nothing of another (D27). The routes are those of the document that is made from the
//! route table, so a new route is tried too.

use cardea_protocol::{
    invitation::{Invitation, USUAL},
    mail::EmailAddress,
    model::{Actor, InvitationId, OrganizationId},
    roles::{OrganizationConfig, RoleConfig},
};
use cardea_seal::Digest;
use cardea_store::{AddInvitation, PutMember, UserChange, UserUpdate};
use cardea_testkit::{
    Answer, Browser, Person, TestServer,
    clients::SPA,
    flows::{Authorization, code_for, redeem},
};
use serde_json::{Value, json};

const ROUTES: &str = include_str!("../../../../docs/reference/organizations.json");
/// The invitation of the paths.
const INVITATION: &str = "of-acme";
const ADMIN: &str = "openid organization tenants:admin";

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

/// Alice administers `acme`, Bob administers `beta` and is a plain member of `acme`.
async fn server() -> TestServer {
    let server = TestServer::builder()
        .config(|c| {
            c.roles = vec![RoleConfig {
                name: "owner".to_owned(),
                permissions: texts(&["tenants:admin"]),
                client: None,
            }];
            c.organizations = ["acme", "beta"]
                .map(|id| OrganizationConfig {
                    id: id.to_owned(),
                    name: id.to_uppercase(),
                    domains: Vec::new(),
                    join_by_domain: false,
                })
                .to_vec();
        })
        .client(SPA.id, |m| m.scope.push_str(" organization tenants:admin"))
        .start()
        .await;
    admit(&server, Person::ALICE, "acme", &["owner", "buyer"]).await;
    admit(&server, Person::BOB, "beta", &["owner"]).await;
    admit(&server, Person::BOB, "acme", &["buyer"]).await;
    invite(&server).await;
    server
}

/// To `acme`.
async fn invite(server: &TestServer) {
    let cause = server.cause();
    let command = AddInvitation {
        token: Digest::of(b"token"),
        invitation: Invitation {
            id: InvitationId::parse(INVITATION).unwrap(),
            email: EmailAddress::parse("dora@example.test").unwrap(),
            username: None,
            organization: Some(OrganizationId::parse("acme").unwrap()),
            roles: Vec::new(),
            lang: None,
            invited_by: Actor::System,
            inviter: None,
            created_at: cause.now,
            expires_at: cause.now + USUAL,
        },
        mail: None,
        cause,
    };
    assert!(server.store.add_invitation(command).await.unwrap());
}

async fn is_invited(server: &TestServer) -> bool {
    let found = server
        .store
        .invitation(Digest::of(b"token"), server.cause().now);
    found.await.unwrap().is_some()
}

async fn admit(server: &TestServer, person: Person, org: &str, roles: &[&str]) {
    let command = PutMember {
        organization: OrganizationId::parse(org).unwrap(),
        subject: server.subject(person).await,
        roles: texts(roles),
        before: None,
        cause: server.cause(),
    };
    assert!(server.store.put_member(command).await.unwrap());
}

async fn token(server: &TestServer, person: Person, org: &str, scope: &str) -> String {
    let request = Authorization::of(SPA)
        .scope(scope)
        .with("organization", org);
    let code = code_for(&mut Browser::new(server), &request, person).await;
    let tokens = redeem(server, SPA, &code).await.granted();
    tokens["access_token"].as_str().unwrap().to_owned()
}

/// All routes: method and path, with an organization and a member filled in.
fn routes(org: &str, member: &str) -> Vec<(String, String)> {
    let document: Value = serde_json::from_str(ROUTES).unwrap();
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        assert!(path.starts_with("/organizations/{id}"), "{path}");
        let path = path.replace("{id}", org).replace("{sub}", member);
        let path = path.replace("{invitation}", INVITATION);
        assert!(
            !path.contains('{'),
            "{path}: a variable that this test does not know"
        );
        for method in item.as_object().unwrap().keys() {
            all.push((method.to_uppercase(), format!("/api{path}")));
        }
    }
    assert!(all.len() >= 8);
    all
}

async fn call(
    server: &TestServer,
    route: &(String, String),
    token: Option<&str>,
    body: &Value,
) -> Answer {
    let (method, path) = route;
    let call = server
        .call(method, path)
        .body("application/json", body.to_string());
    match token {
        Some(token) => call.bearer(token).send().await,
        None => call.send().await,
    }
}

fn patch() -> Value {
    json!({ "add_roles": ["owner"] })
}

async fn members(server: &TestServer, org: &str) -> Vec<(String, Vec<String>)> {
    let id = OrganizationId::parse(org).unwrap();
    let found = server
        .store
        .members(&id, cardea_store::Page::first(100))
        .await;
    let name = |m: cardea_store::Member| (m.user.user.username.as_str().to_owned(), m.roles);
    found.unwrap().items.into_iter().map(name).collect()
}

#[tokio::test]
async fn d27_every_route_refuses_whoever_does_not_administer_this_organization() {
    let server = server().await;
    let (alice, bob) = (
        server.subject(Person::ALICE).await,
        server.subject(Person::BOB).await,
    );
    let before = members(&server, "acme").await;
    let update = UserUpdate {
        roles: Some(texts(&["owner"])),
        ..UserUpdate::default()
    };
    let change = UserChange {
        subject: bob.clone(),
        update,
        cause: server.cause(),
    };
    assert!(server.store.change_user(change).await.unwrap());
    let of_beta = token(&server, Person::BOB, "beta", ADMIN).await;
    // A member, who has the role of an administrator outside of the organization.
    let member = token(&server, Person::BOB, "acme", ADMIN).await;
    let narrow = token(&server, Person::ALICE, "acme", "openid organization").await;
    let for_api = token(
        &server,
        Person::ALICE,
        "acme",
        "openid tenants:admin orders:read",
    )
    .await;
    for sub in [alice.as_str(), bob.as_str()] {
        for route in routes("acme", sub) {
            let status = async |token: Option<&str>| {
                call(&server, &route, token, &patch()).await.status.as_u16()
            };
            assert_eq!(status(None).await, 401, "{route:?} without a token");
            assert_eq!(
                status(Some("forged")).await,
                401,
                "{route:?} with a forged token"
            );
            assert_eq!(
                status(Some(&for_api)).await,
                401,
                "{route:?} with a token for an API"
            );
            assert_eq!(
                status(Some(&of_beta)).await,
                404,
                "{route:?} by an administrator of another"
            );
            assert_eq!(
                status(Some(&member)).await,
                403,
                "{route:?} by a plain member"
            );
            assert_eq!(
                status(Some(&narrow)).await,
                403,
                "{route:?} without the scope"
            );
        }
    }
    assert_eq!(
        members(&server, "acme").await,
        before,
        "nothing was changed"
    );
    assert!(is_invited(&server).await);
}

#[tokio::test]
async fn d27_an_organization_of_others_and_one_that_does_not_exist_are_the_same() {
    let server = server().await;
    let bob = server.subject(Person::BOB).await;
    let of_beta = token(&server, Person::BOB, "beta", ADMIN).await;
    let told = async |org: &str| {
        let mut all = Vec::new();
        for route in routes(org, bob.as_str()) {
            let answer = call(&server, &route, Some(&of_beta), &patch()).await;
            let mut json = answer.json();
            json.as_object_mut().unwrap().remove("correlation_id");
            all.push((answer.status, json.to_string().replace(org, "X")));
        }
        all
    };
    assert_eq!(told("acme").await, told("none").await);
}

#[tokio::test]
async fn d27_an_administrator_sees_changes_and_removes_members_of_the_own_organization() {
    let server = server().await;
    let (alice, bob) = (
        server.subject(Person::ALICE).await,
        server.subject(Person::BOB).await,
    );
    let admin = token(&server, Person::ALICE, "acme", ADMIN).await;
    let route =
        |method: &str, path: &str| (method.to_owned(), format!("/api/organizations/acme{path}"));
    let send = async |method: &str, path: &str, body: Value| {
        call(&server, &route(method, path), Some(&admin), &body).await
    };
    let shown = send("GET", "", json!({})).await.json();
    assert_eq!(
        (&shown["id"], &shown["name"]),
        (&json!("acme"), &json!("ACME"))
    );
    let list = send("GET", "/members", json!({})).await.json();
    let names: Vec<_> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["username"].clone())
        .collect();
    assert_eq!(names, ["alice", "bob"]);
    let of_bob = format!("/members/{}", bob.as_str());
    let changed = send("PATCH", &of_bob, json!({"add_roles": ["owner"]}))
        .await
        .json();
    assert_eq!(changed["roles"], json!(["buyer", "owner"]));
    // A role that counts elsewhere, too, can't be had by giving it to oneself.
    let of_alice = format!("/members/{}", alice.as_str());
    for path in [&of_bob, &of_alice] {
        let refused = send("PATCH", path, json!({"add_roles": ["admin"]})).await;
        assert_eq!(refused.status, 403);
    }
    assert_eq!(
        send("PATCH", &of_bob, json!({"roles": ["a", "a"]}))
            .await
            .status,
        400
    );
    assert_eq!(send("GET", "/members/nobody", json!({})).await.status, 404);
    assert_eq!(send("DELETE", &of_bob, json!({})).await.status, 204);
    assert_eq!(send("GET", &of_bob, json!({})).await.status, 404);
    let bobs = server.store.memberships_of(&bob).await.unwrap();
    assert_eq!(bobs.len(), 1, "the other organization stays");
    let rows = server.store.audit(
        cardea_store::AuditFilter::default(),
        cardea_store::Page::first(3),
    );
    let actor = rows.await.unwrap().items[0].actor.clone();
    assert_eq!(actor, cardea_protocol::model::Actor::Person(alice.clone()));
    // What is taken away is gone at once.
    assert_eq!(
        send("PATCH", &of_alice, json!({"remove_roles": ["owner"]}))
            .await
            .status,
        200
    );
    assert_eq!(send("GET", "", json!({})).await.status, 403);
}
