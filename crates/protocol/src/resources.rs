//! The APIs that tokens are for: audiences, their scopes, and the clients that may introspect their tokens.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    claims::{Catalog, ScopeConfig, bad_claims},
    model::{Audience, ClientId, MetadataError},
    scope::{ROLES, STANDARD, Scope},
};

const MAX_NAME_BYTES: usize = 128;

fn is_bad_name(name: &str) -> bool {
    name.is_empty() || name.len() > MAX_NAME_BYTES || name.chars().any(char::is_control)
}

/// An API as the configuration has it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ResourceConfig {
    /// The audience of its tokens, such as `api://orders`; clients name it by `resource`.
    pub audience: String,
    /// Its name on the consent page, such as `Orders`. Unset, users see the audience.
    pub name: Option<String>,
    /// Its scopes. A scope belongs to one API.
    pub scopes: Vec<String>,
    /// The clients that may introspect its tokens, in addition to the one a token was issued to.
    pub introspection_clients: Vec<String>,
    /// The claims of the user that its access tokens carry beside `roles`, such as `groups`, if the user has them. Together at most 4 KiB.
    pub claims: Vec<String>,
    /// The header `typ` of its access tokens: `at+jwt` (RFC 9068), or `JWT` for resource servers that accept nothing else.
    pub access_token_typ: AccessTokenTyp,
}

/// The header `typ` of an access token that is a JWT.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum AccessTokenTyp {
    /// RFC 9068 §2.1: no other token can pass for it.
    #[default]
    #[serde(rename = "at+jwt")]
    AtJwt,
    /// For resource servers that don't implement RFC 9068.
    #[serde(rename = "JWT")]
    Jwt,
}

impl AccessTokenTyp {
    /// The value of the header.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AtJwt => "at+jwt",
            Self::Jwt => "JWT",
        }
    }
}

/// An API.
#[derive(Debug, Clone)]
pub struct Resource {
    /// The audience of its tokens.
    pub audience: Audience,
    name: Option<String>,
    scope: Scope,
    introspection_clients: Vec<ClientId>,
    claims: Arc<[String]>,
    access_token_typ: AccessTokenTyp,
}

impl Resource {
    /// Whether the scope is one of this API's.
    #[must_use]
    pub fn owns(&self, scope: &str) -> bool {
        self.scope.contains(scope)
    }

    /// What users are shown.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(self.audience.as_str())
    }

    /// The claims of the user that its access tokens carry.
    #[must_use]
    pub fn claims(&self) -> Arc<[String]> {
        Arc::clone(&self.claims)
    }

    /// The header `typ` of its access tokens.
    #[must_use]
    pub fn access_token_typ(&self) -> AccessTokenTyp {
        self.access_token_typ
    }

    /// Whether the client may introspect this API's tokens (D12).
    #[must_use]
    pub fn introspected_by(&self, client: &ClientId) -> bool {
        self.introspection_clients.contains(client)
    }
}

/// All APIs, each audience and each scope once, and the scopes of the configuration.
#[derive(Debug, Clone, Default)]
pub struct Resources {
    apis: Vec<Resource>,
    catalog: Catalog,
}

impl Resources {
    /// Accepts the configured APIs.
    pub fn new(configured: &[ResourceConfig]) -> Result<Self, MetadataError> {
        let fail = |field, problem: String| MetadataError { field, problem };
        let mut all: Vec<Resource> = Vec::new();
        for config in configured {
            let audience = Audience::parse(&config.audience)
                .map_err(|e| fail("audience", format!("\"{}\": {e}", config.audience)))?;
            if config.name.as_deref().is_some_and(is_bad_name) {
                let problem = format!(
                    "it is empty, longer than {MAX_NAME_BYTES} bytes, or has control characters"
                );
                return Err(fail("name", problem));
            }
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
            if let Some(problem) = bad_claims(&config.claims) {
                return Err(fail("claims", problem));
            }
            if config.claims.iter().any(|claim| claim == ROLES) {
                return Err(fail(
                    "claims",
                    "access tokens always carry roles".to_owned(),
                ));
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
                name: config.name.clone(),
                scope,
                introspection_clients,
                claims: config.claims.clone().into(),
                access_token_typ: config.access_token_typ,
            });
        }
        Ok(Self {
            apis: all,
            catalog: Catalog::default(),
        })
    }

    /// Adds the scopes of the configuration. One that belongs to an API gives no claims: its tokens are not for userinfo.
    pub fn with_scopes(mut self, configured: &[ScopeConfig]) -> Result<Self, MetadataError> {
        for scope in configured {
            if !scope.claims.is_empty()
                && let Some(api) = self.owner_of(&scope.name)
            {
                return Err(MetadataError {
                    field: "scopes",
                    problem: format!(
                        "{} belongs to {}, so it gives no claims; list them under claims of that resource",
                        scope.name, api.audience
                    ),
                });
            }
        }
        self.catalog = Catalog::new(configured)?;
        Ok(self)
    }

    /// The scopes of the configuration and the claims by scope.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The API of an audience.
    #[must_use]
    pub fn find(&self, audience: &Audience) -> Option<&Resource> {
        self.apis.iter().find(|r| r.audience == *audience)
    }

    /// The API that a scope belongs to.
    #[must_use]
    pub fn owner_of(&self, scope: &str) -> Option<&Resource> {
        self.apis.iter().find(|r| r.owns(scope))
    }

    /// Whether the scope is a standard one, belongs to an API or is defined by the configuration.
    #[must_use]
    pub fn knows(&self, scope: &str) -> bool {
        STANDARD.contains(&scope) || self.is_of_api(scope) || self.catalog.defines(scope)
    }

    /// Whether the scope is one of the provider itself: a standard one, or one of the configuration.
    #[must_use]
    pub fn is_of_provider(&self, scope: &str) -> bool {
        STANDARD.contains(&scope) || (self.catalog.defines(scope) && !self.is_of_api(scope))
    }

    /// Whether the scope belongs to an API.
    #[must_use]
    pub fn is_of_api(&self, scope: &str) -> bool {
        self.owner_of(scope).is_some()
    }

    /// All scopes, the standard ones first, for the metadata.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        let own = self.catalog.scopes();
        let own = own.filter(|s| !STANDARD.contains(s) && !self.is_of_api(s));
        STANDARD
            .into_iter()
            .chain(own)
            .chain(self.apis.iter().flat_map(|r| r.scope.iter()))
    }

    /// All APIs.
    pub fn iter(&self) -> impl Iterator<Item = &Resource> {
        self.apis.iter()
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
    fn an_api_is_shown_by_its_name_or_its_audience() {
        let named = |name: &str| ResourceConfig {
            name: Some(name.to_owned()),
            ..config("api://a", &["x"])
        };
        let shown = |config| Resources::new(&[config]).map(|all| all.apis[0].name().to_owned());
        assert_eq!(shown(named("Orders")).unwrap(), "Orders");
        assert_eq!(shown(config("api://a", &[])).unwrap(), "api://a");
        for bad in ["", "a\nb", &"x".repeat(MAX_NAME_BYTES + 1)] {
            assert_eq!(shown(named(bad)).unwrap_err().field, "name", "{bad}");
        }
    }

    #[test]
    fn c3_claims_of_an_api_and_scopes_of_the_configuration_are_checked() {
        let with = |claims: &[&str]| ResourceConfig {
            claims: claims.iter().map(|c| (*c).to_owned()).collect(),
            ..config("api://a", &["x"])
        };
        assert!(Resources::new(&[with(&["groups", "department"])]).is_ok());
        for bad in ["sub", "aud", "scope", "client_id", "roles", "a b", "exp"] {
            let refused = Resources::new(&[with(&[bad])]).unwrap_err();
            assert_eq!(refused.field, "claims", "{bad}");
        }
        let scope = |name: &str, claims: &[&str]| ScopeConfig {
            name: name.to_owned(),
            claims: claims.iter().map(|c| (*c).to_owned()).collect(),
            ..Default::default()
        };
        let all = Resources::new(&[config("api://a", &["x"])]).unwrap();
        let named = all
            .clone()
            .with_scopes(&[scope("x", &[]), scope("hr", &["department"])]);
        let named = named.unwrap();
        assert!(named.knows("hr") && !named.is_of_api("hr"));
        assert_eq!(named.scopes().collect::<Vec<_>>()[8..], ["hr", "x"]);
        assert!(all.with_scopes(&[scope("x", &["department"])]).is_err());
    }

    #[test]
    fn c4_the_typ_of_access_tokens_is_at_jwt_or_jwt() {
        let read = |typ: &str| serde_json::from_str::<AccessTokenTyp>(&format!("\"{typ}\""));
        assert_eq!(read("JWT").unwrap().as_str(), "JWT");
        assert_eq!(read("at+jwt").unwrap().as_str(), "at+jwt");
        assert_eq!(AccessTokenTyp::default().as_str(), "at+jwt");
        for bad in ["jwt", "AT+JWT", "none", ""] {
            assert!(read(bad).is_err(), "{bad}");
        }
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
        assert_eq!(all.scopes().collect::<Vec<_>>()[8..], ["x"]);
    }
}
