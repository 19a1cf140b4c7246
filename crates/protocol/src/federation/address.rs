//! E-mail addresses of other providers, and the domains that decide about them.

use std::fmt;

/// RFC 5321 §4.5.3.1.3: the longest path, without its brackets.
const MAX_ADDRESS_BYTES: usize = 254;
/// RFC 5321 §4.5.3.1.1
const MAX_LOCAL_PART_BYTES: usize = 64;
const MAX_DOMAIN_BYTES: usize = 253;

/// A domain of e-mail addresses in ASCII and small letters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Domain(String);

impl Domain {
    /// Parses; `None` for what is no host name in ASCII. An internationalized domain is written in its `xn--` form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let label = |label: &str| {
            let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
            (1..=63).contains(&label.len())
                && label.bytes().all(plain)
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let fits =
            text.len() <= MAX_DOMAIN_BYTES && text.contains('.') && text.split('.').all(label);
        fits.then(|| Self(text.to_ascii_lowercase()))
    }

    /// The domain of what a user typed, if that is an address.
    #[must_use]
    pub fn of_typed(text: &str) -> Option<Self> {
        UpstreamAddress::parse(text.trim()).map(|address| address.domain)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An e-mail address of an identity, in ASCII and without quotes: two ways to write one address, or two addresses that look
/// the same, must not lead to another user's account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamAddress {
    text: String,
    domain: Domain,
}

impl UpstreamAddress {
    /// Parses; `None` for what can't be compared safely.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (local, domain) = text.split_once('@')?;
        // RFC 5322 §3.2.3: a dot-atom.
        let atom = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b);
        let fits = text.len() <= MAX_ADDRESS_BYTES
            && (1..=MAX_LOCAL_PART_BYTES).contains(&local.len())
            && local.bytes().all(atom)
            && local.split('.').all(|part| !part.is_empty());
        let domain = Domain::parse(domain).filter(|_| fits)?;
        Some(Self {
            text: format!("{local}@{domain}"),
            domain,
        })
    }

    /// The address, its domain in small letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its domain.
    #[must_use]
    pub fn domain(&self) -> &Domain {
        &self.domain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_plain_ascii_with_one_domain() {
        let parsed = |text| UpstreamAddress::parse(text).map(|a| a.as_str().to_owned());
        assert_eq!(
            parsed("Alice.B+c@EXAMPLE.com").as_deref(),
            Some("Alice.B+c@example.com")
        );
        let long = format!("{}@example.com", "a".repeat(65));
        for bad in [
            "",
            "alice",
            "@example.com",
            "alice@",
            "alice@localhost",
            "a@b@example.com",
            "alice@example.com\r\nBcc: x@example.com",
            "alice@example.com ",
            "\"alice\"@example.com",
            "alice@exаmple.com",
            "álice@example.com",
            "alice@example.com.",
            "alice@-example.com",
            "alice@[192.0.2.1]",
            ".alice@example.com",
            "a..b@example.com",
            "alice(x)@example.com",
            "alice@example.com,mallory@evil.example",
            &long,
        ] {
            assert_eq!(parsed(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn the_domain_of_what_was_typed_is_found_only_in_an_address() {
        let domain = |text| Domain::of_typed(text).map(|d| d.to_string());
        assert_eq!(
            domain(" alice@Example.COM ").as_deref(),
            Some("example.com")
        );
        for bad in ["alice", "example.com", "alice@", "a@b@c.example"] {
            assert_eq!(domain(bad), None, "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn an_address_has_its_own_domain(text in "\\PC{0,40}|[a-z.@+-]{0,30}") {
            if let Some(address) = UpstreamAddress::parse(&text) {
                let end = format!("@{}", address.domain());
                assert!(address.as_str().ends_with(&end));
                assert!(address.as_str().eq_ignore_ascii_case(&text));
                let again = UpstreamAddress::parse(address.as_str());
                assert_eq!(again, Some(address));
            }
        }
    }
}
