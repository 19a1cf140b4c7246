use std::{fmt, time::Duration};

use cardea_seal::MasterKey;
use cardea_web::inbound::CookieNames;
use url::Url;

/// No session outlives a day.
const LONGEST: Duration = Duration::from_hours(24);
/// The longest name of an app in a cookie.
const MAX_NAME_BYTES: usize = 32;

/// How an app keeps its sessions.
#[derive(Clone)]
pub struct SessionConfig {
    /// The key under which everything is sealed: 32 bytes, the same on every node.
    pub key: MasterKey,
    /// Where browsers find the app, such as `https://app.example.com`. All URLs are built from it.
    pub origin: String,
    /// Distinguishes the cookies of this app from those of others on the same host; `app` by default.
    pub name: String,
    /// A session ends when it isn't used for this long: 30 min.
    pub idle: Duration,
    /// A session ends this long after the login, however it is used: 1 h, at most a day.
    pub lifetime: Duration,
    /// A pending login must be finished in this time: 15 min.
    pub login: Duration,
}

/// Why sessions can't be kept like this.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
pub enum SessionConfigError {
    /// Something else than a scheme and a host.
    #[error(
        "{0:?} is not an origin: expected https://host, or http:// with localhost, 127.0.0.1 or [::1]"
    )]
    Origin(String),
    /// Not a name for a cookie.
    #[error("{0:?} can't name a cookie: expected at most 32 of a-z, 0-9 and _")]
    Name(String),
    /// Idle is not shorter than the lifetime, or a time is zero or more than a day.
    #[error("expected 1 s <= idle <= lifetime <= 24 h, and 1 s <= login <= 1 h")]
    Times,
}

/// The same sentence as `Display`, so that `main() -> Result` prints it.
impl fmt::Debug for SessionConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl SessionConfig {
    /// The defaults under this key, for an app at this origin.
    #[must_use]
    pub fn new(key: MasterKey, origin: impl Into<String>) -> Self {
        Self {
            key,
            origin: origin.into(),
            name: "app".to_owned(),
            idle: Duration::from_mins(30),
            lifetime: Duration::from_hours(1),
            login: Duration::from_mins(15),
        }
    }

    pub(super) fn check(&self) -> Result<(), SessionConfigError> {
        let name = self.name.as_bytes();
        let good = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'_';
        if name.is_empty() || name.len() > MAX_NAME_BYTES || !name.iter().all(good) {
            return Err(SessionConfigError::Name(self.name.clone()));
        }
        let second = Duration::from_secs(1);
        let times = second <= self.idle && self.idle <= self.lifetime && self.lifetime <= LONGEST;
        if !times || self.login < second || self.login > Duration::from_hours(1) {
            return Err(SessionConfigError::Times);
        }
        Ok(())
    }

    /// The names of the cookies, and whether they travel by https.
    pub(super) fn cookie_names(&self) -> Result<(CookieNames, String), SessionConfigError> {
        let wrong = || SessionConfigError::Origin(self.origin.clone());
        let url = Url::parse(&self.origin).map_err(|_| wrong())?;
        let origin = url.origin().ascii_serialization();
        // Without a path or anything else, and spelled as browsers spell it in `Origin`.
        if origin != self.origin {
            return Err(wrong());
        }
        let https = url.scheme() == "https";
        let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        let local_http = url.scheme() == "http" && local;
        if !https && !local_http {
            return Err(wrong());
        }
        // On this machine all ports share one jar.
        let port = if local { url.port() } else { None };
        Ok((CookieNames::new(https, port), origin))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use cardea_seal::Entropy;

    use super::*;

    fn config(origin: &str) -> SessionConfig {
        SessionConfig::new(MasterKey::generate(&Entropy::seeded(1)), origin)
    }

    #[test]
    fn an_origin_is_a_scheme_and_a_host_and_never_plain_http_to_the_world() {
        for (origin, cookie) in [
            ("https://app.example.com", "__Host-cardea_app"),
            ("https://app.example.com:8443", "__Host-cardea_app"),
            ("https://localhost:8443", "__Host-cardea_app_8443"),
            ("http://localhost:5173", "cardea_app_5173"),
            ("http://[::1]:5173", "cardea_app_5173"),
        ] {
            let (names, read) = config(origin).cookie_names().unwrap();
            assert_eq!(
                (names.name("app").as_str(), read.as_str()),
                (cookie, origin)
            );
        }
        for origin in [
            "",
            "app.example.com",
            "http://app.example.com",
            "https://app.example.com/",
            "https://app.example.com/app",
            "https://App.example.com",
            "https://app.example.com:443",
            "https://user@app.example.com",
            "ftp://localhost",
        ] {
            let error = config(origin).cookie_names().err();
            assert_eq!(error, Some(SessionConfigError::Origin(origin.to_owned())));
        }
    }

    #[test]
    fn times_and_names_that_make_no_sense_are_refused() {
        let with = |change: fn(&mut SessionConfig)| {
            let mut config = config("https://a.test");
            change(&mut config);
            config.check()
        };
        assert_eq!(with(|_| ()), Ok(()));
        for wrong in [
            with(|c| c.idle = Duration::ZERO),
            with(|c| c.idle = Duration::from_hours(2)),
            with(|c| c.lifetime = Duration::from_hours(25)),
            with(|c| c.login = Duration::from_hours(2)),
        ] {
            assert_eq!(wrong, Err(SessionConfigError::Times));
        }
        for name in ["", "App", "a;b", "ünicode", &"a".repeat(33)] {
            let mut config = config("https://a.test");
            config.name = name.to_owned();
            assert_eq!(
                config.check(),
                Err(SessionConfigError::Name(name.to_owned()))
            );
        }
    }
}
