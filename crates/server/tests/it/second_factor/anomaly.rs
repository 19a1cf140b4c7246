//! Another network and another user agent at once: a cookie or a token was perhaps copied (requirements 1.10, 2.5).

use std::net::IpAddr;

use cardea_protocol::{
    mfa::Requirement,
    model::{AuditEvent, OrganizationId},
    roles::{OrganizationConfig, RoleConfig},
};
use cardea_server::config::MfaRule;
use cardea_store::PutMember;
use cardea_testkit::{Answer, TestClient, clients::WEB, flows::tokens};

use super::*;

const AWAY: [u8; 4] = [198, 51, 100, 1];
const OTHER: &str = "curl/8";

/// Alice's browser, which she trusts, after its session has ended.
async fn trusting(server: &TestServer) -> (Browser<'_>, App) {
    let (app, _) = enrolled(&mut Browser::new(server), Person::ALICE).await;
    let mut browser = Browser::new(server);
    let page = after_password(&mut browser, &request(), Person::ALICE).await;
    let fill = [("code", &*app.code(server)), ("trust", "on")];
    let page = browser.submit(&page, page.form(), &fill).await;
    id_token(&mut browser, page).await;
    browser.lose(SESSION);
    (browser, app)
}

#[tokio::test]
async fn a_trusted_device_is_asked_from_another_network_and_browser_at_once() {
    let server = TestServer::start().await;
    let (browser, app) = trusting(&server).await;
    // It moves, and it is updated: it stays trusted.
    for (address, name) in [
        (AWAY, FIREFOX),
        ([192, 0, 2, 1], FIREFOX),
        ([192, 0, 2, 2], OTHER),
    ] {
        let mut moved = copy(&server, &browser).at(address).named(name);
        let page = after_password(&mut moved, &request(), Person::ALICE).await;
        assert_eq!(
            id_token(&mut moved, page).await["acr"],
            PASSWORD,
            "{address:?}"
        );
    }
    // Both at once: the second factor is asked, and the trust has ended.
    let before = server.audited(AuditEvent::DeviceForgotten).await;
    let mut thief = copy(&server, &browser).at(AWAY).named("another");
    let page = after_password(&mut thief, &request(), Person::ALICE).await;
    assert_eq!(page.path(), "/second_factor");
    assert!(thief.cookie(SESSION).is_none());
    assert_eq!(
        server.audited(AuditEvent::DeviceForgotten).await,
        before + 1
    );
    // The owner proves it once, and may trust the browser again.
    let mut owner = copy(&server, &browser);
    let page = after_password(&mut owner, &request(), Person::ALICE).await;
    assert_eq!(page.path(), "/second_factor");
    server.advance(SignedDuration::from_secs(30));
    let page = enter(&mut owner, &page, &app.code(&server)).await;
    assert_eq!(id_token(&mut owner, page).await["acr"], MFA);
}

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// Another browser with the same cookies.
fn copy<'a>(server: &'a TestServer, browser: &Browser<'a>) -> Browser<'a> {
    let mut copy = Browser::new(server);
    for (name, value) in browser.cookies() {
        copy.plant(name, value);
    }
    copy
}

async fn refresh(
    server: &TestServer,
    client: TestClient,
    token: &str,
    (ip, user_agent): ([u8; 4], &str),
) -> Answer {
    let call = server.post("/token").from(IpAddr::from(ip));
    call.header("user-agent", user_agent)
        .form(&[("grant_type", "refresh_token"), ("refresh_token", token)])
        .client(client)
        .send()
        .await
}

fn token(tokens: &Value) -> String {
    tokens["refresh_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_refresh_token_from_elsewhere_is_refused_for_users_with_a_second_factor_only() {
    const HOME: ([u8; 4], &str) = ([203, 0, 113, 7], "app/1");
    const UPDATED: ([u8; 4], &str) = ([203, 0, 113, 7], "app/2");
    const THIEF: ([u8; 4], &str) = (AWAY, OTHER);
    let server = TestServer::start().await;
    for (client, has_factor, refused) in
        [(SPA, false, false), (SPA, true, true), (WEB, true, false)]
    {
        let person = match client.id == SPA.id {
            true => Person::ALICE,
            false => Person::BOB,
        };
        let mut browser = Browser::new(&server);
        let scope = (person, "openid offline_access");
        let first = token(&tokens(&mut browser, client, scope).await);
        let current = token(&refresh(&server, client, &first, HOME).await.granted());
        if has_factor {
            enrolled(&mut Browser::new(&server), person).await;
        }
        // An hour later than the move to `HOME`, the next one is audited again.
        server.advance(SignedDuration::from_hours(1));
        let before = server.audited(AuditEvent::RefreshAnomaly).await;
        let stolen = refresh(&server, client, &current, THIEF).await;
        if !refused {
            stolen.granted();
            continue;
        }
        stolen.refused(400, "invalid_grant");
        refresh(&server, client, &current, THIEF)
            .await
            .refused(400, "invalid_grant");
        assert_eq!(server.audited(AuditEvent::RefreshAnomaly).await, before + 1);
        // Where it was used before it goes on, after an update too.
        let next = token(&refresh(&server, client, &current, UPDATED).await.granted());
        refresh(&server, client, &next, THIEF)
            .await
            .refused(400, "invalid_grant");
    }
}

#[tokio::test]
async fn rules_see_the_roles_inside_the_organization_of_the_request() {
    let server = TestServer::builder()
        .config(|c| {
            let owner = RoleConfig {
                name: "owner".to_owned(),
                permissions: Vec::new(),
                client: None,
            };
            c.roles = vec![owner];
            c.organizations = ["acme", "beta"]
                .map(|id| OrganizationConfig {
                    id: id.to_owned(),
                    name: id.to_owned(),
                    domains: Vec::new(),
                    join_by_domain: false,
                })
                .to_vec();
            c.mfa.rules = vec![MfaRule {
                roles: vec!["owner".to_owned()],
                require: Requirement::Required,
                ..MfaRule::default()
            }];
            for client in &mut c.clients {
                client.scope = format!("{} organization", client.scope);
            }
        })
        .start()
        .await;
    let admit = async |org: &str, roles: &[&str]| {
        let command = PutMember {
            organization: OrganizationId::parse(org).unwrap(),
            subject: server.subject(Person::ALICE).await,
            roles: roles.iter().map(|&role| role.to_owned()).collect(),
            before: None,
            cause: server.cause(),
        };
        assert!(server.store.put_member(command).await.unwrap());
    };
    let inside = |org: &str| {
        request()
            .scope("openid organization")
            .with("organization", org)
    };
    admit("acme", &["owner"]).await;
    admit("beta", &[]).await;
    for (request, asked) in [
        (request(), false),
        (inside("beta"), false),
        (inside("acme"), true),
        // The name of an organization asks for the scope too.
        (request().with("organization", "acme"), true),
    ] {
        let mut browser = Browser::new(&server);
        let page = after_password(&mut browser, &request, Person::ALICE).await;
        assert_eq!(page.path() == "/second_factor", asked, "{}", page.path());
    }
    // With a choice between two, the choice decides.
    let mut browser = Browser::new(&server);
    let open = request().scope("openid organization");
    let page = after_password(&mut browser, &open, Person::ALICE).await;
    assert_eq!(page.path(), "/choose_organization");
    let form = page.form().without("organization");
    let page = browser
        .submit(&page, form, &[("organization", "acme")])
        .await;
    assert_eq!(page.path(), "/second_factor", "{}", page.text());
    let app = App::scan(&page);
    let page = enter(&mut browser, &page, &app.code(&server)).await;
    let page = follow(&mut browser, &page, "/consent").await;
    assert_eq!(id_token(&mut browser, page).await["acr"], MFA);
}
