//! The URL of a database, as libpq has it: `postgres://user@host:5432/cardea?sslmode=verify-full`.

use std::{fmt, path::PathBuf, str::FromStr, time::Duration};

use tokio_postgres::{
    Config,
    config::{Host, SslMode, TargetSessionAttrs},
};

/// Where PostgreSQL is, and how to reach it. It has the password, so it is not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    pub(super) config: Config,
    pub(super) tls: Tls,
    /// Whether statements are prepared. `prepared_statements=false` is for PgBouncer in transaction mode.
    pub(super) prepares: bool,
}

/// How a connection is protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tls {
    /// Not at all: on this machine only, unless it was asked for.
    Off,
    /// The server proves its name by a certificate of these authorities, or of those that the system trusts.
    Verified { authorities: Option<PathBuf> },
}

/// What is wrong with a URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AddressError(String);

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// After so long without an answer of the network, a connection is dead.
const KEEPALIVE: Duration = Duration::from_secs(10);

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let wrong = |what: String| AddressError(what);
        let Some((scheme, _)) = text.split_once("://") else {
            return Err(wrong("not a URL: postgres://user@host/cardea".to_owned()));
        };
        if !matches!(scheme, "postgres" | "postgresql") {
            return Err(wrong(format!("the scheme is {scheme}, not postgres")));
        }
        let (own, rest) = Own::take(text)?;
        let mut config: Config = rest.parse().map_err(|e: tokio_postgres::Error| {
            let cause = std::error::Error::source(&e).map(ToString::to_string);
            wrong(cause.unwrap_or_else(|| e.to_string()))
        })?;
        if config.get_dbname().is_none() {
            return Err(wrong(
                "it has no database: postgres://user@host/cardea".to_owned(),
            ));
        }
        if config.get_hosts().is_empty() {
            return Err(wrong(
                "it has no host: postgres://user@host/cardea".to_owned(),
            ));
        }
        let tls = own.tls(config.get_hosts().iter().all(is_here))?;
        config.ssl_mode(match tls {
            Tls::Off => SslMode::Disable,
            Tls::Verified { .. } => SslMode::Require,
        });
        // A standby takes no writes, and nothing that decides is read from one (D30).
        if config.get_target_session_attrs() == TargetSessionAttrs::Any {
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(KEEPALIVE);
        }
        config.keepalives_idle(KEEPALIVE);
        if config.get_application_name().is_none() {
            config.application_name("cardea");
        }
        Ok(Self {
            config,
            tls,
            prepares: own.prepares,
        })
    }
}

impl Address {
    /// Whether the URL has a password.
    #[must_use]
    pub fn has_password(&self) -> bool {
        self.config.get_password().is_some()
    }

    /// Sets the password, which is better kept in a file of its own.
    pub fn set_password(&mut self, password: &str) {
        self.config.password(password);
    }
}

/// The parameters that Cardea reads itself.
struct Own {
    sslmode: Option<String>,
    authorities: Option<PathBuf>,
    prepares: bool,
}

impl Own {
    /// Takes them out of the URL, which may list several hosts and so is no URL of the WHATWG.
    fn take(text: &str) -> Result<(Self, String), AddressError> {
        let mut own = Self {
            sslmode: None,
            authorities: None,
            prepares: true,
        };
        let (base, query) = text.split_once('?').unwrap_or((text, ""));
        let mut rest = base.to_owned();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let Some((name, value)) = form_urlencoded::parse(pair.as_bytes()).next() else {
                continue;
            };
            match &*name {
                "sslmode" => own.sslmode = Some(value.into_owned()),
                "sslrootcert" => own.authorities = Some(value.into_owned().into()),
                "prepared_statements" => {
                    own.prepares = value.parse().map_err(|_| {
                        AddressError(format!("prepared_statements is {value}, not true or false"))
                    })?;
                }
                _ => {
                    rest.push(if rest.contains('?') { '&' } else { '?' });
                    rest.push_str(pair);
                }
            }
        }
        Ok((own, rest))
    }

    /// Encryption without a proof of the server protects from no attacker, so there is none.
    fn tls(&self, is_here: bool) -> Result<Tls, AddressError> {
        let authorities = self.authorities.clone();
        match self.sslmode.as_deref() {
            Some("disable") => Ok(Tls::Off),
            None if is_here && authorities.is_none() => Ok(Tls::Off),
            None | Some("require" | "verify-ca" | "verify-full") => {
                Ok(Tls::Verified { authorities })
            }
            Some(mode @ ("allow" | "prefer")) => Err(AddressError(format!(
                "sslmode={mode} sends the password to any server that answers; use verify-full, or disable on a network that is yours"
            ))),
            Some(mode) => Err(AddressError(format!(
                "sslmode is {mode}, not verify-full or disable"
            ))),
        }
    }
}

/// Whether a host is this machine.
fn is_here(host: &Host) -> bool {
    match host {
        #[cfg(unix)]
        Host::Unix(_) => true,
        Host::Tcp(name) => matches!(name.as_str(), "localhost" | "127.0.0.1" | "::1"),
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Address").field(&self.to_string()).finish()
    }
}

/// Without the password.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("postgres://")?;
        if let Some(user) = self.config.get_user() {
            write!(f, "{user}@")?;
        }
        let ports = self.config.get_ports();
        for (index, host) in self.config.get_hosts().iter().enumerate() {
            let separator = if index == 0 { "" } else { "," };
            let port = ports.get(index).or(ports.first()).copied().unwrap_or(5432);
            match host {
                #[cfg(unix)]
                Host::Unix(folder) => write!(f, "{separator}{}", folder.display())?,
                Host::Tcp(name) if name.contains(':') => write!(f, "{separator}[{name}]:{port}")?,
                Host::Tcp(name) => write!(f, "{separator}{name}:{port}")?,
            }
        }
        write!(f, "/{}", self.config.get_dbname().unwrap_or_default())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn tls(text: &str) -> Tls {
        text.parse::<Address>().unwrap().tls
    }

    #[test]
    fn tls_is_verified_wherever_it_is_not_off() {
        let system = Tls::Verified { authorities: None };
        for (url, expected) in [
            ("postgres://cardea@db.example/cardea", &system),
            (
                "postgres://cardea@db.example/cardea?sslmode=require",
                &system,
            ),
            (
                "postgres://cardea@db.example/cardea?sslmode=verify-full",
                &system,
            ),
            (
                "postgres://cardea@localhost/cardea?sslmode=verify-full",
                &system,
            ),
            ("postgres://cardea@localhost,db.example/cardea", &system),
            (
                "postgres://cardea@db.example/cardea?sslmode=disable",
                &Tls::Off,
            ),
            ("postgres://cardea@localhost/cardea", &Tls::Off),
            ("postgresql://cardea@127.0.0.1:5433/cardea", &Tls::Off),
            ("postgres://cardea@%2Frun%2Fpostgresql/cardea", &Tls::Off),
        ] {
            assert_eq!(tls(url), *expected, "{url}");
        }
        let own = "postgres://cardea@localhost/cardea?sslrootcert=/etc/ca.pem&sslmode=verify-full";
        let authorities = Some(PathBuf::from("/etc/ca.pem"));
        assert_eq!(tls(own), Tls::Verified { authorities });
    }

    #[test]
    fn what_cannot_be_an_address_is_refused_with_a_reason() {
        for (url, why) in [
            ("cardea", "not a URL"),
            ("mysql://cardea@localhost/cardea", "the scheme is mysql"),
            ("postgres://cardea@localhost", "no database"),
            (
                "postgres://cardea@localhost/cardea?sslmode=prefer",
                "sends the password",
            ),
            (
                "postgres://cardea@localhost/cardea?sslmode=on",
                "sslmode is on",
            ),
            (
                "postgres://cardea@localhost/cardea?prepared_statements=no",
                "not true or false",
            ),
            ("postgres://cardea@localhost/cardea?colour=red", "colour"),
        ] {
            let error = url.parse::<Address>().unwrap_err().to_string();
            assert!(error.contains(why), "{url}: {error}");
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        let url = "postgres://cardea:s3cret@a.example:5433,b.example:5434/cardea?sslmode=disable";
        let address: Address = url.parse().unwrap();
        let shown = "postgres://cardea@a.example:5433,b.example:5434/cardea";
        assert_eq!(address.to_string(), shown);
        assert!(!format!("{address:?}").contains("s3cret"));
    }

    #[test]
    fn writes_go_to_a_server_that_takes_them() {
        let address: Address = "postgres://c@a,b/cardea".parse().unwrap();
        let attrs = address.config.get_target_session_attrs();
        assert_eq!(attrs, TargetSessionAttrs::ReadWrite);
        assert!(address.prepares);
        let pooled = "postgres://c@localhost/cardea?prepared_statements=false";
        assert!(!pooled.parse::<Address>().unwrap().prepares);
    }
}
