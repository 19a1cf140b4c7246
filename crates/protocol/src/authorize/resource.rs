//! The APIs named in the request: RFC 8707 §2.1.

use crate::{
    error::{ErrorCode, OAuthError},
    model::Audience,
    request::AuthorizationParams,
    resources::Resources,
};

const MAX_RESOURCES: usize = 8;

/// Each must be registered here.
pub(super) fn known(params: &AuthorizationParams<'_>, resources: &Resources) -> Result<Vec<Audience>, OAuthError> {
    let invalid = |what: &'static str| OAuthError::new(ErrorCode::InvalidTarget, what);
    let mut named: Vec<Audience> = Vec::new();
    for text in params.resources() {
        let audience = Audience::parse(text).map_err(|_| invalid("resource is malformed"))?;
        if resources.find(&audience).is_none() {
            return Err(invalid("no such resource is registered here"));
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
