//! `/authorize`: what is answered, where, and what a hostile request gets.

mod prompts;
mod refusals;
mod success;
mod tickets;
