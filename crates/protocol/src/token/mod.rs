//! The rules of `/token`, a file a grant type.

pub mod audience;
pub mod authorization_code;
pub mod client_auth;
pub mod client_credentials;
pub mod refresh_token;

mod code_text;
mod possession;
mod refresh_token_refusal;
mod refresh_token_text;
mod standing;

pub use code_text::AuthorizationCode;
pub use possession::{Unproved, require_unbound};
pub use standing::{GrantLife, Inactive, Standing};

use crate::{
    error::{ErrorCode, OAuthError},
    explain::{Check, Trail, Values},
    model::{Client, GrantType},
};

/// RFC 6749 §5.2: the authenticated client may use this grant type.
fn check_grant_type(
    trail: &mut Trail,
    client: &Client,
    grant_type: GrantType,
) -> Result<(), OAuthError> {
    const CHECK: Check = Check {
        name: "grant_type",
        section: "RFC 6749 §5.2",
    };
    let allowed = if client.may_use(grant_type) {
        Ok(())
    } else {
        Err(OAuthError::new(
            ErrorCode::UnauthorizedClient,
            "this grant type is not among the client's grant_types",
        ))
    };
    trail.check(CHECK, allowed, || {
        let registered = client.metadata().grant_types.iter().map(|g| g.as_str());
        let registered: Vec<_> = registered.collect();
        Values::of(Some(grant_type.as_str()), &registered.join(" "))
    })
}
