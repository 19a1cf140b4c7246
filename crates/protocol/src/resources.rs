//! The APIs that tokens are for: audiences, their scopes, and the clients that may introspect their tokens.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    claims::{Catalog, ScopeConfig, claim_problems},
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

/// What is wrong with one of the configured APIs or scopes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryProblem {
    /// The list: `resources` or `scopes`.
    pub section: &'static str,
    /// The index in it.
    pub index: usize,
    /// What is wrong.
    pub error: MetadataError,
}

/// What the APIs that were checked have, also those with a problem: it is no problem of its own.
#[derive(Default)]
struct Earlier {
    audiences: Vec<Audience>,
    /// The scopes, each with the audience of its API.
    scopes: Vec<(String, String)>,
}

impl Earlier {
    fn owner_of(&self, scope: &str) -> Option<&str> {
        let mut scopes = self.scopes.iter();
        scopes.find_map(|(name, api)| (name == scope).then_some(&**api))
    }

    /// An API beside these, or all that is wrong with it.
    fn accept(&mut self, config: &ResourceConfig) -> Result<Resource, Vec<MetadataError>> {
        let mut problems = Vec::new();
        let mut fail = |field, problem: String| problems.push(MetadataError { field, problem });
        let audience = Audience::parse(&config.audience);
        match &audience {
            Err(e) => fail("audience", format!("\"{}\": {e}", config.audience)),
            Ok(audience) if self.audiences.contains(audience) => {
                fail("audience", format!("{audience} is defined twice"));
            }
            Ok(audience) => self.audiences.push(audience.clone()),
        }
        if config.name.as_deref().is_some_and(is_bad_name) {
            let problem = format!(
                "it is empty, longer than {MAX_NAME_BYTES} bytes, or has control characters"
            );
            fail("name", problem);
        }
        let scope = self.scope(config, &mut fail);
        for problem in claim_problems(&config.claims) {
            fail("claims", problem);
        }
        if config.claims.iter().any(|claim| claim == ROLES) {
            fail("claims", "access tokens always carry roles".to_owned());
        }
        let mut introspection_clients = Vec::new();
        for id in &config.introspection_clients {
            match ClientId::parse(id) {
                Ok(id) => introspection_clients.push(id),
                Err(e) => fail("introspection_clients", e.to_string()),
            }
        }
        match (audience, scope) {
            (Ok(audience), Some(scope)) if problems.is_empty() => Ok(Resource {
                audience,
                name: config.name.clone(),
                scope,
                introspection_clients,
                claims: config.claims.clone().into(),
                access_token_typ: config.access_token_typ,
            }),
            _ => Err(problems),
        }
    }

    /// The scopes of an API. The well-formed ones are its own for the next checks, also if others are not.
    fn scope(
        &mut self,
        config: &ResourceConfig,
        mut fail: impl FnMut(&'static str, String),
    ) -> Option<Scope> {
        let scope = Scope::parse(&config.scopes.join(" "));
        if let Err(e) = &scope {
            fail("scopes", e.to_string());
        }
        let tokens = config.scopes.iter().flat_map(|scopes| scopes.split(' '));
        let good = tokens.filter(|t| Scope::parse(t).is_ok_and(|s| s.contains(t)));
        let mut own: Vec<&str> = Vec::new();
        for token in good {
            if own.contains(&token) {
                continue;
            }
            if STANDARD.contains(&token) {
                fail(
                    "scopes",
                    format!("{token} is a scope of OpenID Connect and can't belong to an API"),
                );
            } else if let Some(other) = self.owner_of(token) {
                fail("scopes", format!("{token} belongs to {other} already"));
            } else {
                own.push(token);
            }
        }
        let api = match Audience::parse(&config.audience) {
            Ok(audience) => audience.to_string(),
            Err(_) => format!("{:?}", config.audience),
        };
        let own = own.into_iter().map(|token| (token.to_owned(), api.clone()));
        self.scopes.extend(own);
        scope.ok()
    }
}

/// A scope of an API gives no claims: the tokens of the API are not for userinfo.
fn claims_of_an_api(scope: &ScopeConfig, api: Option<&str>) -> Option<MetadataError> {
    let api = api?;
    (!scope.claims.is_empty()).then(|| MetadataError {
        field: "claims",
        problem: format!(
            "{} belongs to {api}, so it gives no claims; list them under claims of that resource",
            scope.name
        ),
    })
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
        let mut all = Self::default();
        let mut earlier = Earlier::default();
        for config in configured {
            match earlier.accept(config) {
                Ok(resource) => all.apis.push(resource),
                Err(problems) => problems.into_iter().next().map_or(Ok(()), Err)?,
            }
        }
        Ok(all)
    }

    /// Everything that is wrong with the configured APIs and scopes. What an API with a problem has is known when the next ones
    /// are checked.
    #[must_use]
    pub fn problems(resources: &[ResourceConfig], scopes: &[ScopeConfig]) -> Vec<EntryProblem> {
        let mut earlier = Earlier::default();
        let mut found = Vec::new();
        let of = |section, index| {
            move |error| EntryProblem {
                section,
                index,
                error,
            }
        };
        for (index, config) in resources.iter().enumerate() {
            let problems = earlier.accept(config).err().into_iter().flatten();
            found.extend(problems.map(of("resources", index)));
        }
        for (index, scope) in scopes.iter().enumerate() {
            let problems = Catalog::problems(scopes, index).into_iter();
            let problems = problems.chain(claims_of_an_api(scope, earlier.owner_of(&scope.name)));
            found.extend(problems.map(of("scopes", index)));
        }
        found
    }

    /// Adds the scopes of the configuration. One that belongs to an API gives no claims: its tokens are not for userinfo.
    pub fn with_scopes(mut self, configured: &[ScopeConfig]) -> Result<Self, MetadataError> {
        for scope in configured {
            let api = self.owner_of(&scope.name).map(|api| api.audience.as_str());
            claims_of_an_api(scope, api).map_or(Ok(()), Err)?;
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
#[path = "resources_tests.rs"]
mod tests;
