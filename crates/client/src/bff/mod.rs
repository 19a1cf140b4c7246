//! The backend of a single-page app, and the login routes of one whose pages are made on the server.
//!
//! | route | what |
//! |---|---|
//! | `GET /bff/login?return_to=/orders` | sends the browser to the provider |
//! | `GET /bff/callback` | opens the session and goes back to the page |
//! | `GET /bff/user` | claims, the session's end, the CSRF token; 401 without a session |
//! | `POST /bff/logout` | ends the session, revokes the refresh token, says where to log out at the provider |
//! | `POST /bff/backchannel-logout` | the provider says that a session has ended |
//! | `/api/*` | handed on to the API with the access token put in |
//!
//! Access and refresh tokens never reach the browser. The ID token does once, as the hint in the provider's logout address,
//! which is what OpenID RP-Initiated Logout asks for; it opens nothing.
//!
//! A page's script sends `X-CSRF: 1` with whatever changes something, and looks for the problem type [`LOGIN_REQUIRED`] in
//! a 401 to send the user to the login again. A 401 of the API that asks for a stronger or more recent sign-in (RFC 9470) arrives as the
//! problem type [`STEP_UP_REQUIRED`], whose member `login` is the address of a login that asks for it.

mod answers;
mod backchannel_logout;
mod callback;
mod config;
mod csrf;
mod error_page;
mod failed_logins;
mod login;
mod logout;
mod proxy;
mod return_to;
mod user;

pub use self::answers::{CSRF, LOGIN_REQUIRED, STEP_UP_REQUIRED};
pub(crate) use self::answers::{forged, login_required, redirect, refused, unavailable};
pub use self::config::{ApiConfig, BffConfig, BffConfigError, CsrfPolicy, Paths};
pub(crate) use self::error_page::expects_page;
pub use self::error_page::{ErrorPage, PageError, PageErrorKind, PageLink};
pub use self::return_to::ReturnTo;

use std::sync::Arc;

use axum::{
    Router,
    routing::{any, get, post},
};
use cardea_web::outbound::UpstreamClient;

use self::failed_logins::FailedLogins;
use crate::{
    rp::{RelyingParty, StepUp},
    session::{FreshTokens, SessionStore, Sessions},
};

/// The login of an app: its routes, and what its guards ask. Cheap to clone; put it into the app's state.
#[derive(Clone)]
pub struct Bff(Arc<Inner>);

struct Inner {
    config: BffConfig,
    rp: RelyingParty,
    sessions: Arc<Sessions>,
    fresh: Arc<FreshTokens>,
    api: Option<UpstreamClient>,
    failed_logins: Arc<FailedLogins>,
}

impl Bff {
    /// Logs users in by this relying party, and keeps them in these sessions.
    ///
    /// # Errors
    /// When a path can't be a route, or the API's address is none.
    pub fn new(
        config: BffConfig,
        rp: RelyingParty,
        sessions: Arc<Sessions>,
    ) -> Result<Self, BffConfigError> {
        config.check()?;
        let api = config.api.as_ref();
        let api = api
            .map(|api| UpstreamClient::new(&api.upstream))
            .transpose()?;
        let fresh = FreshTokens::new(Arc::clone(&sessions), rp.clone());
        let failed_logins = FailedLogins::new(config.failed_logins, sessions.clock());
        Ok(Self(Arc::new(Inner {
            config,
            rp,
            sessions,
            fresh,
            api,
            failed_logins: Arc::new(failed_logins),
        })))
    }

    /// The same app with its sessions in another store.
    pub(crate) fn in_store(&self, store: Arc<dyn SessionStore>) -> Self {
        let sessions = self.0.sessions.in_store(store);
        Self(Arc::new(Inner {
            config: self.0.config.clone(),
            rp: self.0.rp.clone(),
            fresh: FreshTokens::new(Arc::clone(&sessions), self.0.rp.clone()),
            sessions,
            api: self.0.api.clone(),
            failed_logins: Arc::clone(&self.0.failed_logins),
        }))
    }

    /// The relying party.
    #[must_use]
    pub fn relying_party(&self) -> &RelyingParty {
        &self.0.rp
    }

    /// The routes, to be merged into the app's router.
    pub fn routes<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        let paths = &self.0.config.paths;
        let mut routes = Router::new()
            .route(&paths.login, get(login::login))
            .route(&paths.callback, get(callback::callback))
            .route(&paths.user, get(user::user))
            .route(&paths.logout, post(logout::logout))
            .route(
                &paths.backchannel_logout,
                post(backchannel_logout::backchannel_logout),
            );
        if let Some(api) = &self.0.config.api {
            routes = routes.route(&format!("{}/{{*path}}", api.prefix), any(proxy::proxy));
        }
        routes.with_state(self.clone())
    }

    /// The sessions.
    #[must_use]
    pub fn sessions(&self) -> &Arc<Sessions> {
        &self.0.sessions
    }

    /// Sessions with an access token that can be used, for an app that calls APIs itself.
    #[must_use]
    pub fn fresh_tokens(&self) -> &Arc<FreshTokens> {
        &self.0.fresh
    }

    /// Where to log in, and come back to this page.
    #[must_use]
    pub fn login_path(&self, return_to: &ReturnTo) -> String {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("return_to", return_to.as_str())
            .finish();
        format!("{}?{query}", self.0.config.paths.login)
    }

    /// Where to log in as an API asks (RFC 9470), and come back to this page.
    #[must_use]
    pub fn step_up_path(&self, return_to: &ReturnTo, asked: &StepUp) -> String {
        let query = form_urlencoded::Serializer::new(Self::step_up_query(asked))
            .append_pair("return_to", return_to.as_str())
            .finish();
        format!("{}?{query}", self.0.config.paths.login)
    }

    /// The same without the page.
    fn step_up_login(&self, asked: &StepUp) -> String {
        let query = Self::step_up_query(asked);
        format!("{}?{query}", self.0.config.paths.login)
    }

    fn step_up_query(asked: &StepUp) -> String {
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(asked.pairs())
            .finish()
    }

    /// Whether it is the same app, not another of this process.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// An address of this app.
    fn address(&self, path: &str) -> String {
        format!("{}{path}", self.0.sessions.origin())
    }
}

impl AsRef<Self> for Bff {
    fn as_ref(&self) -> &Self {
        self
    }
}
