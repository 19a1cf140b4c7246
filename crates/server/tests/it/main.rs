//! The provider over HTTP, in process: what each endpoint gives, and what an enemy gets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod account;
mod account_activity;
mod account_deletion;
mod account_export;
mod account_password;
mod account_sections;
mod authorize;
mod backchannel_logout;
mod choose_organization;
mod client_logo;
mod cors;
mod discovery;
mod email_change;
mod end_session;
mod enumeration;
mod expired_account;
mod explained;
mod factor_reset;
mod federation;
mod introspection;
mod invitations;
mod languages;
mod limits;
mod login;
mod logout_parameters;
mod logs;
mod mail;
mod mails;
mod new_password;
mod nodes;
mod not_me;
mod notices;
mod organizations;
mod passkeys;
mod password_reset;
mod profile;
mod remembered;
mod revocation;
mod second_factor;
mod sessions;
mod sign_up;
mod store_trouble;
mod surface;
mod tenant;
mod token;
mod userinfo;
