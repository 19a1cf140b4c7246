//! The relying party: sends users to an OpenID provider, and proves who came back.
//!
//! Apps take [`Login`](crate::Login), which does all of this. By itself:
//!
//! ```no_run
//! # async fn login() -> Result<(), Box<dyn std::error::Error>> {
//! use std::sync::Arc;
//! use cardea_client::{Entropy, SystemClock, rp::{Callback, ClientConfig, LoginOptions, RelyingParty}};
//!
//! let config = ClientConfig::cardea(
//!     "https://id.example.com",
//!     "webapp",
//!     "https://app.example.com/callback",
//! );
//! let party = RelyingParty::new(&config, Arc::new(SystemClock), Entropy::system())?;
//! let login = party.begin(LoginOptions::to("/orders")).await?;
//! // Keep `login.state`, send the browser to `login.authorization_url`; it comes back with a query.
//! let callback = Callback::parse("code=...&state=...")?;
//! let logged_in = party.finish(&callback, &login.state).await?;
//! println!("{} wants {}", logged_in.identity.sub, logged_in.return_to);
//! # Ok(())
//! # }
//! ```
//!
//! A tour: [`ClientConfig`] is what an app's file holds; [`RelyingParty`] speaks with the provider it names;
//! [`RelyingParty::begin`] makes a [`LoginState`] that is kept on the server until the [`Callback`] comes, and
//! [`RelyingParty::finish`] holds the one against the other. Later come [`RelyingParty::refresh`],
//! [`RelyingParty::userinfo`], [`RelyingParty::logout_url`] and [`RelyingParty::logout_token`].

mod authentication;
mod authorization;
mod callback;
mod config;
mod error;
mod finish;
mod github;
mod identity;
mod logout;
mod party;
mod presets;
mod refresh;
mod secret_text;
mod settings;
mod step_up;
mod token_answer;
mod token_endpoint;
mod tokens;
mod userinfo;

pub use authorization::{LoginOptions, LoginState, StartedLogin};
pub use callback::Callback;
pub use config::{AuthMethod, AuthenticationConfig, ClientConfig, ClientConfigError, Provider};
pub use error::{RefreshError, RpError};
pub use finish::LoggedIn;
pub use identity::IdentityClaims;
pub use logout::LogoutToken;
pub use party::RelyingParty;
pub use step_up::StepUp;
pub use tokens::Tokens;
