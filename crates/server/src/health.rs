//! Whether the process lives, and whether it can serve.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use cardea_web::inbound::Problem;
use http::{StatusCode, header};

use crate::{app::Shared, caller::Caller};

/// `GET /health/live`
pub(crate) async fn live() -> &'static str {
    "live\n"
}

/// `GET /health/ready`: the store reads and writes, and the node is not about to stop.
pub(crate) async fn ready(State(app): State<Shared>, caller: Caller) -> Response {
    if app.is_stopping() {
        return not_ready("This node is about to stop");
    }
    match app.store.ready().await {
        Ok(()) => "ready\n".into_response(),
        Err(error) => {
            tracing::error!(request_id = %caller.request_id, %error, "not ready");
            not_ready("The store can't be used right now")
        }
    }
}

fn not_ready(title: &'static str) -> Response {
    let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, title);
    ([(header::RETRY_AFTER, "1")], problem).into_response()
}
