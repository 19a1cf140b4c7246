//! The parameters of `/authorize` (RFC 6749 §4.1.1, OpenID Core §3.1.2.1), each parsed by its own grammar.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{ClaimsRequest, Params};
use crate::error::OAuthError;

/// The bound of all parameters together, in bytes after decoding.
pub const MAX_REQUEST_BYTES: usize = 16 * 1024;
/// The bound of `state` in bytes: some frameworks seal a whole URL in it.
pub const MAX_STATE_BYTES: usize = 4096;
const MAX_NONCE_BYTES: usize = 512;
const MAX_HINT_BYTES: usize = 256;
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

/// OpenID Core §3.1.2.1, `prompt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prompt {
    /// Show nothing.
    None,
    /// Ask for the password again.
    Login,
    /// Ask for consent again.
    Consent,
    /// Let the user choose the account.
    SelectAccount,
}

/// The set of prompts asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Prompts(Vec<Prompt>);

impl Prompts {
    /// Whether this one was asked for.
    #[must_use]
    pub fn has(&self, prompt: Prompt) -> bool {
        self.0.contains(&prompt)
    }

    /// Whether no prompt was asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn parse(text: &str) -> Result<Self, OAuthError> {
        let mut prompts = Vec::new();
        for word in text.split(' ').filter(|w| !w.is_empty()) {
            let prompt = match word {
                "none" => Prompt::None,
                "login" => Prompt::Login,
                "consent" => Prompt::Consent,
                "select_account" => Prompt::SelectAccount,
                _ => {
                    return Err(OAuthError::invalid_request(
                        "prompt has an unknown value; known are none, login, consent, select_account",
                    ));
                }
            };
            if !prompts.contains(&prompt) {
                prompts.push(prompt);
            }
        }
        // OpenID Core §3.1.2.1: none with any other value is an error.
        if prompts.contains(&Prompt::None) && prompts.len() > 1 {
            return Err(OAuthError::invalid_request(
                "prompt=none can't be combined with another value",
            ));
        }
        Ok(Self(prompts))
    }
}

/// The parameters as received. [`crate::authorize`] reads them one by one.
#[derive(Clone)]
pub struct AuthorizationParams<'a> {
    params: Params<'a>,
    flaw: Option<OAuthError>,
}

impl<'a> AuthorizationParams<'a> {
    /// Bounds the request as a whole. If client and redirect URI can be read all the same, the error is kept for
    /// later, because then it goes back to the client (RFC 6749 §4.1.2.1).
    pub fn new(pairs: &'a [(String, String)]) -> Result<Self, OAuthError> {
        let flaw = match Params::new(pairs, MAX_REQUEST_BYTES) {
            Ok(params) => return Ok(Self { params, flaw: None }),
            Err(flaw) => flaw,
        };
        let params = Params::flawed(pairs);
        if params.comes_once("client_id") && params.comes_once("redirect_uri") {
            Ok(Self {
                params,
                flaw: Some(flaw),
            })
        } else {
            Err(flaw)
        }
    }

    /// The error of the request as a whole, if it has one.
    pub fn flawless(&self) -> Result<(), OAuthError> {
        self.flaw.clone().map_or(Ok(()), Err)
    }

    /// `client_id`
    pub fn client_id(&self) -> Result<&'a str, OAuthError> {
        self.params.required("client_id")
    }

    /// `redirect_uri`
    #[must_use]
    pub fn redirect_uri(&self) -> Option<&'a str> {
        self.params.one("redirect_uri")
    }

    /// `response_type`
    pub fn response_type(&self) -> Result<&'a str, OAuthError> {
        self.params.required("response_type")
    }

    /// `response_mode`; `None` for an unknown mode.
    #[must_use]
    pub fn response_mode(&self) -> Option<ResponseMode> {
        match self.params.one("response_mode") {
            None | Some("query") => Some(ResponseMode::Query),
            Some("form_post") => Some(ResponseMode::FormPost),
            Some(_) => None,
        }
    }

    /// `state`
    pub fn state(&self) -> Result<Option<&'a str>, OAuthError> {
        if self.flaw.is_some() && !self.params.comes_once("state") {
            return Ok(None);
        }
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
        if self.params.comes_once(name) {
            self.params.one(name)
        } else {
            None
        }
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

    /// `id_token_hint`
    #[must_use]
    pub fn id_token_hint(&self) -> Option<&'a str> {
        self.params.one("id_token_hint")
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
    fn prompts_are_a_set_of_known_words() {
        assert!(
            Prompts::parse("login consent")
                .unwrap()
                .has(Prompt::Consent)
        );
        assert!(Prompts::parse("none login").is_err());
        assert!(Prompts::parse("create").is_err());
        assert!(Prompts::parse("none none").unwrap().has(Prompt::None));
    }

    #[test]
    fn max_age_is_digits_alone() {
        let read = |v: &str| {
            let pairs = [("max_age".to_owned(), v.to_owned())];
            AuthorizationParams::new(&pairs)
                .unwrap()
                .max_age()
                .ok()
                .flatten()
        };
        assert_eq!(
            ["0", "3600", "-1", "+1", "1e3", "99999999999"].map(read),
            [Some(0), Some(3600), None, None, None, None]
        );
    }

    #[test]
    fn a_request_names_its_client() {
        let pairs = crate::samples::pairs(&[("client_id", "app"), ("state", "secret")]);
        let params = AuthorizationParams::new(&pairs).unwrap();
        assert_eq!(params.client_id(), Ok("app"));
        assert!(
            !format!("{params:?}").contains("secret"),
            "what came in is not for the log"
        );
        assert!(AuthorizationParams::new(&[]).unwrap().client_id().is_err());
    }
}
