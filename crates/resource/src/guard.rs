//! Guards as layers of a route.

use std::{
    future::{Ready, ready},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use cardea_web::permissions::Permissions;
use futures_util::future::Either;
use tower::{Layer, Service};

use crate::{
    access_token::{AccessToken, outside},
    refusal::Forbidden,
};

/// A guard before routes, made by [`require_scope`] and its siblings. It stands within [`Api::protect`](crate::Api::protect).
#[derive(Debug, Clone)]
pub struct Require(Arc<Rule>);

#[derive(Debug)]
enum Rule {
    AnyScope(Vec<String>),
    Role(String),
    Permission(Permissions, String),
    Authentication(Vec<String>, Option<Duration>),
}

/// Lets only tokens with this scope pass.
///
/// ```
/// use axum::{Router, routing::{get, post}};
/// use cardea_resource::require_scope;
///
/// let router: Router = Router::new().route(
///     "/orders",
///     get(async || "orders").layer(require_scope("orders:read"))
///         .merge(post(async || "created").layer(require_scope("orders:write"))),
/// );
/// ```
pub fn require_scope(scope: impl Into<String>) -> Require {
    Require(Arc::new(Rule::AnyScope(vec![scope.into()])))
}

/// Lets only tokens with at least one of these scopes pass.
pub fn require_any_scope<S: Into<String>>(scopes: impl IntoIterator<Item = S>) -> Require {
    let scopes = scopes.into_iter().map(Into::into).collect();
    Require(Arc::new(Rule::AnyScope(scopes)))
}

/// Lets only holders of this role pass.
///
/// ```
/// use axum::{Router, routing::get};
/// use cardea_resource::require_role;
///
/// let admin: Router = Router::new()
///     .route("/admin/metrics", get(async || "metrics"))
///     .route_layer(require_role("admin"));
/// ```
pub fn require_role(role: impl Into<String>) -> Require {
    Require(Arc::new(Rule::Role(role.into())))
}

/// Lets only tokens with this permission pass (claim `permissions`), or with a role that has it in this map. The map is empty where the
/// issuer knows what roles allow.
///
/// ```
/// use axum::{Router, routing::delete};
/// use cardea_resource::{Permissions, require_permission};
///
/// let permissions = Permissions::new().role("admin", ["orders:delete"]);
/// let router: Router = Router::new()
///     .route("/orders/{id}", delete(async || "gone"))
///     .route_layer(require_permission(&permissions, "orders:delete"));
/// ```
pub fn require_permission(permissions: &Permissions, permission: impl Into<String>) -> Require {
    Require(Arc::new(Rule::Permission(
        permissions.clone(),
        permission.into(),
    )))
}

/// Lets only tokens pass whose user authenticated by one of these classes (`acr`). Others are answered with a challenge by which the
/// client sends the user to do that (RFC 9470).
///
/// ```
/// use axum::{Router, routing::post};
/// use cardea_resource::require_acr;
///
/// let router: Router = Router::new()
///     .route("/payments", post(async || "paid"))
///     .route_layer(require_acr(["urn:cardea:acr:mfa", "urn:cardea:acr:phishing-resistant"]));
/// ```
pub fn require_acr<S: Into<String>>(acr_values: impl IntoIterator<Item = S>) -> Require {
    let acr_values = acr_values.into_iter().map(Into::into).collect();
    Require(Arc::new(Rule::Authentication(acr_values, None)))
}

/// Lets only tokens pass whose user authenticated not longer ago than this (`auth_time`, RFC 9470).
pub fn require_recent_login(max_age: Duration) -> Require {
    Require(Arc::new(Rule::Authentication(Vec::new(), Some(max_age))))
}

impl Rule {
    fn judge(&self, token: &AccessToken) -> Result<(), Forbidden> {
        match self {
            Self::AnyScope(scopes) => token.require_any_scope(scopes.iter().map(String::as_str)),
            Self::Role(role) => token.require_role(role),
            Self::Permission(permissions, one) => token.require_permission(permissions, one),
            Self::Authentication(acr_values, max_age) => {
                let acr_values: Vec<&str> = acr_values.iter().map(String::as_str).collect();
                token.require_authentication(&acr_values, *max_age)
            }
        }
    }
}

impl<S> Layer<S> for Require {
    type Service = Required<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Required {
            inner,
            rule: Arc::clone(&self.0),
        }
    }
}

/// A service behind a guard.
#[derive(Debug, Clone)]
pub struct Required<S> {
    inner: S,
    rule: Arc<Rule>,
}

impl<S> Service<Request> for Required<S>
where
    S: Service<Request, Response = Response>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Either<S::Future, Ready<Result<Response, S::Error>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let refusal = match request.extensions().get::<AccessToken>() {
            None => outside().into_response(),
            Some(token) => match self.rule.judge(token) {
                Ok(()) => return Either::Left(self.inner.call(request)),
                Err(forbidden) => forbidden.into_response(),
            },
        };
        Either::Right(ready(Ok(refusal)))
    }
}
