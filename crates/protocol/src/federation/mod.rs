//! Sign-in through other providers (upstreams): which account an identity belongs to, and which of its claims are taken.
//!
//! A provider's claims are believed only as far as the operator's configuration and the provider's documentation allow. The
//! key of an identity is issuer and subject; an e-mail address alone never is.

mod address;
mod authentication;
mod claims;
mod identity;
mod linking;
mod upstream;

pub use address::{Domain, UpstreamAddress};
pub use authentication::{UpstreamProof, proof};
pub use claims::{ClaimMapping, ClaimTarget, ClaimUpdate, MappingProblem, ValueMapping};
pub use identity::{ProviderKind, UpstreamIdentity};
pub use linking::{
    Arrival, LinkPolicy, LinkRefusal, LinkVerdict, LocalAccount, Purpose, judge_link,
};
pub use upstream::{LinkKey, UpstreamId};
