//! The relying party at Cardea itself, over a socket.

use cardea_client::rp::{
    AuthMethod, Callback, ClientConfig, LoggedIn, LoginOptions, RefreshError, RelyingParty, RpError,
};
use cardea_testkit::{Browser, Builder, Person, TestClient, TestServer, clients, flows};
use cardea_web::config::SecretText;

use super::{
    provider::{Provider, Scripted},
    world::{party, pem},
};

/// Cardea, listening.
pub(super) async fn cardea() -> TestServer {
    cardea_with(|builder| builder).await
}

async fn cardea_with(change: impl FnOnce(Builder) -> Builder) -> TestServer {
    change(TestServer::builder()).listen().await
}

pub(super) fn config(server: &TestServer, client: TestClient) -> ClientConfig {
    let mut config = ClientConfig::cardea(server.issuer(), client.id, client.redirect_uri);
    if !client.secret.is_empty() {
        config.authentication.method =
            serde_json::from_value(client.method.as_str().into()).unwrap();
        config.authentication.client_secret = Some(SecretText::new(client.secret.to_owned()));
    }
    config
}

/// Sends a user through login and consent, and says what their browser brings back.
async fn walk(browser: &mut Browser<'_>, url: &str) -> Callback {
    let mut page = browser.open(url).await;
    page = flows::log_in_at(browser, &page, Person::ALICE).await;
    page = flows::decide(browser, &page, "allow").await;
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(page.callback())
        .finish();
    Callback::parse(&query).unwrap()
}

async fn log_in(server: &TestServer, party: &RelyingParty) -> LoggedIn {
    log_in_with(&mut Browser::new(server), party).await
}

async fn log_in_with(browser: &mut Browser<'_>, party: &RelyingParty) -> LoggedIn {
    let login = party.begin(LoginOptions::to("/orders")).await.unwrap();
    let callback = walk(browser, &login.authorization_url).await;
    party.finish(&callback, &login.state).await.unwrap()
}

#[tokio::test]
async fn a_public_client_logs_in_refreshes_and_logs_out() {
    let server = cardea().await;
    let mut config = config(&server, clients::SPA);
    config.scopes = ["openid", "profile", "email", "orders:read"]
        .map(str::to_owned)
        .to_vec();
    config.resource = Some("api://orders".to_owned());
    let party = party(&config, &server.clock);
    let LoggedIn {
        tokens, identity, ..
    } = log_in(&server, &party).await;
    assert_eq!(identity.sub, server.subject(Person::ALICE).await.as_str());
    assert!(identity.sid.is_some() && identity.auth_time.is_some());
    let refresh_token = tokens.refresh_token.unwrap();
    let refreshed = party.refresh(&refresh_token, &identity).await.unwrap();
    assert_ne!(
        refreshed.access_token.expose(),
        tokens.access_token.expose()
    );
    let rotated = refreshed.refresh_token.unwrap();
    assert_ne!(rotated.expose(), refresh_token.expose());
    // A token for an API is none for userinfo; the ID token has the claims.
    let claims = party.userinfo(&refreshed.access_token, &identity.sub).await;
    assert!(matches!(claims, Err(RpError::Answer(_))), "{claims:?}");
    let url = party
        .logout_url(tokens.id_token.as_ref(), None, None)
        .await
        .unwrap()
        .unwrap();
    assert!(url.starts_with(&server.url("/end_session?")), "{url}");
    assert_eq!(party.revoke(&rotated).await, Ok(true));
    let dead = party.refresh(&rotated, &identity).await;
    assert_eq!(dead.err(), Some(RefreshError::Dead));
}

#[tokio::test]
async fn a_confidential_client_proves_itself_by_each_method() {
    let server = cardea().await;
    for client in [clients::WEB, clients::POST] {
        let party = party(&config(&server, client), &server.clock);
        let logged_in = log_in(&server, &party).await;
        assert_eq!(logged_in.return_to, "/orders");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key.pem");
    std::fs::write(
        &file,
        pem("PRIVATE KEY", clients::SIGNED_KEY.to_pkcs8().expose()),
    )
    .unwrap();
    let mut config = config(&server, clients::SIGNED);
    config.authentication.method = Some(AuthMethod::PrivateKeyJwt);
    config.authentication.private_key_file = Some(file.to_str().unwrap().to_owned());
    let party = party(&config, &server.clock);
    log_in(&server, &party).await;
}

#[tokio::test]
async fn a_wrong_secret_and_a_replayed_code_are_refused() {
    let server = cardea().await;
    let mut wrong = config(&server, clients::WEB);
    wrong.authentication.client_secret = Some(SecretText::new("x".repeat(32)));
    let wrong = party(&wrong, &server.clock);
    let login = wrong.begin(LoginOptions::to("/")).await.unwrap();
    let callback = walk(&mut Browser::new(&server), &login.authorization_url).await;
    let refused = wrong.finish(&callback, &login.state).await;
    assert!(
        matches!(&refused, Err(RpError::TokenRefused { code, .. }) if code == "invalid_client"),
        "{refused:?}"
    );
    let right = party(&config(&server, clients::WEB), &server.clock);
    assert!(right.finish(&callback, &login.state).await.is_ok());
    let replayed = right.finish(&callback, &login.state).await;
    assert_eq!(replayed.err(), Some(RpError::CodeRefused));
}

#[tokio::test]
async fn somebody_who_is_not_logged_in_is_refused_without_a_page() {
    let server = cardea().await;
    let party = party(&config(&server, clients::SPA), &server.clock);
    let wish = LoginOptions {
        prompt: Some("none".to_owned()),
        ..LoginOptions::to("/")
    };
    let login = party.begin(wish).await.unwrap();
    let page = Browser::new(&server).open(&login.authorization_url).await;
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(page.callback())
        .finish();
    let callback = Callback::parse(&query).unwrap();
    let refused = party.finish(&callback, &login.state).await;
    assert!(
        matches!(&refused, Err(RpError::Refused { code, .. }) if code == "login_required"),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_logout_at_cardea_reaches_the_app_through_the_back_channel() {
    let app = Provider::start().await;
    app.says("/backchannel", Scripted::new(200, "text/plain", ""));
    let uri = format!("{}/backchannel", app.url);
    let place = app.url.trim_start_matches("http://").to_owned();
    let server = cardea_with(|builder| {
        builder
            .client(clients::SPA.id, |c| c.backchannel_logout_uri = Some(uri))
            .config(|config| config.outbound.allow.push(place))
    })
    .await;
    let party = party(&config(&server, clients::SPA), &server.clock);
    let mut browser = Browser::new(&server);
    let LoggedIn {
        tokens, identity, ..
    } = log_in_with(&mut browser, &party).await;
    let url = party.logout_url(tokens.id_token.as_ref(), None, None).await;
    browser.open(&url.unwrap().unwrap()).await;
    let told = app.asked("/backchannel").remove(0).form;
    let token = party.logout_token(&told["logout_token"]).await.unwrap();
    assert_eq!(
        (token.sid, token.iss),
        (identity.sid.clone(), identity.iss.clone())
    );
    let dead = party
        .refresh(&tokens.refresh_token.unwrap(), &identity)
        .await;
    assert_eq!(dead.err(), Some(RefreshError::Dead));
}
