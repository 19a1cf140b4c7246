//! What the background and the command line do to a server, one round at a time.

use axum::body::Body;
use cardea_web::inbound::Peer;
use http::Request;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::TestServer;

impl TestServer {
    /// Sends the logouts that are due, as the background does all the time.
    pub async fn send_logouts(&self) {
        cardea_server::jobs::send_logouts(&self.app).await.unwrap();
    }

    /// Sends the mails that are due, as the background does all the time.
    pub async fn send_mails(&self) {
        cardea_server::jobs::send_mails(&self.app).await.unwrap();
    }

    /// Ends the accounts that are due, as the background does all the time.
    pub async fn end_due_accounts(&self) {
        cardea_server::jobs::end_due_accounts(&self.app)
            .await
            .unwrap();
    }

    /// Does the resets of second factors that are due, as the background does all the time.
    pub async fn reset_due_factors(&self) {
        let due = cardea_server::jobs::reset_due_factors(&self.app);
        due.await.unwrap();
    }

    /// Moves the signing keys that are due, as the background does all the time.
    pub async fn turn_keys(&self) {
        cardea_server::jobs::turn_keys(&self.app).await.unwrap();
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
        let admin = cardea_server::admin::router(&self.app);
        let answer = admin.oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let bytes = axum::body::to_bytes(answer.into_body(), 1 << 20).await;
        let json = serde_json::from_slice(&bytes.unwrap());
        (status, json.unwrap_or_default())
    }
}
