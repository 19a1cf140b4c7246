//! Requests that this process makes: to URLs that came as data (design D20), and to a provider on this machine.

pub mod addresses;
pub mod guarded_client;
pub mod jwks_cache;
pub mod unix_client;

pub use guarded_client::{FetchError, GuardedClient};
pub use jwks_cache::{JwksCache, JwksError};
