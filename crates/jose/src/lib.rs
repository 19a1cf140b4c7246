//! JSON Web Keys (RFC 7517), their thumbprints (RFC 7638) and compact JSON Web Signatures (RFC 7515), with the asymmetric
//! algorithms RS256, PS256, ES256, ES384 and `EdDSA` (Ed25519).
//!
//! A tour: [`SigningKey`] signs; its [`Jwk`] is published in a [`KeySet`]; [`KeySet::verify`] checks a token against what
//! the caller [`Expected`]. [`peek`] reads a token without checking it, only to find out whose keys are to be used.
//!
//! The rules, for all of it:
//! - Keys are parsed once. One [`VerificationKey`] has one algorithm.
//! - The algorithm comes from the key and the caller's allow-list; the token's header must merely agree. `none` and the
//!   HMAC algorithms don't exist here.
//! - Keys come from the caller only: the header members `jku`, `jwk`, `x5u` and `x5c` are ignored, never followed.
//! - `crit` and `b64` are refused, for no extension is understood.
//! - Everything is bounded: tokens by [`MAX_TOKEN_LEN`], key sets by [`MAX_KEY_SET_LEN`] or the caller, and by [`MAX_KEYS`].

mod algorithm;
mod base64url;
mod compact;
mod error;
mod half_hash;
mod header;
mod jwk;
mod key_set;
mod rsa;
mod signing_key;
mod verification_key;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use compact::{MAX_TOKEN_LEN, UnverifiedJws, peek};
pub use error::{KeyError, KeySetError, SignError, VerifyError};
pub use half_hash::half_hash;
pub use header::Header;
pub use jwk::Jwk;
pub use key_set::{Expected, KeySet, MAX_KEY_SET_LEN, MAX_KEYS, Verified};
pub use signing_key::SigningKey;
pub use verification_key::VerificationKey;
