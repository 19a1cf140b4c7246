//! The token of a request, after all checks.

use std::{fmt, sync::Arc, time::Duration};

use axum::extract::FromRequestParts;
use cardea_protocol::{model::SenderBinding, scope::Scope, verify::BearerToken};
use cardea_web::{inbound::Problem, permissions::Permissions};
use http::request::Parts;
use jiff::Timestamp;
use serde::de::DeserializeOwned;

use crate::{
    challenge::{Authentication, Challenge},
    refusal::Forbidden,
};

/// A good access token for this API, of this request. Take it as an argument of a handler; a clone costs nothing.
///
/// ```
/// use axum::{Router, routing::get};
/// use cardea_resource::{AccessToken, Forbidden};
///
/// async fn metrics(token: AccessToken) -> Result<String, Forbidden> {
///     token.require_role("admin")?;
///     Ok(format!("hello, {}", token.subject()))
/// }
/// let router: Router = Router::new().route("/admin/metrics", get(metrics));
/// ```
#[derive(Clone)]
pub struct AccessToken {
    token: Arc<BearerToken>,
    expires_at: Timestamp,
    /// When it was checked.
    checked_at: Timestamp,
    challenge: Arc<Challenge>,
}

impl AccessToken {
    pub(crate) fn new(
        token: Arc<BearerToken>,
        expires_at: Timestamp,
        checked_at: Timestamp,
        challenge: &Arc<Challenge>,
    ) -> Self {
        Self {
            token,
            expires_at,
            checked_at,
            challenge: Arc::clone(challenge),
        }
    }

    /// The user, or the client in its own name. Unique within the issuer.
    #[must_use]
    pub fn subject(&self) -> &str {
        self.token.subject()
    }

    /// The client it was issued to: `client_id`, or `azp`.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        self.token.client_id()
    }

    /// What it allows: `scope`, or `scp`.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        self.token.scope()
    }

    /// The holder's roles: `roles`, and Keycloak's `realm_access.roles`.
    pub fn roles(&self) -> impl Iterator<Item = &str> {
        self.token.roles().iter().map(String::as_str)
    }

    /// What the holder's roles allow, as the issuer says: `permissions`.
    pub fn permissions(&self) -> impl Iterator<Item = &str> {
        self.token.permissions().iter().map(String::as_str)
    }

    /// The holder's tenant: `tenant`, `tid`, or the organization `org_id`.
    #[must_use]
    pub fn tenant(&self) -> Option<&str> {
        self.token.tenant()
    }

    /// When it dies. For an introspected token of unknown end: until when the answer is believed.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// The key that it is bound to: `cnf` (RFC 7800). A bound token needs a proof of possession. It is refused as a bearer token
    /// (RFC 9449 §7.2), so the token of a request is not bound.
    #[must_use]
    pub fn confirmation(&self) -> Option<SenderBinding> {
        self.token.confirmation()
    }

    /// All claims, read into a type of yours.
    ///
    /// # Errors
    /// When they don't have that shape.
    pub fn claims<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        self.token.claims()
    }

    /// Goes on only with this scope.
    ///
    /// # Errors
    /// 403 that names the scope.
    pub fn require_scope(&self, scope: &str) -> Result<(), Forbidden> {
        self.require_any_scope([scope])
    }

    /// Goes on with one of these scopes.
    ///
    /// # Errors
    /// 403 that names them.
    pub fn require_any_scope<'a>(
        &self,
        scopes: impl IntoIterator<Item = &'a str> + Clone,
    ) -> Result<(), Forbidden> {
        if scopes
            .clone()
            .into_iter()
            .any(|one| self.scope().contains(one))
        {
            return Ok(());
        }
        let all: Vec<&str> = scopes.into_iter().collect();
        let needed = match all.as_slice() {
            [one] => format!("the scope {one} is needed"),
            _ => format!("one of the scopes {} is needed", all.join(", ")),
        };
        Err(Forbidden::for_scope(&self.challenge, needed, all.join(" ")))
    }

    /// Goes on only with this role.
    ///
    /// # Errors
    /// 403.
    pub fn require_role(&self, role: &str) -> Result<(), Forbidden> {
        if self.roles().any(|one| one == role) {
            return Ok(());
        }
        Err(self.forbid(format!("the role {role} is needed")))
    }

    /// Goes on only when the token has this permission, or one of its roles has it in this map.
    ///
    /// # Errors
    /// 403.
    pub fn require_permission(
        &self,
        permissions: &Permissions,
        permission: &str,
    ) -> Result<(), Forbidden> {
        let has = self.permissions().any(|one| one == permission);
        if has || permissions.allow(self.roles(), permission) {
            return Ok(());
        }
        Err(self.forbid(format!("the permission {permission} is needed")))
    }

    /// Goes on only when the user authenticated by one of these classes (`acr`), and not longer ago than that (`auth_time`). No
    /// class stands for any.
    ///
    /// # Errors
    /// 401 with a challenge by which the client sends the user to authenticate again (RFC 9470 §3).
    pub fn require_authentication(
        &self,
        acr_values: &[&str],
        max_age: Option<Duration>,
    ) -> Result<(), Forbidden> {
        #[derive(Default, serde::Deserialize)]
        struct Claims {
            #[serde(default)]
            acr: Option<String>,
            #[serde(default)]
            auth_time: Option<i64>,
        }
        let claims: Claims = self.claims().unwrap_or_default();
        let class = acr_values.is_empty()
            || claims
                .acr
                .is_some_and(|acr| acr_values.contains(&acr.as_str()));
        let max_age = max_age.map(|age| age.as_secs());
        let age = claims.auth_time.map(|at| self.checked_at.as_second() - at);
        let recent = max_age.is_none_or(|most| {
            let age = age.map(|age| u64::try_from(age).unwrap_or(0));
            age.is_some_and(|age| age <= most)
        });
        if class && recent {
            return Ok(());
        }
        let asked = Authentication {
            acr_values: acr_values.iter().map(|acr| (*acr).to_owned()).collect(),
            max_age,
        };
        let needed = match class {
            false => "a stronger authentication of the user is needed",
            true => "a more recent authentication of the user is needed",
        };
        let needed = needed.to_owned();
        Err(Forbidden::for_authentication(
            &self.challenge,
            needed,
            asked,
        ))
    }

    /// A refusal by a rule of your own; what it says is sent.
    #[must_use]
    pub fn forbid(&self, description: impl Into<String>) -> Forbidden {
        Forbidden::new(&self.challenge, description.into())
    }

    /// The answer for an object that does not exist.
    pub(crate) fn missing(&self) -> Forbidden {
        Forbidden::missing(&self.challenge)
    }
}

/// The subject and the client, and no more: a token's claims don't belong in a log.
impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken")
            .field("subject", &self.subject())
            .field("client_id", &self.client_id())
            .finish_non_exhaustive()
    }
}

impl<S: Sync> FromRequestParts<S> for AccessToken {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        parts.extensions.get().cloned().ok_or_else(outside)
    }
}

/// The mistake of a programmer: shut, and said in the log.
pub(crate) fn outside() -> Problem {
    tracing::error!(
        "a handler or guard asks for an access token on a route that Api doesn't protect"
    );
    Problem::internal()
}
