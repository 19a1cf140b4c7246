//! The authorization server of Cardea on axum.
//!
//! [`router`] has every route on one screen. A request to `/token` is read in eight stops: `routes.rs`,
//! `token/client_auth.rs`, `token/mod.rs`, `token/authorization_code.rs`, the rule of the same name in
//! `cardea-protocol`, the verb of the store, `token/mint.rs`, `error.rs`. A login: `authorize/mod.rs`, the checks of
//! `cardea-protocol`, `journey/ticket.rs`, `journey/next_step.rs`, `login/`, `consent/`, `journey/finish.rs`.

mod account;
pub mod admin;
mod after_answer;
mod answer;
mod app;
mod assets;
mod authorize;
mod backchannel_logout;
mod bearer;
mod browser;
mod caller;
mod choose_account;
mod choose_organization;
mod client_logo;
mod clients;
pub mod config;
mod consent;
mod cors;
mod ctx;
mod dev_mailbox;
mod development;
mod discovery;
mod email_undo;
mod end_session;
mod error;
mod error_page;
mod explain;
mod factor_reset;
mod federation;
mod form;
mod health;
mod i18n;
mod introspection;
mod invitation;
pub mod jobs;
mod journey;
mod keys;
mod limited;
mod limits;
mod login;
mod mail;
mod new_password;
mod not_me;
mod notice;
mod pages;
mod parts;
mod passkey;
mod password_reset;
mod passwords;
mod revocation;
mod roles;
mod routes;
mod second_factor;
mod sign_up;
mod start;
mod take_back;
mod telemetry;
mod token;
mod user_data;
mod userinfo;
mod verify_email;
mod webauthn;

pub use app::App;
pub use federation::{UpstreamCheck, UpstreamState, try_upstreams};
pub use invitation::FirstAccountLink;
pub use keys::{KeyError, RotateError, Turned};
pub use mail::{MailPreview, preview_mail, send_test_mail, try_mail_server};
pub use parts::Parts;
pub use passwords::breached::{BreachedError, build_filter};
pub use routes::router;
pub use start::StartError;
