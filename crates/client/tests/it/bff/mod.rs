//! The backend of a single-page app, with a browser in front, a scripted provider beside it and an API behind.

mod api;
mod attacks;
mod backchannel;
mod cardea;
mod csrf;
mod easy;
mod faulty_store;
mod login;
mod logout;
mod lost;
mod proxy;
mod refresh;
mod secrets;
mod session;
mod step_up;
pub(crate) mod world;
