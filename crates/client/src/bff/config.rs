use std::fmt;

use cardea_web::outbound::{UpstreamConfig, UpstreamConfigError};

use super::{ErrorPage, ReturnTo};

/// How the routes of an app work.
#[derive(Clone)]
pub struct BffConfig {
    /// Where the routes are.
    pub paths: Paths,
    /// The page after a logout: `/`.
    pub after_logout: String,
    /// The page after a login that failed; it gets `?error=access_denied` or `?error=login_failed`. Without it there is a
    /// page with a link.
    pub login_failed: Option<String>,
    /// What requests that change something must prove.
    pub csrf: CsrfPolicy,
    /// Makes the pages for users for whom something went wrong, in place of the kit's own small page. The kit sets status and
    /// caching; the rest of the response, with its Content-Security-Policy, is the app's.
    pub error_page: Option<ErrorPage>,
    /// Logins of one network (IPv4 /24, IPv6 /64) that may fail at the provider in a minute; over it callbacks get 429. 0 lifts
    /// the limit. Default: 30. It needs the client's address, which [`Login::serve`](crate::Login::serve) finds.
    pub failed_logins: u32,
    /// The API to hand calls on to.
    pub api: Option<ApiConfig>,
}

/// The paths of the routes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// `GET`: begins a login.
    pub login: String,
    /// `GET`: where the provider sends users back to; the path of the relying party's redirect URI.
    pub callback: String,
    /// `GET`: who is logged in.
    pub user: String,
    /// `POST`: ends the session.
    pub logout: String,
    /// `POST`: where the provider reports logouts.
    pub backchannel_logout: String,
}

/// What requests that change something must prove, besides coming from the app's own origin by what the browser says of
/// them (`Sec-Fetch-Site`, `Origin`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CsrfPolicy {
    /// The header `X-CSRF: 1`, which another site's page can't send without being asked first.
    #[default]
    Header,
    /// The session's token, from the user route, in the header `X-CSRF-Token` or the form field `csrf_token`.
    Token,
    /// Both. A form, which can't send headers, is taken with its token.
    Both,
}

/// An API behind the app.
#[derive(Clone)]
pub struct ApiConfig {
    /// The prefix whose calls are handed on, such as `/api`; it is taken off.
    pub prefix: String,
    /// Where they go.
    pub upstream: UpstreamConfig,
}

/// Why there can be no such routes.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
pub enum BffConfigError {
    /// Not a path of this app.
    #[error("{0:?} is not a path of this app: expected /path, without a query or wildcards")]
    Path(String),
    /// Two routes with one path.
    #[error("the path {0:?} stands twice")]
    Twice(String),
    /// The API can't be called.
    #[error(transparent)]
    Upstream(#[from] UpstreamConfigError),
}

/// The same sentence as `Display`, so that `main() -> Result` prints it.
impl fmt::Debug for BffConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl BffConfig {
    /// For a single-page app: routes below `/bff`.
    #[must_use]
    pub fn spa() -> Self {
        Self::with_paths(Paths::below("/bff"))
    }

    /// For an app whose pages are made on the server: `/login`, `/callback`, `/logout`.
    #[must_use]
    pub fn pages() -> Self {
        let csrf = CsrfPolicy::Token;
        Self {
            csrf,
            ..Self::with_paths(Paths::below(""))
        }
    }

    /// Hands `/api/*` on to this address.
    #[must_use]
    pub fn api(mut self, upstream: impl Into<String>) -> Self {
        self.api = Some(ApiConfig {
            prefix: "/api".to_owned(),
            upstream: UpstreamConfig::new(upstream),
        });
        self
    }

    fn with_paths(paths: Paths) -> Self {
        Self {
            paths,
            after_logout: "/".to_owned(),
            login_failed: None,
            csrf: CsrfPolicy::default(),
            error_page: None,
            failed_logins: 30,
            api: None,
        }
    }

    pub(super) fn check(&self) -> Result<(), BffConfigError> {
        let Paths {
            login,
            callback,
            user,
            logout,
            backchannel_logout,
        } = &self.paths;
        let routes = [login, callback, user, logout, backchannel_logout];
        for (at, path) in routes.into_iter().enumerate() {
            check_path(path)?;
            if routes.iter().skip(at + 1).any(|other| *other == path) {
                return Err(BffConfigError::Twice(path.clone()));
            }
        }
        let pages = [Some(&self.after_logout), self.login_failed.as_ref()];
        let prefix = self.api.as_ref().map(|api| &api.prefix);
        pages
            .into_iter()
            .chain([prefix])
            .flatten()
            .try_for_each(|path| check_path(path))?;
        match prefix {
            // A trailing slash, or all of the app, would be another route than the one that is meant.
            Some(prefix) if prefix.ends_with('/') => Err(BffConfigError::Path(prefix.clone())),
            _ => Ok(()),
        }
    }
}

impl Paths {
    /// The usual paths below a prefix, such as `/bff`.
    #[must_use]
    pub fn below(prefix: &str) -> Self {
        Self {
            login: format!("{prefix}/login"),
            callback: format!("{prefix}/callback"),
            user: format!("{prefix}/user"),
            logout: format!("{prefix}/logout"),
            backchannel_logout: format!("{prefix}/backchannel-logout"),
        }
    }
}

fn check_path(path: &str) -> Result<(), BffConfigError> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_' | b'.' | b'~');
    match ReturnTo::parse(path) {
        Some(_) if path.bytes().all(plain) => Ok(()),
        _ => Err(BffConfigError::Path(path.to_owned())),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn paths_are_paths_and_each_stands_once() {
        assert_eq!(
            BffConfig::spa().api("http://127.0.0.1:4000").check(),
            Ok(())
        );
        assert_eq!(BffConfig::pages().check(), Ok(()));
        for path in [
            "", "login", "//login", "/login?x", "/{login}", "/*login", "/a\"b", "/a b",
        ] {
            let mut config = BffConfig::spa();
            config.paths.login = path.to_owned();
            assert_eq!(config.check(), Err(BffConfigError::Path(path.to_owned())));
        }
        let mut config = BffConfig::spa();
        config.paths.user.clone_from(&config.paths.login);
        assert_eq!(
            config.check(),
            Err(BffConfigError::Twice("/bff/login".to_owned()))
        );
        for prefix in ["/", "/api/", "api"] {
            let mut config = BffConfig::spa().api("http://127.0.0.1:4000");
            config.api.as_mut().unwrap().prefix = prefix.to_owned();
            assert_eq!(config.check(), Err(BffConfigError::Path(prefix.to_owned())));
        }
    }
}
