use axum::{
    extract::{FromRef, FromRequestParts, OptionalFromRequestParts},
    response::Response,
};
use cardea_web::inbound::csrf::{is_safe, same_origin_without_token};
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::refusal;
use crate::{bff::Bff, rp::IdentityClaims, session::Session};

/// Who is logged in. As an argument of a handler it sends all others to the login; as `Option<LoggedIn>` it lets them in.
///
/// A request that changes something, or begins a WebSocket, and comes from another site by what the browser says of it is
/// refused before the handler sees it.
#[derive(Clone)]
pub struct LoggedIn {
    bff: Bff,
    session: Session,
}

impl LoggedIn {
    /// Who it is.
    #[must_use]
    pub fn identity(&self) -> &IdentityClaims {
        self.session.identity()
    }

    /// The user's id at the provider: unique within the issuer, and permanent.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.identity().sub
    }

    /// What to call the user: the first of `name`, `preferred_username`, `email` and the subject that is there.
    #[must_use]
    pub fn name(&self) -> &str {
        self.identity().name()
    }

    /// The user's roles.
    pub fn roles(&self) -> impl Iterator<Item = &str> {
        self.identity().roles.iter().map(String::as_str)
    }

    /// All claims, read into a type of yours.
    ///
    /// # Errors
    /// When they don't have that shape.
    pub fn claims<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        self.identity().claims()
    }

    /// The session, for an app that calls APIs itself: see [`Bff::fresh_tokens`].
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The token for the hidden field `csrf_token` of this user's forms.
    #[must_use]
    pub fn csrf_token(&self) -> String {
        self.bff.sessions().csrf_token(&self.session)
    }

    /// Whether a form brought this user's token back.
    #[must_use]
    pub fn csrf_holds(&self, presented: &str) -> bool {
        self.bff.sessions().csrf_holds(&self.session, presented)
    }

    /// Looks for the session of a request once; a guard before the handler has perhaps found it.
    pub(super) async fn find(bff: &Bff, parts: &Parts) -> Result<Option<Self>, Response> {
        // A session of another app in this process does not count here.
        if let Some(found) = parts.extensions.get::<Self>()
            && found.bff.is(bff)
        {
            return Ok(Some(found.clone()));
        }
        let session = match bff.sessions().load(&parts.headers).await {
            Ok(Some(session)) => session,
            Ok(None) => return Ok(None),
            Err(error) => {
                tracing::warn!(%error, "who is logged in can't be said");
                return Err(refusal::not_available(bff, parts));
            }
        };
        if !is_safe(&parts.method, &parts.headers)
            && !same_origin_without_token(&parts.headers, bff.sessions().origin())
        {
            return Err(refusal::from_elsewhere(bff, parts));
        }
        let bff = bff.clone();
        Ok(Some(Self { bff, session }))
    }
}

impl<S> FromRequestParts<S> for LoggedIn
where
    Bff: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let bff = Bff::from_ref(state);
        let found = Self::find(&bff, parts).await?;
        found.ok_or_else(|| refusal::require_login(&bff, parts))
    }
}

impl<S> OptionalFromRequestParts<S> for LoggedIn
where
    Bff: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Response> {
        Self::find(&Bff::from_ref(state), parts).await
    }
}
