//! What the store keeps, as types whose wrong states can't be built.

mod cause;
mod client;
mod client_metadata;
mod client_problems;
mod client_uris;
mod client_warnings;
mod code;
mod consent;
mod factors;
mod grant;
mod ids;
mod key;
mod link;
mod sender;
mod session;
mod user;
mod username;

pub use cause::{Actor, AuditEvent, AuditRow, Cause, RecordedEvent};
pub use client::{Client, ClientStatus, MetadataError, Owner};
pub use client_metadata::{
    AccessTokenFormat, AuthMethod, ClientMetadata, ConsentMode, GrantType, RefreshRotation,
    ResponseType,
};
pub use client_warnings::{client_warnings, user_claim_warnings};
pub use code::{AuthenticationContext, Code, CodeBinding};
pub use consent::Consent;
pub use factors::{FactorFailures, FactorLane, MAX_TRUSTED_DEVICES, TRUST_TTL, TrustedDevice};
pub use grant::{Grant, GrantState, LastSeen, Origin, RefreshState, Revocation, RevocationReason};
pub use ids::{
    Audience, ClientId, CodeHash, GrantId, IdError, InvitationId, Jti, OrganizationId, PasskeyId,
    RefreshTokenId, SessionId, Sid, Subject, Username,
};
pub use key::{KeyState, SigningKeyRow};
pub use link::{EmailChange, LinkPurpose};
pub use sender::SenderBinding;
pub use session::{Session, SessionEnd};
pub use user::{AccountState, LoginFailures, User, UserStatus};
pub(crate) use username::is_invisible;
