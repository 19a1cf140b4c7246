//! The choice of an organization: by the user, by the client, by the configuration (D27).

use cardea_protocol::roles::OrganizationConfig;
use cardea_testkit::{
    Browser, Person, TestServer,
    clients::SPA,
    flows::{Authorization, code_for, decide, redeem, refresh},
};

use crate::organizations::{ALL, access, admit, choose, id_token, logged_in, server, tokens_of};

#[tokio::test]
async fn d27_a_user_of_several_organizations_chooses_and_consent_names_the_choice() {
    let server = server().await;
    for org in ["acme", "beta"] {
        admit(&server, Person::ALICE, org, &[]).await;
    }
    let mut browser = Browser::new(&server);
    let request = Authorization::of(SPA).scope(ALL);
    let chooser = logged_in(&mut browser, &request).await;
    assert_eq!(chooser.heading(), "Choose an organization");
    for name in ["ACME &#60;Ltd&#62;", "BETA &#60;Ltd&#62;"] {
        assert!(chooser.text().contains(name), "{}", chooser.text());
    }
    assert!(!chooser.text().contains("GAMMA"), "not a member");
    let consent = choose(&mut browser, &chooser, "beta").await;
    assert!(consent.path().ends_with("/consent"));
    assert!(
        consent
            .text()
            .contains("You act for <bdi>BETA &#60;Ltd&#62;</bdi>"),
        "{}",
        consent.text()
    );
    let back = decide(&mut browser, &consent, "allow").await;
    let tokens = redeem(&server, SPA, &back.callback()["code"])
        .await
        .granted();
    assert_eq!(access(&tokens)["org_id"], "beta");
    // Consent is on record now; each request asks for the organization again.
    let chooser = browser.open(&request.url(&server)).await;
    let back = choose(&mut browser, &chooser, "acme").await;
    let tokens = redeem(&server, SPA, &back.callback()["code"])
        .await
        .granted();
    assert_eq!(access(&tokens)["org_id"], "acme");
}

#[tokio::test]
async fn d27_a_forged_choice_leads_back_to_the_chooser() {
    let server = server().await;
    for org in ["acme", "beta"] {
        admit(&server, Person::ALICE, org, &[]).await;
    }
    let mut browser = Browser::new(&server);
    let request = Authorization::of(SPA).scope("openid organization");
    let mut page = logged_in(&mut browser, &request).await;
    for forged in ["gamma", "unknown"] {
        page = choose(&mut browser, &page, forged).await;
    }
    let broken = choose(&mut browser, &page, "<script>").await;
    assert_eq!(broken.status(), 400);
    // Another browser has no session in which the choice could count.
    let mut thief = Browser::new(&server);
    let form = page.form().without("organization");
    let stolen = thief.submit(&page, form, &[("organization", "acme")]).await;
    assert!(stolen.to_client().is_none(), "{}", stolen.url);
}

#[tokio::test]
async fn d27_an_organization_is_named_by_id_or_name_and_unknown_is_as_not_a_member() {
    let server = server().await;
    for org in ["acme", "beta"] {
        admit(&server, Person::ALICE, org, &[]).await;
    }
    for name in ["beta", "BETA <Ltd>", "beta <ltd>"] {
        let request = Authorization::of(SPA)
            .scope("openid orders:read")
            .with("organization", name);
        let tokens = tokens_of(&server, SPA, &request).await;
        assert_eq!(access(&tokens)["org_id"], "beta", "{name}");
        assert_eq!(tokens["scope"], "openid orders:read organization");
    }
    let mut told = Vec::new();
    for name in ["gamma", "unknown"] {
        let request = Authorization::of(SPA).with("organization", name);
        let mut browser = Browser::new(&server);
        let page = logged_in(&mut browser, &request).await;
        let mut parameters = page.callback();
        assert_eq!(parameters["error"], "access_denied");
        parameters.remove("code");
        told.push(parameters);
    }
    assert_eq!(told[0], told[1]);
    let long = Authorization::of(SPA).with("organization", &"x".repeat(129));
    let page = Browser::new(&server).open(&long.url(&server)).await;
    page.client_is_told("invalid_request");
}

#[tokio::test]
async fn d27_without_a_page_an_organization_is_named_or_the_only_one() {
    let server = server().await;
    admit(&server, Person::ALICE, "acme", &[]).await;
    let mut browser = Browser::new(&server);
    let request = Authorization::of(SPA).scope("openid organization");
    code_for(&mut browser, &request, Person::ALICE).await;
    let silent = request.clone().with("prompt", "none");
    assert!(
        browser
            .open(&silent.url(&server))
            .await
            .callback()
            .contains_key("code")
    );
    admit(&server, Person::ALICE, "beta", &[]).await;
    let page = browser.open(&silent.url(&server)).await;
    page.client_is_told("interaction_required");
    let named = silent.with("organization", "beta");
    assert!(
        browser
            .open(&named.url(&server))
            .await
            .callback()
            .contains_key("code")
    );
}

#[tokio::test]
async fn d27_a_client_can_demand_an_organization() {
    let server = TestServer::builder()
        .client(SPA.id, |m| m.require_organization = true)
        .config(|c| {
            c.organizations = vec![OrganizationConfig {
                id: "acme".to_owned(),
                name: "Acme".to_owned(),
                domains: Vec::new(),
                join_by_domain: false,
            }];
        })
        .start()
        .await;
    let request = Authorization::of(SPA).scope("openid orders:read");
    let mut browser = Browser::new(&server);
    let page = logged_in(&mut browser, &request).await;
    page.client_is_told("access_denied");
    admit(&server, Person::ALICE, "acme", &[]).await;
    let tokens = tokens_of(&server, SPA, &request).await;
    assert_eq!(access(&tokens)["org_id"], "acme");
    let next = refresh(&server, SPA, tokens["refresh_token"].as_str().unwrap())
        .await
        .granted();
    assert_eq!(access(&next)["org_id"], "acme");
    assert_eq!(
        id_token(&next)["org_name"],
        "Acme",
        "the scope is not registered, but demanded"
    );
}
