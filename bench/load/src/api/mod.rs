//! The cost of the resource kit, measured in this process, without a socket.

pub(crate) mod cached;
mod gated;
mod issuer;
mod others;
mod tally;
pub(crate) mod verify;
