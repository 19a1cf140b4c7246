//! One access token, one audience (D12, RFC 8707 §2.2, RFC 9068 §3).

use std::sync::Arc;

use crate::{
    error::{ErrorCode, OAuthError},
    model::Audience,
    resources::{AccessTokenTyp, Resource, Resources},
    scope::Scope,
};

/// The audience of an access token, and its scope there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The API; without one the token is for the issuer itself, that is for userinfo.
    pub audience: Option<Audience>,
    /// What the token allows.
    pub scope: Scope,
    /// The claims of the user that the API wants.
    pub claims: Arc<[String]>,
    /// The `typ` of a JWT.
    pub typ: AccessTokenTyp,
}

/// Chooses the audience of a token: the one named now, else the only one named at `/authorize`,
/// else the one that owns the API scopes.
pub fn choose(
    resources: &Resources,
    requested: Option<&Audience>,
    granted: &[Audience],
    scope: &Scope,
) -> Result<Target, OAuthError> {
    let resource = match (requested, granted) {
        (Some(audience), _) => Some(named(resources, audience, granted, scope)?),
        (None, [audience]) => Some(named(resources, audience, granted, scope)?),
        (None, _) => owner(resources, scope)?,
    };
    Ok(match resource {
        Some(resource) => Target {
            audience: Some(resource.audience.clone()),
            scope: scope.filter(|s| resource.owns(s) || resources.is_of_provider(s)),
            claims: resource.claims(),
            typ: resource.access_token_typ(),
        },
        None => Target {
            audience: None,
            scope: scope.filter(|s| resources.is_of_provider(s)),
            claims: Arc::default(),
            typ: AccessTokenTyp::default(),
        },
    })
}

fn named<'a>(
    resources: &'a Resources,
    audience: &Audience,
    granted: &[Audience],
    scope: &Scope,
) -> Result<&'a Resource, OAuthError> {
    let Some(resource) = resources.find(audience) else {
        return Err(invalid_target("no such resource is registered here"));
    };
    // RFC 8707 §2.2: only what was granted can be asked for later.
    if !granted.is_empty() && !granted.contains(audience) {
        return Err(invalid_target(
            "this resource was not part of the authorization request",
        ));
    }
    if granted.is_empty() && !scope.iter().any(|s| resource.owns(s)) {
        return Err(invalid_target("no scope of this resource was granted"));
    }
    Ok(resource)
}

fn owner<'a>(resources: &'a Resources, scope: &Scope) -> Result<Option<&'a Resource>, OAuthError> {
    let mut owners = scope.iter().filter_map(|s| resources.owner_of(s));
    let Some(first) = owners.next() else {
        return Ok(None);
    };
    if owners.any(|other| other.audience != first.audience) {
        return Err(invalid_target(
            "the scopes belong to several resources; name one by the parameter resource",
        ));
    }
    Ok(Some(first))
}

fn invalid_target(description: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidTarget, description)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::ResourceConfig;

    fn resources() -> Resources {
        let api = |audience: &str, scopes: &[&str]| ResourceConfig {
            audience: audience.to_owned(),
            scopes: scopes.iter().map(|s| (*s).to_owned()).collect(),
            ..Default::default()
        };
        Resources::new(&[
            api("api://orders", &["orders:read", "orders:write"]),
            api("api://mail", &["mail:send"]),
        ])
        .unwrap()
    }

    fn audience(text: &str) -> Audience {
        Audience::parse(text).unwrap()
    }

    fn pick(
        requested: Option<&str>,
        granted: &[&str],
        scope: &str,
    ) -> Result<(Option<String>, String), ErrorCode> {
        let granted: Vec<_> = granted.iter().map(|a| audience(a)).collect();
        let scope = Scope::parse(scope).unwrap();
        choose(
            &resources(),
            requested.map(audience).as_ref(),
            &granted,
            &scope,
        )
        .map(|t| (t.audience.map(|a| a.to_string()), t.scope.to_string()))
        .map_err(|e| e.code())
    }

    #[test]
    fn without_api_scopes_the_token_is_for_the_issuer() {
        assert_eq!(
            pick(None, &[], "openid email"),
            Ok((None, "openid email".to_owned()))
        );
    }

    #[test]
    fn the_owner_of_the_scopes_is_the_audience() {
        let orders = Ok((
            Some("api://orders".to_owned()),
            "openid orders:read".to_owned(),
        ));
        assert_eq!(pick(None, &[], "openid orders:read"), orders);
    }

    #[test]
    fn scopes_of_two_apis_need_a_resource() {
        assert_eq!(
            pick(None, &[], "orders:read mail:send"),
            Err(ErrorCode::InvalidTarget)
        );
        let mail = Ok((Some("api://mail".to_owned()), "mail:send".to_owned()));
        assert_eq!(pick(Some("api://mail"), &[], "orders:read mail:send"), mail);
    }

    #[test]
    fn a_resource_that_is_unknown_or_was_not_granted_is_refused() {
        assert_eq!(
            pick(Some("api://none"), &[], "orders:read"),
            Err(ErrorCode::InvalidTarget)
        );
        assert_eq!(
            pick(
                Some("api://mail"),
                &["api://orders"],
                "orders:read mail:send"
            ),
            Err(ErrorCode::InvalidTarget)
        );
        assert_eq!(
            pick(Some("api://mail"), &[], "orders:read"),
            Err(ErrorCode::InvalidTarget)
        );
    }

    #[test]
    fn the_only_resource_of_the_request_is_the_audience_until_another_is_asked_for() {
        let orders = Ok((
            Some("api://orders".to_owned()),
            "openid orders:read".to_owned(),
        ));
        let granted = &["api://orders"];
        assert_eq!(pick(None, granted, "openid orders:read mail:send"), orders);
        assert_eq!(
            pick(
                Some("api://orders"),
                granted,
                "openid orders:read mail:send"
            ),
            orders
        );
        let both = &["api://orders", "api://mail"];
        assert_eq!(
            pick(None, both, "orders:read mail:send"),
            Err(ErrorCode::InvalidTarget)
        );
        let mail = Ok((Some("api://mail".to_owned()), "mail:send".to_owned()));
        assert_eq!(
            pick(Some("api://mail"), both, "orders:read mail:send"),
            mail
        );
    }
}
