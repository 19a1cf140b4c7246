//! Sign-in at other providers, each a mock that answers as its documentation says.

mod attacks;
mod cardea;
mod links;
mod logout;
mod presets;
mod sign_in;
mod stage;
mod trouble;
