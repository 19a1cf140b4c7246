//! Requests to `/token`, `/introspection` and `/revocation`.

use cardea_seal::Secret;

use super::Params;
use crate::{
    error::{ErrorCode, OAuthError},
    model::Audience,
    pkce::CodeVerifier,
    scope::Scope,
    token::AuthorizationCode,
};

const MAX_TOKEN_BYTES: usize = 16_384;

/// A request to `/token`, by grant type.
pub enum TokenRequest {
    /// RFC 6749 §4.1.3
    AuthorizationCode(AuthorizationCodeRequest),
    /// RFC 6749 §6
    RefreshToken(RefreshTokenRequest),
    /// RFC 6749 §4.4.2
    ClientCredentials(ClientCredentialsRequest),
}

/// RFC 6749 §4.1.3
pub struct AuthorizationCodeRequest {
    /// The code; `None` when it is malformed.
    pub code: Option<AuthorizationCode>,
    /// `redirect_uri`
    pub redirect_uri: Option<String>,
    /// `code_verifier`
    pub verifier: Option<CodeVerifier>,
    /// `resource`
    pub resource: Option<Audience>,
}

/// RFC 6749 §6
pub struct RefreshTokenRequest {
    /// The token as presented.
    pub token: Secret<String>,
    /// A narrower scope, if one is asked for.
    pub scope: Option<Scope>,
    /// `resource`
    pub resource: Option<Audience>,
}

/// RFC 6749 §4.4.2
pub struct ClientCredentialsRequest {
    /// `scope`
    pub scope: Option<Scope>,
    /// `resource`
    pub resource: Option<Audience>,
}

impl TokenRequest {
    /// Parses the body.
    pub fn parse(params: &Params<'_>) -> Result<Self, OAuthError> {
        match params.required("grant_type")? {
            "authorization_code" => Ok(Self::AuthorizationCode(AuthorizationCodeRequest {
                code: AuthorizationCode::parse(params.required("code")?),
                redirect_uri: params.one("redirect_uri").map(str::to_owned),
                verifier: verifier(params)?,
                resource: resource(params)?,
            })),
            "refresh_token" => Ok(Self::RefreshToken(RefreshTokenRequest {
                token: Secret::new(params.required("refresh_token")?.to_owned()),
                scope: scope(params)?,
                resource: resource(params)?,
            })),
            "client_credentials" => Ok(Self::ClientCredentials(ClientCredentialsRequest {
                scope: scope(params)?,
                resource: resource(params)?,
            })),
            _ => Err(OAuthError::new(
                ErrorCode::UnsupportedGrantType,
                "grant_type is not one of authorization_code, refresh_token, client_credentials",
            )),
        }
    }
}

fn verifier(params: &Params<'_>) -> Result<Option<CodeVerifier>, OAuthError> {
    let parse =
        |text| CodeVerifier::parse(text).map_err(|e| OAuthError::invalid_request(e.to_string()));
    params.one("code_verifier").map(parse).transpose()
}

fn scope(params: &Params<'_>) -> Result<Option<Scope>, OAuthError> {
    let parse = |text| {
        Scope::parse(text).map_err(|e| OAuthError::new(ErrorCode::InvalidScope, e.to_string()))
    };
    params.one("scope").map(parse).transpose()
}

fn resource(params: &Params<'_>) -> Result<Option<Audience>, OAuthError> {
    let mut all = params.all("resource");
    let first = all.next();
    // D12: an access token has one audience.
    if all.next().is_some() {
        return Err(OAuthError::new(
            ErrorCode::InvalidTarget,
            "an access token has one audience; name one resource a request",
        ));
    }
    let parse = |text| {
        Audience::parse(text).map_err(|e| OAuthError::new(ErrorCode::InvalidTarget, e.to_string()))
    };
    first.map(parse).transpose()
}

/// The type of a token, as the client supposes (RFC 7009 §2.1). Any other text is ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenHint {
    /// `access_token`
    AccessToken,
    /// `refresh_token`
    RefreshToken,
}

/// A request to `/introspection` (RFC 7662 §2.1) or `/revocation` (RFC 7009 §2.1).
pub struct TokenQuery {
    /// The token as presented.
    pub token: Secret<String>,
    /// The type, as the client supposes.
    pub hint: Option<TokenHint>,
}

impl TokenQuery {
    /// Parses the body.
    pub fn parse(params: &Params<'_>) -> Result<Self, OAuthError> {
        let token = params.required("token")?;
        params.bounded("token", MAX_TOKEN_BYTES)?;
        let hint = match params.one("token_type_hint") {
            Some("access_token") => Some(TokenHint::AccessToken),
            Some("refresh_token") => Some(TokenHint::RefreshToken),
            _ => None,
        };
        Ok(Self {
            token: Secret::new(token.to_owned()),
            hint,
        })
    }
}

#[cfg(test)]
mod tests {
    use cardea_seal::RandomToken;

    use super::*;

    fn parse(body: &[(&str, &str)]) -> Result<TokenRequest, ErrorCode> {
        let pairs: Vec<_> = body
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        TokenRequest::parse(&Params::new(&pairs, 16_384).unwrap()).map_err(|e| e.code())
    }

    #[test]
    fn an_unknown_or_missing_grant_type_is_named() {
        assert_eq!(
            parse(&[("grant_type", "password")]).err(),
            Some(ErrorCode::UnsupportedGrantType)
        );
        assert_eq!(parse(&[]).err(), Some(ErrorCode::InvalidRequest));
    }

    #[test]
    fn a_code_that_is_no_code_is_parsed_so_that_it_can_be_answered_invalid_grant() {
        let Ok(TokenRequest::AuthorizationCode(request)) =
            parse(&[("grant_type", "authorization_code"), ("code", "x")])
        else {
            panic!("not parsed")
        };
        assert!(request.code.is_none());
    }

    #[test]
    fn two_resources_are_an_invalid_target() {
        let body = [
            ("grant_type", "client_credentials"),
            ("resource", "api://a"),
            ("resource", "api://b"),
        ];
        assert_eq!(parse(&body).err(), Some(ErrorCode::InvalidTarget));
    }

    #[test]
    fn a_malformed_verifier_or_scope_is_refused() {
        let body = [
            ("grant_type", "authorization_code"),
            ("code", "x"),
            ("code_verifier", "short"),
        ];
        assert_eq!(parse(&body).err(), Some(ErrorCode::InvalidRequest));
        assert_eq!(
            parse(&[("grant_type", "client_credentials"), ("scope", "\"")]).err(),
            Some(ErrorCode::InvalidScope)
        );
    }

    #[test]
    fn a_code_request_is_read_whole() {
        let code = AuthorizationCode::new(
            jiff::Timestamp::UNIX_EPOCH,
            RandomToken::from_bytes([7; 32]),
        )
        .to_text();
        let body = [
            ("grant_type", "authorization_code"),
            ("code", code.expose().as_str()),
            ("redirect_uri", "https://app.example/cb"),
            (
                "code_verifier",
                "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
            ),
            ("resource", "api://orders"),
        ];
        let Ok(TokenRequest::AuthorizationCode(request)) = parse(&body) else {
            panic!("not read")
        };
        assert!(request.code.is_some() && request.verifier.is_some());
        assert_eq!(
            request.redirect_uri.as_deref(),
            Some("https://app.example/cb")
        );
        assert_eq!(request.resource, Audience::parse("api://orders").ok());
        assert_eq!(parse(&body[..1]).err(), Some(ErrorCode::InvalidRequest));
    }

    #[test]
    fn a_refresh_request_is_read_with_its_narrower_scope() {
        let body = [
            ("grant_type", "refresh_token"),
            ("refresh_token", "r"),
            ("scope", "a b"),
        ];
        let Ok(TokenRequest::RefreshToken(request)) = parse(&body) else {
            panic!("not read")
        };
        assert_eq!(
            (request.token.expose().as_str(), request.scope),
            ("r", Scope::parse("a b").ok())
        );
        assert_eq!(parse(&body[..1]).err(), Some(ErrorCode::InvalidRequest));
    }

    #[test]
    fn a_malformed_resource_is_an_invalid_target() {
        let body = [("grant_type", "client_credentials"), ("resource", "a b")];
        assert_eq!(parse(&body).err(), Some(ErrorCode::InvalidTarget));
    }

    #[test]
    fn a_query_has_a_bounded_token_and_an_unknown_hint_is_none() {
        let query = |token: &str, hint: &str| {
            let pairs = crate::samples::pairs(&[("token", token), ("token_type_hint", hint)]);
            TokenQuery::parse(&Params::new(&pairs, 65_536).unwrap())
                .map(|q| (q.token.expose().len(), q.hint))
        };
        assert_eq!(
            query("t", "access_token"),
            Ok((1, Some(TokenHint::AccessToken)))
        );
        assert_eq!(
            query("t", "refresh_token"),
            Ok((1, Some(TokenHint::RefreshToken)))
        );
        assert_eq!(query("t", "pat"), Ok((1, None)));
        assert!(query("", "").is_err());
        assert!(query(&"t".repeat(16_385), "").is_err());
    }
}
