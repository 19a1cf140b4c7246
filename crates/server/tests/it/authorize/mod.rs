//! `/authorize`: what is answered, where, and what a hostile request gets.

mod long_requests;
mod prompts;
mod refusals;
pub(crate) mod stale_tickets;
mod success;
mod tickets;
