//! Why a login failed. Nothing in here is a secret: it may be logged.

use cardea_protocol::verify::{IdTokenError, LogoutTokenError, UserinfoError};
use cardea_web::outbound::FetchError;

/// Longer texts of a provider are cut.
const MAX_TEXT: usize = 200;

/// Why a step of a login failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RpError {
    /// The provider sent the user back with an error, such as `access_denied` or `login_required`.
    #[error("the provider refused the login: {code}{}", described(.description.as_deref()))]
    Refused {
        /// The error code.
        code: String,
        /// What the provider says of it, for the log.
        description: Option<String>,
    },
    /// The callback belongs to no login that this browser began, or to one at another provider.
    #[error("the callback does not belong to this login: {0}")]
    Mismatch(&'static str),
    /// The login was begun too long ago.
    #[error("the login was begun more than an hour ago")]
    TooLate,
    /// The callback can't be read.
    #[error("the callback is malformed: {0}")]
    Callback(&'static str),
    /// The requested options are not supported.
    #[error("the login can't be begun: {0}")]
    Options(&'static str),
    /// The code was used before, has expired or is not ours.
    #[error("the provider does not accept the code")]
    CodeRefused,
    /// The token endpoint refused for another reason: mostly a wrong configuration.
    #[error("the token endpoint refused: {code}{}", described(.description.as_deref()))]
    TokenRefused {
        /// The error code.
        code: String,
        /// What the provider says of it, for the log.
        description: Option<String>,
    },
    /// The provider's answer breaks the specification.
    #[error("the provider's answer is not usable: {0}")]
    Answer(&'static str),
    /// The ID token.
    #[error(transparent)]
    IdToken(#[from] IdTokenError),
    /// A logout token.
    #[error(transparent)]
    LogoutToken(#[from] LogoutTokenError),
    /// A signed answer of userinfo.
    #[error(transparent)]
    Userinfo(#[from] UserinfoError),
    /// Userinfo describes another user.
    #[error("userinfo describes another user")]
    Subject,
    /// The provider can't do that.
    #[error("the provider has no {0}")]
    Unsupported(&'static str),
    /// The client can't prove who it is: its key failed.
    #[error("the client assertion could not be signed")]
    Assertion,
    /// The provider can't be reached, or says that it can't serve. Trying later may help.
    #[error("the provider is not available: {0}")]
    Unavailable(#[from] FetchError),
}

impl RpError {
    /// Whether the provider was asked in this app's name, and what it was asked with was no good.
    pub(crate) fn provider_refused(&self) -> bool {
        match self {
            Self::CodeRefused
            | Self::TokenRefused { .. }
            | Self::Answer(_)
            | Self::IdToken(_)
            | Self::Userinfo(_)
            | Self::Subject => true,
            Self::Refused { .. }
            | Self::Mismatch(_)
            | Self::TooLate
            | Self::Callback(_)
            | Self::Options(_)
            | Self::LogoutToken(_)
            | Self::Unsupported(_)
            | Self::Assertion
            | Self::Unavailable(_) => false,
        }
    }
}

/// Why there are no new tokens.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefreshError {
    /// `invalid_grant`, or an answer that only a login helps with: the user must log in again.
    #[error("the refresh token is no longer accepted")]
    Dead,
    /// Nothing is known of the refresh token; try again later.
    #[error("not refreshed: {0}")]
    Unavailable(RpError),
    /// The new ID token is forged, or is about another user: end the session.
    #[error("the refreshed identity does not hold: {0}")]
    Untrusted(IdTokenError),
}

fn described(text: Option<&str>) -> String {
    text.map(|text| format!(" ({text})")).unwrap_or_default()
}

/// RFC 6749 §4.1.2.1, §5.2: an error code and its description are visible ASCII. The rest is cut out and off.
pub(super) fn visible(text: &str) -> String {
    let visible = |c: &char| matches!(c, ' '..='~');
    text.chars().filter(visible).take(MAX_TEXT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_providers_words_cannot_forge_a_line_of_a_log() {
        assert_eq!(visible("a\r\nb\u{1b}[31mc\u{0}"), "ab[31mc");
        assert_eq!(visible(&"x".repeat(1000)).len(), MAX_TEXT);
    }
}
