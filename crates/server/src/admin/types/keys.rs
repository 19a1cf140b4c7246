use cardea_jose::Algorithm;
use cardea_protocol::model::KeyState;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::schemas;

/// A signing key.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Key {
    /// The RFC 7638 thumbprint.
    pub kid: String,
    /// The algorithm that it signs with.
    #[schema(schema_with = schemas::algorithm)]
    pub algorithm: Algorithm,
    /// Its state.
    #[schema(schema_with = schemas::key_state)]
    pub state: KeyState,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it signs for the first time: in the future for a `next` key.
    pub active_at: Option<Timestamp>,
    /// When it stopped signing.
    pub retired_at: Option<Timestamp>,
}

/// How to rotate the keys.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// Sign with the new keys at once, for a key that leaked.
    #[serde(default)]
    pub now: bool,
}

/// What a rotation began.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Rotated {
    /// The new keys.
    pub kids: Vec<String>,
    /// When they sign.
    pub active_at: Timestamp,
}
