//! `Via`, by which a request that comes back to this gateway is recognized (RFC 9110 §7.6.3).

use http::{HeaderMap, HeaderValue, Version, header::VIA};

/// What this gateway adds to `Via`. Its pseudonym is another one in each process, so that gateways in a row are no loop.
pub(crate) struct Via {
    pseudonym: String,
    http_10: Option<HeaderValue>,
    http_11: Option<HeaderValue>,
    http_2: Option<HeaderValue>,
}

impl Via {
    pub(crate) fn new(random: u64) -> Self {
        let pseudonym = format!("cardea-{random:016x}");
        let line = |version: &str| HeaderValue::try_from(format!("{version} {pseudonym}")).ok();
        Self {
            http_10: line("1.0"),
            http_11: line("1.1"),
            http_2: line("2"),
            pseudonym,
        }
    }

    /// Whether the request has passed this gateway before.
    pub(crate) fn is_in(&self, headers: &HeaderMap) -> bool {
        let mut lines = headers.get_all(VIA).iter();
        lines.any(|line| String::from_utf8_lossy(line.as_bytes()).contains(&self.pseudonym))
    }

    /// The value for a request that was received with this version.
    pub(crate) fn of(&self, version: Version) -> Option<&HeaderValue> {
        match version {
            Version::HTTP_10 => self.http_10.as_ref(),
            Version::HTTP_2 => self.http_2.as_ref(),
            _ => self.http_11.as_ref(),
        }
    }
}
