//! The response type: a code, requested by plain parameters.

use crate::{
    error::{ErrorCode, OAuthError},
    model::{Client, GrantType},
    request::AuthorizationParams,
};

/// OpenID Core §6: request objects, and §7.2.1 registration in the request, are not supported and have errors of their own.
pub(super) fn no_request_object(params: &AuthorizationParams<'_>) -> Result<(), OAuthError> {
    let refuse = |code, what: &'static str| Err(OAuthError::new(code, what));
    if params.has("request") {
        return refuse(
            ErrorCode::RequestNotSupported,
            "the parameter request is not supported",
        );
    }
    if params.has("request_uri") {
        return refuse(
            ErrorCode::RequestUriNotSupported,
            "the parameter request_uri is not supported",
        );
    }
    if params.has("registration") {
        return refuse(
            ErrorCode::RegistrationNotSupported,
            "the parameter registration is not supported",
        );
    }
    Ok(())
}

/// RFC 6749 §3.1.1: the response type is required; there is only `code` (RFC 9700 §2.1.2).
pub(super) fn is_code(params: &AuthorizationParams<'_>) -> Result<(), OAuthError> {
    if params.response_type()? != "code" {
        return Err(OAuthError::new(
            ErrorCode::UnsupportedResponseType,
            "response_type is not code",
        ));
    }
    Ok(())
}

/// RFC 6749 §4.1.2.1: the client may use codes.
pub(super) fn may_use_codes(client: &Client) -> Result<(), OAuthError> {
    if !client.may_use(GrantType::AuthorizationCode) {
        return Err(OAuthError::new(
            ErrorCode::UnauthorizedClient,
            "authorization_code is not among the client's grant_types",
        ));
    }
    Ok(())
}
