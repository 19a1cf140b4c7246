//! An API that runs on while Cardea's keys turn, and while Cardea is away.

use std::{
    collections::{BTreeSet, VecDeque},
    net::{SocketAddr, TcpListener},
    sync::Arc,
};

use axum::{Router, routing::get};
use cardea_resource::{AccessToken, Api, ApiConfig, Clock, require_scope};
use cardea_testkit::{TestServer, clients::SCRIPT};
use jiff::SignedDuration;
use tokio::runtime::Runtime;

use crate::world::{API, send, with_token};

/// Cardea on sockets of its own, which can be taken away and brought back.
struct Provider {
    server: TestServer,
    address: SocketAddr,
    sockets: Option<Runtime>,
}

impl Provider {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let issuer = format!("http://{address}");
        let server = TestServer::builder().issuer(&issuer).start().await;
        let mut provider = Self {
            server,
            address,
            sockets: None,
        };
        provider.listen(listener);
        provider
    }

    fn listen(&mut self, listener: TcpListener) {
        let sockets = Runtime::new().unwrap();
        let router = self.server.router();
        listener.set_nonblocking(true).unwrap();
        sockets.spawn(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, router).await
        });
        self.sockets = Some(sockets);
    }

    /// Closes everything, connections in use too.
    fn goes_away(&mut self) {
        self.sockets.take().unwrap().shutdown_background();
    }

    fn comes_back(&mut self) {
        self.listen(TcpListener::bind(self.address).unwrap());
    }

    async fn token(&self) -> String {
        let form = [
            ("grant_type", "client_credentials"),
            ("scope", "orders:read"),
        ];
        let call = self.server.post("/token").form(&form).client(SCRIPT);
        let granted = call.send().await.granted();
        granted["access_token"].as_str().unwrap().to_owned()
    }

    fn api(&self) -> Router {
        let config = ApiConfig::new(self.server.issuer(), API);
        let clock = Arc::clone(&self.server.clock) as Arc<dyn Clock>;
        let orders = async |token: AccessToken| token.subject().to_owned();
        let routes =
            Router::new().route("/orders", get(orders).layer(require_scope("orders:read")));
        Api::with_clock(&config, clock).unwrap().protect(routes)
    }

    fn passes(&self, seconds: i64) {
        self.server.advance(SignedDuration::from_secs(seconds));
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        // A runtime can't wait for its end within another.
        if let Some(sockets) = self.sockets.take() {
            sockets.shutdown_background();
        }
    }
}

/// Calls with all these tokens at once; every one must pass.
async fn all_pass(api: &Router, tokens: impl IntoIterator<Item = &String>) {
    let mut calls = tokio::task::JoinSet::new();
    for token in tokens {
        let (api, token) = (api.clone(), token.clone());
        calls.spawn(async move {
            send(api, with_token("/orders", &token))
                .await
                .status
                .as_u16()
        });
    }
    let statuses = calls.join_all().await;
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
}

fn header(token: &str) -> String {
    token.split('.').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_rotation_of_cardeas_keys_fails_no_request() {
    let provider = Provider::start().await;
    let api = provider.api();
    let mut alive = VecDeque::new();
    let mut keys = BTreeSet::new();
    // An hour and a half, minute by minute: a rotation by plan, and one at once as after a leak.
    for minute in 0..90 {
        match minute {
            5 => provider.server.rotate_keys(false).await,
            60 => provider.server.rotate_keys(true).await,
            _ => {}
        }
        provider.server.turn_keys().await;
        let token = provider.token().await;
        keys.insert(header(&token));
        alive.push_front(token);
        // Access tokens live for a quarter of an hour.
        alive.truncate(15);
        all_pass(&api, &alive).await;
        provider.passes(60);
    }
    assert_eq!(keys.len(), 3);
}

#[tokio::test]
async fn good_tokens_pass_while_cardea_is_away_for_a_minute() {
    let mut provider = Provider::start().await;
    let api = provider.api();
    let seen = provider.token().await;
    let unseen = provider.token().await;
    all_pass(&api, [&seen]).await;
    // Now the keys are due to be read again, which can't be done.
    provider.passes(14 * 60 + 30);
    provider.goes_away();
    for _ in 0..12 {
        provider.passes(2);
        all_pass(&api, [&seen, &unseen]).await;
    }
    let young = provider.token().await;
    for _ in 0..36 {
        provider.passes(1);
        all_pass(&api, [&young]).await;
    }
    provider.comes_back();
    all_pass(&api, [&young, &provider.token().await]).await;
}
