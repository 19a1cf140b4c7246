//! Errors of OAuth endpoints: a public description, and a cause that is only logged.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize};

use crate::explain::Trail;

/// Error codes of the specifications, by their wire names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// RFC 6749 §4.1.2.1, §5.2
    InvalidRequest,
    /// RFC 6749 §5.2
    InvalidClient,
    /// RFC 6749 §5.2
    InvalidGrant,
    /// RFC 6749 §4.1.2.1, §5.2
    UnauthorizedClient,
    /// RFC 6749 §5.2
    UnsupportedGrantType,
    /// RFC 6749 §4.1.2.1, §5.2
    InvalidScope,
    /// RFC 8707 §2
    InvalidTarget,
    /// RFC 6749 §4.1.2.1
    AccessDenied,
    /// RFC 6749 §4.1.2.1
    UnsupportedResponseType,
    /// RFC 6749 §4.1.2.1
    ServerError,
    /// RFC 6749 §4.1.2.1
    TemporarilyUnavailable,
    /// OpenID Core §3.1.2.6
    LoginRequired,
    /// OpenID Core §3.1.2.6
    ConsentRequired,
    /// OpenID Core §3.1.2.6
    AccountSelectionRequired,
    /// OpenID Core §3.1.2.6
    InteractionRequired,
    /// OpenID Core §3.1.2.6
    RequestNotSupported,
    /// OpenID Core §3.1.2.6
    RequestUriNotSupported,
    /// OpenID Core §3.1.2.6
    RegistrationNotSupported,
    /// OpenID Connect Core Unmet Authentication Requirements 1.0
    UnmetAuthenticationRequirements,
    /// RFC 6750 §3.1
    InvalidToken,
    /// RFC 6750 §3.1
    InsufficientScope,
    /// RFC 9470 §3
    InsufficientUserAuthentication,
    /// RFC 7009 §2.2.1
    UnsupportedTokenType,
}

impl ErrorCode {
    /// The wire name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::AccessDenied => "access_denied",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::LoginRequired => "login_required",
            Self::ConsentRequired => "consent_required",
            Self::AccountSelectionRequired => "account_selection_required",
            Self::InteractionRequired => "interaction_required",
            Self::RequestNotSupported => "request_not_supported",
            Self::RequestUriNotSupported => "request_uri_not_supported",
            Self::RegistrationNotSupported => "registration_not_supported",
            Self::UnmetAuthenticationRequirements => "unmet_authentication_requirements",
            Self::InvalidToken => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
            Self::InsufficientUserAuthentication => "insufficient_user_authentication",
            Self::UnsupportedTokenType => "unsupported_token_type",
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An OAuth error: a code and a description for the caller, a cause that is only logged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {description}{}", cause.as_deref().map(|c| format!(" ({c})")).unwrap_or_default())]
pub struct OAuthError {
    code: ErrorCode,
    description: Cow<'static, str>,
    cause: Option<Cow<'static, str>>,
    trail: Option<Box<Trail>>,
}

impl OAuthError {
    /// An error with its public description.
    pub fn new(code: ErrorCode, description: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            description: description.into(),
            cause: None,
            trail: None,
        }
    }

    /// Adds a cause, which is only logged.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Cow<'static, str>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Adds the checks that led here, which are only logged.
    #[must_use]
    pub(crate) fn with_trail(mut self, trail: Trail) -> Self {
        self.trail = Some(Box::new(trail));
        self
    }

    /// `invalid_request` with its description.
    pub fn invalid_request(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::InvalidRequest, description)
    }

    /// RFC 6749 §5.2: the same response for every failed client authentication (D15).
    pub fn invalid_client(cause: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::InvalidClient, "client authentication failed").because(cause)
    }

    /// RFC 6749 §5.2: the same response for every expired, foreign or forged code or refresh token.
    pub fn invalid_grant(cause: impl Into<Cow<'static, str>>) -> Self {
        Self::new(
            ErrorCode::InvalidGrant,
            "the code or token is invalid, expired, revoked or was issued to another client",
        )
        .because(cause)
    }

    /// The code on the wire.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// The public description.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The cause, which is only logged.
    #[must_use]
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// The checks that led here, which are only logged.
    #[must_use]
    pub fn trail(&self) -> Option<&Trail> {
        self.trail.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wire_names_are_those_of_the_specifications() {
        let names = [
            "invalid_request",
            "invalid_client",
            "invalid_grant",
            "unauthorized_client",
            "unsupported_grant_type",
            "invalid_scope",
            "invalid_target",
            "access_denied",
            "unsupported_response_type",
            "server_error",
            "temporarily_unavailable",
            "login_required",
            "consent_required",
            "account_selection_required",
            "interaction_required",
            "request_not_supported",
            "request_uri_not_supported",
            "registration_not_supported",
            "unmet_authentication_requirements",
            "invalid_token",
            "insufficient_scope",
            "unsupported_token_type",
        ];
        for name in names {
            let code: ErrorCode = serde_json::from_value(name.into()).unwrap();
            assert_eq!(code.as_str(), name);
            assert_eq!(serde_json::to_value(code).unwrap(), name);
        }
    }

    #[test]
    fn the_cause_is_only_logged() {
        let error = OAuthError::invalid_grant("the code was used");
        assert_eq!(error.code(), ErrorCode::InvalidGrant);
        assert!(!error.description().contains("was used"));
        assert_eq!(error.cause(), Some("the code was used"));
        assert!(error.to_string().ends_with(" (the code was used)"));
        let plain = OAuthError::invalid_request("what is wrong");
        assert_eq!(
            (plain.to_string().as_str(), plain.cause()),
            ("invalid_request: what is wrong", None)
        );
    }
}
