//! The APIs that tokens are for: audiences, their scopes, and the clients that may introspect their tokens.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    model::{Audience, ClientId, MetadataError},
    scope::{STANDARD, Scope},
};

/// An API as the configuration has it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ResourceConfig {
    /// The audience of its tokens, such as `api://orders`; clients name it by `resource`.
    pub audience: String,
    /// Its scopes. A scope belongs to one API.
    pub scopes: Vec<String>,
    /// The clients that may introspect its tokens, in addition to the one a token was issued to.
    pub introspection_clients: Vec<String>,
}

/// An API.
#[derive(Debug, Clone)]
pub struct Resource {
    /// The audience of its tokens.
    pub audience: Audience,
    scope: Scope,
    introspection_clients: Vec<ClientId>,
}

impl Resource {
    /// Whether the scope is one of this API's.
    #[must_use]
    pub fn owns(&self, scope: &str) -> bool {
        self.scope.contains(scope)
    }

    /// Whether the client may introspect this API's tokens (D12).
    #[must_use]
    pub fn introspected_by(&self, client: &ClientId) -> bool {
        self.introspection_clients.contains(client)
    }
}

/// All APIs; each audience and each scope once.
#[derive(Debug, Clone, Default)]
pub struct Resources(Vec<Resource>);

impl Resources {
    /// Accepts the configured APIs.
    pub fn new(configured: &[ResourceConfig]) -> Result<Self, MetadataError> {
        let fail = |field, problem: String| MetadataError { field, problem };
        let mut all: Vec<Resource> = Vec::new();
        for config in configured {
            let audience = Audience::parse(&config.audience)
                .map_err(|e| fail("audience", format!("\"{}\": {e}", config.audience)))?;
            let scope = Scope::parse(&config.scopes.join(" "))
                .map_err(|e| fail("scopes", e.to_string()))?;
            if all.iter().any(|r| r.audience == audience) {
                return Err(fail("audience", format!("{audience} is defined twice")));
            }
            for token in scope.iter() {
                if STANDARD.contains(&token) {
                    return Err(fail(
                        "scopes",
                        format!("{token} is a scope of OpenID Connect and can't belong to an API"),
                    ));
                }
                if let Some(other) = all.iter().find(|r| r.owns(token)) {
                    return Err(fail(
                        "scopes",
                        format!("{token} belongs to {} already", other.audience),
                    ));
                }
            }
            let clients = config
                .introspection_clients
                .iter()
                .map(|id| ClientId::parse(id));
            let introspection_clients = clients
                .collect::<Result<_, _>>()
                .map_err(|e| fail("introspection_clients", e.to_string()))?;
            all.push(Resource {
                audience,
                scope,
                introspection_clients,
            });
        }
        Ok(Self(all))
    }

    /// The API of an audience.
    #[must_use]
    pub fn find(&self, audience: &Audience) -> Option<&Resource> {
        self.0.iter().find(|r| r.audience == *audience)
    }

    /// The API that a scope belongs to.
    #[must_use]
    pub fn owner_of(&self, scope: &str) -> Option<&Resource> {
        self.0.iter().find(|r| r.owns(scope))
    }

    /// Whether the scope is a standard one or belongs to an API.
    #[must_use]
    pub fn knows(&self, scope: &str) -> bool {
        STANDARD.contains(&scope) || self.owner_of(scope).is_some()
    }

    /// All scopes, the standard ones first, for the metadata.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        STANDARD
            .into_iter()
            .chain(self.0.iter().flat_map(|r| r.scope.iter()))
    }

    /// All APIs.
    pub fn iter(&self) -> impl Iterator<Item = &Resource> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(audience: &str, scopes: &[&str]) -> ResourceConfig {
        let scopes = scopes.iter().map(|s| (*s).to_owned()).collect();
        ResourceConfig {
            audience: audience.to_owned(),
            scopes,
            ..Default::default()
        }
    }

    #[test]
    fn a_scope_belongs_to_one_api() {
        let twice = [config("api://a", &["x"]), config("api://b", &["x"])];
        assert_eq!(Resources::new(&twice).unwrap_err().field, "scopes");
        assert_eq!(
            Resources::new(&[config("api://a", &["openid"])])
                .unwrap_err()
                .field,
            "scopes"
        );
        assert_eq!(
            Resources::new(&[config("api://a", &[]), config("api://a", &[])])
                .unwrap_err()
                .field,
            "audience"
        );
    }

    #[test]
    fn the_owner_of_a_scope_is_found() {
        let all = Resources::new(&[config("api://a", &["x"]), config("api://b", &["y"])]).unwrap();
        assert_eq!(
            all.owner_of("y").map(|r| r.audience.as_str()),
            Some("api://b")
        );
        assert!(all.knows("openid") && all.knows("x") && !all.knows("z"));
    }

    #[test]
    fn malformed_audiences_scopes_and_clients_are_named() {
        let field = |config: ResourceConfig| Resources::new(&[config]).unwrap_err().field;
        assert_eq!(field(config("", &[])), "audience");
        assert_eq!(field(config("a b", &[])), "audience");
        assert_eq!(field(config("api://a", &["x\"y"])), "scopes");
        let clients = vec!["a\tb".to_owned()];
        assert_eq!(
            field(ResourceConfig {
                introspection_clients: clients,
                ..config("api://a", &[])
            }),
            "introspection_clients"
        );
    }

    #[test]
    fn only_the_named_clients_may_introspect() {
        let clients = vec!["gateway".to_owned()];
        let all = Resources::new(&[ResourceConfig {
            introspection_clients: clients,
            ..config("api://a", &["x"])
        }])
        .unwrap();
        let api = all.find(&Audience::parse("api://a").unwrap()).unwrap();
        assert!(api.introspected_by(&ClientId::parse("gateway").unwrap()));
        assert!(!api.introspected_by(&ClientId::parse("app").unwrap()));
        assert_eq!(all.iter().count(), 1);
        assert_eq!(all.scopes().collect::<Vec<_>>()[7..], ["x"]);
    }
}
