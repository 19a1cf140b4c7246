//! An authorization code (D9).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Audience, ClientId, CodeHash, OrganizationId, SenderBinding, SessionId, Subject};
use crate::{pkce::CodeChallenge, request::ClaimsRequest, scope::Scope};

/// When and how a user authenticated (OpenID Core §2: `auth_time`, `acr`, `amr`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthenticationContext {
    /// `auth_time`
    pub auth_time: Timestamp,
    /// `acr`
    pub acr: String,
    /// `amr` (RFC 8176)
    pub amr: Vec<String>,
}

/// What a code grants. All of it is fixed when the code is issued.
#[derive(Debug, Clone, PartialEq)]
pub struct Code {
    /// The hash of the code.
    pub hash: CodeHash,
    /// The client that may redeem it.
    pub client_id: ClientId,
    /// What a redemption must present.
    pub binding: CodeBinding,
    /// The key of which a redemption must prove possession (RFC 9449 §10).
    pub sender: Option<SenderBinding>,
    /// The session in which it was made.
    pub session: SessionId,
    /// The user.
    pub subject: Subject,
    /// The scopes granted.
    pub scope: Scope,
    /// The APIs named by `resource` (RFC 8707).
    pub resources: Vec<Audience>,
    /// The organization that the user acts in (D27).
    pub organization: Option<OrganizationId>,
    /// The nonce for the ID token.
    pub nonce: Option<String>,
    /// The `claims` parameter.
    pub claims: ClaimsRequest,
    /// When and how the user authenticated.
    pub context: AuthenticationContext,
    /// When it was made.
    pub issued_at: Timestamp,
    /// Until when it can be redeemed.
    pub expires_at: Timestamp,
}

/// What a redemption must present in addition to the code. It is copied to the grant, so that a second
/// redemption by the right client can be told from a stranger's (D9).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeBinding {
    /// The redirect URI it was sent to.
    pub redirect_uri: String,
    /// Whether the request named that URI; then the redemption must too (RFC 6749 §4.1.3).
    pub redirect_uri_given: bool,
    /// The PKCE challenge.
    pub challenge: Option<CodeChallenge>,
}
