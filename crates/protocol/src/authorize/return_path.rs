//! How the response goes back: the half of an authorization request that belongs to the browser.

use serde::{Deserialize, Serialize};

use crate::{pkce::CodeChallenge, request::ResponseMode};

/// The way back to the client, checked. The names of its members are short because it travels in a URL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnPath {
    /// Where the response goes; compared again when the code is issued.
    #[serde(rename = "u")]
    pub redirect_uri: String,
    /// Whether the request named it.
    #[serde(rename = "g")]
    pub redirect_uri_given: bool,
    /// How the response is returned.
    #[serde(rename = "m", default, skip_serializing_if = "is_default")]
    pub response_mode: ResponseMode,
    /// Echoed exactly.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Put in the ID token exactly.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// The PKCE challenge.
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<CodeChallenge>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
fn is_default(mode: &ResponseMode) -> bool {
    *mode == ResponseMode::default()
}
