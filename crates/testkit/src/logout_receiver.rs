//! The end of a client that is told of logouts, on loopback.

use std::sync::{Arc, Mutex};

use axum::{Router, extract::State, response::IntoResponse, routing::post};
use http::{HeaderMap, StatusCode};
use tokio::{net::TcpListener, sync::watch};

/// A client's end: it keeps what it is told, and answers as it is made to.
#[derive(Debug, Clone)]
pub struct LogoutReceiver {
    /// Its address and port.
    pub address: String,
    told: Arc<Mutex<Vec<String>>>,
    status: Arc<Mutex<StatusCode>>,
    held: watch::Sender<bool>,
}

impl LogoutReceiver {
    /// One whose place is known, and that isn't there.
    #[must_use]
    pub fn absent() -> Self {
        let place = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        Self {
            address: place.local_addr().unwrap().to_string(),
            told: Arc::default(),
            status: Arc::new(Mutex::new(StatusCode::OK)),
            held: watch::Sender::new(false),
        }
    }

    /// One that is there.
    pub async fn start() -> Self {
        let receiver = Self::absent();
        receiver.appear().await;
        receiver
    }

    /// One that holds its answers back until [`Self::release`].
    pub async fn holding() -> Self {
        let receiver = Self::absent();
        receiver.held.send_replace(true);
        receiver.appear().await;
        receiver
    }

    /// Gives the answers that it held back, and all later ones at once.
    pub fn release(&self) {
        self.held.send_replace(false);
    }

    /// Begins to listen.
    pub async fn appear(&self) {
        let listener = TcpListener::bind(&self.address).await.unwrap();
        let router = Router::new()
            .route("/logout", post(receive))
            .with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    }

    /// From now on it answers this.
    pub fn answers(&self, status: u16) {
        *self.status.lock().unwrap() = StatusCode::from_u16(status).unwrap();
    }

    /// Its `backchannel_logout_uri`.
    #[must_use]
    pub fn uri(&self) -> String {
        format!("http://{}/logout", self.address)
    }

    /// The tokens it was told, from the first on.
    #[must_use]
    pub fn told(&self) -> Vec<String> {
        self.told.lock().unwrap().clone()
    }

    /// How many they are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.told().len()
    }
}

async fn receive(
    State(receiver): State<LogoutReceiver>,
    headers: HeaderMap,
    body: String,
) -> impl IntoResponse {
    assert_eq!(headers["content-type"], "application/x-www-form-urlencoded");
    let pairs: Vec<_> = form_urlencoded::parse(body.as_bytes()).collect();
    assert_eq!((pairs.len(), pairs[0].0.as_ref()), (1, "logout_token"));
    receiver.told.lock().unwrap().push(pairs[0].1.to_string());
    let mut held = receiver.held.subscribe();
    // The sender lives as long as this server.
    let _ = held.wait_for(|held| !held).await;
    let status = *receiver.status.lock().unwrap();
    // Where it would lead if anybody followed.
    (status, [("location", receiver.uri())])
}
