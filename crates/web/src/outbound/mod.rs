//! Outgoing requests: to URLs from input (design D20), to the configured issuer, to configured upstreams, and to a provider
//! on this machine.

pub mod addresses;
mod authorities;
pub mod guarded_client;
pub mod issuer_client;
pub mod issuer_keys;
pub mod issuer_metadata;
pub mod jwks_cache;
mod members;
mod refreshed;
pub mod unix_client;
pub mod upstream_client;
pub mod upstream_tls;

pub use guarded_client::{FetchError, GuardedClient};
pub use issuer_client::{Answer, IssuerClient, IssuerClientConfig};
pub use issuer_keys::{IssuerKeys, KeysSource};
pub use issuer_metadata::{IssuerMetadata, MetadataCache};
pub use jwks_cache::{JwksCache, JwksError};
pub use upstream_client::{
    UpstreamClient, UpstreamConfig, UpstreamConfigError, UpstreamError, take_off_hop_by_hop,
};
