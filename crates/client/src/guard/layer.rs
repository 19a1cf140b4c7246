use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{extract::Request, response::Response};
use cardea_web::permissions::Permissions;
use tower::{Layer, Service};

use super::{LoggedIn, refusal};
use crate::{bff::Bff, rp::IdentityClaims};

/// A guard before routes: a layer.
///
/// It also refuses a request that changes something, or begins a WebSocket, and comes from another site, by what the browser says.
#[derive(Clone)]
pub struct Guard {
    bff: Bff,
    rule: Arc<Rule>,
}

enum Rule {
    LoggedIn,
    Role(String),
    Permission(Permissions, String),
}

/// Lets every logged-in user pass.
#[must_use]
pub fn require_login(login: &impl AsRef<Bff>) -> Guard {
    Guard::new(login.as_ref(), Rule::LoggedIn)
}

/// Lets holders of this role pass.
#[must_use]
pub fn require_role(login: &impl AsRef<Bff>, role: impl Into<String>) -> Guard {
    Guard::new(login.as_ref(), Rule::Role(role.into()))
}

/// Lets holders of a role with this permission pass.
///
/// ```
/// # use axum::{Router, routing::get};
/// # fn router(login: cardea_client::Login) -> Router {
/// use cardea_client::{Permissions, require_permission};
///
/// let permissions = Permissions::new()
///     .role("viewer", ["report:read"])
///     .role("editor", ["report:read", "report:write"]);
/// Router::new().route(
///     "/report",
///     get(|| async { "report" }).layer(require_permission(&login, &permissions, "report:read")),
/// )
/// # }
/// ```
#[must_use]
pub fn require_permission(
    login: &impl AsRef<Bff>,
    permissions: &Permissions,
    permission: impl Into<String>,
) -> Guard {
    Guard::new(
        login.as_ref(),
        Rule::Permission(permissions.clone(), permission.into()),
    )
}

impl Guard {
    fn new(bff: &Bff, rule: Rule) -> Self {
        Self {
            bff: bff.clone(),
            rule: Arc::new(rule),
        }
    }

    /// The request, with who it is in it; or what is answered instead.
    async fn judge(self, request: Request) -> Result<Request, Box<Response>> {
        let (mut parts, body) = request.into_parts();
        let found = LoggedIn::find(&self.bff, &parts).await.map_err(Box::new)?;
        let Some(user) = found else {
            return Err(Box::new(refusal::require_login(&self.bff, &parts)));
        };
        if !self.rule.allows(user.identity()) {
            return Err(Box::new(refusal::not_allowed(&self.bff, &parts)));
        }
        parts.extensions.insert(user);
        Ok(Request::from_parts(parts, body))
    }
}

impl Rule {
    fn allows(&self, user: &IdentityClaims) -> bool {
        match self {
            Self::LoggedIn => true,
            Self::Role(role) => user.roles.iter().any(|own| own == role),
            Self::Permission(permissions, permission) => {
                permissions.allow(user.roles.iter().map(String::as_str), permission)
            }
        }
    }
}

impl<S> Layer<S> for Guard {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded {
            inner,
            guard: self.clone(),
        }
    }
}

/// A service behind a guard.
#[derive(Clone)]
pub struct Guarded<S> {
    inner: S,
    guard: Guard,
}

impl<S> Service<Request> for Guarded<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        // The one that was found ready is used; the clone waits for its own turn.
        let next = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, next);
        let guard = self.guard.clone();
        Box::pin(async move {
            match guard.judge(request).await {
                Ok(request) => inner.call(request).await,
                Err(refusal) => Ok(*refusal),
            }
        })
    }
}
