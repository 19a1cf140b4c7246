//! The administration: JSON in and out, for the operator's command line (D5).
//!
//! It is served on the Unix socket beside the database, and called in process by the command line when no provider runs. One
//! file per subject; an error is a problem document with the id of the request.

mod audit;
mod clients;
mod ending;
mod findings;
mod grants;
mod keys;
mod list;
mod operator;
mod refusal;
mod sessions;
mod status;
#[cfg(test)]
mod tests;
mod users;

use std::sync::Arc;

use axum::{
    Router, middleware,
    routing::{delete, get, post},
};
use cardea_web::inbound::Inbound;

pub use findings::{Finding, Level};
pub use status::{Status, StoreOwner, inspect};

use crate::app::{App, Shared};

/// The administration as a router. Only processes of the same user may reach it; `operator.rs` sees to that.
pub fn router(app: &Arc<App>) -> Router {
    let routes: Router<Shared> = Router::new()
        .route("/status", get(status::get))
        .route("/clients", get(clients::list).post(clients::add))
        .route(
            "/clients/{id}",
            get(clients::show)
                .patch(clients::set)
                .delete(clients::remove),
        )
        .route("/clients/{id}/enable", post(clients::enable))
        .route("/clients/{id}/disable", post(clients::disable))
        .route("/clients/{id}/secret", post(clients::rotate_secret))
        .route("/users", get(users::list).post(users::add))
        .route(
            "/users/{user}",
            get(users::show).patch(users::set).delete(users::remove),
        )
        .route("/users/{user}/password", post(users::password))
        .route("/users/{user}/enable", post(users::enable))
        .route("/users/{user}/disable", post(users::disable))
        .route(
            "/users/{user}/sessions",
            get(sessions::of_user).delete(sessions::end_all),
        )
        .route("/users/{user}/grants", get(grants::of_user))
        .route("/sessions", get(sessions::list))
        .route("/sessions/{sid}", delete(sessions::end))
        .route("/grants", get(grants::list))
        .route("/grants/{id}", delete(grants::revoke))
        .route("/keys", get(keys::list))
        .route("/keys/rotate", post(keys::rotate))
        .route("/keys/{kid}", delete(keys::remove))
        .route("/audit", get(audit::list))
        .fallback(refusal::no_route)
        .method_not_allowed_fallback(refusal::wrong_method)
        .layer(middleware::from_fn(refusal::log));
    let inbound = Inbound::new(
        app.settings.issuer.is_https(),
        u64::from_be_bytes(app.entropy.bytes()),
    );
    inbound.wrap(routes.with_state(Arc::clone(app)))
}
