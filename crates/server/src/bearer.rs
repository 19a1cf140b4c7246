//! An access token presented to us: RFC 6750 §2.

use cardea_protocol::{
    ErrorCode, OAuthError,
    claims::{self, ClaimSource},
    model::{Audience, ClientId, GrantId, Jti},
    resources::{AccessTokenTyp, Resource},
    token::Inactive,
    verify::{self, VerifiedAccessToken},
};
use cardea_store::TokenState;
use http::header::AUTHORIZATION;
use serde_json::{Map, Value};

use crate::{app::App, caller::Caller, error::Failure};

const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// The token in the `Authorization` header or in the body; two ways at once are refused.
pub(crate) fn presented(
    caller: &Caller,
    pairs: &[(String, String)],
) -> Result<Option<String>, OAuthError> {
    let twice = || OAuthError::invalid_request("the access token comes more than once");
    let mut headers = caller.headers.get_all(AUTHORIZATION).iter();
    let header = headers.next();
    if headers.next().is_some() {
        return Err(twice());
    }
    let in_header = match header.map(|h| h.to_str().unwrap_or_default()) {
        None => None,
        Some(text) => match text.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
                Some(token.trim()).filter(|token| !token.is_empty())
            }
            _ => {
                return Err(OAuthError::invalid_request(
                    "the Authorization header is not Bearer",
                ));
            }
        },
    };
    let mut in_body = pairs
        .iter()
        // RFC 6749 §3.1: a parameter without a value counts as omitted.
        .filter(|(name, token)| name == "access_token" && !token.is_empty())
        .map(|(_, token)| token.as_str());
    let in_body = (in_body.next(), in_body.next());
    match (in_header, in_body) {
        // RFC 6750 §2: not more than one method in each request.
        (_, (Some(_), Some(_))) | (Some(_), (Some(_), _)) => Err(twice()),
        (token, (body, _)) => Ok(token.or(body).map(str::to_owned)),
    }
}

/// A token of this server that has not expired. [`state`] says whether it is still active.
pub(crate) fn verified(
    app: &App,
    caller: &Caller,
    token: &str,
) -> Result<VerifiedAccessToken, OAuthError> {
    let invalid = |cause: String| {
        OAuthError::new(
            ErrorCode::InvalidToken,
            "the access token is invalid, expired or revoked",
        )
        .because(cause)
    };
    if token.len() > MAX_TOKEN_BYTES {
        return Err(invalid("it is too long".to_owned()));
    }
    let verified = if token.contains('.') {
        verify::access_token(
            token,
            app.ring.current().published(),
            app.issuer(),
            &|audience| has_plain_typ(app, audience),
            caller.now,
        )
    } else {
        let json = app
            .seals
            .access_token
            .open_text(token, b"")
            .map_err(|e| invalid(format!("opaque: {e}")))?;
        VerifiedAccessToken::from_sealed(json.expose(), app.issuer(), caller.now)
    };
    verified.map_err(|e| invalid(e.to_string()))
}

/// Whether the tokens of an API have `typ` `JWT`.
fn has_plain_typ(app: &App, audience: &str) -> bool {
    let audience = Audience::parse(audience).ok();
    let api = audience.and_then(|a| app.settings.resources.find(&a));
    api.is_some_and(|r| r.access_token_typ() == AccessTokenTyp::Jwt)
}

/// Why a token that has not expired is inactive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Dead {
    /// Its identifier is none of ours.
    #[error("its jti is malformed")]
    Malformed,
    /// It was issued to a client for itself.
    #[error("it has no user")]
    NoUser,
    /// Its grant was deleted.
    #[error("its grant is gone")]
    NoGrant,
    /// The token itself was revoked.
    #[error("it was revoked")]
    Revoked,
    /// The client of a token without a user.
    #[error("the client is gone or disabled")]
    NoClient,
    /// Its grant has no active token.
    #[error(transparent)]
    Grant(#[from] Inactive),
}

/// The identifier of a token, and its grant, if it has a user.
fn names(token: &VerifiedAccessToken) -> Result<(Jti, Option<GrantId>), Dead> {
    let jti = Jti::parse(&token.claims().jti).map_err(|_| Dead::Malformed)?;
    Ok((jti, token.claims().grant_id))
}

/// The state of a token with a user, if it is active.
pub(crate) async fn state(
    app: &App,
    caller: &Caller,
    token: &VerifiedAccessToken,
) -> Result<Result<TokenState, Dead>, Failure> {
    let (jti, grant) = match names(token) {
        Ok((jti, Some(grant))) => (jti, grant),
        Ok((_, None)) => return Ok(Err(Dead::NoUser)),
        Err(why) => return Ok(Err(why)),
    };
    let Some(state) = app.store.token_state(grant, &jti, caller.now).await? else {
        return Ok(Err(Dead::NoGrant));
    };
    if let Err(why) = state.standing.judge(&state.grant, caller.now) {
        return Ok(Err(why.into()));
    }
    Ok(if state.jti_revoked {
        Err(Dead::Revoked)
    } else {
        Ok(state)
    })
}

/// What introspection tells of an active token: its user, if it has one, and what that user has at this moment.
pub(crate) struct Introspected {
    pub(crate) username: Option<String>,
    pub(crate) roles: Vec<String>,
    /// The claims that the API wants.
    pub(crate) of_user: Map<String, Value>,
}

/// Whether a token is active, and what is to be told of it.
pub(crate) async fn introspected(
    app: &App,
    caller: &Caller,
    token: &VerifiedAccessToken,
    api: Option<&Resource>,
) -> Result<Result<Introspected, Dead>, Failure> {
    let wanted = api.map(Resource::claims).unwrap_or_default();
    if token.claims().grant_id.is_some() && !wanted.is_empty() {
        return with_claims(app, caller, token, &wanted).await;
    }
    let (jti, grant) = match names(token) {
        Ok(names) => names,
        Err(why) => return Ok(Err(why)),
    };
    let Some(grant) = grant else {
        let client = app.clients.find(&token.claims().client_id).await?;
        if client.is_none_or(|c| !c.is_enabled()) {
            return Ok(Err(Dead::NoClient));
        }
        let revoked = app.store.token_revoked(&jti).await?;
        return Ok(match revoked {
            true => Err(Dead::Revoked),
            false => Ok(Introspected {
                username: None,
                roles: Vec::new(),
                of_user: Map::new(),
            }),
        });
    };
    let Some(life) = app.store.token_life(grant, &jti, caller.now).await? else {
        return Ok(Err(Dead::NoGrant));
    };
    if let Err(why) = life.standing.judge(life.life, caller.now) {
        return Ok(Err(why.into()));
    }
    if life.jti_revoked {
        return Ok(Err(Dead::Revoked));
    }
    if api.is_none() {
        return Ok(Ok(Introspected {
            username: Some(life.username),
            roles: Vec::new(),
            of_user: Map::new(),
        }));
    }
    let client = client_of(token)?;
    let entitled = app.roles.entitle_roles(&life.roles, life.assigned, &client);
    let entitled = entitled.await?;
    Ok(Ok(Introspected {
        username: Some(life.username),
        of_user: claims::entitled_claims(&entitled, &token.claims().scope),
        roles: entitled.into_roles(),
    }))
}

/// The same, for an API that wants claims of the user: those of this moment.
async fn with_claims(
    app: &App,
    caller: &Caller,
    token: &VerifiedAccessToken,
    wanted: &[String],
) -> Result<Result<Introspected, Dead>, Failure> {
    let TokenState { user, assigned, .. } = match state(app, caller, token).await? {
        Ok(state) => state,
        Err(why) => return Ok(Err(why)),
    };
    let client = client_of(token)?;
    let entitled = app.roles.entitle(&user, assigned, &client).await?;
    let source = ClaimSource {
        user: &user,
        entitled: &entitled,
    };
    let of_user = claims::api_claims(source, &token.claims().scope, wanted);
    Ok(Ok(Introspected {
        username: Some(user.username.into()),
        of_user,
        roles: entitled.into_roles(),
    }))
}

fn client_of(token: &VerifiedAccessToken) -> Result<ClientId, Failure> {
    ClientId::parse(&token.claims().client_id).map_err(|e| Failure::Internal(e.to_string()))
}
