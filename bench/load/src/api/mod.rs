//! What the resource kit costs, measured in this process: no socket stands between the clock and the work.

pub(crate) mod cached;
mod gated;
mod issuer;
mod others;
mod tally;
pub(crate) mod verify;
