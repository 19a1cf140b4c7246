//! Log users in to an app, with any OpenID provider.
//!
//! ```no_run
//! use axum::{Router, routing::get};
//! use cardea_client::{LoggedIn, Login, rp::ClientConfig};
//!
//! async fn hello(user: LoggedIn) -> String {
//!     format!("Hello {}", user.name())
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let client = ClientConfig::cardea("https://id.example.com", "webapp", "https://app.example.com/callback");
//!     let key = std::env::var("SESSION_KEY")?; // openssl rand -base64 32
//!     let login = Login::new(client.secret(std::env::var("CLIENT_SECRET")?), key)?;
//!     let router = Router::new().route("/", get(hello)).with_state(login.clone());
//!     let listener = tokio::net::TcpListener::bind("127.0.0.1:5174").await?;
//!     Ok(login.serve(listener, router).await?)
//! }
//! ```
//!
//! A user who asks for `/` and isn't logged in goes to the provider and comes back; `/login`, `/callback`, `/user`, `/logout` and
//! `/backchannel-logout` are there. For a single-page app say [`Login::api`].
//!
//! - [`Login`]: the login of an app, in one value.
//! - [`LoggedIn`], [`require_login`], [`require_role`], [`require_permission`]: pages for those who are logged in, or may.
//!
//! Below it, for programs that need other parts:
//!
//! - [`rp`]: the relying party: sends users to the provider, and proves who came back.
//! - [`session`]: sessions on the server, where the tokens stay.
//! - [`bff`]: the routes.
//! - [`guard`]: the guards.

pub mod bff;
pub mod guard;
mod login;
mod not_ready;
pub mod rp;
pub mod session;

pub use bff::{PageError, PageErrorKind, ReturnTo};
pub use cardea_seal::{Entropy, MasterKey};
pub use cardea_web::clock::{Clock, SystemClock};
pub use cardea_web::config::{SecretText, load};
pub use cardea_web::inbound::{
    ClientAddress, FormPairs, PageHeaders, Problem, QueryPairs, RequestId,
};
pub use cardea_web::log::{LogWriter, Report as LogReport};
pub use cardea_web::permissions::Permissions;
pub use guard::{LoggedIn, require_login, require_permission, require_role};
pub use login::{ConfigError, Login, SessionKey};
pub use not_ready::NotReady;
pub use rp::ClientConfig;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/how-to/add-login-to-an-app.md")]
struct HowTo;
