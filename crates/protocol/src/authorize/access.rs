//! What a client asks for: the half of an authorization request that does not depend on how the response goes back.

use serde::{Deserialize, Serialize};

use crate::{
    claims::scope_of,
    model::{Audience, ClientId, Subject},
    request::ClaimsRequest,
    scope::Scope,
};

/// The access that a client asks for, checked. The names of its members are short because it travels in a URL.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Access {
    /// The client.
    #[serde(rename = "c")]
    pub client_id: ClientId,
    /// The scopes requested and permitted.
    #[serde(rename = "s")]
    pub scope: Scope,
    /// The APIs named.
    #[serde(rename = "r", default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<Audience>,
    /// The claims requested by name.
    #[serde(rename = "l", default, skip_serializing_if = "ClaimsRequest::is_empty")]
    pub claims: ClaimsRequest,
    /// The greatest age of the login, in seconds.
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    pub max_age: Option<u64>,
    /// The authentication context classes wished for, the most wanted first.
    #[serde(rename = "v", default, skip_serializing_if = "Vec::is_empty")]
    pub acr_values: Vec<String>,
    /// What to put in the login form.
    #[serde(rename = "h", default, skip_serializing_if = "Option::is_none")]
    pub login_hint: Option<String>,
    /// The required user, by `id_token_hint` or the claim `sub`.
    #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// The organization that the client names, by its identifier or its name.
    #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
}

impl Access {
    /// What the user is asked to allow: the scopes, and those that requested claims belong to.
    #[must_use]
    pub fn consent_scope(&self) -> Scope {
        let claims = self
            .claims
            .userinfo
            .keys()
            .chain(self.claims.id_token.keys());
        claims
            .filter_map(|name| scope_of(name))
            .fold(self.scope.clone(), Scope::with)
    }
}
