//! The client and its redirect URI. An error here is shown to the user, never redirected.

use crate::{
    error::{ErrorCode, OAuthError},
    model::Client,
    redirect_uri::{VerifiedRedirect, verify},
    request::{AuthorizationParams, NoValue},
    scope::OPENID,
};

/// RFC 6749 §4.1.2.1: with an unknown client nothing is ever redirected.
pub(super) fn known_client<'a>(
    params: &AuthorizationParams<'_>,
    client: Option<&'a Client>,
) -> Result<&'a Client, OAuthError> {
    params.client_id().map_err(|why| why.of("client_id"))?;
    let unknown = || {
        OAuthError::new(
            ErrorCode::InvalidClient,
            "this application is not registered here",
        )
    };
    let client = client.ok_or_else(|| unknown().because("unknown client_id"))?;
    if client.is_enabled() {
        Ok(client)
    } else {
        Err(unknown().because("the client is disabled"))
    }
}

/// The verified redirect URI, and whether the request named it.
pub(super) fn verified(
    params: &AuthorizationParams<'_>,
    client: &Client,
) -> Result<(VerifiedRedirect, bool), OAuthError> {
    let registered = client.redirect_uris();
    match (params.redirect_uri(), registered) {
        // RFC 6749 §3.1.2.4: an unregistered URI is never redirected to.
        (Ok(uri), _) => verify(registered, uri).map(|r| (r, true)).ok_or_else(|| {
            OAuthError::invalid_request(
                "the address to return to (redirect_uri) is not registered for this application",
            )
        }),
        // RFC 6749 §3.1.2.3: it may be left out when exactly one is registered.
        // OpenID Core §3.1.2.1: `redirect_uri` is REQUIRED in an OpenID request.
        (Err(why @ NoValue::Missing), [only]) if !params.requests_scope(OPENID) => {
            let only = verify(registered, only.as_str()).map(|r| (r, false));
            only.ok_or_else(|| why.of("redirect_uri"))
        }
        (Err(why), _) => Err(why.of("redirect_uri")),
    }
}
