//! Pages for those who are logged in, or who may.
//!
//! ```
//! # use axum::{Router, routing::get};
//! # use cardea_client::{bff::Bff, guard::{self, LoggedIn}};
//! # fn router(bff: Bff) -> Router {
//! async fn hello(user: LoggedIn) -> String {
//!     format!("Hello {}", user.identity().sub)
//! }
//!
//! Router::new()
//!     .route("/hello", get(hello))
//!     .route("/admin", get(|| async { "for admins" }).layer(guard::role(&bff, "admin")))
//!     .merge(bff.routes())
//!     .with_state(bff)
//! # }
//! ```
//!
//! A user who isn't logged in is sent to the login and comes back to the page that was asked for. A call of a script, or a
//! request that changes something, gets a 401 instead: what it was about to do could not be repeated.

mod layer;
mod logged_in;
mod refusal;

pub use layer::{Guard, Guarded, logged_in, permission, role};
pub use logged_in::LoggedIn;
