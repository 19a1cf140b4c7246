//! An app at Cardea itself, over sockets: the whole way in and out.

use std::sync::Arc;

use axum::Router;
use cardea_client::{
    Entropy, MasterKey,
    bff::{Bff, BffConfig, CsrfPolicy},
    rp::{ClientConfig, RelyingParty},
    session::{MemoryStore, SessionConfig, Sessions},
};
use cardea_testkit::{Browser as AtCardea, Person, TestClient, TestServer, clients, flows, listen};
use cardea_web::{clock::Clock, inbound::Inbound};
use http::StatusCode;
use jiff::SignedDuration;
use tokio::net::TcpListener;

use super::{api::Api, world::Browser};

struct Place {
    cardea: TestServer,
    api: Api,
    app: Router,
}

/// Cardea, an API, and an app that is this client of Cardea's.
async fn place(client: TestClient) -> Place {
    let (of_app, _) = listen().await;
    let app_place = of_app.local_addr().unwrap().to_string();
    let backchannel = format!("http://{app_place}/backchannel-logout");
    let cardea = TestServer::builder()
        .client(client.id, |c| c.backchannel_logout_uri = Some(backchannel))
        .config(|config| config.outbound.allow.push(app_place))
        .listen()
        .await;
    let api = Api::start().await;
    let app = app(&cardea, client, &api);
    serve(of_app, app.clone());
    Place { cardea, api, app }
}

fn serve(listener: TcpListener, router: Router) {
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
}

fn app(cardea: &TestServer, client: TestClient, api: &Api) -> Router {
    let clock = Arc::clone(&cardea.clock) as Arc<dyn Clock>;
    let mut config = ClientConfig::cardea(cardea.issuer(), client.id, client.redirect_uri);
    config.scopes = ["openid", "profile", "orders:read"]
        .map(str::to_owned)
        .to_vec();
    let rp = RelyingParty::new(&config, Arc::clone(&clock), Entropy::system()).unwrap();
    let key = MasterKey::generate(&Entropy::system());
    let origin = client.redirect_uri.strip_suffix("/callback").unwrap();
    let sessions = SessionConfig::new(key, origin);
    let store = Arc::new(MemoryStore::default());
    let sessions = Sessions::new(sessions, store, clock, Entropy::system()).unwrap();
    let mut config = BffConfig::pages().api(&api.url);
    config.csrf = CsrfPolicy::Header;
    let bff = Bff::new(config, rp, sessions).unwrap();
    Inbound::new(true, 1).wrap(bff.routes())
}

impl Place {
    /// Logs alice in with both of her browser's halves: what the app sees of it, and what Cardea sees.
    async fn log_in<'a>(&'a self) -> (Browser, AtCardea<'a>) {
        let mut here = Browser::of(self.app.clone());
        let mut there = AtCardea::new(&self.cardea);
        let sent = here.get("/login?return_to=/orders").await;
        let mut page = there.open(sent.location()).await;
        page = flows::log_in_at(&mut there, &page, Person::ALICE).await;
        page = flows::decide(&mut there, &page, "allow").await;
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(page.callback())
            .finish();
        let back = here.get(&format!("/callback?{query}")).await;
        assert!(back.location().ends_with("/orders"), "{}", back.text());
        (here, there)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strict_rotation_survives_twenty_calls_at_once() {
    let place = place(clients::STRICT).await;
    let (browser, _) = place.log_in().await;
    place
        .cardea
        .advance(SignedDuration::from_secs(15 * 60 - 10));
    for _ in 0..2 {
        let calls = (0..20).map(|_| {
            let mut tab = browser.clone();
            tokio::spawn(async move { tab.get("/api/orders").await.status })
        });
        for call in calls.collect::<Vec<_>>() {
            assert_eq!(call.await.unwrap(), StatusCode::OK);
        }
        place.cardea.advance(SignedDuration::from_secs(15 * 60));
    }
    let calls = place.api.calls();
    let tokens: std::collections::BTreeSet<_> = calls
        .iter()
        .map(|call| call.header("authorization").unwrap())
        .collect();
    assert_eq!((calls.len(), tokens.len()), (40, 2));
}

#[tokio::test]
async fn b5_a_logout_ends_both_sessions_and_leads_back_to_the_app() {
    let place = place(clients::SPA).await;
    let (mut browser, mut at_cardea) = place.log_in().await;
    let mut copy = browser.clone();
    let answer = browser.post("/logout", &[("x-csrf", "1")], "").await;
    let to = answer.json()["redirect"].as_str().unwrap().to_owned();
    assert_eq!(copy.get("/user").await.status, StatusCode::UNAUTHORIZED);
    // The hint is the session's own, so Cardea asks nobody and forgets it.
    let page = at_cardea.open(&to).await;
    assert_eq!(page.status(), StatusCode::SEE_OTHER, "{}", page.text());
    let sent = copy.get("/login").await;
    let page = at_cardea.open(sent.location()).await;
    assert!(
        page.to_client().is_none(),
        "Cardea wants the password again"
    );
}

#[tokio::test]
async fn a_logout_at_cardea_ends_the_session_of_the_app() {
    let place = place(clients::SPA).await;
    let (mut browser, mut at_cardea) = place.log_in().await;
    assert_eq!(browser.get("/user").await.status, StatusCode::OK);
    // Another client's logout, as the user sees it: by the address, without a hint.
    let page = at_cardea.open(&place.cardea.url("/end_session")).await;
    let form = page.form();
    at_cardea.submit(&page, form, &[]).await;
    place.cardea.send_logouts().await;
    assert_eq!(browser.get("/user").await.status, StatusCode::UNAUTHORIZED);
}
