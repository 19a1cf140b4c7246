//! The challenge of PKCE: RFC 7636 §4.3, RFC 9700 §2.1.1, OAuth 2.1 §7.5.1.

use crate::{
    error::OAuthError, model::Client, pkce::CodeChallenge, request::AuthorizationParams,
    scope::OPENID,
};

/// Only S256. A challenge that was sent must be right, whether it was required or not.
pub(super) fn challenge(
    params: &AuthorizationParams<'_>,
    client: &Client,
) -> Result<Option<CodeChallenge>, OAuthError> {
    let method = params.code_challenge_method();
    let Some(text) = params.code_challenge() else {
        if method.is_some() {
            return Err(OAuthError::invalid_request(
                "code_challenge_method without code_challenge",
            ));
        }
        return without(params, client);
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

/// Whether a request may come without a challenge.
fn without(
    params: &AuthorizationParams<'_>,
    client: &Client,
) -> Result<Option<CodeChallenge>, OAuthError> {
    // RFC 9700 §2.1.1: public clients must use PKCE, whatever their metadata say.
    let required = match client.metadata().require_pkce {
        _ if client.is_public() => true,
        Some(required) => required,
        // OAuth 2.1 §7.5.1: a confidential client may rely on the nonce of OpenID Connect instead.
        None => !(params.nonce()?.is_some() && params.requests_scope(OPENID)),
    };
    if !required {
        return Ok(None);
    }
    // RFC 7636 §4.4.1
    let what = if client.metadata().require_pkce.is_none() && !client.is_public() {
        "code_challenge is missing; this client needs PKCE with S256, or a nonce with the scope openid"
    } else {
        "code_challenge is missing; PKCE with S256 is required"
    };
    Err(OAuthError::invalid_request(what))
}
