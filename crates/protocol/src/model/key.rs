//! A row of the key ring (D13).

use cardea_jose::Algorithm;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The state of a signing key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// Published but unused, so that clients know it before it signs.
    Next,
    /// Signs.
    Active,
    /// Published until its last token has expired.
    Retired,
    /// Unpublished; verifies `id_token_hint`s as long as a session can live.
    Hidden,
}

/// A key as stored, with the private part sealed under the master key.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKeyRow {
    /// The RFC 7638 thumbprint.
    pub kid: String,
    /// One key, one algorithm.
    pub algorithm: Algorithm,
    /// Its state.
    pub state: KeyState,
    /// The PKCS#8 document, sealed.
    pub sealed_private: Vec<u8>,
    /// When it was generated and first published.
    pub created_at: Timestamp,
    /// When it began to sign.
    pub activated_at: Option<Timestamp>,
    /// When it stopped signing.
    pub retired_at: Option<Timestamp>,
}
