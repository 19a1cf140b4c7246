//! What the background and the command line do to a server, one round at a time.

use std::sync::Arc;

use axum::body::Body;
use cardea_server::{App, jobs};
use cardea_web::inbound::Peer;
use futures_util::future::join_all;
use http::Request;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::TestServer;

impl TestServer {
    /// Sends the logouts that are due, as the background of each node does all the time.
    pub async fn send_logouts(&self) {
        self.on_each_node(jobs::send_logouts).await;
    }

    /// Sends the mails that are due, as the background of each node does all the time.
    pub async fn send_mails(&self) {
        self.on_each_node(jobs::send_mails).await;
    }

    /// Ends the accounts that are due, as the background of each node does all the time.
    pub async fn end_due_accounts(&self) {
        self.on_each_node(|app| jobs::end_due_accounts(app)).await;
    }

    /// Does the resets of second factors that are due, as the background of each node does all the time.
    pub async fn reset_due_factors(&self) {
        self.on_each_node(|app| jobs::reset_due_factors(app)).await;
    }

    /// Moves the signing keys that are due, as the background of each node does all the time.
    pub async fn turn_keys(&self) {
        self.on_each_node(|app| jobs::turn_keys(app)).await;
    }

    /// Reads what other nodes and commands have changed, as each node does every second.
    pub async fn see_changes(&self) {
        self.on_each_node(|app| jobs::see_changes(app)).await;
    }

    async fn on_each_node<'a, F, E: std::fmt::Debug>(&'a self, job: impl Fn(&'a Arc<App>) -> F)
    where
        F: Future<Output = Result<(), E>>,
    {
        for done in join_all(self.apps.iter().map(job)).await {
            done.unwrap();
        }
    }

    /// Begins a rotation of the keys, as `cardea key rotate` does; `at_once` as with `--now`.
    pub async fn rotate_keys(&self, at_once: bool) {
        let body = serde_json::json!({ "now": at_once });
        let (status, _) = self.administer("POST", "/keys/rotate", body).await;
        assert_eq!(status, 200);
    }

    /// A request to the administration, as the command line sends it.
    pub async fn administer(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let request = Request::builder().method(method).uri(path);
        let mut request = request
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        request.extensions_mut().insert(Peer::Unix { uid: 1000 });
        let admin = cardea_server::admin::router(&self.apps[0]);
        let answer = admin.oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let bytes = axum::body::to_bytes(answer.into_body(), 1 << 20).await;
        let json = serde_json::from_slice(&bytes.unwrap());
        (status, json.unwrap_or_default())
    }
}
