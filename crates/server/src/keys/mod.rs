//! The key ring in memory: parsed once, swapped as a whole (D13).

mod error;
mod key_ring;
mod ring;
mod turn;

pub use error::KeyError;
pub(crate) use key_ring::{ACCESS_TOKEN_DEFAULT, ID_TOKEN_DEFAULT, KeyRing, key_sealer};
pub(crate) use turn::{RemoveError, active_from};
pub use turn::{RotateError, Turned};
