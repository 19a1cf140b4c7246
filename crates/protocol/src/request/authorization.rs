//! The parameters of `/authorize` (RFC 6749 §4.1.1, OpenID Core §3.1.2.1), each parsed by its own grammar.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize};

use super::{ClaimsRequest, Params, Prompts};
use crate::{error::OAuthError, language::Lang};

/// The bound of all parameters together, in bytes after decoding.
pub const MAX_REQUEST_BYTES: usize = 16 * 1024;
/// The bound of `state` in bytes: some frameworks seal a whole URL in it.
pub const MAX_STATE_BYTES: usize = 4096;
const MAX_NONCE_BYTES: usize = 512;
const MAX_HINT_BYTES: usize = 256;
const MAX_ORGANIZATION_BYTES: usize = 128;
const MAX_ACR_BYTES: usize = 1024;
const MAX_ACR_VALUES: usize = 16;

/// How the response is returned to the client.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseMode {
    /// In the query of the redirect.
    #[default]
    Query,
    /// As a form that the browser posts (OAuth 2.0 Form Post Response Mode).
    FormPost,
}

/// Why a parameter that has to come once has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoValue {
    /// It does not come, or is empty.
    #[error("is missing")]
    Missing,
    /// It comes more than once (RFC 6749 §3.1).
    #[error("comes more than once")]
    Repeated,
    /// It is not percent-encoded UTF-8.
    #[error("can't be decoded")]
    Undecodable,
}

impl NoValue {
    /// The error of a request that lacks the parameter `name`.
    pub(crate) fn of(self, name: &'static str) -> OAuthError {
        OAuthError::invalid_request(format!("the parameter {name} {self}"))
    }
}

/// The parameters as received. [`crate::authorize`] reads them one by one.
#[derive(Clone)]
pub struct AuthorizationParams<'a> {
    params: Params<'a>,
    /// The names of the parameters that could not be decoded.
    undecodable: &'a [String],
    flaw: Option<OAuthError>,
}

impl<'a> AuthorizationParams<'a> {
    /// Bounds the request as a whole. An error is kept for later: if client and redirect URI can be read all the same, it goes
    /// back to the client (RFC 6749 §4.1.2.1).
    #[must_use]
    pub fn new(pairs: &'a [(String, String)]) -> Self {
        let (params, flaw) = match Params::new(pairs, MAX_REQUEST_BYTES) {
            Ok(params) => (params, None),
            Err(flaw) => (Params::flawed(pairs), Some(flaw)),
        };
        Self {
            params,
            undecodable: &[],
            flaw,
        }
    }

    /// What can be read of a request that is refused for this reason; the parameters with these names could not be decoded.
    #[must_use]
    pub fn flawed(
        pairs: &'a [(String, String)],
        undecodable: &'a [String],
        why: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            params: Params::flawed(pairs),
            undecodable,
            flaw: Some(OAuthError::invalid_request(why)),
        }
    }

    /// The error of the request as a whole, if it has one.
    pub fn flawless(&self) -> Result<(), OAuthError> {
        self.flaw.clone().map_or(Ok(()), Err)
    }

    /// `client_id`
    pub fn client_id(&self) -> Result<&'a str, NoValue> {
        self.once("client_id")
    }

    /// `redirect_uri`
    pub fn redirect_uri(&self) -> Result<&'a str, NoValue> {
        self.once("redirect_uri")
    }

    fn once(&self, name: &str) -> Result<&'a str, NoValue> {
        if self.undecodable.iter().any(|n| n == name) {
            return Err(NoValue::Undecodable);
        }
        match (self.params.count(name), self.params.one(name)) {
            (1, Some(value)) => Ok(value),
            (0 | 1, _) => Err(NoValue::Missing),
            _ => Err(NoValue::Repeated),
        }
    }

    /// The different values of a parameter that should come once, for the log.
    #[must_use]
    pub fn sent(&self, name: &str) -> Option<String> {
        let mut values: Vec<&str> = Vec::new();
        for value in self.params.all(name) {
            if !values.contains(&value) {
                values.push(value);
            }
        }
        if self.undecodable.iter().any(|n| n == name) {
            values.push("(can't be decoded)");
        }
        (!values.is_empty()).then(|| values.join(", "))
    }

    /// `response_type`
    pub fn response_type(&self) -> Result<&'a str, OAuthError> {
        self.params.required("response_type")
    }

    /// `response_mode`; `None` for an unknown mode.
    #[must_use]
    pub fn response_mode(&self) -> Option<ResponseMode> {
        match self.once("response_mode") {
            Err(NoValue::Missing) | Ok("query") => Some(ResponseMode::Query),
            Ok("form_post") => Some(ResponseMode::FormPost),
            _ => None,
        }
    }

    /// `state`
    pub fn state(&self) -> Result<Option<&'a str>, OAuthError> {
        let state = self.params.bounded("state", MAX_STATE_BYTES)?;
        // RFC 6749 appendix A.5: VSCHAR. It is echoed, so nothing else may be in it.
        if state.is_some_and(|s| s.chars().any(char::is_control)) {
            return Err(OAuthError::invalid_request("state has control characters"));
        }
        Ok(state)
    }

    /// `state` as it is echoed in an error: exactly as it came (RFC 6749 §4.1.2.1), whatever is wrong with it, if it came once
    /// and within the bound of a request.
    #[must_use]
    pub fn readable_state(&self) -> Option<&'a str> {
        let readable = |s: &&str| s.len() <= MAX_REQUEST_BYTES && !s.contains('\0');
        self.raw("state").filter(readable)
    }

    /// The value of a parameter that comes exactly once, not checked.
    #[must_use]
    pub fn raw(&self, name: &str) -> Option<&'a str> {
        self.once(name).ok()
    }

    /// Whether `scope` names this token.
    #[must_use]
    pub fn requests_scope(&self, token: &str) -> bool {
        self.scope()
            .unwrap_or_default()
            .split(' ')
            .any(|t| t == token)
    }

    /// `nonce`
    pub fn nonce(&self) -> Result<Option<&'a str>, OAuthError> {
        self.params.bounded("nonce", MAX_NONCE_BYTES)
    }

    /// `scope`
    #[must_use]
    pub fn scope(&self) -> Option<&'a str> {
        self.params.one("scope")
    }

    /// `resource`, all values
    pub fn resources(&self) -> impl Iterator<Item = &'a str> {
        self.params.all("resource")
    }

    /// `code_challenge`
    #[must_use]
    pub fn code_challenge(&self) -> Option<&'a str> {
        self.params.one("code_challenge")
    }

    /// `code_challenge_method`
    #[must_use]
    pub fn code_challenge_method(&self) -> Option<&'a str> {
        self.params.one("code_challenge_method")
    }

    /// `prompt`
    pub fn prompt(&self) -> Result<Prompts, OAuthError> {
        self.params
            .one("prompt")
            .map_or(Ok(Prompts::default()), Prompts::parse)
    }

    /// `max_age` in seconds
    pub fn max_age(&self) -> Result<Option<u64>, OAuthError> {
        let Some(text) = self.params.one("max_age") else {
            return Ok(None);
        };
        let digits = text.len() <= 10 && text.bytes().all(|b| b.is_ascii_digit());
        match text.parse() {
            Ok(seconds) if digits => Ok(Some(seconds)),
            _ => Err(OAuthError::invalid_request(
                "max_age is not a number of seconds",
            )),
        }
    }

    /// `acr_values`, most wanted first
    pub fn acr_values(&self) -> Result<Vec<String>, OAuthError> {
        let text = self
            .params
            .bounded("acr_values", MAX_ACR_BYTES)?
            .unwrap_or_default();
        let values: Vec<String> = text
            .split(' ')
            .filter(|v| !v.is_empty())
            .map(str::to_owned)
            .collect();
        if values.len() > MAX_ACR_VALUES {
            return Err(OAuthError::invalid_request(
                "acr_values has more than 16 values",
            ));
        }
        Ok(values)
    }

    /// `claims`
    pub fn claims(&self) -> Result<ClaimsRequest, OAuthError> {
        self.params
            .one("claims")
            .map_or(Ok(ClaimsRequest::default()), ClaimsRequest::parse)
    }

    /// `login_hint`
    pub fn login_hint(&self) -> Result<Option<&'a str>, OAuthError> {
        self.params.bounded("login_hint", MAX_HINT_BYTES)
    }

    /// The language that `ui_locales` asks for, if there are texts in one of its list.
    #[must_use]
    pub fn language(&self) -> Option<Lang> {
        self.params.one("ui_locales").and_then(Lang::of_ui_locales)
    }

    /// `id_token_hint`
    #[must_use]
    pub fn id_token_hint(&self) -> Option<&'a str> {
        self.params.one("id_token_hint")
    }

    /// `organization`: the identifier or the name of the organization that the user acts in
    pub fn organization(&self) -> Result<Option<&'a str>, OAuthError> {
        self.params.bounded("organization", MAX_ORGANIZATION_BYTES)
    }

    /// Whether a parameter is present.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.params.one(name).is_some()
    }
}

impl fmt::Debug for AuthorizationParams<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthorizationParams")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn max_age_is_digits_alone() {
        let read = |v: &str| {
            let pairs = [("max_age".to_owned(), v.to_owned())];
            AuthorizationParams::new(&pairs).max_age().ok().flatten()
        };
        assert_eq!(
            ["0", "3600", "-1", "+1", "1e3", "99999999999"].map(read),
            [Some(0), Some(3600), None, None, None, None]
        );
    }

    #[test]
    fn a_request_names_its_client() {
        let pairs = crate::samples::pairs(&[("client_id", "app"), ("state", "secret")]);
        let params = AuthorizationParams::new(&pairs);
        assert_eq!(params.client_id(), Ok("app"));
        assert!(
            !format!("{params:?}").contains("secret"),
            "what came in is not for the log"
        );
        let nothing = AuthorizationParams::new(&[]);
        assert_eq!(nothing.client_id(), Err(NoValue::Missing));
    }

    #[test]
    fn b4_a_parameter_has_a_value_only_if_it_comes_once_and_can_be_decoded() {
        let pairs = crate::samples::pairs(&[
            ("client_id", "app"),
            ("state", "s"),
            ("redirect_uri", "a"),
            ("redirect_uri", "a"),
            ("redirect_uri", "b"),
            ("nonce", ""),
            ("scope", ""),
            ("scope", "openid"),
        ]);
        let undecodable = ["state".to_owned(), "prompt".to_owned()];
        let params = AuthorizationParams::flawed(&pairs, &undecodable, "why");
        assert_eq!(params.client_id(), Ok("app"));
        assert_eq!(params.redirect_uri(), Err(NoValue::Repeated));
        assert_eq!(params.sent("redirect_uri").as_deref(), Some("a, b"));
        assert_eq!(params.once("state"), Err(NoValue::Undecodable));
        assert_eq!(params.readable_state(), None);
        assert_eq!(
            params.sent("state").as_deref(),
            Some("s, (can't be decoded)")
        );
        assert_eq!(params.once("prompt"), Err(NoValue::Undecodable));
        assert_eq!(params.once("nonce"), Err(NoValue::Missing));
        assert_eq!(params.sent("nonce"), None);
        assert_eq!(params.once("scope"), Err(NoValue::Repeated));
        assert_eq!(params.flawless().unwrap_err().description(), "why");
    }
}
