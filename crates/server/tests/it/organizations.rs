//! Roles, groups and organizations in tokens, and the choice of an organization (D27).

use cardea_protocol::{
    model::{ConsentMode, OrganizationId},
    roles::{GroupConfig, OrganizationConfig, RoleConfig},
};
use cardea_store::{PutMember, PutRole, SetGroupMember, UserChange, UserUpdate};
use cardea_testkit::{
    Browser, Page, Person, TestServer,
    clients::{OPAQUE, ORDERS_API, OTHER_SPA, SPA, TestClient},
    flows::{Authorization, code_for, introspect, log_in_at, redeem, refresh},
    jwt,
};
use serde_json::{Value, json};

pub(super) const ALL: &str = "openid roles groups permissions organization orders:read";

pub(super) fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

pub(super) fn role(name: &str, client: Option<&str>, permissions: &[&str]) -> RoleConfig {
    RoleConfig {
        name: name.to_owned(),
        permissions: texts(permissions),
        client: client.map(str::to_owned),
    }
}

/// Alice is a `user`; `sales` makes a `clerk`; `acme`, `beta` and `gamma` are organizations.
pub(super) async fn server() -> TestServer {
    TestServer::builder()
        .config(|c| {
            c.roles = vec![
                role("clerk", None, &["orders:read"]),
                role("buyer", None, &["orders:create", "orders:read"]),
                role("owner", None, &["tenants:admin"]),
                role("editor", Some("other-spa"), &["pages:write"]),
            ];
            c.groups = vec![GroupConfig {
                name: "sales".to_owned(),
                roles: texts(&["clerk", "editor"]),
            }];
            c.organizations = ["acme", "beta", "gamma"]
                .map(|id| OrganizationConfig {
                    id: id.to_owned(),
                    name: format!("{} <Ltd>", id.to_uppercase()),
                    domains: vec![format!("{id}.example")],
                    join_by_domain: false,
                })
                .to_vec();
            for client in &mut c.clients {
                client.scope = format!("{} roles groups permissions organization", client.scope);
            }
        })
        .start()
        .await
}

pub(super) async fn admit(server: &TestServer, person: Person, org: &str, roles: &[&str]) {
    let command = PutMember {
        organization: OrganizationId::parse(org).unwrap(),
        subject: server.subject(person).await,
        roles: texts(roles),
        before: None,
        cause: server.cause(),
    };
    assert!(server.store.put_member(command).await.unwrap());
}

pub(super) async fn join(server: &TestServer, person: Person, group: &str, member: bool) {
    let command = SetGroupMember {
        group: group.to_owned(),
        subject: server.subject(person).await,
        member,
        cause: server.cause(),
    };
    assert!(server.store.set_group_member(command).await.unwrap());
}

pub(super) async fn tokens_of(
    server: &TestServer,
    client: TestClient,
    request: &Authorization,
) -> Value {
    let mut browser = Browser::new(server);
    let code = code_for(&mut browser, request, Person::ALICE).await;
    redeem(server, client, &code).await.granted()
}

pub(super) async fn tokens(server: &TestServer, client: TestClient, scope: &str) -> Value {
    tokens_of(server, client, &Authorization::of(client).scope(scope)).await
}

pub(super) fn access(tokens: &Value) -> Value {
    jwt::claims(tokens["access_token"].as_str().unwrap())
}

pub(super) fn id_token(tokens: &Value) -> Value {
    jwt::claims(tokens["id_token"].as_str().unwrap())
}

/// After the login of Alice.
pub(super) async fn logged_in(browser: &mut Browser<'_>, request: &Authorization) -> Page {
    let login = browser.open(&request.url(browser.server())).await;
    log_in_at(browser, &login, Person::ALICE).await
}

pub(super) async fn choose(browser: &mut Browser<'_>, page: &Page, id: &str) -> Page {
    assert!(
        page.path().ends_with("/choose_organization"),
        "{}",
        page.text()
    );
    // Of radio buttons one is sent.
    let form = page.form().without("organization");
    browser.submit(page, form, &[("organization", id)]).await
}

#[tokio::test]
async fn d27_tokens_carry_roles_permissions_groups_and_organization_by_their_scopes() {
    let server = server().await;
    join(&server, Person::ALICE, "sales", true).await;
    admit(&server, Person::ALICE, "acme", &["buyer"]).await;
    let all = tokens(&server, SPA, ALL).await;
    let claims = access(&all);
    assert_eq!(claims["roles"], json!(["user", "clerk", "buyer"]));
    assert_eq!(
        claims["permissions"],
        json!(["orders:create", "orders:read"])
    );
    assert_eq!(
        (&claims["org_id"], &claims["org_name"]),
        (&json!("acme"), &json!("ACME <Ltd>"))
    );
    let id = id_token(&all);
    assert_eq!(id["roles"], json!(["user", "clerk", "buyer"]));
    assert_eq!(
        (&id["groups"], &id["org_id"]),
        (&json!(["sales"]), &json!("acme"))
    );
    assert!(
        id.get("permissions").is_none(),
        "a client lists it in id_token_claims"
    );
    let narrow = tokens(&server, SPA, "openid orders:read").await;
    let claims = access(&narrow);
    assert_eq!(
        claims["roles"],
        json!(["user", "clerk"]),
        "no organization, no role of it"
    );
    for name in ["permissions", "groups", "org_id", "org_name"] {
        assert!(claims.get(name).is_none(), "{name}");
    }
    let other = access(&tokens(&server, OTHER_SPA, ALL).await);
    assert_eq!(other["roles"], json!(["user", "clerk", "editor", "buyer"]));
    assert_eq!(
        other["permissions"],
        json!(["orders:create", "orders:read", "pages:write"])
    );
}

#[tokio::test]
async fn d27_userinfo_has_them_for_a_token_of_the_issuer() {
    let server = server().await;
    join(&server, Person::ALICE, "sales", true).await;
    admit(&server, Person::ALICE, "acme", &["buyer"]).await;
    let scope = "openid roles groups permissions organization";
    let tokens = tokens(&server, SPA, scope).await;
    let userinfo = async || {
        let call = server
            .get("/userinfo")
            .bearer(tokens["access_token"].as_str().unwrap());
        call.send().await.granted()
    };
    let told = userinfo().await;
    assert_eq!(told["permissions"], json!(["orders:create", "orders:read"]));
    assert_eq!(
        (&told["groups"], &told["org_id"]),
        (&json!(["sales"]), &json!("acme"))
    );
    // At once.
    join(&server, Person::ALICE, "sales", false).await;
    let told = userinfo().await;
    assert_eq!(told["roles"], json!(["user", "buyer"]));
    assert!(told.get("groups").is_none());
}

#[tokio::test]
async fn d27_changes_are_in_the_next_token_and_at_once_in_opaque_ones_and_introspection() {
    let server = server().await;
    admit(&server, Person::ALICE, "acme", &["buyer"]).await;
    let jwt = tokens(&server, SPA, ALL).await;
    let opaque = tokens(&server, OPAQUE, ALL).await;
    let told = async |tokens: &Value| {
        introspect(
            &server,
            ORDERS_API,
            tokens["access_token"].as_str().unwrap(),
        )
        .await
    };
    for one in [&jwt, &opaque] {
        let told = told(one).await;
        assert_eq!(told["roles"], json!(["user", "buyer"]));
        assert_eq!(told["permissions"], json!(["orders:create", "orders:read"]));
        assert_eq!(
            (&told["org_id"], &told["username"]),
            (&json!("acme"), &json!("alice"))
        );
    }
    // A role of the store is defined, the group is joined, and the roles inside the organization change.
    let role = cardea_protocol::roles::check_role(
        &role("user", None, &["profile:edit"]),
        cardea_protocol::model::Owner::Store,
    );
    let put = PutRole {
        role: role.unwrap(),
        before: None,
        cause: server.cause(),
    };
    assert!(server.store.put_role(put).await.unwrap());
    join(&server, Person::ALICE, "sales", true).await;
    let change = PutMember {
        organization: OrganizationId::parse("acme").unwrap(),
        subject: server.subject(Person::ALICE).await,
        roles: texts(&["owner"]),
        before: Some(texts(&["buyer"])),
        cause: server.cause(),
    };
    assert!(server.store.put_member(change).await.unwrap());
    let roles = json!(["user", "clerk", "owner"]);
    let permissions = json!(["orders:read", "profile:edit", "tenants:admin"]);
    for one in [&jwt, &opaque] {
        let told = told(one).await;
        assert_eq!(
            (&told["roles"], &told["permissions"]),
            (&roles, &permissions)
        );
    }
    let next = refresh(&server, SPA, jwt["refresh_token"].as_str().unwrap())
        .await
        .granted();
    let claims = access(&next);
    assert_eq!(
        (&claims["roles"], &claims["permissions"]),
        (&roles, &permissions)
    );
    assert_eq!(
        claims["org_id"], "acme",
        "the grant remembers the organization"
    );
    let update = UserUpdate {
        roles: Some(Vec::new()),
        ..UserUpdate::default()
    };
    let subject = server.subject(Person::ALICE).await;
    let change = UserChange {
        subject,
        update,
        cause: server.cause(),
    };
    assert!(server.store.change_user(change).await.unwrap());
    assert_eq!(told(&opaque).await["roles"], json!(["clerk", "owner"]));
}

#[tokio::test]
async fn d27_who_leaves_an_organization_has_no_token_of_it() {
    let server = server().await;
    admit(&server, Person::ALICE, "acme", &["buyer"]).await;
    let tokens = tokens(&server, SPA, ALL).await;
    let text = tokens["access_token"].as_str().unwrap();
    let subject = server.subject(Person::ALICE).await;
    let acme = OrganizationId::parse("acme").unwrap();
    assert!(
        server
            .store
            .remove_member(acme, subject, server.cause())
            .await
            .unwrap()
    );
    assert_eq!(
        introspect(&server, ORDERS_API, text).await,
        json!({"active": false})
    );
    let answer = refresh(&server, SPA, tokens["refresh_token"].as_str().unwrap()).await;
    answer.refused(400, "invalid_grant");
}

#[tokio::test]
async fn d27_nothing_configured_leaves_tokens_as_they_were() {
    let server = TestServer::builder()
        .client(SPA.id, |m| m.consent = ConsentMode::Implicit)
        .start()
        .await;
    let mut claims = access(&tokens(&server, SPA, "openid orders:read").await);
    for name in [
        "exp",
        "iat",
        "jti",
        "auth_time",
        "grant_id",
        "sub",
        "acr",
        "amr",
    ] {
        assert!(
            claims.as_object_mut().unwrap().remove(name).is_some(),
            "{name}"
        );
    }
    let expected = json!({"iss": server.issuer(), "aud": "api://orders", "client_id": "spa",
        "scope": "openid orders:read", "roles": ["user"]});
    assert_eq!(claims, expected);
}
