//! A request to `/end_session` (OpenID Connect RP-Initiated Logout §2).

use super::{MAX_REQUEST_BYTES, MAX_STATE_BYTES, NoValue, Params};
use crate::{error::OAuthError, language::Lang, model::ClientId};

/// Every parameter is optional.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndSessionRequest {
    /// `id_token_hint`, unverified.
    pub id_token_hint: Option<String>,
    /// `client_id`
    pub client_id: Option<ClientId>,
    /// `post_logout_redirect_uri`, not yet compared.
    pub post_logout_redirect_uri: Option<String>,
    /// `state`, if it is within its bound and without control characters.
    pub state: Option<String>,
    /// The language of the pages, by `ui_locales`.
    pub language: Option<Lang>,
}

impl EndSessionRequest {
    /// Parses the query or the body. The parameters with the names `undecodable` could not be decoded: only one that says who
    /// logs out ends the request.
    pub fn parse(pairs: &[(String, String)], undecodable: &[String]) -> Result<Self, OAuthError> {
        let lost = |name: &str| undecodable.iter().any(|n| n == name);
        for name in ["id_token_hint", "client_id"] {
            if lost(name) {
                return Err(NoValue::Undecodable.of(name));
            }
        }
        let params = Params::new(pairs, MAX_REQUEST_BYTES)?;
        let client_id = params.one("client_id").map(ClientId::parse).transpose();
        // A state that can't be echoed is no reason not to log out.
        let echoed = |s: &&str| s.len() <= MAX_STATE_BYTES && !s.chars().any(char::is_control);
        let state = params.one("state").filter(|_| !lost("state"));
        let uri = params.bounded("post_logout_redirect_uri", 1024)?;
        Ok(Self {
            id_token_hint: params.one("id_token_hint").map(str::to_owned),
            client_id: client_id.map_err(|e| OAuthError::invalid_request(e.to_string()))?,
            post_logout_redirect_uri: uri
                .filter(|_| !lost("post_logout_redirect_uri"))
                .map(str::to_owned),
            state: state.filter(echoed).map(str::to_owned),
            language: params
                .one("ui_locales")
                .filter(|_| !lost("ui_locales"))
                .and_then(Lang::of_ui_locales),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{error::ErrorCode, samples::pairs};

    #[test]
    fn everything_is_optional_and_kept_as_it_came() {
        let nothing = EndSessionRequest {
            id_token_hint: None,
            client_id: None,
            post_logout_redirect_uri: None,
            state: None,
            language: None,
        };
        assert_eq!(EndSessionRequest::parse(&[], &[]).unwrap(), nothing);
        let all = pairs(&[
            ("id_token_hint", "a.b.c"),
            ("client_id", "app"),
            ("post_logout_redirect_uri", "https://app.example/bye"),
            ("state", "s & é"),
            ("logout_hint", "alice"),
            ("ui_locales", "nl fr"),
        ]);
        let request = EndSessionRequest::parse(&all, &[]).unwrap();
        assert_eq!(request.id_token_hint.as_deref(), Some("a.b.c"));
        assert_eq!(request.client_id, ClientId::parse("app").ok());
        assert_eq!(
            request.post_logout_redirect_uri.as_deref(),
            Some("https://app.example/bye")
        );
        assert_eq!(request.state.as_deref(), Some("s & é"));
        assert_eq!(request.language, Some(Lang::Fr));
    }

    #[test]
    fn b4_a_state_up_to_4_kib_is_kept_and_a_longer_one_does_not_prevent_the_logout() {
        for (state, kept) in [
            ("s".repeat(1025), true),
            ("s".repeat(4096), true),
            ("s".repeat(4097), false),
            ("a\r\nb".to_owned(), false),
        ] {
            let pairs = pairs(&[("state", &state), ("id_token_hint", "a.b.c")]);
            let request = EndSessionRequest::parse(&pairs, &[]).unwrap();
            assert_eq!(request.state, kept.then_some(state));
            assert!(request.id_token_hint.is_some());
        }
    }

    #[test]
    fn b4_a_parameter_that_can_not_be_decoded_ends_only_what_depends_on_it() {
        let all = pairs(&[
            ("id_token_hint", "a.b.c"),
            ("client_id", "app"),
            ("post_logout_redirect_uri", "https://app.example/bye"),
            ("state", "s"),
        ]);
        let parse = |name: &str| EndSessionRequest::parse(&all, &[name.to_owned()]);
        let whole = EndSessionRequest::parse(&all, &[]).unwrap();
        assert_eq!(parse("foo").unwrap(), whole);
        assert_eq!(parse("state").unwrap().state, None);
        let nowhere = parse("post_logout_redirect_uri").unwrap();
        assert_eq!(nowhere.post_logout_redirect_uri, None);
        assert_eq!(nowhere.state.as_deref(), Some("s"));
        for name in ["id_token_hint", "client_id"] {
            assert_eq!(parse(name).unwrap_err().code(), ErrorCode::InvalidRequest);
        }
    }

    #[test]
    fn repeated_oversized_and_malformed_parameters_are_refused() {
        for bad in [
            [("state", "a"), ("state", "a")],
            [("x", "1"), ("client_id", "a\tb")],
            [("x", "1"), ("post_logout_redirect_uri", &*"u".repeat(1025))],
            [("x", "1"), ("id_token_hint", &*"h".repeat(16_384))],
        ] {
            let error = EndSessionRequest::parse(&pairs(&bad), &[]).unwrap_err();
            assert_eq!(error.code(), ErrorCode::InvalidRequest, "{:?}", bad[1].0);
        }
    }
}
