//! Which of the requested scopes can be granted: RFC 6749 §3.3.

use crate::{
    claims::scope_of,
    error::{ErrorCode, OAuthError},
    model::{Client, GrantType},
    request::{AuthorizationParams, ClaimsRequest},
    resources::Resources,
    scope::{OFFLINE_ACCESS, ORGANIZATION, Scope},
};

/// OpenID Core §5.5: a claim requested by name does not bypass the scopes of the client. One that only a scope of the
/// configuration gives needs that scope in the request, where consent is asked for it.
pub(super) fn claims(
    params: &AuthorizationParams<'_>,
    client: &Client,
    resources: &Resources,
    scope: &Scope,
) -> Result<ClaimsRequest, OAuthError> {
    let catalog = resources.catalog();
    let may = |claim: &str| match scope_of(claim) {
        Some(standard) => client.scope().contains(standard) || catalog.gives(scope, claim),
        None => catalog.givers(claim).next().is_none() || catalog.gives(scope, claim),
    };
    let mut claims = params.claims()?;
    claims.userinfo.retain(|name, _| may(name));
    claims.id_token.retain(|name, _| may(name));
    Ok(claims)
}

/// Unknown scopes are ignored (OpenID Core §3.1.2.1); known ones must be registered for the client.
pub(super) fn allowed(
    params: &AuthorizationParams<'_>,
    client: &Client,
    resources: &Resources,
) -> Result<Scope, OAuthError> {
    let invalid = |what: String| OAuthError::new(ErrorCode::InvalidScope, what);
    let Some(text) = params.scope() else {
        return Err(invalid("scope is missing".to_owned()));
    };
    let requested = Scope::parse(text).map_err(|e| invalid(e.to_string()))?;
    let known = requested.filter(|s| resources.knows(s));
    // D27: a request that names an organization, and each one of a client that demands one, has the scope of it. Consent is asked for it.
    let in_organization = params.has("organization") || client.metadata().require_organization;
    let known = match in_organization {
        true => known.with(ORGANIZATION),
        false => known,
    };
    let may = |s: &str| client.scope().contains(s) || (in_organization && s == ORGANIZATION);
    if let Some(foreign) = known.iter().find(|s| !may(s)) {
        return Err(invalid(format!(
            "the scope {foreign} is not registered for this client"
        )));
    }
    // OpenID Core §11: offline_access is ignored where it can't lead to a refresh token.
    let granted = known.filter(|s| s != OFFLINE_ACCESS || client.may_use(GrantType::RefreshToken));
    if granted.is_empty() {
        return Err(invalid(
            "none of the requested scopes is known here".to_owned(),
        ));
    }
    Ok(granted)
}
