//! What is special about each provider. The services themselves are not reached.

use cardea_server::config::UpstreamPreset;
use cardea_testkit::{Browser, Person, Scripted};
use serde_json::json;

use super::stage::{Sent, Stage, has_no_session, is_signed_in, request};

const TENANT: &str = "5ab1e7e5-0000-4000-8000-00000000000a";
const OTHER: &str = "5ab1e7e5-0000-4000-8000-00000000000b";

/// Entra ID with many tenants.
async fn entra() -> Stage {
    let stage = Stage::of(UpstreamPreset::Entra, "/organizations/v2.0", |up| {
        up.allowed_tenants = vec![TENANT.to_owned()];
        up.trusted_domains = vec!["example.test".to_owned()];
    })
    .await;
    let url = &stage.up.url;
    let metadata = json!({
        "issuer": format!("{url}/{{tenantid}}/v2.0"),
        "authorization_endpoint": format!("{url}/organizations/oauth2/v2.0/authorize"),
        "token_endpoint": format!("{url}/token"),
        "jwks_uri": format!("{url}/jwks"),
    });
    let path = "/organizations/v2.0/.well-known/openid-configuration";
    stage.up.says(path, Scripted::json(&metadata));
    stage
}

fn of_tenant(stage: &Stage, tenant: &str) -> serde_json::Value {
    json!({"iss": format!("{}/{tenant}/v2.0", stage.up.url), "tid": tenant})
}

async fn comes_from(
    stage: &Stage,
    browser: &mut Browser<'_>,
    more: &[serde_json::Value],
) -> cardea_testkit::Page {
    let sent = stage.press(browser, &request()).await;
    let mut all = json!({});
    for claims in more {
        for (name, value) in claims.as_object().unwrap() {
            all[name] = value.clone();
        }
    }
    stage.grants(&stage.claims(&sent, "AAA", all));
    let url = stage.back_with(&[
        ("code", "c"),
        ("state", sent.one("state")),
        ("session_state", "x"),
    ]);
    browser.open(&url).await
}

#[tokio::test]
async fn entra_only_listed_tenants_sign_in_and_the_same_subject_of_two_is_not_the_same_user() {
    let stage = entra().await;
    let name = json!({"name": "Erin"});
    let mut browser = Browser::new(&stage.server);
    let page = comes_from(
        &stage,
        &mut browser,
        &[of_tenant(&stage, TENANT), name.clone()],
    )
    .await;
    assert!(is_signed_in(&page, "Erin"), "{}", page.text());
    for more in [
        of_tenant(&stage, OTHER),
        json!({"iss": format!("{}/{TENANT}/v2.0", stage.up.url), "tid": OTHER}),
        json!({"iss": format!("{}/{{tenantid}}/v2.0", stage.up.url), "tid": "{tenantid}"}),
    ] {
        let mut browser = Browser::new(&stage.server);
        let page = comes_from(&stage, &mut browser, &[more, name.clone()]).await;
        page.is_trouble(502, "The sign-in did not work");
        assert!(has_no_session(&browser));
    }
}

#[tokio::test]
async fn entra_an_address_is_believed_only_with_the_owner_of_its_domain_verified() {
    let stage = entra().await;
    let alice = stage.server.subject(Person::ALICE).await;
    let address = json!({"email": "alice@example.test", "email_verified": true, "name": "Mallory"});
    let mut browser = Browser::new(&stage.server);
    let page = comes_from(
        &stage,
        &mut browser,
        &[of_tenant(&stage, TENANT), address.clone()],
    )
    .await;
    assert!(is_signed_in(&page, "Mallory"), "{}", page.text());
    assert_eq!(stage.server.store.links_of(&alice).await.unwrap(), []);

    let proved = json!({"sub": "BBB", "xms_edov": true});
    let mut browser = Browser::new(&stage.server);
    let all = [of_tenant(&stage, TENANT), address, proved];
    comes_from(&stage, &mut browser, &all).await;
    assert_eq!(stage.server.store.links_of(&alice).await.unwrap().len(), 1);
}

#[tokio::test]
async fn google_is_the_authority_for_hosted_addresses_only() {
    let stage = Stage::of(UpstreamPreset::Google, "", |up| {
        up.trusted_domains = vec!["example.test".to_owned()];
    })
    .await;
    let mut metadata = stage.up.metadata();
    metadata["authorization_response_iss_parameter_supported"] = json!(false);
    stage.up.says_of_itself(&metadata);
    let alice = stage.server.subject(Person::ALICE).await;
    let address = json!({"email": "alice@example.test", "email_verified": true, "name": "Gil"});
    let mut browser = Browser::new(&stage.server);
    let page = stage.sign_in(&mut browser, "1", address.clone()).await;
    assert!(is_signed_in(&page, "Gil"), "{}", page.text());
    assert_eq!(stage.server.store.links_of(&alice).await.unwrap(), []);
    let mut hosted = address;
    hosted["hd"] = json!("example.test");
    let mut browser = Browser::new(&stage.server);
    stage.sign_in(&mut browser, "2", hosted).await;
    assert_eq!(stage.server.store.links_of(&alice).await.unwrap().len(), 1);
}

#[tokio::test]
async fn github_users_are_known_by_their_number_and_their_verified_primary_address() {
    let stage = Stage::of(UpstreamPreset::Github, "", |up| {
        up.trusted_domains = vec!["example.test".to_owned()];
    })
    .await;
    let token =
        json!({"access_token": "gho", "token_type": "bearer", "scope": "read:user,user:email"});
    stage
        .up
        .says("/login/oauth/access_token", Scripted::json(&token));
    let user = |id: u64, login: &str| {
        Scripted::json(
            &json!({"id": id, "login": login, "name": "Hub", "email": "alice@example.test"}),
        )
    };
    let emails = |verified| {
        Scripted::json(
            &json!([{"email": "alice@example.test", "primary": true, "verified": verified}]),
        )
    };
    let sign_in = async |browser: &mut Browser<'_>| {
        let sent = stage.press(browser, &request()).await;
        assert_eq!(sent.one("scope"), "read:user user:email");
        let url = stage.back_with(&[("code", "c"), ("state", sent.one("state"))]);
        browser.open(&url).await
    };
    let alice = stage.server.subject(Person::ALICE).await;
    stage.up.says("/api/v3/user", user(7, "octo"));
    stage.up.says("/api/v3/user/emails", emails(false));
    let mut browser = Browser::new(&stage.server);
    let page = sign_in(&mut browser).await;
    assert!(is_signed_in(&page, "Hub"), "{}", page.text());
    assert_eq!(stage.server.store.links_of(&alice).await.unwrap(), []);
    let octo = stage.user("octo").await.unwrap();
    // The login name changes hands; the number doesn't.
    stage.up.says("/api/v3/user", user(8, "octo"));
    stage.up.says("/api/v3/user/emails", emails(true));
    let mut browser = Browser::new(&stage.server);
    sign_in(&mut browser).await;
    assert_eq!(stage.server.store.links_of(&alice).await.unwrap().len(), 1);
    assert_eq!(
        stage
            .server
            .store
            .links_of(&octo.subject)
            .await
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn apple_posts_its_answer_and_the_name_once() {
    let stage = Stage::of(UpstreamPreset::Apple, "", |_| {}).await;
    let url = &stage.up.url;
    stage.up.says_of_itself(&json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/auth/authorize"),
        "token_endpoint": format!("{url}/auth/token"),
        "jwks_uri": format!("{url}/jwks"),
        "response_modes_supported": ["query", "fragment", "form_post"],
    }));
    let mut browser = Browser::new(&stage.server);
    let there = stage.pressed(&mut browser, &request()).await;
    let sent = Sent::of(&there);
    assert_eq!(sent.one("response_mode"), "form_post");
    assert_eq!(sent.one("scope"), "openid name email");
    let claims = json!({"email": "x7@privaterelay.appleid.com", "email_verified": "true", "is_private_email": "true"});
    stage.grants_at("/auth/token", &stage.claims(&sent, "001.abc", claims));
    let user = r#"{"name":{"firstName":"Ada","lastName":"L"},"email":"alice@example.test"}"#;
    let fields = [("code", "c"), ("state", sent.one("state")), ("user", user)];
    let callback = stage.server.url("/federation/up/callback");
    let page = browser.cross_site_post(&callback, &fields).await;
    assert!(is_signed_in(&page, "Ada L"), "{} {}", page.url, page.text());
    let asked = stage.up.asked("/auth/token");
    assert_eq!(asked[0].form["client_secret"], "the-secret");
    let made = stage.user("x7").await.unwrap();
    assert_eq!(made.email.as_deref(), Some("x7@privaterelay.appleid.com"));
}
