//! The relying party at a provider that was not written here: npm's `oidc-provider`. `cargo xtask test --only interop` runs this.

use std::sync::Arc;

use cardea_client::{
    Entropy, SystemClock,
    rp::{
        AuthMethod, Callback, ClientConfig, LoggedIn, LoginOptions, RefreshError, RelyingParty,
        RpError,
    },
};
use cardea_testkit::{
    LogoutReceiver, Page,
    foreign::{AFTER_LOGOUT, CALLBACK, ForeignBrowser, ForeignProvider, SECRET},
};
use cardea_web::config::SecretText;

fn party(provider: &ForeignProvider, client_id: &str, method: AuthMethod) -> RelyingParty {
    party_with(provider, client_id, method, SECRET)
}

fn party_with(
    provider: &ForeignProvider,
    client_id: &str,
    method: AuthMethod,
    secret: &str,
) -> RelyingParty {
    let mut config = ClientConfig::cardea(&provider.issuer, client_id, CALLBACK);
    config.scopes = ["openid", "profile", "email", "offline_access"]
        .map(str::to_owned)
        .to_vec();
    config.post_logout_redirect_uri = Some(AFTER_LOGOUT.to_owned());
    if method != AuthMethod::None {
        config.authentication.method = Some(method);
        config.authentication.client_secret = Some(SecretText::new(secret.to_owned()));
    }
    RelyingParty::new(&config, Arc::new(SystemClock), Entropy::system()).unwrap()
}

/// A login with the consent that this provider wants for refresh tokens.
fn wish() -> LoginOptions {
    LoginOptions {
        prompt: Some("consent".to_owned()),
        ..LoginOptions::to("/orders")
    }
}

/// Fills in the provider's pages until it sends the browser back.
async fn walk(browser: &mut ForeignBrowser, url: &str) -> Callback {
    let mut page = browser.open(url).await;
    while page.to_client().is_none() {
        let form = page.form();
        let fill = match form.value("prompt") {
            "login" => vec![("login", "alice"), ("password", "any")],
            _ => Vec::new(),
        };
        page = browser.submit(&page, form, &fill).await;
    }
    callback(&page)
}

fn callback(page: &Page) -> Callback {
    let (uri, parameters) = page.to_client().unwrap();
    assert_eq!(uri, CALLBACK);
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters)
        .finish();
    Callback::parse(&query).unwrap()
}

async fn log_in(browser: &mut ForeignBrowser, party: &RelyingParty) -> LoggedIn {
    let login = party.begin(wish()).await.unwrap();
    let callback = walk(browser, &login.authorization_url).await;
    party.finish(&callback, &login.state).await.unwrap()
}

#[tokio::test]
#[ignore = "needs npm's oidc-provider: cargo xtask test --only interop"]
async fn a_person_logs_in_there_and_out_by_each_method() {
    let provider = ForeignProvider::start();
    for (client_id, method) in [
        ("public-app", AuthMethod::None),
        ("app", AuthMethod::ClientSecretBasic),
        ("app-post", AuthMethod::ClientSecretPost),
    ] {
        let party = party(&provider, client_id, method);
        let mut browser = ForeignBrowser::new(&provider.issuer);
        let LoggedIn {
            tokens,
            identity,
            return_to,
        } = log_in(&mut browser, &party).await;
        assert_eq!(
            (identity.sub.as_str(), return_to.as_str()),
            ("alice", "/orders")
        );
        // That it has from userinfo: this provider keeps such claims out of its ID tokens.
        assert_eq!(identity.text("email"), Some("alice@example.test"));

        let refresh_token = tokens.refresh_token.unwrap();
        let refreshed = party.refresh(&refresh_token, &identity).await.unwrap();
        let claims = party.userinfo(&refreshed.access_token, "alice").await;
        assert_eq!(claims.unwrap()["name"], "The alice");
        let stranger = party.userinfo(&refreshed.access_token, "bob").await;
        assert_eq!(stranger.err(), Some(RpError::Subject));

        log_out(&mut browser, &party, &tokens.id_token.unwrap()).await;
        let latest = refreshed.refresh_token.unwrap();
        assert_eq!(party.revoke(&latest).await, Ok(true));
        let dead = party.refresh(&latest, &identity).await;
        assert_eq!(dead.err(), Some(RefreshError::Dead), "{client_id}");
    }
}

/// Follows the kit's address, agrees, and comes back to the app; the next login asks for the password again.
async fn log_out(
    browser: &mut ForeignBrowser,
    party: &RelyingParty,
    id_token: &cardea_seal::Secret<String>,
) {
    let url = party.logout_url(Some(id_token), None, Some("bye")).await;
    let page = browser.open(&url.unwrap().unwrap()).await;
    let back = browser
        .submit(&page, page.form(), &[("logout", "yes")])
        .await;
    let (uri, parameters) = back.to_client().unwrap();
    assert_eq!(
        (uri.as_str(), parameters["state"].as_str()),
        (AFTER_LOGOUT, "bye")
    );
    let login = party.begin(LoginOptions::to("/")).await.unwrap();
    let page = browser.open(&login.authorization_url).await;
    assert_eq!(page.form().value("prompt"), "login");
}

#[tokio::test]
#[ignore = "needs npm's oidc-provider: cargo xtask test --only interop"]
async fn a_login_survives_its_turning_of_keys() {
    let provider = ForeignProvider::start();
    let party = party(&provider, "app", AuthMethod::ClientSecretBasic);
    let mut browser = ForeignBrowser::new(&provider.issuer);
    let before = log_in(&mut browser, &party).await;
    let login = party.begin(wish()).await.unwrap();
    provider.turn_keys().await;
    let mut browser = ForeignBrowser::new(&provider.issuer);
    let callback = walk(&mut browser, &login.authorization_url).await;
    let after = party.finish(&callback, &login.state).await.unwrap();
    let header = |logged_in: &LoggedIn| {
        let id_token = logged_in.tokens.id_token.as_ref().unwrap();
        id_token.expose().split('.').next().unwrap().to_owned()
    };
    assert_ne!(header(&before), header(&after));
}

#[tokio::test]
#[ignore = "needs npm's oidc-provider: cargo xtask test --only interop"]
async fn its_logout_token_ends_the_session_it_began() {
    let app = LogoutReceiver::start().await;
    let provider = ForeignProvider::telling(&app.uri());
    let party = party(&provider, "app", AuthMethod::ClientSecretBasic);
    let mut browser = ForeignBrowser::new(&provider.issuer);
    let LoggedIn {
        tokens, identity, ..
    } = log_in(&mut browser, &party).await;
    log_out(&mut browser, &party, &tokens.id_token.unwrap()).await;
    let told = app.told();
    let token = party.logout_token(&told[0]).await.unwrap();
    assert!(identity.sid.is_some());
    assert_eq!((token.iss, token.sid), (identity.iss, identity.sid));
    let other = self::party(&provider, "app-post", AuthMethod::ClientSecretPost);
    assert!(other.logout_token(&told[0]).await.is_err());
}

#[tokio::test]
#[ignore = "needs npm's oidc-provider: cargo xtask test --only interop"]
async fn its_refusals_are_understood() {
    let provider = ForeignProvider::start();
    let app = party(&provider, "app", AuthMethod::ClientSecretBasic);
    let mut browser = ForeignBrowser::new(&provider.issuer);

    let silent = LoginOptions {
        prompt: Some("none".to_owned()),
        ..LoginOptions::to("/")
    };
    let login = app.begin(silent).await.unwrap();
    let page = browser.open(&login.authorization_url).await;
    let refused = app.finish(&callback(&page), &login.state).await;
    assert!(
        matches!(&refused, Err(RpError::Refused { code, .. }) if code == "login_required"),
        "{refused:?}"
    );

    let login = app.begin(wish()).await.unwrap();
    let back = walk(&mut browser, &login.authorization_url).await;
    assert!(app.finish(&back, &login.state).await.is_ok());
    let replayed = app.finish(&back, &login.state).await;
    assert_eq!(replayed.err(), Some(RpError::CodeRefused));

    let wrong = party_with(&provider, "app", AuthMethod::ClientSecretBasic, "x");
    let login = wrong.begin(wish()).await.unwrap();
    let back = walk(&mut browser, &login.authorization_url).await;
    let refused = wrong.finish(&back, &login.state).await;
    assert!(
        matches!(&refused, Err(RpError::TokenRefused { code, .. }) if code == "invalid_client"),
        "{refused:?}"
    );
}
