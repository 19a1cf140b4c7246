//! Classes of authentication that an app asks Cardea for: OpenID Core §5.5.1.1, RFC 9470.

use cardea_client::rp::{
    Callback, IdentityClaims, LoginOptions, RelyingParty, RpError, StartedLogin,
};
use cardea_protocol::verify::IdTokenError;
use cardea_testkit::{
    Browser, Page, Person, TestServer,
    clients::SPA,
    factors::{App, enter, follow},
    flows,
};
use jiff::SignedDuration;
use url::Url;

use super::{
    cardea::{cardea, config},
    world::party,
};

const PASSWORD: &str = "urn:cardea:acr:password";
const MFA: &str = "urn:cardea:acr:mfa";
const STRONGEST: &str = "urn:cardea:acr:phishing-resistant";

/// An app of the kit, and a browser at Cardea.
struct Place<'a> {
    party: RelyingParty,
    browser: Browser<'a>,
}

fn essential(acr: &str) -> LoginOptions {
    LoginOptions {
        acr_values: vec![acr.to_owned()],
        ..LoginOptions::to("/")
    }
}

fn preferred(acr: &str) -> LoginOptions {
    LoginOptions {
        preferred_acr_values: vec![acr.to_owned()],
        ..LoginOptions::to("/")
    }
}

impl<'a> Place<'a> {
    fn of(server: &'a TestServer) -> Self {
        Self {
            party: party(&config(server, SPA), &server.clock),
            browser: Browser::new(server),
        }
    }

    /// Begins a login; the page that Cardea shows first.
    async fn begin(&mut self, wish: LoginOptions) -> (StartedLogin, Page) {
        let login = self.party.begin(wish).await.unwrap();
        let page = self.browser.open(&login.authorization_url).await;
        (login, page)
    }

    async fn password(&mut self, page: &Page, person: Person) -> Page {
        flows::log_in_at(&mut self.browser, page, person).await
    }

    /// Lets the app have what the browser brings back, after the consent where that is asked for.
    async fn finish(
        &mut self,
        login: &StartedLogin,
        page: Page,
    ) -> Result<IdentityClaims, RpError> {
        let page = match page.path().ends_with("/consent") && page.status() == 200 {
            true => flows::decide(&mut self.browser, &page, "allow").await,
            false => page,
        };
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(page.callback())
            .finish();
        let callback = Callback::parse(&query).unwrap();
        let logged_in = self.party.finish(&callback, &login.state).await?;
        Ok(logged_in.identity)
    }

    /// Sets up an authenticator app on the way of a login that demands a second factor.
    async fn enroll(&mut self, server: &TestServer, person: Person) -> App {
        let (login, page) = self.begin(essential(MFA)).await;
        let page = self.password(&page, person).await;
        assert_eq!(page.path(), "/second_factor", "{}", page.text());
        let app = App::scan(&page);
        let page = enter(&mut self.browser, &page, &app.code(server)).await;
        let page = follow(&mut self.browser, &page, "/consent").await;
        let identity = self.finish(&login, page).await.unwrap();
        assert_eq!(identity.acr.as_deref(), Some(MFA));
        // The code that proved the app is used.
        server.advance(SignedDuration::from_secs(30));
        app
    }
}

fn acr(reached: &Result<IdentityClaims, RpError>) -> Option<&str> {
    reached.as_ref().unwrap().acr.as_deref()
}

#[tokio::test]
async fn a_second_factor_that_an_app_demands_or_prefers_is_reached_with_totp() {
    let server = cardea().await;
    let app = Place::of(&server).enroll(&server, Person::ALICE).await;
    for wish in [essential(MFA), preferred(MFA)] {
        let mut place = Place::of(&server);
        let (login, page) = place.begin(wish).await;
        let page = place.password(&page, Person::ALICE).await;
        assert_eq!(page.path(), "/second_factor", "{}", page.text());
        let page = enter(&mut place.browser, &page, &app.code(&server)).await;
        let identity = place.finish(&login, page).await;
        assert_eq!(acr(&identity), Some(MFA));
        assert_eq!(identity.unwrap().amr, ["pwd", "otp", "mfa"]);
        server.advance(SignedDuration::from_secs(30));
    }
}

#[tokio::test]
async fn rfc_9470_a_session_with_a_password_only_is_stepped_up_by_a_code() {
    let server = cardea().await;
    let mut place = Place::of(&server);
    let (login, page) = place.begin(LoginOptions::to("/")).await;
    let page = place.password(&page, Person::ALICE).await;
    let before = place.finish(&login, page).await.unwrap();
    assert_eq!(before.acr.as_deref(), Some(PASSWORD));
    let app = Place::of(&server).enroll(&server, Person::ALICE).await;
    let (login, page) = place.begin(essential(MFA)).await;
    assert_eq!(page.path(), "/second_factor", "not the password again");
    let page = enter(&mut place.browser, &page, &app.code(&server)).await;
    let after = place.finish(&login, page).await.unwrap();
    assert_eq!(after.acr.as_deref(), Some(MFA));
    assert_eq!((after.sub, after.sid), (before.sub, before.sid));
}

#[tokio::test]
async fn a_class_that_the_user_cannot_reach_is_the_specified_error_or_no_error_for_a_wish() {
    let server = cardea().await;
    let mut place = Place::of(&server);
    let (login, page) = place.begin(essential(STRONGEST)).await;
    let page = place.password(&page, Person::BOB).await;
    let refused = place.finish(&login, page).await;
    let unmet = "unmet_authentication_requirements";
    assert!(
        matches!(&refused, Err(RpError::Refused { code, .. }) if code == unmet),
        "{refused:?}"
    );
    // A class that Cardea does not know is refused before the user is asked for anything.
    let mut place = Place::of(&server);
    let (login, page) = place.begin(essential("urn:example:gold")).await;
    let refused = place.finish(&login, page).await;
    assert!(
        matches!(&refused, Err(RpError::Refused { code, .. }) if code == unmet),
        "{refused:?}"
    );
    let (login, page) = place.begin(preferred(STRONGEST)).await;
    let page = place.password(&page, Person::BOB).await;
    let reached = place.finish(&login, page).await;
    assert_eq!(acr(&reached), Some(PASSWORD), "what was reached");
}

#[tokio::test]
async fn a_user_who_has_reached_more_than_an_app_demands_is_not_refused() {
    let server = cardea().await;
    let mut place = Place::of(&server);
    place.enroll(&server, Person::ALICE).await;
    let (login, page) = place.begin(essential(PASSWORD)).await;
    let reached = place.finish(&login, page).await;
    assert_eq!(acr(&reached), Some(PASSWORD), "as it was asked for");
}

#[tokio::test]
async fn a_browser_that_cuts_the_demand_out_of_the_request_gets_no_session_of_the_app() {
    let server = cardea().await;
    let mut place = Place::of(&server);
    let login = place.party.begin(essential(MFA)).await.unwrap();
    let mut url = Url::parse(&login.authorization_url).unwrap();
    let pairs = url.query_pairs().into_owned();
    let kept: Vec<(String, String)> = pairs
        .filter(|(name, _)| !["acr_values", "claims"].contains(&name.as_str()))
        .collect();
    url.query_pairs_mut().clear().extend_pairs(kept);
    let page = place.browser.open(url.as_str()).await;
    let page = place.password(&page, Person::BOB).await;
    let refused = place.finish(&login, page).await;
    assert_eq!(refused.err(), Some(RpError::IdToken(IdTokenError::Acr)));
}
