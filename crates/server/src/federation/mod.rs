//! Sign-in at other providers (upstreams): `POST /federation/{upstream}` sends the browser there, `/federation/{upstream}/callback`
//! takes it back, and `POST /federation/{upstream}/backchannel_logout` ends the sessions that ended there.
//!
//! `begin.rs` asks, `pending.rs` is what the browser keeps meanwhile, `callback.rs` proves who came back, `arrival.rs` decides
//! which account that is (the rule is `cardea_protocol::federation`).

mod arrival;
mod backchannel_logout;
pub(crate) mod begin;
pub(crate) mod callback;
mod check;
pub(crate) mod link_account;
pub(crate) mod link_page;
pub(crate) mod logout;
pub(crate) mod page;
mod pending;
pub(crate) mod upstreams;

pub(crate) use backchannel_logout::post as backchannel_logout;
pub use check::{UpstreamCheck, UpstreamState, try_upstreams};
