//! A client on its own behalf: RFC 6749 §4.4.

use super::audience::{self, Target};
use crate::{
    error::{ErrorCode, OAuthError},
    explain::{Check, Shown, Trail, Values},
    model::{Client, GrantType},
    request::ClientCredentialsRequest,
    resources::Resources,
    scope::{STANDARD, Scope},
};

/// The audience and scope of the token. Without `scope` these are all API scopes of the registration.
pub fn check(
    client: &Client,
    resources: &Resources,
    request: &ClientCredentialsRequest,
) -> Result<Target, OAuthError> {
    let mut trail = Trail::default();
    super::check_grant_type(&mut trail, client, GrantType::ClientCredentials)?;
    let api = |s: &str| !STANDARD.contains(&s) && resources.owner_of(s).is_some();
    let registered = client.scope().filter(api);
    let scope = match &request.scope {
        Some(scope) => {
            let refused = scope.iter().find(|s| !registered.contains(s));
            let granted = match refused {
                None => Ok(scope.clone()),
                Some(token) => Err(refusal(token, client, resources)),
            };
            trail.check(SCOPE, granted, || {
                let known = registered.iter();
                Values::nearest(refused, known)
            })?
        }
        None => {
            let of_resource = registered.filter(|s| match &request.resource {
                Some(audience) => resources
                    .owner_of(s)
                    .is_some_and(|r| r.audience == *audience),
                None => true,
            });
            trail.check(SCOPE, any_of(of_resource, client, resources), || {
                Values::of(None, &client.scope().to_string())
            })?
        }
    };
    let target = audience::choose(resources, request.resource.as_ref(), &[], &scope);
    trail.check(RESOURCE, target, || {
        Values::sent(request.resource.as_ref().map(|r| Shown::of(r.as_str())))
    })
}

const SCOPE: Check = Check {
    name: "scope",
    section: "RFC 6749 §4.4.2",
};
const RESOURCE: Check = Check {
    name: "resource",
    section: "RFC 8707 §2",
};

/// Why a scope can't be granted to a client on its own behalf.
fn refusal(token: &str, client: &Client, resources: &Resources) -> OAuthError {
    let what = if STANDARD.contains(&token) {
        // There is no user, so openid and profile have no meaning.
        format!("the scope {token} is about a user; client_credentials has none")
    } else if !client.scope().contains(token) {
        format!("the scope {token} is not registered for this client")
    } else if resources.knows(token) {
        format!("the scope {token} belongs to no resource, so client_credentials can't use it")
    } else {
        format!("no resource here has the scope {token}")
    };
    OAuthError::new(ErrorCode::InvalidScope, what)
}

/// All API scopes of the registration. If there are scopes, but none that a resource owns, a token would allow nothing.
fn any_of(scope: Scope, client: &Client, resources: &Resources) -> Result<Scope, OAuthError> {
    if !scope.is_empty() {
        return Ok(scope);
    }
    let mut others = client.scope().iter().filter(|s| !STANDARD.contains(s));
    match others.find(|s| resources.owner_of(s).is_none()) {
        Some(token) => Err(refusal(token, client, resources)),
        None => Ok(scope),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{Audience, ClientMetadata, Owner},
        resources::ResourceConfig,
    };
    use cardea_seal::Secret;

    fn check_with(scope: Option<&str>, resource: Option<&str>) -> Result<Target, ErrorCode> {
        let metadata = ClientMetadata {
            client_id: "script".to_owned(),
            client_secret: Some(Secret::new("s".repeat(32))),
            grant_types: vec![GrantType::ClientCredentials],
            scope: "orders:read orders:write mail:send".to_owned(),
            ..Default::default()
        };
        let client = Client::register(metadata, Owner::Store, jiff::Timestamp::UNIX_EPOCH).unwrap();
        let api = |audience: &str, scopes: &[&str]| ResourceConfig {
            audience: audience.to_owned(),
            scopes: scopes.iter().map(|s| (*s).to_owned()).collect(),
            ..Default::default()
        };
        let all = [
            api(
                "api://orders",
                &["orders:read", "orders:write", "orders:admin"],
            ),
            api("api://mail", &["mail:send"]),
        ];
        let request = ClientCredentialsRequest {
            scope: scope.map(|s| Scope::parse(s).unwrap()),
            resource: resource.map(|r| Audience::parse(r).unwrap()),
        };
        check(&client, &Resources::new(&all).unwrap(), &request).map_err(|e| e.code())
    }

    #[test]
    fn without_scope_a_resource_gives_all_registered_scopes_of_it() {
        assert_eq!(
            check_with(None, Some("api://orders"))
                .unwrap()
                .scope
                .to_string(),
            "orders:read orders:write"
        );
        assert_eq!(check_with(None, None), Err(ErrorCode::InvalidTarget));
    }

    #[test]
    fn a_scope_beyond_the_registration_is_refused() {
        assert_eq!(
            check_with(Some("orders:admin"), None),
            Err(ErrorCode::InvalidScope)
        );
        assert_eq!(
            check_with(Some("openid"), None),
            Err(ErrorCode::InvalidScope)
        );
        assert!(check_with(Some("orders:read"), None).is_ok());
    }

    #[test]
    fn c7_the_reason_of_a_refused_scope_is_the_true_one() {
        let client = |scope: &str| {
            let metadata = ClientMetadata {
                client_id: "script".to_owned(),
                client_secret: Some(Secret::new("s".repeat(32))),
                grant_types: vec![GrantType::ClientCredentials],
                scope: scope.to_owned(),
                ..Default::default()
            };
            Client::register(metadata, Owner::Store, jiff::Timestamp::UNIX_EPOCH).unwrap()
        };
        let why = |registered: &str, requested: Option<&str>| {
            let request = ClientCredentialsRequest {
                scope: requested.map(|s| Scope::parse(s).unwrap()),
                resource: None,
            };
            let resources = crate::samples::resources();
            let error = check(&client(registered), &resources, &request).unwrap_err();
            assert_eq!(error.code(), ErrorCode::InvalidScope);
            assert_eq!(error.trail().unwrap().failure().unwrap().name, "scope");
            error.description().to_owned()
        };
        let registered = "openid orders:read orders:raed";
        let no_resource = "no resource here has the scope orders:raed";
        assert_eq!(why(registered, Some("orders:raed")), no_resource);
        assert_eq!(why("orders:raed", None), no_resource);
        assert_eq!(
            why(registered, Some("orders:write")),
            "the scope orders:write is not registered for this client"
        );
        assert_eq!(
            why(registered, Some("nothing")),
            "the scope nothing is not registered for this client"
        );
        assert_eq!(
            why(registered, Some("openid")),
            "the scope openid is about a user; client_credentials has none"
        );
    }

    #[test]
    fn a_client_without_the_grant_type_gets_nothing() {
        let request = ClientCredentialsRequest {
            scope: None,
            resource: None,
        };
        let client = crate::samples::client(|_| {});
        let error = check(&client, &crate::samples::resources(), &request).unwrap_err();
        assert_eq!(error.code(), ErrorCode::UnauthorizedClient);
    }
}
