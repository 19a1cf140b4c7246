//! The ways that nearly every test goes.

use serde_json::Value;

use crate::{Answer, Browser, Page, Person, TestClient, TestServer};

/// The verifier of RFC 7636, appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// Its challenge.
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// An authorization request, with PKCE, `state` and `nonce`.
#[derive(Debug, Clone)]
pub struct Authorization {
    pairs: Vec<(String, String)>,
}

impl Authorization {
    /// Of this client, for `openid` alone.
    #[must_use]
    pub fn of(client: TestClient) -> Self {
        let pairs = [
            ("client_id", client.id),
            ("redirect_uri", client.redirect_uri),
            ("response_type", "code"),
            ("scope", "openid"),
            ("state", "the state"),
            ("nonce", "the nonce"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        let pairs = pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).to_vec();
        Self { pairs }
    }

    /// With this value of a parameter; an empty one takes it out.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.pairs.retain(|(k, _)| k != name);
        if value.is_empty() {
            self
        } else {
            self.and(name, value)
        }
    }

    /// With one more parameter, whatever is there already.
    #[must_use]
    pub fn and(mut self, name: &str, value: &str) -> Self {
        self.pairs.push((name.to_owned(), value.to_owned()));
        self
    }

    /// For this scope.
    #[must_use]
    pub fn scope(self, scope: &str) -> Self {
        self.with("scope", scope)
    }

    /// Its parameters.
    #[must_use]
    pub fn pairs(&self) -> Vec<(&str, &str)> {
        self.pairs
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect()
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self, server: &TestServer) -> String {
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.pairs)
            .finish();
        server.url(&format!("/authorize?{query}"))
    }
}

/// Fills in the login form.
pub async fn log_in_at(browser: &mut Browser<'_>, page: &Page, person: Person) -> Page {
    assert!(
        page.path().ends_with("/login"),
        "{} {}",
        page.url,
        page.text()
    );
    let fill = [("username", person.username), ("password", person.password)];
    browser.submit(page, page.form(), &fill).await
}

/// Presses a button of the consent page or the chooser.
pub async fn decide(browser: &mut Browser<'_>, page: &Page, decision: &str) -> Page {
    let form = page.form();
    let button = ("decision".to_owned(), decision.to_owned());
    assert!(
        form.buttons.contains(&button),
        "{} {}",
        page.url,
        page.text()
    );
    browser.submit(page, form, &[("decision", decision)]).await
}

/// Logs in without a client, as a person does who wants their account page.
pub async fn log_in(browser: &mut Browser<'_>, person: Person) -> Page {
    let url = browser.server().url("/login");
    let page = browser.open(&url).await;
    let account = log_in_at(browser, &page, person).await;
    assert!(
        account.path().ends_with("/account/profile"),
        "{}",
        account.text()
    );
    account
}

/// Goes through login and consent, where they are asked for, to the redirect to the client.
pub async fn walk(browser: &mut Browser<'_>, request: &Authorization, person: Person) -> Page {
    let mut page = browser.open(&request.url(browser.server())).await;
    if page.path().ends_with("/login") && page.status() == 200 {
        page = log_in_at(browser, &page, person).await;
    }
    if page.path().ends_with("/consent") && page.status() == 200 {
        page = decide(browser, &page, "allow").await;
    }
    page
}

/// The code of a request.
pub async fn code_for(
    browser: &mut Browser<'_>,
    request: &Authorization,
    person: Person,
) -> String {
    let page = walk(browser, request, person).await;
    let told = page.callback();
    let code = told.get("code");
    code.unwrap_or_else(|| panic!("no code: {told:?}")).clone()
}

/// Redeems a code with the verifier of all requests.
pub async fn redeem(server: &TestServer, client: TestClient, code: &str) -> Answer {
    redemption(client, code)
        .into_iter()
        .fold(server.post("/token"), |call, pair| call.form(&[pair]))
        .client(client)
        .send()
        .await
}

/// The parameters of a redemption.
#[must_use]
pub fn redemption(client: TestClient, code: &str) -> [(&'static str, &str); 4] {
    [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", client.redirect_uri),
        ("code_verifier", VERIFIER),
    ]
}

/// Redeems a refresh token.
pub async fn refresh(server: &TestServer, client: TestClient, token: &str) -> Answer {
    server
        .post("/token")
        .form(&[("grant_type", "refresh_token"), ("refresh_token", token)])
        .client(client)
        .send()
        .await
}

/// What the provider says of a token.
pub async fn introspect(server: &TestServer, client: TestClient, token: &str) -> Value {
    let call = server.post("/introspection").client(client);
    call.form(&[("token", token)]).send().await.granted()
}

/// Whether a token is active, as a client that may know sees it.
pub async fn is_active(server: &TestServer, client: TestClient, token: &str) -> bool {
    introspect(server, client, token).await["active"] == true
}

/// Logs a person in for a scope and redeems the code.
pub async fn tokens(
    browser: &mut Browser<'_>,
    client: TestClient,
    (person, scope): (Person, &str),
) -> Value {
    let request = Authorization::of(client).scope(scope);
    let code = code_for(browser, &request, person).await;
    redeem(browser.server(), client, &code).await.granted()
}
