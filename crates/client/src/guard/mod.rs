//! Pages for those who are logged in, or who may.
//!
//! ```
//! # use axum::{Router, routing::get};
//! # use cardea_client::Login;
//! # fn router(login: Login) -> Router {
//! use cardea_client::{LoggedIn, require_role};
//!
//! async fn hello(user: LoggedIn) -> String {
//!     format!("Hello {}", user.name())
//! }
//!
//! Router::new()
//!     .route("/hello", get(hello))
//!     .route("/admin", get(|| async { "for admins" }).layer(require_role(&login, "admin")))
//!     .with_state(login)
//! # }
//! ```
//!
//! A user who isn't logged in is sent to the login and comes back to the page that was asked for. A call of a script, or a
//! request that changes something, gets a 401 instead: what it was about to do could not be repeated.

mod layer;
mod logged_in;
mod refusal;

pub use layer::{Guard, Guarded, require_login, require_permission, require_role};
pub use logged_in::LoggedIn;
