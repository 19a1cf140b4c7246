//! Addresses that mail is sent to.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::Host;

/// RFC 5321 §4.5.3.1.3: a path has 256 octets, two of which are its angle brackets.
const MAX_BYTES: usize = 254;
/// RFC 5321 §4.5.3.1.1
const MAX_LOCAL_BYTES: usize = 64;
/// RFC 1035 §2.3.4
const MAX_LABEL_BYTES: usize = 63;

/// An e-mail address as mail systems accept it: a dot-atom, `@` and a domain name. It has no white space, control characters,
/// quotes or angle brackets, so it is safe in a header and in an SMTP command.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress {
    text: String,
    /// Where the domain begins.
    at: usize,
    ascii_domain: String,
}

/// Why a text is not an address that mail can be sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Longer than SMTP allows.
    #[error("an e-mail address has at most 254 characters, and at most 64 before the @")]
    TooLong,
    /// There is no `@`.
    #[error("an e-mail address has an @, such as name@example.com")]
    NoAt,
    /// What is before the `@`.
    #[error("the part before the @ has letters, digits and some signs, with single dots between")]
    Local,
    /// What is after the `@`.
    #[error("the part after the @ is not a domain name such as example.com")]
    Domain,
}

impl EmailAddress {
    /// Parses; white space around the address is an error.
    ///
    /// # Errors
    /// Says which part is wrong.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        if text.len() > MAX_BYTES {
            return Err(AddressError::TooLong);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(AddressError::NoAt)?;
        if local.len() > MAX_LOCAL_BYTES {
            return Err(AddressError::TooLong);
        }
        // RFC 5321 §4.1.2: Dot-string. A Quoted-string is allowed there, too; providers don't give such addresses out.
        if !local.split('.').all(is_atom) {
            return Err(AddressError::Local);
        }
        let ascii_domain = ascii_domain(domain).ok_or(AddressError::Domain)?;
        if local.len() + 1 + ascii_domain.len() > MAX_BYTES {
            return Err(AddressError::TooLong);
        }
        Ok(Self {
            at: local.len() + 1,
            text: text.to_owned(),
            ascii_domain,
        })
    }

    /// As it was entered.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What is before the `@`.
    #[must_use]
    pub fn local(&self) -> &str {
        self.text.get(..self.at - 1).unwrap_or_default()
    }

    /// The domain in its ASCII form, in lower case: it is compared and looked up.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.ascii_domain
    }

    /// The form under which addresses are compared and unique. RFC 5321 §2.4 leaves it to the receiver whether the local part
    /// depends on case; no well-known provider gives two users addresses that differ only in case.
    #[must_use]
    pub fn key(&self) -> String {
        let local = self.local().to_ascii_lowercase();
        format!("{local}@{}", self.ascii_domain)
    }

    /// The form on the wire: the domain in ASCII (RFC 5890), the local part as it was entered.
    #[must_use]
    pub fn to_ascii(&self) -> String {
        format!("{}@{}", self.local(), self.ascii_domain)
    }
}

/// RFC 5322 §3.2.3: atext.
fn is_atom(text: &str) -> bool {
    let is_atext = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b);
    !text.is_empty() && text.bytes().all(is_atext)
}

/// The domain name by IDNA (UTS #46), as it is looked up. `None` for addresses, and for what is not a host name.
fn ascii_domain(domain: &str) -> Option<String> {
    // `Host` reads more than names: percent-encoding and numbers.
    let is_name = |c: char| c.is_alphanumeric() || c == '-' || c == '.' || !c.is_ascii();
    if !domain.chars().all(is_name) {
        return None;
    }
    let Ok(Host::Domain(ascii)) = Host::parse(domain) else {
        return None;
    };
    // RFC 5321 §4.1.2: sub-domain is letters, digits and hyphens, and begins and ends with neither dot nor hyphen.
    let is_label = |label: &str| {
        (1..=MAX_LABEL_BYTES).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    ascii.split('.').all(is_label).then_some(ascii)
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = AddressError;
    fn try_from(text: String) -> Result<Self, AddressError> {
        Self::parse(&text)
    }
}

impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> String {
        address.text
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_that_mail_systems_give_out_are_accepted() {
        for good in [
            "alice@example.com",
            "Alice.Smith+tag@mail.example.co.uk",
            "o'brien@example.ie",
            "a@b.cd",
            "_-!#$%&*/=?^`{|}~@example.com",
            "root@localhost",
            "alice@xn--mnchen-3ya.example",
            "alice@münchen.example",
            "1@1and1.example",
        ] {
            assert_eq!(EmailAddress::parse(good).unwrap().as_str(), good);
        }
    }

    #[test]
    fn what_would_inject_a_header_or_command_is_refused() {
        for bad in [
            "",
            "alice",
            "@example.com",
            "alice@",
            " alice@example.com",
            "alice@example.com ",
            "alice@example.com\r\nBcc: eve@example.com",
            "alice\r\n@example.com",
            "alice@example.com\0",
            "alice@example.com>\r\nRCPT TO:<eve@example.com",
            "<alice@example.com>",
            "Alice <alice@example.com>",
            "alice@example.com,eve@example.com",
            "alice@example.com;eve@example.com",
            "\"a b\"@example.com",
            "a@b@example.com",
            "a..b@example.com",
            ".a@example.com",
            "a.@example.com",
            "älice@example.com",
            "alice@[127.0.0.1]",
            "alice@127.0.0.1",
            "alice@2130706433",
            "alice@0x7f.1",
            "alice@example..com",
            "alice@.example.com",
            "alice@example.com.",
            "alice@-example.com",
            "alice@example-.com",
            "alice@exa_mple.com",
            "alice@exa%6dple.com",
            "alice@example.com:25",
            "alice@example.com/x",
            "alice@exa mple.com",
            "alice(comment)@example.com",
        ] {
            assert!(EmailAddress::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_address_is_bounded() {
        let with = |local: usize, label: usize| {
            let labels = format!("{}.example", "b".repeat(label));
            EmailAddress::parse(&format!("{}@{labels}", "a".repeat(local)))
        };
        assert!(with(64, 63).is_ok());
        assert_eq!(with(65, 1), Err(AddressError::TooLong));
        assert_eq!(with(1, 64), Err(AddressError::Domain));
        let domain = ["b".repeat(63).as_str(); 4].join(".");
        let long = format!("a@{domain}");
        assert_eq!(EmailAddress::parse(&long), Err(AddressError::TooLong));
        // Short as it was entered, long on the wire.
        let domain = ["äö".repeat(8).as_str(); 6].join(".");
        let long = format!("{}@{domain}", "a".repeat(50));
        assert!(long.len() <= MAX_BYTES);
        let parsed = EmailAddress::parse(&long);
        if let Ok(address) = parsed {
            assert!(address.to_ascii().len() <= MAX_BYTES);
        }
    }

    #[test]
    fn addresses_are_compared_without_case_and_by_the_ascii_form_of_the_domain() {
        let key = |text| EmailAddress::parse(text).unwrap().key();
        assert_eq!(key("Alice@Example.COM"), "alice@example.com");
        assert_eq!(key("a@MÜNCHEN.example"), key("a@xn--mnchen-3ya.example"));
        assert_ne!(key("a+b@example.com"), key("a@example.com"));
        let address = EmailAddress::parse("Al@BÜCHER.example").unwrap();
        assert_eq!(address.to_ascii(), "Al@xn--bcher-kva.example");
        assert_eq!(address.local(), "Al");
    }

    proptest! {
        #[test]
        fn what_is_accepted_is_one_bounded_word_of_ascii(text in "\\PC{0,40}@\\PC{0,40}") {
            if let Ok(address) = EmailAddress::parse(&text) {
                let wire = address.to_ascii();
                prop_assert!(wire.len() <= MAX_BYTES);
                prop_assert!(wire.bytes().all(|b| b.is_ascii_graphic()));
                prop_assert_eq!(wire.matches('@').count(), 1);
                prop_assert!(!wire.contains(['<', '>', '"', ',', ';', ':', '(', ')', '[', ']', '\\']));
                // The form on the wire is the same address.
                prop_assert_eq!(EmailAddress::parse(&wire).unwrap().key(), address.key());
            }
        }
    }
}
