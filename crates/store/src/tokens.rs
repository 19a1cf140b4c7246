//! Access tokens: whether one is active, and the few that were revoked individually.

use async_trait::async_trait;
use cardea_protocol::{
    model::{Cause, ClientId, Grant, GrantId, Jti, User},
    roles::Assigned,
    token::{GrantLife, Standing},
};
use jiff::Timestamp;

use crate::Result;

/// Revokes one access token (RFC 7009). Its row is kept until the token would have expired.
pub struct RevokeToken {
    /// Which.
    pub jti: Jti,
    /// Its client.
    pub client_id: ClientId,
    /// When it would have expired.
    pub expires_at: Timestamp,
    /// Who does it.
    pub cause: Cause,
}

/// Whether an access token is active, with its grant and user.
pub struct TokenState {
    /// The grant that the token names.
    pub grant: Grant,
    /// The state of session, user and client.
    pub standing: Standing,
    /// The user.
    pub user: User,
    /// The user's groups, and the membership in the organization of the grant.
    pub assigned: Assigned,
    /// Whether this very token was revoked.
    pub jti_revoked: bool,
}

/// The part of it that introspection needs at each call of an API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenLife {
    /// What decides whether the grant is alive.
    pub life: GrantLife,
    /// The state of session, user and client.
    pub standing: Standing,
    /// The user name.
    pub username: String,
    /// The user's own roles.
    pub roles: Vec<String>,
    /// The user's groups, and the membership in the organization of the grant.
    pub assigned: Assigned,
    /// Whether this very token was revoked.
    pub jti_revoked: bool,
}

/// Access tokens.
#[async_trait]
pub trait Tokens: Send + Sync {
    /// The state of an access token. `None` when the grant does not exist.
    async fn token_state(
        &self,
        grant: GrantId,
        jti: &Jti,
        now: Timestamp,
    ) -> Result<Option<TokenState>>;
    /// Whether an access token is active, in few columns. `None` when the grant does not exist.
    async fn token_life(
        &self,
        grant: GrantId,
        jti: &Jti,
        now: Timestamp,
    ) -> Result<Option<TokenLife>>;
    /// Whether this very token was revoked, for tokens without a grant (`client_credentials`).
    async fn token_revoked(&self, jti: &Jti) -> Result<bool>;
    /// Revokes one access token.
    async fn revoke_token(&self, command: RevokeToken) -> Result<()>;
}
