use cardea_protocol::mfa::Requirement;
use cardea_server::config::MfaRule;
use cardea_testkit::{Builder, clients::OTHER_SPA};

use super::*;

fn with(policy: Requirement) -> Builder {
    TestServer::builder().config(|config| config.mfa.policy = policy)
}

#[tokio::test]
async fn a_required_second_factor_is_set_up_on_the_way() {
    let server = with(Requirement::Required).start().await;
    let mut browser = Browser::new(&server);
    let page = browser.open(&server.url("/login")).await;
    let page = log_in_at(&mut browser, &page, Person::ALICE).await;
    assert_eq!(page.path(), "/second_factor");
    let skips = page.forms().iter().any(|form| form.value("skip") == "on");
    assert!(!skips, "it can't be skipped");
    let skipped = page.form().with("skip", "on");
    let page = browser.submit(&page, skipped, &[("code", "")]).await;
    assert_eq!((page.status(), page.path()), (422, "/second_factor"));
    assert!(browser.cookie(SESSION).is_none());
    let app = App::scan(&page);
    let page = enter(&mut browser, &page, &app.code(&server)).await;
    let page = follow(&mut browser, &page, "/consent").await;
    assert!(page.path().starts_with("/account"), "{}", page.url);
}

#[tokio::test]
async fn where_second_factors_are_off_none_is_asked_and_an_essential_acr_is_an_error() {
    let server = with(Requirement::Off).start().await;
    let mut browser = Browser::new(&server);
    let wish = request().with("acr_values", MFA);
    let page = after_password(&mut browser, &wish, Person::ALICE).await;
    assert_eq!(id_token(&mut browser, page).await["acr"], PASSWORD);
    let page = browser.open(&demanding().url(&server)).await;
    page.client_is_told("unmet_authentication_requirements");
    let metadata = server.get("/.well-known/openid-configuration").send().await;
    assert_eq!(
        metadata.json()["acr_values_supported"],
        serde_json::json!([PASSWORD, "urn:cardea:acr:phishing-resistant"])
    );
}

#[tokio::test]
async fn a_class_that_the_user_cannot_reach_is_an_error_and_a_wish_for_it_is_not() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let strongest = "urn:cardea:acr:phishing-resistant";
    let essential = ESSENTIAL.replace(MFA, strongest);
    let demanding = request().with("claims", &essential);
    let page = after_password(&mut browser, &demanding, Person::ALICE).await;
    page.client_is_told("unmet_authentication_requirements");
    let wish = request().with("acr_values", strongest);
    let page = after_password(&mut browser, &wish, Person::ALICE).await;
    assert_eq!(id_token(&mut browser, page).await["acr"], PASSWORD);
    let metadata = server.get("/.well-known/openid-configuration").send().await;
    assert_eq!(
        metadata.json()["acr_values_supported"],
        serde_json::json!([PASSWORD, MFA, strongest])
    );
}

#[tokio::test]
async fn a_wish_offers_to_set_up_a_factor_and_reports_what_was_reached() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let wish = request().with("acr_values", MFA);
    let page = after_password(&mut browser, &wish, Person::ALICE).await;
    assert_eq!(page.path(), "/second_factor");
    let mut forms = page.forms().into_iter();
    let skip = forms.find(|form| form.value("skip") == "on");
    let skip = skip.expect("an offer");
    let page = browser.submit(&page, skip, &[]).await;
    assert_eq!(id_token(&mut browser, page).await["acr"], PASSWORD);
    // Without a page, a wish is not tried.
    let page = browser
        .open(&wish.clone().with("prompt", "none").url(&server))
        .await;
    assert_eq!(id_token(&mut browser, page).await["acr"], PASSWORD);
    let page = browser
        .open(&demanding().with("prompt", "none").url(&server))
        .await;
    page.client_is_told("login_required");
    // What comes first and can be reached counts.
    let either = wish.with("acr_values", &format!("{MFA} {PASSWORD}"));
    let page = browser.open(&either.url(&server)).await;
    assert_eq!(id_token(&mut browser, page).await["acr"], PASSWORD);
}

#[tokio::test]
async fn who_declines_a_factor_that_only_the_app_demands_is_back_at_the_app_with_the_error() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let page = after_password(&mut browser, &demanding(), Person::ALICE).await;
    assert_eq!(page.path(), "/second_factor");
    let mut forms = page.forms().into_iter();
    let skip = forms.find(|form| form.value("skip") == "on");
    let page = browser.submit(&page, skip.expect("an offer"), &[]).await;
    page.client_is_told("unmet_authentication_requirements");
}

#[tokio::test]
async fn an_essential_password_is_reported_as_asked_after_a_second_factor() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let (..) = enrolled(&mut browser, Person::ALICE).await;
    let password = ESSENTIAL.replace(MFA, PASSWORD);
    let page = browser
        .open(&request().with("claims", &password).url(&server))
        .await;
    assert_eq!(id_token(&mut browser, page).await["acr"], PASSWORD);
}

#[tokio::test]
async fn rules_name_roles_clients_and_networks() {
    let rule = |change: fn(&mut MfaRule)| {
        let mut rule = MfaRule {
            require: Requirement::Required,
            ..MfaRule::default()
        };
        change(&mut rule);
        rule
    };
    let rules = vec![
        MfaRule {
            require: Requirement::Off,
            ..rule(|rule| rule.networks = vec!["192.0.2.0/24".to_owned()])
        },
        rule(|rule| rule.roles = vec!["admin".to_owned()]),
        rule(|rule| rule.clients = vec![OTHER_SPA.id.to_owned()]),
    ];
    let server = with(Requirement::Optional).config(|config| config.mfa.rules = rules);
    let server = server.start().await;
    let other = Authorization::of(OTHER_SPA);
    for (person, request, address, asked) in [
        (Person::ALICE, request(), [203, 0, 113, 1], false),
        (Person::ALICE, other.clone(), [203, 0, 113, 2], true),
        (Person::BOB, request(), [203, 0, 113, 3], true),
        (Person::BOB, other, [192, 0, 2, 9], false),
    ] {
        let mut browser = Browser::new(&server).at(address);
        let page = after_password(&mut browser, &request, person).await;
        assert_eq!(
            page.path() == "/second_factor",
            asked,
            "{} {address:?}",
            person.username
        );
    }
}

#[tokio::test]
async fn a_session_that_began_at_one_client_is_stepped_up_at_another_that_requires_it() {
    let rules = vec![MfaRule {
        clients: vec![OTHER_SPA.id.to_owned()],
        require: Requirement::Required,
        ..MfaRule::default()
    }];
    let server = TestServer::builder().config(|config| config.mfa.rules = rules);
    let server = server.start().await;
    let mut browser = Browser::new(&server);
    let page = after_password(&mut browser, &request(), Person::ALICE).await;
    assert_eq!(id_token(&mut browser, page).await["acr"], PASSWORD);
    let page = browser
        .open(&Authorization::of(OTHER_SPA).url(&server))
        .await;
    assert_eq!((page.status(), page.path()), (200, "/second_factor"));
}
