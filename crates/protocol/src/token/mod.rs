//! The rules of `/token`, a file a grant type.

pub mod audience;
pub mod authorization_code;
pub mod client_auth;
pub mod client_credentials;
pub mod refresh_token;

mod code_text;
mod standing;

pub use code_text::AuthorizationCode;
pub use standing::{GrantLife, Standing};

use crate::error::{ErrorCode, OAuthError};

/// RFC 6749 §5.2: the authenticated client may not use this grant type.
fn unauthorized_grant_type() -> OAuthError {
    OAuthError::new(
        ErrorCode::UnauthorizedClient,
        "this grant type is not among the client's grant_types",
    )
}
