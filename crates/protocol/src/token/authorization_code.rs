//! The redemption of a code: RFC 6749 §4.1.3, RFC 7636 §4.6, D9.

use crate::{
    error::OAuthError,
    model::{ClientId, CodeBinding, GrantType, Client},
    request::AuthorizationCodeRequest,
};

/// That the right client presented the right redirect URI and verifier. Only [`check`] makes one.
#[derive(Debug)]
pub struct ProvedRedemption(());

/// Checks all that doesn't change by waiting. It holds for an unused code and for a used one alike:
/// what fails here is a stranger, and nothing is consumed or revoked for a stranger.
pub fn check(
    client: &Client,
    owner: &ClientId,
    binding: &CodeBinding,
    request: &AuthorizationCodeRequest,
) -> Result<ProvedRedemption, OAuthError> {
    // RFC 6749 §5.2: the grant type must be the client's.
    if !client.may_use(GrantType::AuthorizationCode) {
        return Err(super::unauthorized_grant_type());
    }
    // RFC 6749 §4.1.3: the code was issued to the authenticated client.
    if client.id() != owner {
        return Err(OAuthError::invalid_grant("the code belongs to another client"));
    }
    // RFC 6749 §4.1.3: present and identical, if the authorization request had it.
    match &request.redirect_uri {
        Some(uri) if *uri != binding.redirect_uri => {
            return Err(OAuthError::invalid_grant("redirect_uri is not the one of the authorization request"));
        }
        None if binding.redirect_uri_given => {
            return Err(OAuthError::invalid_grant("redirect_uri is missing"));
        }
        _ => {}
    }
    match (&binding.challenge, &request.verifier) {
        // RFC 7636 §4.6
        (Some(challenge), Some(verifier)) if verifier.proves(challenge) => Ok(ProvedRedemption(())),
        (Some(_), Some(_)) => Err(OAuthError::invalid_grant("code_verifier does not match code_challenge")),
        (Some(_), None) => Err(OAuthError::invalid_grant("code_verifier is missing")),
        // RFC 9700 §4.8.2: a verifier for a code without challenge is a downgrade.
        (None, Some(_)) => Err(OAuthError::invalid_grant("code_verifier for a code without code_challenge")),
        (None, None) => Ok(ProvedRedemption(())),
    }
}
