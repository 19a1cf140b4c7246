//! Secrets, random tokens and their hashes, key derivation and seals.
//!
//! A tour: [`Secret`] keeps a value out of logs and wipes it; [`Entropy`] is where random values come from;
//! [`RandomToken`] is given to a browser or client and [`Digest`] is what the store keeps of it;
//! [`MasterKey`] is the operator's one key, from which [`Sealer`] (encrypt) and [`MacKey`] (authenticate) derive theirs,
//! one for each purpose, issuer and epoch.

mod constant_time;
mod digest;
mod entropy;
mod hashes;
mod impossible;
mod mac;
mod master_key;
mod pbkdf2;
mod sealer;
mod secret;
mod token;

pub use constant_time::constant_time_eq;
pub use digest::{Digest, DigestError};
pub use entropy::Entropy;
pub use hashes::{Sha256, sha1};
pub use mac::MacKey;
pub use master_key::{DerivedKey, MasterKey, MasterKeyError};
pub use pbkdf2::Pbkdf2;
pub use sealer::{OpenError, Sealer};
pub use secret::Secret;
pub use token::RandomToken;
