//! The challenge of PKCE: RFC 7636 §4.3, RFC 9700 §2.1.1.

use crate::{error::OAuthError, model::Client, pkce::CodeChallenge, request::AuthorizationParams};

/// Only S256; required unless the registration of a confidential client says otherwise.
pub(super) fn challenge(
    params: &AuthorizationParams<'_>,
    client: &Client,
) -> Result<Option<CodeChallenge>, OAuthError> {
    let method = params.code_challenge_method();
    let Some(text) = params.code_challenge() else {
        // RFC 7636 §4.4.1
        if client.metadata().require_pkce {
            return Err(OAuthError::invalid_request(
                "code_challenge is missing; PKCE with S256 is required",
            ));
        }
        if method.is_some() {
            return Err(OAuthError::invalid_request(
                "code_challenge_method without code_challenge",
            ));
        }
        return Ok(None);
    };
    // RFC 7636 §4.3: without a method it would be plain.
    if method != Some("S256") {
        return Err(OAuthError::invalid_request(
            "code_challenge_method must be S256",
        ));
    }
    CodeChallenge::parse(text)
        .map(Some)
        .map_err(|e| OAuthError::invalid_request(e.to_string()))
}
