//! What a provider hands out, kept on the server.

use std::fmt;

use cardea_protocol::scope::Scope;
use cardea_seal::Secret;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::secret_text;

/// The tokens of one login. Serialized, they are in clear: seal the record before it leaves the process.
#[derive(Clone, Serialize, Deserialize)]
pub struct Tokens {
    /// For APIs.
    #[serde(with = "secret_text")]
    pub access_token: Secret<String>,
    /// When the access token ends; some providers don't say.
    pub expires_at: Option<Timestamp>,
    /// For the next access token. After a refresh that gave no new one, the old one.
    #[serde(default, with = "secret_text::option")]
    pub refresh_token: Option<Secret<String>>,
    /// As it came; the hint at log-out. A refresh need not bring one: keep the old one then.
    #[serde(default, with = "secret_text::option")]
    pub id_token: Option<Secret<String>>,
    /// What the access token is good for.
    pub scope: Scope,
    /// How it is presented: always `Bearer`.
    pub token_type: String,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("expires_at", &self.expires_at)
            .field("refresh_token", &self.refresh_token.is_some())
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}
