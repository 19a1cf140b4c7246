//! A client on its own behalf: RFC 6749 §4.4.

use super::audience::{self, Target};
use crate::{
    error::{ErrorCode, OAuthError},
    model::{Client, GrantType},
    request::ClientCredentialsRequest,
    resources::Resources,
    scope::STANDARD,
};

/// The audience and scope of the token. Without `scope` these are all API scopes of the registration.
pub fn check(
    client: &Client,
    resources: &Resources,
    request: &ClientCredentialsRequest,
) -> Result<Target, OAuthError> {
    if !client.may_use(GrantType::ClientCredentials) {
        return Err(super::unauthorized_grant_type());
    }
    let api = |s: &str| !STANDARD.contains(&s) && resources.knows(s);
    let registered = client.scope().filter(api);
    let scope = match &request.scope {
        // There is no user, so openid and profile have no meaning.
        Some(scope) if !scope.is_subset_of(&registered) => {
            return Err(OAuthError::new(
                ErrorCode::InvalidScope,
                "a requested scope is not registered for this client",
            ));
        }
        Some(scope) => scope.clone(),
        None => registered.filter(|s| match &request.resource {
            Some(audience) => resources
                .owner_of(s)
                .is_some_and(|r| r.audience == *audience),
            None => true,
        }),
    };
    audience::choose(resources, request.resource.as_ref(), &[], &scope)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{Audience, ClientMetadata, Owner},
        resources::ResourceConfig,
        scope::Scope,
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
