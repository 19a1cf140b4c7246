//! Redirect URIs: what may be registered, and what matches (D16, RFC 9700 §2.1, RFC 8252).

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// The bound of a redirect URI in bytes.
const MAX_BYTES: usize = 1024;

/// RFC 7591 §2 and OpenID Registration §2: what kind of program the client is.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ApplicationType {
    /// Served over https, or over loopback http during development.
    #[default]
    Web,
    /// Installed on a device: private schemes, and loopback with any port.
    Native,
}

/// Why a URI can't be registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RedirectUriError {
    /// Over 1024 bytes.
    #[error("it is longer than 1024 bytes")]
    TooLong,
    /// Not an absolute URI, or holding what a URI can't.
    #[error("it is not an absolute URI of printable ASCII without spaces and backslashes")]
    Malformed,
    /// RFC 6749 §3.1.2
    #[error("it has a fragment (#…)")]
    Fragment,
    /// Wildcards never match anything here.
    #[error("it has a wildcard (*); register each URI in full")]
    Wildcard,
    /// User and password have no place in a redirect.
    #[error("it has a user name or password")]
    UserInfo,
    /// http is for loopback only.
    #[error("http is allowed for localhost, 127.0.0.1 and [::1] only; use https")]
    PlainHttp,
    /// RFC 8252 §7.1
    #[error(
        "the scheme is not allowed; use https, or for application_type native a private scheme with a dot such as com.example.app"
    )]
    Scheme,
}

/// A registered redirect URI, in the characters of its registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisteredRedirectUri {
    raw: String,
    loopback: Option<Loopback>,
}

/// The parts of a native loopback URI around its port.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Loopback {
    before_port: String,
    after_port: String,
}

impl RegisteredRedirectUri {
    /// Accepts a URI for registration.
    pub fn parse(raw: &str, kind: ApplicationType) -> Result<Self, RedirectUriError> {
        use RedirectUriError as E;
        if raw.len() > MAX_BYTES {
            return Err(E::TooLong);
        }
        // RFC 3986 §2: anything else must be percent-encoded; a backslash is read as a slash by browsers.
        if !raw.bytes().all(|b| b.is_ascii_graphic() && b != b'\\') {
            return Err(E::Malformed);
        }
        if raw.contains('#') {
            return Err(E::Fragment);
        }
        if raw.contains('*') {
            return Err(E::Wildcard);
        }
        let url = Url::parse(raw).map_err(|_| E::Malformed)?;
        if !url.username().is_empty() || url.password().is_some() || authority(raw).contains('@') {
            return Err(E::UserInfo);
        }
        let loopback = match url.scheme() {
            // RFC 3986 §3.2: with `https:///x` browsers find a host where the grammar has none.
            "https" | "http" if authority(raw).is_empty() => return Err(E::Malformed),
            "https" if raw.starts_with("https://") => None,
            "http" if raw.starts_with("http://") => {
                if !is_loopback(&url) {
                    return Err(E::PlainHttp);
                }
                free_port(raw, kind)
            }
            // RFC 8252 §7.1: a private scheme is a reversed domain name, so it has a dot.
            scheme if kind == ApplicationType::Native && scheme.contains('.') => None,
            "https" | "http" => return Err(E::Malformed),
            _ => return Err(E::Scheme),
        };
        Ok(Self {
            raw: raw.to_owned(),
            loopback,
        })
    }

    /// The registered characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.raw
    }

    /// Whether a presented URI is this one.
    #[must_use]
    pub fn matches(&self, presented: &str) -> bool {
        // RFC 9700 §2.1: exact string matching, except for the port of a native app's loopback URI.
        self.raw == presented || self.loopback.as_ref().is_some_and(|l| l.matches(presented))
    }
}

impl Loopback {
    // RFC 8252 §7.3: any port at the time of the request.
    fn matches(&self, presented: &str) -> bool {
        let Some(rest) = presented.strip_prefix(&self.before_port) else {
            return false;
        };
        let Some(rest) = rest.strip_prefix(':') else {
            return rest == self.after_port;
        };
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (port, after) = rest.split_at(digits);
        port.parse::<u16>().is_ok_and(|p| p != 0)
            && !port.starts_with('0')
            && after == self.after_port
    }
}

fn authority(raw: &str) -> &str {
    let after_scheme = raw.split_once("://").map_or("", |(_, rest)| rest);
    after_scheme.split(['/', '?']).next().unwrap_or("")
}

/// Whether the host is this machine, so that plain http is acceptable.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// RFC 8252 §7.3 names the IP literals; `localhost` may resolve to something else (§8.3).
fn free_port(raw: &str, kind: ApplicationType) -> Option<Loopback> {
    if kind != ApplicationType::Native {
        return None;
    }
    let host = ["http://127.0.0.1", "http://[::1]"]
        .into_iter()
        .find(|h| raw.starts_with(h))?;
    let rest = raw.strip_prefix(host)?;
    let after = rest.strip_prefix(':').map_or(rest, |port| {
        port.trim_start_matches(|c: char| c.is_ascii_digit())
    });
    (after.is_empty() || after.starts_with(['/', '?'])).then(|| Loopback {
        before_port: host.to_owned(),
        after_port: after.to_owned(),
    })
}

/// A presented redirect URI that was found among the client's own. Only [`verify`] makes one,
/// so nothing is ever sent to a URI that was not compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedRedirect(String);

impl VerifiedRedirect {
    /// Where to send the browser.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Finds the presented URI among the registered ones.
#[must_use]
pub fn verify(registered: &[RegisteredRedirectUri], presented: &str) -> Option<VerifiedRedirect> {
    if presented.len() > MAX_BYTES {
        return None;
    }
    registered
        .iter()
        .any(|r| r.matches(presented))
        .then(|| VerifiedRedirect(presented.to_owned()))
}

#[cfg(test)]
#[path = "redirect_uri_tests.rs"]
mod tests;
