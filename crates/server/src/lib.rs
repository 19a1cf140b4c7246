//! The authorization server of Cardea.

mod account;
mod authorize;
mod choose_account;
mod consent;
mod end_session;
mod error_page;
mod login;
mod pages;
