//! The APIs named in the request: RFC 8707 §2.1.

use crate::{
    error::{ErrorCode, OAuthError},
    model::Audience,
    request::AuthorizationParams,
    resources::Resources,
    scope::Scope,
};

const MAX_RESOURCES: usize = 8;

/// Each must be registered here, and one of its scopes asked for.
pub(super) fn known(
    params: &AuthorizationParams<'_>,
    resources: &Resources,
    scope: &Scope,
) -> Result<Vec<Audience>, OAuthError> {
    let invalid = |what: &'static str| OAuthError::new(ErrorCode::InvalidTarget, what);
    let mut named: Vec<Audience> = Vec::new();
    for text in params.resources() {
        let audience = Audience::parse(text).map_err(|_| invalid("resource is malformed"))?;
        let Some(resource) = resources.find(&audience) else {
            return Err(invalid("no such resource is registered here"));
        };
        // RFC 8707 §2, RFC 9700 §2.3: a token for an API has at least one of its scopes.
        if !scope.iter().any(|s| resource.owns(s)) {
            return Err(invalid("no scope of this resource is asked for"));
        }
        if !named.contains(&audience) {
            named.push(audience);
        }
    }
    if named.len() > MAX_RESOURCES {
        return Err(invalid("more than 8 resources"));
    }
    Ok(named)
}
