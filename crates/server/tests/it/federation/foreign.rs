//! Sign-in at a provider that was not written here: npm's `oidc-provider`. `cargo xtask test --only interop` runs this.

use std::io::Write as _;

use cardea_server::config::UpstreamConfig;
use cardea_testkit::{
    Browser, LogoutReceiver, Page, TestServer,
    flows::Authorization,
    foreign::{ForeignBrowser, ForeignProvider, SECRET},
};
use cardea_web::clock::{Clock as _, SystemClock};
use tempfile::NamedTempFile;

use super::stage::{button, has_no_session, is_signed_in, request};

const CALLBACK: &str = "https://id.example.test/federation/up/callback";

struct World {
    provider: ForeignProvider,
    server: TestServer,
    logouts: LogoutReceiver,
    _secret: NamedTempFile,
}

impl World {
    async fn new(secret: &str) -> Self {
        let logouts = LogoutReceiver::start().await;
        let provider = ForeignProvider::telling(&logouts.uri());
        let mut file = NamedTempFile::new().unwrap();
        file.write_all(secret.as_bytes()).unwrap();
        let upstream = UpstreamConfig {
            id: "up".to_owned(),
            issuer: provider.issuer.clone(),
            client_id: "cardea".to_owned(),
            client_secret_file: Some(file.path().display().to_string()),
            logout: true,
            ..UpstreamConfig::default()
        };
        let builder = TestServer::builder().config(|config| config.upstreams = vec![upstream]);
        let server = builder.start().await;
        // That provider has the real time.
        server.advance(SystemClock.now().duration_since(server.cause().now));
        Self {
            provider,
            server,
            logouts,
            _secret: file,
        }
    }

    /// Presses the button; where the browser is sent.
    async fn begin(&self, here: &mut Browser<'_>, request: &Authorization) -> String {
        let page = here.open(&request.url(&self.server)).await;
        let away = here.submit(&page, button(&page), &[]).await;
        let location = away.answer.header("location");
        let location = location.unwrap_or_else(|| panic!("{}", away.text()));
        assert!(location.starts_with(&self.provider.issuer), "{location}");
        location.to_owned()
    }

    async fn sign_in(&self, here: &mut Browser<'_>, there: &mut ForeignBrowser) -> Page {
        let asked = self.begin(here, &request()).await;
        let back = walk(there, &asked, "dana").await;
        here.open(&back).await
    }
}

/// Fills in the provider's pages until it sends the browser back, and to where.
async fn walk(browser: &mut ForeignBrowser, url: &str, login: &str) -> String {
    let mut page = browser.open(url).await;
    loop {
        if let Some(location) = page.answer.header("location") {
            return location.to_owned();
        }
        let form = page.form();
        let fill = match form.value("prompt") {
            "login" => vec![("login", login), ("password", "any")],
            _ => Vec::new(),
        };
        page = browser.submit(&page, form, &fill).await;
    }
}

#[tokio::test]
#[ignore = "needs npm's oidc-provider: cargo xtask test --only interop"]
async fn a_user_signs_in_with_claims_and_a_new_key() {
    let world = World::new(SECRET).await;
    let mut here = Browser::new(&world.server);
    let mut there = ForeignBrowser::new(&world.provider.issuer);
    let page = world.sign_in(&mut here, &mut there).await;
    assert!(
        is_signed_in(&page, "The dana"),
        "{} {}",
        page.url,
        page.text()
    );
    let key = cardea_protocol::federation::LinkKey::of(
        &cardea_protocol::federation::UpstreamId::parse("up").unwrap(),
        &world.provider.issuer,
        "dana",
    );
    let user = world.server.store.linked_user(&key).await.unwrap().unwrap();
    // From userinfo: this provider keeps such claims out of its ID tokens.
    assert_eq!(user.claims["name"], "The dana");

    world.provider.turn_keys().await;
    let mut other = Browser::new(&world.server);
    let mut there = ForeignBrowser::new(&world.provider.issuer);
    let page = world.sign_in(&mut other, &mut there).await;
    assert!(is_signed_in(&page, "The dana"), "{}", page.text());
    let links = world.server.store.links_of(&user.subject).await.unwrap();
    assert_eq!(links.len(), 1, "it is the same account");
}

#[tokio::test]
#[ignore = "needs npm's oidc-provider: cargo xtask test --only interop"]
async fn a_new_sign_in_is_asked_for_and_shown() {
    let world = World::new(SECRET).await;
    let mut here = Browser::new(&world.server);
    let mut there = ForeignBrowser::new(&world.provider.issuer);
    world.sign_in(&mut here, &mut there).await;
    // There is a session there; with prompt=login its user is asked again, and comes back with a new auth_time.
    let mut other = Browser::new(&world.server);
    let asked = world
        .begin(&mut other, &request().with("prompt", "login"))
        .await;
    let page = there.open(&asked).await;
    assert_eq!(page.form().value("prompt"), "login", "{}", page.text());
    let back = walk(&mut there, &asked, "dana").await;
    let page = other.open(&back).await;
    assert!(
        is_signed_in(&page, "The dana"),
        "{} {}",
        page.url,
        page.text()
    );
}

#[tokio::test]
#[ignore = "needs npm's oidc-provider: cargo xtask test --only interop"]
async fn a_sign_out_here_is_one_there_and_one_there_is_one_here() {
    let world = World::new(SECRET).await;
    let mut one = Browser::new(&world.server);
    let mut there = ForeignBrowser::new(&world.provider.issuer);
    world.sign_in(&mut one, &mut there).await;
    let page = one.open(&world.server.url("/account/profile")).await;
    let mut forms = page.forms().into_iter();
    let form = forms.find(|form| form.value("action") == "log_out");
    let done = one.submit(&page, form.unwrap(), &[]).await;
    let refresh = done.answer.header("refresh").unwrap();
    let url = refresh.strip_prefix("0; url=").unwrap().to_owned();

    // Another browser of the user, signed in by the same session there.
    let mut two = Browser::new(&world.server);
    world.sign_in(&mut two, &mut there).await;
    assert!(!has_no_session(&two));

    let page = there.open(&url).await;
    let back = there.submit(&page, page.form(), &[("logout", "yes")]).await;
    let location = back.answer.header("location").unwrap();
    assert!(
        location.starts_with("https://id.example.test/end_session/done?state="),
        "{location}"
    );
    assert_eq!(one.open(location).await.status(), 200);
    for token in world.logouts.told() {
        let call = world.server.post("/federation/up/backchannel_logout");
        let answer = call.form(&[("logout_token", &token)]).send().await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    assert!(world.logouts.count() > 0);
    let page = two.open(&request().url(&world.server)).await;
    assert!(page.path().ends_with("/login"), "{}", page.url);
    // And there the user is asked for the password again.
    let asked = world.begin(&mut two, &request()).await;
    assert_eq!(there.open(&asked).await.form().value("prompt"), "login");
}

#[tokio::test]
#[ignore = "needs npm's oidc-provider: cargo xtask test --only interop"]
async fn its_errors_are_pages_with_a_way_on() {
    let world = World::new("another-secret").await;
    let mut here = Browser::new(&world.server);
    let mut there = ForeignBrowser::new(&world.provider.issuer);
    let page = world.sign_in(&mut here, &mut there).await;
    page.is_trouble(502, "The sign-in did not work");
    assert!(has_no_session(&here));

    // The user stops there.
    let world = World::new(SECRET).await;
    let mut here = Browser::new(&world.server);
    let asked = world.begin(&mut here, &request()).await;
    let mut there = ForeignBrowser::new(&world.provider.issuer);
    let page = there.open(&asked).await;
    let abort = format!("{}/abort", page.url);
    let back = there.open(&abort).await;
    let location = back.answer.header("location").unwrap().to_owned();
    assert!(
        location.starts_with(&format!("{CALLBACK}?error=access_denied")),
        "{location}"
    );
    here.open(&location)
        .await
        .is_trouble(403, "You were not signed in");
    assert!(has_no_session(&here));
}
