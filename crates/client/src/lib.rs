//! Log users in to an app, with any OpenID provider.
//!
//! ```
//! use std::{error::Error, sync::Arc};
//! use axum::{Router, routing::get};
//! use cardea_client::{Entropy, MasterKey, SystemClock, bff::{Bff, BffConfig}, guard::LoggedIn};
//! use cardea_client::{rp::{ClientConfig, RelyingParty}, session::{MemoryStore, SessionConfig, Sessions}};
//!
//! async fn hello(user: LoggedIn) -> String {
//!     format!("Hello {}", user.identity().sub)
//! }
//!
//! fn app(session_key: &str) -> Result<Router, Box<dyn Error>> {
//!     let (clock, entropy) = (Arc::new(SystemClock), Entropy::system());
//!     let client = ClientConfig::cardea("https://id.example.com", "webapp", "https://app.example.com/callback");
//!     let rp = RelyingParty::new(&client, clock.clone(), entropy.clone())?;
//!     let config = SessionConfig::new(MasterKey::parse(session_key)?, "https://app.example.com");
//!     let sessions = Sessions::new(config, Arc::new(MemoryStore::default()), clock, entropy)?;
//!     let bff = Bff::new(BffConfig::pages(), rp, sessions)?;
//!     Ok(Router::new().route("/", get(hello)).merge(bff.routes()).with_state(bff))
//! }
//! # assert!(app("AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE").is_ok());
//! ```
//!
//! Who asks for `/` and isn't logged in goes to the provider and comes back; `/login`, `/callback`, `/logout` and
//! `/backchannel-logout` are there. For a single-page app take [`bff::BffConfig::spa`].
//!
//! - [`rp`]: the relying party: sends users to the provider, and proves who came back.
//! - [`session`]: sessions on the server, where the tokens stay.
//! - [`bff`]: the backend of a single-page app.
//! - [`guard`]: pages for those who are logged in, or have a role.

pub mod bff;
pub mod guard;
pub mod rp;
pub mod session;

pub use cardea_seal::{Entropy, MasterKey};
pub use cardea_web::clock::{Clock, SystemClock};
pub use cardea_web::permissions::Permissions;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/how-to/add-login-to-an-app.md")]
struct HowTo;
