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
    /// Reached at https, or at loopback http while it is being developed.
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
    /// http is for loopback alone.
    #[error("http is allowed for localhost, 127.0.0.1 and [::1] alone; use https")]
    PlainHttp,
    /// RFC 8252 §7.1
    #[error(
        "the scheme is not allowed; use https, or for application_type native a private scheme with a dot such as com.example.app"
    )]
    Scheme,
}

/// A URI that a client registered, in the very characters of its registration.
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

/// Whether plain http may be spoken with this host: it is this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// RFC 8252 §7.3 speaks of the IP literals; `localhost` may resolve to something else (§8.3).
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
mod tests {
    use super::*;
    use ApplicationType::{Native, Web};

    fn registered(raw: &str, kind: ApplicationType) -> RegisteredRedirectUri {
        RegisteredRedirectUri::parse(raw, kind).unwrap()
    }

    #[test]
    fn what_may_be_registered() {
        for (raw, kind) in [
            ("https://app.example.com/callback", Web),
            ("https://app.example.com/callback?tenant=1", Web),
            ("http://localhost:5173/callback", Web),
            ("http://127.0.0.1/callback", Native),
            ("http://[::1]:9/callback", Native),
            ("com.example.app:/callback", Native),
            ("com.example.app://callback", Native),
        ] {
            assert!(RegisteredRedirectUri::parse(raw, kind).is_ok(), "{raw}");
        }
    }

    #[test]
    fn what_may_not_be_registered() {
        use RedirectUriError as E;
        for (raw, kind, error) in [
            ("http://app.example.com/cb", Web, E::PlainHttp),
            ("http://localhost.evil.example/cb", Web, E::PlainHttp),
            ("https://a.example/cb#f", Web, E::Fragment),
            ("https://*.example/cb", Web, E::Wildcard),
            ("https://user@a.example/cb", Web, E::UserInfo),
            ("https://@a.example/cb", Web, E::UserInfo),
            ("https://a.example\\@b.example/cb", Web, E::Malformed),
            ("https://a.example/c b", Web, E::Malformed),
            ("https://a.example/\u{7f}", Web, E::Malformed),
            ("/callback", Web, E::Malformed),
            ("https:a.example", Web, E::Malformed),
            ("javascript:alert(1)", Native, E::Scheme),
            ("data:text/html,x", Native, E::Scheme),
            ("file:///etc/passwd", Native, E::Scheme),
            ("blob:https://a.example/1", Native, E::Scheme),
            ("myapp:/cb", Native, E::Scheme),
            ("com.example.app:/cb", Web, E::Scheme),
        ] {
            assert_eq!(RegisteredRedirectUri::parse(raw, kind), Err(error), "{raw}");
        }
        let long = format!("https://a.example/{}", "x".repeat(1024));
        assert_eq!(RegisteredRedirectUri::parse(&long, Web), Err(E::TooLong));
    }

    #[test]
    fn the_comparison_is_of_the_raw_characters() {
        let uri = registered("https://a.example/cb", Web);
        assert!(uri.matches("https://a.example/cb"));
        for other in [
            "https://a.example/cb/",
            "https://A.example/cb",
            "https://a.example:443/cb",
            "https://a.example/cb?x=1",
            "https://a.example/x/../cb",
            "https://a.example/%63b",
            "https://a.example/cb#",
        ] {
            assert!(!uri.matches(other), "{other}");
        }
    }

    #[test]
    fn a_native_loopback_uri_takes_any_port_and_nothing_else() {
        let uri = registered("http://127.0.0.1/callback", Native);
        for good in [
            "http://127.0.0.1:51004/callback",
            "http://127.0.0.1/callback",
        ] {
            assert!(uri.matches(good), "{good}");
        }
        for bad in [
            "http://127.0.0.1:0/callback",
            "http://127.0.0.1:070/callback",
            "http://127.0.0.1:99999/callback",
            "http://127.0.0.1:/callback",
            "http://127.0.0.1:80@evil.example/callback",
            "http://127.0.0.1.evil.example/callback",
            "http://127.0.0.1:80/other",
            "http://localhost:80/callback",
        ] {
            assert!(!uri.matches(bad), "{bad}");
        }
        assert!(registered("http://127.0.0.1:5/cb", Native).matches("http://127.0.0.1:6/cb"));
        assert!(!registered("http://127.0.0.1:5/cb", Web).matches("http://127.0.0.1:6/cb"));
        assert!(!registered("http://localhost:5/cb", Native).matches("http://localhost:6/cb"));
    }

    #[test]
    fn only_a_registered_uri_is_verified() {
        let all = [registered("https://a.example/cb", Web)];
        assert!(verify(&all, "https://a.example/cb").is_some());
        assert!(verify(&all, "https://b.example/cb").is_none());
    }

    #[test]
    fn a_uri_without_a_host_where_a_browser_would_find_one_is_refused() {
        for raw in [
            "https:///a.example/cb",
            "https:///@a.example/cb",
            "http:///127.0.0.1/cb",
            "https://",
            "https://?x",
        ] {
            assert_eq!(
                RegisteredRedirectUri::parse(raw, Web),
                Err(RedirectUriError::Malformed),
                "{raw}"
            );
        }
    }

    #[test]
    fn any_registered_port_is_free_the_default_one_too() {
        for raw in [
            "http://127.0.0.1:80/cb",
            "http://[::1]:80/cb",
            "http://127.0.0.1:8080/cb",
        ] {
            let host = raw.split_at(raw.rfind(':').unwrap()).0;
            assert!(
                registered(raw, Native).matches(&format!("{host}:51004/cb")),
                "{raw}"
            );
        }
        assert!(registered("http://[::1]/cb?x=1", Native).matches("http://[::1]:9/cb?x=1"));
        assert!(registered("http://127.0.0.1", Native).matches("http://127.0.0.1:9"));
        // Another spelling of the address has no free port.
        assert!(!registered("http://127.0.0.2/cb", Native).matches("http://127.0.0.2:9/cb"));
        assert!(!registered("http://127.0.0.1./cb", Native).matches("http://127.0.0.1.:9/cb"));
    }

    #[test]
    fn nothing_longer_than_the_bound_is_even_compared() {
        let all = [registered("http://127.0.0.1/cb", Native)];
        assert!(verify(&all, &format!("http://127.0.0.1:1/cb{}", "x".repeat(1024))).is_none());
    }

    /// Printable pieces that mean something in a URI, in any order.
    fn pieces() -> impl proptest::strategy::Strategy<Value = String> {
        let piece = "http://|https://|127\\.0\\.0\\.1|\\[::1\\]|localhost|a\\.example|:[0-9]{0,6}|/cb|\\?x=1|[@#/.*%\\\\]|\\PC";
        proptest::strategy::Strategy::prop_map(proptest::collection::vec(piece, 0..8), |all| {
            all.concat()
        })
    }

    proptest::proptest! {
        #[test]
        fn registering_never_panics_and_a_registered_uri_matches_itself(raw in pieces(), native: bool) {
            if let Ok(uri) = RegisteredRedirectUri::parse(&raw, if native { Native } else { Web }) {
                proptest::prop_assert!(uri.matches(&raw));
                proptest::prop_assert_eq!(uri.as_str(), raw);
            }
        }

        #[test]
        fn what_matches_differs_at_most_in_the_port(end in "(:[0-9]{0,5})?(/|/cb|\\?x)?", presented in pieces(), v6: bool) {
            let host = if v6 { "http://[::1]" } else { "http://127.0.0.1" };
            let Ok(uri) = RegisteredRedirectUri::parse(&format!("{host}{end}"), Native) else { return Ok(()) };
            for presented in [presented.clone(), format!("{host}{presented}")] {
                if uri.matches(&presented) {
                    let mut a = Url::parse(uri.as_str()).unwrap();
                    let mut b = Url::parse(&presented).unwrap();
                    proptest::prop_assert!(a.set_port(None).is_ok() && b.set_port(None).is_ok());
                    proptest::prop_assert_eq!(a, b);
                }
            }
        }
    }
}
