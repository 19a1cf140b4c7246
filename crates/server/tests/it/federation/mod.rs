//! Sign-in at other providers, each a mock that answers as its documentation says.

mod ask_to_link;
mod attacks;
mod cardea;
mod foreign;
mod hostile;
mod links;
mod logout;
mod presets;
mod sign_in;
mod stage;
mod trouble;
