//! How an answer goes back to the client, and what it echoes.

use super::AuthorizationRequest;
use crate::{
    error::OAuthError,
    model::Client,
    redirect_uri::VerifiedRedirect,
    request::{AuthorizationParams, ResponseMode},
    scope::{OPENID, Scope},
};

/// Where an answer goes: a verified URI, the mode, the state to echo.
#[derive(Debug, Clone)]
pub struct ReturnTo {
    redirect: VerifiedRedirect,
    mode: ResponseMode,
    state: Option<String>,
}

impl ReturnTo {
    /// For a request of which only the redirect URI is verified so far; what can't be read of the rest is left out.
    pub(super) fn new(redirect: VerifiedRedirect, params: &AuthorizationParams<'_>) -> Self {
        let state = params.state().ok().flatten().map(str::to_owned);
        Self { redirect, mode: params.response_mode().unwrap_or_default(), state }
    }

    /// For a checked request whose redirect URI has been compared again.
    #[must_use]
    pub fn of(request: &AuthorizationRequest, redirect: VerifiedRedirect) -> Self {
        Self { redirect, mode: request.response_mode, state: request.state.clone() }
    }

    /// The answer with a code.
    #[must_use]
    pub fn code(self, code: &str, issuer: &str) -> AuthorizationResponse {
        self.respond(vec![("code", code.to_owned())], issuer)
    }

    /// RFC 6749 §4.1.2.1: the answer with an error.
    #[must_use]
    pub fn error(self, error: &OAuthError, issuer: &str) -> AuthorizationResponse {
        let pairs = vec![("error", error.code().to_string()), ("error_description", error.description().to_owned())];
        self.respond(pairs, issuer)
    }

    fn respond(self, mut pairs: Vec<(&'static str, String)>, issuer: &str) -> AuthorizationResponse {
        // RFC 6749 §4.1.2: the exact value of the request.
        pairs.extend(self.state.map(|state| ("state", state)));
        // RFC 9207 §2: who answers, against mix-up.
        pairs.push(("iss", issuer.to_owned()));
        AuthorizationResponse { redirect: self.redirect, mode: self.mode, pairs }
    }
}

/// A finished answer of `/authorize`.
#[derive(Debug, Clone)]
pub struct AuthorizationResponse {
    redirect: VerifiedRedirect,
    mode: ResponseMode,
    pairs: Vec<(&'static str, String)>,
}

impl AuthorizationResponse {
    /// How it goes.
    #[must_use]
    pub fn mode(&self) -> ResponseMode {
        self.mode
    }

    /// The URI without the answer, for a form.
    #[must_use]
    pub fn action(&self) -> &str {
        self.redirect.as_str()
    }

    /// The parameters of the answer.
    #[must_use]
    pub fn pairs(&self) -> &[(&'static str, String)] {
        &self.pairs
    }

    /// The URI with the answer in its query; what the query had before stays (RFC 6749 §3.1.2).
    #[must_use]
    pub fn location(&self) -> String {
        let uri = self.redirect.as_str();
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.pairs).finish();
        let join = match uri.split_once('?') {
            None => "?",
            Some((_, "")) => "",
            Some(_) => "&",
        };
        format!("{uri}{join}{query}")
    }
}

pub(super) fn state(params: &AuthorizationParams<'_>, client: &Client) -> Result<Option<String>, OAuthError> {
    let state = params.state()?.map(str::to_owned);
    if state.is_none() && client.metadata().require_state {
        return Err(OAuthError::invalid_request("state is missing; this client must send it"));
    }
    Ok(state)
}

pub(super) fn mode(params: &AuthorizationParams<'_>) -> Result<ResponseMode, OAuthError> {
    params.response_mode().ok_or_else(|| OAuthError::invalid_request("response_mode is not one of query, form_post"))
}

pub(super) fn nonce(params: &AuthorizationParams<'_>, client: &Client, scope: &Scope) -> Result<Option<String>, OAuthError> {
    let nonce = params.nonce()?.map(str::to_owned);
    if nonce.is_none() && client.metadata().require_nonce && scope.contains(OPENID) {
        return Err(OAuthError::invalid_request("nonce is missing; this client must send it"));
    }
    Ok(nonce)
}
