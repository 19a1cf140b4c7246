//! What is bound to a key is worth nothing without proof of possession of that key (RFC 9449, RFC 8705).

use crate::model::SenderBinding;

/// The proof of possession that is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unproved {
    /// RFC 9449
    #[error("it is bound to a DPoP key, and no proof was sent")]
    Dpop,
    /// RFC 8705
    #[error("it is bound to a certificate that was not presented")]
    Mtls,
}

/// RFC 9449 §5 and §10, RFC 8705 §4: a code, refresh token or access token that is bound to a key is refused when it is
/// presented without proof of possession. No endpoint takes a proof yet, so whatever is bound is refused.
pub fn require_unbound(sender: Option<&SenderBinding>) -> Result<(), Unproved> {
    match sender {
        None => Ok(()),
        Some(SenderBinding::Dpop { .. }) => Err(Unproved::Dpop),
        Some(SenderBinding::Mtls { .. }) => Err(Unproved::Mtls),
    }
}
