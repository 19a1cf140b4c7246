use cardea_protocol::model::{ClientId, GrantId, Subject, Username};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A grant: it stands for all tokens of one login at one client.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Grant {
    /// The grant's id.
    #[schema(value_type = String)]
    pub id: GrantId,
    /// The client.
    #[schema(value_type = String)]
    pub client_id: ClientId,
    /// The user's subject.
    #[schema(value_type = String)]
    pub sub: Subject,
    /// The user's name.
    #[schema(value_type = Option<String>)]
    pub username: Option<Username>,
    /// The session's public name, if it still exists.
    pub sid: Option<String>,
    /// The scopes, separated by spaces.
    pub scope: String,
    /// Whether it outlives its session.
    pub offline: bool,
    /// Why none of its tokens is valid, if so.
    pub dead: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
    /// How its refresh token was used, if it has one.
    pub refresh: Option<RefreshUse>,
}

/// How a refresh token was used.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RefreshUse {
    /// How often it was rotated.
    pub rotations: u32,
    /// When it was rotated last.
    pub rotated_at: Timestamp,
    /// When it expires if it is not used again.
    pub idle_expires_at: Timestamp,
    /// When the previous token was presented late.
    pub late_retry_at: Option<Timestamp>,
    /// When it was used in an unusual way.
    pub anomaly_at: Option<Timestamp>,
}
