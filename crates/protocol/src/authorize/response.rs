//! The response to the client, and what it echoes.

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
    /// For a request of which only the redirect URI is verified; other parameters are used if they can be read.
    pub(super) fn new(redirect: VerifiedRedirect, params: &AuthorizationParams<'_>) -> Self {
        Self {
            redirect,
            mode: params.response_mode().unwrap_or_default(),
            state: params.readable_state().map(str::to_owned),
        }
    }

    /// For a checked request whose redirect URI has been compared again.
    #[must_use]
    pub fn of(request: &AuthorizationRequest, redirect: VerifiedRedirect) -> Self {
        Self {
            redirect,
            mode: request.return_path.response_mode,
            state: request.return_path.state.clone(),
        }
    }

    /// The answer with a code.
    #[must_use]
    pub fn code(self, code: &str, issuer: &str) -> AuthorizationResponse {
        self.respond(vec![("code", code.to_owned())], issuer)
    }

    /// RFC 6749 §4.1.2.1: the answer with an error.
    #[must_use]
    pub fn error(self, error: &OAuthError, issuer: &str) -> AuthorizationResponse {
        let pairs = vec![
            ("error", error.code().to_string()),
            ("error_description", error.description().to_owned()),
        ];
        self.respond(pairs, issuer)
    }

    fn respond(
        self,
        mut pairs: Vec<(&'static str, String)>,
        issuer: &str,
    ) -> AuthorizationResponse {
        // RFC 6749 §4.1.2: the exact value of the request.
        pairs.extend(self.state.map(|state| ("state", state)));
        // RFC 9207 §2: the issuer, against mix-up attacks.
        pairs.push(("iss", issuer.to_owned()));
        AuthorizationResponse {
            redirect: self.redirect,
            mode: self.mode,
            pairs,
        }
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
    /// The response mode.
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
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.pairs)
            .finish();
        let join = match uri.split_once('?') {
            None => "?",
            Some((_, "")) => "",
            Some(_) => "&",
        };
        format!("{uri}{join}{query}")
    }
}

pub(super) fn state(
    params: &AuthorizationParams<'_>,
    client: &Client,
) -> Result<Option<String>, OAuthError> {
    let state = params.state()?.map(str::to_owned);
    if state.is_none() && client.metadata().require_state {
        return Err(OAuthError::invalid_request(
            "state is missing; this client must send it",
        ));
    }
    Ok(state)
}

pub(super) fn mode(params: &AuthorizationParams<'_>) -> Result<ResponseMode, OAuthError> {
    params
        .response_mode()
        .ok_or_else(|| OAuthError::invalid_request("response_mode is not one of query, form_post"))
}

pub(super) fn nonce(
    params: &AuthorizationParams<'_>,
    client: &Client,
    scope: &Scope,
) -> Result<Option<String>, OAuthError> {
    let nonce = params.nonce()?.map(str::to_owned);
    if nonce.is_none() && client.metadata().require_nonce && scope.contains(OPENID) {
        return Err(OAuthError::invalid_request(
            "nonce is missing; this client must send it",
        ));
    }
    Ok(nonce)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        redirect_uri::{ApplicationType, RegisteredRedirectUri, verify},
        samples::{ISSUER, request},
    };

    fn to(uri: &str, mode: ResponseMode) -> ReturnTo {
        let registered = RegisteredRedirectUri::parse(uri, ApplicationType::Native).unwrap();
        let mut request = request();
        request.return_path.response_mode = mode;
        ReturnTo::of(&request, verify(&[registered], uri).unwrap())
    }

    #[test]
    fn an_answer_joins_the_query_that_is_there() {
        for (uri, start) in [
            ("https://a.example/cb", "https://a.example/cb?code=c&state="),
            (
                "https://a.example/cb?",
                "https://a.example/cb?code=c&state=",
            ),
            (
                "https://a.example/cb?a=1&b",
                "https://a.example/cb?a=1&b&code=c&state=",
            ),
            ("com.example.app:/cb", "com.example.app:/cb?code=c&state="),
        ] {
            let location = to(uri, ResponseMode::Query).code("c", ISSUER).location();
            assert!(location.starts_with(start), "{location}");
        }
    }

    #[test]
    fn nothing_that_is_echoed_breaks_out_of_the_query() {
        let mut back = to("https://a.example/cb", ResponseMode::Query);
        back.state = Some("a&iss=evil#\"<é +%".to_owned());
        let location = back.code("c d&", ISSUER).location();
        let expected = "https://a.example/cb?code=c+d%26&state=a%26iss%3Devil%23%22%3C%C3%A9+%2B%25&iss=https%3A%2F%2Fid.example";
        assert_eq!(location, expected);
    }

    #[test]
    fn every_answer_names_the_issuer_and_echoes_the_state() {
        let pairs =
            [("code", "c"), ("state", "s & t"), ("iss", ISSUER)].map(|(k, v)| (k, v.to_owned()));
        let form = to("https://a.example/cb?x=1", ResponseMode::FormPost).code("c", ISSUER);
        assert_eq!(form.pairs(), pairs);
        assert_eq!(
            (form.mode(), form.action()),
            (ResponseMode::FormPost, "https://a.example/cb?x=1")
        );

        let mut back = to("https://a.example/cb", ResponseMode::FormPost);
        back.state = None;
        let error = OAuthError::invalid_request("what is wrong").because("only for the log");
        let pairs = [
            ("error", "invalid_request"),
            ("error_description", "what is wrong"),
            ("iss", ISSUER),
        ];
        assert_eq!(
            back.error(&error, ISSUER).pairs(),
            pairs.map(|(k, v)| (k, v.to_owned()))
        );
    }
}
